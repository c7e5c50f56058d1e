//! JSON web tokens (RFC 7519), against the `base64` crate used directly.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use unattended::IdToken;

use super::check_error;

/// The input is the token; and once more as the payload of one.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parsed = IdToken::parse(&text);
    if let [_, payload, _] = text.trim().split('.').collect::<Vec<_>>()[..]
        && let Ok(claims) = URL_SAFE_NO_PAD.decode(payload)
        && let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(&claims)
    {
        assert_eq!(*parsed.as_ref().unwrap().claims(), claims);
    }
    match parsed {
        Ok(token) => check_claims(&token),
        Err(error) => {
            check_error(&error);
            let words = text.split(['.', '\n', ' ']).filter(|word| word.len() > 40);
            for word in words {
                assert!(!error.to_string().contains(word), "{error}");
            }
        }
    }
    let encoded = IdToken::parse(&format!("e30.{}.x", URL_SAFE_NO_PAD.encode(data)));
    match serde_json::from_slice::<Map<String, Value>>(data) {
        Ok(claims) => {
            let token = encoded.unwrap();
            assert_eq!(*token.claims(), claims);
            check_claims(&token);
        }
        Err(_) => check_error(&encoded.unwrap_err()),
    }
}

fn check_claims(token: &IdToken) {
    let seconds = token.claims().get("exp").and_then(Value::as_f64);
    match (token.expires_at(), seconds) {
        (Some(at), Some(seconds)) => {
            let at = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
            assert!((at - seconds).abs() <= seconds * 1e-9 + 1e-6, "{at} {seconds}");
        }
        (Some(_), None) => panic!("expires at nothing"),
        (None, Some(seconds)) => assert!(!(0.0..=1e18).contains(&seconds), "{seconds}"),
        (None, None) => {}
    }
    let tenant = token.claims().get("tenant").and_then(Value::as_str);
    assert_eq!(token.tenant(), tenant);
    for (name, value) in token.claims() {
        assert_eq!(token.claim::<Value>(name).unwrap(), *value);
    }
    if let Err(error) = token.claim::<u8>("exp") {
        assert!(error.target().is_none());
    }
}
