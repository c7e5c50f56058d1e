//! What the failure of a call means: the errors that it ends with.

use std::time::Duration;

use crate::call::cooldown::Held;
use crate::call::state::Call;
use crate::clock::seconds;
use crate::credentials::{Identity, Unreadable};
use crate::error::rate_limit::Limit;
use crate::error::{Delivery, Error, ErrorKind, ErrorResponse, StatusError, TokenError};
use crate::foreign::mask_foreign;
use crate::provider::Provider;
use crate::response::Response;
use crate::retry::{Endpoint, LONGEST_KEPT, Passing, Rejection};
use crate::token::diagnosis::diagnose;
use crate::wire::network_error::NOT_FOUND;

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
                target: self.target(),
                message,
                response: Some(answer),
                delivery: Delivery::NotSent,
                kind: ErrorKind::Temporary,
                attempts: self.attempt - 1,
                what: TokenError::NO_TOKEN,
            }));
        }
        let mut error = self.status_error(answer, message, ErrorKind::Temporary);
        if let Error::Status(error) = &mut error {
            error.delivery = Delivery::NotSent;
            error.attempts -= 1;
        }
        error
    }

    /// The error of a token request that finds no credentials.
    pub(crate) fn unreadable(&self, why: Unreadable) -> Error {
        match why {
            Unreadable::Wrong(error) => error,
            Unreadable::Failed(cause) => Error::Token(Box::new(TokenError {
                target: self.target(),
                message: format!(
                    "the credentials function failed: {}",
                    mask_foreign(&cause.to_string())
                ),
                response: None,
                delivery: Delivery::NotSent,
                kind: ErrorKind::Temporary,
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
            ErrorKind::Credentials,
        )
    }

    pub(crate) fn broken(
        &self,
        mut error: Error,
        provider: &Provider,
        rejection: Rejection,
    ) -> Error {
        let why = self.why(rejection);
        match &mut error {
            Error::Transport(error) => {
                error.attempts = self.attempt;
                let parts = provider.host_parts(&error.target.host);
                if let Some(parts) = parts.filter(|_| error.message == NOT_FOUND) {
                    error.message.push_str(&format!("; {parts} may be wrong"));
                }
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
        answer: ErrorResponse,
        provider: &Provider,
        identity: &Identity,
        rejection: Rejection,
    ) -> TokenError {
        let (kind, advice) = diagnose(&answer, provider, identity);
        let why = self.why(rejection);
        TokenError {
            target: self.target(),
            message: if advice.is_empty() { why } else { advice },
            response: Some(answer),
            delivery: Delivery::Rejected,
            kind,
            attempts: self.attempt,
            what: TokenError::NO_TOKEN,
        }
    }

    pub(crate) fn refused_by_api(
        &self,
        response: &Response,
        provider: &Provider,
        rejection: Rejection,
    ) -> Error {
        let answer = self.answer(response);
        let passing = response.passing();
        let kind = match response.limit() {
            _ if response.token_refusal().is_some() => ErrorKind::Credentials,
            Some(Limit::Quota) => ErrorKind::Temporary,
            _ if passing.is_some() => ErrorKind::Temporary,
            _ => ErrorKind::Refused,
        };
        let mut message = self.advice(response, &answer, provider, rejection);
        if message.is_empty() {
            message = match (passing, answer.retry_after) {
                (Some(Passing::Busy), Some(wait)) => self.why_busy(rejection, wait),
                _ => self.why(rejection),
            };
        }
        self.status_error(answer, message, kind)
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

    pub(crate) fn status_error(
        &self,
        answer: ErrorResponse,
        message: String,
        kind: ErrorKind,
    ) -> Error {
        Error::Status(Box::new(StatusError {
            target: self.target(),
            delivery: self.sent_by(answer.status),
            response: answer,
            message,
            kind,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::error::TransportError;

    /// What is said of a host that a token request does not find, by this message.
    fn told(provider: &Provider, message: &str) -> String {
        let now = Moment { wall: std::time::SystemTime::UNIX_EPOCH, monotonic: Duration::ZERO };
        let call = Call::to_token_endpoint(provider, 0, now, Duration::MAX);
        let error = Error::Transport(Box::new(TransportError {
            target: call.target(),
            message: message.to_owned(),
            delivery: Delivery::NotSent,
            kind: ErrorKind::Temporary,
            attempts: 1,
            received: 0,
            cause: None,
        }));
        call.broken(error, provider, Rejection::Exhausted).to_string()
    }

    #[test]
    fn a_host_that_is_not_found_beside_a_preset_names_what_it_is_made_of() {
        let snow = Provider::snow_atlas("westerope").unwrap();
        assert_eq!(
            told(&snow, NOT_FOUND),
            r#"POST westerope.snowsoftware.io/idp/api/connect/token: the host name was not found; the region "westerope" may be wrong"#
        );
        let cognito = Provider::cognito("orders", "eu-wst-1", "https://api.test").unwrap();
        assert!(
            told(&cognito, NOT_FOUND).ends_with(
                r#": the host name was not found; the prefix "orders" or the region "eu-wst-1" may be wrong"#
            )
        );
        let replaced = snow.clone().with_token_endpoint("https://sso.test/token").unwrap();
        for (provider, message) in [
            (&replaced, NOT_FOUND),
            (&Provider::snapdocs(), NOT_FOUND),
            (&snow, "the connection broke"),
            // That host looks it up.
            (&snow, &format!("{NOT_FOUND}, through the proxy a.test:80")),
        ] {
            assert!(told(provider, message).ends_with(message), "{}", told(provider, message));
        }
    }
}
