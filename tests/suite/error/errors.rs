//! What is said when something fails: to people, letter for letter, and to programs.

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Error, IdToken, Request, RetryPolicy};

use crate::support::real_time::at_some_pace;
use crate::support::*;

/// The error of a GET to an API that answers so, without any retry.
fn api_error(answer: Reply) -> Error {
    let server = Server::with_api([answer]);
    hasty(server.client()).get("/a").unwrap_err()
}

/// The error of a call whose token request is answered so, without any retry.
fn token_error(answer: Reply) -> Error {
    let server = Server::start(move |_| answer.clone());
    hasty(server.client()).get("/a").unwrap_err()
}

fn hasty(client: Client) -> Client {
    client.with_retry_policy(RetryPolicy::default().with_retries(0))
}

/// The text without the port, which no two runs have in common.
fn text(error: &Error) -> String {
    portless(error, &error.to_string())
}

fn portless(error: &Error, text: &str) -> String {
    match error.target() {
        Some(place) => text.replace(&place.host, "host"),
        None => text.to_owned(),
    }
}

#[track_caller]
fn assert_for_programs(error: &Error, class: ErrorKind, code: u8, sent: Delivery) {
    assert_eq!((error.kind(), error.exit_code(), error.delivery()), (class, code, sent), "{error}");
    assert_eq!(error.is_temporary(), class == ErrorKind::Temporary, "{error}");
}

