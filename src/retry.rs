//! How long to be patient, and which refusals pass.

use std::time::{Duration, SystemTime};

use ureq::http::header::{HeaderMap, LOCATION};
use ureq::http::{Method, StatusCode};

use crate::clock::Moment;
use crate::error::rate_limit::Limit;

/// How long to be patient with one call.
///
/// The default is at most 8 retries within 15 minutes: a rate limit of minutes is waited
/// out, and a nightly job still ends before the morning. It is set for a client by
/// [`Client::with_retry_policy`](crate::Client::with_retry_policy), and for one request by
/// [`Request::with_retry_policy`](crate::Request::with_retry_policy).
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use unattended::RetryPolicy;
///
/// let hasty = RetryPolicy::default().with_retries(2).with_deadline(Duration::from_secs(20));
/// assert_eq!(hasty.retries(), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a policy does nothing until it is set"]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) deadline: Duration,
    end_time: Option<SystemTime>,
}

impl RetryPolicy {
    /// How often a call is repeated at most; default 8, 0 for never. The renewal of a refused
    /// token does not count.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long one call may take in all; default 15 minutes. It covers the token request,
    /// all attempts and all waits. If a wait does not fit, the call fails at once, and the
    /// error has the wait. A wait of more than a day that fits is likely a mistake of the
    /// server's: the call is sent again each hour.
    ///
    /// A name look-up by the operating system cannot be interrupted and may exceed it.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A time that no call passes, whatever its deadline; default: none. For a job that
    /// must be over before the next one starts.
    ///
    /// A request may have a policy of its own: of its end time and the client's, the earlier
    /// one counts.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use unattended::RetryPolicy;
    ///
    /// let in_an_hour = SystemTime::now() + Duration::from_secs(60 * 60);
    /// let policy = RetryPolicy::default().with_end_time(in_an_hour);
    /// assert_eq!(policy.end_time(), Some(in_an_hour));
    /// ```
    pub fn with_end_time(mut self, end: SystemTime) -> Self {
        self.end_time = Some(end);
        self
    }
}

impl RetryPolicy {
    /// How often a call is repeated at most.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How long one call may take in all.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The time that no call passes.
    pub fn end_time(&self) -> Option<SystemTime> {
        self.end_time
    }

    /// This policy of a request, for a client that has another one.
    pub(crate) fn within(self, client: Self) -> Self {
        let ends = self.end_time.into_iter().chain(client.end_time);
        Self { end_time: ends.min(), ..self }
    }

    /// When a call that begins now must be over, on the monotonic clock.
    pub(crate) fn end(&self, now: &Moment) -> Duration {
        let until_end = self.until_end_time(now).unwrap_or(Duration::MAX);
        now.monotonic.saturating_add(self.deadline.min(until_end))
    }

    pub(crate) fn until_end_time(&self, now: &Moment) -> Option<Duration> {
        self.end_time.map(|end| end.duration_since(now.wall).unwrap_or_default())
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { retries: 8, deadline: Duration::from_secs(15 * 60), end_time: None }
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
            // A quota of a day or a month does not pass while one waits a little.
            429 if limit == Some(Limit::Quota) && asked.is_none() => None,
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

    /// By the `error` of RFC 6749 §5.2 before the status.
    pub(crate) fn of_token_endpoint(
        status: StatusCode,
        asked: Option<Duration>,
        limit: Option<Limit>,
        code: Option<&str>,
    ) -> Option<Self> {
        match code {
            Some(code) if is_final(code) => None,
            Some(code) if is_passing(code) => Some(Self::Limit),
            _ => Self::of(status, asked, limit),
        }
    }
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

pub(crate) fn may_follow(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

/// A longer wait is likely a mistake, and never kept as a whole.
pub(crate) const LONGEST_KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How often a call finds out whether a longer one still holds.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(60 * 60);
