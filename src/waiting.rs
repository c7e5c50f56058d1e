//! How a client waits: when the server asks for it, now or before, and between attempts.

use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::event::{Event, WaitReason};
use crate::response::Response;
use crate::retry::{Endpoint, jitter};
use crate::wishes::{Ahead, Wish};

impl Client {
    /// Waits until no remembered wish of the server's stands against the call: tells
    /// whether there was one.
    pub(crate) fn keep_wishes(&self, call: &mut Call<'_>) -> Result<bool> {
        if self.wishes.is_clear() {
            return Ok(false);
        }
        call.now = self.now();
        let (now, left) = (call.now, call.time_left());
        match self.wishes.ahead(call.endpoint, &call.method, &call.uri, &now, left) {
            Ahead::Clear => Ok(false),
            Ahead::Wait(..) if call.short_waits == MOST_SHORT_WAITS => Ok(false),
            Ahead::TooLong(wait, answer) => Err(call.unsent(wait, left, answer)),
            Ahead::Wait(wait, answer) if !call.is_patient => Err(call.unsent(wait, left, answer)),
            Ahead::Wait(wait, answer) => {
                // By the end of the wait it may be stale.
                call.token = None;
                self.pause(call, self.staggered(wait, left), || WaitReason::Remembered(answer));
                call.now = self.now();
                // A clock of the caller's may stand still.
                let is_short = call.now.monotonic < now.monotonic.saturating_add(wait);
                call.short_waits += u32::from(is_short);
                Ok(true)
            }
        }
    }

    pub(crate) fn has_wish_ahead(&self, call: &Call<'_>) -> bool {
        let (now, left) = (call.now, call.time_left());
        let ahead = self.wishes.ahead(call.endpoint, &call.method, &call.uri, &now, left);
        !matches!(ahead, Ahead::Clear) && call.short_waits < MOST_SHORT_WAITS
    }

    /// Keeps in mind what the server asked for, for the calls to come and for others who
    /// share the store.
    pub(crate) fn remember(&self, call: &Call<'_>, outcome: &Result<Response>) {
        if let Ok(response) = outcome
            && let Some(wish) = call.wish(response)
        {
            self.wishes.remember(wish.clone());
            if call.endpoint == Endpoint::Api {
                self.share_wish(call, wish);
            }
        }
    }

    /// Leaves a wish of the API's where others look before they call it.
    fn share_wish(&self, call: &Call<'_>, wish: Wish) {
        let Some(key) = self.key.borrow().clone().filter(|_| self.is_store_shared) else { return };
        // What is left of the deadline besides the wait itself, which is not kept if it does
        // not fit.
        let left = call.time_left();
        let left = left.checked_sub(wish.wait).unwrap_or(left);
        let stored = self.store.update(&key, LONGEST_TURN.min(left / 2), &mut |entry| {
            entry.add(wish.clone());
        });
        if let Err(cause) = stored {
            self.store_failed(&cause, None);
        }
    }

    pub(crate) fn wait_out(&self, call: &mut Call<'_>, outcome: &Result<Response>, wait: Duration) {
        call.note_attempt(outcome);
        call.count_retry(outcome);
        let left = call.time_left();
        let asked = outcome.as_ref().is_ok_and(|response| response.retry_after().is_some());
        let wait = if asked { self.staggered(wait, left) } else { wait };
        // By the end of the wait it may be stale.
        call.token = None;
        self.pause(call, wait, || call.wait_reason(outcome));
        call.now = self.now();
        self.count(|stats| stats.retries += 1);
        self.emit(|| Event::Retrying { place: call.place(), attempt: call.attempt });
    }

    /// A wait that clones or processes share is followed by a jitter, lest they all come
    /// back at once.
    fn staggered(&self, wait: Duration, left: Duration) -> Duration {
        let is_shared = self.is_store_shared || Arc::strong_count(&self.wishes) > 1;
        if !is_shared || wait.is_zero() {
            return wait;
        }
        let stagger = (wait / 10).min(LONGEST_STAGGER).mul_f64(jitter());
        let later = wait.saturating_add(stagger);
        if later < left { later } else { wait }
    }

    fn pause(&self, call: &Call<'_>, wait: Duration, reason: impl FnOnce() -> WaitReason) {
        if wait.is_zero() {
            return;
        }
        self.emit(|| Event::Waiting {
            place: call.place(),
            wait,
            reason: reason(),
            attempt: call.attempt,
        });
        self.clock.sleep(wait);
        self.count(|stats| stats.waited = stats.waited.saturating_add(wait));
    }
}

const MOST_SHORT_WAITS: u32 = 16;
const LONGEST_STAGGER: Duration = Duration::from_secs(1);
/// How long a busy store is waited for.
const LONGEST_TURN: Duration = Duration::from_secs(10);
