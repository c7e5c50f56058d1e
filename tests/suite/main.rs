//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]

mod calls;
mod credentials;
mod docs;
mod events;
mod export;
mod id_token;
mod links;
mod pages;
mod presets;
mod redirects;
mod resume;
mod retries;
#[cfg(unix)]
mod stores;
mod support;
mod threads;
mod timeouts;
mod token;
mod wishes;
