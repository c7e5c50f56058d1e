//! Remembers addresses: ureq asks for them at every call, before it looks at its pool.
//!
//! The only file that reaches into `ureq::unversioned`, which is outside ureq's semver
//! promise; the feature `resolver` switches it off.

use std::fmt;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};

use crate::clock::{Clock, SystemClock};

/// An agent that asks for addresses through the memory.
pub(crate) fn agent(config: Config) -> ureq::Agent {
    let memory = Memory::default();
    let connector =
        ForgettingConnector { inner: DefaultConnector::default(), memory: memory.clone() };
    ureq::Agent::with_parts(config, connector, memory)
}

#[derive(Clone, Default)]
struct Memory {
    names: Arc<Mutex<Vec<Known>>>,
}

struct Known {
    authority: Authority,
    is_https: bool,
    addresses: ResolvedSocketAddrs,
    since: Duration,
}

impl Memory {
    fn names(&self) -> MutexGuard<'_, Vec<Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, authority: &Authority, is_https: bool) -> Option<ResolvedSocketAddrs> {
        let now = SystemClock.monotonic();
        let mut names = self.names();
        names.retain(|known| now.saturating_sub(known.since) < REMEMBERED);
        let known = names.iter().find(|known| known.is_for(authority, is_https))?;
        let mut addresses = self.empty();
        addresses_into(&mut addresses, known.addresses.iter().copied());
        Some(addresses)
    }

    fn remember(&self, authority: &Authority, is_https: bool, addresses: ResolvedSocketAddrs) {
        let mut names = self.names();
        names.retain(|known| !known.is_for(authority, is_https));
        if names.len() == MOST_NAMES {
            names.remove(0);
        }
        names.push(Known {
            authority: authority.clone(),
            is_https,
            addresses,
            since: SystemClock.monotonic(),
        });
    }

    fn forget(&self, authority: &Authority) {
        self.names().retain(|known| known.authority != *authority);
    }
}

impl Known {
    fn is_for(&self, authority: &Authority, is_https: bool) -> bool {
        self.is_https == is_https && self.authority == *authority
    }
}

impl Resolver for Memory {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let bad = || Error::BadUri("a URL without host".into());
        let authority = uri.authority().ok_or_else(bad)?;
        let is_https = uri.scheme_str() == Some("https");
        if let Some(addresses) = self.recall(authority, is_https) {
            return Ok(addresses);
        }
        let host = authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let found = (bare, port).to_socket_addrs();
        let found = found.map_err(|cause| Error::Other(Box::new(NotFound(cause))))?;
        let mut addresses = self.empty();
        addresses_into(&mut addresses, found);
        if addresses.is_empty() {
            return Err(Error::HostNotFound);
        }
        let mut kept = self.empty();
        addresses_into(&mut kept, addresses.iter().copied());
        self.remember(authority, is_https, kept);
        Ok(addresses)
    }
}

fn addresses_into(
    addresses: &mut ResolvedSocketAddrs,
    found: impl IntoIterator<Item = std::net::SocketAddr>,
) {
    for address in found.into_iter().take(MOST_ADDRESSES) {
        addresses.push(address);
    }
}

/// The look-up failed, in the operating system's words.
#[derive(Debug)]
pub(crate) struct NotFound(io::Error);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotFound {}

/// There was no connection yet: not one byte of the request went out.
#[derive(Debug)]
pub(crate) struct NotConnected(pub(crate) Error);

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for NotConnected {}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("names", &self.names().len()).finish()
    }
}

/// ureq's own connector, but for two things: an address that does not answer is
/// forgotten, and the TLS configuration is taken from the agent for every request. Ours
/// all carry timeouts of their own, and for such requests ureq would build it anew at
/// each connection, though it is the same.
#[derive(Debug)]
struct ForgettingConnector {
    inner: DefaultConnector,
    memory: Memory,
}

impl Connector<()> for ForgettingConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let mut addresses = self.memory.empty();
        addresses_into(&mut addresses, details.addrs.iter().copied());
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: addresses,
            config: details.config,
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            // The idle limit is for a server that is connected: the handshake of TLS is under
            // the limit for connections.
            timeout: NextTimeout { per_read: None, per_write: None, ..details.timeout },
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let connected = self.inner.connect(&details, chained);
        if let (Err(_), Some(authority)) = (&connected, details.uri.authority()) {
            self.memory.forget(authority);
        }
        let connected = connected.map_err(|error| match error {
            Error::Other(cause) if cause.is::<NotConnected>() => Error::Other(cause),
            error => Error::Other(Box::new(NotConnected(error))),
        })?;
        Ok(connected.map(|inner| Box::new(Plain { inner }) as Box<dyn Transport>))
    }
}

/// A connection that says plainly that it broke. Of a body without length, which ends with
/// the connection, ureq takes a reset and a missing farewell of TLS for the end: a part would
/// pass for the whole (RFC 9112 §8 and §9.8).
#[derive(Debug)]
struct Plain {
    inner: Box<dyn Transport>,
}

impl Transport for Plain {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.inner.await_input(timeout).map_err(|error| match error {
            // Under a kind that ureq does not look for.
            Error::Io(cause) if looks_like_the_end(cause.kind()) => {
                Error::Io(io::Error::other(cause))
            }
            error => error,
        })
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn looks_like_the_end(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionAborted | ConnectionReset)
}

/// Hosts move: an address is believed for this long.
const REMEMBERED: Duration = Duration::from_secs(60);
const MOST_NAMES: usize = 64;
/// As many as ureq takes.
const MOST_ADDRESSES: usize = 16;
