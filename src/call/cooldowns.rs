//! The cooldowns that clones of a client remember together.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::http::Uri;

use crate::call::cooldown::{self, Asked, CallKey, Change, Cooldown, CooldownState, Endpoint};
use crate::clock::Moment;
use crate::url::is_same_origin;

#[derive(Default)]
pub(crate) struct Cooldowns {
    known: Mutex<Known>,
    /// Spares a warm call the clocks and the lock.
    has_any: AtomicBool,
}

#[derive(Default)]
struct Known {
    all: Vec<Cooldown>,
    /// The last call could go, and nothing has changed since.
    is_quiet: bool,
    /// Spares a warm call the look at all of them.
    calm: Option<Calm>,
}

/// What was seen when a call could go: no cooldown holds back others to its server, so those
/// may go as well that have none of their own.
struct Calm {
    endpoint: Endpoint,
    uri: Uri,
    seen: Moment,
    /// What was left then of the shortest that may come to hold all calls back, once what is
    /// left of it fits into their deadlines.
    least: Option<Duration>,
    /// The paths with cooldowns of their own: calls of other methods are looked at as well.
    held: HashSet<String>,
}

impl Calm {
    fn new(all: &[Cooldown], (endpoint, _, uri): Asked<'_>, key: &CallKey, now: &Moment) -> Self {
        let near = || all.iter().filter(|cooldown| cooldown.key.is_near(key));
        let least = near().filter(|it| !it.is_overlong()).filter_map(|it| it.left(now)).min();
        let held = near().map(|cooldown| cooldown.key.path.clone()).collect();
        Self { endpoint, uri: uri.clone(), seen: *now, least, held }
    }

    fn holds(&self, (endpoint, _, uri): Asked<'_>, now: &Moment, time_left: Duration) -> bool {
        let still = |least| self.seen.left_of(least, now).is_some_and(|left| left >= time_left);
        self.endpoint == endpoint
            && is_same_origin(&self.uri, uri)
            && self.least.is_none_or(still)
            && !self.held.contains(uri.path())
    }
}

impl Cooldowns {
    pub(crate) fn is_clear(&self) -> bool {
        !self.has_any.load(Ordering::Acquire)
    }

    /// Whether a call may go now.
    pub(crate) fn state(
        &self,
        call: Asked<'_>,
        now: &Moment,
        time_left: Duration,
    ) -> CooldownState {
        let mut known = self.known();
        if known.calm.as_ref().is_some_and(|calm| calm.holds(call, now, time_left)) {
            return CooldownState::Clear;
        }
        let key = CallKey::of(call);
        known.all.retain(|cooldown| cooldown.left(now).is_some());
        let state = cooldown::state(&known.all, &key, now, time_left);
        let is_clear = matches!(state, CooldownState::Clear);
        // It costs as much as several looks, so it is not made between one change and the next.
        known.calm = (is_clear && known.is_quiet).then(|| Calm::new(&known.all, call, &key, now));
        known.is_quiet = is_clear;
        self.has_any.store(!known.all.is_empty(), Ordering::Release);
        state
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

    fn with<R>(&self, change: impl FnOnce(&mut Vec<Cooldown>) -> R) -> R {
        let mut known = self.known();
        (known.is_quiet, known.calm) = (false, None);
        let result = change(&mut known.all);
        self.has_any.store(!known.all.is_empty(), Ordering::Release);
        result
    }

    /// A panic of the caller's leaves no half-written value behind the lock.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
