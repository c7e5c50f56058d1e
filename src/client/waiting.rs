//! How a client waits: when the server asks for it, now or before, and between attempts.

use std::sync::Arc;
use std::time::Duration;

use crate::call::cooldown::{self, CooldownState, Held};
use crate::call::state::Call;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::event::{Event, WaitReason};
use crate::response::Response;
use crate::retry::{Endpoint, Rejection, Verdict, jitter};
use crate::token::store::{self, StoreEntry};

impl Client {
    /// Waits for a remembered cooldown of the server's that stands against the call, or claims
    /// for it what is let through: tells whether to look again.
    pub(crate) fn wait_for_cooldown(&self, call: &mut Call<'_>) -> Result<bool> {
        match self.look_ahead(call)? {
            Next::Go => Ok(false),
            Next::Again => Ok(true),
            Next::Probe => Ok(!self.claim(call)),
        }
    }

    /// As [`wait_for_cooldown`](Self::wait_for_cooldown), for who claims in a turn of the store.
    pub(crate) fn keep_waits(&self, call: &mut Call<'_>) -> Result<bool> {
        Ok(matches!(self.look_ahead(call)?, Next::Again))
    }

    fn look_ahead(&self, call: &mut Call<'_>) -> Result<Next> {
        if self.cooldowns.is_clear() {
            return Ok(Next::Go);
        }
        call.now = self.now();
        let (now, left) = (call.now, call.time_left());
        match self.cooldowns.ahead(&call.cooldown_key(), &now, left) {
            CooldownState::Clear => Ok(Next::Go),
            CooldownState::Wait(..) if call.short_waits == MOST_SHORT_WAITS => Ok(Next::Go),
            CooldownState::Probe { .. } => Ok(Next::Probe),
            CooldownState::TooLong(held) => Err(self.unsent(call, held, left)),
            CooldownState::Wait(wait, answer) if !call.is_patient => {
                let held = Held { left: wait, answer, probe_in: None };
                Err(self.unsent(call, held, left))
            }
            CooldownState::Wait(wait, answer) => {
                // By the end of the wait it may be stale.
                call.token = None;
                self.pause(call, self.staggered(wait, left), || WaitReason::Remembered(answer));
                call.now = self.now();
                // A clock of the caller's may stand still.
                let is_short = call.now.monotonic < now.monotonic.saturating_add(wait);
                call.short_waits += u32::from(is_short);
                Ok(Next::Again)
            }
        }
    }

    /// Makes the call the probe of this hour, for all who share the store.
    fn claim(&self, call: &mut Call<'_>) -> bool {
        let mut is_claimed = None;
        self.share(call.time_left(), |entry| is_claimed = Some(self.claim_in(call, entry)));
        is_claimed.unwrap_or_else(|| self.claim_in(call, &mut StoreEntry::default()))
    }

    fn claim_in(&self, call: &mut Call<'_>, entry: &mut StoreEntry) -> bool {
        call.now = self.now();
        let (now, left) = (call.now, call.time_left());
        entry.settle(&now);
        self.cooldowns.take_up(&entry.cooldowns, &now);
        let CooldownState::Probe { fits } = self.cooldowns.claim(&call.cooldown_key(), &now, left)
        else {
            return false;
        };
        cooldown::claim(&mut entry.cooldowns, &call.cooldown_key(), &now);
        call.is_probe = true;
        if !fits {
            call.retries_left = 0;
        }
        true
    }

    /// Whether the token endpoint may be asked now, in a turn of the store.
    pub(crate) fn may_ask(&self, call: &mut Call<'_>, entry: &mut StoreEntry) -> bool {
        let (now, left) = (call.now, call.time_left());
        match self.cooldowns.ahead(&call.cooldown_key(), &now, left) {
            CooldownState::Clear => true,
            CooldownState::Probe { .. } => self.claim_in(call, entry),
            _ => call.short_waits == MOST_SHORT_WAITS,
        }
    }

