//! Where tokens and the servers' cooldowns are kept: the trait, and what is kept.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::call::cooldown::Cooldown;
use crate::call::paces::{Paces, Turn};
use crate::clock::Moment;
use crate::credentials::identity::Identity;
use crate::encoding::{encode_pairs, fingerprint};
use crate::error::{Cause, Error, Result};
use crate::json_text::object_of;
use crate::pace::{Pace, Sent};
use crate::provider::Provider;
use crate::token::access_token::{AccessToken, StoredToken};
use crate::token::stored_pace::StoredPace;

/// A place where clients share a token, and the waits that servers asked for. They may be threads,
/// processes or machines, as far as the store reaches.
///
/// The default is a [`MemoryStore`](crate::MemoryStore) that clones of a client share;
/// implement this for a cache of your own. The client asks its store only when its own copy
/// is missing, stale or refused, or when a server named a time. A store that fails never
/// makes a call fail that would succeed without it: the client goes on without it, says so
/// by an event and counts it.
pub trait TokenStore: Send + Sync {
    /// Runs `change` on the entry that is stored under `key` (an empty one if there is
    /// none), and keeps what it leaves there.
    ///
    /// Nobody else may run a change under the same key meanwhile. The token request happens within
    /// it, so it may take long, and it must run **at most once**. Waits at most `wait_at_most` for
    /// its turn.
    ///
    /// The key holds no client secret, but in clear the client id, the scope and the values
    /// of extra token parameters.
    ///
    /// # Errors
    ///
    /// Any; the client goes on without the store. If `change` did not run, the store counts as
    /// empty; if it ran, its result is used.
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> std::result::Result<(), Cause>;

    /// Where it keeps things, as an error says it: `the wait is kept in …`; default:
    /// `the client's token store`. [`FileStore`](crate::FileStore) names its folder.
    fn describe(&self) -> String {
        "the client's token store".into()
    }
}

