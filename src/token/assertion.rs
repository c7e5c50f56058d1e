//! Client assertions (RFC 7523 §2.2): made for a request, or made by somebody else and looked at
//! before they are sent.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::call::setback::{Attempt, Setback};
use crate::clock::{Moment, seconds};
use crate::credentials::identity::{Identity, Key, Proof};
use crate::credentials::source::failed;
use crate::credentials::text;
use crate::error::server_message;
use crate::mask::Secret;
use crate::provider::Provider;
use crate::token::id_token::IdToken;
use crate::wire::failure::Failure;

/// An assertion that can be sent.
pub(crate) struct Assertion {
    pub(crate) jwt: Secret,
    /// What it is, without itself.
    pub(crate) described: String,
    /// It is signed here, with a key id or without.
    pub(crate) has_key_id: Option<bool>,
}

/// The one for this request. Each is new: the same `jti` twice is a replay (RFC 7523 §3).
pub(crate) fn assertion(
    provider: &Provider,
    identity: &Identity,
    now: &Moment,
) -> Attempt<Option<Assertion>> {
    let audience = || provider.assertion_audience();
    match &identity.proof {
        Proof::Secret(_) | Proof::Certificate => Ok(None),
        Proof::Key(key) => Ok(Some(signed(key, &identity.id, &audience(), now)?)),
        Proof::Assertion(jwt, what) => Ok(Some(looked_at(jwt.clone(), what, now)?)),
        Proof::Function(function) => {
            let jwt = function(&audience()).map_err(|cause| Setback::Unready(failed(&cause)))?;
            text::check(&jwt, MADE)?;
            Ok(Some(looked_at(jwt.into(), MADE, now)?))
        }
    }
}

fn signed(key: &Key, id: &str, audience: &str, now: &Moment) -> Attempt<Assertion> {
    let issued = now.wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = |jti: String| {
        json!({
            "iss": id, "sub": id, "aud": audience,
            "jti": jti, "iat": issued, "exp": issued + LIFE.as_secs(),
        })
    };
    let jwt = key.random_id().and_then(|jti| key.sign(&claims(jti)));
    let jwt = jwt.map_err(Failure::setting)?.into();
    let life = seconds(LIFE);
    let described = format!("signed with {}, for {audience:?}, valid for {life}", key.describe());
    Ok(Assertion { jwt, described, has_key_id: Some(key.has_id()) })
}

/// It is sent only if it can be right.
fn looked_at(jwt: Secret, what: &str, now: &Moment) -> Attempt<Assertion> {
    let refuse = |why: String| Failure::setting(format!("{what} {why}"));
    let read = IdToken::parse(jwt.expose()).map_err(|error| refuse(format!("is {error}")))?;
    let audience = read.claims().get("aud").map_or("nobody".into(), Value::to_string);
    let audience = server_message::start(&audience, LONGEST_AUDIENCE);
    let life = match read.expires_at() {
        None => "without an end".to_owned(),
        Some(end) => match end.duration_since(now.wall) {
            Ok(left) if !left.is_zero() => format!("valid for another {}", whole(left)),
            _ => {
                let ago = now.wall.duration_since(end).unwrap_or_default();
                return Err(refuse(format!(
                    "expired {} ago by the clock of this machine: whoever issues it must renew it, unless the clock is wrong; nothing was sent",
                    whole(ago)
                ))
                .into());
            }
        },
    };
    let described = format!("{what}, for {audience}, {life}");
    Ok(Assertion { jwt, described, has_key_id: None })
}

fn whole(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

const LIFE: Duration = Duration::from_secs(60);
const MADE: &str = "the assertion of the credentials function";
const LONGEST_AUDIENCE: usize = 200;
