//! Assertions that somebody else makes: what is sent, and what is not sent.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use unattended::error::{Delivery, ErrorKind};
use unattended::{AuthMethod, Client, Credentials, ManualClock, Provider};

use crate::support::*;

pub const AUDIENCE_OF_TESTS: &str = "http://127.0.0.1:9";
/// What the manual clock shows at first.
const NOW: u64 = 1_767_225_600;
const NOON: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

fn jwt(claims: &Value) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2lnbmF0dXJl", encode(r#"{"alg":"RS256"}"#), encode(&claims.to_string()))
}

fn jwt_until(end: u64) -> String {
    jwt(&json!({ "aud": "api://AzureADTokenExchange", "exp": end }))
}

/// The parameters of a request, decoded, in their order.
pub fn parameters(seen: &Seen) -> Vec<(String, String)> {
    form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect()
}

pub fn assertion_of(seen: &Seen) -> String {
    let found = parameters(seen).into_iter().find(|(name, _)| name == "client_assertion");
    found.unwrap_or_else(|| panic!("no assertion in {}", seen.body)).1
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = PathBuf::from(format!("{}/assertion-{name}", env!("CARGO_TARGET_TMPDIR")));
    fs::write(&path, content).unwrap();
    path
}

fn provider(server: &Server) -> Provider {
    Provider::new(&server.url(TOKEN_PATH), &server.url("")).unwrap()
}

fn client(server: &Server, credentials: Credentials) -> (Client, ManualClock) {
    on_manual_clock(Client::new(provider(server), credentials).unwrap())
}

