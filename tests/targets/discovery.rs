//! Discovery documents (OpenID Connect Discovery 1.0, RFC 8414).

use std::time::Duration;

use serde_json::{Map, Value};
use unattended::{Client, RetryPolicy};

use super::check_error;
use super::server::{Answer, Server, alone};

/// The input is the answer of both addresses; `{origin}` stands for the server's, which is
/// the issuer.
pub fn check(data: &[u8]) {
    let server = Server::here();
    let mut answer = Answer::read(data);
    let body = String::from_utf8_lossy(&answer.body).replace("{origin}", &server.origin);
    answer.body = body.clone().into_bytes();
    server.play(None, &[], &answer);
    let (_, clock) = server.client();
    let policy = RetryPolicy::default().with_retries(0);
    let settings =
        |client: Client| Ok(alone(client).with_clock(clock.clone()).with_retry_policy(policy));
    let found = unattended::discover_with(&server.origin, "https://api.example.com/v2", settings);
    let seen = server.seen();
    assert!((1..=2).contains(&seen.len()), "{seen:?}");
    assert!(seen.iter().all(|line| line.starts_with("GET /.well-known/")), "{seen:?}");
    match found {
        Ok(provider) => {
            let text = body.strip_prefix('\u{feff}').unwrap_or(&body);
            let members: Map<String, Value> = serde_json::from_str(text).unwrap();
            assert_eq!(members["issuer"].as_str(), Some(server.origin.as_str()));
            let endpoint = members["token_endpoint"].as_str().unwrap().to_ascii_lowercase();
            let printed = format!("{provider:?}");
            assert!(endpoint.starts_with("https://") || endpoint.starts_with("http://"));
            assert!(printed.contains("https://api.example.com/v2"), "{printed}");
        }
        Err(error) => check_error(&error),
    }
    // A refusal for good may name a wait, which the second question keeps.
    assert!(clock.slept() < Duration::from_secs(2 * 15 * 60), "{:?}", clock.sleeps());
}
