//! Remembers addresses: ureq asks for them at every call, before it looks at its pool.
//!
//! With `socket` and `connector` it reaches into `ureq::unversioned`, which is outside ureq's
//! semver promise; the feature `resolver` switches all three off.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::Clock;
use crate::url::port;

#[derive(Clone)]
pub(crate) struct Memory {
    names: Arc<Mutex<Vec<Known>>>,
    clock: Arc<dyn Clock>,
    look_up: LookUp,
}

/// The operating system's answer to host and port.
pub(crate) type LookUp = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

struct Known {
    host: String,
    port: u16,
    addresses: ResolvedSocketAddrs,
    since: Duration,
}

impl Memory {
    pub(crate) fn new(clock: Arc<dyn Clock>, look_up: LookUp) -> Self {
        Self { names: Arc::default(), clock, look_up }
    }

    fn names(&self) -> MutexGuard<'_, Vec<Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, host: &str, port: u16) -> Option<ResolvedSocketAddrs> {
        let names = self.names();
        let known = names.iter().find(|known| known.host == host && known.port == port)?;
        let age = self.clock.monotonic().saturating_sub(known.since);
        (age < REMEMBERED).then(|| known.addresses.clone())
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

    pub(crate) fn forget(&self, host: &str, port: u16) {
        self.names().retain(|known| known.host != host || known.port != port);
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
        if found.is_empty() {
            return Err(Error::HostNotFound);
        }
        let mut addresses = self.empty();
        found.into_iter().take(MOST_ADDRESSES).for_each(|address| addresses.push(address));
        self.remember(host, port, addresses.clone());
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

/// Hosts move: an address is believed for this long.
const REMEMBERED: Duration = Duration::from_secs(60);
const MOST_NAMES: usize = 64;
/// As many as ureq takes.
const MOST_ADDRESSES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn an_address_is_believed_for_a_minute_and_no_longer() {
        let clock = ManualClock::new();
        let look_up: LookUp = |_, _| Ok(Vec::new());
        let memory = Memory::new(Arc::new(clock.clone()), look_up);
        let mut addresses = memory.empty();
        addresses.push(SocketAddr::from(([127, 0, 0, 1], 443)));
        memory.remember("api.vendor.test", 443, addresses);
        clock.advance(Duration::from_secs(59));
        assert!(memory.recall("api.vendor.test", 443).is_some());
        assert!(memory.recall("api.vendor.test", 80).is_none());
        clock.advance(Duration::from_secs(1));
        assert!(memory.recall("api.vendor.test", 443).is_none());
    }
}
