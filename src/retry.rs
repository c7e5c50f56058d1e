//! What to do with an answer: decisions without IO and without time of their own.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use ureq::http::header::{HeaderMap, LOCATION};
use ureq::http::{Method, StatusCode};

use crate::error::Delivery;
use crate::error::challenge::TokenRefusal::{self, NotYetValid};
use crate::error::rate_limit::Limit;

/// How long to be patient with one call.
///
/// The default is at most 8 retries within 15 minutes: a rate limit of minutes is waited
/// out, and a nightly job still ends before the morning.
///
/// ```
/// use std::time::Duration;
/// use unattended::RetryPolicy;
///
/// let hasty = RetryPolicy::default().with_retries(2).with_deadline(Duration::from_secs(20));
/// # let _ = hasty;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a policy does nothing until it is set"]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) deadline: Duration,
}

impl RetryPolicy {
    /// How often a call is repeated at most, the renewal of a refused token apart;
    /// default 8, 0 for never.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long one call may take in all; default 15 minutes. It covers the token
    /// request, all attempts and all waits. A wait that does not fit is never begun: the
    /// call fails at once, and the error carries the wait. One of more than a day that fits
    /// is likely a mistake of the server's: the call is sent again each hour.
    ///
    /// A name look-up by the operating system cannot be interrupted and may exceed it.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: 8, deadline: Duration::from_secs(15 * 60) }
    }
}

/// What came of one attempt, as far as the verdict depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Outcome<'a> {
    Answer {
        status: StatusCode,
        /// The wait that the server named.
        asked: Option<Duration>,
        /// The limit that it names by a code of its own; only read from the API.
        limit: Option<Limit>,
        /// `Location`, on a redirect.
        redirects: bool,
        /// The token is what was refused.
        refusal: Option<TokenRefusal>,
        /// The `error` of RFC 6749 §5.2; only read from the token endpoint.
        oauth: Option<&'a str>,
    },
    Broken {
        delivery: Delivery,
        /// No byte within the idle limit.
        idle: bool,
        /// Another attempt may go better: not so for a certificate that is not trusted.
        passing: bool,
    },
}

/// What the verdict depends on besides the outcome.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub(crate) endpoint: Endpoint,
    /// GET and HEAD.
    pub(crate) may_follow: bool,
    /// What may be sent twice (RFC 9110 §9.2.2).
    pub(crate) repeatable: bool,
    /// A long body asked for permission first, and need not have.
    pub(crate) expects: bool,
    /// A token was sent that has not been renewed in this call, nor in vain a moment ago.
    pub(crate) may_renew: bool,
    /// A token was sent that is in its first seconds, and was not waited for.
    pub(crate) may_ripen: bool,
    pub(crate) retries_left: u32,
    /// How many retries there were.
    pub(crate) retries: u32,
    /// How often this call met the idle limit before.
    pub(crate) idles: u32,
    pub(crate) time_left: Duration,
    /// Uniform in 0 to 1.
    pub(crate) jitter: fn() -> f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Api,
}

/// What to do next: the behaviour of the crate is one `match` on this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Verdict {
    Accept,
    /// RFC 9110 §15.4.
    Follow,
    /// Renew the token, once in a call (RFC 6750 §3.1).
    Reauthorize,
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

pub(crate) fn judge(outcome: Outcome<'_>, situation: &Situation) -> Verdict {
    match outcome {
        Outcome::Answer { status, asked, limit, redirects, refusal, oauth } => {
            match refusal {
                // A newer one would be valid even later.
                Some(NotYetValid) if situation.may_ripen => {
                    return again(true, Some(RIPENING), situation);
                }
                Some(_) if situation.may_renew => return Verdict::Reauthorize,
                _ => {}
            }
            let passing = Passing::of(status, asked, limit);
            match reading(status, passing, redirects, oauth, situation) {
                Reading::Said(verdict) => verdict,
                Reading::Again(allowed) => again(allowed, asked, situation),
            }
        }
        Outcome::Broken { idle: true, .. } if situation.idles > 0 => {
            Verdict::Reject(Rejection::Exhausted)
        }
        Outcome::Broken { passing: false, .. } => Verdict::Reject(Rejection::Final),
        Outcome::Broken { delivery, .. } => {
            again(situation.repeatable || delivery == Delivery::NotSent, None, situation)
        }
    }
}

