//! What can be set about a client; each setting states its default.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::client::Client;
use crate::clock::Clock;
use crate::error::Result;
use crate::event::Event;
use crate::retry::RetryPolicy;
use crate::token::store::TokenStore;
use crate::wire::failure::Failure;
use crate::wire::proxy::ProxySetting;

impl Client {
    /// Retries and deadline of each call; default: [`RetryPolicy::default`].
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self.transport.timeouts.global = policy.deadline;
        self
    }

    /// A time that no call passes, whatever its deadline; default: none. For a job that
    /// must be over before the next one starts.
    pub fn with_end_time(mut self, end: SystemTime) -> Self {
        self.end_time = Some(end);
        self
    }

    /// How long before its end a token is renewed; default 30 s, and never more than a
    /// quarter of its life. A large value, such as [`Duration::MAX`], thus means
    /// "renew at 75 % of the life", as AWS advises.
    pub fn with_renewal_margin(mut self, margin: Duration) -> Self {
        self.margin = margin;
        self
    }

    /// How long a connection may take, the name look-up apart; default 10 s.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.transport.timeouts.connect = timeout;
        self
    }

    /// How long the API may send nothing; default 120 s, since some pages take minutes.
    /// [`Request::with_idle_timeout`](crate::Request::with_idle_timeout) sets it for one
    /// request.
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.transport.timeouts.idle = timeout;
        self
    }

    /// How long the token endpoint may send nothing; default 30 s.
    pub fn with_token_idle_timeout(mut self, timeout: Duration) -> Self {
        self.token_idle_timeout = timeout;
        self
    }

    /// How many bytes of an answer are read at most, after decoding; default 64 MiB. More
    /// is an error.
    pub fn with_body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Called with each [`Event`]; default: nobody. No borrow of the client's is held
    /// while it runs; clones call the same closure from their threads.
    pub fn with_observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Where tokens are kept and shared; default: a [`MemoryStore`](crate::MemoryStore) of
    /// its own, which clones share unasked.
    pub fn with_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.store = Arc::new(store);
        self.is_store_shared = true;
        self
    }

    /// The clock; default [`SystemClock`](crate::SystemClock). A
    /// [`ManualClock`](crate::ManualClock) lets you test the waits of your program in no
    /// time.
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self.transport.set_clock(self.clock.clone());
        self
    }

    /// Trusts the certificates in this PEM text **instead of** all others, for API and token
    /// calls; default: those in the file that `SSL_CERT_FILE` names, else Mozilla's, as
    /// built in, or the system's where `with_platform_verifier` or `with_native_tls` is
    /// chosen. Verification cannot be switched off.
    ///
    /// # Errors
    ///
    /// A configuration error if there is no certificate, or one that cannot be used. In a
    /// build with both rustls and native-tls, one that only the other of them can use is
    /// found at the first call, since the choice may come later.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn with_root_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        self.transport.tls_mut().set_roots(pem.as_ref()).map_err(Failure::into_setting_error)?;
        Ok(self)
    }

    /// Shows this certificate (chain) to servers that ask for one (mutual TLS); PEM texts,
    /// which may be the same; default: none.
    ///
    /// # Errors
    ///
    /// A configuration error if they cannot be read or do not belong together; found at the
    /// first call where only the TLS library that is not chosen can use them.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn with_client_certificate(
        mut self,
        chain: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
    ) -> Result<Self> {
        let (chain, key) = (chain.as_ref(), private_key.as_ref());
        self.transport
            .tls_mut()
            .set_client_certificate(chain, key)
            .map_err(Failure::into_setting_error)?;
        Ok(self)
    }

    /// Trusts what the operating system trusts, for API and token calls; default: Mozilla's
    /// roots, as built in. For a company whose own authority is installed on its machines.
    ///
    /// On Windows and macOS the system itself judges; elsewhere its files of roots are read
    /// when connections are first made. Roots that are named,
    /// by [`with_root_certificates`](Client::with_root_certificates) or `SSL_CERT_FILE`,
    /// still replace the system's. Needs the feature `platform-verifier`: 3 more crates on
    /// Linux, no system library.
    #[cfg(feature = "platform-verifier")]
    pub fn with_platform_verifier(mut self) -> Self {
        self.transport.tls_mut().set_platform();
        self
    }

    /// TLS by the system's own library instead of rustls, for API and token calls: OpenSSL
    /// on Linux, SChannel on Windows, Secure Transport on macOS; default: rustls. For
    /// machines where that is a rule, and for keys that rustls does not know.
    ///
    /// It trusts what the operating system trusts, unless roots are named
    /// by [`with_root_certificates`](Client::with_root_certificates) or `SSL_CERT_FILE`; a
    /// named root must be the authority's own (self-signed) certificate, not one below it.
    /// The key of a client certificate must be in PKCS #8 form (`BEGIN PRIVATE KEY`).
    ///
    /// Needs the feature `native-tls`, which builds against OpenSSL on Linux (the packages
    /// `libssl-dev` and `pkg-config`) and needs nothing on Windows and macOS. On Linux it
    /// is 15 more crates, or 7 in place of rustls. Without the feature `rustls` this setting
    /// is still needed: the choice is never made by what other crates switch on.
    #[cfg(feature = "native-tls")]
    pub fn with_native_tls(mut self) -> Self {
        self.transport.tls_mut().set_native();
        self
    }

    /// Sends API and token calls through this HTTP proxy
    /// (`http://user:password@host:port`); default: the one of the environment variables
    /// `https_proxy` or `all_proxy` (also in upper case), but for the hosts of `no_proxy`.
    /// Calls to this machine never go through a proxy.
    ///
    /// `no_proxy` is a list of names, each with all names below it, of addresses and of
    /// networks (`10.0.0.0/8`), each with a port if need be; `*` is every host. An entry that
    /// cannot be read is a configuration error of the first call, and so is a variable with
    /// something else than a proxy.
    ///
    /// # Errors
    ///
    /// A configuration error if it is not an `http` or `https` proxy.
    pub fn with_proxy(mut self, url: &str) -> Result<Self> {
        self.transport.set_proxy(ProxySetting::parse(url).map_err(Failure::into_setting_error)?);
        Ok(self)
    }

    /// Uses no proxy, whatever the environment says.
    pub fn without_proxy(mut self) -> Self {
        self.transport.set_proxy(ProxySetting::Off);
        self
    }

    /// The `User-Agent` of API and token calls; default `unattended/` and the version.
    ///
    /// # Errors
    ///
    /// A configuration error if it is not a header value.
    pub fn with_user_agent(mut self, user_agent: &str) -> Result<Self> {
        self.transport.set_user_agent(user_agent).map_err(Failure::into_setting_error)?;
        Ok(self)
    }
}
