//! Calls as vendors ask for them: uploads by presigned URLs, patches, filters, reads that are
//! POSTs.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Error, ManualClock, Provider, Request};

use crate::support::*;

/// As a storage signs: with characters that a careless client would encode again.
const QUERY: &str = "sv=2024-11-04&se=2026-01-01T01:00:00Z&sig=Zm9v%2Bc2lnbmF0dXJl%2Fbar%3D";

/// A storage that plays `replies`, then 201, and tells heads and bodies as they came.
fn storage(replies: Vec<Reply>) -> (String, Receiver<(String, Vec<u8>)>) {
    let (heard, requests) = channel();
    let replies = std::sync::Mutex::new(replies.into_iter());
    let origin = raw_server(move |mut stream, _| {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => return,
                }
            }
            let head = String::from_utf8(head).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if head.contains("expect: 100-continue\r\n") {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
            }
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).unwrap();
            heard.send((head, body)).unwrap();
            let next = replies.lock().unwrap().next();
            write_reply(&mut stream, &next.unwrap_or_else(|| reply(201, "")));
        }
    });
    (origin, requests)
}

#[test]
fn an_upload_goes_to_its_presigned_url_to_the_byte_without_the_token() {
    let content: Vec<u8> = (0..=255).cycle().take(3 * 1024 * 1024 + 7).collect();
    let (origin, requests) = storage(vec![reply(503, "")]);
    let server = Server::with_api([]);
    let (client, _) = on_manual_clock(server.client());
    let put = Request::put(format!("{origin}/in/7.csv?{QUERY}")).without_token();
    client.send(put.header("x-ms-blob-type", "BlockBlob").bytes(content.clone())).unwrap();
    // A PUT is idempotent: it is sent again after the 503.
    for _ in 0..2 {
        let (head, body) = requests.recv().unwrap();
        let length = format!("content-length: {}\r\n", content.len());
        assert!(head.starts_with(&format!("PUT /in/7.csv?{QUERY} HTTP/1.1\r\n")), "{head}");
        for line in ["x-ms-blob-type: BlockBlob\r\n", "expect: 100-continue\r\n", &length] {
            assert_eq!(head.matches(line).count(), 1, "{line} in {head}");
        }
        assert!(!head.contains("authorization"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert!(body == content);
    }
    assert!(requests.try_recv().is_err());
    assert!(server.seen().is_empty());
}

/// A storage that refuses with its own words, the signed URL among them.
fn refusing_storage() -> (String, Receiver<(String, Vec<u8>)>) {
    let words = format!("<Error><Message>Wrong signature: /in/7.csv?{QUERY}</Message></Error>");
    storage(vec![reply(403, words)])
}

/// The words, but no signature; nor a word about a token that was not sent.
#[track_caller]
fn assert_told_without_signature(error: &Error, place: &str) {
    let text = format!("{error}\n{error:?}\n{:?}", error.response());
    let told = format!("{place}: 403 Forbidden: Wrong signature: /in/7.csv?sv=2024-11-04&se=");
    assert!(text.starts_with(&told), "{text}");
    for secret in ["c2lnbmF0dXJl", "Zm9v", "token"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(error.exit_code(), 69);
}

#[test]
fn a_refused_upload_shows_the_words_of_the_storage_and_not_the_signature() {
    let (origin, _requests) = refusing_storage();
    let (client, events) = observed(Server::with_api([]).client());
    let put = Request::put(format!("{origin}/in/7.csv?{QUERY}")).bytes("x").without_token();
    let error = client.send(put).unwrap_err();
    assert_told_without_signature(&error, &format!("PUT {}/in/7.csv", &origin[7..]));
    assert!(!format!("{:?}", events.lock().unwrap()).contains("c2lnbmF0dXJl"));
}

#[test]
fn a_download_that_is_refused_behind_a_redirect_does_not_show_the_signature() {
    let (origin, _requests) = refusing_storage();
    let location = format!("{origin}/f?{QUERY}");
    let server = Server::with_api([reply(302, "").header("location", location)]);
    let error = server.client().download(Request::get("/f"), &mut Vec::new()).unwrap_err();
    assert_told_without_signature(&error, &format!("GET {}/f", &origin[7..]));
}

#[test]
fn a_file_behind_a_redirect_is_downloaded_from_another_origin_without_the_token() {
    let (origin, requests) = storage(vec![reply(200, "seven b")]);
    let server =
        Server::with_api([reply(302, "").header("location", format!("{origin}/f?{QUERY}"))]);
    let mut content = Vec::new();
    let file = Request::get("/api/sam/v1/files").segment("f 1");
    assert_eq!(server.client().download(&file, &mut content).unwrap(), 7);
    assert_eq!(content, b"seven b");
    let api = server.api_requests();
    assert_eq!(api.len(), 1);
    assert_eq!(api[0].target, "/api/sam/v1/files/f%201");
    assert_eq!(api[0].header("authorization"), Some("Bearer token-1"));
    let (head, _) = requests.recv().unwrap();
    assert!(head.starts_with(&format!("GET /f?{QUERY} HTTP/1.1\r\n")), "{head}");
    assert!(!head.contains("authorization"), "{head}");
}

#[test]
fn a_merge_patch_that_is_marked_is_repeated_to_the_byte() {
    let busy = reply(503, "").header("retry-after", "4");
    let server = Server::with_api([busy, reply(200, r#"{"isInReview":true}"#)]);
    let (client, clock) = on_manual_clock(server.client());
    let patch = Request::patch("/users")
        .segment("a/b")
        .header("Content-Type", "application/merge-patch+json")
        .json(&json!({ "isInReview": true }));
    client.send(patch.safe_to_repeat()).unwrap();
    assert_eq!(clock.sleeps(), [secs(4)]);
    let seen = server.api_requests();
    assert_eq!(seen.len(), 2);
    for call in seen {
        assert_eq!((call.method.as_str(), call.target.as_str()), ("PATCH", "/users/a%2Fb"));
        assert_eq!(call.header("content-type"), Some("application/merge-patch+json"));
        assert_eq!(call.body, r#"{"isInReview":true}"#);
    }
}

#[test]
fn a_json_patch_that_may_have_arrived_is_not_repeated_and_one_that_was_refused_is() {
    let patch = Request::patch("/licenses")
        .segment("l-1")
        .json(&json!([{ "op": "add", "path": "/tags/-", "value": "audited" }]));
    for (status, sent) in [(503, 1), (429, 2)] {
        let busy = reply(status, "").header("retry-after", "9");
        let server = Server::with_api([busy, reply(204, "")]);
        let (client, _) = on_manual_clock(server.client());
        let done = client.send(&patch).map_err(|error| error.delivery());
        assert_eq!(done.err(), (status == 503).then_some(Delivery::Unknown));
        assert_eq!(server.api_requests().len(), sent);
    }
}

#[test]
fn a_delete_with_a_body_is_repeated_with_it() {
    let server = Server::with_api([reply(502, ""), reply(200, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    let delete = Request::delete("/licenses").segment("l-1").segment("tags");
    client.send(delete.json(&json!({ "tags": ["audited"] }))).unwrap();
    let seen = server.api_requests();
    assert_eq!(seen.len(), 2);
    for call in seen {
        assert_eq!((call.method.as_str(), call.path()), ("DELETE", "/licenses/l-1/tags"));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(call.header("content-length"), Some("20"));
        assert_eq!(call.body, r#"{"tags":["audited"]}"#);
    }
}

/// The preset for Cognito, led to `server`.
fn cognito(server: &Server) -> (Client, ManualClock) {
    let provider = Provider::cognito("auth-provider-dev", "eu-west-1", &server.url("")).unwrap();
    let provider = provider.with_token_endpoint(&server.url(TOKEN_PATH)).unwrap();
    let credentials = Credentials::new("my-client", SECRET);
    on_manual_clock(Client::new(provider.with_scope("api/write"), credentials).unwrap())
}

#[test]
fn a_read_that_is_a_post_is_repeated_after_a_503_only_when_it_is_marked() {
    let busy = r#"{"code":"ServiceUnavailable","message":"later"}"#;
    let read = Request::post("/search").json(&json!({ "open": true }));
    for is_marked in [true, false] {
        let server = Server::with_api([reply(503, busy), reply(200, r#"{"count":3}"#)]);
        let (client, _) = cognito(&server);
        let request = if is_marked { read.clone().safe_to_repeat() } else { read.clone() };
        match client.send(&request) {
            Ok(found) => assert_eq!(found.json::<Value>().unwrap()["count"], 3),
            Err(error) => {
                assert_eq!(error.delivery(), Delivery::Unknown);
                assert_eq!(error.response().unwrap().message.as_deref(), Some("later"));
                assert!(error.to_string().contains("safe_to_repeat()"), "{error}");
            }
        }
        let bodies: Vec<_> = server.api_requests().into_iter().map(|call| call.body).collect();
        let sent = if is_marked { 2 } else { 1 };
        assert_eq!(bodies, vec![r#"{"open":true}"#; sent]);
    }
}

#[test]
fn a_wrong_path_that_answers_401_costs_one_more_token_and_is_over() {
    let server = Server::with_api([reply(401, r#"{"code":"Unauthorized","message":null}"#)]);
    let (client, clock) = cognito(&server);
    let error = client.send(Request::post("/serach").safe_to_repeat()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(matches!(error, Error::Status(_)), "{error}");
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (2, 2));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_filter_and_a_date_arrive_as_they_were_meant() {
    let server = Server::with_api([]);
    for (name, value, target) in [
        (
            "filter",
            r"(displayName -contains 'O\'Br\\ien') -and (id -ne 'a+b')",
            "/users?filter=%28displayName%20-contains%20%27O%5C%27Br%5C%5Cien%27%29%20-and%20%28id%20-ne%20%27a%2Bb%27%29",
        ),
        ("fromDate", "2026-01-01T00:00:00+02:00", "/users?fromDate=2026-01-01T00:00:00%2B02:00"),
    ] {
        server.client().send(Request::get("/users").query(name, value)).unwrap();
        assert_eq!(server.api_requests().last().unwrap().target, target);
    }
}
