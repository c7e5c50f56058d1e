//! Where it is asked, and how it pages.

pub(crate) mod pagination;
pub(crate) mod paging_text;
pub(crate) mod endpoints;
pub(crate) mod presets;

pub use endpoints::{AuthMethod, Provider};
pub use pagination::Pagination;
