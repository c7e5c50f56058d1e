//! One exchange with a server: the only file that names ureq's agent.

use std::error::Error as StdError;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::http::{self, HeaderMap, Method, StatusCode, Uri};
use ureq::{Agent, AsSendBody, Body, Timeout};

use crate::error::{Class, Error, Place, Result, Sent, TransportError};
use crate::proxy::{ProxySetting, Route};
#[cfg(feature = "rustls")]
use crate::tls::Tls;

/// Roots, client certificate, proxy and user agent: one setting for all calls, the token
/// request included. The agent is built at the first call and shared by clones.
#[derive(Clone)]
pub(crate) struct Transport {
    #[cfg(feature = "rustls")]
    tls: Tls,
    proxy: ProxySetting,
    user_agent: String,
    connect_timeout: Duration,
    built: Arc<OnceLock<Built>>,
}

struct Built {
    agent: Agent,
    route: Option<Route>,
}

/// A request as it goes out.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<&'a [u8]>,
    /// What is left of the call's deadline.
    pub(crate) time_left: Duration,
    pub(crate) idle_timeout: Duration,
    /// The setting that an error about the idle limit names.
    pub(crate) idle_setting: &'static str,
    /// How many decoded bytes of a success are read.
    pub(crate) body_limit: u64,
}

