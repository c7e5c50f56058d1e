//! Limits of time and size. Timeouts are the socket's, so a few milliseconds here are real:
//! what depends on them is tried at some pace.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{ManualClock, Request, RetryPolicy};

use crate::support::real_time::{FOR_EVER, at_some_pace};
use crate::support::*;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn untold(method: Method) -> Request {
    Request::new(method, "/x").without_token()
}

/// A server that begins its answer with `bytes` and then keeps silent for half a second,
/// and how many requests it got.
fn silent_after(bytes: &'static str) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let origin = raw_server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(bytes.as_bytes());
            thread::sleep(millis(500));
        }
    });
    (origin, count)
}

/// How many requests a server got, once it had the time to read `at_least` so many.
fn settled(count: &AtomicUsize, at_least: usize) -> usize {
    let start = Instant::now();
    while count.load(Ordering::SeqCst) < at_least && start.elapsed() < FOR_EVER {
        thread::sleep(millis(1));
    }
    count.load(Ordering::SeqCst)
}

/// A server that answers with one byte of a long body every 10 ms.
fn drip_feeder() -> String {
    raw_server(|mut stream, _| {
        while read_request(&mut stream).is_some() {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b"x").is_ok() {
                thread::sleep(millis(10));
            }
        }
    })
}

/// A server that gives each request `head` and `body`.
fn serve(head: &'static str, body: Vec<u8>) -> String {
    raw_server(move |mut stream: TcpStream, _| {
        while read_request(&mut stream).is_some() {
            let head = format!("HTTP/1.1 200 OK\r\n{head}content-length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&body);
        }
    })
}

const GZIP: &str = "content-encoding: gzip\r\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_get_that_meets_the_idle_limit_is_repeated_once_at_most() {
    let beginnings =
        ["", "HTTP/1.1 200 OK\r\ncont", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"];
    for bytes in beginnings {
        let (origin, count) = silent_after(bytes);
        let (client, clock) = on_manual_clock(client_at(&origin));
        let error = client.with_idle_timeout(millis(50)).send(untold(Method::GET)).unwrap_err();
        assert_eq!(settled(&count, 2), 2, "{bytes:?}");
        assert_eq!(clock.sleeps().len(), 1);
        assert_eq!((error.delivery(), error.kind()), (Delivery::Unknown, ErrorKind::Temporary));
    }
}

#[test]
fn the_error_names_the_setting_and_the_limit() {
    let (origin, _) = silent_after("");
    let (client, _) = on_manual_clock(client_at(&origin));
    let error = client.with_idle_timeout(millis(50)).send(untold(Method::GET)).unwrap_err();
    let host = origin.replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/x: nothing from the server for 0.05 s (Connection::with_idle_timeout), after 2 attempts"
        )
    );
}

#[test]
fn a_post_that_meets_the_idle_limit_is_not_repeated() {
    let (origin, count) = silent_after("");
    let (client, _) = on_manual_clock(client_at(&origin));
    let client = client.with_idle_timeout(millis(50));
    let error = client.send(untold(Method::POST).bytes("x")).unwrap_err();
    let host = origin.replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: nothing from the server for 0.05 s (Connection::with_idle_timeout); not sent again, because the server may have acted on the POST: if that does no harm, mark the request safe_to_repeat()"
        )
    );
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(settled(&count, 1), 1);
}

#[test]
fn a_request_may_have_an_idle_limit_of_its_own() {
    at_some_pace(|pace| {
        let (origin, _) = silent_after("");
        let (client, _) = on_manual_clock(client_at(&origin));
        let start = Instant::now();
        let request = untold(Method::POST).with_idle_timeout(millis(50));
        let error = client.send(&request).unwrap_err();
        assert!(error.to_string().contains("for 0.05 s"), "{error}");
        assert!(start.elapsed() < secs(3) * pace);
    });
}

#[test]
fn the_token_endpoint_has_an_idle_limit_of_its_own() {
    let (origin, count) = silent_after("");
    let (client, _) = on_manual_clock(client_at(&origin));
    let error = client.with_token_idle_timeout(millis(50)).get("/x").unwrap_err();
    let host = origin.replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/oauth/token: nothing from the server for 0.05 s (Connection::with_token_idle_timeout), after 2 attempts"
        )
    );
    assert_eq!(settled(&count, 2), 2);
}

