//! Remembers addresses: ureq asks for them at every call, before it looks at its pool.
//!
//! With `socket`, `tcp` and `connector` it reaches into `ureq::unversioned`, which is outside ureq's
//! semver promise; the feature `resolver` switches all four off.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::clock::Clock;
use crate::url::{authority, port};

#[derive(Clone)]
pub(crate) struct Memory {
    names: Arc<Mutex<Vec<Known>>>,
    clock: Arc<dyn Clock>,
    look_up: LookUp,
}

/// The operating system's answer to host and port.
pub(crate) type LookUp = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

struct Known {
    scheme: Option<Scheme>,
    authority: String,
    addresses: ResolvedSocketAddrs,
    since: Duration,
}

impl Known {
    /// As they were written: to take host and port apart costs more than all else here.
    fn is_of(&self, uri: &Uri) -> bool {
        self.authority == authority(uri) && self.scheme.as_ref() == uri.scheme()
    }
}

impl Memory {
    pub(crate) fn new(clock: Arc<dyn Clock>, look_up: LookUp) -> Self {
        Self { names: Arc::default(), clock, look_up }
    }

    fn names(&self) -> MutexGuard<'_, Vec<Known>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall(&self, uri: &Uri) -> Option<ResolvedSocketAddrs> {
        let names = self.names();
        let known = names.iter().find(|known| known.is_of(uri))?;
        let age = self.clock.monotonic().saturating_sub(known.since);
        (age < REMEMBERED).then(|| known.addresses.clone())
    }

    fn remember(&self, uri: &Uri, addresses: ResolvedSocketAddrs) {
        self.forget(uri);
        let mut names = self.names();
        if names.len() == MOST_NAMES {
            names.remove(0);
        }
        let since = self.clock.monotonic();
        let (scheme, authority) = (uri.scheme().cloned(), authority(uri).to_owned());
        names.push(Known { scheme, authority, addresses, since });
    }

    pub(crate) fn forget(&self, uri: &Uri) {
        self.names().retain(|known| !known.is_of(uri));
    }
}

impl Resolver for Memory {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        if let Some(addresses) = self.recall(uri) {
            return Ok(addresses);
        }
        let host = uri.host().ok_or_else(|| Error::BadUri("a URL without host".into()))?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = (self.look_up)(bare, port(uri));
        let found = found.map_err(|cause| Error::Other(Box::new(NotConnected::LookUp(cause))))?;
        if found.is_empty() {
            return Err(Error::HostNotFound);
        }
        let mut addresses = self.empty();
        found.into_iter().take(MOST_ADDRESSES).for_each(|address| addresses.push(address));
        self.remember(uri, addresses.clone());
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
        let uri = Uri::from_static("https://api.vendor.test");
        memory.remember(&uri, addresses);
        clock.advance(Duration::from_secs(59));
        assert!(memory.recall(&uri).is_some());
        assert!(memory.recall(&Uri::from_static("http://api.vendor.test")).is_none());
        clock.advance(Duration::from_secs(1));
        assert!(memory.recall(&uri).is_none());
    }
}