/// An answer as it came in.
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(feature = "rustls")]
            tls: Tls::default(),
            proxy: ProxySetting::default(),
            user_agent: concat!("unattended/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            built: Arc::default(),
        }
    }

    /// A change of what connections depend on starts a new pool.
    #[cfg(feature = "rustls")]
    pub(crate) fn set_tls(&mut self, change: impl FnOnce(&mut Tls) -> Result<()>) -> Result<()> {
        change(&mut self.tls)?;
        self.built = Arc::default();
        Ok(())
    }

    pub(crate) fn set_proxy(&mut self, proxy: ProxySetting) {
        self.proxy = proxy;
        self.built = Arc::default();
    }

    pub(crate) fn set_user_agent(&mut self, user_agent: &str) -> Result<()> {
        if user_agent.is_empty() || http::HeaderValue::from_str(user_agent).is_err() {
            return Err(Error::configuration("the user agent is not a valid header value"));
        }
        self.user_agent = user_agent.to_owned();
        self.built = Arc::default();
        Ok(())
    }

    pub(crate) fn set_connect_timeout(&mut self, timeout: Duration) {
        self.connect_timeout = timeout;
    }

    /// Sends once and reads the whole answer. Any status is an answer.
    pub(crate) fn exchange(&self, outgoing: &mut Outgoing<'_>) -> Result<Incoming> {
        let built = self.built()?;
        let result = match outgoing.body {
            Some(body) => self.run(built, outgoing, body),
            None => self.run(built, outgoing, ()),
        };
        let response = result.map_err(|error| self.failure(error, outgoing))?;
        let (parts, body) = response.into_parts();
        let has_body = outgoing.method != Method::HEAD
            && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = match has_body {
            true => self.read(body, parts.status.is_success(), outgoing)?,
            false => Vec::new(),
        };
        Ok(Incoming { status: parts.status, headers: parts.headers, body })
    }

    fn built(&self) -> Result<&Built> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let route = self.proxy.route()?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .proxy(None)
            .user_agent(self.user_agent.as_str());
        #[cfg(feature = "rustls")]
        let config = config.tls_config(self.tls.config()?);
        let built = Built { agent: agent(config.build()), route };
        Ok(self.built.get_or_init(|| built))
    }

    fn run(
        &self,
        built: &Built,
        outgoing: &mut Outgoing<'_>,
        body: impl AsSendBody,
    ) -> std::result::Result<http::Response<Body>, ureq::Error> {
        let mut request = http::Request::new(body);
        *request.method_mut() = outgoing.method.clone();
        *request.uri_mut() = outgoing.uri.clone();
        *request.headers_mut() = std::mem::take(&mut outgoing.headers);
        let host = outgoing.uri.host().unwrap_or_default();
        let proxy = built.route.as_ref().and_then(|route| route.to(host)).cloned();
        // Per read and per write are free while they are shorter than the rest of the
        // deadline; the deadline itself then costs no system call either.
        let request = built
            .agent
            .configure_request(request)
            .proxy(proxy)
            .timeout_global(Some(outgoing.time_left))
            .timeout_connect(Some(self.connect_timeout))
            .timeout_per_read(Some(outgoing.idle_timeout))
            .timeout_per_write(Some(outgoing.idle_timeout))
            .build();
        built.agent.run(request)
    }

    /// The body, read to its end so that the connection can be used again. Of a refusal
    /// only the first part matters: beyond that, closing is cheaper than reading.
    fn read(&self, body: Body, is_success: bool, outgoing: &Outgoing<'_>) -> Result<Vec<u8>> {
        let limit = if is_success { outgoing.body_limit } else { REFUSAL_LIMIT };
        let announced = body.content_length().unwrap_or(0).min(limit).min(PREALLOCATED);
        let mut bytes = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
        let read = body.into_reader().take(limit.saturating_add(1)).read_to_end(&mut bytes);
        let is_too_long = u64::try_from(bytes.len()).is_ok_and(|length| length > limit);
        match read.map_err(ureq::Error::from) {
            _ if !is_success => {
                bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
                Ok(bytes)
            }
            Ok(_) if is_too_long => Err(self.error(
                outgoing,
                Sent::Accepted,
                Class::Incomplete,
                format!("the body is longer than {limit} bytes (Client::with_body_limit)"),
            )),
            Ok(_) => Ok(bytes),
            // A body of no bytes that calls itself gzip: some servers do.
            Err(ureq::Error::Decompress(_, cause))
                if bytes.is_empty() && cause.kind() == io::ErrorKind::UnexpectedEof =>
            {
                Ok(bytes)
            }
            Err(error) => {
                let mut error = self.failure(error, outgoing);
                if let Error::Transport(error) = &mut error {
                    let arrived = bytes.len();
                    error.sent = Sent::Unknown;
                    error.message.push_str(&format!("; {arrived} bytes of the body had arrived"));
                }
                Err(error)
            }
        }
    }

    fn error(
        &self,
        outgoing: &Outgoing<'_>,
        sent: Sent,
        class: Class,
        message: impl Into<String>,
    ) -> Error {
        let host = outgoing.uri.host().unwrap_or_default();
        let route = self.built.get().and_then(|built| built.route.as_ref());
        let mut message = message.into();
        if let Some(proxy) = route.and_then(|route| route.to(host)) {
            message.push_str(&format!(", through the proxy {}:{}", proxy.host(), proxy.port()));
        }
        Error::Transport(Box::new(TransportError {
            place: Place::new(outgoing.method, outgoing.uri),
            message,
            sent,
            class,
            attempts: 1,
            idle: false,
            cause: None,
        }))
    }

    /// What ureq's error means to the caller: the setting to turn, and whether the server
    /// may have acted.
    fn failure(&self, error: ureq::Error, outgoing: &Outgoing<'_>) -> Error {
        let (sent, class, message) = self.reading(&error, outgoing);
        let mut failure = self.error(outgoing, sent, class, message);
        if let Error::Transport(failure) = &mut failure {
            failure.idle =
                matches!(error, ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite));
            failure.cause = match error {
                // The message says it all.
                ureq::Error::Timeout(_) | ureq::Error::BadUri(_) => None,
                ureq::Error::Io(cause) => Some(cause.into()),
                ureq::Error::Other(cause) => Some(cause),
                error => Some(error.into()),
            };
        }
        failure
    }

    fn reading(&self, error: &ureq::Error, outgoing: &Outgoing<'_>) -> (Sent, Class, String) {
        use ureq::Error as E;
        let passing = |sent, message: String| (sent, Class::Temporary, message);
        let wrong = |message: &str| (Sent::No, Class::Configuration, message.to_owned());
        if let Some((class, message)) = tls_reading(error) {
            return (Sent::No, class, message);
        }
        match error {
            E::Timeout(Timeout::Connect | Timeout::Resolve) => passing(
                Sent::No,
                format!(
                    "no connection within {:?} (Client::with_connect_timeout)",
                    self.connect_timeout
                ),
            ),
            E::Timeout(Timeout::PerRead | Timeout::PerWrite) => passing(
                Sent::Unknown,
                format!(
                    "nothing from the server for {:?} ({})",
                    outgoing.idle_timeout, outgoing.idle_setting
                ),
            ),
            E::Timeout(_) => passing(
                Sent::Unknown,
                "the call's deadline passed (RetryPolicy::with_deadline)".into(),
            ),
            E::HostNotFound => passing(Sent::No, "the host name was not found".into()),
            E::Other(cause) if is_look_up(&**cause) => {
                passing(Sent::No, "the host name was not found".into())
            }
            E::Io(cause) if is_look_up(cause) => {
                passing(Sent::No, "the host name was not found".into())
            }
            E::Io(cause) if never_connected(cause.kind()) => {
                passing(Sent::No, "no connection to the server".into())
            }
            E::Io(_) => passing(Sent::Unknown, "the connection broke".into()),
            E::Decompress(..) => {
                passing(Sent::Unknown, "the gzip encoding of the answer is broken".into())
            }
            E::Protocol(_) => passing(Sent::Unknown, "the answer is not valid HTTP".into()),
            E::LargeResponseHeader(..) => {
                (Sent::Unknown, Class::Refused, "the headers of the answer are too long".into())
            }
            E::ConnectProxyFailed(why) if why.contains("407") => wrong(
                "the proxy wants credentials: http://user:password@host:port (NTLM, Kerberos and PAC are not supported)",
            ),
            E::ConnectProxyFailed(why) => {
                passing(Sent::No, format!("the proxy refused the connection: {why}"))
            }
            E::TlsRequired => wrong("this build has no TLS: enable the feature rustls"),
            E::Tls(_) => wrong("TLS cannot be set up for this host name"),
            _ => passing(Sent::Unknown, "the exchange failed".into()),
        }
    }
}

