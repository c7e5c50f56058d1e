//! What is said when something fails: to people, letter for letter, and to programs.

use std::error::Error as _;
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Error, IdToken, Request, RetryPolicy};

use super::*;
use crate::support::real_time::at_some_pace;
use crate::support::*;

#[track_caller]
fn assert_for_programs(error: &Error, class: ErrorKind, code: u8, sent: Delivery) {
    assert_eq!((error.kind(), error.exit_code(), error.delivery()), (class, code, sent), "{error}");
    assert_eq!(error.is_temporary(), class == ErrorKind::Temporary, "{error}");
}

#[test]
fn the_status_tells_class_and_exit_code_and_whether_the_server_may_have_acted() {
    let cases = [
        (302, ErrorKind::Refused, 69, Delivery::Rejected),
        (400, ErrorKind::Refused, 69, Delivery::Rejected),
        (403, ErrorKind::Refused, 69, Delivery::Rejected),
        (404, ErrorKind::Refused, 69, Delivery::Rejected),
        (408, ErrorKind::Temporary, 75, Delivery::Unknown),
        (409, ErrorKind::Refused, 69, Delivery::Rejected),
        (429, ErrorKind::Temporary, 75, Delivery::Rejected),
        (500, ErrorKind::Temporary, 75, Delivery::Unknown),
        (501, ErrorKind::Refused, 69, Delivery::Unknown),
        (503, ErrorKind::Temporary, 75, Delivery::Unknown),
        (504, ErrorKind::Temporary, 75, Delivery::Unknown),
    ];
    for (status, class, code, sent) in cases {
        let error = api_error(reply(status, ""));
        assert_for_programs(&error, class, code, sent);
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(matches!(error, Error::Status(_)));
    }
}

