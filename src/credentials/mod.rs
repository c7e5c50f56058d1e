//! Who is asking, and how that is proved: a secret, an assertion, a key or a certificate, from
//! wherever it is kept.

pub(crate) mod text;
// The key that signs, or what there is of it in a build without rustls.
#[cfg(feature = "rustls")]
pub(crate) mod key;
#[cfg(not(feature = "rustls"))]
pub(crate) mod no_key;
pub(crate) mod identity;
pub(crate) mod command;
pub(crate) mod source;
pub(crate) mod private_key;
pub(crate) mod environment;

pub use source::Credentials;
