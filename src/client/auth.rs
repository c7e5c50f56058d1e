//! A call to the API: a token for each attempt; a refused one is renewed once.

use ureq::http::Uri;
use ureq::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};

use crate::call::Call;
use crate::call::cooldown::Endpoint;
use crate::call::setback::{Attempt, Refusal, Remedy};
use crate::client::Client;
use crate::error::challenge::{Bearer, TokenRefusal};
use crate::error::{Error, ErrorKind, Result};
use crate::mask::{Mask, SHORTEST_VALUE, is_secret_header};
use crate::request::{Body, Request};
use crate::response::Response;
use crate::retry::RetryPolicy;
use crate::token::access_token::AccessToken;
use crate::token::source::Purpose;
use crate::url;
use crate::wire::download_writer::DownloadWriter;
use crate::wire::message::{Outgoing, RequestBody};

/// A call to the API.
pub(crate) struct ApiCall<'a, 'w> {
    pub(crate) client: &'a Client,
    pub(crate) request: &'a Request,
    policy: RetryPolicy,
    /// Where the content goes, if not into memory.
    writer: Option<&'a mut DownloadWriter<'w>>,
    pub(crate) with_token: bool,
    pub(crate) token: Option<AccessToken>,
    /// It stays with the token that it has.
    pub(crate) is_pinned: bool,
    /// The token that was refused, and the refusal.
    pub(crate) refused: Option<(AccessToken, Refusal)>,
    /// A newer token would be refused as well, as one was a moment ago, or for its scope.
    pub(crate) renewal_is_futile: bool,
    /// The token is new, and not valid yet by the server's clock.
    pub(crate) is_too_early: bool,
    /// It waited for its token to become valid.
    has_ripened: bool,
    /// Where the answer points.
    pub(crate) location: Option<Uri>,
    pub(crate) redirects: u32,
    /// A redirect led to another origin.
    pub(crate) has_left: bool,
    /// By which the server knows all attempts as one.
    pub(crate) key: Option<HeaderValue>,
    /// What else must not be shown.
    hidden: Mask,
}

impl Client {
    /// The token that the next call would use: fetched if there is none, renewed if it is
    /// about to expire.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn access_token(&self) -> Result<AccessToken> {
        let policy = self.policy;
        let end = policy.end(&self.caller.now());
        self.tokens.token(&self.caller, &Purpose { end, policy, refused: None, acted: None })
    }

    pub(crate) fn call<'a, 'w>(
        &'a self,
        request: &'a Request,
        writer: Option<&'a mut DownloadWriter<'w>>,
    ) -> Result<(Call<'a>, ApiCall<'a, 'w>)> {
        let uri = request.resolve(&self.provider.base_url)?;
        let policy = request.policy.map_or(self.policy, |own| own.within(self.policy));
        let target = (request.method.clone(), uri);
        let mut call = Call::new(&self.caller, Endpoint::Api, target, &policy);
        call.repeatable = request.repeatable;
        let api_call = ApiCall {
            client: self,
            request,
            policy,
            writer,
            with_token: request.with_token,
            token: None,
            is_pinned: false,
            refused: None,
            renewal_is_futile: false,
            is_too_early: false,
            has_ripened: false,
            location: None,
            redirects: 0,
            has_left: false,
            key: self.idempotency_key(request)?,
            hidden: Mask::default(),
        };
        Ok((call, api_call))
    }
}

impl Client {
    fn idempotency_key(&self, request: &Request) -> Result<Option<HeaderValue>> {
        let Some(key) = request.key_of_call() else { return Ok(None) };
        match self.provider.idempotency_header.value(&key) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::configuration(BAD_KEY)),
        }
    }
}

impl ApiCall<'_, '_> {
    /// Sends once with this token and no other, and shows nothing of what is `hidden`.
    pub(crate) fn pin(&mut self, token: AccessToken, hidden: Mask) {
        self.token = Some(token);
        self.hidden = hidden;
        self.is_pinned = true;
    }

