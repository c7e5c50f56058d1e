//! Remembers addresses: ureq asks for them at every call, before it looks at its pool.
//!
//! With `socket` it reaches into `ureq::unversioned`, which is outside ureq's semver
//! promise; the feature `resolver` switches both off.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, Transport};

use crate::clock::Clock;
use crate::url::port;
use crate::wire::socket::Connections;

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
    host: String,
    port: u16,
    addresses: ResolvedSocketAddrs,
    since: Duration,
}

impl Memory {
    fn names(&self) -> MutexGuard<'_, Vec<Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, host: &str, port: u16) -> Option<ResolvedSocketAddrs> {
        let names = self.names();
        let known = names.iter().find(|known| known.host == host && known.port == port)?;
        let age = self.clock.monotonic().saturating_sub(known.since);
        (age < REMEMBERED).then(|| self.list(known.addresses.iter().copied()))
    }

    fn remember(&self, host: &str, port: u16, addresses: ResolvedSocketAddrs) {
        self.forget(host, port);
        let mut names = self.names();
        if names.len() == MOST_NAMES {
            names.remove(0);
        }
        let since = self.clock.monotonic();
        names.push(Known { host: host.to_owned(), port, addresses, since });
    }

    fn forget(&self, host: &str, port: u16) {
        self.names().retain(|known| known.host != host || known.port != port);
    }

    fn list(&self, found: impl IntoIterator<Item = SocketAddr>) -> ResolvedSocketAddrs {
        let mut addresses = self.empty();
        found.into_iter().take(MOST_ADDRESSES).for_each(|address| addresses.push(address));
        addresses
    }
}

impl Resolver for Memory {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or_else(|| Error::BadUri("a URL without host".into()))?;
        let port = port(uri);
        if let Some(addresses) = self.recall(host, port) {
            return Ok(addresses);
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = (self.look_up)(bare, port);
        let found = found.map_err(|cause| Error::Other(Box::new(NotConnected::LookUp(cause))))?;
        let addresses = self.list(found);
        if addresses.is_empty() {
            return Err(Error::HostNotFound);
        }
        self.remember(host, port, self.list(addresses.iter().copied()));
        Ok(addresses)
    }
}

/// There was no connection yet: not one byte of the request went out.
#[derive(Debug)]
pub(crate) enum NotConnected {
    /// In the operating system's words.
    LookUp(io::Error),
    Connect(Error),
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LookUp(cause) => cause.fmt(f),
            Self::Connect(cause) => cause.fmt(f),
        }
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
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: self.memory.list(details.addrs.iter().copied()),
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
        self.inner.connect(&details).map_err(|error| {
            self.memory.forget(details.uri.host().unwrap_or_default(), port(details.uri));
            match error {
                Error::Other(cause) if cause.is::<NotConnected>() => Error::Other(cause),
                error => Error::Other(Box::new(NotConnected::Connect(error))),
            }
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
        let addresses = memory.list([SocketAddr::from(([127, 0, 0, 1], 443))]);
        memory.remember("api.vendor.test", 443, addresses);
        clock.advance(Duration::from_secs(59));
        assert!(memory.recall("api.vendor.test", 443).is_some());
        assert!(memory.recall("api.vendor.test", 80).is_none());
        clock.advance(Duration::from_secs(1));
        assert!(memory.recall("api.vendor.test", 443).is_none());
    }
}