#[cfg(feature = "resolver")]
fn agent(config: ureq::config::Config) -> Agent {
    crate::resolver::agent(config)
}

#[cfg(not(feature = "resolver"))]
fn agent(config: ureq::config::Config) -> Agent {
    Agent::new_with_config(config)
}

#[cfg(feature = "resolver")]
fn is_look_up(cause: &(dyn StdError + 'static)) -> bool {
    cause.is::<crate::resolver::NotFound>()
}

/// ureq's own resolver passes on what the standard library says, which has no kind.
#[cfg(not(feature = "resolver"))]
fn is_look_up(cause: &(dyn StdError + 'static)) -> bool {
    cause.to_string().starts_with("failed to lookup address")
}

/// Refused or unroutable: not one byte of the request went out.
fn never_connected(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable
    )
}

/// What TLS itself says: found in ureq's error or in the IO error around it.
#[cfg(feature = "rustls")]
fn tls_reading(error: &ureq::Error) -> Option<(Class, String)> {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<Tls>()?,
        _ => return None,
    };
    let message = match error {
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            "the server's certificate is signed by an authority that is not trusted here: give the authority's certificate by Client::with_root_certificates or SSL_CERT_FILE (a company proxy that inspects TLS has one of its own)"
        }
        Tls::InvalidCertificate(_) => "the server's certificate is not valid for this call",
        Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied,
        ) => {
            "the server does not accept the client's certificate, or wants one (Client::with_client_certificate)"
        }
        Tls::AlertReceived(_) | Tls::PeerIncompatible(_) => "client and server do not agree on TLS",
        _ => return Some((Class::Temporary, "the TLS connection failed".into())),
    };
    Some((Class::Configuration, message.into()))
}

#[cfg(not(feature = "rustls"))]
fn tls_reading(_: &ureq::Error) -> Option<(Class, String)> {
    None
}

/// Enough for a thread per connection in bursts; ureq's own 3 per host would open and
/// close one for nearly every call.
const IDLE_CONNECTIONS: usize = 64;
const REFUSAL_LIMIT: u64 = 64 * 1024;
const PREALLOCATED: u64 = 1024 * 1024;
