//! JSON web tokens (RFC 7519), read locally.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::json_text::object_of;

/// The claims of a JWT, **not verified**: its signature is not checked.
///
/// You may read it if it came straight from the token endpoint over TLS: the connection proves
/// where it is from (OpenID Connect Core 1.0 §3.1.3.7, point 6). Do not decide anything by a token
/// that somebody else gave you.
///
/// It also lets you look into an access token without pasting it into a web page. Decide nothing by
/// what is in there: an access token is opaque to its client.
///
/// ```
/// use unattended::IdToken;
///
/// let token = IdToken::parse("eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiI0MiIsImV4cCI6MTcwMH0.x")?;
/// assert_eq!(token.claim::<String>("tenant")?, "42");
/// # Ok::<(), unattended::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct IdToken {
    claims: Map<String, Value>,
}

impl IdToken {
    /// Reads the claims of a JWT in its compact form (RFC 7515 §3.1).
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is not a JWT, or an encrypted one. The text is not shown.
    pub fn parse(jwt: &str) -> Result<Self> {
        let refuse = |why: &str| Error::decode(None, format!("not a readable JWT: {why}"));
        let parts: Vec<&str> = jwt.trim().split('.').collect();
        let payload = match parts[..] {
            [_, payload, _] => payload,
            [_, _, _, _, _] => return Err(refuse("it is encrypted (RFC 7516)")),
            _ => return Err(refuse("it has not the three parts of RFC 7515 §3.1")),
        };
        let bytes = BASE64.decode(payload).map_err(|_| refuse("its payload is not base64url"))?;
        let claims = object_of(&bytes).ok_or_else(|| refuse("its payload is not a JSON object"))?;
        Ok(Self { claims })
    }

    /// A claim by its name, as any type that can be deserialized.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if there is no such claim (the error lists those that there are)
    /// or it is of another type.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let Some(value) = self.claims.get(name) else {
            let names = self.claims.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::decode(None, format!("no claim {name:?}: there are {names}")));
        };
        T::deserialize(value)
            .map_err(|error| Error::decode(None, format!("the claim {name:?}: {error}")))
    }

    /// All claims.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// The tenant that Snow Atlas names: the claim `tenant`.
    pub fn tenant(&self) -> Option<&str> {
        self.claims.get("tenant")?.as_str()
    }

    /// When the token expires: the claim `exp` (RFC 7519 §4.1.4).
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = self.claims.get("exp")?.as_f64().filter(|seconds| *seconds >= 0.0)?;
        let since_epoch = Duration::try_from_secs_f64(seconds).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(since_epoch)
    }
}

impl fmt::Debug for IdToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdToken").field("claims", &self.claims).finish()
    }
}

/// base64url without padding (RFC 7515 §2); some servers pad all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
