//! One call: attempts until it has what it is for, in one loop, within one deadline.

pub(crate) mod cooldown;
pub(crate) mod cooldowns;
pub(crate) mod paces;
pub(crate) mod deprecations;
pub(crate) mod caller;
pub(crate) mod setback;
pub(crate) mod verdict;

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{Method, Uri};

use crate::call::caller::Caller;
use crate::call::cooldown::{Asked, CallKey, Change, Cooldown, CooldownState, Endpoint, Held};
use crate::call::cooldowns::Next;
use crate::call::setback::{Attempt, Refusal, Remedy, Setback};
use crate::call::verdict::{Rejection, Situation, Verdict, jitter, judge};
use crate::clock::Moment;
use crate::error::{CallError, Delivery, Error, RequestTarget, Result};
use crate::event::{Event, WaitReason};
use crate::mask::Mask;
use crate::response::Response;
use crate::retry::RetryPolicy;
use crate::wire::failure::Failure;
use crate::wire::message::Outgoing;
use crate::wire::network_error::NOT_FOUND;

/// What a call is for: an answer of the API's, or a token.
pub(crate) trait Exchange {
    type Answer;

    /// One attempt.
    fn attempt(&mut self, call: &mut Call<'_>) -> Attempt<Self::Answer>;

    /// Goes where the server points.
    fn follow(&mut self, _: &mut Call<'_>) {}

    /// Sees to it that the next attempt has another token.
    fn renew(&mut self, _: &Call<'_>, _: Setback) {}

    fn error(&self, error: CallError) -> Error;
}

/// The state of a call, whatever it is for.
pub(crate) struct Call<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The last look at the clocks: looking costs as much as all else that is done here.
    pub(crate) now: Moment,
    /// On the monotonic clock.
    pub(crate) end: Duration,
    /// What may be sent twice (RFC 9110 §9.2.2).
    pub(crate) repeatable: bool,
    pub(crate) retries_left: u32,
    /// Whether it may wait for a cooldown.
    pub(crate) may_wait: bool,
    /// Counted from 1.
    pub(crate) attempt: u32,
    /// A long body asks for permission first (RFC 9110 §10.1.1).
    pub(crate) expects: bool,
    /// Whether the server may have acted on an attempt before.
    pub(crate) acted: Delivery,
    /// What an error says instead: that of the call that needs this one.
    pub(crate) reported: Option<Delivery>,
    /// How often it met the idle limit.
    idles: u32,
    /// Waits for cooldowns in which the clock moved on less than asked.
    short_waits: u32,
    /// It finds out whether a wait of more than a day still holds.
    is_probe: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        caller: &'a Caller,
        endpoint: Endpoint,
        (method, uri): (Method, Uri),
        policy: &RetryPolicy,
    ) -> Self {
        let now = caller.now();
        Self {
            caller,
            endpoint,
            method,
            uri,
            now,
            end: policy.end(&now),
            repeatable: true,
            retries_left: policy.retries,
            may_wait: true,
            attempt: 1,
            expects: true,
            acted: Delivery::NotSent,
            reported: None,
            idles: 0,
            short_waits: 0,
            is_probe: false,
        }
    }

    /// The loop: one attempt, one verdict, until there is an answer or an error.
    pub(crate) fn run<E: Exchange>(&mut self, exchange: &mut E) -> Result<E::Answer> {
        while !self.caller.is_stopped() {
            let setback = match exchange.attempt(self) {
                Ok(answer) => return Ok(answer),
                Err(setback) => setback,
            };
            self.now = self.caller.now();
            match judge(&setback, &self.situation()) {
                Verdict::Follow => exchange.follow(self),
                Verdict::Renew => {
                    self.note_attempt(&setback);
                    exchange.renew(self, setback);
                }
                Verdict::Wait(wait) => self.wait_out(&setback, wait),
                Verdict::Reject(rejection) => return Err(self.end(exchange, setback, rejection)),
            }
        }
        Err(self.end(exchange, Setback::stopped(), Rejection::Final))
    }

    /// The error that the call ends with.
    pub(crate) fn end<E: Exchange>(
        &self,
        exchange: &E,
        setback: Setback,
        rejection: Rejection,
    ) -> Error {
        let error = CallError::new(self.target(), self.attempt);
        let error = match setback {
            Setback::Ended(error) => return error,
            Setback::Broken(failure) => return self.broken(failure, rejection),
            Setback::Unready(message) => CallError { message, ..error },
            Setback::Held(held) => {
                let kept_in = self.caller.kept_in.borrow();
                let message = held.message(self.time_left(), kept_in.as_deref());
                let (response, attempts) = (Some(held.into_response()), self.attempt - 1);
                CallError { response, message, attempts, ..error }
            }
            Setback::Refused(refusal) => {
                let message = rejection.message(&self.method, &refusal);
                let (kind, delivery) = (refusal.kind, refusal.delivery);
                CallError { response: Some(refusal.answer), message, kind, delivery, ..error }
            }
        };
        exchange.error(CallError { delivery: self.delivery(error.delivery), ..error })
    }

    /// Of any of its attempts, or of the call that needs it.
    fn delivery(&self, delivery: Delivery) -> Delivery {
        self.reported.unwrap_or(self.acted.max(delivery))
    }

    /// The error of a call that ends without an answer.
    fn broken(&self, failure: Failure, rejection: Rejection) -> Error {
        let delivery = self.delivery(failure.delivery);
        let (target, mut message) = (self.target(), failure.message.clone());
        let parts = self.caller.provider.host_parts(&target.host).filter(|_| message == NOT_FOUND);
        if let Some(parts) = parts {
            message.push_str(&format!("; {parts} may be wrong"));
        }
        let is_told = matches!(rejection, Rejection::TooLong { left, .. } if left.is_zero());
        let why = rejection.why(&self.method);
        if !why.is_empty() && !is_told {
            message.push_str(&format!("; {why}"));
        }
        if failure.is_setting && delivery > Delivery::NotSent {
            message.push_str("; an earlier attempt was sent");
        }
        Failure { delivery, message, ..failure }.into_error(target, self.attempt)
    }

    fn situation(&self) -> Situation {
        Situation {
            repeatable: self.repeatable,
            retries_left: self.retries_left,
            retries: self.attempt - 1,
            idles: self.idles,
            time_left: self.time_left(),
            jitter,
        }
    }

    /// Sends once.
    pub(crate) fn send(
        &self,
        mut outgoing: Outgoing<'_, '_>,
        mask: Mask,
    ) -> std::result::Result<Response, Failure> {
        self.caller.count(|stats| stats.requests += 1);
        let incoming = self.caller.transport.exchange(&mut outgoing)?;
        Ok(Response {
            status: incoming.status,
            headers: incoming.headers,
            body: incoming.body,
            method: self.method.clone(),
            uri: self.uri.clone(),
            now: self.caller.clock.now(),
            mask,
        })
    }

    /// Waits for a remembered cooldown that stands against the call.
    pub(crate) fn wait_for_cooldown(&mut self) -> Attempt<Next> {
        let cooldowns = &self.caller.cooldowns;
        if cooldowns.is_clear() {
            return Ok(Next::Go);
        }
        let (now, left) = (self.now, self.time_left());
        let (wait, answer) = match cooldowns.state(self.asked(), &now, left) {
            CooldownState::Clear => return Ok(Next::Go),
            CooldownState::Probe { .. } => return Ok(Next::Claim),
            CooldownState::TooLong(held) => return Err(Setback::Held(held)),
            // A clock of the caller's may stand still.
            CooldownState::Wait(..) if self.short_waits == MOST_SHORT_WAITS => return Ok(Next::Go),
            CooldownState::Wait(wait, answer) => (wait, answer),
        };
        let held = Box::new(Held { wait, answer, probe_in: None });
        if !self.may_wait {
            return Err(Setback::Held(held));
        }
        self.pause(self.with_jitter(wait), || WaitReason::Remembered(held.answer));
        if self.caller.is_stopped() {
            return Err(Setback::stopped());
        }
        self.now = self.caller.now();
        self.short_waits += u32::from(self.now.monotonic < now.monotonic.saturating_add(wait));
        Ok(Next::Again)
    }

    /// Makes the call the probe of this hour, for all who share what is `stored`.
    pub(crate) fn claim(&mut self, stored: &mut [Cooldown]) -> bool {
        let cooldowns = &self.caller.cooldowns;
        match cooldowns.claim(&self.key(), &self.now, self.time_left(), stored) {
            CooldownState::Probe { fits } => {
                self.is_probe = true;
                if !fits {
                    self.retries_left = 0;
                }
                true
            }
            CooldownState::Clear => true,
            _ => self.short_waits == MOST_SHORT_WAITS,
        }
    }

    /// Keeps in mind what an answer says about waiting, for the calls to come; others who
    /// share the store are to have the same change.
    pub(crate) fn note(&mut self, refusal: Option<&Refusal>) -> Option<Change> {
        let change = match refusal {
            Some(refusal) if refusal.passing.is_some() => refusal.cooldown().map(|wait| {
                let answer = refusal.answer.clone();
                Change::Add(Box::new(Cooldown::of(self.key(), self.now, wait, answer)))
            }),
            // A probe that the server answers ends the wait.
            _ => self.is_probe.then(|| Change::EndProbe(self.key())),
        };
        self.is_probe = false;
        if let Some(change) = &change {
            self.caller.cooldowns.apply(change.clone());
        }
        change
    }

    fn wait_out(&mut self, setback: &Setback, wait: Duration) {
        self.note_attempt(setback);
        self.attempt += 1;
        self.retries_left -= 1;
        match setback {
            Setback::Refused(refusal) => {
                self.expects &= refusal.remedy != Some(Remedy::SendUnasked);
            }
            Setback::Broken(failure) => {
                self.idles += u32::from(failure.idle);
                self.expects &= !failure.unpermitted;
            }
            _ => {}
        }
        self.pause(self.with_jitter(wait), || setback.wait_reason(&self.target()));
        self.now = self.caller.now();
        if self.caller.is_stopped() {
            self.attempt -= 1;
            return;
        }
        self.caller.count(|stats| stats.retries += 1);
        let attempt = self.attempt;
        self.caller.emit(|| Event::Retrying { target: self.target(), attempt });
    }

    pub(crate) fn pause(&self, wait: Duration, reason: impl FnOnce() -> WaitReason) {
        if wait.is_zero() {
            return;
        }
        let (target, attempt) = (self.target(), self.attempt);
        self.caller.emit(|| Event::Waiting { target, wait, reason: reason(), attempt });
        let waited = self.caller.wait(wait);
        self.caller.count(|stats| stats.waited = stats.waited.saturating_add(waited));
    }

    /// A wait that clones or processes share is followed by a jitter: they must not all come
    /// back at once.
    fn with_jitter(&self, wait: Duration) -> Duration {
        let caller = self.caller;
        let is_shared = caller.is_store_shared || Arc::strong_count(&caller.cooldowns) > 1;
        let jitter = (wait / 10).min(LONGEST_JITTER).mul_f64(jitter());
        let later = wait.saturating_add(jitter);
        if is_shared && later < self.time_left() { later } else { wait }
    }

    /// An attempt is over, but not the call.
    fn note_attempt(&mut self, setback: &Setback) {
        let delivery = match setback {
            Setback::Refused(refusal) => refusal.delivery,
            Setback::Broken(failure) => failure.delivery,
            _ => Delivery::NotSent,
        };
        self.acted = self.acted.max(delivery);
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.end.saturating_sub(self.now.monotonic)
    }

    pub(crate) fn target(&self) -> RequestTarget {
        RequestTarget::new(&self.method, &self.uri)
    }

    pub(crate) fn asked(&self) -> Asked<'_> {
        (self.endpoint, &self.method, &self.uri)
    }

    pub(crate) fn key(&self) -> CallKey {
        CallKey::of(self.asked())
    }
}

const MOST_SHORT_WAITS: u32 = 16;
const LONGEST_JITTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
