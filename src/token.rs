//! The access token: how it is asked for, how the answer is read, how long it lives.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::clock::{Moment, UNSETTLED, to_millis};
use crate::credentials::Identity;
use crate::error::{Answer, Class, Error, Result, Sent, TokenError};
use crate::form::{encode_form, encode_pairs};
use crate::id_token::IdToken;
use crate::problem;
use crate::provider::{AuthMethod, Provider};
use crate::response::Response;
use crate::retry::is_passing;
use crate::secret::{MASK, Secret, mask, mask_opaque};

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
    pub fn secret(&self) -> &str {
        self.inner.secret.expose()
    }

    /// The scope that was granted, if the answer says so; absent means as asked (RFC 6749
    /// §5.1).
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
            self.inner.issued.left_of(life - margin, now).is_some()
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

/// The token request of RFC 6749 §4.4.2: headers and form body.
pub(crate) fn request(provider: &Provider, identity: &Identity) -> Result<(HeaderMap, String)> {
    let mut pairs = Vec::new();
    pairs.extend(provider.scope.iter().map(|scope| ("scope", scope.as_str())));
    pairs.extend(provider.audience.iter().map(|audience| ("audience", audience.as_str())));
    pairs.extend(provider.resources.iter().map(|resource| ("resource", resource.as_str())));
    pairs.extend(provider.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    authenticated(provider, identity, &[("grant_type", "client_credentials")], &pairs)
}

/// The revocation request of RFC 7009 §2.1.
pub(crate) fn revocation(
    provider: &Provider,
    identity: &Identity,
    token: &AccessToken,
) -> Result<(HeaderMap, String)> {
    let pairs = [("token", token.secret()), ("token_type_hint", "access_token")];
    authenticated(provider, identity, &pairs, &[])
}

/// A form in which the client authenticates itself as the provider expects it.
fn authenticated(
    provider: &Provider,
    identity: &Identity,
    first: &[(&str, &str)],
    last: &[(&str, &str)],
) -> Result<(HeaderMap, String)> {
    let mut headers = HeaderMap::with_capacity(4);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let mut pairs = first.to_vec();
    if provider.auth_method == AuthMethod::ClientSecretPost {
        pairs.push(("client_id", &identity.id));
        pairs.push(("client_secret", identity.secret.expose()));
    } else {
        headers.insert(AUTHORIZATION, basic(provider.auth_method, identity)?);
    }
    pairs.extend(last);
    Ok((headers, encode_pairs(pairs)))
}

/// RFC 7617 §2, with or without the encoding of RFC 6749 §2.3.1.
fn basic(method: AuthMethod, identity: &Identity) -> Result<HeaderValue> {
    let (id, secret) = (identity.id.as_str(), identity.secret.expose());
    let pair = match method {
        AuthMethod::ClientSecretBasicRaw if id.contains(':') => {
            return Err(Error::configuration(
                "the client id has a colon, which HTTP Basic cannot carry without form-encoding: use AuthMethod::ClientSecretBasic or ClientSecretPost",
            ));
        }
        AuthMethod::ClientSecretBasicRaw => format!("{id}:{secret}"),
        _ => format!("{}:{}", encode_form(id), encode_form(secret)),
    };
    sensitive(&format!("Basic {}", STANDARD.encode(pair)))
        .ok_or_else(|| Error::configuration("the client credentials do not fit into a header"))
}

/// RFC 6750 §2.1; nothing that could end a header.
fn bearer(secret: &str) -> Option<HeaderValue> {
    let is_safe = !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic());
    is_safe.then(|| sensitive(&format!("Bearer {secret}"))).flatten()
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// What must not show in an error about a token request, in every form it was sent in.
pub(crate) fn secrets(identity: &Identity) -> Vec<String> {
    let secret = identity.secret.expose();
    let raw = STANDARD.encode(format!("{}:{secret}", identity.id));
    let encoded = format!("{}:{}", encode_form(&identity.id), encode_form(secret));
    vec![secret.to_owned(), raw, STANDARD.encode(encoded)]
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
        Some(Value::String(kind)) if kind.trim().eq_ignore_ascii_case("bearer") => {}
        Some(kind) => {
            // Some servers swap the members.
            let kind = mask_opaque(&mask(&kind.to_string(), &[secret]), known);
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

/// A success that is no token. Its body may hold one under any name, so nothing of it is
/// kept that could be one.
fn unreadable(response: &Response, known: &[String], why: &str) -> Error {
    let mut answer = response.answer(known);
    let content_type = response.header("content-type").unwrap_or("no content type");
    let content_type = mask(content_type, known);
    let body = serde_json::from_slice::<Value>(response.bytes());
    let error = body.as_ref().ok().and_then(|body| body.get("error").or(body.get("errors")));
    let is_error = error.is_some_and(|error| !error.is_null());
    // The words of an error are kept, but not JSON that holds none.
    let keep = |words: Option<String>| {
        let words = words.filter(|words| is_error && !words.starts_with('{'))?;
        Some(mask_opaque(&words, known))
    };
    (answer.code, answer.message) = (keep(answer.code), keep(answer.message));
    answer.body = match body {
        // A token may be a number as well.
        Ok(value) => mask(&without_strings(value).to_string(), known),
        Err(_) => mask_opaque(&answer.body, known),
    };
    let message = match problem::words(&answer.body, str::to_owned) {
        (_, Some(words)) => format!("{why}; {content_type}: {words}"),
        (_, None) => format!("{why}; {content_type}"),
    };
    Error::Token(Box::new(TokenError {
        place: response.place(),
        message: format!("{message}; is this the address of the token endpoint?"),
        answer: Some(answer),
        sent: Sent::Accepted,
        class: Class::Refused,
        attempts: 1,
    }))
}

fn without_strings(value: Value) -> Value {
    match value {
        Value::String(_) => MASK.into(),
        Value::Array(items) => items.into_iter().map(without_strings).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (name, without_strings(value))).collect()
        }
        other => other,
    }
}

/// The class of a refusal, and what to do about it.
pub(crate) fn diagnose(
    answer: &Answer,
    provider: &Provider,
    identity: &Identity,
) -> (Class, String) {
    let advice = match answer.code.as_deref() {
        Some("invalid_client") => return (Class::Credentials, invalid_client(provider, identity)),
        Some("unauthorized_client") => {
            return (Class::Credentials, "this client may not use the client-credentials grant: allow it at the authorization server".into());
        }
        Some("access_denied" | "invalid_grant") => {
            return (Class::Credentials, "the authorization server grants this client nothing here: check what it may access, and the audience to the letter".into());
        }
        Some("invalid_scope") => {
            "check Provider::with_scope: the client was not granted that scope"
        }
        Some("invalid_target") => "check Provider::with_resource (RFC 8707)",
        Some(code) if is_passing(code) => return (Class::Temporary, String::new()),
        Some("unsupported_grant_type") => {
            "this endpoint does not offer the client-credentials grant"
        }
        Some("invalid_request") => {
            "check the client authentication method, audience, resource and extra parameters of the Provider"
        }
        _ => return by_status(answer),
    };
    (Class::Configuration, advice.into())
}

fn by_status(answer: &Answer) -> (Class, String) {
    let advice = match answer.status.as_u16() {
        408 | 429 | 500.. => return (Class::Temporary, String::new()),
        300..=399 => {
            "the token endpoint redirects, which is never followed: set the address that it leads to"
        }
        _ if problem::oauth_code(&answer.body).is_some_and(|code| is_of_protocol(&code)) => "",
        _ => {
            "this is not how a token endpoint refuses (RFC 6749 §5.2): a gateway in between, or the wrong address"
        }
    };
    (Class::Refused, advice.into())
}

/// `mfa_required`, but not the `Not Found` that web frameworks put in the same place.
fn is_of_protocol(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

/// Which style was sent, and what about id and secret is apt to go wrong in it.
fn invalid_client(provider: &Provider, identity: &Identity) -> String {
    let style = match provider.auth_method {
        AuthMethod::ClientSecretBasic => "HTTP Basic, form-encoded (client_secret_basic)",
        AuthMethod::ClientSecretBasicRaw => "HTTP Basic, not form-encoded",
        AuthMethod::ClientSecretPost => "the form body (client_secret_post)",
    };
    let mut text = format!(
        "the authorization server does not know this client id and secret; they were sent by {style}: check both, and whether the server expects another Provider::with_auth_method"
    );
    for (what, value) in
        [("client id", identity.id.as_str()), ("client secret", identity.secret.expose())]
    {
        if value.contains(char::is_whitespace) {
            text.push_str(&format!("; the {what} has white space or a line break inside"));
        }
        let changes = encode_form(value) != value;
        if changes && provider.auth_method == AuthMethod::ClientSecretBasic {
            text.push_str(&format!(
                "; the {what} has characters that form-encoding changes: a server that does not decode them needs AuthMethod::ClientSecretBasicRaw"
            ));
        }
        if changes && provider.auth_method == AuthMethod::ClientSecretBasicRaw {
            text.push_str(&format!(
                "; the {what} has characters that form-encoding changes: a server that decodes them needs AuthMethod::ClientSecretBasic"
            ));
        }
    }
    text
}

/// Longer than any server means it; keeps the arithmetic on clocks safe.
const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
