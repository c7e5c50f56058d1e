//! The pool of connections: the only file that makes ureq's agent.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ureq::Agent;
use ureq::http::Uri;
use ureq::http::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderMap, HeaderValue, USER_AGENT};

use crate::clock::{Clock, SystemClock};
use crate::retry::RetryPolicy;
use crate::url::authority;
use crate::wire::coding::ACCEPTED;
use crate::wire::connection::Connection;
use crate::wire::failure::Result;
use crate::wire::proxy::Route;

/// What exchanges depend on; clones share the pool.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) connection: Connection,
    pub(crate) clock: Arc<dyn Clock>,
    /// That of an ordinary call.
    pub(crate) deadline: Duration,
    pool: Arc<Pool>,
}

/// Made at the first call.
#[derive(Default)]
struct Pool {
    /// For plain `http`, which needs no roots: reading those takes its time.
    plain: OnceLock<Built>,
    secure: OnceLock<Built>,
}

pub(crate) struct Built {
    pub(crate) agent: Agent,
    pub(crate) route: Route,
    /// What the agent has for its own. To set others for a request costs 1,200 of its
    /// 46,000 instructions, and two allocations.
    pub(crate) timeouts: Timeouts,
    user_agent: Option<HeaderValue>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Timeouts {
    /// For all of the exchange.
    pub(crate) global: Duration,
    pub(crate) connect: Duration,
    /// For each read and write.
    pub(crate) idle: Duration,
}

impl Transport {
    pub(crate) fn new() -> Self {
        Self {
            connection: Connection::new(),
            clock: Arc::new(SystemClock),
            deadline: RetryPolicy::default().deadline,
            pool: Arc::default(),
        }
    }

    pub(crate) fn set_connection(&mut self, connection: Connection) {
        if !self.connection.shares_pool_with(&connection) {
            self.pool = Arc::default();
        }
        self.connection = connection;
    }

    /// What is remembered for a while is remembered by the clock.
    pub(crate) fn set_clock(&mut self, clock: Arc<dyn Clock>) {
        self.clock = clock;
        self.pool = Arc::default();
    }

    /// The proxy on the way to `uri`, without its user and password.
    pub(crate) fn proxy_to(&self, uri: &Uri) -> Result<Option<String>> {
        let route = self.connection.route()?;
        Ok(route.to(uri).map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
    }

    /// The agent for `uri`.
    pub(crate) fn built(&self, uri: &Uri) -> Result<&Built> {
        let is_secure = uri.scheme_str() == Some("https");
        let cell = if is_secure { &self.pool.secure } else { &self.pool.plain };
        if let Some(built) = cell.get() {
            return Ok(built);
        }
        let built = self.build(is_secure)?;
        Ok(cell.get_or_init(|| built))
    }

    #[cfg_attr(
        not(any(feature = "rustls", feature = "native-tls")),
        expect(unused_variables, reason = "plain `http` is all there is")
    )]
    fn build(&self, is_secure: bool) -> Result<Built> {
        let route = self.connection.route()?;
        // Those of the first attempt of an ordinary call.
        let timeouts = Timeouts {
            global: self.deadline,
            connect: self.connection.connect_timeout,
            idle: self.connection.idle_timeout,
        };
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
            // For proxies.
            .user_agent(self.connection.user_agent());
        #[cfg(any(feature = "rustls", feature = "native-tls"))]
        let config = match is_secure {
            true => config.tls_config(self.connection.tls.config()?),
            false => config,
        };
        #[cfg(feature = "resolver")]
        let agent = {
            let config = config.input_buffer_size(PLAIN_TEXT).output_buffer_size(PLAIN_TEXT);
            crate::wire::connector::agent(config.build(), self.clock.clone())
        };
        #[cfg(not(feature = "resolver"))]
        let agent = Agent::new_with_config(config.build());
        let user_agent = HeaderValue::from_str(self.connection.user_agent()).ok();
        Ok(Built { agent, route, timeouts, user_agent })
    }
}

/// What TLS is given and gives at a time: two of its records (RFC 8446 §5.1). The socket below has
/// buffers of its own.
#[cfg(feature = "resolver")]
const PLAIN_TEXT: usize = 32 * 1024;
/// Enough for a thread per connection in bursts; ureq's own 3 per host would open and
/// close one for nearly every call.
const IDLE_CONNECTIONS: usize = 64;

impl Built {
    /// What every request has, made beforehand: ureq would make it again for each, which costs 3,000
    /// of its instructions.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap, uri: &Uri) {
        if let Some(host) = host(uri) {
            headers.insert(HOST, host);
        }
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static(ACCEPTED));
        if let Some(user_agent) = &self.user_agent {
            headers.entry(USER_AGENT).or_insert_with(|| user_agent.clone());
        }
    }
}

/// `Host`, unless it has the port of its scheme, which is left out of it (RFC 9110 §7.2).
fn host(uri: &Uri) -> Option<HeaderValue> {
    let authority = authority(uri);
    let default = if uri.scheme_str() == Some("https") { "443" } else { "80" };
    HeaderValue::from_str(authority).ok().filter(|_| !authority.ends_with(default))
}

/// ureq adds limits to the time of day, which panics far in the future.
pub(crate) fn limit(time: Duration) -> Option<Duration> {
    Some(time.min(LONGEST_LIMIT))
}

const LONGEST_LIMIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);
