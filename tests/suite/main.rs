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
mod client;
mod error;
mod examples;
mod faults;
mod pages;
mod project;
mod properties;
mod provider;
mod support;
#[path = "../targets/mod.rs"]
mod targets;
mod token;
mod wire;