#[test]
fn a_slow_answer_within_the_idle_limit_is_waited_for() {
    at_some_pace(|pace| {
        let origin = raw_server(move |mut stream, _| {
            read_request(&mut stream);
            for piece in ["HTTP/1.1 200 OK\r\ncontent-", "length: 4\r\n\r\n", "ab", "cd"] {
                thread::sleep(millis(60) * pace);
                stream.write_all(piece.as_bytes()).unwrap();
            }
        });
        let client = client_at(&origin).with_idle_timeout(millis(200) * pace);
        assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"abcd");
    });
}

#[test]
fn a_drip_fed_answer_ends_at_the_deadline() {
    at_some_pace(|pace| {
        let policy = RetryPolicy::default().with_deadline(millis(300) * pace);
        for method in [Method::GET, Method::POST] {
            let client = client_at(&drip_feeder()).with_retry_policy(policy);
            let start = Instant::now();
            let error = client.send(untold(method)).unwrap_err();
            let elapsed = start.elapsed();
            assert!(elapsed >= millis(300) * pace && elapsed < secs(3) * pace, "{elapsed:?}");
            let text = error.to_string();
            assert!(text.contains("deadline passed (RetryPolicy::with_deadline); "), "{text}");
            assert!(text.contains(" bytes of the body had arrived"), "{text}");
            assert_eq!((error.delivery(), error.kind()), (Delivery::Unknown, ErrorKind::Temporary));
        }
    });
}

#[test]
fn a_drip_fed_refusal_ends_at_the_deadline_with_its_status() {
    at_some_pace(|pace| {
        let origin = raw_server(|mut stream, _| {
            read_request(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 503 X\r\ncontent-length: 10000\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                thread::sleep(millis(10));
            }
        });
        let policy = RetryPolicy::default().with_deadline(millis(300) * pace);
        let start = Instant::now();
        let error =
            client_at(&origin).with_retry_policy(policy).send(untold(Method::GET)).unwrap_err();
        assert!(start.elapsed() < secs(3) * pace);
        assert_eq!(error.status().unwrap(), 503);
    });
}

/// The time is the client's: the server of this test moves it.
#[test]
fn a_drip_fed_refusal_of_a_download_ends_by_the_clients_clock() {
    let (clock, is_over) = (ManualClock::new(), Arc::new(AtomicUsize::new(0)));
    let (server_clock, over) = (clock.clone(), is_over.clone());
    let origin = raw_server(move |mut stream, _| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 400 X\r\ncontent-length: 10000\r\n\r\nxx");
        server_clock.advance(secs(3600));
        for _ in 0..500 {
            if stream.write_all(b"x").is_err() {
                return;
            }
            thread::sleep(millis(10));
        }
        over.store(1, Ordering::SeqCst);
    });
    let client = client_at(&origin).with_clock(clock);
    let error = client.download(untold(Method::GET), &mut Vec::new()).unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert_eq!(is_over.load(Ordering::SeqCst), 0, "the server came to its end");
}

#[test]
fn a_drip_fed_token_answer_ends_at_the_deadline_of_the_call() {
    at_some_pace(|pace| {
        let policy = RetryPolicy::default().with_deadline(millis(150) * pace);
        let start = Instant::now();
        let error = client_at(&drip_feeder()).with_retry_policy(policy).get("/x").unwrap_err();
        assert!(start.elapsed() < secs(3) * pace);
        assert_eq!(error.target().unwrap().path, "/oauth/token");
    });
}

/// A client for an origin that accepts, but says nothing to the hello of TLS.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn mute() -> (unattended::Client, String) {
    use unattended::{Client, Credentials, Provider};
    let origin = raw_server(|_stream, _| thread::sleep(FOR_EVER)).replace("http://", "https://");
    let provider = Provider::new(&format!("{origin}/token"), &origin).unwrap();
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    (client, origin.replace("https://", ""))
}

#[test]
#[cfg(all(any(feature = "rustls", feature = "native-tls"), feature = "resolver"))]
fn a_handshake_that_stalls_is_under_the_connect_limit_and_nothing_was_sent() {
    at_some_pace(|pace| {
        let (client, host) = mute();
        let policy = RetryPolicy::default().with_retries(0);
        let client = client.with_retry_policy(policy).with_idle_timeout(millis(20));
        let client = client.with_connect_timeout(millis(80));
        for choose in crate::support::tls::choices() {
            let start = Instant::now();
            let error = choose(client.clone()).send(untold(Method::POST)).unwrap_err();
            assert!(start.elapsed() < secs(3) * pace, "{:?}", start.elapsed());
            let limit = "no connection within 0.08 s (Connection::with_connect_timeout)";
            assert_eq!(error.to_string(), format!("POST {host}/x: {limit}"));
            assert_eq!((error.delivery(), error.kind()), (Delivery::NotSent, ErrorKind::Temporary));
        }
        let error = client.download(untold(Method::GET), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("no connection within 0.08 s"), "{error}");
    });
}

