//! Codings of the content: what is decoded, and what is an error.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Client, Error, Request, RetryPolicy};

use crate::support::*;

const TEXT: &str = "{\"a\":\"the content\"}";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A client of a server that gives each request this answer, but for the body of a HEAD.
fn answering(status: &'static str, headers: &str, body: &[u8]) -> Client {
    let head = format!("HTTP/1.1 {status}\r\n{headers}\r\n");
    let body = body.to_vec();
    let origin = raw_server(move |mut stream, _| {
        while let Some(seen) = read_request(&mut stream) {
            let body = if seen.method == "HEAD" { &[] } else { &body[..] };
            let _ = stream.write_all(&[head.as_bytes(), body].concat());
        }
    });
    client_at(&origin).with_retry_policy(RetryPolicy::default().with_retries(0))
}

fn with_length(coding: &str, body: &[u8]) -> Client {
    answering("200 OK", &format!("{coding}content-length: {}\r\n", body.len()), body)
}

fn untold(method: Method) -> Request {
    Request::new(method, "/x").without_token()
}

/// The content by both ways to it.
fn contents(client: &Client) -> [Result<Vec<u8>, Error>; 2] {
    let sent = client.send(untold(Method::GET)).map(|response| {
        assert!(!response.headers().contains_key("content-encoding"));
        response.bytes().to_vec()
    });
    let mut written = Vec::new();
    let downloaded = client.download(untold(Method::GET), &mut written);
    [sent, downloaded.map(|_| written)]
}

#[test]
fn a_beginning_of_gzip_is_an_error_and_only_nothing_is_empty() {
    let whole = gzip(TEXT.as_bytes());
    for length in 1..whole.len() {
        for content in contents(&with_length("content-encoding: gzip\r\n", &whole[..length])) {
            let error = content.unwrap_err();
            let text = error.to_string();
            assert!(text.contains("/x: the gzip encoding of the answer is broken; "), "{text}");
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
        }
    }
    let empty_chunks = "content-encoding: gzip\r\ntransfer-encoding: chunked\r\n";
    for client in [
        with_length("content-encoding: gzip\r\n", b""),
        answering("200 OK", empty_chunks, b"0\r\n\r\n"),
    ] {
        for content in contents(&client) {
            assert!(content.unwrap().is_empty());
        }
    }
}

