//! What the failure of a call means: the errors that it ends with.

use std::time::Duration;

use ureq::http::StatusCode;

use crate::call::Call;
use crate::challenge::{Bearer, INSUFFICIENT_SCOPE};
use crate::clock::seconds;
use crate::credentials::{Identity, Unreadable};
use crate::diagnosis::diagnose;
use crate::error::{Answer, Class, Error, Sent, StatusError, TokenError};
use crate::problem;
use crate::provider::Provider;
use crate::rate_limit::{Limit, QUOTA};
use crate::response::Response;
use crate::retry::{self, Endpoint, LONGEST_KEPT, Passing, Rejection};
use crate::secret::{mask, mask_opaque};
use crate::wish::Held;

impl Call<'_> {
    /// The error of a call that is not sent because of what the server asked before.
    pub(crate) fn unsent(&self, held: Held, left: Duration, holder: Option<String>) -> Error {
        let Held { left: wait, mut answer, probe_in } = held;
        answer.retry_after = Some(wait);
        let mut message = format!(
            "not sent: the server asked before not to be called for another {}",
            seconds(wait)
        );
        if let Some(probe_in) = probe_in {
            message.push_str(&format!(
                ", which is more than a day: one call an hour is sent all the same, the next one in {}",
                seconds(probe_in)
            ));
        } else if wait >= left {
            message.push_str(&format!(
                ", which does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
                seconds(left)
            ));
        }
        if let Some(holder) = holder {
            message.push_str(&format!(
                "; the wait is kept in {holder}, and Client::forget_cooldowns clears it"
            ));
        }
        if self.endpoint == Endpoint::Token {
            return Error::Token(Box::new(TokenError {
                place: self.place(),
                message,
                answer: Some(answer),
                sent: Sent::No,
                class: Class::Temporary,
                attempts: self.attempt - 1,
                what: TokenError::NO_TOKEN,
            }));
        }
        let mut error = self.status_error(answer, message, Class::Temporary);
        if let Error::Status(error) = &mut error {
            error.sent = Sent::No;
            error.attempts -= 1;
        }
        error
    }

    /// The error of a token request that finds no credentials.
    pub(crate) fn unreadable(&self, why: Unreadable) -> Error {
        match why {
            Unreadable::Wrong(error) => error,
            Unreadable::Failed(cause) => Error::Token(Box::new(TokenError {
                place: self.place(),
                message: format!(
                    "the credentials function failed: {}",
                    mask_opaque::<&str>(&cause.to_string(), &[])
                ),
                answer: None,
                sent: Sent::No,
                class: Class::Temporary,
                attempts: 1,
                what: TokenError::NO_TOKEN,
            })),
        }
    }

    /// The renewed token is the refused one.
    pub(crate) fn same_token_again(&self, refusal: &Response) -> Error {
        self.status_error(
            refusal.answer::<&str>(&[]),
            "the token endpoint returned the very token that was refused: a gateway may have cached its answer".into(),
            Class::Credentials,
        )
    }

    pub(crate) fn broken(&self, mut error: Error, rejection: Rejection) -> Error {
        let why = self.why(rejection);
        match &mut error {
            Error::Transport(error) => {
                error.attempts = self.attempt;
                let is_told =
                    matches!(rejection, Rejection::TooLong { left, .. } if left.is_zero());
                if !why.is_empty() && !is_told {
                    error.message.push_str("; ");
                    error.message.push_str(&why);
                }
            }
            Error::Token(error) => error.attempts = self.attempt,
            _ => {}
        }
        error
    }

    pub(crate) fn refused_by_token_endpoint(
        &self,
        answer: Answer,
        provider: &Provider,
        identity: &Identity,
        rejection: Rejection,
    ) -> TokenError {
        let (class, advice) = diagnose(&answer, provider, identity);
        let why = self.why(rejection);
        TokenError {
            place: self.place(),
            message: if advice.is_empty() { why } else { advice },
            answer: Some(answer),
            sent: Sent::Refused,
            class,
            attempts: self.attempt,
            what: TokenError::NO_TOKEN,
        }
    }

    pub(crate) fn refused_by_api(&self, response: &Response, rejection: Rejection) -> Error {
        let answer = self.answer(response);
        let lacking = self.lacking_scope(response, &answer);
        let passing = response.passing();
        let (class, advice) = match answer.status {
            StatusCode::UNAUTHORIZED if lacking.is_some() => (Class::Credentials, ""),
            StatusCode::UNAUTHORIZED if self.refused.is_some() => (
                Class::Credentials,
                "a renewed token was refused as well: some APIs answer a wrong path like this",
            ),
            StatusCode::UNAUTHORIZED if self.renewal_is_vain => (
                Class::Credentials,
                "a renewed token was refused as well a moment ago, so this one is not renewed: some APIs answer a wrong path like this",
            ),
            StatusCode::UNAUTHORIZED if !self.is_patient => (
                Class::Credentials,
                "the token is new: check whether this API takes tokens of this token endpoint, with this audience and scope",
            ),
            StatusCode::UNAUTHORIZED => (Class::Credentials, ""),
            _ if passing.is_some() => (Class::Temporary, ""),
            _ if response.limit() == Some(Limit::Quota) => (Class::Temporary, QUOTA),
            StatusCode::FORBIDDEN if self.token.is_some() => {
                (Class::Refused, "the token is good, but not for this")
            }
            status if status.is_redirection() && retry::may_follow(&self.method) => {
                (Class::Refused, "a redirect that names no address to follow")
            }
            status if status.is_redirection() => {
                (Class::Refused, "a redirect, which is only followed for GET and HEAD")
            }
            _ => (Class::Refused, ""),
        };
        let advice = lacking.or((!advice.is_empty()).then(|| advice.to_owned()));
        let advice = advice.unwrap_or_else(|| match (passing, answer.retry_after) {
            (Some(Passing::Busy), Some(wait)) => self.why_busy(rejection, wait),
            _ => self.why(rejection),
        });
        self.status_error(answer, advice, class)
    }

    /// A refusal after which the server has not acted, but a first attempt may have.
    fn why_busy(&self, rejection: Rejection, wait: Duration) -> String {
        match rejection {
            Rejection::NotRepeatable => format!(
                "not sent again after the {} that the server asks for, because it is a {}: if sending it twice does no harm, mark the request safe_to_repeat()",
                seconds(wait),
                self.method
            ),
            rejection => self.why(rejection),
        }
    }

    /// What to do about a token of too small a scope (RFC 6750 §3.1).
    fn lacking_scope(&self, response: &Response, answer: &Answer) -> Option<String> {
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let is_said = answer.code.as_deref() == Some(INSUFFICIENT_SCOPE);
        if self.token.is_none() || !(is_said || challenge.lacks_scope()) {
            return None;
        }
        let secrets = self.secrets();
        let scope =
            challenge.scope.and_then(|it| problem::quoted(&it, |text| mask(text, &secrets)));
        let name = scope.map_or(String::new(), |scope| format!(" {scope}"));
        Some(format!("the token lacks the scope{name}: ask for it with Provider::with_scope"))
    }

    pub(crate) fn status_error(&self, answer: Answer, message: String, class: Class) -> Error {
        Error::Status(Box::new(StatusError {
            place: self.place(),
            sent: self.sent_by(answer.status),
            answer,
            message,
            class,
            attempts: self.attempt,
        }))
    }

    /// Why it was not tried again, and by which setting.
    fn why(&self, rejection: Rejection) -> String {
        match rejection {
            Rejection::Final | Rejection::Exhausted => String::new(),
            Rejection::NotRepeatable => format!(
                "not sent again, because the server may have acted on the {}: if that does no harm, mark the request safe_to_repeat()",
                self.method
            ),
            Rejection::TooLong { left, .. } if left.is_zero() => {
                "no time is left of the call's deadline (RetryPolicy::with_deadline)".into()
            }
            Rejection::TooLong { wait, .. } if wait > LONGEST_KEPT => format!(
                "a wait of {} is more than a day: one call an hour is sent all the same, to find out whether it holds",
                seconds(wait)
            ),
            Rejection::TooLong { wait, left } => format!(
                "a wait of {} does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
                seconds(wait),
                seconds(left)
            ),
        }
    }
}
