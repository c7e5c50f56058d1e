//! Why an attempt did not bring what its call is for.

use std::time::Duration;

use crate::call::cooldown::Held;
use crate::clock::seconds;
use crate::error::{Delivery, Error, ErrorKind, ErrorResponse, RequestTarget};
use crate::event::WaitReason;
use crate::retry::Passing;
use crate::wire::failure::Failure;

/// What came of an attempt.
pub(crate) type Attempt<T> = std::result::Result<T, Setback>;

pub(crate) enum Setback {
    /// The server answered otherwise.
    Refused(Box<Refusal>),
    /// There is no usable answer.
    Broken(Failure),
    /// What the request needs could not be had at the moment: nothing was sent.
    Unready(String),
    /// The server asked before not to be called: nothing was sent.
    Held(Box<Held>),
    /// The call is over, whatever is left of its time.
    Ended(Error),
}

/// A refusal, read once.
#[derive(Clone)]
pub(crate) struct Refusal {
    /// What an error may show of it.
    pub(crate) answer: ErrorResponse,
    pub(crate) kind: ErrorKind,
    /// What to do about it; empty where there is nothing to say.
    pub(crate) advice: String,
    /// Whether the server may have acted.
    pub(crate) delivery: Delivery,
    /// It may be another answer a while later.
    pub(crate) passing: Option<Passing>,
    pub(crate) remedy: Option<Remedy>,
}

/// What can be done about a refusal besides waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Go where the answer points (RFC 9110 §15.4).
    Follow,
    /// Renew the token, once in a call (RFC 6750 §3.1).
    Renew,
    /// Give the token the time to become valid.
    Ripen,
    /// Send a long body without asking for permission (RFC 9110 §15.5.18).
    SendUnasked,
}

impl Setback {
    /// The program asked for it: nothing more is sent.
    pub(crate) fn stopped() -> Self {
        let why = "not sent: the program asked to stop";
        Self::Broken(Failure::new(Delivery::NotSent, ErrorKind::Stopped, why))
    }

    pub(crate) fn wait_reason(&self, target: &RequestTarget) -> WaitReason {
        match self {
            Self::Refused(refusal) => WaitReason::Refused(refusal.answer.clone()),
            Self::Held(held) => WaitReason::Remembered(held.answer.clone()),
            Self::Broken(failure) => WaitReason::Broken(format!("{target}: {}", failure.message)),
            Self::Unready(message) => WaitReason::Credentials(message.clone()),
            Self::Ended(error) => WaitReason::Broken(error.to_string()),
        }
    }
}

impl Refusal {
    /// The wait that other calls are to keep as well.
    pub(crate) fn cooldown(&self) -> Option<Duration> {
        let is_for_all = self.passing.is_some_and(|passing| passing != Passing::Busy);
        self.answer.retry_after.filter(|wait| is_for_all && !wait.is_zero())
    }
}

impl Held {
    /// Why nothing was sent with this much time left; `holder` keeps the wait.
    pub(crate) fn message(&self, time_left: Duration, holder: Option<&str>) -> String {
        let wait = seconds(self.wait);
        let mut message =
            format!("not sent: the wait that the server asked for has another {wait} to run");
        if let Some(probe_in) = self.probe_in {
            message.push_str(&format!(
                ", more than a day: one call an hour is sent to find out whether it still holds, the next one in {}",
                seconds(probe_in)
            ));
        } else if self.wait >= time_left {
            message.push_str(&format!(
                ", and this call has {} left (RetryPolicy::with_deadline)",
                seconds(time_left)
            ));
        }
        // A short one is gone with the program.
        let own = self.probe_in.map(|_| "the memory of this client and its clones");
        if let Some(holder) = holder.or(own) {
            message.push_str(&format!(
                "; the wait is kept in {holder}, and Client::forget_cooldowns clears it"
            ));
        }
        message
    }

    /// The answer that asked for the wait, with what is left of it.
    pub(crate) fn into_response(self) -> ErrorResponse {
        ErrorResponse { retry_after: Some(self.wait), ..self.answer }
    }
}

impl From<Refusal> for Setback {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Failure> for Setback {
    fn from(failure: Failure) -> Self {
        Self::Broken(failure)
    }
}

impl From<Error> for Setback {
    fn from(error: Error) -> Self {
        Self::Ended(error)
    }
}
