//! What a server says in `WWW-Authenticate` about the token that it refused.

use ureq::http::header::{HeaderMap, WWW_AUTHENTICATE};

use crate::error::server_message::joined;

/// A challenge of the scheme Bearer (RFC 6750 §3), as the server wrote it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Bearer {
    pub(crate) error: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) scope: Option<String>,
}

impl Bearer {
    /// The first that names an error, or else the first.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let mut found: Vec<Self> = values
            .flat_map(|value| challenges(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        let at = found.iter().position(|bearer| bearer.error.is_some()).unwrap_or(0);
        (at < found.len()).then(|| found.swap_remove(at))
    }

    /// The token is expired, revoked, malformed or otherwise invalid (RFC 6750 §3.1).
    pub(crate) fn refuses_token(&self) -> bool {
        self.error.as_deref() == Some(INVALID_TOKEN)
    }

    /// Another token of the same scope would be refused as well (RFC 6750 §3.1).
    pub(crate) fn lacks_scope(&self) -> bool {
        self.error.as_deref() == Some(INSUFFICIENT_SCOPE)
    }

    /// The challenge and then what the body says, in one text; the error has `code` already.
    pub(crate) fn words(self, code: Option<&str>, body: Option<&str>) -> Option<String> {
        // Many servers say the same in both.
        let is_repeated = |description: &&str| body.is_some_and(|body| body.contains(description));
        let (text, body) = match self.description.as_deref() {
            Some(description) if is_repeated(&description) => (body, None),
            description => (description, body),
        };
        let scope = self.scope.map(|scope| format!("scope {scope}"));
        let about = match (text, scope) {
            (Some(text), Some(scope)) => Some(format!("{text} ({scope})")),
            (text, scope) => text.map(str::to_owned).or(scope),
        };
        let error = self.error.filter(|error| code.is_some_and(|code| code != error));
        let challenge = joined([error, about], ": ");
        joined([challenge, body.map(str::to_owned)], "; ")
    }
}

/// What a server says of a token that it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    Invalid,
    /// By the server's clock, which is behind that of the authorization server.
    NotYetValid,
    /// Not yet, or no more.
    NotActive,
}

impl TokenRefusal {
    /// By what the server says about it.
    pub(crate) fn of(words: &str) -> Self {
        let words = words.to_ascii_lowercase();
        let has = |phrase: &&str| words.contains(*phrase);
        if NOT_YET_VALID.iter().any(has) {
            Self::NotYetValid
        } else if NOT_ACTIVE.iter().any(has) {
            Self::NotActive
        } else {
            Self::Invalid
        }
    }
}

/// The challenges of the scheme Bearer in one header, which may have several of any scheme (RFC
/// 9110 §11.6.1). Of a broken header, what can be read counts.
fn challenges(text: &str) -> Vec<Bearer> {
    let (mut found, mut is_bearer) = (Vec::new(), false);
    let mut rest = text;
    while let Some((_, named)) = rest.find(is_of_token).and_then(|at| rest.split_at_checked(at)) {
        let (name, after) = split(named, |c| !is_of_token(c));
        let Some(value) = after.trim_start().strip_prefix('=') else {
            is_bearer = name.eq_ignore_ascii_case("Bearer");
            found.extend(is_bearer.then(Bearer::default));
            rest = after;
            continue;
        };
        let (value, after) = value_of(value.trim_start());
        rest = after;
        let Some(bearer) = found.last_mut().filter(|_| is_bearer && !value.is_empty()) else {
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "error" => bearer.error.get_or_insert(value),
            "error_description" => bearer.description.get_or_insert(value),
            "scope" => bearer.scope.get_or_insert(value),
            _ => continue,
        };
    }
    found
}

/// A value and what follows it: a quoted string or a word.
fn value_of(text: &str) -> (String, &str) {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted_string(quoted);
    }
    let (word, rest) = split(text, |c| c == ',' || c.is_whitespace());
    (word.to_owned(), rest)
}

/// What a quoted string (RFC 9110 §5.6.4) holds, after its opening quote, and what follows it.
pub(crate) fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}

