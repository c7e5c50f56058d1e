//! How servers are reached, as a value: roots, client certificate, proxy, timeouts.

use std::fmt;
use std::time::Duration;

use ureq::http::HeaderValue;

use crate::error::Result;
use crate::wire::failure::{self, Failure};
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
use crate::wire::no_tls::NoTls as Tls;
use crate::wire::proxy::Route;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::wire::tls::Tls;

/// How a client reaches its servers: the roots it trusts, its certificate, the library that
/// does TLS, the proxy, the user agent, the timeouts.
///
/// It is one value for API and token calls alike: give it to a client by
/// [`Client::with_connection`](crate::Client::with_connection). The order of its settings does
/// not matter. Verification cannot be switched off.
///
/// ```no_run
/// use unattended::{Client, Connection, Credentials, Provider};
///
/// let connection = Connection::new()
///     .with_root_certificates(std::fs::read("company.pem").expect("company.pem"))?
///     .with_proxy("http://proxy.example.com:3128")?;
/// let provider = Provider::new("https://sso.example.com/token", "https://api.example.com")?;
/// let client = Client::new(provider, Credentials::from_env("ORDERS")?)?
///     .with_connection(connection);
/// # Ok::<(), unattended::Error>(())
/// ```
#[derive(Clone)]
pub struct Connection {
    pub(crate) tls: Tls,
    /// None is the one of the environment.
    route: Option<Route>,
    user_agent: Option<String>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) token_idle_timeout: Duration,
}