#[test]
fn what_to_do_next_is_in_the_text() {
    let forbidden = api_error(reply(403, r#"{"message":"no"}"#));
    assert_eq!(
        text(&forbidden),
        "GET host/a: 403 Forbidden: no; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope"
    );
    let twice = api_error(reply(401, "{}"));
    assert_eq!(
        text(&twice),
        "GET host/a: 401 Unauthorized; a renewed token was refused as well: some APIs answer a wrong path like this"
    );
    assert_for_programs(&twice, ErrorKind::Credentials, 77, Delivery::Rejected);
    let server = Server::with_api([reply(503, ""), reply(302, "").header("location", "/b")]);
    let error = server.client().send(Request::post("/a?q=1")).unwrap_err();
    assert_eq!(
        text(&error),
        "POST host/a: 503 Service Unavailable; not sent again, because the server may have acted on the POST: if that does no harm, mark the request safe_to_repeat()"
    );
    let error = server.client().send(Request::post("/a")).unwrap_err();
    assert_eq!(
        text(&error),
        "POST host/a: 302 Found; a redirect, which is only followed for GET and HEAD"
    );
}

#[test]
fn attempts_and_the_wait_that_did_not_fit_are_told() {
    let server = Server::with_api([reply(500, "oops")]);
    let policy = RetryPolicy::default().with_retries(2);
    let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/a").unwrap_err();
    assert_eq!(text(&error), "GET host/a: 500 Internal Server Error: oops, after 3 attempts");

    let server = Server::with_api([reply(429, "").header("retry-after", "3600")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/a").unwrap_err();
    assert_eq!(
        text(&error),
        "GET host/a: 429 Too Many Requests; a wait of 3600 s does not fit into the 900 s left of the call's deadline (RetryPolicy::with_deadline)"
    );
    assert_eq!(error.retry_after(), Some(secs(3600)));
    assert!(clock.sleeps().is_empty());
    let again = client.get("/a").unwrap_err();
    assert_eq!(
        text(&again),
        "GET host/a: 429 Too Many Requests; not sent: the wait that the server asked for has another 3600 s to run, and this call has 900 s left (RetryPolicy::with_deadline)"
    );
    assert_for_programs(&again, ErrorKind::Temporary, 75, Delivery::NotSent);
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn refusals_of_the_token_endpoint_are_told_with_what_to_do() {
    let cases = [
        (
            reply(400, r#"{"error":"unauthorized_client"}"#),
            "400 Bad Request: unauthorized_client; this client may not use the client-credentials grant: allow it at the authorization server",
            ErrorKind::Credentials,
        ),
        (
            reply(403, r#"{"error":"access_denied","error_description":"Service not enabled"}"#),
            "403 Forbidden: access_denied: Service not enabled; check the client's permissions, and that the audience (Provider::with_audience) is exactly the one registered",
            ErrorKind::Credentials,
        ),
        (
            reply(400, r#"{"error":"invalid_scope"}"#),
            "400 Bad Request: invalid_scope; the server wants a scope: ask for one with Provider::with_scope",
            ErrorKind::Configuration,
        ),
        (
            reply(400, r#"{"error":"invalid_target"}"#),
            "400 Bad Request: invalid_target; the server wants to know for which API: name it with Provider::with_audience or Provider::with_resource (RFC 8707)",
            ErrorKind::Configuration,
        ),
        (
            reply(400, r#"{"error":"unsupported_grant_type"}"#),
            "400 Bad Request: unsupported_grant_type; this endpoint does not offer the client-credentials grant",
            ErrorKind::Configuration,
        ),
        (
            reply(200, r#"{"error":"invalid_request","error_description":"in a 200"}"#),
            "200 OK: invalid_request: in a 200; check the client authentication method, audience, resource and extra parameters of the Provider",
            ErrorKind::Configuration,
        ),
        (
            reply(404, "<h1>Not here</h1>"),
            "404 Not Found: Not here; this is not how a token endpoint refuses (RFC 6749 §5.2): a gateway in between, or the wrong address",
            ErrorKind::Refused,
        ),
        (
            reply(307, "").header("location", "/elsewhere"),
            "307 Temporary Redirect; the token endpoint redirects, which is never followed: set the address that it leads to",
            ErrorKind::Refused,
        ),
        (reply(500, ""), "500 Internal Server Error", ErrorKind::Temporary),
        (
            reply(503, r#"{"error":{"code":5,"message":"an object"}}"#),
            "503 Service Unavailable: 5: an object",
            ErrorKind::Temporary,
        ),
        (
            reply(200, r#"{"token":1}"#).header("content-type", "application/json"),
            r#"200 OK; the answer has no access_token; application/json: {"token":1}; is this the address of the token endpoint?"#,
            ErrorKind::Refused,
        ),
        (
            reply(200, ""),
            "200 OK; the answer is not valid JSON (EOF while parsing a value at line 1 column 0); no content type; is this the address of the token endpoint?",
            ErrorKind::Refused,
        ),
        (
            reply(200, r#"{"access_token":"a","token_type":"mac"}"#),
            r#"200 OK; the token_type is "mac"; only Bearer (RFC 6750) can be used; no content type: {"access_token":"***","token_type":"***"}; is this the address of the token endpoint?"#,
            ErrorKind::Refused,
        ),
        (
            reply(200, r#"{"access_token":"a b"}"#),
            r#"200 OK; the access_token has characters that would break a header; no content type: {"access_token":"***"}; is this the address of the token endpoint?"#,
            ErrorKind::Refused,
        ),
    ];
    for (answer, expected, class) in cases {
        let error = token_error(answer);
        assert_eq!(text(&error), format!("no access token: POST host/oauth/token: {expected}"));
        assert_eq!(error.kind(), class, "{error}");
        assert!(matches!(error, Error::Token(_)));
        assert!(error.response().is_some());
    }
}

#[test]
fn code_text_and_body_of_the_token_endpoint_are_reachable_by_programs() {
    let body = r#"{"error":"invalid_client","error_description":"disabled","error_uri":"x"}"#;
    let error = token_error(reply(400, body).header("x-amz-cognito-request-id", "c-1"));
    let answer = error.response().unwrap();
    assert_eq!(answer.code.as_deref(), Some("invalid_client"));
    assert_eq!(answer.message.as_deref(), Some("disabled"));
    assert_eq!(answer.request_id.as_deref(), Some("c-1"));
    assert_eq!(answer.body, body);
    assert_for_programs(&error, ErrorKind::Credentials, 77, Delivery::NotSent);
}

#[test]
fn debug_is_display_followed_by_the_causes() {
    // Without a cause it is Display to the letter, in both forms.
    for error in [api_error(reply(400, "no")), token_error(reply(400, "no"))] {
        assert!(error.source().is_none());
        assert_eq!(format!("{error:?}"), error.to_string());
        assert_eq!(format!("{error:#?}"), error.to_string());
    }
    let server = Server::with_api([reply(200, r#"{"a":"x"}"#)]);
    let response = server.client().get("/a").unwrap();
    let error = response.json::<std::collections::BTreeMap<String, u8>>().unwrap_err();
    let cause = error.source().unwrap();
    assert!(cause.downcast_ref::<serde_json::Error>().is_some());
    // The text has it already.
    assert!(error.to_string().contains(&cause.to_string()), "{error}");
    assert_eq!(format!("{error:?}"), error.to_string());

    let error = Credentials::from_secret_file("id", "/no/such/file");
    let error = Client::new(server.provider(), error).unwrap_err();
    assert_eq!(error.to_string(), "the secret file /no/such/file cannot be read");
    let cause = error.source().unwrap();
    assert!(cause.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(format!("{error:?}"), format!("{error}\n  caused by: {cause}"));
    assert_for_programs(&error, ErrorKind::Configuration, 78, Delivery::NotSent);
}

#[test]
fn what_does_not_decode_is_told_with_the_path_of_the_field() {
    let server = Server::with_api([reply(200, r#"{"items":[{"id":1},{"id":"x"}]}"#)]);
    let client = server.client();
    let response = client.get("/a").unwrap();
    let error = response.json::<serde_json::Map<String, serde_json::Value>>().err();
    assert!(error.is_none());
    #[derive(serde::Deserialize, Debug)]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Row {
        id: u8,
    }
    let error = response.json::<std::collections::BTreeMap<String, Vec<Row>>>().unwrap_err();
    assert_eq!(
        text(&error),
        r#"GET host/a: the JSON is not as expected at items[1].id: invalid type: string "x", expected u8 at line 1 column 28"#
    );
    assert_for_programs(&error, ErrorKind::Incomplete, 65, Delivery::Accepted);
    let Error::Decode(decode) = &error else { panic!("{error}") };
    assert_eq!(decode.path.as_deref(), Some("items[1].id"));
    assert_eq!(decode.body, r#"{"items":[{"id":1},{"id":"x"}]}"#);

    let rows = client.items::<Row>("/a");
    let error = rows.last().unwrap().unwrap_err();
    let Error::Decode(decode) = &error else { panic!("{error}") };
    assert_eq!((decode.page, decode.row), (Some(1), Some(1)));
    assert_eq!(
        text(&error),
        r#"GET host/a: page 1: row 1: the JSON is not as expected at items[1].id: invalid type: string "x", expected u8 at line 1 column 28"#
    );
}

#[test]
fn a_success_that_is_no_json_is_told_with_its_content_type_and_first_words() {
    let html = reply(200, "<h1>Sign in</h1>").header("content-type", "text/html");
    let server = Server::with_api([html, reply(200, ""), reply(200, "\u{fffd}")]);
    let client = server.client();
    let error = client.get("/a").unwrap().json::<u8>().unwrap_err();
    assert_eq!(
        text(&error),
        "GET host/a: the body is not valid JSON (text/html): expected value at line 1 column 1: Sign in"
    );
    let error = client.get("/a").unwrap().json::<u8>().unwrap_err();
    assert_eq!(text(&error), "GET host/a: the body is empty where JSON was expected");
    assert_for_programs(&error, ErrorKind::Incomplete, 65, Delivery::Accepted);
}

#[test]
fn a_body_that_is_not_utf_8_is_told_with_the_place_of_the_first_bad_byte() {
    let url = raw_server(|mut stream, _| {
        while let Some(request) = read_request(&mut stream) {
            if request.path() == TOKEN_PATH {
                write_reply(&mut stream, &token_reply("t", 3600));
            } else {
                let _ = std::io::Write::write_all(
                    &mut stream,
                    b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab\xff\xfe",
                );
            }
        }
    });
    let response = client_at(&url).get("/a").unwrap();
    for error in [response.text().unwrap_err(), response.json::<u8>().unwrap_err()] {
        assert_eq!(text(&error), "GET host/a: the body is not UTF-8 at byte 2");
        assert_eq!(error.exit_code(), 65);
    }
}

#[test]
fn a_walk_that_cannot_have_seen_everything_is_told_with_both_numbers() {
    let page = r#"{"items":[1],"pagination":{"page_number":1,"total_pages":1,"total_items":3}}"#;
    let server = Server::with_api([reply(200, page)]);
    let error = server.client().items::<u8>("/rows").last().unwrap().unwrap_err();
    assert_eq!(
        text(&error),
        "GET host/rows: page 1: fewer rows were delivered than promised (1 rows delivered of 3 promised)"
    );
    assert_for_programs(&error, ErrorKind::Incomplete, 65, Delivery::Accepted);
    let Error::Incomplete(incomplete) = &error else { panic!("{error}") };
    assert_eq!((incomplete.delivered, incomplete.promised, incomplete.page), (1, Some((3, 3)), 1));
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn broken_connections_are_told_with_what_may_have_happened() {
    // Nobody listens.
    let error = hasty(client_at("http://127.0.0.1:1")).get("/a").unwrap_err();
    assert_eq!(text(&error), "POST host/oauth/token: no connection to the server");
    assert_for_programs(&error, ErrorKind::Temporary, 75, Delivery::NotSent);
    assert!(error.source().is_some());

    // Closed in the middle, and silence.
    let broken = raw_server(|mut stream, _| {
        while let Some(request) = read_request(&mut stream) {
            match request.path() {
                TOKEN_PATH => write_reply(&mut stream, &token_reply("t", 3600)),
                "/silent" => std::thread::park_timeout(secs(5)),
                "/half" => {
                    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
                    let _ = std::io::Write::write_all(&mut stream, half);
                    return;
                }
                _ => return,
            }
        }
    });
    let client = hasty(client_at(&broken));
    let half = client.get("/half").unwrap_err();
    assert!(text(&half).ends_with("; 4 bytes of the body had arrived"), "{half}");
    assert_for_programs(&half, ErrorKind::Temporary, 75, Delivery::Unknown);
    let post = client.send(Request::post("/closed")).unwrap_err();
    assert_eq!(
        text(&post),
        "POST host/closed: the connection broke; not sent again, because the server may have acted on the POST: if that does no harm, mark the request safe_to_repeat()"
    );
    assert_for_programs(&post, ErrorKind::Temporary, 75, Delivery::Unknown);
    let client = client.with_idle_timeout(Duration::from_millis(50));
    let silent = client.get("/silent").unwrap_err();
    assert_eq!(
        text(&silent),
        "GET host/silent: nothing from the server for 0.05 s (Connection::with_idle_timeout)"
    );
}

#[test]
fn each_timeout_is_told_with_the_setting_that_governs_it() {
    at_some_pace(|pace| {
        let silent = raw_server(|_stream, _| std::thread::park_timeout(secs(5)));
        let limit = Duration::from_millis(50);
        let client = hasty(client_at(&silent));
        let error = client.clone().with_token_idle_timeout(limit).get("/a").unwrap_err();
        assert_eq!(
            text(&error),
            "POST host/oauth/token: nothing from the server for 0.05 s (Connection::with_token_idle_timeout)"
        );
        assert_for_programs(&error, ErrorKind::Temporary, 75, Delivery::NotSent);
        let request = Request::get("/a").without_token().with_idle_timeout(limit);
        let error = client.send(&request).unwrap_err();
        assert!(text(&error).contains("with_idle_timeout"), "{error}");
        let policy = RetryPolicy::default().with_retries(0).with_deadline(limit * pace);
        let request = Request::get("/a").without_token().with_retry_policy(policy);
        let error = client.send(&request).unwrap_err();
        assert_eq!(
            text(&error),
            "GET host/a: the call's deadline passed (RetryPolicy::with_deadline)"
        );
        assert_for_programs(&error, ErrorKind::Temporary, 75, Delivery::Unknown);
    });
}

#[test]
fn the_user_agent_is_stated_and_settable_and_checked() {
    let server = Server::with_api([reply(200, "{}")]);
    server.client().get("/a").unwrap();
    let version = concat!("unattended/", env!("CARGO_PKG_VERSION"));
    assert!(server.seen().iter().all(|seen| seen.header("user-agent") == Some(version)));
    for bad in ["", "a\nb", "a\r\nX-Evil: 1"] {
        let error = server.client().with_user_agent(bad).unwrap_err();
        assert_eq!(error.to_string(), "the user agent is not a valid header value");
    }
}

#[test]
fn errors_that_need_no_call_have_no_place() {
    let error = IdToken::parse("a.b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a readable JWT: it has not the three parts of RFC 7515 §3.1"
    );
    assert!(error.target().is_none() && error.response().is_none());
    let error = Client::new(provider_at("http://127.0.0.1:1"), Credentials::new("", "x"));
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "the client id is empty");
    assert_for_programs(&error, ErrorKind::Configuration, 78, Delivery::NotSent);
    assert!(error.target().is_none());
}

#[test]
fn a_status_of_the_token_endpoint_is_not_taken_for_the_apis() {
    let server = Server::with_scripts([reply(404, "")], []);
    let error = server.client().get("/rows/1").unwrap_err();
    assert_eq!(error.response().unwrap().status, 404);
    assert_eq!((error.status(), error.delivery()), (None, Delivery::NotSent));
}

#[test]
fn a_renewal_that_fails_leaves_the_refusal_of_the_api_to_be_told() {
    let server = Server::with_scripts(
        [token_reply("t", 3600), reply(200, "<html>sign in</html>")],
        [reply(401, "")],
    );
    let error = server.client().post("/rows", &1).unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!(error.delivery(), Delivery::Rejected);
}

#[test]
fn a_payload_reads_as_its_error() {
    let refused = Server::with_api([reply(404, r#"{"message":"no such row"}"#)]);
    let Err(Error::Status(status)) = refused.client().get("/x") else { panic!() };
    assert!(status.to_string().ends_with("404 Not Found: no such row"), "{status}");
    assert_eq!(format!("{status:?}"), status.to_string());
    let nobody = client_at("http://127.0.0.1:1");
    let policy = RetryPolicy::default().with_retries(0);
    let request = Request::get("/x").without_token().with_retry_policy(policy);
    let Err(error @ Error::Transport(_)) = nobody.send(&request) else { panic!() };
    let told = format!("{error:?}");
    let Error::Transport(transport) = error else { panic!() };
    assert_eq!(format!("{transport:?}"), told);
    assert!(told.contains("\n  caused by: "), "{told}");
}

#[test]
fn an_error_can_cross_threads_and_be_boxed() {
    fn check<T: Send + Sync + std::error::Error + 'static>() {}
    check::<Error>();
}
