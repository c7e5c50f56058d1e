//! The settings of a client; each states its default.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::call::paces::Paces;
use crate::client::Client;
use crate::clock::Clock;
use crate::event::Event;
use crate::pace::Pace;
use crate::retry::RetryPolicy;
use crate::token::store::TokenStore;
use crate::wire::connection::Connection;

impl Client {
    /// Retries and deadline of each call; default: [`RetryPolicy::default`].
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self.caller.transport.deadline = policy.deadline;
        self
    }

    /// How long before its end a token is renewed; default 30 s, and never more than a
    /// quarter of its life. So a large value, such as [`Duration::MAX`], means "renew at 75 %
    /// of the life", as AWS advises.
    pub fn with_renewal_margin(mut self, margin: Duration) -> Self {
        self.tokens.margin = margin;
        self
    }

    /// How many bytes of an answer are read at most, after decoding; default 64 MiB. More
    /// is an error.
    pub fn with_body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = bytes;
        self
    }

    /// A closure that gets each [`Event`]; default: none. It may call the client itself; clones
    /// call the same closure from their threads.
    pub fn with_observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.caller.observer = Some(Arc::new(observer));
        self
    }

    /// Adds a pace, so that no call need be refused for a rate limit; may be called several times;
    /// default: none, since only the vendor knows it.
    ///
    /// Each attempt of a call to the base URL counts; tokens are not counted. Clones keep one
    /// pace together, and so do programs that share a [store](Self::with_store). Calls wait for
    /// their turn within their deadline, and say so in an [event](Event::Waiting).
    ///
    /// ```
    /// use unattended::Pace;
    ///
    /// # fn run(client: unattended::Client) {
    /// let client = client.with_pace(Pace::per_second(5)).with_pace(Pace::per_day(10_000));
    /// # }
    /// ```
    pub fn with_pace(mut self, pace: Pace) -> Self {
        let mut all = self.caller.paces.map_or_else(Vec::new, |paces| paces.all.clone());
        all.push(pace);
        self.caller.paces = Some(Arc::new(Paces::of(all)));
        self
    }

    /// A flag by which the program asks to stop, from the handler of a signal, say; default: none.
    ///
    /// Once it is set, waits end within a tenth of a second, and nothing more is sent. A call ends
    /// with an error of the kind [`Stopped`](crate::error::ErrorKind::Stopped). A walk over pages
    /// ends like that after the rows that it has, and keeps its [resume
    /// point](crate::Items::resume_point). An exchange that is under way is finished first.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// # fn run(client: unattended::Client) {
    /// let stop = Arc::new(AtomicBool::new(false));
    /// let client = client.with_stop(stop.clone());
    /// // In the handler:
    /// stop.store(true, Ordering::Relaxed);
    /// # }
    /// ```
    pub fn with_stop(mut self, flag: Arc<AtomicBool>) -> Self {
        self.caller.stop = Some(flag);
        self
    }

    /// Where tokens are kept and shared; default: a [`MemoryStore`](crate::MemoryStore) of
    /// the client and its clones.
    pub fn with_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.tokens.kept.store = Arc::new(store);
        self.caller.is_store_shared = true;
        self
    }

    /// The clock; default [`SystemClock`](crate::SystemClock). A
    /// [`ManualClock`](crate::ManualClock) lets you test the waits of your program in no
    /// time.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.caller.clock = Arc::new(clock);
        self.caller.transport.set_clock(self.caller.clock.clone());
        self
    }

    /// How servers are reached: roots, client certificate, TLS library, proxy, user agent,
    /// timeouts; default: [`Connection::new`].
    ///
    /// A clone that gets one that differs in its timeouts alone still shares open connections
    /// with the others. One that differs in anything else opens connections of its own.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use unattended::{Client, Connection};
    /// # fn run(client: Client) -> unattended::Result<()> {
    /// let client = client.with_connection(Connection::new().with_user_agent("nightly/1.2")?);
    /// let patient = client.connection().clone().with_idle_timeout(Duration::from_secs(600));
    /// let for_reports = client.clone().with_connection(patient);
    /// # Ok(()) }
    /// ```
    pub fn with_connection(mut self, connection: Connection) -> Self {
        let name = |connection: &Connection| connection.client_certificate_name();
        if name(&connection) != name(self.connection()) {
            // Its token may be bound to the certificate (RFC 8705 §3).
            self.tokens.kept.forget_own();
        }
        self.caller.transport.set_connection(connection);
        self
    }

    /// How servers are reached: what a clone that differs in one setting begins with.
    pub fn connection(&self) -> &Connection {
        &self.caller.transport.connection
    }
}
