//! The access token: how the answer is read, and how long it lives.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use ureq::http::header::HeaderValue;

use crate::clock::{Moment, from_millis, to_millis};
use crate::error::Error;
use crate::mask::{Mask, Secret};
use crate::response::Response;
use crate::token::id_token::IdToken;

/// An access token and its life (RFC 6749 §5.1). It prints redacted; clones are cheap.
#[derive(Clone)]
pub struct AccessToken {
    stored: Arc<StoredToken>,
    /// When it was asked for, on the monotonic clock.
    issued: Duration,
}

/// A token with its times on the wall clock alone, as a store keeps it.
pub(crate) struct StoredToken {
    secret: Secret,
    mask: Mask,
    header: HeaderValue,
    issued: SystemTime,
    lifetime: Option<Duration>,
    scope: Option<String>,
    id_token: Option<Secret>,
}

impl AccessToken {
    /// The token itself, for code that calls an API without this crate. Do not print it.
    pub fn as_str(&self) -> &str {
        self.stored.secret.expose()
    }

    /// The scope that was granted, if the answer says so: a server may leave out one that is
    /// as asked (RFC 6749 §5.1), and some leave out any.
    pub fn scope(&self) -> Option<&str> {
        self.stored.scope.as_deref()
    }

    /// How long it lives from the moment that it was asked for. `None` if the server did not say,
    /// or said what cannot be right: then it is used until it is refused.
    pub fn lifetime(&self) -> Option<Duration> {
        self.stored.lifetime
    }

    /// When it expires, by the local wall clock.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.stored.expires_at()
    }

    /// The id_token that came with it, **not verified**: see [`IdToken`].
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if there is none (ask for the scope `openid`) or it cannot be
    /// read.
    pub fn id_token(&self) -> Result<IdToken, Error> {
        match &self.stored.id_token {
            Some(jwt) => IdToken::parse(jwt.expose()),
            None => Err(Error::decode(
                None,
                "no id_token came with the access token: ask for it with the scope openid",
            )),
        }
    }

    pub(crate) fn stored(&self) -> Arc<StoredToken> {
        self.stored.clone()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.stored.header.clone()
    }

    /// Over the token itself.
    pub(crate) fn mask(&self) -> &Mask {
        &self.stored.mask
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.stored.secret == other.stored.secret
    }

    /// Good enough to start a call: not within `margin` of its end. The margin is at most a quarter
    /// of its life, so that a token of 20 seconds still works.
    pub(crate) fn is_fresh(&self, margin: Duration, now: &Moment) -> bool {
        self.stored.lifetime.is_none_or(|life| {
            let margin = margin.min(life / 4);
            self.issued().left_of(life.saturating_sub(margin), now).is_some()
        })
    }

    /// Not expired yet, margin or not: how much of its life is left.
    pub(crate) fn left(&self, now: &Moment) -> Option<Duration> {
        let life = self.stored.lifetime.unwrap_or(LONGEST_LIFE);
        self.issued().left_of(life, now)
    }

    /// Too new for a server whose clock is behind, perhaps.
    pub(crate) fn is_new(&self, now: &Moment) -> bool {
        self.issued().left_of(FIRST_SECONDS, now).is_some()
    }

    fn issued(&self) -> Moment {
        Moment { wall: self.stored.issued, monotonic: self.issued }
    }
}

impl StoredToken {
    /// With its place on the monotonic clock. `None` if it was issued after `latest`, by a
    /// clock that has been set back since: how old it is cannot be known.
    pub(crate) fn rebased(
        self: &Arc<Self>,
        now: &Moment,
        latest: SystemTime,
    ) -> Option<AccessToken> {
        let issued = Moment::at(self.issued, now).monotonic;
        let is_past = self.issued <= latest;
        is_past.then(|| AccessToken { stored: self.clone(), issued })
    }

    pub(crate) fn expires_at(&self) -> Option<SystemTime> {
        self.issued.checked_add(self.lifetime?)
    }

    pub(crate) fn is_same(&self, token: &AccessToken) -> bool {
        self.secret == token.stored.secret
    }

    /// For a store: whoever reads it has the token.
    pub(crate) fn to_json(&self) -> Value {
        let lifetime = self.lifetime.and_then(|life| u64::try_from(life.as_millis()).ok());
        json!({
            "access_token": self.secret.expose(),
            "issued": to_millis(self.issued),
            "lifetime": lifetime,
            "scope": self.scope,
            "id_token": self.id_token.as_ref().map(Secret::expose),
        })
    }

