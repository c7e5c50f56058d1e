//! One table of what can go wrong on the wire, and what must come of it, played by raw
//! sockets to every kind of call. `docs/promises.md` tells what it shows.

mod bodies;
mod calls;
mod connections;
mod deadlines;
mod messages;
mod refusals;
mod stage;
mod transfers;
mod walks;

use unattended::Error;
use unattended::error::{Delivery, ErrorKind};

/// A server's misbehaviour, for ever the same, and what must come of it.
#[derive(Debug, Clone)]
pub struct Fault {
    pub name: &'static str,
    /// What the server does, from the first step on for each request that it gets; when a
    /// connection does not begin with [`Step::Read`], for each connection.
    pub steps: Vec<Step>,
    /// Of a GET, and how many requests the server gets.
    pub get: (Come, usize),
    /// Of a POST that may not be sent twice.
    pub post: (Come, usize),
    /// Of a token request.
    pub token: (Come, usize),
    /// Only a limit of time ends it: a silence is short in the tests that have one.
    pub is_silent: bool,
    /// Only a deadline in real time ends it, or a limit of size.
    pub is_endless: bool,
    /// The factor for all its times.
    pub pace: u32,
}

/// What a server does next. In the text that it says stand `{body}` for the right
/// content, `{len}` for its length, `{more}`, `{less}` and `{hex}` for a greater, a smaller
/// and a hexadecimal one, `{half}` for its beginning, and `{echo}` for the secrets that were
/// sent.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Reads a request.
    Read,
    /// Reads a request but for its end: the connection is then reset when it is closed.
    ReadMost,
    Say(&'static str),
    /// Says what is made of the right content.
    Make(fn(&str) -> Vec<u8>),
    /// Says it byte by byte, 20 ms apart, over and over.
    Drip(&'static str),
    /// Says it over and over, as fast as it can.
    Flood(&'static [u8]),
    /// Leaves the client time to read what was said.
    Pause,
    /// Says that nothing more is coming, but goes on listening.
    HalfClose,
    /// Keeps silent until the client goes.
    Hold,
    Close,
    /// There is no server at this port.
    Refuse,
}

/// What must come of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Come {
    /// The right content.
    Right,
    /// A success with other content than was asked for.
    Odd,
    Transport(ErrorKind, Delivery),
    Status(ErrorKind, Delivery),
    Token(ErrorKind, Delivery),
    Decode,
    Incomplete,
}

impl Come {
    /// What came of it. An answer is right if `content` tells so.
    pub fn of<T>(result: &Result<T, Error>, is_right: impl FnOnce(&T) -> bool) -> Self {
        match result {
            Ok(answer) if is_right(answer) => Self::Right,
            Ok(_) => Self::Odd,
            Err(Error::Transport(error)) => Self::Transport(error.kind, error.delivery),
            Err(Error::Status(error)) => Self::Status(error.kind, error.delivery),
            Err(Error::Token(error)) => Self::Token(error.kind, error.delivery),
            Err(Error::Decode(_)) => Self::Decode,
            Err(Error::Incomplete(_)) => Self::Incomplete,
            Err(error) => panic!("{error}"),
        }
    }
}

/// The whole table.
pub fn table() -> Vec<Fault> {
    let parts = [connections::faults(), messages::faults(), bodies::faults(), refusals::faults()];
    parts.concat()
}

/// As often as a call is made that may be repeated, by default.
const ALL: usize = 9;

/// A fault that harms nobody.
fn harmless(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let right = (Come::Right, 1);
    Fault {
        name,
        steps: steps.into(),
        get: right,
        post: right,
        token: right,
        is_silent: false,
        is_endless: false,
        pace: 1,
    }
}

/// A fault after which nobody knows what the server did: what may be sent twice is.
fn broken(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Transport(ErrorKind::Temporary, Delivery::Unknown);
    let fault = harmless(name, steps);
    Fault { get: (come, ALL), post: (come, 1), token: (come, ALL), ..fault }
}

/// A fault that is a silence: what may be sent twice is, once.
fn silent(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Transport(ErrorKind::Temporary, Delivery::Unknown);
    let fault = Fault { is_silent: true, ..harmless(name, steps) };
    Fault { get: (come, 2), post: (come, 1), token: (come, 2), ..fault }
}

/// A fault that only the deadline ends.
fn endless(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Transport(ErrorKind::Temporary, Delivery::Unknown);
    let fault = Fault { is_endless: true, ..harmless(name, steps) };
    Fault { get: (come, 1), post: (come, 1), token: (come, 1), ..fault }
}

/// A refusal that is final.
fn refused(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let come = Come::Status(ErrorKind::Refused, Delivery::Rejected);
    let fault = harmless(name, steps);
    Fault { get: (come, 1), post: (come, 1), ..fault }
        .token(Come::Token(ErrorKind::Refused, Delivery::Rejected), 1)
}

/// A success that is not what was asked for.
fn odd(name: &'static str, steps: impl Into<Vec<Step>>) -> Fault {
    let odd = (Come::Odd, 1);
    Fault { get: odd, post: odd, ..harmless(name, steps) }
        .token(Come::Token(ErrorKind::Refused, Delivery::Accepted), 1)
}

impl Fault {
    fn get(self, come: Come, requests: usize) -> Self {
        Self { get: (come, requests), ..self }
    }

    fn post(self, come: Come, requests: usize) -> Self {
        Self { post: (come, requests), ..self }
    }

    fn token(self, come: Come, requests: usize) -> Self {
        Self { token: (come, requests), ..self }
    }

    /// Whether the server meets connections, not requests.
    pub fn is_before_requests(&self) -> bool {
        !matches!(self.steps.first(), Some(Step::Read | Step::ReadMost))
    }

    /// Whether it is a matter of size, which a download has no limit for.
    pub fn is_too_much(&self) -> bool {
        self.get.0 == Come::Transport(ErrorKind::Incomplete, Delivery::Accepted)
    }

    pub fn refuses_connections(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Refuse))
    }
}

#[test]
fn every_fault_has_a_name_of_its_own() {
    let mut names: Vec<&str> = table().iter().map(|fault| fault.name).collect();
    let all = names.len();
    assert!(all >= 100, "{all}");
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
