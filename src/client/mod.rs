//! The client: one loop that does IO, and the token it keeps.

pub(crate) mod waiting;
pub(crate) mod renewal;
pub(crate) mod authorization;
pub(crate) mod revocation;
pub(crate) mod download;
pub(crate) mod verbs;
pub(crate) mod settings;
pub(crate) mod discovery;
pub(crate) mod report;
pub(crate) mod diagnose;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::call::state::Call;
use crate::clock::{Clock, Moment, SystemClock};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::event::{Event, Stats};
use crate::provider::Provider;
use crate::request::Request;
use crate::response::Response;
use crate::retry::{Rejection, RetryPolicy, Verdict};
use crate::token::access_token::AccessToken;
use crate::token::cooldowns::Cooldowns;
use crate::token::memory::MemoryStore;
use crate::token::store::TokenStore;
use crate::wire::download_writer::DownloadWriter;
use crate::wire::failure::Broken;
use crate::wire::message::Outgoing;
use crate::wire::transport::Transport;

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
///
/// std::thread::scope(|scope| {
///     for orders in [1..50, 50..100] {
///         let client = client.clone();
///         scope.spawn(move || {
///             for number in orders {
///                 println!("{:?}", client.get(&format!("/orders/{number}")));
///             }
///         });
///     }
/// });
/// # Ok::<(), unattended::Error>(())
/// ```
pub struct Client {
    pub(crate) provider: Arc<Provider>,
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<dyn TokenStore>,
    /// The user set the store: others may look into it.
    pub(crate) is_store_shared: bool,
    /// Under which the store keeps the token; known after the first look at it.
    pub(crate) key: RefCell<Option<Arc<str>>>,
    pub(crate) cooldowns: Arc<Cooldowns>,
    pub(crate) transport: Transport,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<Observer>>,
    pub(crate) policy: RetryPolicy,
    pub(crate) end_time: Option<SystemTime>,
    pub(crate) margin: Duration,
    pub(crate) token_idle_timeout: Duration,
    pub(crate) body_limit: u64,
    pub(crate) token: RefCell<Option<AccessToken>>,
    stats: Cell<Stats>,
}

type Observer = dyn Fn(&Event) + Send + Sync;