/// One store for several clients.
impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> std::result::Result<(), Cause> {
        (**self).update(key, wait_at_most, change)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// One that is chosen while the program runs.
impl<T: TokenStore + ?Sized> TokenStore for Box<T> {
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> std::result::Result<(), Cause> {
        (**self).update(key, wait_at_most, change)
    }

    fn describe(&self) -> String {
        (**self).describe()
    }
}

/// What a [`TokenStore`] keeps under a key: opaque, and **as secret as the token in it**.
///
/// To keep it outside of this process take [`to_text`](Self::to_text), a versioned JSON
/// text, and [`from_text`](Self::from_text).
#[derive(Clone, Default)]
pub struct StoreEntry {
    pub(crate) token: Option<Arc<StoredToken>>,
    pub(crate) cooldowns: Vec<Cooldown<SystemTime>>,
    pub(crate) paces: Vec<StoredPace>,
}

impl StoreEntry {
    /// The entry as text. Holds the token: write it only where nobody else can read it.
    pub fn to_text(&self) -> String {
        let token = self.token.as_ref().map(|token| token.to_json());
        let cooldowns: Vec<Value> = self.cooldowns.iter().map(Cooldown::to_json).collect();
        let paces: Vec<Value> = self.paces.iter().map(StoredPace::to_json).collect();
        json!({ "version": VERSION, "token": token, "cooldowns": cooldowns, "paces": paces })
            .to_string()
    }

    /// The entry that [`to_text`](Self::to_text) wrote.
    ///
    /// # Errors
    ///
    /// A configuration error if it is not such a text, or of another version: replace it.
    pub fn from_text(text: &str) -> Result<Self> {
        let refuse = || Error::configuration("the stored entry cannot be read");
        let map = object_of(text.as_bytes()).ok_or_else(refuse)?;
        if map.get("version") != Some(&Value::from(VERSION)) {
            return Err(refuse());
        }
        let token = match map.get("token") {
            None | Some(Value::Null) => None,
            Some(token) => Some(Arc::new(StoredToken::from_json(token).ok_or_else(refuse)?)),
        };
        let cooldowns = map.get("cooldowns").and_then(Value::as_array).ok_or_else(refuse)?;
        let cooldowns = cooldowns.iter().filter_map(Cooldown::from_json).collect();
        let paces = map.get("paces").and_then(Value::as_array).into_iter().flatten();
        let paces = paces.filter_map(StoredPace::from_json).collect();
        Ok(Self { token, cooldowns, paces })
    }

    /// When nothing in it is of use any more, by the wall clock, if that is known: a
    /// store may forget it then.
    pub fn useful_until(&self) -> Option<SystemTime> {
        let token = match &self.token {
            Some(token) => Some(token.expires_at()?),
            None => None,
        };
        let cooldowns = self.cooldowns.iter().filter_map(Cooldown::useful_until);
        let paces = self.paces.iter().map(StoredPace::useful_until);
        token.into_iter().chain(cooldowns).chain(paces).max()
    }

    /// The token on the clocks of this process.
    pub(crate) fn token(&self, now: &Moment) -> Option<AccessToken> {
        self.token.as_ref()?.rebased(now, latest(now))
    }

    /// Counts a call on the clocks of this process, for all who keep the same paces.
    pub(crate) fn claim(&mut self, paces: &Paces, now: &Moment, left: Duration) -> Option<Turn> {
        let stored = |pace: &Pace| self.paces.iter().find(|it| it.is_of(pace));
        let sent = |pace| stored(pace).map(|it| it.rebased(now)).unwrap_or_default();
        let mut sent: Vec<Vec<Sent>> = paces.all.iter().map(sent).collect();
        let turn = paces.claim(now.monotonic, left, Some(&mut sent));
        for (pace, sent) in paces.all.iter().zip(sent) {
            self.paces.retain(|it| !it.is_of(pace));
            self.paces.push(StoredPace::of(pace, &sent, now));
        }
        turn
    }

    /// Changes the cooldowns on the clocks of this process; what is over is gone.
    pub(crate) fn with_cooldowns<R>(
        &mut self,
        now: &Moment,
        change: impl FnOnce(&mut Vec<Cooldown>) -> R,
    ) -> R {
        let stored = self.cooldowns.drain(..);
        let mut cooldowns = stored.filter_map(|it| it.rebased(now, latest(now))).collect();
        let result = change(&mut cooldowns);
        self.cooldowns = cooldowns.into_iter().map(Cooldown::stored).collect();
        result
    }
}

/// What is from after this was left by a clock that has been set back since.
fn latest(now: &Moment) -> SystemTime {
    now.wall.checked_add(CLOCK_SKEW).unwrap_or(now.wall)
}

/// What a token depends on, in one text without collisions: everything about the token
/// request but what proves who the client is. A token may be bound to the certificate that it
/// was asked for with (RFC 8705 §3).
pub(crate) fn key(provider: &Provider, identity: &Identity, certificate: Option<&str>) -> String {
    let endpoint = provider.token_endpoint.to_string();
    let method = provider.method_for(&identity.proof).map(|method| format!("{method:?}"));
    let mut pairs = vec![
        ("token_endpoint", endpoint.as_str()),
        ("auth_method", method.as_deref().unwrap_or_default()),
        ("client_id", &identity.id),
    ];
    pairs.extend(certificate.map(|name| ("certificate", name)));
    pairs.extend(provider.scope.iter().map(|scope| ("scope", scope.as_str())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.as_str())));
    pairs.extend(provider.resources.iter().map(|resource| ("resource", resource.as_str())));
    let extra: Vec<String> =
        provider.parameters.iter().map(|(name, _)| format!("extra.{name}")).collect();
    let values = provider.parameters.iter().map(|(_, value)| value.as_str());
    pairs.extend(extra.iter().map(String::as_str).zip(values));
    // A header may name a tenant, or hold a secret: of that, 32 bits tell nothing.
    let headers = provider.token_headers.iter().map(|(name, value)| {
        let value = fingerprint(&String::from_utf8_lossy(value.as_bytes()));
        (format!("header.{name}"), format!("{:08x}", value & 0xffff_ffff))
    });
    let headers: Vec<(String, String)> = headers.collect();
    pairs.extend(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    encode_pairs(pairs)
}

/// What is in it, but not the token.
impl fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreEntry")
            .field("token", &self.token)
            .field("cooldowns", &self.cooldowns.len())
            .finish()
    }
}

const VERSION: u64 = 1;
/// How far the clocks of machines that share a store may be apart.
const CLOCK_SKEW: Duration = Duration::from_secs(60);
