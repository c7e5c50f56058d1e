//! Refusals that come before all of the request was sent.
#![cfg_attr(
    not(feature = "resolver"),
    expect(unused_imports, dead_code, reason = "some tests need the connector")
)]

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Error, Request, RetryPolicy};

use super::say_split;
use crate::support::*;

const MIB: usize = 1024 * 1024;
const REFUSAL: &str = "HTTP/1.1 413 Too Long\r\nx-a: b\r\ncontent-length: 0\r\n\r\n";

fn once(client: Client) -> Client {
    client.with_retry_policy(RetryPolicy::default().with_retries(0).with_deadline(secs(20)))
}

/// On a connection that is new, and on one that was used before: whether it stays open does
/// not matter.
#[cfg(feature = "resolver")]
#[test]
fn a_refusal_instead_of_permission_may_come_in_two_pieces() {
    for is_used in [false, true] {
        for at in 1..REFUSAL.len() {
            let bodies = Arc::new(AtomicUsize::new(0));
            let count = bodies.clone();
            let origin = raw_server(move |mut stream: TcpStream, _| {
                while let Some(head) = read_head(&mut stream) {
                    if head.starts_with("GET") {
                        write_reply(&mut stream, &reply(200, "{}"));
                        continue;
                    }
                    say_split(&mut stream, REFUSAL, at);
                    // Whatever comes now was not asked for.
                    let mut rest = Vec::new();
                    count.fetch_add(
                        std::io::Read::read_to_end(&mut stream, &mut rest).unwrap_or(1),
                        Ordering::SeqCst,
                    );
                }
            });
            let client = once(client_at(&origin));
            if is_used {
                client.send(Request::get("/a").without_token()).unwrap();
            }
            let request = Request::post("/a").without_token().bytes(vec![b'x'; 2 * MIB]);
            let error = client.send(request.with_idle_timeout(secs(5))).unwrap_err();
            assert_eq!(error.status().map(|status| status.as_u16()), Some(413), "{at}: {error:?}");
            assert_eq!(error.delivery(), Delivery::Rejected);
            drop(client);
            assert_eq!(bodies.load(Ordering::SeqCst), 0, "{at}");
        }
    }
}

/// A server that answers as soon as it has the head of a request, and closes with the rest
/// unread, so that the connection is reset.
fn hasty(answer: &'static str) -> String {
    raw_server(move |mut stream: TcpStream, _| {
        if read_head(&mut stream).is_some() {
            let _ = stream.write_all(answer.as_bytes());
        }
    })
}

/// As long as it may be without asking for permission.
fn upload() -> Request {
    Request::post("/a").without_token().bytes(vec![b'x'; MIB])
}

/// What came of so many uploads that each answer meets the body in another place.
fn outcomes(client: &Client) -> Vec<Error> {
    (0..40).filter_map(|_| client.send(upload()).err()).collect()
}

/// ureq itself loses it when writing breaks first.
#[cfg(feature = "resolver")]
#[test]
fn a_refusal_that_comes_before_a_body_was_sent_is_read_although_writing_broke() {
    for answer in [
        "HTTP/1.1 429 Too Many\r\ncontent-length: 4\r\nconnection: close\r\n\r\nslow",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\n\r\nslow",
    ] {
        let errors = outcomes(&once(client_at(&hasty(answer))));
        assert_eq!(errors.len(), 40);
        for error in errors {
            assert_eq!(error.status().map(|status| status.as_u16()), Some(429), "{error:?}");
            let told = (error.kind(), error.delivery());
            assert_eq!(told, (ErrorKind::Temporary, Delivery::Rejected));
            assert_eq!(error.response().unwrap().body, "slow");
        }
    }
}

