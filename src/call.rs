//! One call on its way: what has been tried, what is left, and what its failure means.

use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, LOCATION};
use ureq::http::{Method, StatusCode, Uri};

use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::{Answer, Class, Error, Place, Result, Sent, StatusError, TokenError};
use crate::event::WaitReason;
use crate::provider::Provider;
use crate::request::{Body, Request};
use crate::response::Response;
use crate::retry::{self, Endpoint, Outcome, Rejection, Situation};
use crate::token::{self, AccessToken};
use crate::url::{self, Origin};
use crate::wishes::Wish;

/// The state of one call, token request or API request.
pub(crate) struct Call<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    request: Option<&'a Request>,
    /// On the monotonic clock.
    pub(crate) end: Duration,
    /// How many it may have, for the token request that it may need.
    pub(crate) retries: u32,
    pub(crate) retries_left: u32,
    /// Whether it may wait for a wish of the server's.
    pub(crate) is_patient: bool,
    pub(crate) attempt: u32,
    idles: u32,
    pub(crate) wishes_kept: u32,
    redirects: u32,
    /// A redirect led to another origin.
    has_left: bool,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) with_token: bool,
    pub(crate) token: Option<AccessToken>,
    /// The token that was refused, and the refusal.
    pub(crate) refused: Option<(AccessToken, Response)>,
    /// Who asked for a token.
    pub(crate) identity: Option<Identity>,
    pub(crate) sent_at: Moment,
}

impl<'a> Call<'a> {
    pub(crate) fn to_api(request: &'a Request, uri: Uri, retries: u32, end: Duration) -> Self {
        Self {
            request: Some(request),
            idle_timeout: request.idle_timeout,
            with_token: request.with_token,
            ..Self::new(Endpoint::Api, request.method.clone(), uri, retries, end)
        }
    }

    pub(crate) fn to_token_endpoint(provider: &Provider, retries: u32, end: Duration) -> Self {
        let uri = provider.token_endpoint.clone();
        Self::new(Endpoint::Token, Method::POST, uri, retries, end)
    }

    fn new(endpoint: Endpoint, method: Method, uri: Uri, retries: u32, end: Duration) -> Self {
        Self {
            endpoint,
            method,
            uri,
            request: None,
            end,
            retries,
            retries_left: retries,
            is_patient: true,
            attempt: 1,
            idles: 0,
            wishes_kept: 0,
            redirects: 0,
            has_left: false,
            idle_timeout: None,
            with_token: false,
            token: None,
            refused: None,
            identity: None,
            sent_at: Moment { wall: std::time::SystemTime::UNIX_EPOCH, monotonic: Duration::ZERO },
        }
    }

