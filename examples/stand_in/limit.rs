//! A rate limit: `429 Too Many Requests` with `Retry-After`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Refuses for a second, once; a call that comes too early is refused again.
pub struct Limit(Mutex<State>);

enum State {
    Armed,
    Until(Instant),
    Off,
}

impl Limit {
    pub fn armed() -> Self {
        Self(Mutex::new(State::Armed))
    }

    pub fn off() -> Self {
        Self(Mutex::new(State::Off))
    }

    /// The seconds of `Retry-After`; a call that comes too early gets them again.
    pub fn blocks(&self, starts_it: bool) -> Option<u64> {
        let mut state = self.0.lock().expect("no thread panicked");
        match *state {
            State::Armed if starts_it => {
                *state = State::Until(Instant::now() + Duration::from_secs(1));
                Some(1)
            }
            State::Until(end) if Instant::now() < end => Some(1),
            State::Until(_) => {
                *state = State::Off;
                None
            }
            State::Armed | State::Off => None,
        }
    }
}