    /// Gets the token for an attempt: the client's, or a newer one than was refused.
    fn authorize(&mut self, call: &mut Call<'_>) -> Attempt<()> {
        if !self.with_token || self.is_pinned {
            return Ok(());
        }
        let refused = self.refused.as_ref().map(|(token, _)| token);
        self.token = self.client.tokens.fresh(refused, &call.now);
        if self.token.is_some() {
            return Ok(());
        }
        let (policy, acted) = (self.policy, Some(call.acted));
        let purpose = Purpose { end: call.end, policy, refused, acted };
        let token = self.client.tokens.token(&self.client.caller, &purpose)?;
        call.now = self.client.caller.now();
        if let Some((refused, refusal)) = &self.refused
            && refused.is_same(&token)
        {
            // Gateways cache token answers: asking again would not help.
            self.client.tokens.refusals.token_refused(&token, true, call.key(), &call.now);
            let (kind, advice) = (ErrorKind::Credentials, SAME_TOKEN.to_owned());
            let refusal = refusal.clone();
            return Err(Refusal { kind, advice, passing: None, remedy: None, ..refusal }.into());
        }
        self.token = Some(token);
        Ok(())
    }

    /// A token that is fresh at a time when the server wants to be asked.
    pub(crate) fn make_ready(&mut self, call: &mut Call<'_>) -> Attempt<()> {
        let kept = &self.client.tokens.kept;
        // Only the API is paced, and each attempt once.
        let mut is_paced = !url::is_same_origin(&call.uri, &self.client.provider.base_url);
        loop {
            self.authorize(call)?;
            if !kept.may_go(call)? {
                continue;
            }
            if is_paced || !kept.keep_pace(call)? {
                return Ok(());
            }
            is_paced = true;
        }
    }