#[test]
fn an_assertion_from_a_file_is_the_only_proof_in_the_request() {
    let server = Server::with_api([]);
    let assertion = jwt_until(NOW + 600);
    let path = file("sent", &format!("{assertion}\n"));
    let (client, _) = client(&server, Credentials::from_assertion_file("my client", path));
    client.get("/a").unwrap();
    let seen = &server.token_requests()[0];
    assert_eq!(
        seen.body,
        format!(
            "grant_type=client_credentials&client_id=my+client&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        )
    );
    assert_eq!(seen.header("authorization"), None);
}

#[test]
fn the_file_is_read_again_for_each_token_request() {
    let server = Server::with_api([]);
    let path = file("again", &jwt_until(NOW + 600));
    let (client, clock) = client(&server, Credentials::from_assertion_file("my-client", &path));
    client.get("/a").unwrap();
    clock.advance(secs(2 * HOUR));
    fs::write(&path, jwt_until(NOW + 3 * HOUR)).unwrap();
    client.get("/a").unwrap();
    let sent: Vec<_> = server.token_requests().iter().map(assertion_of).collect();
    assert_eq!(sent, [jwt_until(NOW + 600), jwt_until(NOW + 3 * HOUR)]);
}

#[test]
fn an_assertion_that_cannot_be_right_is_told_and_not_sent() {
    let server = Server::with_api([]);
    let opaque = "opaque-hush-hush-hush";
    for (name, content, why) in [
        (
            "expired",
            jwt_until(NOW - 90),
            "expired 90 s ago by the clock of this machine: whoever issues it must renew it, unless the clock is wrong; nothing was sent",
        ),
        (
            "now",
            jwt_until(NOW),
            "expired 0 s ago by the clock of this machine: whoever issues it must renew it, unless the clock is wrong; nothing was sent",
        ),
        (
            "opaque",
            opaque.into(),
            "is not a readable JWT: it has not the three parts of RFC 7515 §3.1",
        ),
        ("array", "e30.W10.eA".into(), "is not a readable JWT: its payload is not a JSON object"),
    ] {
        let path = file(name, &content);
        let credentials = Credentials::from_assertion_file("my-client", &path);
        let (client, clock) = client(&server, credentials);
        let error = client.get("/a").unwrap_err();
        assert_eq!(error.to_string(), format!("the assertion in {} {why}", path.display()));
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
        assert!(clock.sleeps().is_empty() && !printed(&error).contains("hush"));
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_file_that_cannot_be_right_is_refused_when_the_client_is_made() {
    let refused = |path: &PathBuf| {
        let credentials = Credentials::from_assertion_file("my-client", path);
        let error = Client::new(provider_at(AUDIENCE_OF_TESTS), credentials).unwrap_err();
        error.to_string().replace(&path.display().to_string(), "PATH")
    };
    assert_eq!(refused(&file("empty", "")), "the assertion in PATH is empty");
    assert_eq!(
        refused(&file("breaks", "e30.e30.eA\n\n")),
        "the assertion in PATH ends with a line break: remove it"
    );
    let none = PathBuf::from("/no/such/assertion");
    assert!(refused(&none).starts_with("the assertion file PATH cannot be read"));
}

#[test]
fn a_function_makes_each_assertion_for_the_audience_that_the_provider_has() {
    let server = Server::with_api([]);
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = asked.clone();
    let credentials = Credentials::from_assertion_fn("my-client", move |audience| {
        log.lock().unwrap().push(audience.to_owned());
        Ok(jwt_until(NOW + 60))
    });
    let set = provider(&server).with_assertion_audience("urn:as");
    for provider in [provider(&server), set] {
        let (client, _) = on_manual_clock(Client::new(provider, credentials.clone()).unwrap());
        client.get("/a").unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), [server.url(TOKEN_PATH), "urn:as".into()]);
    assert_eq!(assertion_of(&server.token_requests()[1]), jwt_until(NOW + 60));
}

#[test]
fn a_function_that_fails_is_called_again_and_nothing_of_its_words_in_quotes_is_shown() {
    let server = Server::with_api([]);
    let calls = Arc::new(Mutex::new(0));
    let credentials = Credentials::from_assertion_fn("my-client", move |_| {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        if *calls < 3 { Err("down: 'hush'".into()) } else { Ok(jwt_until(NOW + 600)) }
    });
    let (client, events) = observed(client(&server, credentials).0);
    client.get("/a").unwrap();
    let events = format!("{:?}", events.lock().unwrap());
    assert!(events.contains("the credentials function failed: down: '***'"), "{events}");
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_client_that_was_refused_is_not_asked_for_again_at_each_call() {
    let refused = || reply(401, oauth("invalid_client"));
    let server = Server::with_scripts([refused(), refused()], []);
    let made = Arc::new(Mutex::new(0));
    let credentials = Credentials::from_assertion_fn("my-client", move |_| {
        *made.lock().unwrap() += 1;
        Ok(jwt(&json!({ "exp": NOW + 600, "jti": *made.lock().unwrap() })))
    });
    let (client, clock) = client(&server, credentials);
    let first = client.get("/a").unwrap_err();
    assert_eq!(client.get("/a").unwrap_err().to_string(), first.to_string());
    assert_eq!(server.token_requests().len(), 1);
    clock.advance(secs(61));
    client.get("/a").unwrap_err();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_refused_assertion_is_diagnosed_by_what_was_sent() {
    for (date, key_id, expected) in [
        (
            NOON,
            None,
            " (the assertion of the credentials function, for \"urn:as\", valid for another 60 s): check the client id, and whether the server trusts whoever issued the assertion, for which subject and audience; some servers take each assertion only once",
        ),
        (
            "Fri, 02 Jan 2026 00:00:00 GMT",
            None,
            " (the assertion of the credentials function, for \"urn:as\", valid for another 60 s): the clock of this machine is 86400 s behind the server's, so that the assertion is not valid there: set the clock",
        ),
        (
            "Wed, 31 Dec 2025 23:59:00 GMT",
            Some("k1"),
            " (signed with a key of the kind Ed25519, by EdDSA, with the key id \"k1\", for \"urn:as\", valid for 60 s): the clock of this machine is 60 s ahead of the server's, so that the assertion is not valid there: set the clock",
        ),
        (
            "Thu, 01 Jan 2026 00:00:05 GMT",
            Some("k1"),
            " (signed with a key of the kind Ed25519, by EdDSA, with the key id \"k1\", for \"urn:as\", valid for 60 s): check the client id, whether the public key is registered for it, and the audience: the server may want its issuer, its token endpoint or another one (Provider::with_assertion_audience)",
        ),
        (
            NOON,
            Some(""),
            " (signed with a key of the kind Ed25519, by EdDSA, with no key id, for \"urn:as\", valid for 60 s): check the client id, whether the public key is registered for it, and the audience: the server may want its issuer, its token endpoint or another one (Provider::with_assertion_audience); a server that knows several keys needs Credentials::with_key_id, Entra with_certificate",
        ),
    ] {
        let refusal = reply(401, r#"{"error":"invalid_client"}"#).header("date", date);
        let server = Server::with_scripts([refusal], []);
        let credentials = match key_id {
            None => Credentials::from_assertion_fn("my-client", |audience| {
                Ok(jwt(&json!({ "aud": audience, "exp": NOW + 60 })))
            }),
            Some(_) if cfg!(not(feature = "rustls")) => continue,
            Some(id) => {
                let key = include_str!("keys/ed.pem");
                let key = Credentials::from_private_key("my-client", key).unwrap();
                if id.is_empty() { key } else { key.with_key_id(id) }
            }
        };
        let provider = provider(&server).with_assertion_audience("urn:as");
        let (client, _) = on_manual_clock(Client::new(provider, credentials).unwrap());
        let error = client.get("/a").unwrap_err();
        let text = error.to_string();
        let said = text.split_once("this client's assertion").unwrap().1;
        assert_eq!(said, expected);
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Credentials, 77));
    }
}

#[test]
fn the_doctor_tells_what_was_sent_as_an_assertion_and_not_the_assertion() {
    let server = Server::with_api([]);
    let path = file("doctor", &jwt_until(NOW + 600));
    let (client, _) = client(&server, Credentials::from_assertion_file("my-client", &path));
    let report = client.diagnose(None);
    assert_eq!(report.auth_method, Some(AuthMethod::PrivateKeyJwt));
    let described = format!(
        "the assertion in {}, for \"api://AzureADTokenExchange\", valid for another 600 s",
        path.display()
    );
    assert_eq!(report.assertion.as_deref(), Some(described.as_str()));
    let text = report.to_string();
    let expected = format!(
        "authentication     private_key_jwt: an assertion in the form body\nassertion          {described}\n"
    );
    assert!(text.contains(&expected), "{text}");
    assert!(!text.contains(&jwt_until(NOW + 600)) && !text.contains("my-client"), "{text}");
}
