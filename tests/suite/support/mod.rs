//! What the tests share.

pub mod child;
pub mod connected;
#[cfg(feature = "rustls")]
pub mod proxy;
pub mod real_time;
pub mod server;
pub mod source;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub mod tls;

use std::fmt::Write as _;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::{Client, Error, Event, ManualClock};

pub use connected::Connected;
pub use server::*;

/// A refusal of the token endpoint (RFC 6749 §5.2).
pub fn oauth(code: &str) -> String {
    format!(r#"{{"error":"{code}","error_description":"because"}}"#)
}

/// A client on a manual clock, with the clock.
pub fn on_manual_clock(client: Client) -> (Client, ManualClock) {
    let clock = ManualClock::new();
    (client.with_clock(clock.clone()), clock)
}

/// A client whose events are collected, with the collection.
pub fn observed(client: Client) -> (Client, Arc<Mutex<Vec<Event>>>) {
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let log = events.clone();
    (client.with_observer(move |event| log.lock().unwrap().push(event.clone())), events)
}

/// These tests as a program; on an emulated processor another program has to run it.
pub fn this_program() -> Command {
    let program = std::env::current_exe().unwrap();
    let Ok(emulator) = std::env::var("UNATTENDED_TEST_EMULATOR") else {
        return Command::new(program);
    };
    let mut words = emulator.split(' ');
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg(program);
    command
}

/// Seconds that may have a fraction.
pub fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub const HOUR: u64 = 3600;
pub const DAY: u64 = 24 * HOUR;

/// Everything of an error that can be printed.
pub fn printed(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n{:?}\n", error.response());
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        write!(text, "{next}\n{next:?}\n").unwrap();
        cause = next.source();
    }
    match error {
        Error::Decode(error) => {
            write!(text, "{} {:?} {}", error.message, error.path, error.body).unwrap();
        }
        Error::Transport(error) | Error::Token(error) | Error::Status(error) => {
            text.push_str(&error.message);
        }
        Error::Incomplete(error) => text.push_str(&error.message),
        _ => {}
    }
    text
}
