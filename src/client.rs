//! The client: one loop that does IO, and the token it keeps.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::call::Call;
use crate::clock::{Clock, Moment, SystemClock};
use crate::credentials::{Credentials, Unreadable};
use crate::error::{Class, Error, Result, Sent, TokenError};
use crate::event::{Event, Stats, WaitReason};
use crate::provider::Provider;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{Endpoint, Rejection, RetryPolicy, Verdict, judge};
use crate::store::{Ahead, MemoryStore, Wish};
use crate::token::{self, AccessToken};
use crate::transport::{Outgoing, Transport};
use crate::url::Origin;

/// A blocking client for one API behind the client-credentials grant (RFC 6749 §4.4).
///
/// It fetches a token at the first call, renews it before it expires, waits when the
/// server says so, and repeats what may be repeated: see [`RetryPolicy`] and
/// [`Request::safe_to_repeat`].
///
/// `Send`, but not `Sync`: one thread uses a client. **Give each further thread a
/// clone**: clones share the connections, the token and the waits that servers asked for,
/// so that sixteen of them buy one token; each counts its own [`Stats`].
///
/// ```no_run
/// use unattended::{Client, Credentials, Provider};
///
/// let provider = Provider::cognito("auth-provider-dev", "eu-west-1", "https://api.example.com")?
///     .with_scope("api/write");
/// let client = Client::new(provider, Credentials::from_env("ORDERS")?)?;
/// let order: serde_json::Value = client.get("/orders/42")?.json()?;
/// # Ok::<(), unattended::Error>(())
/// ```
pub struct Client {
    pub(crate) provider: Arc<Provider>,
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) transport: Transport,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<Observer>>,
    pub(crate) policy: RetryPolicy,
    pub(crate) end_time: Option<SystemTime>,
    pub(crate) margin: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) token_idle_timeout: Duration,
    pub(crate) body_limit: u64,
    token: RefCell<Option<AccessToken>>,
    stats: Cell<Stats>,
}

type Observer = dyn Fn(&Event) + Send + Sync;

impl Client {
    /// A client for `provider` with the defaults that each setting states.
    ///
    /// Nothing is sent before the first call.
    ///
    /// # Errors
    ///
    /// A configuration error if the credentials cannot be right.
    pub fn new(provider: Provider, credentials: Credentials) -> Result<Self> {
        credentials.check()?;
        Ok(Self {
            provider: Arc::new(provider),
            credentials,
            store: Arc::default(),
            transport: Transport::new(),
            clock: Arc::new(SystemClock),
            observer: None,
            policy: RetryPolicy::default(),
            end_time: None,
            margin: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(120),
            token_idle_timeout: Duration::from_secs(30),
            body_limit: 64 * 1024 * 1024,
            token: RefCell::new(None),
            stats: Cell::default(),
        })
    }

    /// Sends a request and returns the answer once it is a success.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Whether the server may have acted is told by [`Error::sent`].
    pub fn send(&self, request: &Request) -> Result<Response> {
        let uri = request.resolve(&self.provider.base_url)?;
        let policy = request.policy.unwrap_or(self.policy);
        let mut call = Call::to_api(request, uri, policy.retries, self.end_of(policy.deadline));
        self.run(&mut call)
    }