    pub(crate) fn exchange(&mut self, call: &mut Call<'_>) -> Attempt<Response> {
        let client = self.client;
        let (idle_timeout, idle_setting) = match self.request.idle_timeout {
            Some(timeout) => (timeout, "Request::with_idle_timeout"),
            None => {
                (client.caller.transport.connection.idle_timeout, "Connection::with_idle_timeout")
            }
        };
        let hides_more =
            self.is_pinned || self.refused.is_some() || !self.request.headers.is_empty();
        let mask = match &self.token {
            // Made once.
            Some(token) if !hides_more => token.mask().clone(),
            _ => self.mask(call),
        };
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers: self.headers(),
            body: body(self.request),
            sink: self.writer.as_deref_mut(),
            expects: call.expects,
            time_left: call.time_left(),
            end_left: self.policy.until_end_time(&call.now),
            idle_timeout,
            idle_setting,
            body_limit: client.body_limit,
            body_setting: "Client::with_body_limit",
        };
        let response = call.send(outgoing, mask);
        call.now = client.caller.now();
        if let Some(paces) = &client.caller.paces {
            paces.answered(call.now.monotonic);
        }
        let response = response?;
        Ok(response)
    }

    /// Of the API, if anybody listens.
    pub(crate) fn tell_deprecation(&self, call: &Call<'_>, response: &Response) {
        if call.caller.observer.is_none() {
            return;
        }
        let event = call.caller.deprecations.first(|| call.key(), || call.target(), response);
        if let Some(event) = event {
            call.caller.emit(|| event);
        }
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.request.headers.clone();
        if let Some(key) = &self.key {
            headers.insert(self.client.provider.idempotency_header.name.clone(), key.clone());
        }
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.header());
        } else if self.has_left {
            // What the caller meant for one origin is not for another.
            headers.remove(AUTHORIZATION);
            headers.remove(COOKIE);
        }
        headers
    }

    /// Remembers what a refusal says about the token, for this call and for later ones: they
    /// must not each repeat a renewal that was futile.
    pub(crate) fn token_remedy(&mut self, call: &Call<'_>, response: &Response) -> Option<Remedy> {
        let token = self.token.as_ref()?;
        let Some(why) = response.token_refusal() else {
            if matches!(response.status.as_u16(), ..400 | 404 | 409..=422) {
                self.token_accepted(call);
            }
            return None;
        };
        let may_ripen = why != TokenRefusal::Invalid && token.is_new(&call.now);
        self.is_too_early = may_ripen && why == TokenRefusal::NotYetValid;
        // What only says that it is not active may have been revoked as well.
        let was_early = self.has_ripened && why != TokenRefusal::NotActive;
        if may_ripen && !self.has_ripened {
            self.has_ripened = true;
            return Some(Remedy::Ripen);
        }
        let is_renewed = self.refused.is_some();
        let refusals = &self.client.tokens.refusals;
        let is_futile = refusals.token_refused(token, is_renewed, call.key(), &call.now);
        let lacks_scope = Bearer::of(&response.headers).is_some_and(|it| it.lacks_scope());
        self.renewal_is_futile = is_futile || lacks_scope;
        let may_renew = !self.renewal_is_futile && !is_renewed && !self.is_pinned && !was_early;
        may_renew.then_some(Remedy::Renew)
    }

    pub(crate) fn token_accepted(&self, call: &Call<'_>) {
        if let Some(token) = &self.token {
            let refusals = &self.client.tokens.refusals;
            refusals.token_accepted(token, || call.key(), &call.now);
        }
    }

    /// Remembers what an answer says about waiting, here and in the store.
    pub(crate) fn note(&self, call: &mut Call<'_>, refusal: Option<&Refusal>) {
        let Some(change) = call.note(refusal) else { return };
        // What is left of the deadline besides the wait itself, which is not kept if it does
        // not fit.
        let left = call.time_left();
        let wait = refusal.and_then(|refusal| refusal.answer.retry_after).unwrap_or_default();
        let left = left.checked_sub(wait).unwrap_or(left);
        self.client.tokens.kept.share(call.caller, left, |entry| {
            entry.with_cooldowns(&call.now, |stored| change.clone().apply(stored));
        });
    }

    /// What was sent that must not be shown.
    fn mask(&self, call: &Call<'_>) -> Mask {
        let refused = self.refused.iter().map(|(token, _)| token);
        let tokens = self.token.iter().chain(refused).map(|token| token.as_str().to_owned());
        // A presigned URL is as good as a token, and its signature is in the query.
        let is_presigned = self.token.is_none() && !self.with_token;
        let query = call.uri.query().filter(|_| is_presigned).unwrap_or_default();
        let headers = secret_values(&self.request.headers);
        self.hidden.and(tokens.chain(url::long_values(query)).chain(headers))
    }
}

/// A POST, PUT or PATCH without a body says so with `Content-Length: 0`: RFC 9110 §8.6.
pub(crate) fn body(request: &Request) -> Option<RequestBody<'_>> {
    match &request.body {
        Body::Bytes(bytes) => Some(RequestBody::Bytes(bytes)),
        Body::File(path) => Some(RequestBody::File(path)),
        Body::Empty if matches!(request.method.as_str(), "POST" | "PUT" | "PATCH") => {
            Some(RequestBody::Bytes(&[]))
        }
        Body::Empty => None,
    }
}

/// The values of the caller's own headers whose names say that they are secret: whole, the
/// values in a cookie, and what follows a scheme.
fn secret_values(headers: &HeaderMap) -> Vec<String> {
    let named = headers.iter().filter(|(name, _)| is_secret_header(name.as_str()));
    let values = named.filter_map(|(_, value)| value.to_str().ok());
    let parts = values.flat_map(|value| {
        let right = value.split([';', ',', ' ']).filter_map(|pair| Some(pair.split_once('=')?.1));
        let credentials = value.split_once(' ').map(|(_, credentials)| credentials);
        // The parts first, so that the names between them stay.
        right.chain(credentials).chain([value]).map(str::to_owned).collect::<Vec<_>>()
    });
    parts.filter(|part| part.len() >= SHORTEST_VALUE).collect()
}

const SAME_TOKEN: &str = "the token endpoint returned the same token that was refused: a gateway may have cached its answer";
const BAD_KEY: &str = "the idempotency key is empty, or has a character that a header cannot have";
