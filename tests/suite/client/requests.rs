//! Requests with a key by which the server knows them again, and requests under a condition.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Request};

use crate::support::*;

fn keys(server: &Server, header: &str) -> Vec<String> {
    let requests = server.api_requests();
    requests.iter().filter_map(|seen| seen.header(header).map(str::to_owned)).collect()
}

#[test]
fn all_attempts_of_one_call_have_one_key_and_each_call_its_own() {
    let busy = || reply(503, "");
    let server = Server::with_api([busy(), busy(), reply(201, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    let order = Request::post("/orders").json(&7).idempotent();
    client.send(&order).unwrap();
    client.send(&order).unwrap();
    let keys = keys(&server, "idempotency-key");
    assert_eq!(keys.len(), 4);
    assert!(keys[0].len() == 32 && keys[0].bytes().all(|b| b.is_ascii_hexdigit()), "{keys:?}");
    assert!(keys[..3].iter().all(|key| *key == keys[0]) && keys[3] != keys[0], "{keys:?}");
}

#[test]
fn no_two_keys_are_alike() {
    let server = Server::with_api([]);
    let threads = (0..4).map(|_| {
        let client = server.client();
        std::thread::spawn(move || {
            (0..50).for_each(|_| drop(client.send(Request::post("/a").idempotent()).unwrap()));
        })
    });
    threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    let keys: BTreeSet<String> = keys(&server, "idempotency-key").into_iter().collect();
    assert_eq!(keys.len(), 200);
}

#[test]
fn a_key_of_the_callers_own_is_sent_as_it_is_or_as_the_provider_says() {
    let server = Server::with_api([]);
    let order = || Request::post("/orders").with_idempotency_key(r#"order "42"\"#);
    server.client().send(order()).unwrap();
    let provider = server.provider().with_idempotency_header("X-Request-Id").unwrap();
    let provider = provider.with_quoted_idempotency_keys();
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    client.send(order()).unwrap();
    assert_eq!(keys(&server, "idempotency-key"), [r#"order "42"\"#]);
    assert_eq!(keys(&server, "x-request-id"), [r#""order \"42\"\\""#]);
    assert!(server.provider().with_idempotency_header("a b").is_err());
}

#[test]
fn a_key_that_a_header_cannot_have_is_refused_unsent() {
    let server = Server::with_api([]);
    for key in ["", "a\nb", "\u{e4}"] {
        let error = server.client().send(Request::post("/a").with_idempotency_key(key));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            "the idempotency key is empty, or has a character that a header cannot have"
        );
    }
    assert!(server.seen().is_empty());
}

#[test]
fn an_attempt_that_is_still_being_worked_on_is_waited_for() {
    let busy = reply(409, r#"{"title":"in use"}"#).header("retry-after", "2");
    let server = Server::with_api([busy, reply(201, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    client.send(Request::post("/orders").idempotent()).unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(2)]);
}

#[test]
fn refusals_of_a_key_are_told_as_such() {
    for (status, said) in [
        (
            409,
            "an attempt with this idempotency key is still being worked on, or the state of the resource forbids it",
        ),
        (
            422,
            "the content cannot be processed, or this idempotency key came with another body before: each operation needs a key of its own",
        ),
    ] {
        let server = Server::with_api([reply(status, "{}")]);
        let error = server.client().send(Request::post("/orders").idempotent()).unwrap_err();
        assert!(error.to_string().ends_with(said), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, Delivery::Rejected));
        let plain = server.client().send(Request::post("/orders")).unwrap_err().to_string();
        assert!(!plain.contains("idempotency"), "{plain}");
        assert_eq!(server.api_requests().len(), 2);
    }
}

#[test]
fn what_has_not_changed_is_an_answer_without_a_body() {
    let server = Server::start(|seen| match seen.header("if-none-match") {
        _ if seen.path() == TOKEN_PATH => token_reply("t", 60),
        Some(r#"W/"7""#) => reply(304, "").header("etag", r#"W/"7""#),
        _ => reply(200, r#"{"a":1}"#).header("etag", r#"W/"7""#),
    });
    let client = server.client();
    let first = client.get("/a").unwrap();
    assert!(!first.is_not_modified());
    let again = Request::get("/a").if_none_match(first.etag().unwrap());
    let answer = client.send(&again).unwrap();
    assert!(answer.is_not_modified() && answer.bytes().is_empty());
    assert_eq!(answer.etag(), Some(r#"W/"7""#));
}

#[test]
fn a_time_is_sent_as_a_date_of_http() {
    let server = Server::with_api([]);
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_225_600_999);
    server.client().send(Request::get("/a").if_modified_since(time)).unwrap();
    let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    server.client().send(Request::get("/a").if_modified_since(before)).unwrap();
    assert_eq!(keys(&server, "if-modified-since"), ["Thu, 01 Jan 2026 00:00:00 GMT"]);
}
