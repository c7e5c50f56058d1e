//! How a token is asked for, read, kept and shared.

mod credentials;
mod id_token;
mod renewal;
mod stores;
mod token;