/// Another attempt would get the same.
#[test]
fn what_never_was_gzip_is_told_at_once() {
    let text = "/x: the answer says that it is gzip (Content-Encoding), and is not; ";
    for (coding, body) in [
        ("gzip", &b"{}"[..]),
        ("gzip", b"{"),
        ("gzip", TEXT.as_bytes()),
        // A proxy added its name to what the server encoded.
        ("gzip, gzip", &gzip(TEXT.as_bytes())),
    ] {
        let client = with_length(&format!("content-encoding: {coding}\r\n"), body);
        let policy = RetryPolicy::default().with_retries(2);
        let (client, clock) = on_manual_clock(client.with_retry_policy(policy));
        for content in contents(&client) {
            let error = content.unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
            assert_eq!(
                (error.kind(), error.delivery()),
                (ErrorKind::Incomplete, Delivery::Unknown)
            );
        }
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn gzip_is_decoded_however_it_is_spelled() {
    let once = gzip(TEXT.as_bytes());
    let twice = gzip(&once);
    let cases = [
        ("content-encoding: GZIP", &once),
        ("content-encoding: GZip", &once),
        ("Content-Encoding: gzip,", &once),
        ("content-encoding: ,gzip", &once),
        ("content-encoding: x-gzip", &once),
        ("content-encoding: identity\r\ncontent-encoding: gzip", &once),
        ("content-encoding: gzip\r\ncontent-encoding: identity", &once),
        ("content-encoding: identity, gzip", &once),
        ("content-encoding: gzip, GZIP", &twice),
        ("content-encoding: gzip\r\ncontent-encoding: gzip", &twice),
        ("transfer-encoding: gzip", &once),
        ("transfer-encoding: GZIP\r\ncontent-encoding: gzip", &twice),
    ];
    for (coding, body) in cases {
        for content in contents(&with_length(&format!("{coding}\r\n"), body)) {
            assert_eq!(content.unwrap(), TEXT.as_bytes(), "{coding}");
        }
    }
    let chunk = [format!("{:x}\r\n", once.len()).as_bytes(), &once, b"\r\n0\r\n\r\n"].concat();
    for content in contents(&answering("200 OK", "transfer-encoding: gzip, chunked\r\n", &chunk)) {
        assert_eq!(content.unwrap(), TEXT.as_bytes());
    }
}

#[test]
fn a_coding_that_was_not_asked_for_is_an_error_that_names_it() {
    let six = ["gzip"; 6].join(",");
    let unasked = "which was not asked for: to get the answer as it is, name it in a header Accept-Encoding of the request";
    let transfer = "which was not asked for: the server, or a proxy before it, must not encode the transfer (Transfer-Encoding) so";
    let cases = [
        ("content-encoding: br", format!("br, {unasked}")),
        ("content-encoding: gzip, ZSTD", format!("zstd, {unasked}")),
        ("content-encoding: gzip\r\ncontent-encoding: deflate", format!("deflate, {unasked}")),
        ("transfer-encoding: deflate", format!("deflate, {transfer}")),
        (
            &format!("content-encoding: {six}"),
            "gzip 6 times, and 5 times at most are decoded".into(),
        ),
    ];
    for (coding, end) in cases {
        for content in contents(&with_length(&format!("{coding}\r\n"), b"\x0b\x02\x80abc\x03")) {
            let error = content.unwrap_err();
            let end = format!("/x: the answer is encoded by {end}");
            assert!(error.to_string().ends_with(&end), "{error}");
            assert_eq!(
                (error.kind(), error.delivery()),
                (ErrorKind::Incomplete, Delivery::Accepted)
            );
        }
    }
}

#[test]
fn a_coding_that_the_caller_asked_for_is_the_callers() {
    let client = with_length("content-encoding: br\r\n", b"brotli");
    for asked in ["br", "gzip, BR;q=0.5", "*"] {
        let request = untold(Method::GET).header("accept-encoding", asked);
        let response = client.send(&request).unwrap();
        assert_eq!(response.bytes(), b"brotli");
        assert_eq!(response.headers()["content-encoding"].as_bytes().to_ascii_lowercase(), b"br");
    }
}

#[test]
fn the_status_of_a_refusal_is_told_whatever_its_coding() {
    for coding in ["br", "gzip"] {
        let headers = format!("content-encoding: {coding}\r\ncontent-length: 6\r\n");
        let error = answering("400 Bad", &headers, b"brotli").send(untold(Method::GET));
        let error = error.unwrap_err();
        assert_eq!((error.status().unwrap().as_u16(), error.delivery()), (400, Delivery::Rejected));
        assert_eq!(error.response().unwrap().body, "");
    }
}

#[test]
fn an_answer_without_content_may_name_any_coding() {
    let headers = "content-encoding: br\r\ncontent-length: 7\r\n";
    answering("200 OK", headers, b"").send(untold(Method::HEAD)).unwrap();
    let client = answering("204 None", "content-encoding: br\r\n", b"");
    assert!(client.send(untold(Method::GET)).unwrap().bytes().is_empty());
    let headers = "content-encoding: br\r\ntransfer-encoding: chunked\r\n";
    for client in
        [with_length("content-encoding: br\r\n", b""), answering("200 OK", headers, b"0\r\n\r\n")]
    {
        assert!(client.send(untold(Method::GET)).unwrap().bytes().is_empty());
    }
}

#[test]
fn gzip_is_what_is_asked_for() {
    let server = Server::with_api([]);
    server.client().get("/x").unwrap();
    for seen in server.seen() {
        assert_eq!(seen.header("accept-encoding"), Some("gzip"), "{}", seen.target);
    }
    // And what the caller asks for instead.
    server.client().send(Request::get("/y").header("accept-encoding", "br")).unwrap();
    assert_eq!(server.api_requests()[1].header("accept-encoding"), Some("br"));
}