impl Connection {
    /// The defaults of a client: each setting states its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificates in this PEM text **instead of** all others. The default is the file
    /// that `SSL_CERT_FILE` names, else Mozilla's roots, as built in: they are the same on every
    /// machine, however old or bare it is. With `with_platform_verifier` or `with_native_tls` it is
    /// the system's roots.
    ///
    /// ```
    /// # fn run(pem: &str) -> unattended::Result<()> {
    /// let connection = unattended::Connection::new().with_root_certificates(pem)?;
    /// assert_eq!(connection.roots(), "set by the program, 1 certificate");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A configuration error if there is no certificate, or one that cannot be used. In a build
    /// with both rustls and native-tls, one of the two may be enough here. If the other one is
    /// chosen, the error comes at the first call.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn with_root_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        self.tls.set_roots(pem.as_ref()).map_err(Failure::into_setting_error)?;
        Ok(self)
    }

    /// Shows this certificate (chain) to servers that ask for one (mutual TLS); default: none.
    /// Both are PEM texts, and may be the same text.
    ///
    /// ```
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let (chain, key) = (std::fs::read("client.pem")?, std::fs::read("client.key")?);
    /// let connection = unattended::Connection::new().with_client_certificate(chain, key)?;
    /// assert!(connection.has_client_certificate());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// A configuration error if they cannot be read or do not belong together. It comes at the
    /// first call if only the TLS library that is not chosen can use them.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub fn with_client_certificate(
        mut self,
        chain: impl AsRef<[u8]>,
        private_key: impl AsRef<[u8]>,
    ) -> Result<Self> {
        self.tls
            .set_client_certificate(chain.as_ref(), private_key.as_ref())
            .map_err(Failure::into_setting_error)?;
        Ok(self)
    }

    /// Trusts what the operating system trusts; default: Mozilla's roots, as built in. For a
    /// company whose own authority is installed on its machines.
    ///
    /// On Windows and macOS the system itself judges; elsewhere its files of roots are read
    /// at the first connection. Roots of
    /// [`with_root_certificates`](Self::with_root_certificates) or `SSL_CERT_FILE`
    /// still replace the system's. Needs the feature `platform-verifier`: 3 more crates on
    /// Linux, no system library.
    ///
    /// ```
    /// let connection = unattended::Connection::new().with_platform_verifier();
    /// # if std::env::var_os("SSL_CERT_FILE").is_none() {
    /// assert_eq!(connection.roots(), "the operating system's");
    /// # }
    /// ```
    #[cfg(feature = "platform-verifier")]
    pub fn with_platform_verifier(mut self) -> Self {
        self.tls.is_platform = true;
        self
    }

    /// TLS by the system's own library instead of rustls: OpenSSL on Linux, SChannel on
    /// Windows, Secure Transport on macOS; default: rustls, which builds and behaves alike
    /// everywhere. For machines where that is a rule, and for keys that rustls does not know.
    ///
    /// It trusts what the operating system trusts, unless
    /// [`with_root_certificates`](Self::with_root_certificates) or `SSL_CERT_FILE` names roots.
    /// Such a root must be the authority's own (self-signed) certificate, not one below it. The key
    /// of a client certificate must be in PKCS #8 form (`BEGIN PRIVATE KEY`).
    ///
    /// Needs the feature `native-tls`, which builds against OpenSSL on Linux (the packages
    /// `libssl-dev` and `pkg-config`) and needs nothing on Windows and macOS. On Linux it
    /// is 15 more crates, or 7 in place of rustls. Without the feature `rustls` this setting
    /// is still needed: the choice is never made by what other crates switch on.
    ///
    /// ```
    /// let connection = unattended::Connection::new().with_native_tls();
    /// # if std::env::var_os("SSL_CERT_FILE").is_none() {
    /// assert_eq!(connection.roots(), "the operating system's (native-tls)");
    /// # }
    /// ```
    #[cfg(feature = "native-tls")]
    pub fn with_native_tls(mut self) -> Self {
        self.tls.is_native = true;
        self
    }

    /// Sends calls through this HTTP proxy (`http://user:password@host:port`). The default is the
    /// proxy of the environment variables `https_proxy` or `all_proxy` (also in upper case), except
    /// for the hosts of `no_proxy`, as in other programs. Calls to this machine never go through a
    /// proxy: the client secret would leave it.
    ///
    /// `no_proxy` is a list of names, addresses and networks (`10.0.0.0/8`), each with or
    /// without a port. A name includes all names below it; `*` is every host. An entry that
    /// cannot be read is a configuration error of the first call. So is a proxy variable whose
    /// value is no proxy.
    ///
    /// With the feature `socks` it may also be a SOCKS5 proxy (RFC 1928):
    /// `socks5h://user:password@host:port`, port 1080 by default. The proxy looks up the names of
    /// hosts. It does so for `socks5://` too, where other programs look them up themselves.
    ///
    /// ```
    /// let connection = unattended::Connection::new().with_proxy("http://proxy.example.com:3128")?;
    /// # Ok::<(), unattended::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A configuration error if it is not an `http`, `https` or SOCKS5 proxy, and if it is a SOCKS5
    /// proxy and the feature `socks` is off.
    pub fn with_proxy(mut self, url: &str) -> Result<Self> {
        self.route = Some(Route::through(url).map_err(Failure::into_setting_error)?);
        Ok(self)
    }

    /// Uses no proxy, whatever the environment says; default: that of the environment, see
    /// [`with_proxy`](Self::with_proxy).
    ///
    /// ```
    /// let connection = unattended::Connection::new().without_proxy();
    /// ```
    pub fn without_proxy(mut self) -> Self {
        self.route = Some(Route::default());
        self
    }

    /// The `User-Agent` of all calls; default `unattended/` and the version: with it a vendor can
    /// say which version behaves badly.
    ///
    /// ```
    /// let connection = unattended::Connection::new().with_user_agent("nightly-export/1.2")?;
    /// assert_eq!(connection.user_agent(), "nightly-export/1.2");
    /// # Ok::<(), unattended::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A configuration error if it is not a header value.
    pub fn with_user_agent(mut self, user_agent: &str) -> Result<Self> {
        if user_agent.is_empty() || HeaderValue::from_str(user_agent).is_err() {
            let failure = Failure::setting("the user agent is not a valid header value");
            return Err(failure.into_setting_error());
        }
        self.user_agent = Some(user_agent.to_owned());
        Ok(self)
    }

    /// How long it may take to connect, without the name look-up; default 10 s, in which a
    /// machine that is up answers.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let connection = unattended::Connection::new().with_connect_timeout(Duration::from_secs(3));
    /// assert_eq!(connection.connect_timeout(), Duration::from_secs(3));
    /// ```
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the API may send nothing; default 120 s, since some pages take minutes.
    /// [`Request::with_idle_timeout`](crate::Request::with_idle_timeout) sets it for one
    /// request.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let connection = unattended::Connection::new().with_idle_timeout(Duration::from_secs(600));
    /// assert_eq!(connection.idle_timeout(), Duration::from_secs(600));
    /// ```
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// How long the token endpoint may send nothing; default 30 s, since a token takes no
    /// server minutes.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let timeout = Duration::from_secs(60);
    /// let connection = unattended::Connection::new().with_token_idle_timeout(timeout);
    /// assert_eq!(connection.token_idle_timeout(), timeout);
    /// ```
    pub fn with_token_idle_timeout(mut self, timeout: Duration) -> Self {
        self.token_idle_timeout = timeout;
        self
    }

    /// The roots that servers are checked against, in words, as in a report of
    /// [`Client::diagnose`](crate::Client::diagnose). A file that `SSL_CERT_FILE` names is read.
    pub fn roots(&self) -> String {
        self.tls.describe()
    }

    /// Whether a client certificate was set.
    pub fn has_client_certificate(&self) -> bool {
        self.tls.has_client_certificate()
    }

    /// By which certificates are told apart.
    pub(crate) fn client_certificate_name(&self) -> Option<String> {
        self.tls.client_certificate_name()
    }

    /// The `User-Agent` of all calls.
    pub fn user_agent(&self) -> &str {
        self.user_agent.as_deref().unwrap_or(USER_AGENT)
    }

    /// How long it may take to connect.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// How long the API may send nothing.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// How long the token endpoint may send nothing.
    pub fn token_idle_timeout(&self) -> Duration {
        self.token_idle_timeout
    }

    /// Whether open connections of the one will do for the other: each call has its timeouts
    /// with it.
    pub(crate) fn shares_pool_with(&self, other: &Self) -> bool {
        self.tls == other.tls && self.route == other.route && self.user_agent == other.user_agent
    }

    pub(crate) fn route(&self) -> failure::Result<Route> {
        self.route.clone().map_or_else(Route::from_environment, Ok)
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            tls: Tls::default(),
            route: None,
            user_agent: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            token_idle_timeout: Duration::from_secs(30),
        }
    }
}

/// Keys and the password of a proxy stay out.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("user_agent", &self.user_agent())
            .field("has_client_certificate", &self.has_client_certificate())
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("token_idle_timeout", &self.token_idle_timeout)
            .finish_non_exhaustive()
    }
}

const USER_AGENT: &str = concat!("unattended/", env!("CARGO_PKG_VERSION"));
