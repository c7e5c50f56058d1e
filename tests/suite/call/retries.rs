//! What is sent again, after which wait, and what is not.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Client, Request, RetryPolicy};

use super::{broken_api, is_first_back_off, untold};
use crate::support::*;

/// A server that refuses each call with the status that its path names.
fn status_server() -> Server {
    Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        path => reply(path[1..].parse().unwrap(), "").header("retry-after", "1"),
    })
}

/// How often a call is sent that is answered with `status`, if one retry is allowed.
fn attempts(client: &Client, method: &str, status: u16, safe: bool) -> u64 {
    let request = Request::new(method.parse().unwrap(), format!("/{status}")).without_token();
    let request = request.with_retry_policy(RetryPolicy::default().with_retries(1));
    let before = client.stats().requests;
    client.send(&if safe { request.safe_to_repeat() } else { request }).unwrap_err();
    client.stats().requests - before
}

#[test]
fn which_statuses_are_retried_for_which_methods() {
    let idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
    let last = [400, 402, 404, 405, 410, 412, 422, 451, 501, 505, 506, 508, 510, 511, 600];
    let server = status_server();
    let (client, _) = on_manual_clock(server.client());
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"] {
        let many = if idempotent.contains(&method) { 2 } else { 1 };
        let passing = [408, 500, 502, 503, 504, 507, 520, 529, 599];
        let busy = [409, 423, 425];
        let limits = [403, 420, 429, 430];
        let expected = [(&passing[..], many), (&busy, many), (&limits, 2), (&last, 1)];
        for (statuses, times) in expected {
            for status in statuses {
                assert_eq!(attempts(&client, method, *status, false), times, "{method} {status}");
            }
        }
    }
}

#[test]
fn a_post_that_is_safe_to_repeat_is_repeated_like_a_get() {
    let server = status_server();
    let (client, _) = on_manual_clock(server.client());
    for (status, times) in [(503, 2), (408, 2), (429, 2), (400, 1), (501, 1)] {
        assert_eq!(attempts(&client, "POST", status, true), times, "{status}");
    }
}