    /// What [`to_json`](Self::to_json) wrote.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let number = |name: &str| value.get(name)?.as_u64();
        let secret = text("access_token")?;
        Some(Self {
            header: bearer(&secret)?,
            mask: Mask::of([secret.clone()]),
            secret: secret.into(),
            issued: from_millis(number("issued")?)?,
            lifetime: number("lifetime").map(|life| Duration::from_millis(life).min(LONGEST_LIFE)),
            scope: text("scope"),
            id_token: text("id_token").map(Secret::from),
        })
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stored.fmt(f)
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.secret)
            .field("lifetime", &self.lifetime)
            .field("scope", &self.scope)
            .field("id_token", &self.id_token)
            .finish()
    }
}

/// RFC 6750 §2.1; nothing that could end a header.
fn bearer(secret: &str) -> Option<HeaderValue> {
    let is_safe = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
    is_safe.then(|| sensitive(&format!("Bearer {secret}"))).flatten()
}

pub(crate) fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Reads a token answer leniently (RFC 6749 §5.1), since servers are often slightly wrong, or
/// says why it is none.
///
/// The life starts when the request was sent, since the server began to count then.
pub(crate) fn read(response: &Response, issued: Moment) -> Result<AccessToken, String> {
    let Ok(text) = response.json_text() else {
        return Err("the answer is not UTF-8".into());
    };
    let answer: Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(answer)) => answer,
        Ok(_) => return Err("the answer is not a JSON object".into()),
        Err(cause) => return Err(format!("the answer is not valid JSON ({cause})")),
    };
    let text = |name: &str| match answer.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let secret = text("access_token").ok_or("the answer has no access_token")?;
    match answer.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if is_bearer(kind) => {}
        Some(kind) => {
            let mask = response.mask.and([secret.clone()]);
            // Some servers swap the members.
            let kind = match is_name(kind) && !is_bearer(&secret) {
                true => mask.hide(&kind.to_string()),
                false => mask.hide_opaque(&kind.to_string()),
            };
            return Err(format!("the token_type is {kind}; only Bearer (RFC 6750) can be used"));
        }
    }
    let stored = StoredToken {
        header: bearer(&secret)
            .ok_or("the access_token has characters that would break a header")?,
        mask: Mask::of([secret.clone()]),
        secret: secret.into(),
        issued: issued.wall,
        lifetime: answer.get("expires_in").and_then(lifetime),
        scope: text("scope"),
        id_token: text("id_token").map(Secret::from),
    };
    Ok(AccessToken { stored: Arc::new(stored), issued: issued.monotonic })
}

/// What was asked for but not granted (RFC 6749 §3.3), if the answer names a scope.
pub(crate) fn missing_scope<'a>(asked: Option<&'a str>, granted: Option<&str>) -> Vec<&'a str> {
    let Some(granted) = granted else { return Vec::new() };
    // Some servers separate them by commas.
    let is_apart = |c: char| c.is_whitespace() || c == ',';
    let is_granted = |name: &str| granted.split(is_apart).any(|other| other == name);
    let asked = asked.unwrap_or_default().split_whitespace();
    asked.filter(|name| !is_granted(name)).collect()
}

/// Apigee calls it `BearerToken`, others send an empty text.
fn is_bearer(kind: &str) -> bool {
    let kind = kind.trim();
    ["", "bearer", "bearertoken"].iter().any(|name| kind.eq_ignore_ascii_case(name))
}

/// Such as `DPoP`: too short and too plain to be a token.
fn is_name(kind: &Value) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b"-_".contains(&byte);
    kind.as_str().is_some_and(|kind| kind.len() <= LONGEST_NAME && kind.bytes().all(is_plain))
}

/// `expires_in` in all its shapes: a number, a quoted one, a fraction. What is zero,
/// negative, `null` or nonsense says nothing: the token is used until it is refused.
fn lifetime(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    if seconds.is_nan() || seconds <= 0.0 {
        return None;
    }
    let seconds = seconds.min(LONGEST_LIFE.as_secs_f64());
    Duration::try_from_secs_f64(seconds).ok().filter(|life| !life.is_zero())
}

/// Longer than any server means it; keeps the arithmetic on clocks safe.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const FIRST_SECONDS: Duration = Duration::from_secs(10);
/// Of a token type; tokens are longer.
const LONGEST_NAME: usize = 16;
