//! Where it is asked, and how it pages.

pub(crate) mod pagination;
pub(crate) mod paging_text;
pub(crate) mod auth_method;
pub(crate) mod idempotency;
pub(crate) mod endpoints;
pub(crate) mod authentication;
pub(crate) mod presets;

pub use auth_method::AuthMethod;
pub use endpoints::Provider;
pub use pagination::Pagination;
