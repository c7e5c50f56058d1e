//! What a refusal of the API's means, and what to do about it: about the token, its scope, or
//! a redirect.

use ureq::http::header::{HeaderValue, LOCATION};
use ureq::http::{Method, StatusCode, Uri};

use crate::call::Call;
use crate::call::setback::{Refusal, Remedy};
use crate::client::auth::{ApiCall, body};
use crate::error::challenge::{Bearer, INSUFFICIENT_SCOPE};
use crate::error::rate_limit::{Limit, QUOTA};
use crate::error::server_message;
use crate::error::{Delivery, ErrorKind, ErrorResponse};
use crate::response::Response;
use crate::retry::{self, Passing};
use crate::token::access_token;
use crate::url;

impl ApiCall<'_, '_> {
    /// A refusal, read once.
    pub(crate) fn refusal(&mut self, call: &Call<'_>, response: &Response) -> Refusal {
        let answer = response.answer();
        let limit = response.limit();
        let passing = Passing::of(answer.status, answer.retry_after, limit);
        let kind = match (passing, limit) {
            _ if response.token_refusal().is_some() => ErrorKind::Credentials,
            (Some(_), _) | (_, Some(Limit::Quota)) => ErrorKind::Temporary,
            _ => ErrorKind::Refused,
        };
        let (status, delivery) = (answer.status, delivery(&call.method, answer.status));
        let remedy = self.token_remedy(call, response);
        let advice = String::new();
        let mut refusal = Refusal { answer, kind, advice, delivery, passing, remedy };
        let asks = call.expects && body(self.request).is_some_and(|body| body.may_be_long());
        if retry::redirects(&response.headers, status) && retry::may_follow(&call.method) {
            match self.next_target(&call.uri, response) {
                Ok(target) => {
                    self.location = Some(target);
                    refusal.remedy = Some(Remedy::Follow);
                }
                Err(why) => refusal.advice = format!("the redirect is not followed: {why}"),
            }
        } else if asks && status == StatusCode::EXPECTATION_FAILED {
            refusal.remedy = Some(Remedy::SendUnasked);
        } else if remedy != Some(Remedy::Renew) {
            refusal.advice = self.advice(call, response, &refusal);
        }
        refusal
    }

    /// Where the answer points: a few times, and never from https to http (RFC 9110 §15.4).
    fn next_target(&self, from: &Uri, response: &Response) -> Result<Uri, String> {
        if self.redirects == MOST_REDIRECTS {
            return Err("there are too many".into());
        }
        // Some servers send it as raw UTF-8.
        let location = response.headers.get(LOCATION).map_or(&[][..], HeaderValue::as_bytes);
        let target = url::resolve(from, &String::from_utf8_lossy(location));
        let target = target.map_err(|error| error.to_string())?;
        match from.scheme_str() == Some("https") && target.scheme_str() != Some("https") {
            true => Err("it leads from https to http".into()),
            false => Ok(target),
        }
    }

    /// Empty where there is none.
    fn advice(&self, call: &Call<'_>, response: &Response, refusal: &Refusal) -> String {
        if let Some(lacking) = self.lacking_scope(response, &refusal.answer) {
            return lacking;
        }
        let status = refusal.answer.status;
        if self.has_left && self.request.with_token && response.token_refusal().is_some() {
            return LEFT_BEHIND.to_owned();
        }
        let advice = match refusal.kind {
            ErrorKind::Credentials => {
                let refused = self.refused_token(response).into_iter();
                return refused.chain(self.missing_scope()).collect::<Vec<_>>().join("; ");
            }
            _ if self.key.is_some() && status == StatusCode::CONFLICT => KEY_IN_USE,
            _ if self.key.is_some() && status == StatusCode::UNPROCESSABLE_ENTITY => KEY_OF_OTHER,
            ErrorKind::Temporary if refusal.passing.is_none() => QUOTA,
            ErrorKind::Temporary => "",
            _ if status == StatusCode::FORBIDDEN && speaks_of_limit(&refusal.answer) => LIMIT,
            _ if status == StatusCode::FORBIDDEN && self.token.is_some() => {
                // Some APIs answer like this to a token that they do not know.
                return self.missing_scope().unwrap_or_else(|| FORBIDDEN.to_owned());
            }
            _ if status.is_redirection() && retry::may_follow(&call.method) => {
                "a redirect that names no address to follow"
            }
            _ if status.is_redirection() => "a redirect, which is only followed for GET and HEAD",
            _ => "",
        };
        advice.to_owned()
    }