#[test]
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn a_connection_that_outlasts_the_deadline_is_told_by_the_deadline() {
    at_some_pace(|pace| {
        let (client, host) = mute();
        let policy = RetryPolicy::default().with_retries(0).with_deadline(millis(80) * pace);
        let client = client.with_retry_policy(policy);
        for choose in crate::support::tls::choices() {
            let error = choose(client.clone()).send(untold(Method::GET)).unwrap_err();
            let limit = "the call's deadline passed (RetryPolicy::with_deadline)";
            assert_eq!(error.to_string(), format!("GET {host}/x: {limit}"));
        }
        let start = Instant::now();
        client.download(untold(Method::GET), &mut Vec::new()).unwrap_err();
        assert!(start.elapsed() < secs(3) * pace, "{:?}", start.elapsed());
    });
}

#[test]
fn a_limit_of_zero_is_no_licence_to_wait_for_ever() {
    at_some_pace(|pace| {
        let (origin, _) = silent_after("");
        let zero = Duration::ZERO;
        let client = client_at(&origin).with_retry_policy(RetryPolicy::default().with_retries(0));
        for client in [
            client.clone().with_idle_timeout(zero),
            client.clone().with_idle_timeout(millis(100)).with_connect_timeout(zero),
            client.clone().with_retry_policy(RetryPolicy::default().with_deadline(zero)),
        ] {
            let start = Instant::now();
            let error = client.send(untold(Method::GET)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Temporary, "{error}");
            assert!(start.elapsed() < secs(3) * pace, "{error}");
        }
    });
}

#[test]
fn the_body_limit_is_kept_to_the_byte() {
    let origin = serve("", vec![b'x'; 1000]);
    let get = |limit| client_at(&origin).with_body_limit(limit).send(untold(Method::GET));
    assert_eq!(get(1000).unwrap().bytes().len(), 1000);
    let error = get(999).unwrap_err();
    let host = origin.replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!("GET {host}/x: the body is longer than 999 bytes (Client::with_body_limit)")
    );
    assert_eq!((error.delivery(), error.exit_code()), (Delivery::Accepted, 65));
    assert!(get(0).is_err());
    assert_eq!(get(u64::MAX).unwrap().bytes().len(), 1000);
}

#[test]
fn a_body_over_the_limit_is_not_asked_for_again() {
    let origin = serve("", vec![b'x'; 1000]);
    let (client, clock) = on_manual_clock(client_at(&origin));
    let client = client.with_body_limit(10);
    client.send(untold(Method::GET)).unwrap_err();
    assert_eq!(client.stats().requests, 1);
    assert!(clock.sleeps().is_empty());
}

#[test]
fn the_body_limit_counts_decoded_bytes() {
    let text = vec![b'a'; 50_000];
    let origin = serve(GZIP, gzip(&text));
    let get = |limit| client_at(&origin).with_body_limit(limit).send(untold(Method::GET));
    assert_eq!(get(50_000).unwrap().bytes(), text);
    let error = get(49_999).unwrap_err();
    assert!(error.to_string().contains("longer than 49999 bytes"), "{error}");
}

#[test]
fn a_gzip_body_of_several_members_is_read_to_its_end() {
    let origin = serve(GZIP, [gzip(b"[1,"), gzip(b"2]")].concat());
    assert_eq!(client_at(&origin).send(untold(Method::GET)).unwrap().bytes(), b"[1,2]");
}

/// Zeros without end: 4 GiB out of a block of 1 MiB that is told 4096 times.
#[cfg(target_os = "linux")]
fn bomb() -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let mut block = Vec::with_capacity(1 << 16);
    let mut deflate = flate2::Compress::new(Compression::best(), false);
    deflate.compress_vec(&zeros, &mut block, flate2::FlushCompress::Full).unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    [header.to_vec(), block.repeat(4096)].concat()
}

/// The largest memory that this process ever had, in MiB.
#[cfg(target_os = "linux")]
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[test]
#[cfg(target_os = "linux")]
fn a_gzip_bomb_takes_no_more_memory_than_the_limit() {
    let bomb = bomb();
    let packed = bomb.len() >> 20;
    let origin = serve(GZIP, bomb);
    let before = peak_memory();
    let client = client_at(&origin).with_body_limit(1 << 20);
    let error = client.send(untold(Method::GET)).unwrap_err();
    let text = "the body is longer than 1048576 bytes (Client::with_body_limit)";
    assert!(error.to_string().ends_with(text), "{error}");
    let grown = peak_memory() - before;
    assert!(grown < 256, "{grown} MiB of memory for {packed} MiB packed");
}

