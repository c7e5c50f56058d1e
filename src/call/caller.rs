//! What all calls of a client share: connections, time, and the observer.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::http::Uri;

use crate::call::cooldowns::Cooldowns;
use crate::call::deprecations::Deprecations;
use crate::call::paces::Paces;
use crate::clock::{Clock, Moment, SystemClock};
use crate::event::Event;
use crate::provider::Provider;
use crate::stats::Stats;
use crate::wire::transport::Transport;

pub(crate) struct Caller {
    pub(crate) provider: Arc<Provider>,
    pub(crate) transport: Transport,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<Observer>>,
    pub(crate) cooldowns: Arc<Cooldowns>,
    /// Others look into the store, and wait as this client does.
    pub(crate) is_store_shared: bool,
    /// The place of cooldowns in it, as an error names it, once it was looked at.
    pub(crate) kept_in: RefCell<Option<Arc<str>>>,
    /// Which addresses will go.
    pub(crate) deprecations: Arc<Deprecations>,
    /// How many calls may go out in which time.
    pub(crate) paces: Option<Arc<Paces>>,
    /// Set by the program when it wants to end.
    pub(crate) stop: Option<Arc<AtomicBool>>,
    stats: Cell<Stats>,
    /// What clones count that work for this client.
    pub(crate) helpers: Arc<Helpers>,
}

#[derive(Default)]
pub(crate) struct Helpers(Mutex<Stats>);

pub(crate) type Observer = dyn Fn(&Event) + Send + Sync;

impl Caller {
    pub(crate) fn new(provider: Arc<Provider>) -> Self {
        Self {
            provider,
            transport: Transport::new(),
            clock: Arc::new(SystemClock),
            observer: None,
            cooldowns: Arc::default(),
            is_store_shared: false,
            kept_in: RefCell::default(),
            deprecations: Arc::default(),
            paces: None,
            stop: None,
            stats: Cell::default(),
            helpers: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::read(&*self.clock)
    }

    /// Where tokens are asked for: RFC 8705 §5, for a client that shows a certificate.
    pub(crate) fn token_endpoint(&self) -> &Uri {
        let alias = self.alias(self.provider.mtls_token_endpoint.as_ref());
        alias.unwrap_or(&self.provider.token_endpoint)
    }

    pub(crate) fn revocation_endpoint(&self) -> Option<&Uri> {
        let alias = self.alias(self.provider.mtls_revocation_endpoint.as_ref());
        alias.or(self.provider.revocation_endpoint.as_ref())
    }

    fn alias<'a>(&self, alias: Option<&'a Uri>) -> Option<&'a Uri> {
        alias.filter(|_| self.transport.connection.has_client_certificate())
    }

    /// How long the authorization server may say nothing.
    pub(crate) fn token_idle_timeout(&self) -> Duration {
        self.transport.connection.token_idle_timeout
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Waits, unless the program asks to stop, and tells how long.
    pub(crate) fn wait(&self, wait: Duration) -> Duration {
        if self.stop.is_none() {
            self.clock.sleep(wait);
            return wait;
        }
        let mut left = wait;
        while !left.is_zero() && !self.is_stopped() {
            let part = left.min(LOOK_EVERY);
            self.clock.sleep(part);
            left = left.saturating_sub(part);
        }
        wait.saturating_sub(left)
    }

    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if let Some(observer) = &self.observer {
            observer(&event());
        }
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Stats)) {
        let mut stats = self.stats.get();
        change(&mut stats);
        self.stats.set(stats);
    }

    pub(crate) fn stats(&self) -> Stats {
        self.stats.get() + *self.helpers.counted()
    }
}

impl Helpers {
    pub(crate) fn add(&self, stats: Stats) {
        let mut counted = self.counted();
        *counted = *counted + stats;
    }

    fn counted(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts its own [`Stats`].
impl Clone for Caller {
    fn clone(&self) -> Self {
        Self {
            provider: self.provider.clone(),
            transport: self.transport.clone(),
            clock: self.clock.clone(),
            observer: self.observer.clone(),
            cooldowns: self.cooldowns.clone(),
            kept_in: self.kept_in.clone(),
            deprecations: self.deprecations.clone(),
            paces: self.paces.clone(),
            stop: self.stop.clone(),
            stats: Cell::default(),
            helpers: Arc::default(),
            ..*self
        }
    }
}

/// How soon a wait notices that it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(100);
