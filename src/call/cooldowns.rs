//! The cooldowns that clones of a client remember together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::call::cooldown::{self, CallKey, Change, Cooldown, CooldownState};
use crate::clock::Moment;

#[derive(Default)]
pub(crate) struct Cooldowns {
    all: Mutex<Vec<Cooldown>>,
    /// Spares a warm call the clocks and the lock.
    has_any: AtomicBool,
}

impl Cooldowns {
    pub(crate) fn is_clear(&self) -> bool {
        !self.has_any.load(Ordering::Acquire)
    }

    /// Whether a call may go now.
    pub(crate) fn state(&self, key: &CallKey, now: &Moment, time_left: Duration) -> CooldownState {
        self.with(|all| {
            all.retain(|cooldown| cooldown.left(now).is_some());
            cooldown::state(all, key, now, time_left)
        })
    }

    /// Lets the call be the probe of this hour, and then no other, if it may: also among
    /// those who share `stored`.
    pub(crate) fn claim(
        &self,
        key: &CallKey,
        now: &Moment,
        time_left: Duration,
        stored: &mut [Cooldown],
    ) -> CooldownState {
        self.take_up(stored);
        self.with(|all| {
            let state = cooldown::state(all, key, now, time_left);
            if matches!(state, CooldownState::Probe { .. }) {
                cooldown::claim(all, key, now);
                cooldown::claim(stored, key, now);
            }
            state
        })
    }

    /// Takes up what others left in a store.
    pub(crate) fn take_up(&self, stored: &[Cooldown]) {
        if !stored.is_empty() {
            self.with(|all| stored.iter().for_each(|other| cooldown::take_up(all, other)));
        }
    }

    pub(crate) fn apply(&self, change: Change) {
        self.with(|all| change.apply(all));
    }

    pub(crate) fn clear(&self) {
        self.with(Vec::clear);
    }

    /// A panic of the caller's leaves no half-written value behind the lock.
    fn with<R>(&self, change: impl FnOnce(&mut Vec<Cooldown>) -> R) -> R {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut all);
        self.has_any.store(!all.is_empty(), Ordering::Release);
        result
    }
}

/// What a look at the cooldowns means for a call.
#[derive(PartialEq)]
pub(crate) enum Next {
    Go,
    /// It has waited, and looks again.
    Again,
    /// It may go as a probe, once it has claimed that.
    Claim,
}
