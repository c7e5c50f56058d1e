//! The client: calls to one API, and the token that it keeps for them.

pub(crate) mod auth;
pub(crate) mod refusal;
pub(crate) mod send;
pub(crate) mod download;
pub(crate) mod revocation;
pub(crate) mod settings;
pub(crate) mod discovery;
pub(crate) mod report;
pub(crate) mod diagnose;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::call::caller::Caller;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::provider::Provider;
use crate::retry::RetryPolicy;
use crate::stats::Stats;
use crate::token::source::TokenSource;

/// A blocking client for one API behind the client-credentials grant (RFC 6749 §4.4).
///
/// It fetches a token at the first call, renews it before it expires, and waits when the server
/// says so. [`RetryPolicy`] and [`Request::safe_to_repeat`](crate::Request::safe_to_repeat) say
/// what it repeats.
///
/// `Send`, but not `Sync`: one thread uses a client. **Give each further thread a
/// clone**: clones share the connections, the token and the waits that servers asked for. So
/// sixteen of them buy one token. Each counts its own [`Stats`].
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
#[derive(Clone)]
pub struct Client {
    pub(crate) provider: Arc<Provider>,
    pub(crate) tokens: TokenSource,
    pub(crate) caller: Caller,
    pub(crate) policy: RetryPolicy,
    pub(crate) body_limit: u64,
}

impl Client {
    /// A client for `provider` with the defaults that each setting states.
    ///
    /// Nothing is sent before the first call.
    ///
    /// # Errors
    ///
    /// A configuration error if the credentials cannot be right, or the provider wants another
    /// [`AuthMethod`](crate::AuthMethod) than they can do.
    pub fn new(provider: Provider, credentials: Credentials) -> Result<Self> {
        credentials.check()?;
        provider.method_for(&credentials.proof()).map_err(Error::configuration)?;
        Ok(Self::unchecked(provider, credentials))
    }

    /// As [`new`](Self::new): the credentials are looked at when a token is needed.
    pub(crate) fn unchecked(provider: Provider, credentials: Credentials) -> Self {
        let provider = Arc::new(provider);
        Self {
            tokens: TokenSource::new(credentials),
            caller: Caller::new(provider.clone()),
            provider,
            policy: RetryPolicy::default(),
            body_limit: 64 * 1024 * 1024,
        }
    }

    /// Blocks for `duration` on the client's clock: for a job that is polled, say. Ends early if
    /// the program asks to [stop](Self::with_stop).
    pub fn sleep(&self, duration: Duration) {
        self.caller.wait(duration);
    }

    /// The counters of this client, those of pages [ahead](crate::Items::with_read_ahead) included;
    /// its clones have their own.
    pub fn stats(&self) -> Stats {
        self.caller.stats()
    }

    /// Forgets the waits that servers asked this client for, here and in its store: the next
    /// call is sent at once. For a wait that a server named by mistake. Programs that start
    /// later with the same store do not find it; those that run already keep what they know.
    ///
    /// # Errors
    ///
    /// If the store cannot be changed, or the credentials that name the place in it cannot
    /// be read. The client itself has forgotten then as well.
    pub fn forget_cooldowns(&self) -> Result<()> {
        self.caller.cooldowns.clear();
        self.tokens.forget_cooldowns(&self.caller)
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        self.caller.emit(event);
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        self.caller.count(change);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("provider", &self.provider)
            .field("credentials", &self.tokens.kept.credentials)
            .field("policy", &self.policy)
            .field("stats", &self.caller.stats())
            .finish_non_exhaustive()
    }
}
