//! Every way to fail, in the order of the flow. [`Error`] is the type to match on.
//!
//! ```text
//! Error
//! ├─ Configuration   nothing was sent: a setting cannot be right
//! ├─ Transport       no usable answer: name, connection, TLS, timeout
//! ├─ Token           the token endpoint answered, but not with a token
//! ├─ Status          the API answered, but not with success
//! ├─ Decode          success, but not what was asked to be read
//! └─ Incomplete      a walk over pages that cannot have seen everything
//! ```

pub(crate) mod kind;
pub(crate) mod parts;
pub(crate) mod variants;
pub(crate) mod display;
pub(crate) mod server_message;
pub(crate) mod challenge;
pub(crate) mod wait_header;
pub(crate) mod rate_limit;

pub use kind::{Delivery, ErrorKind};
pub use parts::{ErrorResponse, RequestTarget};
pub(crate) use variants::Cause;
pub use variants::{CallError, ConfigurationError, DecodeError, Error, IncompleteError, Result};
