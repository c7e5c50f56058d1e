//! One exchange with a server: the only file that names ureq's agent.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::http::{self, HeaderMap, Method, StatusCode, Uri};
use ureq::{Agent, AsSendBody, Body};

use crate::error::{Class, Error, Place, Result, Sent, TransportError};
use crate::failure::{Failure, Limits, cause};
use crate::proxy::{ProxySetting, Route};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::tls::Tls;

/// Roots, client certificate, proxy and user agent: one setting for all calls, the token
/// request included. The agent is built at the first call and shared by clones.
#[derive(Clone)]
pub(crate) struct Transport {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
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
    /// What an error about that limit says of it.
    pub(crate) body_setting: &'static str,
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
            #[cfg(any(feature = "rustls", feature = "native-tls"))]
            tls: Tls::default(),
            proxy: ProxySetting::default(),
            user_agent: concat!("unattended/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            built: Arc::default(),
        }
    }

    /// A change of what connections depend on starts a new pool.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub(crate) fn tls_mut(&mut self) -> &mut Tls {
        self.built = Arc::default();
        &mut self.tls
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
        if outgoing.time_left.is_zero() {
            let why = "not sent: no time is left of the call's deadline (RetryPolicy::with_deadline, Client::with_end_time)";
            return Err(self.error(outgoing, Sent::No, Class::Temporary, why));
        }
        if let Some(why) = self.missing_tls(outgoing) {
            return Err(self.error(outgoing, Sent::No, Class::Configuration, why));
        }
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

    /// ureq would panic.
    fn missing_tls(&self, outgoing: &Outgoing<'_>) -> Option<&'static str> {
        if outgoing.uri.scheme_str() != Some("https") {
            return None;
        }
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        return self.tls.provider().is_none().then_some(
            "this build has TLS by native-tls only: choose it by Client::with_native_tls, or enable the feature rustls",
        );
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        Some(
            "this build has no TLS: enable one of the features rustls, platform-verifier and native-tls",
        )
    }

    fn built(&self) -> Result<&Built> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let route = self.proxy.route()?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .proxy(None)
            .user_agent(self.user_agent.as_str());
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
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
        let limit = |limit: Duration| Some(limit.min(LONGEST_LIMIT));
        // Per read and per write are free while they are shorter than the rest of the
        // deadline; the deadline itself then costs no system call either.
        let request = built
            .agent
            .configure_request(request)
            .proxy(proxy)
            .timeout_global(limit(outgoing.time_left))
            .timeout_connect(limit(self.connect_timeout))
            .timeout_per_read(limit(outgoing.idle_timeout))
            .timeout_per_write(limit(outgoing.idle_timeout))
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
                format!("the body is longer than {limit} bytes ({})", outgoing.body_setting),
            )),
            Ok(_) => Ok(bytes),
            // A body of no bytes that calls itself gzip: some servers do. One that broke off
            // has the same kind of error, but with words inside.
            Err(ureq::Error::Decompress(_, cause))
                if bytes.is_empty()
                    && cause.kind() == io::ErrorKind::UnexpectedEof
                    && cause.get_ref().is_none() =>
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

    fn failure(&self, error: ureq::Error, outgoing: &Outgoing<'_>) -> Error {
        let limits = Limits {
            time_left: outgoing.time_left,
            connect: self.connect_timeout,
            idle: outgoing.idle_timeout,
            idle_setting: outgoing.idle_setting,
        };
        let Failure { sent, class, message, idle } = Failure::of(&error, &limits);
        let mut failure = self.error(outgoing, sent, class, message);
        if let Error::Transport(failure) = &mut failure {
            failure.idle = idle;
            failure.cause = cause(error);
        }
        failure
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

/// Enough for a thread per connection in bursts; ureq's own 3 per host would open and
/// close one for nearly every call.
const IDLE_CONNECTIONS: usize = 64;
/// ureq adds limits to the time of day, which panics far in the future.
const LONGEST_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const REFUSAL_LIMIT: u64 = 64 * 1024;
const PREALLOCATED: u64 = 1024 * 1024;
