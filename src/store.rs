//! What clones of a client share: the token, and the waits that servers asked for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use ureq::http::{Method, Uri};

use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::{Answer, TokenError};
use crate::retry::Endpoint;
use crate::token::AccessToken;
use crate::url::Origin;

/// The default store: memory that a client and its clones share.
#[derive(Default)]
pub(crate) struct MemoryStore {
    token: Mutex<Slot>,
    free: Condvar,
    wishes: Mutex<Vec<Wish>>,
    /// Spares a warm call the lock.
    has_wishes: AtomicBool,
    refused: Mutex<Option<RefusedClient>>,
    failed_renewal: Mutex<Option<Moment>>,
}

#[derive(Default)]
struct Slot {
    token: Option<AccessToken>,
    /// The thread whose turn it is.
    busy: Option<ThreadId>,
}

/// Credentials that the token endpoint does not know, and until when to believe it.
struct RefusedClient {
    identity: Identity,
    since: Moment,
    error: TokenError,
}

/// A server's wish not to be called for a while.
pub(crate) struct Wish {
    pub(crate) endpoint: Endpoint,
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) since: Moment,
    pub(crate) wait: Duration,
    pub(crate) answer: Answer,
}

/// What the remembered wishes say about a call.
pub(crate) enum Ahead {
    Clear,
    Wait(Duration, Answer),
    /// The same method and path, and the wait does not fit.
    TooLong(Duration, Answer),
}

impl MemoryStore {
    /// Runs `change` on the stored token, one caller at a time, and keeps what it returns:
    /// whoever comes meanwhile finds the new token instead of fetching another.
    ///
    /// After `wait_at_most` it runs all the same: a call must not fail because another
    /// thread is slow. An observer may call a clone in the middle of a token request: it
    /// would wait for itself, so it does not wait. No lock is held while `change` runs.
    pub(crate) fn update<R>(
        &self,
        wait_at_most: Duration,
        change: impl FnOnce(Option<AccessToken>) -> (Option<AccessToken>, R),
    ) -> R {
        let this = thread::current().id();
        let slot = lock(&self.token);
        let waited = self
            .free
            .wait_timeout_while(slot, wait_at_most, |slot| slot.busy.is_some_and(|id| id != this));
        let (mut slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let turn = slot.busy.is_none().then(|| Turn { store: self });
        slot.busy.get_or_insert(this);
        let stored = slot.token.clone();
        drop(slot);
        let (token, result) = change(stored);
        lock(&self.token).token = token;
        drop(turn);
        result
    }

    pub(crate) fn remember(&self, wish: Wish) {
        let mut wishes = lock(&self.wishes);
        let now = wish.since;
        wishes.retain(|old| {
            old.since.left_of(old.wait, &now).is_some()
                && !(old.is_for(wish.endpoint, &wish.origin)
                    && old.method == wish.method
                    && old.path == wish.path)
        });
        if wishes.len() == MOST_WISHES {
            wishes.remove(0);
        }
        wishes.push(wish);
        self.has_wishes.store(true, Ordering::Release);
    }

    /// Whether a call may go now. A wait that fits is kept by every call to the origin;
    /// one that does not fit holds back the same method and path only, because servers
    /// block single endpoints.
    pub(crate) fn ahead(
        &self,
        endpoint: Endpoint,
        method: &Method,
        uri: &Uri,
        now: &Moment,
        time_left: Duration,
    ) -> Ahead {
        if !self.has_wishes.load(Ordering::Acquire) {
            return Ahead::Clear;
        }
        let mut wishes = lock(&self.wishes);
        wishes.retain(|wish| wish.since.left_of(wish.wait, now).is_some());
        self.has_wishes.store(!wishes.is_empty(), Ordering::Release);
        let origin = Origin::of(uri);
        let mut ahead = Ahead::Clear;
        for wish in wishes.iter().filter(|wish| wish.is_for(endpoint, &origin)) {
            let Some(left) = wish.since.left_of(wish.wait, now) else {
                continue;
            };
            if left >= time_left {
                if wish.method == *method && wish.path == uri.path() {
                    return Ahead::TooLong(left, wish.answer.clone());
                }
            } else if !matches!(ahead, Ahead::Wait(longest, _) if longest >= left) {
                ahead = Ahead::Wait(left, wish.answer.clone());
            }
        }
        ahead
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

    /// Remembers that the token endpoint does not know `identity`.
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
}

impl Wish {
    fn is_for(&self, endpoint: Endpoint, origin: &Origin) -> bool {
        self.endpoint == endpoint && self.origin == *origin
    }
}

/// The turn of one caller: ends even if the caller's observer panics.
struct Turn<'a> {
    store: &'a MemoryStore,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.store.token).busy = None;
        self.store.free.notify_one();
    }
}

/// A panic of the caller's leaves no half-written value behind any of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const MOST_WISHES: usize = 1_000;
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
const REFUSAL_HOLDS: Duration = Duration::from_secs(60);