/// A refusal that may be another answer a while later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Too many calls: it was not acted on, so whatever it was may be sent again.
    Limit,
    /// The resource is taken at the moment: nothing against other calls.
    Busy,
    /// The server has troubles, and may have acted.
    Trouble,
}

impl Passing {
    /// Some only say so by the wait that they ask for. A status that nobody registered is
    /// read as 500 (RFC 9110 §15).
    pub(crate) fn of(
        status: StatusCode,
        asked: Option<Duration>,
        limit: Option<Limit>,
    ) -> Option<Self> {
        match status.as_u16() {
            429 => Some(Self::Limit),
            // 403: GitHub; 420: Twitter; 430: Shopify.
            403 | 420 | 430 if asked.is_some() => Some(Self::Limit),
            _ if limit == Some(Limit::Rate) => Some(Self::Limit),
            // A conflict, a lock (RFC 4918 §11.3), a replay that is feared (RFC 8470 §5.2).
            409 | 423 | 425 if asked.is_some() => Some(Self::Busy),
            // RFC 4918 §11.5 forbids to repeat without being asked.
            507 => asked.map(|_| Self::Trouble),
            // What the server cannot do, how it is set up, and a network that wants a login.
            501 | 505 | 506 | 508 | 510 | 511 => None,
            408 | 500..=599 => Some(Self::Trouble),
            _ => None,
        }
    }
}

enum Reading {
    Said(Verdict),
    /// Worth another attempt, if that is allowed.
    Again(bool),
}

fn reading(
    status: StatusCode,
    passing: Option<Passing>,
    redirects: bool,
    oauth: Option<&str>,
    situation: &Situation,
) -> Reading {
    let refuse = Reading::Said(Verdict::Reject(Rejection::Final));
    match (situation.endpoint, oauth) {
        (Endpoint::Token, Some(code)) if is_final(code) => return refuse,
        (Endpoint::Token, Some(code)) if is_passing(code) => return Reading::Again(true),
        (Endpoint::Token, Some(_)) if status.is_success() => return refuse,
        _ => {}
    }
    match status.as_u16() {
        200..=299 => Reading::Said(Verdict::Accept),
        // Only a conditional request gets it, and its sender wants to see it.
        304 if situation.endpoint == Endpoint::Api => Reading::Said(Verdict::Accept),
        300..=399 if redirects && situation.may_follow => Reading::Said(Verdict::Follow),
        _ if situation.expects && refuses_to_expect(status) => Reading::Again(true),
        _ => match passing {
            Some(Passing::Limit) => Reading::Again(true),
            Some(Passing::Trouble | Passing::Busy) => Reading::Again(situation.repeatable),
            None => refuse,
        },
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
    // A wait that the server named tells the caller more than that the retries are used up.
    if asked.is_some() && wait >= left {
        return Verdict::Reject(Rejection::TooLong { wait, left });
    }
    if situation.retries_left == 0 {
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

/// Errors of RFC 6749 §5.2, §4.1.2.1 and RFC 8707 §2 that another attempt does not cure.
pub(crate) fn is_final(code: &str) -> bool {
    matches!(
        code,
        "invalid_request"
            | "invalid_client"
            | "invalid_grant"
            | "unauthorized_client"
            | "unsupported_grant_type"
            | "invalid_scope"
            | "invalid_target"
            | "access_denied"
    )
}

/// Errors of RFC 6749 §4.1.2.1 that pass, and rate limits.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(code, "temporarily_unavailable" | "server_error")
        || Limit::of_code(code) == Some(Limit::Rate)
}

pub(crate) fn redirects(headers: &HeaderMap, status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// RFC 9110 §15.5.18.
pub(crate) fn refuses_to_expect(status: StatusCode) -> bool {
    status == StatusCode::EXPECTATION_FAILED
}

pub(crate) fn may_follow(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// Uniform in 0 to 1, from the only random source of the standard library.
pub(crate) fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 11;
    random as f64 / (1_u64 << 53) as f64
}

/// A wait that is longer is likely a mistake, and never kept as a whole.
pub(crate) const LONGEST_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is tried out whether a longer one still holds.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(60 * 60);
const ZEROS_KEPT: u32 = 2;
/// How long a token that is not valid yet is given: clocks are seldom further apart.
const RIPENING: Duration = Duration::from_secs(2);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
