//! How a token is asked for, read, kept and shared.

pub mod credentials;
pub mod id_token;
pub mod renewal;
pub mod stores;
pub mod token;
