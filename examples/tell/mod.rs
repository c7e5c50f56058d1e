//! What a program tells on its way: a standard output or error that is closed or full is no
//! reason to stop in the middle of a job.
#![allow(dead_code, reason = "each example uses another part of it")]

use std::fmt::Display;
use std::io::{self, Write};

/// A line on standard output, for whoever listens.
pub fn say(text: impl Display) {
    let _ = result(text);
}

/// A line on standard error; the exit code counts, whoever listens.
pub fn err(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A line on standard output that must not be lost.
pub fn result(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// A name or a word of others, which must not steer a terminal.
pub fn plain(text: &str) -> String {
    let escaped = text.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.into(),
    });
    escaped.collect()
}