    /// GET, by path or URL; [`send`](Self::send) for more.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn get(&self, path: &str) -> Result<Response> {
        self.send(&Request::get(path))
    }

    /// HEAD, by path or URL.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn head(&self, path: &str) -> Result<Response> {
        self.send(&Request::head(path))
    }

    /// DELETE, by path or URL.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn delete(&self, path: &str) -> Result<Response> {
        self.send(&Request::delete(path))
    }

    /// POST with a JSON body; [`send`](Self::send) for other bodies or none.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn post(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::post(path).json(json))
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn put(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::put(path).json(json))
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn patch(&self, path: &str, json: &impl Serialize) -> Result<Response> {
        self.send(&Request::patch(path).json(json))
    }

    /// The token that the next call would use: fetched if there is none, renewed if it is
    /// about to expire.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn access_token(&self) -> Result<AccessToken> {
        self.token(self.end_of(self.policy.deadline), None)
    }

    /// Blocks for `duration` on the client's clock: for a job that is polled, say.
    pub fn wait(&self, duration: Duration) {
        self.clock.sleep(duration);
    }

    /// The counters of this client; its clones have their own.
    pub fn stats(&self) -> Stats {
        self.stats.get()
    }

    /// The loop: one exchange, one verdict, until there is an answer or an error.
    fn run(&self, call: &mut Call<'_>) -> Result<Response> {
        loop {
            self.keep_wishes(call)?;
            let outcome = match call.endpoint {
                Endpoint::Api => {
                    self.authorise(call)?;
                    self.exchange(call)
                }
                Endpoint::Token => self.ask_for_token(call),
            };
            let now = self.now();
            let situation = call.situation(&now, jitter());
            let oauth = call.oauth_code(&outcome);
            let verdict = judge(call.outcome(&outcome, oauth.as_deref()), &situation);
            self.remember(call, &outcome, now);
            match verdict {
                Verdict::Accept => return outcome,
                Verdict::Follow => call.follow(outcome?)?,
                Verdict::Reauthorize => self.reauthorize(call, outcome?),
                Verdict::Wait(wait) => self.wait_out(call, &outcome, wait),
                Verdict::Reject(rejection) => return Err(self.reject(call, outcome, rejection)),
            }
        }
    }

    /// Waits until no remembered wish of the server's stands against the call.
    fn keep_wishes(&self, call: &mut Call<'_>) -> Result<()> {
        loop {
            let now = self.now();
            let left = call.time_left(&now);
            match self.store.ahead(call.endpoint, &call.method, &call.uri, &now, left) {
                Ahead::Clear => return Ok(()),
                Ahead::TooLong(wait, answer) => return Err(call.unsent(wait, left, answer)),
                Ahead::Wait(wait, answer) if !call.is_patient => {
                    return Err(call.unsent(wait, left, answer));
                }
                Ahead::Wait(wait, answer) => {
                    let reason = || WaitReason::Remembered(answer);
                    self.pause(call, self.staggered(wait, left), reason);
                }
            }
        }
    }

    /// Puts a token to the call: the client's, or a newer one than was refused.
    fn authorise(&self, call: &mut Call<'_>) -> Result<()> {
        if !call.with_token || call.token.is_some() {
            return Ok(());
        }
        let token = match &call.refused {
            None => self.token(call.end, None)?,
            Some((refused, refusal)) => {
                let token = self.token(call.end, Some(refused))?;
                if refused.is_same(&token) {
                    // Gateways cache token answers: asking again would not help.
                    return Err(call.same_token_again(refusal));
                }
                token
            }
        };
        call.token = Some(token);
        Ok(())
    }

    fn exchange(&self, call: &Call<'_>) -> Result<Response> {
        let idle_timeout = call.idle_timeout.unwrap_or(self.idle_timeout);
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers: call.headers(),
            body: call.body(),
            time_left: call.time_left(&self.now()),
            idle_timeout,
            idle_setting: "Client::with_idle_timeout",
            body_limit: self.body_limit,
        };
        self.send_out(call, outgoing)
    }

    /// The token request, with the credentials as they are now.
    fn ask_for_token(&self, call: &mut Call<'_>) -> Result<Response> {
        let identity = self.credentials.read().map_err(|why| self.unreadable(call, why))?;
        let now = self.now();
        if let Some(error) = self.store.was_refused(&identity, &now) {
            return Err(Error::Token(Box::new(error)));
        }
        let (headers, body) = token::request(&self.provider, &identity)?;
        call.sent_at = now;
        call.identity = Some(identity);
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers,
            body: Some(body.as_bytes()),
            time_left: call.time_left(&now),
            idle_timeout: self.token_idle_timeout,
            idle_setting: "Client::with_token_idle_timeout",
            body_limit: TOKEN_ANSWER_LIMIT,
        };
        self.send_out(call, outgoing)
    }

    fn send_out(&self, call: &Call<'_>, mut outgoing: Outgoing<'_>) -> Result<Response> {
        self.count(|stats| stats.requests += 1);
        let incoming = self.transport.exchange(&mut outgoing)?;
        Ok(Response {
            status: incoming.status,
            headers: incoming.headers,
            body: incoming.body,
            method: call.method.clone(),
            uri: call.uri.clone(),
            now: self.clock.now(),
            token: call.token.as_ref().map(AccessToken::masking),
        })
    }

    fn unreadable(&self, call: &Call<'_>, why: Unreadable) -> Error {
        match why {
            Unreadable::Wrong(error) => error,
            Unreadable::Failed(cause) => Error::Token(Box::new(TokenError {
                place: call.place(),
                message: format!(
                    "the credentials function failed: {}",
                    crate::secret::mask_opaque::<&str>(&cause.to_string(), &[])
                ),
                answer: None,
                sent: Sent::No,
                class: Class::Temporary,
                attempts: 1,
            })),
        }
    }

    /// The client's token while it is fresh, else the store's, else a new one.
    fn token(&self, end: Duration, refused: Option<&AccessToken>) -> Result<AccessToken> {
        let now = self.now();
        let is_wanted = |token: &AccessToken| refused.is_none_or(|refused| !refused.is_same(token));
        let is_usable = |token: &AccessToken| is_wanted(token) && token.is_fresh(self.margin, &now);
        let own = self.token.borrow().clone();
        if let Some(token) = own.as_ref().filter(|token| is_usable(token)) {
            return Ok(token.clone());
        }
        let patience = end.saturating_sub(now.monotonic) / 2;
        let (token, event) = self.store.update(patience.min(LONGEST_TURN), |stored| {
            if let Some(token) = stored.as_ref().filter(|token| is_usable(token)) {
                let left = token.lifetime().and_then(|_| token.left(&now));
                let event = Some(Event::TokenReused { left });
                return (stored.clone(), Ok((token.clone(), event)));
            }
            let is_renewal = own.is_some() || stored.is_some();
            // The stored one may be younger: by now another clone may have renewed it.
            let old = stored.or(own).filter(|token| is_wanted(token));
            let renewed = self.renew(end, old.clone(), is_renewal);
            let kept = renewed.as_ref().map_or(old, |(token, _)| Some(token.clone()));
            (kept, renewed)
        })?;
        *self.token.borrow_mut() = Some(token.clone());
        if let Some(event) = event {
            self.emit(|| event);
        }
        Ok(token)
    }

    /// A new token; or the old one, if it is still good and the renewal fails for a
    /// passing reason.
    fn renew(
        &self,
        end: Duration,
        old: Option<AccessToken>,
        is_renewal: bool,
    ) -> Result<(AccessToken, Option<Event>)> {
        let now = self.now();
        let mut call = Call::to_token_endpoint(&self.provider, self.policy.retries, end);
        let still_good = old.and_then(|old| old.left(&now).map(|left| (old, left)));
        let Some((old, left)) = still_good else {
            return self.fetch(call, is_renewal);
        };
        if self.store.renewal_failed_lately(&now) {
            return Ok((old, None));
        }
        // There is no hurry yet: one attempt, which ends while the old token lives.
        call.end = call.end.min(now.monotonic + left / 2);
        call.retries_left = 0;
        call.is_patient = false;
        match self.fetch(call, is_renewal) {
            Err(error) if error.is_temporary() => {
                self.store.renewal_failed(now);
                let error = error.to_string();
                Ok((old, Some(Event::OldTokenKept { left, error })))
            }
            fetched => fetched,
        }
    }

    fn fetch(&self, mut call: Call<'_>, renewal: bool) -> Result<(AccessToken, Option<Event>)> {
        let response = self.run(&mut call)?;
        let token = token::read(&response, call.sent_at, &call.secrets())?;
        self.count(|stats| stats.tokens_fetched += 1);
        let event =
            Event::TokenFetched { place: call.place(), lifetime: token.lifetime(), renewal };
        Ok((token, Some(event)))
    }

    fn reauthorize(&self, call: &mut Call<'_>, response: Response) {
        self.emit(|| Event::TokenRefused { place: call.place() });
        if let Some(token) = call.token.take() {
            call.refused = Some((token, response));
        }
    }

    /// Keeps in mind what the server asked for, for the calls to come.
    fn remember(&self, call: &Call<'_>, outcome: &Result<Response>, now: Moment) {
        let Ok(response) = outcome else { return };
        let is_refusal = matches!(response.status.as_u16(), 408 | 429 | 500..);
        let asked = response.retry_after().filter(|wait| is_refusal && !wait.is_zero());
        if let Some(wait) = asked {
            self.store.remember(Wish {
                endpoint: call.endpoint,
                origin: Origin::of(&call.uri),
                method: call.method.clone(),
                path: call.uri.path().to_owned(),
                since: now,
                wait,
                answer: response.answer(&call.secrets()),
            });
        }
    }

    fn wait_out(&self, call: &mut Call<'_>, outcome: &Result<Response>, wait: Duration) {
        call.count_retry(outcome);
        let left = call.time_left(&self.now());
        let asked = outcome.as_ref().is_ok_and(|response| response.retry_after().is_some());
        let wait = if asked { self.staggered(wait, left) } else { wait };
        self.pause(call, wait, || call.wait_reason(outcome));
        self.count(|stats| stats.retries += 1);
        self.emit(|| Event::Retrying { place: call.place(), attempt: call.attempt });
    }

    /// A wait that clones share is followed by a jitter, lest they all come back at once.
    fn staggered(&self, wait: Duration, left: Duration) -> Duration {
        if Arc::strong_count(&self.store) == 1 || wait.is_zero() {
            return wait;
        }
        let later = wait + (wait / 10).min(LONGEST_STAGGER).mul_f64(jitter());
        if later < left { later } else { wait }
    }

    fn pause(&self, call: &Call<'_>, wait: Duration, reason: impl FnOnce() -> WaitReason) {
        if wait.is_zero() {
            return;
        }
        self.emit(|| Event::Waiting {
            place: call.place(),
            wait,
            reason: reason(),
            attempt: call.attempt,
        });
        self.clock.sleep(wait);
        self.count(|stats| stats.waited += wait);
    }

    fn reject(&self, call: &Call<'_>, outcome: Result<Response>, rejection: Rejection) -> Error {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return call.broken(error, rejection),
        };
        let Some(identity) = &call.identity else {
            return call.refused_by_api(&response, rejection);
        };
        let answer = response.answer(&call.secrets());
        let is_unknown = answer.code.as_deref() == Some("invalid_client");
        let error = call.refused_by_token_endpoint(answer, &self.provider, identity, rejection);
        if is_unknown {
            self.store.refuse(identity.clone(), self.now(), error.clone());
        }
        Error::Token(Box::new(error))
    }

    /// When a call that may take `deadline` must be over, on the monotonic clock.
    fn end_of(&self, deadline: Duration) -> Duration {
        let now = self.now();
        let until_end = self
            .end_time
            .map_or(Duration::MAX, |end| end.duration_since(now.wall).unwrap_or_default());
        now.monotonic.saturating_add(deadline.min(until_end))
    }

    fn now(&self) -> Moment {
        Moment::read(&*self.clock)
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer(&event());
        }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        let mut stats = self.stats.get();
        change(&mut stats);
        self.stats.set(stats);
    }
}

/// Shares connections, token and the servers' wishes; counts its own [`Stats`].
impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            provider: self.provider.clone(),
            credentials: self.credentials.clone(),
            store: self.store.clone(),
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            observer: self.observer.clone(),
            token: self.token.clone(),
            stats: Cell::default(),
            ..*self
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.provider)
            .field("credentials", &self.credentials)
            .field("policy", &self.policy)
            .field("stats", &self.stats.get())
            .finish_non_exhaustive()
    }
}

/// Uniform in 0 to 1, from the only random source of the standard library.
fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8) >> 11;
    random as f64 / (1_u64 << 53) as f64
}

const TOKEN_ANSWER_LIMIT: u64 = 1024 * 1024;
/// How long a clone waits at most for another clone's token request.
const LONGEST_TURN: Duration = Duration::from_secs(60);
const LONGEST_STAGGER: Duration = Duration::from_secs(1);
