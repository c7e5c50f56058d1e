//! What clones of a client remember together: the waits that servers asked for, and
//! credentials and tokens that were refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use ureq::http::{Method, StatusCode, Uri};

use crate::clock::{Moment, UNSETTLED, to_millis};
use crate::credentials::Identity;
use crate::error::{Answer, TokenError};
use crate::retry::Endpoint;
use crate::token::AccessToken;
use crate::url::Origin;

/// The memory, shared by clones.
#[derive(Default)]
pub(crate) struct Wishes {
    wishes: Mutex<Vec<Wish>>,
    has_wishes: AtomicBool,
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

/// A server's wish not to be called for a while.
#[derive(Clone)]
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
    /// The same method and path, or one of several others, and the wait does not fit.
    TooLong(Duration, Answer),
}

impl Wishes {
    pub(crate) fn remember(&self, wish: Wish) {
        let mut wishes = lock(&self.wishes);
        let now = wish.since;
        wishes.retain(|old| old.since.left_of(old.wait, &now).is_some() && !old.is_like(&wish));
        if wishes.len() == MOST_WISHES {
            wishes.remove(0);
        }
        wishes.push(wish);
        self.has_wishes.store(true, Ordering::Release);
    }

    /// Takes up what others left in a store, where it says more than what is known here.
    pub(crate) fn take_up(&self, others: &[Wish]) {
        for wish in others {
            let is_known = lock(&self.wishes)
                .iter()
                .any(|known| known.is_like(wish) && known.ends_after(wish));
            if !is_known {
                self.remember(wish.clone());
            }
        }
    }

    /// Whether there is none at all: spares a warm call the clocks and the lock.
    pub(crate) fn is_clear(&self) -> bool {
        !self.has_wishes.load(Ordering::Acquire)
    }

    /// Whether a call may go now. A wait that fits is kept by every call to the origin;
    /// one that does not fit holds back the same method and path only, because servers
    /// block single endpoints; two of them by a 429 hold back every call, since the next path
    /// would hardly fare better.
    pub(crate) fn ahead(
        &self,
        endpoint: Endpoint,
        method: &Method,
        uri: &Uri,
        now: &Moment,
        time_left: Duration,
    ) -> Ahead {
        let mut wishes = lock(&self.wishes);
        wishes.retain(|wish| wish.since.left_of(wish.wait, now).is_some());
        self.has_wishes.store(!wishes.is_empty(), Ordering::Release);
        let origin = Origin::of(uri);
        let mut ahead = Ahead::Clear;
        let mut too_long: Vec<(Duration, &Answer)> = Vec::new();
        for wish in wishes.iter().filter(|wish| wish.is_for(endpoint, &origin)) {
            let Some(left) = wish.since.left_of(wish.wait, now) else {
                continue;
            };
            if left >= time_left {
                if wish.method == *method && wish.path == uri.path() {
                    return Ahead::TooLong(left, wish.answer.clone());
                }
                // Other refusals are of single endpoints.
                if wish.answer.status == StatusCode::TOO_MANY_REQUESTS {
                    too_long.push((left, &wish.answer));
                }
            } else if !matches!(ahead, Ahead::Wait(longest, _) if longest >= left) {
                ahead = Ahead::Wait(left, wish.answer.clone());
            }
        }
        match too_long.iter().min_by_key(|(left, _)| *left) {
            Some((left, answer)) if too_long.len() > 1 => Ahead::TooLong(*left, (*answer).clone()),
            _ => ahead,
        }
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
        if renewals.len() == MOST_WISHES {
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

impl Wish {
    pub(crate) fn to_json(&self) -> Value {
        let wait = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
        json!({
            "endpoint": if self.endpoint == Endpoint::Token { "token" } else { "api" },
            "origin": self.origin.to_string(),
            "method": self.method.as_str(),
            "path": self.path,
            "since": to_millis(self.since.wall),
            "wait": wait,
            "status": self.answer.status.as_u16(),
            "code": self.answer.code,
            "message": self.answer.message,
        })
    }

    /// What [`to_json`](Self::to_json) wrote; its monotonic time is not settled.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        let number = |name: &str| value.get(name)?.as_u64();
        let wait = Duration::from_millis(number("wait")?);
        let since = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(number("since")?))?;
        let endpoint = match text("endpoint")? {
            "token" => Endpoint::Token,
            _ => Endpoint::Api,
        };
        Some(Self {
            endpoint,
            origin: Origin::of(&text("origin")?.parse().ok()?),
            method: text("method")?.parse().ok()?,
            path: text("path")?.to_owned(),
            since: Moment { wall: since, monotonic: UNSETTLED },
            wait,
            answer: Answer {
                status: StatusCode::from_u16(number("status")?.try_into().ok()?).ok()?,
                code: text("code").map(str::to_owned),
                message: text("message").map(str::to_owned),
                request_id: None,
                retry_after: Some(wait),
                body: String::new(),
            },
        })
    }

    fn ends_after(&self, other: &Self) -> bool {
        let end = |wish: &Self| wish.since.wall.checked_add(wish.wait);
        end(self) >= end(other)
    }

    /// Of the same call.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.is_for(other.endpoint, &other.origin)
            && self.method == other.method
            && self.path == other.path
    }

    fn is_for(&self, endpoint: Endpoint, origin: &Origin) -> bool {
        self.endpoint == endpoint && self.origin == *origin
    }
}

/// A panic of the caller's leaves no half-written value behind any of these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) const MOST_WISHES: usize = 1_000;
const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
const REFUSAL_HOLDS: Duration = Duration::from_secs(60);
