//! What to do about a refusal of the API's: about the token, its scope, or a redirect.

use ureq::http::StatusCode;

use crate::call::state::Call;
use crate::error::ErrorResponse;
use crate::error::challenge::{Bearer, INSUFFICIENT_SCOPE};
use crate::error::rate_limit::{Limit, QUOTA};
use crate::error::server_message;
use crate::mask::mask;
use crate::provider::Provider;
use crate::response::Response;
use crate::retry::{self, Rejection};
use crate::token::access_token;

impl Call<'_> {
    /// Empty where there is none.
    pub(crate) fn advice(
        &self,
        response: &Response,
        answer: &ErrorResponse,
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
            _ if response.passing().is_some() => "",
            _ if response.limit() == Some(Limit::Quota) => QUOTA,
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
        answer: &ErrorResponse,
        provider: &Provider,
    ) -> Option<String> {
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let is_said = answer.code.as_deref() == Some(INSUFFICIENT_SCOPE);
        if self.token.is_none() || !(is_said || challenge.lacks_scope()) {
            return None;
        }
        let secrets = self.secrets();
        let scope =
            challenge.scope.and_then(|it| server_message::quoted(&it, |text| mask(text, &secrets)));
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
        not_granted(&access_token::missing_scope(provider.scope.as_deref(), granted))
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
