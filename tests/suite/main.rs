//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]

mod child;
mod docs;
mod errors;
mod origins;
mod proxy;
mod quickstart;
mod secrets;
mod smoke;
#[cfg(unix)]
mod stores;
mod structure;
mod support;
mod tls;
