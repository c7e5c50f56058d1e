//! Private keys: what they sign, to the letter, and what is said of one that cannot.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use unattended::error::ErrorKind;
use unattended::{Client, Credentials};

use crate::support::*;
use crate::token::assertions::{AUDIENCE_OF_TESTS, assertion_of};

pub const RSA: &str = include_str!("keys/rsa.pem");
pub const P_256: &str = include_str!("keys/p256.pem");
pub const ED25519: &str = include_str!("keys/ed.pem");
const CERTIFICATE: &str = include_str!("keys/cert.pem");

fn head_and_claims(jwt: &str) -> (Value, Value) {
    let part = |at| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    (part(0), part(1))
}

/// Asks for a token with this key, and gives back the assertion that was sent.
#[track_caller]
pub fn signed(server: &Server, credentials: Credentials) -> String {
    let provider = server.provider().with_auth_method(unattended::AuthMethod::PrivateKeyJwt);
    let (client, _) = on_manual_clock(Client::new(provider, credentials).unwrap());
    client.access_token().unwrap();
    assertion_of(server.token_requests().last().unwrap())
}

#[test]
fn the_head_names_the_key_and_its_certificate_if_they_are_set() {
    let key = || Credentials::from_private_key("my-client", P_256).unwrap();
    for (credentials, expected) in [
        (key(), r#"{"alg":"ES256","typ":"JWT"}"#),
        (key().with_key_id("k1"), r#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#),
        (
            key().with_certificate(CERTIFICATE).unwrap(),
            // As openssl hashes it.
            r#"{"alg":"ES256","typ":"JWT","x5t#S256":"82Bj9RbybLEE98yzSf3ca40-66COLjBSQDnqaWrx6KY"}"#,
        ),
    ] {
        let (head, _) = head_and_claims(&signed(&Server::with_api([]), credentials));
        assert_eq!(head.to_string(), expected);
    }
}

#[test]
fn every_attempt_has_an_assertion_of_its_own() {
    let busy = || reply(429, oauth("slow_down")).header("retry-after", "1");
    let server = Server::with_scripts([busy(), busy()], []);
    signed(&server, Credentials::from_private_key("my-client", ED25519).unwrap());
    let requests = server.token_requests();
    let ids = requests.iter().map(|seen| {
        let (_, claims) = head_and_claims(&assertion_of(seen));
        (claims["jti"].to_string(), claims["iat"].as_u64().unwrap())
    });
    let ids: Vec<_> = ids.collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0].0 != ids[1].0 && ids[1].0 != ids[2].0, "{ids:?}");
    assert_eq!(ids.iter().map(|id| id.1 - 1_767_225_600).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_key_that_cannot_be_used_is_told_by_its_kind_and_not_shown() {
    let one_line = P_256.replace('\n', "\\n");
    let cut = &P_256[..120];
    let utf_16: Vec<u8> = P_256.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&[u8], &str); 14] = [
        (b"", "there is no private key in PEM form"),
        (b"hush", "there is no private key in PEM form"),
        (include_bytes!("keys/p256.pub"), "it is the public key: the private one signs"),
        (CERTIFICATE.as_bytes(), "there is a certificate, but no private key"),
        (include_bytes!("keys/p384.pem"), "it is an EC key on another curve than P-256"),
        (include_bytes!("keys/k1.pem"), "it is an EC key on another curve than P-256"),
        (
            include_bytes!("keys/nopub.pem"),
            "its public half is missing: add it by `openssl ec -in FILE | openssl pkcs8 -topk8 -nocrypt`",
        ),
        (
            include_bytes!("keys/rsa1024.pem"),
            "it is an RSA key that cannot be used: 2048 to 4096 bits can",
        ),
        (
            include_bytes!("keys/pss.pem"),
            "it is an RSA key for RSASSA-PSS alone, which cannot be used: make an ordinary one, which signs by PS256 too",
        ),
        (
            include_bytes!("keys/ed448.pem"),
            "it is of a kind that cannot be used: RSA, EC on the curve P-256 and Ed25519 can",
        ),
        (
            include_bytes!("keys/enc.pem"),
            "it is encrypted: decrypt it first, by `openssl pkey -in FILE`",
        ),
        (
            one_line.as_bytes(),
            "the PEM cannot be read: the line breaks are missing, or written as \\n: each label needs a line of its own",
        ),
        (cut.as_bytes(), "it is damaged or cut off"),
        (&utf_16, "the PEM cannot be read: it is UTF-16: save it as UTF-8"),
    ];
    for (pem, why) in cases {
        let error = Credentials::from_private_key("my-client", pem).unwrap_err();
        assert_eq!(error.to_string(), format!("the private key of the client: {why}"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn what_does_not_go_with_a_key_is_refused() {
    let key = |pem| Credentials::from_private_key("my-client", pem).unwrap();
    let text = |error: unattended::Error| error.to_string();
    assert_eq!(
        text(key(RSA).with_algorithm("ES256").unwrap_err()),
        "the algorithm of the client: the key signs by RS256 or PS256, not by \"ES256\""
    );
    let (head, _) = head_and_claims(&signed(
        &Server::with_api([]),
        key(ED25519).with_algorithm("Ed25519").unwrap(),
    ));
    assert_eq!(head.to_string(), r#"{"alg":"Ed25519","typ":"JWT"}"#);
    assert_eq!(
        text(key(P_256).with_algorithm("none").unwrap_err()),
        "the algorithm of the client: the key signs by ES256, not by \"none\""
    );
    assert_eq!(
        text(key(P_256).with_certificate(include_str!("keys/other.pem")).unwrap_err()),
        "the certificate of the client: it does not belong to the private key"
    );
    assert_eq!(
        text(key(P_256).with_certificate(P_256).unwrap_err()),
        "the certificate of the client: there is no certificate in PEM form"
    );
    let provider = || provider_at(AUDIENCE_OF_TESTS);
    let secret = || Credentials::new("my-client", SECRET);
    for (credentials, setting) in [
        (key(P_256).with_key_id(""), "with_key_id needs an id"),
        (secret().with_key_id("k1"), "with_key_id needs from_private_key"),
        (secret().with_algorithm("RS256").unwrap(), "with_algorithm needs from_private_key"),
        (secret().with_certificate("").unwrap(), "with_certificate needs from_private_key"),
        (secret().with_second_secret(), "with_second_secret needs from_secret_file"),
    ] {
        let error = Client::new(provider(), credentials).unwrap_err();
        assert_eq!(text(error), format!("Credentials::{setting}"));
    }
}

#[test]
fn a_key_is_in_no_output() {
    let server = Server::with_scripts([reply(401, oauth("invalid_client"))], []);
    let credentials = Credentials::from_private_key("my-client", P_256).unwrap().with_key_id("k1");
    let inner: Vec<&str> = P_256.lines().filter(|line| !line.starts_with('-')).collect();
    let shown = format!("{credentials:?}");
    assert_eq!(
        shown,
        r#"Credentials { client_id: "my-client", private_key: "a key of the kind P-256, by ES256, with the key id \"k1\"" }"#
    );
    let provider = server.provider().with_auth_method(unattended::AuthMethod::PrivateKeyJwt);
    let (client, _) = on_manual_clock(Client::new(provider, credentials).unwrap());
    let (client, events) = observed(client);
    let error = client.get("/a").unwrap_err();
    let report = client.diagnose(None);
    let all =
        format!("{}{report}{report:?}{client:?}{:?}", printed(&error), events.lock().unwrap());
    let jwt = assertion_of(&server.token_requests()[0]);
    for secret in inner.iter().copied().chain(jwt.split('.')) {
        assert!(!all.contains(secret), "{secret} is in {all}");
    }
}
