//! JSON web tokens read locally.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use unattended::error::{Delivery, ErrorKind};
use unattended::{Error, IdToken};

use crate::support::*;

const CLAIMS: &str = r#"{"iss":"https://westeurope.snowsoftware.io/idp","tenant":"7f1c","tenant_name":"Müller & Söhne","region":"westeurope","aud":["a","b"],"iat":1767225600,"exp":1767229200,"nested":{"a":[1,2]},"null":null}"#;

fn jwt(payload: &str) -> String {
    format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(payload))
}

fn encode(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

#[track_caller]
fn refusal(jwt: &str) -> String {
    let error = IdToken::parse(jwt).unwrap_err();
    assert!(matches!(error, Error::Decode(_)));
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Incomplete, Delivery::NotSent));
    error.to_string()
}

#[test]
fn claims_are_read_by_name_and_type() {
    let token = IdToken::parse(&jwt(CLAIMS)).unwrap();
    assert_eq!(token.tenant(), Some("7f1c"));
    assert_eq!(token.claim::<String>("tenant_name").unwrap(), "Müller & Söhne");
    assert_eq!(token.claim::<Vec<String>>("aud").unwrap(), ["a", "b"]);
    assert_eq!(token.claim::<u64>("iat").unwrap(), 1_767_225_600);
    assert_eq!(token.claim::<Option<String>>("null").unwrap(), None);
    assert_eq!(token.claim::<Value>("nested").unwrap()["a"][1], 2);
    assert_eq!(token.claims().len(), 9);
    let expiry = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_229_200);
    assert_eq!(token.expires_at(), Some(expiry));
}

#[test]
fn a_missing_claim_is_named_with_those_that_there_are() {
    let token = IdToken::parse(&jwt(r#"{"sub":"x","aud":"y"}"#)).unwrap();
    let error = token.claim::<String>("tenant").unwrap_err();
    assert_eq!(error.to_string(), r#"no claim "tenant": there are aud, sub"#);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(token.tenant(), None);
}

#[test]
fn a_claim_of_another_type_is_an_error_that_names_it() {
    let token = IdToken::parse(&jwt(r#"{"tenant":7,"exp":"soon"}"#)).unwrap();
    let error = token.claim::<String>("tenant").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"the claim "tenant": invalid type: integer `7`, expected a string"#
    );
    assert_eq!(token.tenant(), None);
    assert_eq!(token.expires_at(), None);
}

#[test]
fn an_expiry_that_no_clock_can_show_is_none() {
    for exp in ["-1", "1e300", "18446744073709551615", "null", "\"1767229200\"", "[]"] {
        let token = IdToken::parse(&jwt(&format!(r#"{{"exp":{exp}}}"#))).unwrap();
        assert_eq!(token.expires_at(), None, "{exp}");
    }
    let token = IdToken::parse(&jwt(r#"{"exp":0.5}"#)).unwrap();
    assert_eq!(token.expires_at(), Some(SystemTime::UNIX_EPOCH + Duration::from_millis(500)));
}

#[test]
fn padding_and_white_space_around_do_no_harm() {
    for payload in [r#"{"tenant":"1"}"#, r#"{"tenant":"1" }"#, r#"{"tenant":"1"  }"#] {
        let padded = BASE64_URL_SAFE.encode(payload);
        let token = IdToken::parse(&format!(" h.{padded}.s\n")).unwrap();
        assert_eq!(token.tenant(), Some("1"));
    }
}

#[test]
fn the_alphabet_is_that_of_urls() {
    let payload = r#"{"tenant":"??>>~~ÿ"}"#;
    let standard = BASE64_STANDARD.encode(payload);
    assert!(standard.contains(['+', '/']));
    assert_eq!(IdToken::parse(&jwt(payload)).unwrap().tenant(), Some("??>>~~ÿ"));
    assert_eq!(
        refusal(&format!("h.{standard}.s")),
        "not a readable JWT: its payload is not base64url"
    );
}

#[test]
fn what_is_not_a_jwt_says_why_and_does_not_show_itself() {
    let parts = "not a readable JWT: it has not the three parts of RFC 7515 §3.1";
    let encrypted = "not a readable JWT: it is encrypted (RFC 7516)";
    let alphabet = "not a readable JWT: its payload is not base64url";
    let object = "not a readable JWT: its payload is not a JSON object";
    let cases = [
        (String::new(), parts),
        ("opaque-hush-token".into(), parts),
        ("hush.hush".into(), parts),
        ("h.u.s.h".into(), parts),
        ("a.b.c.d.hush.f".into(), parts),
        ("h.u.s.h.5".into(), encrypted),
        ("..".into(), object),
        ("h.hush!.s".into(), alphabet),
        ("h.ü.s".into(), alphabet),
        (format!("h.{}.s", encode("\"hush\"")), object),
        (format!("h.{}.s", encode("[\"hush\"]")), object),
        (format!("h.{}.s", encode("{\"hush\":")), object),
        (format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode([0xFF, 0xFE, 0x7B])), object),
        (jwt(&"[".repeat(100_000)), object),
        (jwt(&format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000))), object),
        (".".repeat(100_000), parts),
    ];
    for (jwt, why) in cases {
        assert_eq!(refusal(&jwt), why);
        assert!(!format!("{:?}", IdToken::parse(&jwt).unwrap_err()).contains("hush"));
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let alphabet: Vec<char> = "abcXYZ019-_=.+/ {}[]\":,\\ü\0\u{feff}e".chars().collect();
    for _ in 0..20_000 {
        let mut text = || -> String {
            let length = random.next() % 40;
            (0..length).map(|_| alphabet[random.next() % alphabet.len()]).collect()
        };
        let (raw, json) = (text(), text());
        let _ = IdToken::parse(&raw);
        let _ = IdToken::parse(&format!("h.{raw}.s"));
        let _ = IdToken::parse(&jwt(&json));
        if let Ok(token) = IdToken::parse(&jwt(&format!("{{\"exp\":{json}}}"))) {
            let _ = (token.expires_at(), token.tenant(), token.claim::<u8>("exp"));
        }
    }
    let mut bytes = CLAIMS.as_bytes().to_vec();
    for _ in 0..5_000 {
        let at = random.next() % bytes.len();
        bytes[at] = random.next().to_le_bytes()[0];
        let _ = IdToken::parse(&format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(&bytes)));
    }
}

/// xorshift: the same bytes in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap()
    }
}

fn token_with(id_token: Value) -> Server {
    let body = serde_json::json!({"access_token": "t", "id_token": id_token});
    Server::with_scripts([reply(200, body.to_string())], [])
}

#[test]
fn the_id_token_of_a_token_answer_names_the_tenant() {
    let server = token_with(jwt(CLAIMS).into());
    let token = server.client().access_token().unwrap();
    assert_eq!(token.id_token().unwrap().tenant(), Some("7f1c"));
    assert!(!format!("{token:?}").contains(&jwt(CLAIMS)));
}

#[test]
fn a_missing_id_token_is_an_error_that_names_the_scope() {
    for absent in [Value::Null, "".into(), 5.into()] {
        let token = token_with(absent).client().access_token().unwrap();
        assert_eq!(
            token.id_token().unwrap_err().to_string(),
            "no id_token came with the access token: ask for it with the scope openid"
        );
    }
}

#[test]
fn an_id_token_that_cannot_be_read_does_not_spoil_the_access_token() {
    let server = token_with("hush".into());
    let client = server.client();
    client.get("/x").unwrap();
    let error = client.access_token().unwrap().id_token().unwrap_err();
    assert!(!format!("{error:?}").contains("hush"));
}
