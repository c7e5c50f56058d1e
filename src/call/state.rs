//! One call on its way: what has been tried, and what is left.

use std::cell::Cell;
use std::time::{Duration, SystemTime};

use ureq::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, LOCATION};
use ureq::http::{Method, StatusCode, Uri};

use crate::call::cooldown::{Cooldown, CooldownKey};
use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::challenge::TokenRefusal;
use crate::error::rate_limit::Limit;
use crate::error::server_message;
use crate::error::{Delivery, Error, ErrorKind, RequestTarget, Result};
use crate::event::WaitReason;
use crate::provider::Provider;
use crate::request::{Body, Request};
use crate::response::Response;
use crate::retry::{self, Endpoint, Outcome, Passing, Situation, Verdict, judge};
use crate::token::access_token::AccessToken;
use crate::url;
use crate::wire::failure::Broken;
use crate::wire::request_body::RequestBody;

/// The state of one call, token request or API request.
pub(crate) struct Call<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) request: Option<&'a Request>,
    /// The last look at the clocks: looking costs as much as all else that is done here.
    pub(crate) now: Moment,
    /// On the monotonic clock.
    pub(crate) end: Duration,
    /// How many it may have, for the token request that it may need.
    pub(crate) retries: u32,
    pub(crate) retries_left: u32,
    /// Whether it may wait for a cooldown of the server's, and renew a token that is refused.
    pub(crate) is_patient: bool,
    pub(crate) attempt: u32,
    idles: u32,
    /// Waits for the server's cooldowns in which the clock moved on less than asked.
    pub(crate) short_waits: u32,
    /// It finds out whether a wait of more than a day still holds.
    pub(crate) is_probe: bool,
    redirects: u32,
    /// A redirect led to another origin.
    pub(crate) has_left: bool,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) with_token: bool,
    pub(crate) expects: bool,
    pub(crate) token: Option<AccessToken>,
    /// The token that was refused, and the refusal.
    pub(crate) refused: Option<(AccessToken, Response)>,
    /// A newer token would be refused as well, as one was a moment ago, or for its scope.
    pub(crate) renewal_is_vain: bool,
    /// It waited for its token to become valid.
    pub(crate) has_ripened: bool,
    /// Who asked for a token.
    pub(crate) identity: Option<Identity>,
    /// What else of a token request may be secret.
    pub(crate) parameters: Vec<String>,
    pub(crate) sent_at: Moment,
    /// The `Date` of the last token answer, and when that came by the local clock.
    pub(crate) date: Option<(SystemTime, SystemTime)>,
    /// Why the store was done without.
    pub(crate) store_error: Option<String>,
    pub(crate) broken: Cell<Broken>,
    /// What earlier attempts left open.
    acted: Delivery,
}

impl<'a> Call<'a> {
    pub(crate) fn to_api(
        request: &'a Request,
        uri: Uri,
        retries: u32,
        now: Moment,
        end: Duration,
    ) -> Self {
        Self {
            request: Some(request),
            idle_timeout: request.idle_timeout,
            with_token: request.with_token,
            ..Self::new(Endpoint::Api, request.method.clone(), uri, retries, now, end)
        }
    }

    pub(crate) fn to_token_endpoint(
        provider: &Provider,
        retries: u32,
        now: Moment,
        end: Duration,
    ) -> Self {
        let uri = provider.token_endpoint.clone();
        let parameters = provider.secrets();
        Self { parameters, ..Self::new(Endpoint::Token, Method::POST, uri, retries, now, end) }
    }

    fn new(
        endpoint: Endpoint,
        method: Method,
        uri: Uri,
        retries: u32,
        now: Moment,
        end: Duration,
    ) -> Self {
        Self {
            endpoint,
            method,
            uri,
            request: None,
            now,
            end,
            retries,
            retries_left: retries,
            is_patient: true,
            attempt: 1,
            idles: 0,
            short_waits: 0,
            is_probe: false,
            redirects: 0,
            has_left: false,
            idle_timeout: None,
            with_token: false,
            expects: true,
            token: None,
            refused: None,
            renewal_is_vain: false,
            has_ripened: false,
            identity: None,
            parameters: Vec::new(),
            sent_at: now,
            date: None,
            store_error: None,
            broken: Cell::default(),
            acted: Delivery::NotSent,
        }
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.end.saturating_sub(self.now.monotonic)
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
    pub(crate) fn body(&self) -> Option<RequestBody<'a>> {
        match &self.request?.body {
            Body::Bytes(bytes) => Some(RequestBody::Bytes(bytes)),
            Body::File(path) => Some(RequestBody::File(path)),
            Body::Empty if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => {
                Some(RequestBody::Bytes(&[]))
            }
            Body::Empty => None,
        }
    }

    pub(crate) fn target(&self) -> RequestTarget {
        RequestTarget::new(&self.method, &self.uri)
    }

    /// What to do after an attempt.
    pub(crate) fn verdict(&self, outcome: &Result<Response>) -> Verdict {
        let oauth = self.oauth_code(outcome);
        let oauth = oauth.as_deref().map(server_message::registered);
        judge(self.outcome(outcome, oauth), &self.situation())
    }

    fn situation(&self) -> Situation {
        let is_token = self.endpoint == Endpoint::Token;
        Situation {
            endpoint: self.endpoint,
            may_follow: !is_token && retry::may_follow(&self.method),
            repeatable: is_token || self.request.is_some_and(|request| request.repeatable),
            expects: self.expects && self.body().is_some_and(|body| body.may_be_long()),
            may_renew: !is_token
                && self.is_patient
                && self.token.is_some()
                && self.refused.is_none()
                && !self.renewal_is_vain
                && !self.has_ripened,
            may_ripen: self.token_is_new() && !self.has_ripened,
            retries_left: self.retries_left,
            retries: self.attempt - 1,
            idles: self.idles,
            time_left: self.time_left(),
            jitter: retry::jitter,
        }
    }

