//! What the failure of a call means: the errors that it ends with.

use std::time::Duration;

use ureq::http::StatusCode;

use crate::call::Call;
use crate::challenge::{Bearer, INSUFFICIENT_SCOPE};
use crate::clock::seconds;
use crate::credentials::{Identity, Unreadable};
use crate::diagnosis::diagnose;
use crate::error::{Answer, Class, Error, Sent, StatusError, TokenError};
use crate::failure::NOT_FOUND;
use crate::foreign::mask_foreign;
use crate::problem;
use crate::provider::Provider;
use crate::response::Response;
use crate::retry::{self, Endpoint, Rejection};
use crate::secret::mask;
use crate::token;

impl Call<'_> {
    /// The error of a call that is not sent because of what the server asked before.
    pub(crate) fn unsent(&self, wait: Duration, left: Duration, mut answer: Answer) -> Error {
        answer.retry_after = Some(wait);
        let mut message = format!(
            "not sent: the server asked before not to be called for another {}",
            seconds(wait)
        );
        if wait >= left {
            message.push_str(&format!(
                ", which does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
                seconds(left)
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
                    mask_foreign(&cause.to_string())
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
                let parts = provider.host_parts(&error.place.host);
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

    pub(crate) fn refused_by_api(
        &self,
        response: &Response,
        provider: &Provider,
        rejection: Rejection,
    ) -> Error {
        let answer = self.answer(response);
        let class = match answer.status {
            _ if response.token_refusal().is_some() => Class::Credentials,
            status if retry::may_pass(status, answer.retry_after) => Class::Temporary,
            _ => Class::Refused,
        };
        let mut message = self.advice(response, &answer, provider, rejection);
        if message.is_empty() {
            message = self.why(rejection);
        }
        self.status_error(answer, message, class)
    }

    fn advice(
        &self,
        response: &Response,
        answer: &Answer,
        provider: &Provider,
        rejection: Rejection,
    ) -> String {
        if let Some(lacking) = self.lacking_scope(response, answer, provider) {
            return lacking;
        }
        let status = answer.status;
        let wants_token = self.request.is_some_and(|request| request.with_token);
        if self.has_left && wants_token && status == StatusCode::UNAUTHORIZED {
            return LEFT_BEHIND.to_owned();
        }
        if response.token_refusal().is_some() {
            let refused = Some(self.refused_token(response, rejection));
            let refused = refused.filter(|advice| !advice.is_empty());
            let advice: Vec<_> = refused.into_iter().chain(self.missing_scope(provider)).collect();
            return advice.join("; ");
        }
        let advice = match status {
            _ if retry::may_pass(status, answer.retry_after) => "",
            StatusCode::FORBIDDEN if self.token.is_some() => {
                // Some APIs answer like this to a token that they do not know.
                return self.missing_scope(provider).unwrap_or_else(|| FORBIDDEN.to_owned());
            }
            _ if status.is_redirection() && retry::may_follow(&self.method) => {
                "a redirect that names no address to follow"
            }
            _ if status.is_redirection() => "a redirect, which is only followed for GET and HEAD",
            _ => "",
        };
        advice.to_owned()
    }

    /// What to do about a token that is refused although there was or will be no newer one.
    fn refused_token(&self, response: &Response, rejection: Rejection) -> String {
        if self.is_too_early(response) {
            let is_told = matches!(rejection, Rejection::TooLong { .. });
            return if is_told { String::new() } else { NOT_YET_VALID.to_owned() };
        }
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let what = if self.refused.is_some() {
            "a renewed token was refused as well"
        } else if self.renewal_is_vain {
            "a renewed token was refused as well a moment ago, so this one is not renewed"
        } else if self.token.is_some() && !self.is_patient {
            "the token is new"
        } else {
            return String::new();
        };
        let is_about_path = self.is_patient && !challenge.refuses_token();
        let why = if is_about_path { WRONG_PATH } else { WRONG_TOKEN };
        format!("{what}: {why}")
    }

    /// What to do about a token of too small a scope (RFC 6750 §3.1).
    fn lacking_scope(
        &self,
        response: &Response,
        answer: &Answer,
        provider: &Provider,
    ) -> Option<String> {
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let is_said = answer.code.as_deref() == Some(INSUFFICIENT_SCOPE);
        if self.token.is_none() || !(is_said || challenge.lacks_scope()) {
            return None;
        }
        let secrets = self.secrets();
        let scope =
            challenge.scope.and_then(|it| problem::quoted(&it, |text| mask(text, &secrets)));
        let Some(scope) = scope else {
            let unnamed = || "the token lacks the scope: ask for it with Provider::with_scope";
            return self.missing_scope(provider).or_else(|| Some(unnamed().to_owned()));
        };
        let asked: Vec<&str> = provider.scope.iter().flat_map(|it| it.split_whitespace()).collect();
        let (asked, other): (Vec<&str>, Vec<&str>) =
            scope.split_whitespace().partition(|name| asked.contains(name));
        let other = (!other.is_empty()).then(|| {
            let names = other.join(" ");
            format!("the token lacks the scope {names}: ask for it with Provider::with_scope")
        });
        let advice: Vec<String> = other.into_iter().chain(not_granted(&asked)).collect();
        Some(advice.join("; "))
    }

    /// What to do about a scope that the token answer does not grant, though it names some.
    fn missing_scope(&self, provider: &Provider) -> Option<String> {
        let granted = self.token.as_ref()?.scope();
        not_granted(&token::missing_scope(provider.scope.as_deref(), granted))
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
            Rejection::TooLong { wait, left } => format!(
                "a wait of {} does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
                seconds(wait),
                seconds(left)
            ),
        }
    }
}

fn not_granted(names: &[&str]) -> Option<String> {
    (!names.is_empty()).then(|| {
        let names = names.join(" ");
        format!(
            "the scope {names} was asked for and is not granted: allow it to this client at the authorization server"
        )
    })
}

const LEFT_BEHIND: &str = "a redirect led to another origin, where the token is not sent: if the API is there, name it with Provider::with_base_url";
const FORBIDDEN: &str = "the client may lack a permission, or this API may not accept the token: check permissions, audience and scope";
const NOT_YET_VALID: &str = "the token is new, and by the clock of this API it is not valid yet: the clocks of the API and of the authorization server are apart";
const WRONG_PATH: &str = "some APIs answer a wrong path like this";
const WRONG_TOKEN: &str =
    "check whether this API takes tokens of this token endpoint, with this audience and scope";

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
            place: call.place(),
            message: message.to_owned(),
            sent: Sent::No,
            class: Class::Temporary,
            attempts: 1,
            received: 0,
            idle: false,
            begun: false,
            unpermitted: false,
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