#[test]
fn a_post_that_may_have_been_acted_on_says_so_and_how_to_allow_it() {
    let server = Server::with_api([reply(503, r#"{"error":{"code":7,"message":"down"}}"#)]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.post("/x", &1).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: 503 Service Unavailable: 7: down; not sent again, because the server may have acted on the POST: if that does no harm, mark the request safe_to_repeat()"
        )
    );
    assert_eq!((error.delivery(), error.kind()), (Delivery::Unknown, ErrorKind::Temporary));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_refused_call_says_that_it_was_refused() {
    for (status, sent) in [
        (400, Delivery::Rejected),
        (404, Delivery::Rejected),
        (429, Delivery::Rejected),
        (500, Delivery::Unknown),
    ] {
        let server = Server::with_api([reply(status, "")]);
        let policy = RetryPolicy::default().with_retries(0);
        let error = server.client().with_retry_policy(policy).post("/x", &1).unwrap_err();
        assert_eq!(error.delivery(), sent, "{status}");
        assert_eq!(server.api_requests().len(), 1);
    }
}

/// What breaks, by the bytes that the server sends before it closes.
const BROKEN: [&str; 6] = [
    "",
    "HTTP/1.1 200 OK\r\ncontent-le",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-encoding: gzip\r\n\r\n\u{1f}",
];

fn break_off(stream: &mut TcpStream, bytes: &str) {
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.shutdown(Shutdown::Both);
}

#[test]
fn a_get_that_breaks_off_anywhere_is_repeated_as_a_whole() {
    for bytes in BROKEN {
        let (origin, count) = broken_api(move |stream, number| match number {
            0 => break_off(stream, bytes),
            _ => write_reply(stream, &reply(200, "{\"a\":1}")),
        });
        let (client, clock) = on_manual_clock(client_at(&origin));
        let response = client.send(untold(Method::GET)).unwrap();
        assert_eq!(response.text().unwrap(), "{\"a\":1}");
        assert_eq!(count.load(Ordering::SeqCst), 2, "{bytes:?}");
        assert!(is_first_back_off(&clock.sleeps()));
    }
}

#[test]
fn a_post_that_may_have_arrived_is_not_sent_again() {
    for bytes in BROKEN {
        let (origin, count) = broken_api(move |stream, _| break_off(stream, bytes));
        let (client, clock) = on_manual_clock(client_at(&origin));
        for method in [Method::POST, Method::PATCH] {
            let before = count.load(Ordering::SeqCst);
            let error = client.send(untold(method).bytes("x")).unwrap_err();
            assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
            assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Temporary, 75));
            assert!(error.to_string().contains("safe_to_repeat()"), "{error}");
            assert_eq!(count.load(Ordering::SeqCst) - before, 1, "{bytes:?}");
        }
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_post_that_is_safe_to_repeat_survives_a_broken_connection() {
    let (origin, count) = broken_api(|stream, number| match number {
        0 => break_off(stream, ""),
        _ => write_reply(stream, &reply(200, "")),
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    client.send(untold(Method::POST).safe_to_repeat()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_that_breaks_off_says_how_much_had_arrived() {
    let (origin, _) = broken_api(|stream, _| break_off(stream, BROKEN[3]));
    let (client, _) = on_manual_clock(client_at(&origin));
    let policy = RetryPolicy::default().with_retries(0);
    let error = client.send(untold(Method::GET).with_retry_policy(policy)).unwrap_err();
    let host = origin.trim_start_matches("http://");
    let text = error.to_string();
    assert_eq!(
        text,
        format!("GET {host}/x: the connection broke; 5 bytes of the body had arrived")
    );
}

#[test]
fn a_truncated_gzip_body_is_never_taken_for_an_empty_one() {
    let (origin, count) = broken_api(|stream, number| match number {
        0 => {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]).unwrap();
        }
        _ => write_reply(stream, &reply(200, "{}")),
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"{}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn an_empty_body_that_calls_itself_gzip_is_empty() {
    let replies = ["content-length: 0\r\n\r\n", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"];
    for rest in replies {
        let (origin, _) = broken_api(move |stream, _| {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
            stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
        });
        let (client, _) = on_manual_clock(client_at(&origin));
        assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"", "{rest:?}");
    }
}

#[test]
fn a_connection_that_was_closed_while_idle_costs_no_post() {
    let (closed, wait) = std::sync::mpsc::channel();
    let (origin, count) = broken_api(move |stream, _| {
        write_reply(stream, &reply(200, ""));
        let _ = stream.shutdown(Shutdown::Both);
        closed.send(()).unwrap();
    });
    let client = client_at(&origin);
    for _ in 0..3 {
        client.send(untold(Method::POST)).unwrap();
        wait.recv().unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_call_that_found_no_server_was_not_sent_and_is_repeated_whatever_its_method() {
    let origin = "http://127.0.0.1:1";
    let (client, clock) = on_manual_clock(client_at(origin));
    let error = client.send(untold(Method::POST).bytes("x")).unwrap_err();
    let host = origin.trim_start_matches("http://");
    assert_eq!(
        error.to_string(),
        format!("POST {host}/x: no connection to the server, after 9 attempts")
    );
    assert_eq!((error.delivery(), error.kind()), (Delivery::NotSent, ErrorKind::Temporary));
    assert_eq!(clock.sleeps().len(), 8);
}

#[test]
fn retries_end_and_the_error_counts_the_attempts() {
    let server = Server::with_api([reply(429, "").header("retry-after", "1")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(error.to_string(), format!("GET {host}/x: 429 Too Many Requests, after 9 attempts"));
    assert_eq!(clock.sleeps(), [secs(1); 8]);
    assert_eq!(error.retry_after(), Some(secs(1)));
    assert!(error.is_temporary());
}

#[test]
fn a_401_renews_the_token_once_for_every_method() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let server = Server::with_api([reply(401, ""), reply(200, "")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(Request::new(method.parse().unwrap(), "/x")).unwrap();
        let tokens: Vec<_> = server.api_requests();
        let tokens: Vec<_> = tokens.iter().map(|s| s.header("authorization").unwrap()).collect();
        assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"], "{method}");
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_401_after_the_renewal_is_the_error() {
    let server = Server::with_api([reply(401, r#"{"code":"x","message":"no"}"#)]);
    let error = server.client().post("/x", &1).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: 401 Unauthorized: x: no; a renewed token was refused as well: some APIs answer a wrong path like this"
        )
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (2, 2));
}

#[test]
fn a_401_among_other_failures_is_still_renewed_once_only() {
    let wait = || reply(429, "").header("retry-after", "1");
    let server = Server::with_api([wait(), reply(401, ""), wait(), wait(), reply(401, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(server.api_requests().len(), 5);
    assert_eq!(server.token_requests().len(), 2);
    assert_eq!(clock.sleeps().len(), 3);
}

#[test]
fn a_renewal_needs_no_retry_left() {
    let server = Server::with_api([reply(401, ""), reply(200, "")]);
    let policy = RetryPolicy::default().with_retries(0);
    server.client().with_retry_policy(policy).get("/x").unwrap();
}

#[test]
fn a_gateway_that_returns_the_refused_token_is_noticed() {
    let token = || token_reply("the-same", 3600);
    let server = Server::with_scripts([token(), token(), token()], [reply(401, "")]);
    let error = server.client().get("/x").unwrap_err();
    let text = "401 Unauthorized; the token endpoint returned the same token that was refused: a gateway may have cached its answer";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 2));
}

#[test]
fn a_401_without_token_is_an_error_at_once() {
    let server = Server::with_api([reply(401, "")]);
    server.client().send(untold(Method::GET)).unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_403_that_names_no_wait_is_not_tried_again() {
    let server = Server::with_api([reply(403, "")]);
    let error = server.client().get("/x").unwrap_err();
    assert!(error.to_string().ends_with("403 Forbidden; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope"));
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Refused, 69));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 1));
}

#[test]
fn a_hundred_refused_answers_use_one_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let (counter, refused) = (connections.clone(), AtomicUsize::new(0));
    let origin = raw_server(move |mut stream, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            let refusal = reply(429, r#"{"error":"slow down"}"#).header("retry-after", "0");
            let is_refused = refused.fetch_add(1, Ordering::SeqCst) < 100;
            write_reply(&mut stream, &if is_refused { refusal } else { reply(200, "{}") });
        }
    });
    let (client, clock) = on_manual_clock(client_at(&origin));
    let policy = RetryPolicy::default().with_retries(100).with_deadline(secs(10_000));
    client.send(untold(Method::GET).with_retry_policy(policy)).unwrap();
    assert_eq!(client.stats().requests, 101);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    // Now means now, twice; then it is no longer believed.
    assert_eq!(clock.sleeps().len(), 98);
    assert!(is_first_back_off(&clock.sleeps()[..1]));
}

#[test]
fn what_may_have_arrived_in_an_earlier_attempt_is_told_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Read whole, never answered, and then nobody listens any more.
        drop(listener);
        read_request(&mut stream);
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    let error = client.send(Request::put("/x").without_token()).unwrap_err();
    server.join().unwrap();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(error.to_string().contains("no connection to the server"), "{error}");
}

#[test]
fn every_2xx_is_a_success_and_a_300_is_not_followed() {
    for status in [200, 201, 250, 299] {
        let server = Server::with_api([reply(status, "")]);
        let answer = server.client().send(untold(Method::PATCH)).unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    let choice = reply(300, "").header("location", "/elsewhere");
    let server = Server::with_api([choice, reply(200, "")]);
    let error = server.client().send(untold(Method::GET)).unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 300);
}
