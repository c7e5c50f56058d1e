//! The token: how it is asked for, read, kept and shared.

pub(crate) mod id_token;
pub(crate) mod access_token;
pub(crate) mod assertion;
pub(crate) mod diagnosis;
pub(crate) mod refusals;
pub(crate) mod stored_pace;
pub(crate) mod store;
pub(crate) mod memory;
pub(crate) mod file_store;
pub(crate) mod kept;
pub(crate) mod form;
pub(crate) mod source;
