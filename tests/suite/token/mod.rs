//! How a token is asked for, read, kept and shared.

mod credentials;
mod grant;
mod id_token;
mod renewal;
mod stores;
