//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]

mod credentials;
mod docs;
mod export;
mod id_token;
mod links;
mod pages;
mod presets;
mod resume;
#[cfg(unix)]
mod stores;
mod support;
mod threads;
mod token;
