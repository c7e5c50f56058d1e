//! What clones of a client remember together: the waits that servers asked for, and
//! credentials and tokens that were refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ureq::http::{Method, Uri};

use crate::call::cooldown::{self, Cooldown, CooldownKey, CooldownState, MOST_COOLDOWNS};
use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::TokenError;
use crate::token::access_token::AccessToken;
use crate::url::Origin;

/// The memory, shared by clones.
#[derive(Default)]
pub(crate) struct Cooldowns {
    cooldowns: Mutex<Vec<Cooldown>>,
    has_cooldowns: AtomicBool,
    refused: Mutex<Option<RefusedClient>>,
    failed_renewal: Mutex<Option<Moment>>,
    vain_renewals: Mutex<Vec<VainRenewal>>,
    has_vain_renewals: AtomicBool,
}

/// Credentials that the token endpoint does not know or grants nothing, and since when.
struct RefusedClient {
    identity: Identity,
    since: Moment,
    error: TokenError,
}

/// A token that was bought because another had been refused, and was refused as well.
struct VainRenewal {
    token: AccessToken,
    /// Some call did not refuse it, so what it was refused by is not the token's fault.
    is_accepted: bool,
    since: Moment,
    method: Method,
    origin: Origin,
    path: String,
}

impl Cooldowns {
    pub(crate) fn remember(&self, cooldown: Cooldown) {
        let now = cooldown.since;
        self.change(|cooldowns| cooldown::put(cooldowns, cooldown, &now));
    }

    /// Takes up what others left in a store, where it says more than what is known here.
    pub(crate) fn take_up(&self, others: &[Cooldown], now: &Moment) {
        if !others.is_empty() {
            self.change(|cooldowns| {
                for other in others {
                    cooldown::take_up(cooldowns, other, now);
                }
            });
        }
    }

    /// Whether there is none at all: spares a warm call the clocks and the lock.
    pub(crate) fn is_clear(&self) -> bool {
        !self.has_cooldowns.load(Ordering::Acquire)
    }

    /// Whether a call may go now.
    pub(crate) fn ahead(
        &self,
        key: &CooldownKey<'_>,
        now: &Moment,
        time_left: Duration,
    ) -> CooldownState {
        self.change(|cooldowns| {
            cooldowns.retain(|cooldown| cooldown.since.left_of(cooldown.wait, now).is_some());
            cooldown::ahead(cooldowns, key, now, time_left)
        })
    }

    /// Lets the call be the probe of this hour, and then no other, if it may.
    pub(crate) fn claim(
        &self,
        key: &CooldownKey<'_>,
        now: &Moment,
        time_left: Duration,
    ) -> CooldownState {
        self.change(|cooldowns| {
            let ahead = cooldown::ahead(cooldowns, key, now, time_left);
            if matches!(ahead, CooldownState::Probe { .. }) {
                cooldown::claim(cooldowns, key, now);
            }
            ahead
        })
    }

    pub(crate) fn drop_probed(&self, key: &CooldownKey<'_>) {
        self.change(|cooldowns| cooldown::drop_probed(cooldowns, key));
    }

    pub(crate) fn drop_all(&self) {
        self.change(Vec::clear);
    }

    fn change<R>(&self, change: impl FnOnce(&mut Vec<Cooldown>) -> R) -> R {
        let mut cooldowns = lock(&self.cooldowns);
        let result = change(&mut cooldowns);
        self.has_cooldowns.store(!cooldowns.is_empty(), Ordering::Release);
        result
    }

    pub(crate) fn renewal_failed(&self, now: Moment) {
        *lock(&self.failed_renewal) = Some(now);
    }

    /// Whether an early renewal failed so short ago that the old token is better used
    /// without asking again at each call.
    pub(crate) fn renewal_failed_lately(&self, now: &Moment) -> bool {
        let failed = *lock(&self.failed_renewal);
        failed.is_some_and(|failed| failed.left_of(RENEWAL_PAUSE, now).is_some())
    }

    /// Remembers that the token endpoint does not know `identity`, or grants it nothing.
    pub(crate) fn refuse(&self, identity: Identity, since: Moment, error: TokenError) {
        *lock(&self.refused) = Some(RefusedClient { identity, since, error });
    }

    /// The error of before, if these very credentials were refused a moment ago: asking
    /// again would get the client locked out, not in.
    pub(crate) fn was_refused(&self, identity: &Identity, now: &Moment) -> Option<TokenError> {
        let refused = lock(&self.refused);
        let refused = refused.as_ref().filter(|refused| refused.identity == *identity)?;
        refused.since.left_of(REFUSAL_HOLDS, now)?;
        Some(refused.error.clone())
    }

    /// A call refused this token, which was bought for the sake of that call (`is_renewed`)
    /// or before. Whether a newer one would likely be refused as well: this one was new
    /// itself and no call has been accepted with it, or the same method and path refused a
    /// new one.
    pub(crate) fn token_refused(
        &self,
        token: &AccessToken,
        is_renewed: bool,
        method: &Method,
        uri: &Uri,
        now: &Moment,
    ) -> bool {
        let mut renewals = self.vain_renewals(now);
        let doubt = renewals.iter().find(|renewal| renewal.is_doubted(token));
        // A token that is refused by call after call is for all that not doubted for ever.
        let Some(since) = doubt.map(|doubt| doubt.since).or(is_renewed.then_some(*now)) else {
            return renewals.iter().any(|renewal| renewal.is_of(method, uri));
        };
        renewals.retain(|renewal| !renewal.is_of(method, uri));
        if renewals.len() == MOST_COOLDOWNS {
            renewals.remove(0);
        }
        renewals.push(VainRenewal {
            token: token.clone(),
            is_accepted: false,
            since,
            method: method.clone(),
            origin: Origin::of(uri),
            path: uri.path().to_owned(),
        });
        self.has_vain_renewals.store(true, Ordering::Release);
        true
    }

    /// A call was accepted with this token: spares it the lock if there is no doubt.
    pub(crate) fn accepted(&self, token: &AccessToken, method: &Method, uri: &Uri, now: &Moment) {
        if !self.has_vain_renewals.load(Ordering::Acquire) {
            return;
        }
        let mut renewals = self.vain_renewals(now);
        renewals.retain(|renewal| !renewal.is_of(method, uri));
        for renewal in renewals.iter_mut().filter(|renewal| renewal.token.is_same(token)) {
            renewal.is_accepted = true;
        }
    }

    /// Those that are not long ago.
    fn vain_renewals(&self, now: &Moment) -> MutexGuard<'_, Vec<VainRenewal>> {
        let mut renewals = lock(&self.vain_renewals);
        renewals.retain(|renewal| renewal.since.left_of(REFUSAL_HOLDS, now).is_some());
        self.has_vain_renewals.store(!renewals.is_empty(), Ordering::Release);
        renewals
    }
}

impl VainRenewal {
    fn is_doubted(&self, token: &AccessToken) -> bool {
        !self.is_accepted && self.token.is_same(token)
    }

    fn is_of(&self, method: &Method, uri: &Uri) -> bool {
        self.method == *method && self.path == uri.path() && self.origin == Origin::of(uri)
    }
}

/// A panic of the caller's leaves no half-written value behind any of these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
const REFUSAL_HOLDS: Duration = Duration::from_secs(60);
