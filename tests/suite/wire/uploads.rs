//! Bodies that are long, or files: streamed, opened anew, with permission asked first.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Error, Request};

#[cfg(feature = "resolver")]
use crate::support::real_time::FOR_EVER;
use crate::support::real_time::at_some_pace;
use crate::support::*;

const MIB: usize = 1024 * 1024;

/// A file of its own for a test; it goes with the value.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("unattended-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect()
}

/// What a server does with the head of a request, before its body.
#[derive(Clone, Copy)]
enum First {
    /// Says that the body may come.
    Continue,
    /// Says nothing.
    Silence,
    /// Answers at once with this status and closes.
    Refuse(&'static str),
    /// Answers at once with this status and goes on reading.
    #[cfg_attr(not(feature = "resolver"), expect(dead_code, reason = "for the resolver's test"))]
    RefuseOnly(&'static str),
    /// Says these before the body, if it is asked for permission.
    Say(&'static str),
}

/// A server that does `first` one by one, then asks for every body; what it was sent.
fn upload_server(first: impl IntoIterator<Item = First>) -> (String, Receiver<(String, Vec<u8>)>) {
    let first: Vec<First> = first.into_iter().collect();
    let first = Arc::new(Mutex::new(first.into_iter()));
    let (heard, messages) = channel();
    let origin = raw_server(move |mut stream: TcpStream, _| {
        while let Some(head) = read_head(&mut stream) {
            let next = first.lock().unwrap().next().unwrap_or(First::Continue);
            if let First::Refuse(status) | First::RefuseOnly(status) = next {
                let _ = heard.send((head, Vec::new()));
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
                match next {
                    First::RefuseOnly(_) => continue,
                    _ => return,
                }
            }
            let said = match next {
                First::Continue => "HTTP/1.1 100 Continue\r\n\r\n",
                First::Say(said) => said,
                _ => "",
            };
            if head.contains("expect: 100-continue") {
                let _ = stream.write_all(said.as_bytes());
            }
            let mut body = vec![0; content_length(&head)];
            if stream.read_exact(&mut body).is_err() {
                return;
            }
            let _ = heard.send((head, body));
            let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n");
        }
    });
    (origin, messages)
}

fn put(file: &Scratch) -> Request {
    Request::put("/blob").without_token().file(&file.0)
}

#[test]
fn a_file_arrives_whole_with_its_length_and_type() {
    for length in [0, 1, 65_536, MIB, MIB + 1, 5 * MIB] {
        let file = Scratch::new(&format!("whole-{length}"), &content(length));
        let (origin, messages) = upload_server([]);
        let response = client_at(&origin).send(put(&file)).unwrap();
        assert_eq!(response.status(), 201);
        let (head, body) = messages.recv().unwrap();
        assert!(body == content(length), "{length}");
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        assert!(head.contains("content-type: application/octet-stream\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert_eq!(head.contains("expect: 100-continue\r\n"), length > MIB, "{head}");
    }
}

#[test]
fn long_bytes_ask_for_permission_as_well_and_short_ones_do_not() {
    for (length, asks) in [(0, false), (MIB, false), (MIB + 1, true)] {
        let (origin, messages) = upload_server([]);
        let request = Request::post("/x").without_token().bytes(content(length));
        client_at(&origin).send(&request).unwrap();
        let (head, body) = messages.recv().unwrap();
        assert!(body == content(length));
        assert!(head.contains(&format!("content-length: {length}\r\n")), "{head}");
        assert_eq!(head.contains("expect: 100-continue\r\n"), asks, "{head}");
    }
}

#[test]
fn a_file_is_uploaded_under_the_name_and_type_that_the_caller_says() {
    let file = Scratch::new("deed", b"%PDF-1.7 raw");
    let server = Server::with_api([reply(201, "")]);
    let upload = Request::post("/api/v1/closings/42/documents")
        .query("filename", "deed of trust.pdf")
        .header("Content-Type", "application/pdf")
        .file(&file.0);
    assert!(server.client().send(&upload).unwrap().bytes().is_empty());
    let seen = &server.api_requests()[0];
    assert_eq!(seen.target, "/api/v1/closings/42/documents?filename=deed%20of%20trust.pdf");
    assert_eq!(seen.header("content-type"), Some("application/pdf"));
    assert_eq!(
        (seen.body.as_str(), seen.header("authorization")),
        ("%PDF-1.7 raw", Some("Bearer token-1"))
    );
}

#[test]
fn a_presigned_upload_goes_to_another_origin_without_the_token() {
    let file = Scratch::new("presigned", &content(2 * MIB));
    let (storage, messages) = upload_server([]);
    let server = Server::with_api([]);
    let request = Request::put(format!("{storage}/container/blob?sig=a%2Bb%3D"))
        .without_token()
        .header("x-ms-blob-type", "BlockBlob")
        .file(&file.0);
    server.client().send(&request).unwrap();
    let (head, body) = messages.recv().unwrap();
    assert!(head.starts_with("PUT /container/blob?sig=a%2Bb%3D HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("x-ms-blob-type: BlockBlob\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    assert_eq!(body.len(), 2 * MIB);
    assert!(server.seen().is_empty());
}

#[test]
fn a_refusal_comes_before_a_long_body_and_is_survived() {
    let file = Scratch::new("refused", &content(3 * MIB));
    let refusals = ["429 Too Many\r\nretry-after: 5", "503 Unavailable\r\nretry-after: 2"];
    let (origin, messages) = upload_server(refusals.map(First::Refuse));
    let (client, clock) = on_manual_clock(client_at(&origin));
    let start = unattended::Clock::monotonic(&clock);
    client.send(put(&file)).unwrap();
    let lengths: Vec<usize> = messages.try_iter().map(|(_, body)| body.len()).collect();
    assert_eq!(lengths, [0, 0, 3 * MIB]);
    assert_eq!(unattended::Clock::monotonic(&clock) - start, secs(7));
}

#[test]
fn a_post_that_is_refused_before_its_body_is_sent_again_with_a_new_token() {
    let file = Scratch::new("unauthorized", &content(2 * MIB));
    let (origin, messages) = upload_server([First::Refuse("401 Unauthorized")]);
    let tokens = Server::with_api([]);
    let provider = provider_at(&origin).with_token_endpoint(&tokens.url(TOKEN_PATH)).unwrap();
    let credentials = unattended::Credentials::new("my-client", SECRET);
    let client = unattended::Client::new(provider, credentials).unwrap();
    client.send(Request::post("/blob").file(&file.0)).unwrap();
    let sent: Vec<(String, Vec<u8>)> = messages.try_iter().collect();
    assert!(sent[0].0.contains("authorization: Bearer token-1\r\n") && sent[0].1.is_empty());
    assert!(sent[1].0.contains("authorization: Bearer token-2\r\n"));
    assert!(sent[1].1 == content(2 * MIB));
}

#[test]
fn a_server_that_does_not_know_of_permission_gets_the_body_all_the_same() {
    at_some_pace(|pace| {
        let file = Scratch::new("silent", &content(2 * MIB));
        let (origin, messages) = upload_server([First::Silence]);
        // Half of the idle limit at most is spent on waiting for permission.
        let request = put(&file).with_idle_timeout(Duration::from_millis(100) * pace);
        client_at(&origin).send(&request).unwrap();
        assert!(messages.recv().unwrap().1 == content(2 * MIB));
    });
}

#[test]
fn a_server_that_refuses_to_be_asked_for_permission_is_not_asked_again() {
    let file = Scratch::new("expectation", &content(2 * MIB));
    let (origin, messages) = upload_server([First::Refuse("417 Expectation Failed")]);
    let (client, _) = on_manual_clock(client_at(&origin));
    client.send(Request::post("/blob").without_token().file(&file.0)).unwrap();
    let sent: Vec<(String, Vec<u8>)> = messages.try_iter().collect();
    assert!(sent[0].0.contains("expect: 100-continue"));
    assert!(!sent[1].0.contains("expect") && sent[1].1 == content(2 * MIB));

    let (origin, messages) = upload_server([First::Refuse("417 Expectation Failed")]);
    let error = client_at(&origin).send(Request::post("/x").without_token().bytes("short"));
    assert_eq!(error.unwrap_err().status().unwrap(), 417);
    assert_eq!(messages.try_iter().count(), 1);
}

/// ureq itself waits for more than the whole answer there.
#[cfg(feature = "resolver")]
#[test]
fn a_refusal_is_read_at_once_on_a_new_connection_that_stays_open() {
    let file = Scratch::new("stays-open", &content(2 * MIB));
    for status in ["429 Too Many", "413 Too Long"] {
        let (origin, messages) = upload_server([First::RefuseOnly(status)]);
        let (client, _) = on_manual_clock(client_at(&origin));
        let request = Request::post("/blob").without_token().file(&file.0);
        let result = client.send(request.with_idle_timeout(FOR_EVER));
        let lengths: Vec<usize> = messages.try_iter().map(|(_, body)| body.len()).collect();
        match result {
            Ok(_) => assert_eq!((status, lengths), ("429 Too Many", vec![0, 2 * MIB])),
            Err(error) => assert_eq!((error.status().unwrap().as_u16(), lengths), (413, vec![0])),
        }
    }
}

/// Without the feature `resolver`, ureq does not understand them.
#[test]
fn a_permission_may_have_headers_and_come_after_early_hints() {
    at_some_pace(|pace| {
        let file = Scratch::new("not-understood", &content(2 * MIB));
        let permissions = [
            "HTTP/1.1 100 Continue\r\nconnection: keep-alive\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
        ];
        for said in permissions {
            let (origin, messages) = upload_server([First::Say(said)]);
            let (client, _) = on_manual_clock(client_at(&origin));
            // If no byte of the first attempt's body was sent, even a POST may be repeated.
            let request = Request::post("/blob").without_token().file(&file.0);
            client.send(request.with_idle_timeout(Duration::from_millis(200) * pace)).unwrap();
            let (head, body) = messages.recv().unwrap();
            let asks = head.contains("expect: 100-continue");
            assert_eq!(asks, cfg!(feature = "resolver"), "{head}");
            assert!(body == content(2 * MIB));
        }
    });
}

#[test]
fn a_success_before_the_body_was_taken_is_an_error() {
    let file = Scratch::new("early", &content(2 * MIB));
    let (origin, _) = upload_server([First::Refuse("200 OK")]);
    let error = client_at(&origin).send(put(&file)).unwrap_err();
    let host = origin.strip_prefix("http://").unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "PUT {host}/blob: the server answered 200 OK when it had been sent 0 of 2097152 bytes of the body"
        )
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Incomplete, Delivery::Unknown));
}

#[test]
fn a_file_is_opened_anew_for_each_attempt() {
    let file = Scratch::new("anew", b"first");
    let path = file.0.clone();
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let log = bodies.clone();
    let server = Server::start(move |seen| {
        let mut bodies = log.lock().unwrap();
        bodies.push(seen.body.clone());
        fs::write(&path, "and second").unwrap();
        if bodies.len() == 1 { reply(503, "") } else { reply(200, "") }
    });
    let (client, _) = on_manual_clock(server.client());
    client.send(put(&file)).unwrap();
    assert_eq!(*bodies.lock().unwrap(), ["first", "and second"]);
}

/// What comes of an upload of a file of 8 MiB which `change` changes when the server has
/// its head: long before the last byte was read.
fn changed_meanwhile(name: &str, change: impl Fn(&File) + Send + Sync + 'static) -> Error {
    let file = Scratch::new(name, &content(8 * MIB));
    let path = file.0.clone();
    let origin = raw_server(move |mut stream: TcpStream, _| {
        read_head(&mut stream).unwrap();
        change(&File::options().append(true).open(&path).unwrap());
        let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
        let got = std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
        assert!(got < 8 * MIB as u64, "the server had the whole body");
    });
    client_at(&origin).send(put(&file)).unwrap_err()
}

#[test]
fn a_file_that_shrinks_or_grows_while_it_is_sent_is_an_error_at_once() {
    let error = changed_meanwhile("shrinks", |file| file.set_len(MIB as u64).unwrap());
    let text = error.to_string();
    assert!(text.contains("/blob: the file "), "{text}");
    assert!(
        text.ends_with(
            "became shorter while it was sent: 8388608 bytes were announced, 1048576 were there"
        ),
        "{text}"
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Incomplete, Delivery::Unknown));

    let error = changed_meanwhile("grows", |mut file| file.write_all(b"more").unwrap());
    let text = error.to_string();
    assert!(text.ends_with("became longer than the 8388608 bytes that were announced"), "{text}");
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Incomplete, 65));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_before_anything_is_sent() {
    let server = Server::with_api([]);
    let missing = std::env::temp_dir().join("unattended-no-such-file");
    let folder = std::env::temp_dir();
    for (path, cause) in [(missing, "No such file or directory"), (folder, "not a regular file")] {
        let request = Request::put("/blob").without_token().file(&path);
        let error = server.client().send(&request).unwrap_err();
        let place = format!("PUT {}", server.url("/blob").strip_prefix("http://").unwrap());
        assert_eq!(
            error.to_string(),
            format!("{place}: not sent: the file {} cannot be read", path.display())
        );
        assert!(format!("{error:?}").contains(cause), "{error:?}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
    }
    assert!(server.seen().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_has_content_but_no_length_is_not_sent_as_an_empty_one() {
    let server = Server::with_api([]);
    let request = Request::put("/x").without_token().file("/proc/cpuinfo");
    let error = server.client().send(&request).unwrap_err();
    assert!(format!("{error:?}").ends_with("caused by: it has content, but no length"));
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
    assert!(server.seen().is_empty());
}

#[test]
fn a_file_that_is_gone_at_a_repetition_does_not_undo_the_attempt_before() {
    for (status, sent) in [(500, Delivery::Unknown), (429, Delivery::Rejected)] {
        let file = Scratch::new(&format!("gone-{status}"), b"content");
        let path = file.0.clone();
        let server = Server::start(move |_| {
            std::fs::remove_file(&path).unwrap();
            reply(status, "")
        });
        let (client, _) = on_manual_clock(server.client());
        let error = client.send(Request::put("/x").without_token().file(&file.0)).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, sent));
        let end = " cannot be read; an earlier attempt was sent";
        assert!(error.to_string().ends_with(end), "{error}");
        std::fs::write(&file.0, "").unwrap();
    }
}

#[test]
fn an_upload_that_may_have_arrived_is_not_repeated_and_a_put_is() {
    let file = Scratch::new("lost", b"content");
    for (request, requests) in [(Request::post("/x"), 1), (Request::put("/x"), 2)] {
        let server = Server::with_api([reply(502, ""), reply(200, "")]);
        let (client, _) = on_manual_clock(server.client());
        let result = client.send(request.file(&file.0));
        assert_eq!(server.api_requests().len(), requests);
        assert_eq!(
            result.err().map(|error| error.delivery()),
            (requests == 1).then_some(Delivery::Unknown)
        );
    }
}

#[test]
fn a_request_prints_which_file_it_sends() {
    let text = format!("{:?}", Request::put("/x").file("a/b.pdf"));
    assert!(text.contains("body: the file a/b.pdf"), "{text}");
    assert!(format!("{:?}", Request::put("/x").bytes("abc")).contains("body: 3 bytes"));
    assert!(format!("{:?}", Request::get("/x")).contains("body: none"));
}
