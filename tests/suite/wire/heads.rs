//! Header lines that other clients read, and those that nobody can.
#![cfg_attr(
    not(all(feature = "resolver", feature = "rustls")),
    allow(unused_imports, reason = "some tests need the connector, and one TLS")
)]

use std::io::Write;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Error, Response};

use super::say_split;
use crate::support::*;

/// A client of a server that gives each request an answer with these header lines, in two
/// pieces.
fn answering(lines: &str, at: usize) -> Client {
    let body = r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#;
    let head = format!("HTTP/1.1 200 OK\r\n{lines}content-length: {}\r\n\r\n", body.len());
    let answer = format!("{head}{body}");
    client_at(&raw_server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            say_split(&mut stream, &answer, at.min(answer.len()));
        }
    }))
}

/// What comes of a call, and whether it was waited for.
fn call(client: Client) -> (Result<Response, Error>, usize) {
    let (client, clock) = on_manual_clock(client);
    let result = client.get("/x");
    (result, clock.sleeps().len())
}

const RULE: &str = "a header line of the answer cannot be read: its name has a character that no name may have (RFC 9110 §5.1), a blank before the colon (RFC 9112 §5.1), or the line is folded (§5.2)";
const VALUE: &str = "a header line of the answer cannot be read: its value has a character that no value may have (RFC 9110 §5.5)";
const NUMBER: &str =
    "the answer has more header lines than can be read: 128 of a server, 20 of a proxy";

fn check_final(lines: &str, expected: &str) {
    let (result, sleeps) = call(answering(lines, 20));
    let error = result.unwrap_err();
    assert!(error.to_string().contains(&format!("/oauth/token: {expected}")), "{error}");
    assert_eq!(
        (error.kind(), error.delivery(), sleeps),
        (ErrorKind::Refused, Delivery::NotSent, 0)
    );
}

const SHAPES: [(&str, &str); 6] = [
    ("x-a: one\r\n two\r\n", "one   two"),
    ("x-a: one\r\n\ttwo\r\n  three\r\n", "one  \ttwo    three"),
    ("x-a: one\n two\n", "one  two"),
    ("x-a : one two\r\n", "one two"),
    ("x-a \t:one two\r\n", "one two"),
    ("x-a:\r\n one two\r\n", "one two"),
];

#[cfg(feature = "resolver")]
#[test]
fn a_folded_line_and_a_blank_before_the_colon_are_read() {
    for (lines, value) in SHAPES {
        for at in 0..lines.len() + 60 {
            let (result, sleeps) = call(answering(lines, at));
            let response = result.unwrap_or_else(|error| panic!("{lines:?}: {error:?}"));
            assert_eq!(response.headers()["x-a"], value, "{lines:?}");
            assert_eq!(sleeps, 0);
        }
    }
    let (result, _) = call(answering("x-a: one\r\n\tcontent-length: 3\r\n", 0));
    assert_eq!(result.unwrap().headers()["x-a"], "one  \tcontent-length: 3");
}

#[cfg(not(feature = "resolver"))]
#[test]
fn a_folded_line_and_a_blank_before_the_colon_are_told_at_once() {
    for (lines, _) in SHAPES {
        check_final(lines, RULE);
    }
}

#[test]
fn a_header_line_that_cannot_be_read_is_told_at_once_by_its_rule() {
    for lines in [" x-a: b\r\n", "nonsense\r\n", "x a: b\r\n", ": b\r\n", "x\0a: b\r\n"] {
        check_final(lines, RULE);
    }
    check_final("x-a: b\0c\r\n", VALUE);
}

const LENGTH: &str = "the length of the answer cannot be read: its header Content-Length is no number, or there are several that differ (RFC 9112 §6.3)";

#[test]
fn a_length_that_cannot_be_read_is_told_at_once() {
    for lines in ["content-length: 3\r\n", "content-length: -1\r\n"] {
        check_final(lines, LENGTH);
    }
}

/// `100 Continue` may have headers (RFC 9110 §15.2; IIS sends `Date` and `Server`), and nobody
/// need have asked for it.
#[cfg(feature = "resolver")]
#[test]
fn a_permission_that_nobody_asked_for_may_have_headers() {
    let text =
        "HTTP/1.1 100 Continue\r\ndate: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    for at in 0..text.len() {
        let client = client_at(&raw_server(move |mut stream, _| {
            while read_request(&mut stream).is_some() {
                say_split(&mut stream, text, at);
            }
        }));
        let request = unattended::Request::get("/x").without_token();
        let response = client.send(request).unwrap_or_else(|error| panic!("{at}: {error:?}"));
        assert_eq!(response.text().unwrap(), "{}");
        assert!(!response.headers().contains_key("date"));
    }
}

#[test]
fn more_header_lines_than_can_be_read_are_told_at_once_with_the_number() {
    let lines = |count: usize| "x-a: b\r\n".repeat(count - 1);
    call(answering(&lines(128), 20)).0.unwrap();
    check_final(&lines(129), NUMBER);
}

#[cfg(feature = "rustls")]
#[test]
fn a_proxy_with_more_header_lines_than_can_be_read_is_told_at_once() {
    use crate::support::proxy::{ConnectProxy, vendor};

    for (count, is_read) in [(20, true), (21, false)] {
        let lines = "x-a: b\r\n".repeat(count);
        let proxy = ConnectProxy::start(move |mut client| {
            let _ = client.write_all(format!("HTTP/1.1 407 No\r\n{lines}\r\n").as_bytes());
        });
        let (result, sleeps) = call(vendor().with_proxy(&proxy.url()).unwrap());
        let error = result.unwrap_err();
        assert_eq!(error.to_string().contains(NUMBER), !is_read, "{error}");
        assert_eq!((error.is_temporary(), sleeps), (false, 0));
    }
}
