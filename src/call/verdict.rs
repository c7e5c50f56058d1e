//! What to do after a setback: a decision without IO and without time of its own.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use ureq::http::Method;

use crate::call::setback::{Refusal, Remedy, Setback};
use crate::clock::seconds;
use crate::error::{Delivery, ErrorKind};
use crate::retry::{LONGEST_KEPT, PROBE_EVERY, Passing};

/// What the verdict depends on besides the setback.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    /// What may be sent twice (RFC 9110 §9.2.2).
    pub(crate) repeatable: bool,
    pub(crate) retries_left: u32,
    /// How many retries there were.
    pub(crate) retries: u32,
    /// How often this call met the idle limit before.
    pub(crate) idles: u32,
    pub(crate) time_left: Duration,
    /// Uniform in 0 to 1.
    pub(crate) jitter: fn() -> f64,
}

/// What to do next: the behaviour of the crate is one `match` on this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Follow,
    Renew,
    Wait(Duration),
    Reject(Rejection),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Trying again would not help, or might do harm.
    Final,
    /// It may not be sent twice.
    NotRepeatable,
    /// All retries are used up.
    Exhausted,
    /// The wait does not fit into what is left of the deadline.
    TooLong { wait: Duration, left: Duration },
}

impl Rejection {
    /// What to do about a refusal, or else why it was not tried again.
    pub(crate) fn message(self, method: &Method, refusal: &Refusal) -> String {
        let asked = refusal.answer.retry_after.unwrap_or_default();
        match (self, refusal) {
            // The wait says it all.
            (Self::TooLong { .. }, Refusal { remedy: Some(Remedy::Ripen), .. }) => self.why(method),
            _ if !refusal.advice.is_empty() => refusal.advice.clone(),
            (Self::NotRepeatable, Refusal { passing: Some(Passing::Busy), .. }) => format!(
                "not sent again after the {} that the server asks for, because it is a {method}: if sending it twice does no harm, mark the request safe_to_repeat()",
                seconds(asked)
            ),
            _ => self.why(method),
        }
    }

    /// Why it was not tried again, and by which setting.
    pub(crate) fn why(self, method: &Method) -> String {
        match self {
            Self::Final | Self::Exhausted => String::new(),
            Self::NotRepeatable => format!(
                "not sent again, because the server may have acted on the {method}: if that does no harm, mark the request safe_to_repeat()"
            ),
            Self::TooLong { left, .. } if left.is_zero() => {
                "no time is left of the call's deadline (RetryPolicy::with_deadline)".into()
            }
            Self::TooLong { wait, .. } if wait > LONGEST_KEPT => format!(
                "a wait of {} is more than a day: one call an hour is sent to find out whether it still holds",
                seconds(wait)
            ),
            Self::TooLong { wait, left } => format!(
                "a wait of {} does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
                seconds(wait),
                seconds(left)
            ),
        }
    }
}

pub(crate) fn judge(setback: &Setback, situation: &Situation) -> Verdict {
    match setback {
        Setback::Refused(refusal) => {
            let asked = refusal.answer.retry_after;
            match (refusal.remedy, refusal.passing) {
                (Some(Remedy::Follow), _) => Verdict::Follow,
                (Some(Remedy::Renew), _) => Verdict::Renew,
                (Some(Remedy::Ripen), _) => again(true, Some(RIPENING), situation),
                (Some(Remedy::SendUnasked), _) | (None, Some(Passing::Limit)) => {
                    again(true, asked, situation)
                }
                (None, Some(_)) => again(situation.repeatable, asked, situation),
                (None, None) => Verdict::Reject(Rejection::Final),
            }
        }
        Setback::Broken(failure) if failure.idle && situation.idles > 0 => {
            Verdict::Reject(Rejection::Exhausted)
        }
        Setback::Broken(failure) if failure.kind == ErrorKind::Temporary && !failure.begun => {
            let is_unsent = failure.delivery == Delivery::NotSent;
            again(situation.repeatable || is_unsent, None, situation)
        }
        Setback::Unready(_) => again(true, None, situation),
        Setback::Broken(_) | Setback::Held(_) | Setback::Ended(_) => {
            Verdict::Reject(Rejection::Final)
        }
    }
}

fn again(allowed: bool, asked: Option<Duration>, situation: &Situation) -> Verdict {
    if !allowed {
        return Verdict::Reject(Rejection::NotRepeatable);
    }
    let wait = match asked {
        // Now means now, but a server that goes on saying it is not to be hammered.
        Some(Duration::ZERO) if situation.retries >= ZEROS_KEPT => {
            back_off(situation.retries - ZEROS_KEPT, (situation.jitter)())
        }
        Some(wait) => wait,
        None => back_off(situation.retries, (situation.jitter)()),
    };
    let left = situation.time_left;
    // To the caller, a wait that the server named is worth more than "no retries left".
    if situation.retries_left == 0 && (asked.is_none() || wait < left) {
        return Verdict::Reject(Rejection::Exhausted);
    }
    if wait >= left {
        return Verdict::Reject(Rejection::TooLong { wait, left });
    }
    Verdict::Wait(if wait > LONGEST_KEPT { PROBE_EVERY } else { wait })
}

/// Half a second, doubled with each retry up to half a minute; the upper half is jitter.
fn back_off(retries: u32, jitter: f64) -> Duration {
    let full = FIRST_WAIT.saturating_mul(1 << retries.min(10)).min(LONGEST_WAIT);
    full / 2 + (full / 2).mul_f64(jitter.clamp(0.0, 1.0))
}

/// Uniform in 0 to 1, from the only random source of the standard library.
pub(crate) fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 11;
    random as f64 / (1_u64 << 53) as f64
}

const ZEROS_KEPT: u32 = 2;
/// How long to wait for a token that is not valid yet: clocks seldom differ by more.
const RIPENING: Duration = Duration::from_secs(2);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
