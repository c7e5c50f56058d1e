//! What is read of the bodies of refusals, in the shapes of all providers, and how much of it.

use serde_json::json;
use unattended::Error;

use super::*;
use crate::support::*;

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

/// Without a content type as well, only HTML has tags.
#[test]
fn words_that_begin_with_an_angle_are_not_lost_without_a_content_type() {
    for body in ["<2 requests per second are allowed", "<nil> pointer"] {
        let origin = raw_server(move |mut stream, _| {
            while let Some(seen) = read_request(&mut stream) {
                let answer = if seen.path() == TOKEN_PATH {
                    token_reply("token-1", 60)
                } else {
                    reply(404, body)
                };
                write_reply(&mut stream, &answer);
            }
        });
        let error = client_at(&origin).get("/x").unwrap_err().to_string();
        assert!(error.contains(body), "{error}");
    }
}
