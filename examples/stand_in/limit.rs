//! A rate limit: `429 Too Many Requests` with `Retry-After`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Refuses for a second, once; a call that comes too early is refused again.
#[derive(Default)]
pub struct Limit(Mutex<State>);

#[derive(Default)]
struct State {
    is_armed: bool,
    end: Option<Instant>,
}

impl Limit {
    pub fn armed() -> Self {
        Self(Mutex::new(State { is_armed: true, end: None }))
    }

    /// The seconds of `Retry-After`; a call that comes too early gets them again.
    pub fn blocks(&self, starts_it: bool) -> Option<u64> {
        let mut state = self.0.lock().expect("no thread panicked");
        if starts_it && std::mem::take(&mut state.is_armed) {
            state.end = Some(Instant::now() + Duration::from_secs(1));
        }
        state.end.is_some_and(|end| Instant::now() < end).then_some(1)
    }
}
