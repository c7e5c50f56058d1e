//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]

mod call;
mod calls;
mod check;
mod child;
mod credentials;
mod discovery;
mod docs;
mod downloads;
mod errors;
mod events;
mod export;
mod id_token;
mod links;
mod many;
mod origins;
mod pages;
mod presets;
mod properties;
mod proxy;
mod quickstart;
mod redirects;
mod renewal;
mod resume;
mod retries;
mod secrets;
#[cfg(unix)]
mod stores;
mod structure;
mod support;
#[path = "../targets/mod.rs"]
mod targets;
mod threads;
mod timeouts;
mod tls;
mod token;
mod uploads;
mod wishes;
