//! Content that goes to a writer: all of it, counted, or an error that says how much.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use unattended::error::{Delivery, ErrorKind};
use unattended::{Error, Request, Result, RetryPolicy};

use crate::support::real_time::at_some_pace;
use crate::support::*;

/// A server that gives its requests one answer after the other, to the byte, and then
/// closes each connection; how many requests it got.
fn answering(answers: impl IntoIterator<Item = Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let answers: Vec<Vec<u8>> = answers.into_iter().collect();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let origin = raw_server(move |mut stream: TcpStream, _| {
        if read_request(&mut stream).is_some() {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(&answers[number.min(answers.len() - 1)]);
        }
    });
    (origin, count)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

fn whole(body: &[u8]) -> Vec<u8> {
    answer(&format!("200 OK\r\ncontent-length: {}", body.len()), body)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn path() -> Request {
    Request::get("/file").without_token()
}

/// What came of a download, and what the writer got.
fn download(origin: &str, request: &Request) -> (Result<u64>, Vec<u8>) {
    let (client, _) = on_manual_clock(client_at(origin));
    let mut bytes = Vec::new();
    (client.download(request, &mut bytes), bytes)
}

fn transport(error: &Error) -> &unattended::error::CallError {
    match error {
        Error::Transport(error) => error,
        other => panic!("{other:?}"),
    }
}

/// Content that is not the same everywhere, nor text.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect()
}

#[test]
fn all_bytes_arrive_and_are_counted() {
    for length in [0, 1, 65_535, 65_536, 65_537, 3_000_000] {
        let (origin, _) = answering([whole(&content(length))]);
        let (count, bytes) = download(&origin, &path());
        assert_eq!(count.unwrap(), length as u64);
        assert!(bytes == content(length), "{length}");
    }
}

#[test]
fn gzip_is_decoded_and_the_decoded_bytes_are_counted() {
    let text = content(500_000);
    let body = gzip(&text);
    let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", body.len());
    let (origin, _) = answering([answer(&head, &body)]);
    let (count, bytes) = download(&origin, &path());
    assert_eq!(count.unwrap(), 500_000);
    assert!(bytes == text);
}

#[test]
fn chunked_and_close_delimited_content_arrives_whole() {
    let chunked =
        answer("200 OK\r\ntransfer-encoding: chunked", b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let closed = answer("200 OK\r\nconnection: close", b"abcde");
    let (origin, _) = answering([chunked, closed]);
    for _ in 0..2 {
        let (count, bytes) = download(&origin, &path());
        assert_eq!((count.unwrap(), bytes.as_slice()), (5, &b"abcde"[..]));
    }
}

#[test]
fn a_transfer_that_breaks_off_says_how_many_bytes_arrived_and_is_not_repeated() {
    let (origin, count) = answering([answer("200 OK\r\ncontent-length: 10", b"abcd")]);
    let (result, bytes) = download(&origin, &path());
    let error = result.unwrap_err();
    let host = origin.strip_prefix("http://").unwrap();
    assert_eq!(
        error.to_string(),
        format!("GET {host}/file: the connection broke; 4 bytes of the body had arrived")
    );
    assert_eq!((transport(&error).received, error.kind()), (4, ErrorKind::Temporary));
    assert_eq!(bytes, b"abcd");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_transfer_that_breaks_before_its_first_byte_is_repeated() {
    let (origin, count) =
        answering([answer("200 OK\r\ncontent-length: 10", b""), whole(b"abcdefghij")]);
    let (result, bytes) = download(&origin, &path());
    assert_eq!((result.unwrap(), bytes.as_slice()), (10, &b"abcdefghij"[..]));
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn broken_chunks_and_broken_gzip_are_errors_that_tell_the_decoded_bytes() {
    let chunk = [b"493e0\r\n", content(300_000).as_slice(), b"\r\nzz\r\n"].concat();
    let (origin, count) = answering([answer("200 OK\r\ntransfer-encoding: chunked", &chunk)]);
    let (result, bytes) = download(&origin, &path());
    assert_eq!(transport(&result.unwrap_err()).received, bytes.len() as u64);
    assert!(!bytes.is_empty() && content(300_000).starts_with(&bytes));
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let body = gzip(&content(500_000));
    let half = &body[..body.len() / 2];
    let head = format!("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}", half.len());
    let (origin, count) = answering([answer(&head, half)]);
    let (result, bytes) = download(&origin, &path());
    let error = result.unwrap_err();
    assert_eq!(transport(&error).received, bytes.len() as u64);
    assert!(!bytes.is_empty() && content(500_000).starts_with(&bytes));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn refusals_are_waited_out_and_a_refused_token_renewed_before_the_first_byte() {
    let server = Server::with_api([
        reply(429, "busy").header("retry-after", "7"),
        reply(503, "down"),
        reply(401, ""),
        reply(200, "content"),
    ]);
    let (client, clock) = on_manual_clock(server.client());
    let start = unattended::Clock::now(&clock);
    let mut bytes = Vec::new();
    assert_eq!(client.download(Request::get("/file"), &mut bytes).unwrap(), 7);
    assert_eq!(bytes, b"content");
    assert!(unattended::Clock::now(&clock).duration_since(start).unwrap() >= secs(7));
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_refusal_writes_nothing_and_keeps_the_servers_words() {
    let server = Server::with_api([reply(404, r#"{"code":"gone","message":"no such file"}"#)]);
    let mut bytes = Vec::new();
    let error = server.client().download(Request::get("/file"), &mut bytes).unwrap_err();
    assert_eq!(error.response().unwrap().message.as_deref(), Some("no such file"));
    assert!(bytes.is_empty());
}

#[test]
fn a_success_that_does_not_bring_the_content_is_an_error() {
    let cases = [
        (202, ErrorKind::Temporary, "; the content is not there yet"),
        (206, ErrorKind::Incomplete, "; a part of the content, which was not asked for"),
        (201, ErrorKind::Refused, "; a success without the content: nothing was written"),
        (304, ErrorKind::Refused, "; a success without the content: nothing was written"),
    ];
    for (status, class, words) in cases {
        let answer = reply(status, r#"{"status":"working"}"#).header("retry-after", "3");
        let server = Server::with_api([answer]);
        let mut bytes = Vec::new();
        let error = server.client().download(Request::get("/file"), &mut bytes).unwrap_err();
        assert!(error.to_string().ends_with(words), "{error}");
        assert_eq!((error.kind(), error.status().unwrap().as_u16()), (class, status));
        assert_eq!(error.retry_after(), Some(secs(3)), "{status}");
        assert!(bytes.is_empty());
    }
    // As a refusal, it is told although its body breaks off.
    let (origin, _) = answering([answer("202 Accepted\r\ncontent-length: 10", b"abcd")]);
    let (result, bytes) = download(&origin, &path());
    assert_eq!((result.unwrap_err().status().unwrap().as_u16(), bytes.len()), (202, 0));
    let error = Server::with_api([reply(202, "")]).client().download(path(), &mut Vec::new());
    assert_eq!(error.unwrap_err().delivery(), Delivery::Accepted);
}

#[test]
fn a_part_is_content_if_it_was_asked_for() {
    let server = Server::with_api([reply(206, "part")]);
    let mut bytes = Vec::new();
    let request = Request::get("/file").header("Range", "bytes=4-7");
    assert_eq!(server.client().download(&request, &mut bytes).unwrap(), 4);
    assert_eq!(server.api_requests()[0].header("range"), Some("bytes=4-7"));
}

#[test]
fn all_of_the_content_is_no_part_of_it() {
    for body in ["all of it", ""] {
        let server = Server::with_api([reply(200, body)]);
        let mut bytes = Vec::new();
        let request = Request::get("/file").header("Range", "bytes=4-");
        let error = server.client().download(&request, &mut bytes).unwrap_err();
        let words = "; not the part that was asked for: nothing was written";
        assert!(error.to_string().ends_with(words), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, Delivery::Accepted));
        assert!(bytes.is_empty());
    }
}

#[test]
fn no_content_and_an_empty_body_that_calls_itself_gzip_are_nothing() {
    let empty = answer("200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0", b"");
    let chunked =
        answer("200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked", b"0\r\n\r\n");
    let (origin, _) = answering([answer("204 No Content", b""), empty, chunked]);
    for _ in 0..3 {
        let (count, bytes) = download(&origin, &path());
        assert_eq!((count.unwrap(), bytes.len()), (0, 0));
    }
}

/// Takes so many bytes; then its disk is full.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        match taken {
            0 => Err(io::Error::new(io::ErrorKind::StorageFull, "no space left")),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_is_told_from_a_server_that_does() {
    let server = Server::with_api([reply(200, "x".repeat(200_000))]);
    let error = server.client().download(Request::get("/file"), &mut Full(100_000)).unwrap_err();
    assert_eq!(
        (error.kind(), error.exit_code(), error.delivery()),
        (ErrorKind::Output, 73, Delivery::Accepted)
    );
    let text = format!("{error:?}");
    assert!(text.contains("/file: the content cannot be written; "), "{text}");
    assert!(text.ends_with("bytes were written before\n  caused by: no space left"), "{text}");
    assert_eq!(server.api_requests().len(), 1);
    assert!(!error.is_temporary());
}

/// Keeps what it gets until it is flushed, which fails.
struct Lazy;

impl Write for Lazy {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("the last bytes are lost"))
    }
}

#[test]
fn the_writer_is_flushed_and_a_flush_that_fails_is_an_error() {
    let server = Server::with_api([reply(200, "x")]);
    let error = server.client().download(Request::get("/file"), &mut Lazy).unwrap_err();
    assert_eq!((error.kind(), transport(&error).received), (ErrorKind::Output, 1));
}

#[test]
fn the_body_limit_and_the_calls_deadline_do_not_end_a_download() {
    at_some_pace(|pace| {
        let origin = raw_server(move |mut stream, _| {
            while read_request(&mut stream).is_some() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\n");
                for _ in 0..40 {
                    let _ = stream.write_all(b"x");
                    thread::sleep(Duration::from_millis(5) * pace);
                }
            }
        });
        let policy = RetryPolicy::default().with_deadline(Duration::from_millis(100) * pace);
        let client = client_at(&origin).with_body_limit(10).with_retry_policy(policy);
        assert_eq!(client.download(path(), &mut Vec::new()).unwrap(), 40);
    });
}

#[test]
fn silence_and_the_end_time_end_a_download() {
    at_some_pace(|pace| {
        let origin = raw_server(move |mut stream, _| {
            while read_request(&mut stream).is_some() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 40\r\n\r\nabc");
                thread::sleep(secs(2) * pace);
            }
        });
        let idle = Duration::from_millis(30) * pace;
        let request = path().with_idle_timeout(idle);
        let error = client_at(&origin).download(&request, &mut Vec::new()).unwrap_err();
        let expected = format!(
            "nothing from the server for {} s (Request::with_idle_timeout); 3 bytes",
            idle.as_secs_f64()
        );
        assert!(error.to_string().contains(&expected), "{error}");
        let end = SystemTime::now() + Duration::from_millis(400) * pace;
        let policy = RetryPolicy::default().with_end_time(end);
        let client = client_at(&origin).with_retry_policy(policy);
        let error = client.download(path(), &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("deadline passed"), "{error}");
        assert_eq!(transport(&error).received, 3);
    });
}

#[test]
fn a_server_that_never_begins_to_answer_is_under_the_deadline() {
    at_some_pace(|pace| {
        let origin = raw_server(move |mut stream, _| {
            while read_request(&mut stream).is_some() {
                thread::sleep(secs(2) * pace);
            }
        });
        let policy = RetryPolicy::default().with_deadline(Duration::from_millis(50) * pace);
        let request = path().with_retry_policy(policy);
        let error = client_at(&origin).download(&request, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("the call's deadline passed"), "{error}");
    });
}

#[test]
fn a_download_is_followed_to_another_origin_without_the_token() {
    let storage = Server::with_api([reply(200, "content")]);
    let target = storage.url("/blob?signature=hush");
    let server = Server::with_api([reply(302, "").header("location", &target)]);
    let mut bytes = Vec::new();
    server.client().download(Request::get("/files/1"), &mut bytes).unwrap();
    assert_eq!(bytes, b"content");
    assert_eq!(storage.api_requests()[0].header("authorization"), None);
}

#[test]
fn the_connection_of_a_download_is_used_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let origin = raw_server(move |mut stream, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            let _ = stream.write_all(&whole(&content(300_000)));
        }
    });
    let client = client_at(&origin);
    for _ in 0..5 {
        client.download(path(), &mut io::sink()).unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[test]
fn an_error_in_the_middle_of_a_download_shows_no_query_and_no_token() {
    let (origin, _) = answering([answer("200 OK\r\ncontent-length: 10", b"ab")]);
    let request = Request::get("/file").query("sig", "hush").without_token();
    let (result, _) = download(&origin, &request);
    assert!(!format!("{:?}", result.unwrap_err()).contains("hush"));
}

#[test]
fn content_that_a_proxy_changed_on_the_way_is_content_and_a_reset_is_none() {
    let server = Server::with_api([reply(203, "abcd"), reply(205, "")]);
    let (client, mut bytes) = (server.client(), Vec::new());
    assert_eq!(client.download(path(), &mut bytes).unwrap(), 4);
    let error = client.download(path(), &mut bytes).unwrap_err();
    assert_eq!((error.status().unwrap().as_u16(), bytes.as_slice()), (205, &b"abcd"[..]));
}

#[test]
fn a_download_without_any_limit_does_not_panic() {
    let server = Server::with_api([reply(200, "abcd")]);
    let end = SystemTime::UNIX_EPOCH + secs(1 << 60);
    let policy = RetryPolicy::default().with_deadline(Duration::MAX).with_end_time(end);
    let client = server.client().with_retry_policy(policy).with_idle_timeout(Duration::MAX);
    assert_eq!(client.download(path(), &mut Vec::new()).unwrap(), 4);
}