    pub(crate) fn time_left(&self, now: &Moment) -> Duration {
        self.end.saturating_sub(now.monotonic)
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers =
            self.request.map_or_else(HeaderMap::new, |request| request.headers.clone());
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.header());
        } else if self.has_left {
            // What the caller meant for one origin is not for another.
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
        }
        headers
    }

    /// A POST, PUT or PATCH without a body says so with `Content-Length: 0`: RFC 9110 §8.6.
    pub(crate) fn body(&self) -> Option<&'a [u8]> {
        match &self.request?.body {
            Body::Bytes(bytes) => Some(bytes),
            Body::Empty if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => Some(&[]),
            Body::Empty => None,
        }
    }

    pub(crate) fn place(&self) -> Place {
        Place::new(&self.method, &self.uri)
    }

    /// What was sent that must not be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        match (&self.identity, &self.token) {
            (Some(identity), _) => token::secrets(identity),
            (None, Some(token)) => vec![token.secret().to_owned()],
            (None, None) => Vec::new(),
        }
    }

    pub(crate) fn situation(&self, now: &Moment, jitter: f64) -> Situation {
        let is_token = self.endpoint == Endpoint::Token;
        Situation {
            endpoint: self.endpoint,
            may_follow: !is_token && retry::may_follow(&self.method),
            repeatable: is_token || self.request.is_some_and(|request| request.repeatable),
            may_renew: !is_token && self.token.is_some() && self.refused.is_none(),
            retries_left: self.retries_left,
            retries: self.attempt - 1,
            idles: self.idles,
            time_left: self.time_left(now),
            jitter,
        }
    }

    pub(crate) fn oauth_code(&self, outcome: &Result<Response>) -> Option<String> {
        match (self.endpoint, outcome) {
            (Endpoint::Token, Ok(response)) => response.oauth_code(),
            _ => None,
        }
    }

    pub(crate) fn outcome<'o>(
        &self,
        outcome: &Result<Response>,
        oauth: Option<&'o str>,
    ) -> Outcome<'o> {
        match outcome {
            Ok(response) => Outcome::Answer {
                status: response.status,
                asked: response.retry_after(),
                redirects: retry::redirects(&response.headers, response.status),
                oauth,
            },
            Err(error) => Outcome::Broken {
                sent: error.sent(),
                idle: matches!(error, Error::Transport(error) if error.idle),
                passing: error.is_temporary(),
            },
        }
    }

    pub(crate) fn count_retry(&mut self, outcome: &Result<Response>) {
        self.attempt += 1;
        self.retries_left -= 1;
        if matches!(outcome, Err(Error::Transport(error)) if error.idle) {
            self.idles += 1;
        }
    }

    /// What the server asks for in a refusal, for all who would call it.
    pub(crate) fn wish(&self, response: &Response, now: Moment) -> Option<Wish> {
        let is_refusal = matches!(response.status.as_u16(), 408 | 429 | 500..);
        let wait = response.retry_after().filter(|wait| is_refusal && !wait.is_zero())?;
        Some(Wish {
            endpoint: self.endpoint,
            origin: Origin::of(&self.uri),
            method: self.method.clone(),
            path: self.uri.path().to_owned(),
            since: now,
            wait,
            answer: response.answer(&self.secrets()),
        })
    }

    pub(crate) fn wait_reason(&self, outcome: &Result<Response>) -> WaitReason {
        match outcome {
            Ok(response) => WaitReason::Refused(response.answer(&self.secrets())),
            Err(error @ Error::Token(_)) => WaitReason::Credentials(error.to_string()),
            Err(error) => WaitReason::Broken(error.to_string()),
        }
    }

    /// Goes where the answer points: a few times, without the token once the origin
    /// changes, and never from https to http (RFC 9110 §15.4).
    pub(crate) fn follow(&mut self, response: Response) -> Result<()> {
        let refuse = |call: &Self, why: &str| {
            let message = format!("the redirect is not followed: {why}");
            Err(call.status_error(response.answer(&call.secrets()), message, Class::Refused))
        };
        if self.redirects == MOST_REDIRECTS {
            return refuse(self, "there are too many");
        }
        // Some servers send it as raw UTF-8.
        let location = response.headers.get(LOCATION).map_or(&[][..], HeaderValue::as_bytes);
        let target = match url::resolve(&self.uri, &String::from_utf8_lossy(location)) {
            Ok(target) => target,
            Err(error) => return refuse(self, &error.to_string()),
        };
        let (from, to) = (Origin::of(&self.uri), Origin::of(&target));
        if from.is_https() && !to.is_https() {
            return refuse(self, "it leads from https to http");
        }
        if from != to {
            self.has_left = true;
            self.with_token = false;
            self.token = None;
        }
        self.redirects += 1;
        self.uri = target;
        Ok(())
    }

    /// The error of a call that is not sent because of what the server asked before.
    pub(crate) fn unsent(&self, wait: Duration, left: Duration, mut answer: Answer) -> Error {
        answer.retry_after = Some(wait);
        let message = format!(
            "not sent: the server asked before not to be called for another {}, which does not fit into the {} left of the call's deadline (RetryPolicy::with_deadline)",
            seconds(wait),
            seconds(left)
        );
        if self.endpoint == Endpoint::Token {
            return Error::Token(Box::new(TokenError {
                place: self.place(),
                message,
                answer: Some(answer),
                sent: Sent::No,
                class: Class::Temporary,
                attempts: self.attempt - 1,
            }));
        }
        let mut error = self.status_error(answer, message, Class::Temporary);
        if let Error::Status(error) = &mut error {
            error.sent = Sent::No;
            error.attempts -= 1;
        }
        error
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
        let (class, advice) = token::diagnose(&answer, provider, identity);
        let why = self.why(rejection);
        TokenError {
            place: self.place(),
            message: if advice.is_empty() { why } else { advice },
            answer: Some(answer),
            sent: Sent::Refused,
            class,
            attempts: self.attempt,
        }
    }

    pub(crate) fn refused_by_api(&self, response: &Response, rejection: Rejection) -> Error {
        let answer = response.answer(&self.secrets());
        let (class, advice) = match answer.status {
            StatusCode::UNAUTHORIZED if self.refused.is_some() => (
                Class::Credentials,
                "a renewed token was refused as well: some APIs answer a wrong path like this",
            ),
            StatusCode::UNAUTHORIZED => (Class::Credentials, ""),
            StatusCode::FORBIDDEN => (Class::Refused, "the token is good, but not for this"),
            status if status.is_redirection() && retry::may_follow(&self.method) => {
                (Class::Refused, "a redirect that names no address to follow")
            }
            status if status.is_redirection() => {
                (Class::Refused, "a redirect, which is only followed for GET and HEAD")
            }
            status if matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504) => {
                (Class::Temporary, "")
            }
            _ => (Class::Refused, ""),
        };
        let why = self.why(rejection);
        self.status_error(answer, if advice.is_empty() { why } else { advice.into() }, class)
    }

    fn status_error(&self, answer: Answer, message: String, class: Class) -> Error {
        let may_have_acted = answer.status.is_server_error() || answer.status.as_u16() == 408;
        Error::Status(Box::new(StatusError {
            place: self.place(),
            answer,
            message,
            sent: if may_have_acted { Sent::Unknown } else { Sent::Refused },
            class,
            attempts: self.attempt,
        }))
    }

    /// Why it was not tried again, and by which setting.
    fn why(&self, rejection: Rejection) -> String {
        match rejection {
            Rejection::Final => String::new(),
            Rejection::NotRepeatable => format!(
                "not sent again, because the server may have acted on the {}: if that does no harm, mark the request safe_to_repeat()",
                self.method
            ),
            Rejection::Exhausted => String::new(),
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

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64()).trim_end_matches('0').trim_end_matches('.').to_owned()
        + " s"
}

const MOST_REDIRECTS: u32 = 5;
