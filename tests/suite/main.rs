//! The behaviour of the crate, seen from outside: through the public API, against a server
//! on the loopback, with a manual clock. One module per theme.
#![allow(missing_docs, reason = "a test binary has no documentation")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::unchecked_time_subtraction,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::format_collect,
    reason = "numbers and names are the tests' own"
)]
#![allow(
    clippy::items_after_statements,
    clippy::too_many_lines,
    reason = "a test is read from top to bottom"
)]

mod call;
#[cfg(any())]
mod calls;
#[cfg(any())]
mod check;
mod child;
mod closing;
#[cfg(any())]
mod credentials;
#[cfg(any())]
mod discovery;
mod docs;
#[cfg(any())]
mod downloads;
#[cfg(any())]
mod ends;
#[cfg(any())]
mod errors;
#[cfg(any())]
mod events;
mod export;
#[cfg(any())]
mod faults;
#[cfg(any())]
mod id_token;
mod imports;
#[cfg(any())]
mod links;
#[cfg(any())]
mod many;
#[cfg(any())]
mod names;
#[cfg(any())]
mod origins;
mod own_program;
#[cfg(any())]
mod pages;
mod presets;
#[cfg(any())]
mod properties;
#[cfg(any())]
mod proxy;
#[cfg(any())]
mod quickstart;
#[cfg(any())]
mod redirects;
#[cfg(any())]
mod renewal;
#[cfg(any())]
mod resume;
#[cfg(any())]
mod retries;
#[cfg(any())]
mod secrets;
#[cfg(unix)]
#[cfg(any())]
mod stores;
mod structure;
#[cfg(any())]
mod supply;
mod support;
#[path = "../targets/mod.rs"]
#[cfg(any())]
mod targets;
mod threads;
#[cfg(any())]
mod timeouts;
#[cfg(any())]
mod tls;
#[cfg(any())]
mod tls_choice;
#[cfg(any())]
mod token;
#[cfg(any())]
mod uploads;
mod upload_folder;
#[cfg(any())]
mod wishes;
