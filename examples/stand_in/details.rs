//! What Snow Atlas knows about a single computer: each answer takes its time, and once the
//! server asks to be left alone for a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use super::wire::{Answer, Reply};

/// How long an answer takes; many are under way at the same time.
pub const ANSWER_TIME: Duration = Duration::from_millis(5);

/// Counts the calls, and those that come while the server is to be left alone.
pub struct Details {
    limited_call: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: usize,
    refused_at: Option<Instant>,
    violations: usize,
}

impl Details {
    pub fn calm() -> Self {
        Self { limited_call: None, state: Mutex::default() }
    }

    /// One call is refused with `Retry-After: 1`.
    pub fn limited() -> Self {
        Self { limited_call: Some(LIMITED_CALL), ..Self::calm() }
    }

    /// How many calls came before the second was over.
    pub fn violations(&self) -> usize {
        self.state.lock().unwrap().violations
    }

    /// The computer `id`, which is its number in hexadecimal.
    pub fn of(&self, id: &str, computers: usize) -> Reply {
        let refuse = |status, message: &str| {
            Answer::json(status, json!({ "error": { "code": status, "message": message } }))
        };
        if self.blocks() {
            return Err(refuse(429, "Too many requests.").header("retry-after", 1));
        }
        let number = usize::from_str_radix(id, 16).ok();
        let Some(number) = number.filter(|number| (1..=computers).contains(number)) else {
            return Err(refuse(404, "There is no such computer."));
        };
        let disks =
            [json!({ "name": "C:", "sizeBytes": (number % 4 + 1) as u64 * 256_000_000_000 })];
        let details = json!({ "id": id, "applications": number % 90, "disks": disks });
        Ok(Answer::json(200, details))
    }

    fn blocks(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        if self.limited_call == Some(state.calls) {
            state.refused_at = Some(Instant::now());
            return true;
        }
        let since = state.refused_at.map(|at| at.elapsed());
        let is_early = since.is_some_and(|since| since >= ON_THEIR_WAY && since < WAIT);
        state.violations += usize::from(is_early);
        is_early
    }
}

const LIMITED_CALL: usize = 300;
const WAIT: Duration = Duration::from_secs(1);
/// Calls that other threads sent before the refusal had reached its own are nobody's fault.
const ON_THEIR_WAY: Duration = Duration::from_millis(250);
