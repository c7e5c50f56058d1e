//! Remembers addresses: ureq asks for them at every call, before it looks at its pool.
//!
//! With `connection` it reaches into `ureq::unversioned`, which is outside ureq's semver
//! promise; the feature `resolver` switches both off.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, Transport};

use crate::clock::Clock;
use crate::wire::connection::Connections;

/// An agent that asks for addresses through the memory.
pub(crate) fn agent(config: Config, clock: Arc<dyn Clock>) -> ureq::Agent {
    agent_asking(config, clock, |host, port| Ok((host, port).to_socket_addrs()?.collect()))
}

fn agent_asking(config: Config, clock: Arc<dyn Clock>, look_up: LookUp) -> ureq::Agent {
    let memory = Memory { names: Arc::default(), clock, look_up };
    let connector = ForgettingConnector { inner: Connections::default(), memory: memory.clone() };
    ureq::Agent::with_parts(config, connector, memory)
}

#[derive(Clone)]
struct Memory {
    names: Arc<Mutex<Vec<Known>>>,
    clock: Arc<dyn Clock>,
    look_up: LookUp,
}

/// The operating system's answer to host and port.
type LookUp = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

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
        let names = self.names();
        let known = names.iter().find(|known| known.is_for(authority, is_https))?;
        if self.clock.monotonic().saturating_sub(known.since) >= REMEMBERED {
            return None;
        }
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
            since: self.clock.monotonic(),
        });
    }

    fn forget(&self, authority: &Authority) {
        self.names().retain(|known| known.authority != *authority);
    }
}

impl Known {
    fn is_for(&self, authority: &Authority, is_https: bool) -> bool {
        self.is_https == is_https && self.authority.as_str() == authority.as_str()
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
        let found = (self.look_up)(bare, port);
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
    found: impl IntoIterator<Item = SocketAddr>,
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

/// Connections of ours, but for two things: an address that does not answer is forgotten, and
/// the TLS configuration is taken from the agent for every request. Ours all carry timeouts
/// of their own, and for such requests ureq would build it anew at each connection, though
/// it is the same.
#[derive(Debug)]
struct ForgettingConnector {
    inner: Connections,
    memory: Memory,
}

impl Connector<()> for ForgettingConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
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
        let connected = self.inner.connect(&details);
        if let (Err(_), Some(authority)) = (&connected, details.uri.authority()) {
            self.memory.forget(authority);
        }
        connected.map_err(|error| match error {
            Error::Other(cause) if cause.is::<NotConnected>() => Error::Other(cause),
            error => Error::Other(Box::new(NotConnected(error))),
        })
    }
}

/// Hosts move: an address is believed for this long.
const REMEMBERED: Duration = Duration::from_secs(60);
const MOST_NAMES: usize = 64;
/// As many as ureq takes.
const MOST_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::clock::ManualClock;

    /// A server that keeps connections, or closes each after its answer.
    fn server(keeps: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|count| count > 0) {
                    let connection = if keeps { "keep-alive" } else { "close" };
                    let answer = format!("HTTP/1.1 204 X\r\nconnection: {connection}\r\n\r\n");
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        address
    }

    /// Without the proxy that the environment may name.
    fn direct() -> Config {
        Config::builder().proxy(None).build()
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::new())
    }

    fn get(agent: &ureq::Agent, port: u16) -> Result<(), Error> {
        agent.get(format!("http://api.vendor.test:{port}/")).call().map(drop)
    }

    #[test]
    fn two_hundred_calls_by_name_ask_once_whether_connections_are_kept_or_not() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        for keeps in [true, false] {
            ASKED.store(0, Ordering::Relaxed);
            let agent = agent_asking(direct(), clock(), |host, port| {
                assert_eq!(host, "api.vendor.test");
                ASKED.fetch_add(1, Ordering::Relaxed);
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
            });
            let port = server(keeps).port();
            (0..200).for_each(|_| get(&agent, port).unwrap());
            assert_eq!(ASKED.load(Ordering::Relaxed), 1, "{keeps}");
        }
    }

    #[test]
    fn an_address_that_does_not_answer_is_asked_for_again() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let agent = agent_asking(direct(), clock(), |_, port| {
            // The host has moved since the first answer.
            let last = if ASKED.fetch_add(1, Ordering::Relaxed) == 0 { 2 } else { 1 };
            Ok(vec![SocketAddr::from(([127, 0, 0, last], port))])
        });
        let port = server(true).port();
        assert!(get(&agent, port).is_err());
        get(&agent, port).unwrap();
        assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_address_is_believed_for_a_minute_and_no_longer() {
        let clock = ManualClock::new();
        let look_up: LookUp = |_, _| Ok(Vec::new());
        let memory = Memory { names: Arc::default(), clock: Arc::new(clock.clone()), look_up };
        let authority = Authority::from_static("api.vendor.test");
        let mut addresses = memory.empty();
        addresses_into(&mut addresses, [SocketAddr::from(([127, 0, 0, 1], 80))]);
        memory.remember(&authority, false, addresses);
        clock.advance(Duration::from_secs(59));
        assert!(memory.recall(&authority, false).is_some());
        assert!(memory.recall(&authority, true).is_none());
        clock.advance(Duration::from_secs(1));
        assert!(memory.recall(&authority, false).is_none());
    }
}