/// What came of an attempt.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment and is nearly always the large one"
)]
pub(crate) enum Arrival<T> {
    /// What the call was for.
    Ready(T),
    /// An answer or a failure, to be judged.
    Outcome(Result<Response>),
}

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
        Ok(Self::unchecked(provider, credentials))
    }

    /// As [`new`](Self::new): the credentials are looked at when a token is needed.
    pub(crate) fn unchecked(provider: Provider, credentials: Credentials) -> Self {
        Self {
            provider: Arc::new(provider),
            credentials,
            store: Arc::new(MemoryStore::new()),
            is_store_shared: false,
            key: RefCell::new(None),
            cooldowns: Arc::default(),
            transport: Transport::new(),
            clock: Arc::new(SystemClock),
            observer: None,
            policy: RetryPolicy::default(),
            end_time: None,
            margin: Duration::from_secs(30),
            token_idle_timeout: Duration::from_secs(30),
            body_limit: 64 * 1024 * 1024,
            token: RefCell::new(None),
            stats: Cell::default(),
        }
    }

    /// Sends a request and returns the answer once it is a success.
    ///
    /// # Errors
    ///
    /// See [`Error`]. Whether the server may have acted is told by [`Error::delivery`].
    pub fn send(&self, request: &Request) -> Result<Response> {
        let mut call = self.call(request)?;
        let exchange = |call: &mut Call<'_>| {
            self.authorize_and_wait(call)?;
            Ok(Arrival::Outcome(self.exchange(call, None)))
        };
        let result = self.run(&mut call, exchange, |_, response| Ok(response));
        result.map_err(|error| call.ended(error))
    }

    pub(crate) fn call<'a>(&self, request: &'a Request) -> Result<Call<'a>> {
        let uri = request.resolve(&self.provider.base_url)?;
        let policy = request.policy.unwrap_or(self.policy);
        let now = self.now();
        Ok(Call::to_api(request, uri, policy.retries, now, self.end_of(policy.deadline, &now)))
    }

    /// Blocks for `duration` on the client's clock: for a job that is polled, say.
    pub fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }

    /// The counters of this client; its clones have their own.
    pub fn stats(&self) -> Stats {
        self.stats.get()
    }

    /// The loop: one exchange, one verdict, until there is an answer or an error.
    pub(crate) fn run<T>(
        &self,
        call: &mut Call<'_>,
        mut exchange: impl FnMut(&mut Call<'_>) -> Result<Arrival<T>>,
        accept: impl Fn(&Call<'_>, Response) -> Result<T>,
    ) -> Result<T> {
        loop {
            let outcome = match exchange(call)? {
                Arrival::Ready(ready) => return Ok(ready),
                Arrival::Outcome(outcome) => outcome,
            };
            call.now = self.now();
            self.note_token_outcome(call, &outcome);
            let verdict = call.verdict(&outcome);
            self.remember(call, &outcome, verdict);
            match verdict {
                Verdict::Accept => return accept(call, outcome?),
                Verdict::Follow => call.follow(outcome?)?,
                Verdict::Reauthorize => {
                    call.note_attempt(&outcome);
                    self.reauthorize(call, outcome?);
                }
                Verdict::Wait(wait) => self.wait_out(call, &outcome, wait),
                Verdict::Reject(rejection) => return Err(self.reject(call, outcome, rejection)),
            }
        }
    }

    /// A token that is fresh at a time when the server wants to be asked.
    pub(crate) fn authorize_and_wait(&self, call: &mut Call<'_>) -> Result<()> {
        self.authorize(call)?;
        while self.wait_for_cooldown(call)? {
            self.authorize(call)?;
        }
        Ok(())
    }

    /// One attempt at the API; what it delivers goes to `sink` if there is one.
    pub(crate) fn exchange(
        &self,
        call: &Call<'_>,
        sink: Option<&mut DownloadWriter<'_>>,
    ) -> Result<Response> {
        let (idle_timeout, idle_setting) = match call.idle_timeout {
            Some(timeout) => (timeout, "Request::with_idle_timeout"),
            None => (self.transport.timeouts.idle, "Client::with_idle_timeout"),
        };
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers: call.headers(),
            body: call.body(),
            sink,
            expects: call.expects,
            time_left: call.time_left(),
            end_left: self
                .end_time
                .map(|end| end.duration_since(call.now.wall).unwrap_or_default()),
            idle_timeout,
            idle_setting,
            body_limit: self.body_limit,
            body_setting: "Client::with_body_limit",
        };
        self.send_out(call, outgoing)
    }

    pub(crate) fn send_out(
        &self,
        call: &Call<'_>,
        mut outgoing: Outgoing<'_, '_>,
    ) -> Result<Response> {
        self.count(|stats| stats.requests += 1);
        let incoming = self.transport.exchange(&mut outgoing).map_err(|failure| {
            call.broken.set(Broken::of(&failure));
            failure.into_error(call.target(), 1)
        })?;
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

    fn reject(&self, call: &Call<'_>, outcome: Result<Response>, rejection: Rejection) -> Error {
        let response = match outcome {
            Ok(response) => response,
            Err(error) => return call.broken(error, &self.provider, rejection),
        };
        let Some(identity) = &call.identity else {
            return call.refused_by_api(&response, &self.provider, rejection);
        };
        let answer = call.answer(&response);
        let error = call.refused_by_token_endpoint(answer, &self.provider, identity, rejection);
        Error::Token(Box::new(error))
    }

    /// When a call that may take `deadline` must be over, on the monotonic clock.
    pub(crate) fn end_of(&self, deadline: Duration, now: &Moment) -> Duration {
        let until_end = self
            .end_time
            .map_or(Duration::MAX, |end| end.duration_since(now.wall).unwrap_or_default());
        now.monotonic.saturating_add(deadline.min(until_end))
    }

    pub(crate) fn now(&self) -> Moment {
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

/// Shares connections, token and the servers' cooldowns; counts its own [`Stats`].
impl Clone for Client {
    fn clone(&self) -> Self {
        Self {
            provider: self.provider.clone(),
            credentials: self.credentials.clone(),
            store: self.store.clone(),
            key: self.key.clone(),
            cooldowns: self.cooldowns.clone(),
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