#[cfg(all(feature = "resolver", feature = "rustls"))]
#[test]
fn a_refusal_that_comes_before_a_body_was_sent_is_read_through_tls() {
    use rustls::{ServerConnection, StreamOwned};

    let authority = crate::support::tls::Authority::new();
    let config =
        Arc::new(crate::support::tls::server_config(&authority.issue(&["localhost"]), None));
    let origin = raw_server(move |stream, _| {
        // Or the answer waits until the tickets of TLS are acknowledged, and goes with the reset.
        stream.set_nodelay(true).unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        if read_head(&mut stream).is_some() {
            let answer =
                "HTTP/1.1 429 Too Many\r\ncontent-length: 4\r\nconnection: close\r\n\r\nslow";
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.flush();
        }
    });
    let origin = origin.replace("http://127.0.0.1", "https://localhost");
    for choose in crate::support::tls::choices() {
        let client = choose(once(client_at(&origin)));
        let client = client.with_root_certificates(authority.pem()).unwrap();
        let errors = outcomes(&client);
        assert_eq!(errors.len(), 40);
        for error in errors {
            assert_eq!(error.status().map(|status| status.as_u16()), Some(429), "{error:?}");
        }
    }
}

/// Refuses in the middle of a body of 40 MiB and reads no more, but keeps the connection open.
#[cfg(feature = "resolver")]
fn refuse_and_stand_still(stream: &mut (impl std::io::Read + Write)) {
    if read_head(stream).is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        stream.read_exact(&mut vec![0; MIB]).unwrap();
        let _ = stream.write_all(b"HTTP/1.1 413 Too Long\r\ncontent-length: 4\r\n\r\nlong");
        let _ = stream.flush();
        std::thread::sleep(secs(20));
    }
}

#[cfg(feature = "resolver")]
fn check_standing_still(client: Client) {
    let request = Request::put("/a").without_token().bytes(vec![b'x'; 40 * MIB]);
    let start = std::time::Instant::now();
    let error = once(client).send(request.with_idle_timeout(secs(1))).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(413), "{error}");
    assert_eq!(error.delivery(), Delivery::Rejected);
    assert_eq!(error.response().unwrap().body, "long");
    // The limit is waited for once, not for each record of TLS.
    assert!(start.elapsed() < secs(10), "{:?}", start.elapsed());
}

/// RFC 9112 §9.5: a client should look for an answer while it sends.
#[cfg(feature = "resolver")]
#[test]
fn a_refusal_that_came_is_told_where_writing_stands_still() {
    check_standing_still(client_at(&raw_server(|mut stream, _| {
        refuse_and_stand_still(&mut stream);
    })));
}

#[cfg(all(feature = "resolver", feature = "rustls"))]
#[test]
fn a_refusal_that_came_through_tls_is_told_where_writing_stands_still() {
    use rustls::{ServerConnection, StreamOwned};

    let authority = crate::support::tls::Authority::new();
    let config =
        Arc::new(crate::support::tls::server_config(&authority.issue(&["localhost"]), None));
    let origin = raw_server(move |stream, _| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        refuse_and_stand_still(&mut StreamOwned::new(connection, stream));
    });
    let origin = origin.replace("http://127.0.0.1", "https://localhost");
    for choose in crate::support::tls::choices() {
        let client = choose(client_at(&origin));
        check_standing_still(client.with_root_certificates(authority.pem()).unwrap());
    }
}

#[test]
fn a_success_never_counts_when_writing_broke() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 2",
        "",
    ] {
        let errors = outcomes(&once(client_at(&hasty(answer))));
        assert!(!errors.is_empty(), "nothing broke");
        for error in errors {
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
            assert!(error.to_string().contains("/a: the connection broke"), "{error}");
        }
    }
}

#[test]
fn a_connection_on_which_writing_broke_is_not_used_again() {
    let origin = raw_server(move |mut stream, number| {
        while let Some(head) = read_head(&mut stream) {
            if head.starts_with("POST") {
                let _ = stream.write_all(b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n");
                return;
            }
            write_reply(&mut stream, &reply(200, number.to_string()));
        }
    });
    // A kept connection may be closed before its next request, which is then made again.
    let (client, _) = on_manual_clock(client_at(&origin));
    let client = client.with_retry_policy(RetryPolicy::default().with_retries(1));
    let get =
        || client.send(Request::get("/a").without_token()).unwrap().text().unwrap().to_owned();
    for _ in 0..10 {
        // The second attempt is refused as well.
        client.send(upload()).unwrap_err();
        assert_eq!(get(), get());
    }
}
