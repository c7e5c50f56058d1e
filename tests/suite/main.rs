//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]

mod calls;
mod events;
mod redirects;
mod retries;
mod smoke;
mod support;
mod timeouts;
mod wishes;
