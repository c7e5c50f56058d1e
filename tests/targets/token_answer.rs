//! The answer of the token endpoint (RFC 6749 §5.1), well-formed or not.

use serde_json::{Map, Value};
use unattended::{AccessToken, MemoryStore, RetryPolicy};

use super::server::{Answer, SECRET, Server, TOKEN};
use super::{check_error, hides};

/// The input is the answer.
pub fn check(data: &[u8]) {
    let answer = Answer::read(data);
    let server = Server::here();
    server.play(Some(&answer), &[], &Answer::ok("{}"));
    let (client, _) = server.client();
    let client = client
        .with_store(MemoryStore::new())
        .with_retry_policy(RetryPolicy::default().with_retries(0));
    match client.access_token() {
        Ok(token) => check_token(&token, &answer),
        Err(error) => {
            assert!(error.response().is_some(), "{error}");
            check_error(&error);
            hides(&error, SECRET);
            // A success may hold a token anywhere, but not in what it says of an error.
            let text = String::from_utf8_lossy(&answer.body);
            let is_shown = answer.headers.iter().any(|(_, value)| holds(value, TOKEN));
            let is_success = (200..300).contains(&answer.status) && !is_error(&text);
            if is_success && !is_name(&text, TOKEN) && !is_shown {
                hides(&error, TOKEN);
            }
        }
    }
}

fn check_token(token: &AccessToken, answer: &Answer) {
    let text = std::str::from_utf8(&answer.body).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let members: Map<String, Value> = serde_json::from_str(text).unwrap();
    assert_eq!(members["access_token"].as_str(), Some(token.as_str()));
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    assert!(token.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
    if let Some(life) = token.lifetime() {
        assert!(!life.is_zero() && life.as_secs() <= 365 * 24 * 60 * 60, "{life:?}");
        assert!(token.expires_at().is_some());
        let says = &members["expires_in"];
        let seconds = says.as_f64().or_else(|| says.as_str()?.trim().parse().ok()).unwrap();
        assert!(life.as_secs_f64() <= seconds + 1e-6, "{life:?} of {seconds}");
    }
    let printed = format!("{token:?}");
    assert!(printed.starts_with("AccessToken { secret: ***, lifetime: "), "{printed}");
    match (token.id_token(), members.get("id_token").and_then(Value::as_str)) {
        (Ok(_), Some(jwt)) => assert!(!jwt.is_empty()),
        (Ok(_), None) => panic!("an id_token from nowhere"),
        (Err(error), _) => check_error(&error),
    }
}

fn is_error(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str::<Value>(text).is_ok_and(|value| !value["error"].is_null())
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Names of members are shown: they tell what the answer was.
fn is_name(text: &str, word: &str) -> bool {
    fn has(value: &Value, word: &str) -> bool {
        match value {
            Value::Object(map) => {
                map.iter().any(|(name, value)| name.contains(word) || has(value, word))
            }
            Value::Array(items) => items.iter().any(|item| has(item, word)),
            _ => false,
        }
    }
    serde_json::from_str(text).is_ok_and(|value| has(&value, word))
}
