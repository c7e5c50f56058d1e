//! How a token is asked for, read, kept and shared.

mod assertions;
mod credentials;
mod grant;
mod id_token;
#[cfg(feature = "rustls")]
mod keys;
mod methods;
mod renewal;
// Where that library is a dependency.
#[cfg(all(
    feature = "rustls",
    target_os = "linux",
    target_env = "gnu",
    target_pointer_width = "64"
))]
mod signatures;
mod stores;