#[test]
fn a_token_answer_has_a_limit_of_its_own() {
    let long = format!("{{\"access_token\":\"{}\"}}", "x".repeat(1 << 20));
    let server = Server::with_scripts([reply(200, long)], []);
    let error = server.client().get("/x").unwrap_err();
    let text = "/oauth/token: the body is longer than 1048576 bytes";
    assert!(error.to_string().contains(text), "{error}");
}

#[test]
fn a_refusal_of_any_length_is_cut_off() {
    let server = Server::with_api([reply(400, "x".repeat(1 << 20))]);
    let error = server.client().get("/x").unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert!(error.response().unwrap().body.len() <= 8 * 1024);
    assert!(error.to_string().len() < 600, "{error}");
}

#[test]
fn an_answer_that_was_not_read_to_its_end_does_not_spoil_the_next() {
    for status in [200, 400] {
        let server = Server::start(move |seen| match seen.path() {
            "/long" => reply(status, "x".repeat(200_000)),
            _ => reply(200, "right"),
        });
        let client = server.client().with_body_limit(10);
        for _ in 0..3 {
            client.send(Request::get("/long").without_token()).unwrap_err();
            assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"right");
        }
    }
}

#[test]
fn a_late_answer_is_not_taken_for_that_of_the_next_call() {
    let (go_on, told) = channel();
    let told = Mutex::new(told);
    let origin = raw_server(move |mut stream, number| {
        while read_request(&mut stream).is_some() {
            if number == 0 {
                told.lock().unwrap().recv().unwrap();
            }
            write_reply(&mut stream, &reply(200, if number == 0 { "late" } else { "right" }));
        }
    });
    let client = client_at(&origin).with_idle_timeout(millis(60));
    client.send(untold(Method::POST)).unwrap_err();
    go_on.send(()).unwrap();
    let patient = untold(Method::POST).with_idle_timeout(FOR_EVER);
    assert_eq!(client.send(&patient).unwrap().bytes(), b"right");
}

#[test]
fn a_refusal_without_end_is_left_after_its_first_part() {
    let written = Arc::new(AtomicUsize::new(0));
    let counter = written.clone();
    let origin = raw_server(move |mut stream, _| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 400 X\r\ncontent-length: 1000000000\r\n\r\n");
        while counter.load(Ordering::SeqCst) < 40 << 20 && stream.write_all(&[b'x'; 1024]).is_ok() {
            counter.fetch_add(1024, Ordering::SeqCst);
        }
    });
    let error = client_at(&origin).send(untold(Method::GET)).unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    let written = written.load(Ordering::SeqCst);
    assert!(written < 20 << 20, "{written} bytes");
}

#[test]
fn a_refusal_is_read_whatever_the_body_limit() {
    let server = Server::with_api([reply(400, r#"{"code":"x","message":"too small a limit"}"#)]);
    let error = server.client().with_body_limit(1).send(untold(Method::GET)).unwrap_err();
    assert!(error.to_string().ends_with("400 Bad Request: x: too small a limit"), "{error}");
}

#[test]
fn limits_that_are_changed_after_the_first_call_hold_for_the_next_one() {
    at_some_pace(|pace| {
        let origin = raw_server(move |mut stream, _| {
            while let Some(seen) = read_request(&mut stream) {
                if seen.path() == "/slow" {
                    thread::sleep(millis(200) * pace);
                }
                write_reply(&mut stream, &reply(200, "{}"));
            }
        });
        let client = client_at(&origin);
        client.send(untold(Method::GET)).unwrap();
        let slow = Request::post("/slow").without_token();
        let hasty = client.clone().with_idle_timeout(millis(20));
        let error = hasty.send(&slow).unwrap_err().to_string();
        assert!(error.contains("nothing from the server for 0.02 s"), "{error}");
        let policy = RetryPolicy::default().with_deadline(millis(20) * pace);
        let error = client.clone().with_retry_policy(policy).send(&slow).unwrap_err().to_string();
        assert!(error.contains("deadline passed"), "{error}");
        // And the other way round: what the first client had is not left behind.
        let first = client_at(&origin).with_idle_timeout(millis(20) * pace);
        first.send(untold(Method::GET)).unwrap();
        let patient = first.clone().with_idle_timeout(secs(60));
        assert_eq!(patient.send(&slow).unwrap().status(), 200);
    });
}
