//! The answer of a proxy to CONNECT, in pieces.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Provider, RetryPolicy};

use super::say_split;
use crate::support::proxy::{ConnectProxy, Site, pipe, vendor};
use crate::support::*;

const CONNECTED: &str = "HTTP/1.1 200 Connected\r\nvia: squid\r\n\r\n";
const FORBIDDEN: &str =
    "HTTP/1.1 403 Forbidden\r\nserver: squid\r\ncontent-length: 4\r\n\r\nno\r\n";

/// A policy that no test waits for.
fn once() -> RetryPolicy {
    RetryPolicy::default().with_retries(0).with_deadline(secs(20))
}

/// A client whose token endpoint is on this machine, so that its API call meets the proxy
/// first.
fn api_client(tokens: &Server) -> Client {
    let provider = Provider::new(&tokens.url(TOKEN_PATH), "https://api.vendor.test").unwrap();
    Client::new(provider, Credentials::new("my-client", SECRET)).unwrap()
}

#[test]
fn an_answer_to_connect_may_come_in_two_pieces() {
    let site = Site::start();
    let port = site.server.port;
    for at in 1..CONNECTED.len() {
        let proxy = ConnectProxy::start(move |mut client| {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            say_split(&mut client, CONNECTED, at);
            pipe(client, server);
        });
        let client = site.client().with_proxy(&proxy.url()).unwrap().with_retry_policy(once());
        client.get("/a").unwrap_or_else(|error| panic!("{at}: {error:?}"));
        // One for the token, one for the API.
        assert_eq!(proxy.asked().len(), 2, "{at}");
    }
}

/// Any 2xx opens the tunnel (RFC 9110 §9.3.6), and interim answers may come first (§15.2).
#[cfg(feature = "resolver")]
#[test]
fn an_answer_to_connect_may_be_any_success_after_interim_ones() {
    let site = Site::start();
    let port = site.server.port;
    for answer in [
        "HTTP/1.1 201 Created\r\n\r\n",
        "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ] {
        for at in [0, 30] {
            let proxy = ConnectProxy::start(move |mut client| {
                let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
                say_split(&mut client, answer, at.min(answer.len()));
                pipe(client, server);
            });
            let client = site.client().with_proxy(&proxy.url()).unwrap().with_retry_policy(once());
            client.get("/a").unwrap_or_else(|error| panic!("{answer:?}: {error:?}"));
        }
    }
}

#[test]
fn a_refusal_of_a_proxy_in_two_pieces_is_one_refusal() {
    let tokens = Server::with_api([]);
    for at in 0..=FORBIDDEN.len() {
        let proxy = ConnectProxy::start(move |mut client| {
            say_split(&mut client, FORBIDDEN, at);
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        });
        for (client, place) in [
            (vendor(), "POST login.vendor.test/oauth/token"),
            (api_client(&tokens), "GET api.vendor.test/a"),
        ] {
            let client = client.with_proxy(&proxy.url()).unwrap().with_retry_policy(once());
            let error = client.get("/a").unwrap_err();
            let start = format!(
                "{place}: the proxy refused the connection: 403 Forbidden (ask who runs it whether this host and port are allowed), through the proxy "
            );
            assert!(error.to_string().starts_with(&start), "{at}: {error}");
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, Delivery::NotSent));
        }
    }
}

#[test]
fn an_answer_to_connect_that_breaks_off_is_an_error() {
    let tokens = Server::with_api([]);
    for text in [CONNECTED, FORBIDDEN] {
        let head = text.find("\r\n\r\n").unwrap() + 4;
        for at in 0..head {
            let proxy = ConnectProxy::start(move |mut client| {
                let _ = client.write_all(&text.as_bytes()[..at]);
            });
            for client in [vendor(), api_client(&tokens)] {
                let client = client.with_proxy(&proxy.url()).unwrap().with_retry_policy(once());
                let error = client.get("/a").unwrap_err();
                assert_eq!(
                    (error.kind(), error.delivery()),
                    (ErrorKind::Temporary, Delivery::NotSent),
                    "{at}: {error:?}"
                );
            }
        }
    }
}

/// A proxy that says `text` byte by byte.
fn dripping(text: &'static str, pause: Duration) -> ConnectProxy {
    ConnectProxy::start(move |mut client| {
        client.set_nodelay(true).unwrap();
        for byte in text.bytes() {
            if client.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(pause);
        }
    })
}

#[cfg(feature = "resolver")]
#[test]
fn an_answer_to_connect_that_drips_ends_at_the_deadline_or_at_the_limit_for_connections() {
    let tokens = Server::with_api([]);
    let empty_lines = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
    let deadline = "the call's deadline passed (RetryPolicy::with_deadline)";
    let limit = "no connection within 0.7 s (Connection::with_connect_timeout)";
    let limits = [
        (Duration::from_millis(700), secs(10), deadline),
        (secs(20), Duration::from_millis(700), limit),
    ];
    for text in [CONNECTED, FORBIDDEN, empty_lines] {
        for client in [vendor(), api_client(&tokens)] {
            for (call, connection, why) in limits {
                let proxy = dripping(text, Duration::from_millis(300));
                let policy = RetryPolicy::default().with_retries(0).with_deadline(call);
                let client = client.clone().with_retry_policy(policy);
                let client = client.with_connect_timeout(connection);
                let start = Instant::now();
                let error = client.with_proxy(&proxy.url()).unwrap().get("/a").unwrap_err();
                assert!(start.elapsed() < secs(3), "{:?}: {error}", start.elapsed());
                assert!(error.to_string().contains(why), "{error}");
                assert_eq!(error.kind(), ErrorKind::Temporary);
            }
        }
    }
}

/// Without the feature, ureq grants the whole time to each byte: the answer is heard to its
/// end, and only then the deadline is looked at. No byte of the request is sent after it.
#[cfg(not(feature = "resolver"))]
#[test]
fn an_answer_to_connect_that_drips_past_the_deadline_is_an_error_at_its_end() {
    let tokens = Server::with_api([]);
    for (text, kind) in [(CONNECTED, ErrorKind::Temporary), (FORBIDDEN, ErrorKind::Refused)] {
        for client in [vendor(), api_client(&tokens)] {
            let proxy = dripping(text, Duration::from_millis(20));
            let policy = RetryPolicy::default().with_deadline(Duration::from_millis(300));
            let start = Instant::now();
            let client = client.with_proxy(&proxy.url()).unwrap().with_retry_policy(policy);
            let error = client.get("/a").unwrap_err();
            assert!(start.elapsed() < secs(5), "{:?}: {error}", start.elapsed());
            assert_eq!(error.kind(), kind);
        }
    }
}