    fn oauth_code(&self, outcome: &Result<Response>) -> Option<String> {
        match (self.endpoint, outcome) {
            (Endpoint::Token, Ok(response)) => response.oauth_code(),
            _ => None,
        }
    }

    fn outcome<'o>(&self, outcome: &Result<Response>, oauth: Option<&'o str>) -> Outcome<'o> {
        match outcome {
            Ok(response) => Outcome::Answer {
                status: response.status,
                // Looked for in vain in nearly every answer.
                asked: (self.endpoint == Endpoint::Token || !response.status.is_success())
                    .then(|| response.retry_after())
                    .flatten(),
                limit: self.limit(response),
                redirects: retry::redirects(&response.headers, response.status),
                refusal: response.token_refusal(),
                oauth,
            },
            Err(error) => Outcome::Broken {
                delivery: error.delivery(),
                idle: matches!(error, Error::Transport(_)) && self.broken.get().idle,
                passing: error.is_temporary() && !self.broken.get().begun,
            },
        }
    }

    /// The limit that a refusal of the API's names by a code of its own: a token endpoint's
    /// is read as one of OAuth's.
    fn limit(&self, response: &Response) -> Option<Limit> {
        (self.endpoint == Endpoint::Api).then(|| response.limit()).flatten()
    }

    /// Whether a server that refuses like this may have acted. A redirect often comes after
    /// the deed (RFC 9110 §15.4.4), but not those that ask for the same request elsewhere.
    pub(crate) fn sent_by(&self, status: StatusCode) -> Delivery {
        match status.as_u16() {
            200..=299 => Delivery::Accepted,
            300..=303 if !retry::may_follow(&self.method) => Delivery::Unknown,
            408 | 500.. => Delivery::Unknown,
            _ => Delivery::Rejected,
        }
    }

    /// An attempt is over, but not the call.
    pub(crate) fn note_attempt(&mut self, outcome: &Result<Response>) {
        let delivery = match outcome {
            Ok(response) => self.sent_by(response.status),
            Err(error) => error.delivery(),
        };
        self.acted = self.acted.max(delivery);
    }

    /// The error of the whole call: the server may have acted on any of its attempts.
    pub(crate) fn ended(&self, mut error: Error) -> Error {
        if let Some(delivery) = error.delivery_mut() {
            *delivery = self.acted.max(*delivery);
        }
        if let Error::Configuration(error) = &mut error
            && self.acted > Delivery::NotSent
        {
            error.message.push_str("; an attempt before was sent");
        }
        error
    }

    /// The answer may be that of a server whose clock is behind.
    pub(crate) fn is_too_early(&self, response: &Response) -> bool {
        self.token_is_new() && response.token_refusal() == Some(TokenRefusal::NotYetValid)
    }

    fn token_is_new(&self) -> bool {
        let issued = self.token.as_ref().map(AccessToken::issued);
        issued.is_some_and(|issued| issued.left_of(FIRST_SECONDS, &self.now).is_some())
    }

    pub(crate) fn count_retry(&mut self, outcome: &Result<Response>) {
        self.has_ripened |= outcome.as_ref().is_ok_and(|answer| self.is_too_early(answer));
        self.attempt += 1;
        self.retries_left -= 1;
        if matches!(outcome, Err(Error::Transport(_))) && self.broken.get().idle {
            self.idles += 1;
        }
        self.expects &= match outcome {
            Ok(answer) => !retry::refuses_to_expect(answer.status),
            Err(_) => !self.broken.get().unpermitted,
        };
    }

    /// What the server asks for in a refusal, for all who would call it.
    pub(crate) fn cooldown(&self, response: &Response) -> Option<Cooldown> {
        // Looked for in vain in nearly every answer.
        if response.status.is_success() {
            return None;
        }
        let asked = response.retry_after();
        let passing = Passing::of(response.status, asked, self.limit(response))?;
        let wait = asked.filter(|wait| !wait.is_zero() && passing != Passing::Busy)?;
        Some(Cooldown::of(&self.cooldown_key(), self.now, wait, self.answer(response)))
    }

    pub(crate) fn cooldown_key(&self) -> CooldownKey<'_> {
        CooldownKey::of(self.endpoint, &self.method, &self.uri)
    }

    pub(crate) fn wait_reason(&self, outcome: &Result<Response>) -> WaitReason {
        match outcome {
            Ok(response) => WaitReason::Refused(self.answer(response)),
            Err(error @ Error::Token(_)) => WaitReason::Credentials(error.to_string()),
            Err(error) => WaitReason::Broken(error.to_string()),
        }
    }

    /// Goes where the answer points: a few times, without the token once the origin
    /// changes, and never from https to http (RFC 9110 §15.4).
    pub(crate) fn follow(&mut self, response: Response) -> Result<()> {
        let refuse = |call: &Self, why: &str| {
            let message = format!("the redirect is not followed: {why}");
            Err(call.status_error(call.answer(&response), message, ErrorKind::Refused))
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
        if self.uri.scheme_str() == Some("https") && target.scheme_str() != Some("https") {
            return refuse(self, "it leads from https to http");
        }
        if !url::is_same_origin(&self.uri, &target) {
            self.has_left = true;
            self.with_token = false;
            self.token = None;
        }
        self.redirects += 1;
        self.uri = target;
        Ok(())
    }
}

const MOST_REDIRECTS: u32 = 5;
/// In which a token may be too new for a server whose clock is behind.
const FIRST_SECONDS: Duration = Duration::from_secs(10);
