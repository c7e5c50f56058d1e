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
mod calls;
mod diagnose;
mod child;
mod closing;
mod credentials;
mod discovery;
mod docs;
mod downloads;
mod errors;
mod events;
mod export;
mod faults;
mod id_token;
mod imports;
mod many;
mod origins;
mod own_program;
mod pages;
mod presets;
mod properties;
mod proxy;
mod quickstart;
mod real_time;
mod redirects;
mod renewal;
mod retries;
mod secrets;
mod stores;
mod structure;
mod supply;
mod support;
#[path = "../targets/mod.rs"]
mod targets;
mod threads;
mod timeouts;
mod tls;
mod tls_choice;
mod token;
mod uploads;
mod upload_folder;
mod wire;
mod cooldowns;