    /// What to do about a refused token that is not renewed, or was already.
    fn refused_token(&self, response: &Response) -> Option<String> {
        let what = match () {
            () if self.is_too_early => return Some(NOT_YET_VALID.to_owned()),
            () if self.refused.is_some() => "a renewed token was refused as well",
            () if self.renewal_is_futile => {
                "a renewed token was refused as well a moment ago, so this one is not renewed"
            }
            () if self.is_pinned => "the token is new",
            () => return None,
        };
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let is_about_path = !self.is_pinned && !challenge.refuses_token();
        let why = if is_about_path { WRONG_PATH } else { WRONG_TOKEN };
        Some(format!("{what}: {why}"))
    }

    /// What to do about a token of too small a scope (RFC 6750 §3.1).
    fn lacking_scope(&self, response: &Response, answer: &ErrorResponse) -> Option<String> {
        let challenge = Bearer::of(&response.headers).unwrap_or_default();
        let is_said = answer.code.as_deref() == Some(INSUFFICIENT_SCOPE);
        if self.token.is_none() || !(is_said || challenge.lacks_scope()) {
            return None;
        }
        let quoted = |scope: String| server_message::quoted(&scope, Some(&response.mask));
        let Some(scope) = challenge.scope.and_then(quoted) else {
            let unnamed = || "the token lacks the scope: ask for it with Provider::with_scope";
            return self.missing_scope().or_else(|| Some(unnamed().to_owned()));
        };
        let asked = self.client.provider.scope.as_deref().unwrap_or_default();
        let asked: Vec<&str> = asked.split_whitespace().collect();
        let (asked, other): (Vec<&str>, Vec<&str>) =
            scope.split_whitespace().partition(|name| asked.contains(name));
        let other = (!other.is_empty()).then(|| {
            let names = other.join(" ");
            format!("the token lacks the scope {names}: ask for it with Provider::with_scope")
        });
        let advice: Vec<String> = other.into_iter().chain(not_granted(&asked)).collect();
        Some(advice.join("; "))
    }

    /// What to do about a scope that was asked for and is not in the token answer.
    fn missing_scope(&self) -> Option<String> {
        let granted = self.token.as_ref()?.scope();
        not_granted(&access_token::missing_scope(self.client.provider.scope.as_deref(), granted))
    }
}

/// Words alone are no reason to wait; but then the client does not lack a permission.
fn speaks_of_limit(answer: &ErrorResponse) -> bool {
    let message = answer.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    message.contains("rate limit")
}

/// Whether a server that refuses like this may have acted. It often has before a redirect (RFC
/// 9110 §15.4.4), but not before one that asks for the same request elsewhere.
fn delivery(method: &Method, status: StatusCode) -> Delivery {
    match status.as_u16() {
        300..=303 if !retry::may_follow(method) => Delivery::Unknown,
        408 | 500.. => Delivery::Unknown,
        _ => Delivery::Rejected,
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

const LIMIT: &str =
    "the server speaks of a limit, and does not say how long to wait: try again later";
const KEY_IN_USE: &str = "an attempt with this idempotency key is still being worked on, or the state of the resource forbids it";
const KEY_OF_OTHER: &str = "the content cannot be processed, or this idempotency key came with another body before: each operation needs a key of its own";
const LEFT_BEHIND: &str = "a redirect led to another origin, where the token is not sent: if the API is there, name it with Provider::with_base_url";
const FORBIDDEN: &str = "the client may lack a permission, or this API may not accept the token: check permissions, audience and scope";
const NOT_YET_VALID: &str = "the token is new, and by the clock of this API it is not valid yet: the clocks of the API and of the authorization server differ";
const WRONG_PATH: &str = "some APIs answer a wrong path like this";
const WRONG_TOKEN: &str =
    "check whether this API takes tokens of this token endpoint, with this audience and scope";
const MOST_REDIRECTS: u32 = 5;