    /// Keeps in mind what the server asked for, for the calls to come and for others who
    /// share the store.
    pub(crate) fn remember(
        &self,
        call: &mut Call<'_>,
        outcome: &Result<Response>,
        verdict: Verdict,
    ) {
        let is_over = self.end_probe(call, outcome, verdict);
        let cooldown = outcome.as_ref().ok().and_then(|response| call.cooldown(response));
        if let Some(cooldown) = &cooldown {
            self.cooldowns.remember(cooldown.clone());
        }
        if call.endpoint == Endpoint::Token || (cooldown.is_none() && !is_over) {
            return;
        }
        // What is left of the deadline besides the wait itself, which is not kept if it does
        // not fit.
        let left = call.time_left();
        let wait = cooldown.as_ref().map_or(Duration::ZERO, |cooldown| cooldown.wait);
        self.share(left.checked_sub(wait).unwrap_or(left), |entry| match &cooldown {
            Some(cooldown) => entry.add(cooldown.clone()),
            None => cooldown::drop_probed(&mut entry.cooldowns, &call.cooldown_key()),
        });
    }

    /// A probe that the server answers, with whatever it does not ask to send again, ends
    /// the wait: tells whether it does.
    pub(crate) fn end_probe(
        &self,
        call: &mut Call<'_>,
        outcome: &Result<Response>,
        verdict: Verdict,
    ) -> bool {
        let is_probe = std::mem::take(&mut call.is_probe);
        let is_refused = match verdict {
            Verdict::Wait(_) => true,
            Verdict::Reject(rejection) => rejection != Rejection::Final,
            Verdict::Accept | Verdict::Follow | Verdict::Reauthorize => false,
        };
        let is_over = is_probe && outcome.is_ok() && !is_refused;
        if is_over {
            self.cooldowns.drop_probed(&call.cooldown_key());
        }
        is_over
    }

    /// Forgets what servers asked this client to wait, here and in its store: the next call
    /// is sent at once. For a wait that a server named by mistake; those who share the
    /// store forget it when they next look there.
    ///
    /// # Errors
    ///
    /// If the store cannot be changed, or the credentials that name the place in it cannot
    /// be read. The client itself has forgotten then as well.
    pub fn forget_cooldowns(&self) -> Result<()> {
        self.cooldowns.drop_all();
        let known = self.key.borrow().clone();
        let key = match known {
            Some(key) => key,
            None => {
                let now = self.now();
                let end = self.end_of(self.policy.deadline, &now);
                let call = Call::to_token_endpoint(&self.provider, 0, now, end);
                let identity = self.credentials.read().map_err(|why| call.unreadable(why))?;
                store::key(&self.provider, &identity.id).as_str().into()
            }
        };
        let stored = self.store.update(&key, LONGEST_TURN, &mut |entry| entry.cooldowns.clear());
        stored.map_err(|cause| {
            let (holder, error) = (self.store.describe(), self.store_failed(&cause, None));
            Error::configuration(format!("the waits in {holder} are not forgotten: {error}"))
        })
    }

    /// The error of a call that is not sent. It says where the wait is kept, unless that is
    /// short and gone with the program.
    fn unsent(&self, call: &Call<'_>, held: Held, left: Duration) -> Error {
        let is_stored = self.is_store_shared && self.key.borrow().is_some();
        let holder = match held.probe_in {
            _ if is_stored => Some(self.store.describe()),
            Some(_) => Some("the memory of this client and its clones".into()),
            None => None,
        };
        call.unsent(held, left, holder)
    }

    /// Changes what others look at before they call the API; `left` is left of the deadline.
    fn share(&self, left: Duration, mut change: impl FnMut(&mut StoreEntry)) {
        let Some(key) = self.key.borrow().clone().filter(|_| self.is_store_shared) else { return };
        let stored = self.store.update(&key, LONGEST_TURN.min(left / 2), &mut change);
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
        self.emit(|| Event::Retrying { target: call.target(), attempt: call.attempt });
    }

    /// A wait that clones or processes share is followed by a jitter, lest they all come
    /// back at once.
    fn staggered(&self, wait: Duration, left: Duration) -> Duration {
        let is_shared = self.is_store_shared || Arc::strong_count(&self.cooldowns) > 1;
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
            target: call.target(),
            wait,
            reason: reason(),
            attempt: call.attempt,
        });
        self.clock.sleep(wait);
        self.count(|stats| stats.waited = stats.waited.saturating_add(wait));
    }
}

/// What a look at the cooldowns means for a call.
enum Next {
    Go,
    /// It has waited.
    Again,
    /// It may go once it has claimed that.
    Probe,
}

const MOST_SHORT_WAITS: u32 = 16;
const LONGEST_STAGGER: Duration = Duration::from_secs(1);
/// How long a busy store is waited for.
const LONGEST_TURN: Duration = Duration::from_secs(10);
