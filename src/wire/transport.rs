//! What connections depend on: the only file that names ureq's agent.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::Agent;
use ureq::http::{self, HeaderMap, Method, StatusCode, Uri};

use crate::clock::{Clock, SystemClock};
use crate::error::{Delivery, ErrorKind};
use crate::retry::RetryPolicy;
use crate::wire::coding::ACCEPTED;
use crate::wire::download_writer::DownloadWriter;
use crate::wire::failure::{Failure, Result};
use crate::wire::network_error::{self, Limits};
use crate::wire::proxy::{ProxySetting, Route};
use crate::wire::request_body::RequestBody;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::wire::tls::Tls;

/// Roots, client certificate, proxy and user agent: one setting for all calls, the token
/// request included. The agent is built at the first call and shared by clones.
#[derive(Clone)]
pub(crate) struct Transport {
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    tls: Tls,
    proxy: ProxySetting,
    user_agent: String,
    pub(crate) clock: Arc<dyn Clock>,
    /// Those of an ordinary attempt, the first of its call.
    pub(crate) timeouts: Timeouts,
    built: Arc<Agents>,
}

/// One for plain `http`, which needs no roots: reading those takes its time.
#[derive(Default)]
struct Agents {
    plain: OnceLock<Built>,
    secure: OnceLock<Built>,
}

pub(crate) struct Built {
    pub(crate) agent: Agent,
    pub(crate) route: Option<Route>,
    /// What the agent has for its own. To set others for a request costs 1,200 of its
    /// 46,000 instructions, and two allocations.
    pub(crate) timeouts: Timeouts,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Timeouts {
    /// For all of the exchange.
    pub(crate) global: Duration,
    pub(crate) connect: Duration,
    /// For each read and write.
    pub(crate) idle: Duration,
}

/// A request as it goes out.
pub(crate) struct Outgoing<'a, 'w> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<RequestBody<'a>>,
    /// Where the content goes, if not into memory.
    pub(crate) sink: Option<&'a mut DownloadWriter<'w>>,
    /// A long body asks for permission first.
    pub(crate) expects: bool,
    /// What is left of the call's deadline.
    pub(crate) time_left: Duration,
    /// What is left until the end time that nothing passes.
    pub(crate) end_left: Option<Duration>,
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
            clock: Arc::new(SystemClock),
            timeouts: Timeouts {
                global: RetryPolicy::default().deadline,
                connect: Duration::from_secs(10),
                idle: Duration::from_secs(120),
            },
            built: Arc::default(),
        }
    }

    /// A change of what connections depend on starts a new pool.
    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    pub(crate) fn tls_mut(&mut self) -> &mut Tls {
        self.built = Arc::default();
        &mut self.tls
    }

    /// What is remembered for a while is remembered by the clock.
    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
        self.built = Arc::default();
    }

    pub(crate) fn set_proxy(&mut self, proxy: ProxySetting) {
        self.proxy = proxy;
        self.built = Arc::default();
    }

    pub(crate) fn set_user_agent(&mut self, user_agent: &str) -> Result<()> {
        if user_agent.is_empty() || http::HeaderValue::from_str(user_agent).is_err() {
            return Err(Failure::setting("the user agent is not a valid header value"));
        }
        user_agent.clone_into(&mut self.user_agent);
        self.built = Arc::default();
        Ok(())
    }

    /// The roots that servers are checked against, in words.
    pub(crate) fn roots(&self) -> String {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let roots = self.tls.describe();
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        let roots = "none: built without TLS".to_owned();
        roots
    }

    pub(crate) fn has_client_certificate(&self) -> bool {
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let has_one = self.tls.has_client_certificate();
        #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
        let has_one = false;
        has_one
    }

    /// The proxy on the way to `uri`, without its user and password.
    pub(crate) fn proxy_to(&self, uri: &Uri) -> Result<Option<String>> {
        let read;
        let route = match self.known() {
            Some(built) => built.route.as_ref(),
            None => {
                read = self.proxy.route()?;
                read.as_ref()
            }
        };
        let proxy = route.and_then(|route| route.to(uri));
        Ok(proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    /// ureq would panic.
    pub(crate) fn missing_tls(&self, outgoing: &Outgoing<'_, '_>) -> Option<&'static str> {
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

    /// The agent for `uri`.
    pub(crate) fn built(&self, uri: &Uri) -> Result<&Built> {
        let is_secure = uri.scheme_str() == Some("https");
        let cell = if is_secure { &self.built.secure } else { &self.built.plain };
        if let Some(built) = cell.get() {
            return Ok(built);
        }
        let (route, timeouts) = (self.proxy.route()?, self.timeouts);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .proxy(None)
            .timeout_global(limit(timeouts.global))
            .timeout_connect(limit(timeouts.connect))
            .timeout_per_read(limit(timeouts.idle))
            .timeout_per_write(limit(timeouts.idle))
            .accept_encoding(ACCEPTED)
            .user_agent(self.user_agent.as_str());
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let config = match is_secure {
            true => config.tls_config(self.tls.config()?),
            false => config,
        };
        let built = Built { agent: self.agent(config.build()), route, timeouts };
        Ok(cell.get_or_init(|| built))
    }

    #[cfg(feature = "resolver")]
    fn agent(&self, config: ureq::config::Config) -> Agent {
        crate::wire::resolver::agent(config, self.clock.clone())
    }

    #[cfg(not(feature = "resolver"))]
    fn agent(&self, config: ureq::config::Config) -> Agent {
        Agent::new_with_config(config)
    }

    fn known_proxy_to(&self, uri: &Uri) -> Option<&ureq::Proxy> {
        self.known()?.route.as_ref()?.to(uri)
    }

    fn known(&self) -> Option<&Built> {
        self.built.secure.get().or(self.built.plain.get())
    }

    pub(crate) fn error(
        &self,
        outgoing: &Outgoing<'_, '_>,
        delivery: Delivery,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> Failure {
        let mut message = message.into();
        if let Some(proxy) = self.known_proxy_to(outgoing.uri) {
            message.push_str(&format!(", through the proxy {}:{}", proxy.host(), proxy.port()));
        }
        Failure::new(delivery, kind, message)
    }

    pub(crate) fn failure(&self, error: ureq::Error, outgoing: &Outgoing<'_, '_>) -> Failure {
        let limits = Limits {
            time_left: outgoing.time_left,
            connect: self.timeouts.connect,
            idle: outgoing.idle_timeout,
            idle_setting: outgoing.idle_setting,
            proxy: self.known_proxy_to(outgoing.uri),
        };
        network_error::failure(error, &limits)
    }
}

impl Outgoing<'_, '_> {
    pub(crate) fn is_streamed(&self) -> bool {
        self.sink.is_some() || matches!(self.body, Some(RequestBody::File(_)))
    }
}

/// Enough for a thread per connection in bursts; ureq's own 3 per host would open and
/// close one for nearly every call.
const IDLE_CONNECTIONS: usize = 64;

/// ureq adds limits to the time of day, which panics far in the future.
pub(crate) fn limit(time: Duration) -> Option<Duration> {
    Some(time.min(LONGEST_LIMIT))
}

const LONGEST_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
