//! The access token: how the answer is read, and how long it lives.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use ureq::http::header::HeaderValue;

use crate::clock::{Moment, UNSETTLED, to_millis};
use crate::error::{Error, Result};
use crate::mask::{Secret, mask, mask_opaque};
use crate::response::Response;
use crate::token::diagnosis::unreadable;
use crate::token::id_token::IdToken;

/// An access token and its life (RFC 6749 §5.1). It prints redacted; clones are cheap.
#[derive(Clone)]
pub struct AccessToken {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    secret: Secret,
    header: HeaderValue,
    issued: Moment,
    lifetime: Option<Duration>,
    scope: Option<String>,
    id_token: Option<Secret>,
}

impl AccessToken {
    /// The token itself, for code that calls an API without this crate. Do not print it.
    pub fn as_str(&self) -> &str {
        self.inner.secret.expose()
    }

    /// The scope that was granted, if the answer says so: a server may leave out one that is
    /// as asked (RFC 6749 §5.1), and some leave out any.
    pub fn scope(&self) -> Option<&str> {
        self.inner.scope.as_deref()
    }

    /// How long it lives from the moment that it was asked for; `None` if the server did
    /// not say in a way that can be believed: it is then used until it is refused.
    pub fn lifetime(&self) -> Option<Duration> {
        self.inner.lifetime
    }

    /// When it expires, by the local wall clock.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.inner.issued.wall.checked_add(self.inner.lifetime?)
    }

    /// The id_token that came with it, **not verified**: see [`IdToken`].
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if there is none (ask for the scope `openid`) or it cannot be
    /// read.
    pub fn id_token(&self) -> Result<IdToken> {
        match &self.inner.id_token {
            Some(jwt) => IdToken::parse(jwt.expose()),
            None => Err(Error::decode(
                None,
                "no id_token came with the access token: ask for it with the scope openid",
            )),
        }
    }

    /// For a store: whoever reads it has the token.
    pub(crate) fn to_json(&self) -> Value {
        let inner = &self.inner;
        let lifetime = inner.lifetime.and_then(|life| u64::try_from(life.as_millis()).ok());
        json!({
            "access_token": inner.secret.expose(),
            "issued": to_millis(inner.issued.wall),
            "lifetime": lifetime,
            "scope": inner.scope,
            "id_token": inner.id_token.as_ref().map(Secret::expose),
        })
    }

    /// What [`to_json`](Self::to_json) wrote; its monotonic time is not settled.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let millis = |name: &str| Some(Duration::from_millis(value.get(name)?.as_u64()?));
        let secret = text("access_token")?;
        let wall = SystemTime::UNIX_EPOCH.checked_add(millis("issued")?)?;
        let inner = Inner {
            header: bearer(&secret)?,
            secret: secret.into(),
            issued: Moment { wall, monotonic: UNSETTLED },
            lifetime: millis("lifetime").map(|life| life.min(LONGEST_LIFE)),
            scope: text("scope"),
            id_token: text("id_token").map(Secret::from),
        };
        Some(Self { inner: Arc::new(inner) })
    }

    pub(crate) fn settled(self, now: &Moment) -> Self {
        let issued = self.inner.issued.settled(now);
        if issued.monotonic == self.inner.issued.monotonic {
            return self;
        }
        let inner = Inner { issued, ..(*self.inner).clone() };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn issued(&self) -> &Moment {
        &self.inner.issued
    }

    /// Its place on the monotonic clock is known, whatever the wall clock says.
    pub(crate) fn is_settled(&self) -> bool {
        self.inner.issued.monotonic != UNSETTLED
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.inner.header.clone()
    }

    pub(crate) fn masking(&self) -> Secret {
        self.inner.secret.clone()
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.inner.secret == other.inner.secret
    }

    /// Good enough to start a call: not within `margin` of its end, the margin being at
    /// most a quarter of its life, so that a token of 20 seconds still works.
    pub(crate) fn is_fresh(&self, margin: Duration, now: &Moment) -> bool {
        self.inner.lifetime.is_none_or(|life| {
            let margin = margin.min(life / 4);
            self.inner.issued.left_of(life.saturating_sub(margin), now).is_some()
        })
    }

    /// Not expired yet, margin or not: how much of its life is left.
    pub(crate) fn left(&self, now: &Moment) -> Option<Duration> {
        let life = self.inner.lifetime.unwrap_or(LONGEST_LIFE);
        self.inner.issued.left_of(life, now)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("secret", &self.inner.secret)
            .field("lifetime", &self.inner.lifetime)
            .field("scope", &self.inner.scope)
            .field("id_token", &self.inner.id_token)
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

/// Reads a token answer leniently (RFC 6749 §5.1): servers are often slightly wrong.
///
/// The life starts when the request was sent, since the server began to count then.
pub(crate) fn read(response: &Response, issued: Moment, known: &[String]) -> Result<AccessToken> {
    let refuse = |why: String| Err(unreadable(response, known, &why));
    let Ok(text) = response.json_text() else {
        return refuse("the answer is not UTF-8".into());
    };
    let answer: Map<String, Value> = match serde_json::from_str(text) {
        Ok(Value::Object(answer)) => answer,
        Ok(_) => return refuse("the answer is not a JSON object".into()),
        Err(cause) => return refuse(format!("the answer is not valid JSON ({cause})")),
    };
    let text = |name: &str| match answer.get(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    };
    let Some(secret) = text("access_token") else {
        return refuse("the answer has no access_token".into());
    };
    match answer.get("token_type") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if is_bearer(kind) => {}
        Some(kind) => {
            // Some servers swap the members.
            let mask_other = if is_name(kind) && !is_bearer(secret) { mask } else { mask_opaque };
            let kind = mask_other(&mask(&kind.to_string(), &[secret]), known);
            return refuse(format!("the token_type is {kind}; only Bearer (RFC 6750) can be used"));
        }
    }
    let Some(header) = bearer(secret) else {
        return refuse("the access_token has characters that would break a header".into());
    };
    let inner = Inner {
        secret: secret.to_owned().into(),
        header,
        issued,
        lifetime: answer.get("expires_in").and_then(lifetime),
        scope: text("scope").map(str::to_owned),
        id_token: text("id_token").map(|jwt| jwt.to_owned().into()),
    };
    Ok(AccessToken { inner: Arc::new(inner) })
}

/// What was asked for but not granted (RFC 6749 §3.3), if the answer names a scope.
pub(crate) fn missing_scope<'a>(asked: Option<&'a str>, granted: Option<&str>) -> Vec<&'a str> {
    let Some(granted) = granted else { return Vec::new() };
    let is_granted = |name: &str| granted.split_whitespace().any(|other| other == name);
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
/// Of a token type; tokens are longer.
const LONGEST_NAME: usize = 16;
