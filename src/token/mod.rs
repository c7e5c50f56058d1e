//! The token: how it is asked for and read, and where it is kept.

pub(crate) mod id_token;
pub(crate) mod access_token;
pub(crate) mod grant;
pub(crate) mod diagnosis;
pub(crate) mod cooldowns;
pub(crate) mod store;
pub(crate) mod memory;
pub(crate) mod file_store;
