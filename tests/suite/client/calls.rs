//! Calls as a program makes them: what goes out to the letter, and what comes back.

use serde::Deserialize;
use serde_json::{Value, json};
use unattended::http::Method;
use unattended::{Client, Credentials, Error, Request, Response};

use crate::support::*;

/// The one request to the API that `request` leads to.
fn sent(request: Request) -> Seen {
    let server = Server::with_api([]);
    server.client().send(&request).unwrap();
    let mut seen = server.api_requests();
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

/// Why `request` is not sent; nothing may have reached the server.
#[track_caller]
fn refused(request: Request) -> String {
    let server = Server::with_api([]);
    let error = server.client().send(&request).unwrap_err();
    assert!(matches!(error, Error::Configuration(_)), "{error}");
    assert!(server.seen().is_empty());
    error.to_string()
}

/// An answer to a GET, by status and body.
fn answer(status: u16, body: &str) -> Response {
    Server::with_api([reply(status, body)]).client().get("/x").unwrap()
}

/// The first request line and headers to an API on raw sockets, which does not tidy up.
fn raw_request(request: Request) -> String {
    let (heard, head) = std::sync::mpsc::channel();
    let origin = raw_server(move |mut stream, _| {
        let seen = read_request(&mut stream).unwrap();
        heard.send(seen).unwrap();
        write_reply(&mut stream, &reply(200, "{}"));
    });
    client_at(&origin).send(request.without_token()).unwrap();
    let seen = head.recv().unwrap();
    let headers: Vec<String> = seen.headers.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
    format!("{} {}\n{}\n{}", seen.method, seen.target, headers.concat(), seen.body)
}

#[test]
fn each_method_has_a_call_of_its_own() {
    let server = Server::with_api([]);
    let client = server.client();
    let body = json!({"a": 1});
    client.get("/x").unwrap();
    client.send(Request::head("/x")).unwrap();
    client.delete("/x").unwrap();
    client.post("/x", &body).unwrap();
    client.put("/x", &body).unwrap();
    client.patch("/x", &body).unwrap();
    let seen = server.api_requests();
    let calls: Vec<_> = seen.iter().map(|s| (s.method.as_str(), s.body.as_str())).collect();
    let text = r#"{"a":1}"#;
    assert_eq!(
        calls,
        [("GET", ""), ("HEAD", ""), ("DELETE", ""), ("POST", text), ("PUT", text), ("PATCH", text)]
    );
    for call in &seen {
        assert_eq!(call.header("authorization"), Some("Bearer token-1"));
        let content_type = (!call.body.is_empty()).then_some("application/json");
        assert_eq!(call.header("content-type"), content_type, "{}", call.method);
    }
}

#[test]
fn a_request_is_taken_by_value_by_reference_or_as_the_path_of_a_get() {
    let server = Server::with_api([]);
    let client = server.client();
    let request = Request::get("/1");
    client.send(&request).unwrap();
    client.send(request).unwrap();
    client.send(Request::post("/2")).unwrap();
    client.send("/3").unwrap();
    client.get(format!("/{}", 4)).unwrap();
    let mut content = Vec::new();
    client.download("/5", &mut content).unwrap();
    let writer: &mut dyn std::io::Write = &mut content;
    client.download(Request::get("/6"), writer).unwrap();
    let targets: Vec<String> = server.api_requests().into_iter().map(|it| it.target).collect();
    assert_eq!(targets, ["/1", "/1", "/2", "/3", "/4", "/5", "/6"]);
}

#[test]
fn any_other_method_is_sent_as_well() {
    for method in ["OPTIONS", "TRACE", "PROPFIND", "QUERY"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let text = raw_request(Request::new(method.clone(), "/x"));
        assert!(text.starts_with(&format!("{method} /x\n")), "{text}");
    }
}

#[test]
fn a_path_is_joined_to_the_base_url_with_exactly_one_slash() {
    let cases = [
        ("", "/a/b", "/a/b"),
        ("", "a/b", "/a/b"),
        ("/", "/a/b", "/a/b"),
        ("/", "//a/b", "/a/b"),
        ("", "", "/"),
        ("", "/", "/"),
        ("", "?x=1", "/?x=1"),
        ("/v2", "a", "/v2/a"),
        ("/v2", "/a", "/v2/a"),
        ("/v2/", "a", "/v2/a"),
        ("/v2/", "/a", "/v2/a"),
        ("/v2/", "/a/", "/v2/a/"),
        ("/v2", "", "/v2"),
        ("/v2/", "", "/v2/"),
        ("/v2", "?x=1", "/v2?x=1"),
        ("/v2/x", "a?b=c/d", "/v2/x/a?b=c/d"),
        ("", "/a//b", "/a//b"),
        ("", "/a?u=http://b/c", "/a?u=http://b/c"),
        ("", "/systems/http://b/c", "/systems/http://b/c"),
    ];
    let server = Server::with_api([]);
    for (base, path, target) in cases {
        let provider = server.provider().with_base_url(&server.url(base)).unwrap();
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        client.get(path).unwrap();
        assert_eq!(server.api_requests().pop().unwrap().target, target, "{base:?} + {path:?}");
    }
}

#[test]
fn an_absolute_url_of_the_same_origin_is_called_as_it_stands() {
    let server = Server::with_api([]);
    let provider = server.provider().with_base_url(&server.url("/v2")).unwrap();
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    client.get(server.url("/v1/a?b=c")).unwrap();
    assert_eq!(server.api_requests()[0].target, "/v1/a?b=c");
}

#[test]
fn query_values_are_percent_encoded_and_a_plus_stays_a_plus() {
    let cases = [
        ("a b", "a%20b"),
        ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00%2B02:00"),
        ("a&b=c#d?e/f", "a%26b%3Dc%23d%3Fe/f"),
        ("100%", "100%25"),
        ("%20", "%2520"),
        ("Zürich €", "Z%C3%BCrich%20%E2%82%AC"),
        ("\r\nx", "%0D%0Ax"),
        ("-._~", "-._~"),
        ("", ""),
    ];
    for (value, encoded) in cases {
        let target = sent(Request::get("/x").query("q", value)).target;
        assert_eq!(target, format!("/x?q={encoded}"));
    }
}

#[test]
fn query_pairs_keep_their_order_and_follow_the_query_of_the_path() {
    let request = Request::get("/x?z=1").query("b", 2).query("a", true).query("b", "ä b");
    assert_eq!(sent(request.query("n m", "")).target, "/x?z=1&b=2&a=true&b=%C3%A4%20b&n%20m=");
}

#[test]
fn a_path_is_escaped_where_it_must_be_and_nowhere_else() {
    let cases = [
        ("/a b/ü", "/a%20b/%C3%BC"),
        ("/a%20b/%zz", "/a%20b/%25zz"),
        ("/a#b", "/a%23b"),
        ("/a\r\nX: y", "/a%0D%0AX:%20y"),
        ("/(a);b=c,d@e!$&'*+~", "/(a);b=c,d@e!$&'*+~"),
        ("/a?q=ü b+c#d", "/a?q=%C3%BC%20b+c%23d"),
        ("/\u{0}\u{7f}<>\"{}|\\^`", "/%00%7F%3C%3E%22%7B%7D%7C%5C%5E%60"),
    ];
    for (path, target) in cases {
        assert_eq!(sent(Request::get(path)).target, target);
    }
}

#[test]
fn a_fragment_of_a_url_is_not_sent_and_takes_no_query_with_it() {
    let server = Server::with_api([reply(200, "{}")]);
    let request = Request::get(server.url("/a?b=c#top?")).query("d", 1);
    server.client().send(&request).unwrap();
    assert_eq!(server.api_requests()[0].target, "/a?b=c&d=1");
}

#[test]
fn a_segment_of_user_data_stays_one_segment() {
    let cases = [
        ("a/b", "a%2Fb"),
        ("a b?c#d", "a%20b%3Fc%23d"),
        ("50%", "50%25"),
        ("../x", "..%2Fx"),
        ("Ł", "%C5%81"),
        ("...", "..."),
    ];
    for (value, encoded) in cases {
        let request = Request::get("/closings/").segment("loan").segment(value).query("a", 1);
        assert_eq!(sent(request).target, format!("/closings/loan/{encoded}?a=1"));
    }
    assert_eq!(sent(Request::get("/a?b=c").segment("d")).target, "/a/d?b=c");
}

#[test]
fn a_segment_that_would_be_another_path_is_refused() {
    for value in ["", ".", ".."] {
        let error = refused(Request::get("/closings").segment(value).segment("x"));
        assert!(error.ends_with(&format!("{value:?} cannot be a segment of a path")), "{error}");
    }
}

#[test]
fn bodies_go_out_with_their_content_types() {
    let pairs = [("a b", "c&d"), ("e", "ü+")];
    let cases = [
        (Request::post("/x").json(&json!([1, "ü"])), "application/json", "[1,\"ü\"]"),
        (
            Request::post("/x").form(&pairs),
            "application/x-www-form-urlencoded",
            "a+b=c%26d&e=%C3%BC%2B",
        ),
        (Request::put("/x").bytes("raw"), "application/octet-stream", "raw"),
        (
            Request::patch("/x").header("content-type", "application/json-patch+json").json(&[0]),
            "application/json-patch+json",
            "[0]",
        ),
    ];
    for (request, content_type, body) in cases {
        let seen = sent(request);
        assert_eq!(seen.header("content-type"), Some(content_type));
        assert_eq!(seen.body, body);
        assert_eq!(seen.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(seen.header("transfer-encoding"), None);
    }
}

#[test]
fn a_content_type_that_is_set_after_the_body_counts_as_well() {
    let request = Request::post("/x").bytes("%PDF").header("Content-Type", "application/pdf");
    let text = raw_request(request);
    let lines: Vec<&str> = text.lines().filter(|l| l.starts_with("content-type")).collect();
    assert_eq!(lines, ["content-type: application/pdf"]);
}

#[test]
fn an_empty_body_is_announced_where_one_is_expected_and_only_there() {
    let cases = [
        (Method::POST, true),
        (Method::PUT, true),
        (Method::PATCH, true),
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::DELETE, false),
    ];
    for (method, announced) in cases {
        let text = raw_request(Request::new(method.clone(), "/x"));
        assert_eq!(text.contains("content-length: 0\n"), announced, "{text}");
        assert!(!text.contains("transfer-encoding"), "{text}");
        assert!(!text.contains("content-type"), "{text}");
    }
}

#[test]
fn a_delete_and_even_a_get_may_have_a_body() {
    for method in [Method::DELETE, Method::GET] {
        let seen = sent(Request::new(method.clone(), "/x").json(&json!({"ids": [1, 2]})));
        assert_eq!(seen.method, method.as_str());
        assert_eq!(seen.body, r#"{"ids":[1,2]}"#);
    }
}

#[test]
fn own_headers_go_out_and_may_repeat() {
    let request = Request::get("/x").header("X-Reason", "nightly").header("X-Reason", "é");
    let text = raw_request(request.header("If-Match", "\"abc\"").header("Accept", "text/csv"));
    for line in
        ["x-reason: nightly\n", "x-reason: é\n", "if-match: \"abc\"\n", "accept: text/csv\n"]
    {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert_eq!(text.matches("accept: ").count(), 1);
}

#[test]
fn a_header_that_cannot_be_right_is_refused_without_its_value() {
    let cases = [
        (
            Request::get("/x?q=hush").header("X-A", "hush\r\nX-B: 1"),
            "GET /x: the value of the header X-A has a character that is not allowed there",
        ),
        (
            Request::post("/x").header("X A", "hush"),
            "POST /x: the name of a header is empty, or has a character that is not allowed there",
        ),
        (
            Request::post("/x").header("", "hush"),
            "POST /x: the name of a header is empty, or has a character that is not allowed there",
        ),
        (
            Request::post("/x").bytes("abc").header("Content-Length", "100"),
            "POST /x: the client sets the header content-length itself: remove yours",
        ),
        (
            Request::get("/x").header("Transfer-Encoding", "chunked"),
            "GET /x: the client sets the header transfer-encoding itself: remove yours",
        ),
    ];
    for (request, message) in cases {
        assert_eq!(refused(request), message);
    }
}

#[test]
fn an_authorization_header_of_the_callers_own_is_refused_beside_the_token() {
    let request = Request::get("/x").header("authorization", "Bearer mine");
    assert_eq!(
        refused(request.clone()),
        "GET /x: the client sets the Authorization header itself: remove yours, or make the request without_token()"
    );
    let seen = sent(request.without_token());
    assert_eq!(seen.header("authorization"), Some("Bearer mine"));
}

#[test]
fn a_request_without_token_asks_for_none() {
    let server = Server::with_api([]);
    server.client().send(Request::get("/x").without_token()).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), None);
}

#[test]
fn a_refusal_of_a_request_without_token_praises_no_token() {
    let server = Server::with_api([reply(403, r#"{"message":"expired"}"#)]);
    let error = server.client().send(Request::get("/x").without_token()).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(error.to_string(), format!("GET {host}/x: 403 Forbidden: expired"));
}

#[test]
fn another_origin_is_called_without_token_only() {
    let (home, other) = (Server::with_api([]), Server::with_api([]));
    let request = Request::put(other.url("/upload?sig=hush")).bytes("x");
    let error = home.client().send(&request).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "PUT {}/upload: not sent: the token must not leave the origin of the base URL, {}; make the request without_token() if it needs none",
            other.url("").trim_start_matches("http://"),
            home.url("")
        )
    );
    home.client().send(request.without_token()).unwrap();
    assert_eq!(other.seen()[0].target, "/upload?sig=hush");
    assert_eq!(other.seen()[0].header("authorization"), None);
    assert!(home.seen().is_empty());
}

#[test]
fn an_answer_is_read_as_json_text_or_bytes() {
    let response = answer(200, r#"{"name":"ü","n":[1,2]}"#);
    assert_eq!(response.status(), 200);
    assert_eq!(response.json::<Value>().unwrap()["n"][1], 2);
    assert_eq!(response.text().unwrap(), r#"{"name":"ü","n":[1,2]}"#);
    assert_eq!(response.bytes(), response.text().unwrap().as_bytes());
    assert_eq!(response.clone().into_bytes(), response.bytes());
}

#[test]
fn an_empty_success_is_fine_until_it_is_decoded() {
    for status in [200, 201, 202, 204, 205] {
        let response = answer(status, "");
        assert_eq!(response.status(), status);
        assert_eq!(response.bytes(), b"");
        assert_eq!(response.text().unwrap(), "");
    }
    let error = answer(200, "").json::<Value>().unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("GET 127.0.0.1:"), "{text}");
    assert!(text.ends_with("/x: the body is empty where JSON was expected"), "{text}");
    assert_eq!(error.exit_code(), 65);
}

#[test]
fn a_head_answer_keeps_its_headers_and_reads_no_body() {
    let origin = raw_server(|mut stream, _| {
        while read_request(&mut stream).is_some() {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 12345\r\nx-count: 7\r\n\r\n";
            std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
        }
    });
    let client = client_at(&origin);
    for _ in 0..2 {
        let response = client.send(Request::head("/x").without_token()).unwrap();
        assert_eq!(response.header("Content-Length"), Some("12345"));
        assert_eq!(response.headers()["x-count"], "7");
        assert_eq!(response.bytes(), b"");
    }
}

#[test]
fn a_byte_order_mark_does_not_hinder_json() {
    let response = answer(200, "\u{feff}{\"a\":1}");
    assert_eq!(response.json::<Value>().unwrap()["a"], 1);
    assert!(response.text().unwrap().starts_with('\u{feff}'));
}

#[test]
fn a_body_that_is_not_utf8_says_where() {
    let origin = raw_server(|mut stream, _| {
        read_request(&mut stream);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n\"ab\xff\"";
        std::io::Write::write_all(&mut stream, answer).unwrap();
    });
    let response = client_at(&origin).send(Request::get("/x").without_token()).unwrap();
    assert_eq!(response.bytes(), b"\"ab\xff\"");
    let message = "/x: the body is not UTF-8 at byte 3";
    assert!(response.text().unwrap_err().to_string().ends_with(message));
    assert!(response.json::<Value>().unwrap_err().to_string().ends_with(message));
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only decoded")]
struct Computer {
    name: String,
    disks: Vec<Disk>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "only decoded")]
struct Disk {
    size: u64,
}

#[test]
fn a_field_that_does_not_decode_is_named_by_its_path() {
    let cases = [
        (
            r#"[{"name":"a","disks":[]},{"name":"b","disks":[{"size":1},{"size":"2"}]}]"#,
            "[1].disks[1].size",
            "invalid type: string \"2\", expected u64 at line 1 column 68",
        ),
        (
            r#"[{"name":7}]"#,
            "[0].name",
            "invalid type: integer `7`, expected a string at line 1 column 10",
        ),
        (
            "[{\n  \"name\": \"x,]}\",\n  \"disks\": {}\n}]",
            "[0].disks",
            "invalid type: map, expected a sequence at line 3 column 11",
        ),
    ];
    for (body, path, cause) in cases {
        let error = answer(200, body).json::<Vec<Computer>>().unwrap_err();
        let message = format!("/x: the JSON is not as expected at {path}: {cause}");
        assert!(error.to_string().ends_with(&message), "{error}");
        let Error::Decode(error) = error else { panic!("{error}") };
        assert_eq!(error.path.as_deref(), Some(path));
        assert_eq!(error.body, body);
    }
}

#[test]
fn a_page_of_html_where_json_was_expected_is_quoted_without_its_markup() {
    let server = Server::with_api([reply(200, "<html><body><h1>Please log in</h1></body></html>")
        .header("content-type", "text/html")]);
    let error = server.client().get("/x").unwrap().json::<Value>().unwrap_err();
    let message = "/x: the body is not valid JSON (text/html): expected value at line 1 column 1: Please log in";
    assert!(error.to_string().ends_with(message), "{error}");
}

#[test]
fn a_202_says_how_long_to_wait_and_the_client_waits_through_its_clock() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let replies = [
        reply(202, "").header("retry-after", "5"),
        reply(202, "").header("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT").header("date", date),
        reply(200, "{}"),
    ];
    let server = Server::with_api(replies);
    let (client, clock) = on_manual_clock(server.client());
    while let Some(wait) = client.get("/tasks/1").unwrap().retry_after() {
        client.sleep(wait);
    }
    assert_eq!(clock.sleeps(), [secs(5), secs(60)]);
    assert_eq!(server.api_requests().len(), 3);
}

#[test]
fn a_rate_limit_window_on_a_success_is_no_wait_for_its_task() {
    let server = Server::with_api([reply(202, "").header("x-ratelimit-reset", "3600")]);
    assert_eq!(server.client().get("/tasks/1").unwrap().retry_after(), None);
}

#[test]
fn a_request_is_a_value_that_can_be_sent_again() {
    let server = Server::with_api([]);
    let client = server.client();
    let request = Request::post("/x").query("a", 1).header("x-b", "c").json(&[1]);
    client.send(&request).unwrap();
    client.send(&request).unwrap();
    let seen = server.api_requests();
    assert_eq!(seen.len(), 2);
    assert_eq!((&seen[0].target, &seen[0].body), (&seen[1].target, &seen[1].body));
    assert_eq!(seen[0].headers, seen[1].headers);
}

#[test]
fn a_304_is_an_answer_to_who_asked_for_it() {
    let server = Server::with_api([reply(304, "")]);
    let request = Request::get("/x").header("if-none-match", "\"1\"");
    assert_eq!(server.client().send(&request).unwrap().status(), 304);
}

#[test]
fn a_body_that_is_no_json_is_refused_before_anything_is_sent() {
    let map = std::collections::HashMap::from([((1, 2), 3)]);
    assert_eq!(
        refused(Request::post("/x").json(&map)),
        "POST /x: the body cannot be serialized as JSON: key must be a string"
    );
}

#[test]
fn informational_answers_are_passed_over() {
    for status in ["102 Processing", "103 Early Hints"] {
        let origin = raw_server(move |mut stream, _| {
            read_request(&mut stream);
            let early = format!("HTTP/1.1 {status}\r\nlink: </a>\r\n\r\n");
            std::io::Write::write_all(&mut stream, early.as_bytes()).unwrap();
            write_reply(&mut stream, &reply(200, "{}"));
        });
        let (client, _) = on_manual_clock(client_at(&origin));
        let response = client.send(Request::get("/x").without_token()).unwrap();
        assert_eq!((response.status().as_u16(), response.text().unwrap()), (200, "{}"), "{status}");
    }
}

#[test]
fn a_status_that_is_said_twice_is_told_once() {
    let body = r#"{"code":"Unauthorized","message":"Unauthorized"}"#;
    let server = Server::with_api([reply(403, body), reply(409, r#"{"code":"x","message":"x"}"#)]);
    let text = |error: Error| error.to_string().replace(&server.url("")[7..], "HOST");
    let client = server.client();
    assert_eq!(
        text(client.get("/x").unwrap_err()),
        "GET HOST/x: 403 Forbidden: Unauthorized; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope"
    );
    assert_eq!(text(client.get("/x").unwrap_err()), "GET HOST/x: 409 Conflict: x");
}