fn split(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

/// RFC 9110 §5.6.2.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

const INVALID_TOKEN: &str = "invalid_token";
/// What libraries say when `nbf` or `iat` (RFC 7519 §4.1) is ahead of their clock.
const NOT_YET_VALID: [&str; 10] = [
    // PyJWT, Envoy, Microsoft.IdentityModel.
    "not yet valid",
    // golang-jwt, go-jose, Kong.
    "not valid yet",
    // ASP.NET.
    "not valid before",
    // Spring Security, golang-jwt of an `iat`, java-jwt.
    "used before",
    // google-auth.
    "used too early",
    // go-jose of an `iat`, lcobucci/jwt.
    "in the future",
    "cannot be used yet",
    // jjwt.
    "must not be accepted before",
    // jose, lua-resty-jwt, ruby-jwt.
    "nbf",
    "\"iat\" claim timestamp",
];
/// What libraries say of both.
const NOT_ACTIVE: [&str; 2] = [
    // Keycloak, also of an expired token; jsonwebtoken.
    "not active",
    // firebase/php-jwt.
    "prior to",
];
pub(crate) const INSUFFICIENT_SCOPE: &str = "insufficient_scope";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_found_among_others_however_it_is_written() {
        let cases: [(&[&str], [&str; 3]); 14] = [
            (
                &[r#"Bearer error="invalid_token", error_description="It expired""#],
                ["invalid_token", "It expired", ""],
            ),
            (
                &[r#"bearer realm="a, error=\"x\"", ERROR = invalid_token ,scope="a b""#],
                ["invalid_token", "", "a b"],
            ),
            (&[r#"Basic realm="x", Bearer error="a", Digest error="b""#], ["a", "", ""]),
            (
                &[r#"Basic YWJj==, Bearer error_description="say \"hi\" \\o""#],
                ["", r#"say "hi" \o"#, ""],
            ),
            (&["Negotiate", r#"Bearer realm="a""#, r#"Bearer error="b""#], ["b", "", ""]),
            (&[r#"Bearer error="a" error_description="b""#], ["a", "b", ""]),
            (&[r#"Bearer error="a",error="b""#], ["a", "", ""]),
            (&[r#"Bearer error="a", error_description="cut o"#], ["a", "cut o", ""]),
            (&[r#"Bearer error="a", error_description="cut\"#], ["a", "cut", ""]),
            (&[r#"Bearer error="a"", scope=,,"#], ["a", "", ""]),
            (&["Bearer error_description=\"zu sp\u{e4}t\""], ["", "zu sp\u{e4}t", ""]),
            (&["Bearer"], ["", "", ""]),
            (&["Bearer ,=;\u{fffd}=\"\\"], ["", "", ""]),
            (&["Bearer error=\"\""], ["", "", ""]),
        ];
        for (headers, [error, description, scope]) in cases {
            let mut map = HeaderMap::new();
            for header in headers {
                let value = ureq::http::HeaderValue::from_bytes(header.as_bytes()).unwrap();
                map.append(WWW_AUTHENTICATE, value);
            }
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let expected =
                Bearer { error: some(error), description: some(description), scope: some(scope) };
            assert_eq!(Bearer::of(&map), Some(expected), "{headers:?}");
        }
        for text in ["", ",,=\"", "Basic error=\"a\"", "DPoP error=\"a\", Bearers x"] {
            assert_eq!(challenges(text), [], "{text}");
        }
    }

    #[test]
    fn a_token_that_is_not_valid_yet_is_known_by_the_words_of_many_libraries() {
        let early = [
            "The token is not yet valid (nbf)",
            "The token is not yet valid (iat)",
            "Jwt not yet valid",
            "IDX10222: Lifetime validation failed. The token is not yet valid. ValidFrom: '1'",
            "token has invalid claims: token is not valid yet",
            "validation failed, token not valid yet (nbf)",
            "The token is not valid before '11/29/2026 02:00:00'",
            "An error occurred while attempting to decode the Jwt: Jwt used before 2026-01-01T00:00:00Z",
            "Token used before issued",
            "The Token can't be used before Thu Jan 01 00:00:00 UTC 2026.",
            "Token used too early, 1600 < 1601. Check that your computer's clock is set correctly.",
            "validation field, token issued in the future (iat)",
            "The token was issued in the future",
            "The token cannot be used yet",
            "JWT must not be accepted before 2026-01-01T00:00:00Z",
            "\"nbf\" claim timestamp check failed",
            "\"iat\" claim timestamp check failed (it should be in the past)",
            "Signature nbf has not been reached",
        ];
        for words in early {
            assert_eq!(TokenRefusal::of(words), TokenRefusal::NotYetValid, "{words}");
        }
        let other = [
            "",
            "The access token expired",
            "Jwt expired at 2026-01-01T00:00:00Z",
            "The signature is invalid",
            "\"exp\" claim timestamp check failed",
            "Unable to validate the token",
        ];
        for words in other {
            assert_eq!(TokenRefusal::of(words), TokenRefusal::Invalid, "{words}");
        }
    }

    #[test]
    fn a_token_that_is_not_active_may_be_too_new_or_revoked() {
        let either = [
            "Token is not active",
            "jwt not active",
            "Cannot handle token with iat prior to 2026-01-01T00:00:00+0000",
        ];
        for words in either {
            assert_eq!(TokenRefusal::of(words), TokenRefusal::NotActive, "{words}");
        }
    }
}
