//! What is true of the crate whatever bytes it is given: one function for each kind of
//! input, which panics if it is not. `fuzz/` looks for such bytes, and `properties` in the
//! ordinary tests tries the seeds and some thousand changes of them.
//!
//! All goes through the public API, where it needs an answer against a server on the
//! loopback: nothing is opened up for it, and ureq's part is under test as well.

mod discovery;
mod error_body;
mod jwt;
mod oracle;
mod pages;
#[cfg(feature = "rustls")]
mod pem;
mod request;
mod resume_point;
mod server;
mod store_entry;
mod token_answer;
mod waits;
mod walks;

use std::error::Error as _;

use unattended::Error;

pub use oracle::{http_date, next_link};
pub use server::{Answer, Server};

/// A kind of input, by the name of its seeds.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("token_answer", token_answer::check),
    ("jwt", jwt::check),
    ("waits", waits::check),
    ("pages", pages::check),
    ("walks", walks::check),
    ("error_body", error_body::check),
    ("request", request::check),
    ("resume_point", resume_point::check),
    ("discovery", discovery::check),
    ("store_entry", store_entry::check),
    #[cfg(feature = "rustls")]
    ("pem", pem::check),
];

/// Everything that an error shows or holds.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error}\n{error:?}");
    let mut cause = error.source();
    while let Some(next) = cause {
        shown.push_str(&format!("\n{next}\n{next:?}"));
        cause = next.source();
    }
    if let Some(answer) = error.response() {
        shown.push_str(&format!("\n{answer}\n{answer:?}\n{}", answer.body));
    }
    if let Error::Decode(error) = error {
        shown.push_str(&format!("\n{}\n{:?}\n{}", error.message, error.path, error.body));
    }
    shown
}

/// An error is one line, and what others said in it is bounded.
#[track_caller]
fn check_error(error: &Error) {
    let line = error.to_string();
    if let Some(place) = error.target() {
        assert!(line.len() < place.path.len() + LONGEST_LINE, "{} bytes: {line}", line.len());
    }
    assert!(!line.contains(['\n', '\r', '\0', '\u{1b}']), "{line:?}");
}

#[track_caller]
fn hides(error: &Error, secret: &str) {
    let shown = shown(error);
    assert!(!shown.contains(secret), "{secret} is in {shown}");
}

const LONGEST_LINE: usize = 8 * 1024;
