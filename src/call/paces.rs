//! The paces of a client and what they have counted: clones share them.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::pace::{Pace, Sent};

pub(crate) struct Paces {
    pub(crate) all: Vec<Pace>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// When the last answer came: the server counted its request before that.
    answered: Option<Duration>,
    /// What went out, for each pace.
    sent: Vec<Vec<Sent>>,
}

/// When a call may go.
pub(crate) enum Turn {
    /// After this wait, which is zero if it may go now: it is counted.
    After(Duration, Pace),
    /// A wait that does not fit; it is not counted.
    TooLong(Duration, Pace),
}

impl Paces {
    pub(crate) fn of(all: Vec<Pace>) -> Self {
        let memory = Memory { answered: None, sent: vec![Vec::new(); all.len()] };
        Self { all, memory: Mutex::new(memory) }
    }

    /// Counts a call, and tells when it may go; `stored` is what others who share a store have
    /// counted.
    pub(crate) fn claim(
        &self,
        now: Duration,
        left: Duration,
        stored: Option<&mut Vec<Vec<Sent>>>,
    ) -> Option<Turn> {
        let mut memory = self.memory();
        if let Some(stored) = stored.as_deref() {
            memory.sent.clone_from(stored);
        }
        let answered = memory.answered;
        for last in memory.sent.iter_mut().filter_map(|sent| sent.last_mut()) {
            last.last = last.last.max(answered.unwrap_or_default());
        }
        let times = self.all.iter().zip(&memory.sent);
        let (at, pace) =
            times.map(|(pace, sent)| (pace.next(sent, now), *pace)).max_by_key(|it| it.0)?;
        let wait = at.saturating_sub(now);
        if !wait.is_zero() && wait >= left {
            return Some(Turn::TooLong(wait, pace));
        }
        for (pace, sent) in self.all.iter().zip(&mut memory.sent) {
            pace.record(sent, at);
        }
        if let Some(stored) = stored {
            stored.clone_from(&memory.sent);
        }
        Some(Turn::After(wait, pace))
    }

    pub(crate) fn answered(&self, now: Duration) {
        self.memory().answered = Some(now);
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