#[test]
fn error_bodies_are_read_in_the_shapes_of_all_providers() {
    let long = "x".repeat(400);
    let cases = [
        // Snow Atlas.
        (r#"{"error":{"code":1042,"message":"no such field"}}"#, "1042: no such field"),
        (r#"{"error":{"code":400,"message":null}}"#, "400"),
        (
            r#"{"errors":[{"code":"E1","message":"wrong","path":"filter"},{"code":"E2","message":"also"}]}"#,
            "E1: wrong (at filter); also",
        ),
        (r#"{"code":7,"message":"bare"}"#, "7: bare"),
        // Cognito and the API behind it.
        (r#"{"error":"invalid_grant"}"#, "invalid_grant"),
        (r#"{"code":"NotFound","message":"no order"}"#, "NotFound: no order"),
        (r#"{"message":"Forbidden"}"#, "Forbidden"),
        (r#"{"__type":"Throttled","Message":"Rate exceeded"}"#, "Throttled: Rate exceeded"),
        // Auth0 and Snapdocs.
        (r#"{"error":"access_denied","error_description":"No grant"}"#, "access_denied: No grant"),
        (
            r#"{"errors":[{"status":"422","title":"Invalid","detail":"is blank","pointer":"/name"}]}"#,
            "is blank (at /name)",
        ),
        (r#"{"errors":[{"status":"404","title":"Not Found"}]}"#, "404: Not Found"),
        (r#"{"errors":["first","second"]}"#, "first; second"),
        (r#"{"errors":{"name":["is blank"]}}"#, r#"{"name":["is blank"]}"#),
        // RFC 9457, some of ASP.NET's.
        (
            r#"{"type":"about:blank","title":"Not enough","status":422,"detail":"Balance is 30"}"#,
            "Balance is 30",
        ),
        (
            r#"{"title":"Validation failed","status":400,"errors":{"name":["blank"]}}"#,
            r#"400: Validation failed: {"name":["blank"]}"#,
        ),
        // NestJS, Okta, OData, FastAPI, and services of many.
        (
            r#"{"statusCode":400,"message":["name should not be empty","size must be a number"],"error":"Bad Request"}"#,
            "Bad Request: name should not be empty; size must be a number",
        ),
        (r#"{"status":400,"msg":"no such field"}"#, "400: no such field"),
        (r#"{"code":"X","msg":"no such field"}"#, "X: no such field"),
        (
            r#"{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorCauses":[]}"#,
            "E0000011: Invalid token provided",
        ),
        (
            r#"{"error":{"code":"-1","message":{"lang":"en-US","value":"The list is gone"}}}"#,
            "-1: The list is gone",
        ),
        (r#"{"code":7,"message":{"name":["is blank"]}}"#, r#"7: {"name":["is blank"]}"#),
        (r#"{"code":7,"message":[[]]}"#, "7: [[]]"),
        (
            r#"{"code":7,"detail":[{"loc":["body","a"],"msg":"field required"}]}"#,
            r#"7: [{"loc":["body","a"],"msg":"field required"}]"#,
        ),
        // Gateways and whatever else.
        (
            "<!DOCTYPE html><!-- <b>a\nrule</b> > --><style>p > a { color: red }</style><h1>Blocked</h1><SCRIPT src='x'>if (a < b) { alert('no') }</Script ><p>by rule 7",
            "Blocked by rule 7",
        ),
        ("<p>cut <script>var a = '</p>", "cut"),
        ("<p>a</p><!-- cut", "a"),
        ("<stylish>a</stylish>", "a"),
        (
            "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body></html>",
            "502 Bad Gateway 502 Bad Gateway",
        ),
        ("upstream connect error", "upstream connect error"),
        ("two\nlines\tand \u{1b}[31mcolour", "two lines and [31mcolour"),
        (r#"{"unknown":{"shape":1}}"#, r#"{"unknown":{"shape":1}}"#),
        (r#""only a text""#, "only a text"),
        ("\u{feff}{\"message\":\"with a mark\"}", "with a mark"),
        ("", ""),
        ("  \n", ""),
        ("null", ""),
        ("{}", ""),
        ("[]", ""),
        (&long, &format!("{}…", "x".repeat(300))),
    ];
    for (body, expected) in cases {
        let error = api_error(reply(422, body));
        let words = if expected.is_empty() { String::new() } else { format!(": {expected}") };
        assert_eq!(text(&error), format!("GET host/a: 422 Unprocessable Entity{words}"), "{body}");
        assert_eq!(error.response().unwrap().body, body, "the raw body stays reachable");
    }
}

#[test]
fn many_errors_and_long_words_are_cut_and_stay_on_one_line() {
    let long = "x".repeat(5_000);
    let bodies = [
        json!({ "errors": vec![json!({"message": long}); 3] }),
        json!({ "errors": vec![json!(long); 3] }),
        json!([long, long]),
        json!({ "error": long, "error_description": long }),
        json!({ "error": "a\nb", "message": "c\nd\u{1b}[1m" }),
        json!({ "errors": ["a\nb", "c\rd\u{7}"] }),
        json!({ "error": { "code": "a\nb", "message": long } }),
    ];
    for body in bodies {
        let text = api_error(reply(400, body.to_string())).to_string();
        assert!(text.chars().count() < 800, "{} characters: {text}", text.len());
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    let error = api_error(reply(400, json!({"errors": [1, 2, 3, 4, 5, 6, 7]}).to_string()));
    assert_eq!(text(&error), "GET host/a: 400 Bad Request: 1; 2; 3; 4; 5; and 2 more");
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
        "GET host/a: 429 Too Many Requests; not sent: the server asked before not to be called for another 3600 s, which does not fit into the 900 s left of the call's deadline (RetryPolicy::with_deadline)"
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
fn request_ids_are_found_under_the_names_of_the_vendors() {
    let names = [
        "x-request-id",
        "x-amz-cognito-request-id",
        "x-amzn-requestid",
        "X-Correlation-ID",
        "x-ms-request-id",
        "cf-ray",
    ];
    for name in names {
        let error = api_error(reply(400, "").header(name, "id-7"));
        assert_eq!(text(&error), "GET host/a: 400 Bad Request (request id id-7)", "{name}");
    }
}

#[test]
fn the_body_is_bounded() {
    let error = api_error(reply(400, "ä".repeat(100_000)));
    let body = &error.response().unwrap().body;
    assert!(body.len() <= 8 * 1024 && body.len() > 8 * 1024 - 8, "{}", body.len());
    assert!(body.chars().all(|c| c == 'ä'));

    let server = Server::with_api([reply(200, "x".repeat(100_000))]);
    let error = server.client().get("/a").unwrap().json::<u8>().unwrap_err();
    let Error::Decode(error) = error else { panic!("{error}") };
    assert!(error.body.len() <= 8 * 1024);
    assert!(error.message.len() < 500, "{}", error.message);
}

#[test]
fn an_error_that_quotes_a_value_or_a_name_of_any_length_is_bounded() {
    let long = "x".repeat(2_000_000);
    for body in [json!({ "id": long }), json!({ long.as_str(): "x" }), json!({"error": long})] {
        let server = Server::with_api([reply(200, body.to_string())]);
        let response = server.client().get("/a").unwrap();
        let error = response.json::<std::collections::BTreeMap<String, u8>>().unwrap_err();
        assert!(format!("{error:?}").len() < 3_000, "{} bytes", format!("{error:?}").len());
        let Error::Decode(error) = error else { panic!("{error}") };
        assert!(error.path.is_none_or(|path| path.len() < 2_000));
    }
    // Names of secrets by the thousand must not take minutes to mask.
    let names = "access_token ".repeat(70_000);
    let error = token_error(reply(200, json!({ "error": names }).to_string()));
    assert!(error.to_string().len() < 1_000);
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
        "GET host/silent: nothing from the server for 0.05 s (Client::with_idle_timeout)"
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
            "POST host/oauth/token: nothing from the server for 0.05 s (Client::with_token_idle_timeout)"
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

#[test]
fn an_error_is_one_line_whatever_is_quoted_in_it() {
    #[derive(Debug, serde::Deserialize)]
    enum Kind {
        Known,
    }
    let server = Server::with_api([reply(200, r#"{"items":"a\u001bb","c\nd":1}"#)]);
    let client = server.client();
    let url = client.get("https://else\r\nwhere/").unwrap_err().to_string();
    assert_eq!(url, r"GET https://else\r\nwhere/: the request's URL: not a valid URL");
    let decoded = client.items::<Kind>("/rows").with_rows_at("e").next().unwrap().unwrap_err();
    let decoded = decoded.to_string();
    assert!(decoded.contains("it has: items, c d;"), "{decoded}");

    let server = Server::with_api([reply(200, r#""a\nb""#)]);
    let error = server.client().get("/kind").unwrap().json::<Kind>().unwrap_err();
    assert!(format!("{error:?}").contains("unknown variant `a b`"), "{error:?}");
    assert!(!format!("{error:?}").contains("a\nb"), "{error:?}");
}

#[test]
fn a_bearer_challenge_and_the_body_are_both_told_the_challenge_first() {
    let challenge = r#"Bearer realm="api", error="invalid_token", error_description="The token \"expired\" at noon", scope="a b""#;
    let said = "invalid_token: The token \"expired\" at noon (scope a b)";
    let cases = [
        ("", said.to_owned()),
        (r#"{"message":"Unauthorized"}"#, said.to_owned()),
        (r#"{"code":401,"message":"Unauthorized"}"#, said.to_owned()),
        (r#"{"code":"E7","message":"go away"}"#, format!("E7: {said}; go away")),
        (r#"{"code":401,"message":"go away"}"#, format!("{said}; go away")),
        (r#"{"message":"go away"}"#, format!("{said}; go away")),
        ("<html><h1>401 Unauthorized</h1></html>", said.to_owned()),
        ("<html><h1>Sign in</h1></html>", format!("{said}; Sign in")),
        (
            r#"{"error":"invalid_token","error_description":"The token \"expired\" at noon"}"#,
            said.to_owned(),
        ),
        (
            r#"{"message":"Sorry: The token \"expired\" at noon."}"#,
            said.replace("The token \"expired\" at noon", "Sorry: The token \"expired\" at noon."),
        ),
    ];
    for (body, words) in cases {
        let error = api_error(reply(401, body).header("www-authenticate", challenge));
        let told = text(&error);
        assert!(told.starts_with(&format!("GET host/a: 401 Unauthorized: {words}; ")), "{told}");
        assert_eq!(error.response().unwrap().body, body);
    }
    let error = api_error(reply(401, "").header("www-authenticate", "Basic error=\"x\""));
    assert_eq!(error.response().unwrap().code, None);
    let bare = reply(401, r#"{"code":"E7","message":"go away"}"#)
        .header("www-authenticate", r#"Bearer error="invalid_token""#);
    let told = text(&api_error(bare));
    assert!(
        told.starts_with("GET host/a: 401 Unauthorized: E7: invalid_token; go away; "),
        "{told}"
    );
}

#[test]
fn a_challenge_is_masked_and_cut_as_a_body_is() {
    let long = "x".repeat(2_000);
    let challenge = format!(
        r#"Bearer error="token-1\u", error_description="token-2 is to{}ken-2, {long}", scope="token-1 token-2""#,
        "\\"
    );
    let error = api_error(reply(401, "").header("www-authenticate", challenge));
    let told = format!("{error}\n{error:?}\n{:?}", error.response());
    assert!(!told.contains("token-2") && told.contains("*** is ***, xxx"), "{told}");
    assert!(error.to_string().chars().count() < 800, "{error}");
}

#[test]
fn a_scope_that_is_lacking_is_named_with_the_setting_that_asks_for_it() {
    let named = r#"Bearer error="insufficient_scope", scope="orders:write""#;
    let unnamed = r#"Bearer error="insufficient_scope", error_description="no""#;
    let cases = [
        (named, "insufficient_scope: scope orders:write; the token lacks the scope orders:write"),
        (unnamed, "insufficient_scope: no; the token lacks the scope"),
    ];
    for (challenge, words) in cases {
        for (status, class) in
            [("403 Forbidden", ErrorKind::Refused), ("401 Unauthorized", ErrorKind::Credentials)]
        {
            let code = status[..3].parse().unwrap();
            let error = api_error(reply(code, "").header("www-authenticate", challenge));
            assert_eq!(
                text(&error),
                format!("GET host/a: {status}: {words}: ask for it with Provider::with_scope")
            );
            assert_eq!(error.kind(), class);
        }
    }
}

#[test]
fn a_scope_that_was_asked_for_and_not_granted_is_told() {
    const MISSING: &str = "the scope write was asked for and is not granted: allow it to this client at the authorization server";
    const LACKING: &str = "the token lacks the scope write: ask for it with Provider::with_scope";
    const FORBIDDEN: &str = "the client may lack a permission, or this API may not accept the token: check permissions, audience and scope";
    let lacking = r#"Bearer error="insufficient_scope", scope="write""#;
    let said = "403 Forbidden: insufficient_scope: scope write";
    let plain = |status| reply(status, "");
    let challenge = || plain(403).header("www-authenticate", lacking);
    let unnamed = || plain(403).header("www-authenticate", r#"Bearer error="insufficient_scope""#);
    let cases = [
        ("read write", "read", plain(403), format!("403 Forbidden; {MISSING}")),
        ("read write", "read", challenge(), format!("{said}; {MISSING}")),
        ("read write", "read", unnamed(), format!("403 Forbidden: insufficient_scope; {MISSING}")),
        (
            "read write",
            "read",
            plain(401),
            format!(
                "401 Unauthorized; a renewed token was refused as well: some APIs answer a wrong path like this; {MISSING}"
            ),
        ),
        ("write", "", challenge(), format!("{said}; {MISSING}")),
        ("read", "read", challenge(), format!("{said}; {LACKING}")),
        ("read all", "read", challenge(), format!("{said}; {LACKING}")),
        // More may be granted than was asked for, in another order.
        ("read write", "all write read", plain(403), format!("403 Forbidden; {FORBIDDEN}")),
        // Not said.
        ("read write", "", plain(403), format!("403 Forbidden; {FORBIDDEN}")),
        // Not about the token.
        ("read write", "read", plain(404), "404 Not Found".to_owned()),
    ];
    for (asked, granted, answer, expected) in cases {
        let tokens = AtomicUsize::new(0);
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => {
                let token = format!("token-{}", tokens.fetch_add(1, Ordering::SeqCst));
                reply(200, json!({"access_token": token, "scope": granted}).to_string())
            }
            _ => answer.clone(),
        });
        let provider = server.provider().with_scope(asked);
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        let error = client.get("/a").unwrap_err();
        assert_eq!(text(&error), format!("GET host/a: {expected}"));
    }
}

#[test]
fn of_two_scopes_that_are_lacking_the_one_that_was_asked_for_is_not_to_be_asked_for() {
    let lacking = r#"Bearer error="insufficient_scope", scope="read write""#;
    let server = Server::with_api([reply(403, "").header("www-authenticate", lacking)]);
    let provider = server.provider().with_scope("read");
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let told = client.get("/a").unwrap_err().to_string();
    assert!(
        told.ends_with("; the token lacks the scope write: ask for it with Provider::with_scope; the scope read was asked for and is not granted: allow it to this client at the authorization server"),
        "{told}"
    );
}

#[test]
fn only_html_has_tags() {
    let (html, plain) = (Some("text/html; charset=utf-8"), Some("text/plain; charset=utf-8"));
    let cases = [
        (plain, "size <= 5 and > 3 are not allowed", "size <= 5 and > 3 are not allowed"),
        (plain, "<id> is missing", "<id> is missing"),
        (Some("application/octet-stream"), "a <b> c", "a <b> c"),
        (None, "size < 5 and > 3", "size < 5 and > 3"),
        (html, "no <b>such</b> row", "no such row"),
        (Some("application/xml"), "<Error><Code>NoSuchKey</Code></Error>", "NoSuchKey"),
        (Some("application/soap+xml"), "<a>no</a>", "no"),
        (None, "\u{feff} <p>no</p>", "no"),
        // Whatever it calls itself.
        (plain, "<!DOCTYPE html><p>no</p>", "no"),
        (plain, " <HTML><p>no</p></HTML>", "no"),
        (Some("application/json"), "<html><h1>502</h1></html>", "502"),
    ];
    for (content_type, body, expected) in cases {
        let mut answer = reply(422, body);
        if let Some(content_type) = content_type {
            answer = answer.header("content-type", content_type);
        }
        let told = text(&api_error(answer));
        let expected = format!("GET host/a: 422 Unprocessable Entity: {expected}");
        assert_eq!(told, expected, "{content_type:?} {body}");
    }
}

#[test]
fn a_refusal_after_a_redirect_to_another_origin_tells_that_the_token_was_left_behind() {
    const LEFT: &str = "; a redirect led to another origin, where the token is not sent: if the API is there, name it with Provider::with_base_url";
    let refused = |status, request: &Request| {
        let other = Server::with_api([reply(status, "")]);
        let redirect = reply(307, "").header("location", other.url("/there"));
        let server = Server::with_api([redirect]);
        server.client().send(request).unwrap_err()
    };
    let error = refused(401, &Request::get("/a"));
    assert!(error.to_string().ends_with(&format!("401 Unauthorized{LEFT}")), "{error}");
    assert_eq!(error.kind(), ErrorKind::Credentials);
    // Where none was to be sent, none was left behind.
    let error = refused(401, &Request::get("/a").without_token());
    assert!(error.to_string().ends_with("401 Unauthorized"), "{error}");
    // A presigned address says no to its signature.
    let error = refused(403, &Request::get("/a"));
    assert!(error.to_string().ends_with("403 Forbidden"), "{error}");
}
