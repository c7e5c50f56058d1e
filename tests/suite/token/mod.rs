//! How a token is asked for, read, kept and shared.

mod assertions;
mod credentials;
mod grant;
mod id_token;
#[cfg(feature = "rustls")]
mod keys;
mod methods;
mod renewal;
mod stores;
