//! The access token: how it is asked for and how its answer is read.

use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{AccessToken, Client, Clock, Credentials, Error, Event, Provider, RetryPolicy};

use crate::support::*;

const WRONG: &str = "; wrong id, secret or scope, or not the token endpoint";
const GATEWAY: &str = "; this is not how a token endpoint refuses (RFC 6749 §5.2): a gateway in between, or the wrong address";

/// What came of asking for a token once, where the endpoint answers `first` and then hands
/// out tokens.
struct Tried {
    result: Result<AccessToken, Error>,
    asked: usize,
    sleeps: Vec<Duration>,
    host: String,
}

impl Tried {
    fn new(first: Reply) -> Self {
        let server = Server::with_scripts([first], []);
        let (client, clock) = on_manual_clock(server.client());
        let result = client.access_token();
        let asked = server.token_requests().len();
        assert_eq!(server.seen().len(), asked, "nothing but the token endpoint was called");
        Self { result, asked, sleeps: clock.sleeps(), host: server.url("")[7..].to_owned() }
    }

    #[track_caller]
    fn token(self) -> AccessToken {
        assert_eq!((self.asked, self.sleeps.len()), (1, 0));
        self.result.unwrap()
    }

    /// The text of an error that was final: asked once, no wait.
    #[track_caller]
    fn refusal(self) -> String {
        assert_eq!((self.asked, self.sleeps.len()), (1, 0));
        let error = self.result.unwrap_err();
        assert!(matches!(error, Error::Token(_)));
        error.to_string().replace(&self.host, "HOST")
    }
}

#[test]
fn each_shape_of_expires_in_leads_to_so_many_token_requests() {
    // A call at each of these seconds; the number says how many tokens are bought.
    const CALLS: [u64; 7] = [0, 10, 3000, 3590, 3601, 40 * DAY, 400 * DAY];
    let cases: [(&str, usize); 29] = [
        ("3600", 4),
        ("\"3600\"", 4),
        ("\" 3600 \"", 4),
        ("3600.0", 4),
        ("3600.9", 4),
        ("\"3600.5\"", 4),
        ("3.6e3", 4),
        ("20", 5),
        ("0", 1),
        ("0.0", 1),
        ("-0", 1),
        ("\"0\"", 1),
        ("-1", 1),
        ("-3600", 1),
        ("\"-3600\"", 1),
        ("null", 1),
        ("\"\"", 1),
        ("\"soon\"", 1),
        ("\"NaN\"", 1),
        ("\"1h\"", 1),
        ("true", 1),
        ("[3600]", 1),
        ("{\"seconds\":3600}", 1),
        ("1e-300", 1),
        ("9223372036854775807", 2),
        ("18446744073709551616", 2),
        ("99999999999999999999999999999999999999", 2),
        ("1e300", 2),
        ("\"1e999\"", 2),
    ];
    for (shape, expected) in cases {
        let tokens = token_requests_of(&format!(r#","expires_in":{shape}"#), &CALLS);
        assert_eq!(tokens, expected, "expires_in: {shape}");
    }
    assert_eq!(token_requests_of("", &CALLS), 1, "no expires_in");
}

/// How many tokens are bought by calls at these seconds, if every token answer ends with
/// `rest`.
fn token_requests_of(rest: &str, calls: &[u64]) -> usize {
    let body = format!(r#"{{"access_token":"t","token_type":"Bearer"{rest}}}"#);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => reply(200, body.clone()),
        _ => reply(200, "{}"),
    });
    let (client, clock) = on_manual_clock(server.client());
    for call in calls {
        clock.advance(secs(*call) - clock.monotonic());
        client.get("/x").unwrap();
    }
    assert_eq!(server.api_requests().len(), calls.len());
    server.token_requests().len()
}

#[test]
fn a_token_of_unknown_life_says_so_and_is_used_until_it_is_refused() {
    let unlimited = reply(200, r#"{"access_token":"endless","expires_in":0}"#);
    let server =
        Server::with_scripts([unlimited], [reply(200, ""), reply(401, ""), reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let (client, events) = observed(client);
    let token = client.access_token().unwrap();
    assert_eq!((token.lifetime(), token.expires_at()), (None, None));
    clock.advance(secs(1000 * DAY));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    let host = server.url("")[7..].to_owned();
    let events: Vec<String> = events.lock().unwrap().iter().map(Event::to_string).collect();
    assert_eq!(
        events,
        [
            format!("token fetched from {host}, good until it is refused"),
            format!("token refused: GET {host}/x"),
            format!("token renewed from {host}, good for 60 min"),
        ]
    );
}

#[test]
fn access_token_is_for_those_who_need_it() {
    let body = r#"{"access_token":"abc.DEF-123_~+/=","token_type":"bearer","expires_in":"7200","scope":"a b"}"#;
    let server = Server::with_scripts([reply(200, body)], []);
    let (client, clock) = on_manual_clock(server.client());
    let token = client.access_token().unwrap();
    assert_eq!(token.as_str(), "abc.DEF-123_~+/=");
    assert_eq!(token.scope(), Some("a b"));
    assert_eq!(token.lifetime(), Some(secs(7200)));
    assert_eq!(token.expires_at(), Some(clock.now() + secs(7200)));
    assert_eq!(
        format!("{token:?}"),
        r#"AccessToken { secret: ***, lifetime: Some(7200s), scope: Some("a b"), id_token: None }"#
    );
    client.get("/x").unwrap();
    client.access_token().unwrap();
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!(server.api_requests()[0].header("authorization"), Some("Bearer abc.DEF-123_~+/="));
}

#[test]
fn nothing_is_sent_before_the_first_call() {
    let server = Server::with_api([]);
    let client = server.client();
    let _ = (client.clone(), client.stats());
    assert!(server.seen().is_empty());
}

#[test]
fn a_bearer_token_may_be_announced_in_any_way_or_none() {
    let kinds = ["Bearer", "bearer", "BEARER", " Bearer ", "BearerToken", "bearertoken", "", "  "];
    for kind in kinds.map(|kind| format!("\"{kind}\"")).iter().chain([&"null".to_owned()]) {
        let body = format!(r#"{{"access_token":"t","token_type":{kind}}}"#);
        assert_eq!(Tried::new(reply(200, body)).token().as_str(), "t", "{kind}");
    }
    assert_eq!(Tried::new(reply(200, r#"{"access_token":"t"}"#)).token().as_str(), "t");
}

#[test]
fn a_token_that_is_no_bearer_token_is_an_error() {
    for kind in ["\"DPoP\"", "\"mac\"", "\"N_A\"", "\"Proof-of_Key\"", "5", "[\"Bearer\"]"] {
        let body = format!(r#"{{"access_token":"hush","token_type":{kind}}}"#);
        let text = Tried::new(reply(200, body)).refusal();
        let why = format!("; the token_type is {kind}; only Bearer (RFC 6750) can be used; ");
        assert!(text.contains(&why), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn members_that_are_swapped_show_no_token() {
    for token in ["hushHUSHhush", "hush-hush-hush-hush", "hush_4_hush"] {
        let body = format!(r#"{{"access_token":"Bearer","token_type":"{token}"}}"#);
        let text = Tried::new(reply(200, body)).refusal();
        assert!(text.contains("the token_type is \"***\"") && !text.contains("hush"), "{text}");
    }
}

#[test]
fn a_token_in_the_wrong_place_is_not_shown() {
    for kind in [r#""hush""#, r#"{"value":"hush"}"#, r#"["x hush y"]"#] {
        let body = format!(r#"{{"access_token":"hush","token_type":{kind}}}"#);
        let text = Tried::new(reply(200, body)).refusal();
        assert!(text.contains("the token_type is ") && !text.contains("hush"), "{text}");
    }
}

#[test]
fn a_token_that_would_break_a_header_is_an_error() {
    for token in [
        "hush hush",
        "hush\\r\\nX: y",
        "hush\\n",
        " hush",
        "hüsh",
        "hush\\u0000",
        "hush\\t",
        "\\u007fhush",
    ] {
        let body = format!(r#"{{"access_token":"{token}"}}"#);
        let text = Tried::new(reply(200, body)).refusal();
        assert!(
            text.contains("the access_token has characters that would break a header"),
            "{text}"
        );
        assert!(!text.contains("hush") && !text.contains("hüsh"), "{text}");
    }
}

#[test]
fn an_answer_without_a_token_is_an_error_that_shows_its_names_and_no_values() {
    let cases = [
        r#"{"expires_in":3600}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":null}"#,
        r#"{"access_token":["hush"]}"#,
        r#"{"access_token":{"value":"hush"}}"#,
        r#"{"AccessToken":"hush"}"#,
        r#"{"AccessToken":"hush","errors":[]}"#,
        r#"{"error":{"key":"hush"}}"#,
        r#"{"token":"hush","data":{"access_token":"hush"}}"#,
    ];
    for body in cases {
        let tried = Tried::new(reply(200, body).header("content-type", "application/json"));
        let error = format!("{:?}", tried.result.as_ref().unwrap_err().response());
        assert!(!error.contains("hush"), "{error}");
        let text = tried.refusal();
        assert!(text.contains("the answer has no access_token; application/json"), "{text}");
        assert!(text.ends_with("; is this the address of the token endpoint?"), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn a_token_that_is_a_number_is_not_shown_either() {
    let tried = Tried::new(reply(200, r#"{"access_token":98765432109876}"#));
    let error = tried.result.unwrap_err();
    let shown = format!("{error:?} {:?}", error.response());
    assert!(shown.contains("the answer has no access_token"), "{shown}");
    assert!(!shown.contains("98765432109876"), "{shown}");
}

#[test]
fn any_2xx_and_any_content_type_will_do() {
    let body = r#"{"access_token":"t","expires_in":60}"#;
    for status in [200, 201, 202, 203, 206, 226] {
        assert_eq!(Tried::new(reply(status, body)).token().as_str(), "t", "{status}");
    }
    for content_type in ["text/plain", "text/html; charset=utf-8", "application/octet-stream", "x"]
    {
        let answer = reply(200, body).header("content-type", content_type);
        assert_eq!(Tried::new(answer).token().as_str(), "t", "{content_type}");
    }
    for body in [format!("\u{feff}{body}"), format!("\n  {body}\r\n")] {
        assert_eq!(Tried::new(reply(200, body)).token().as_str(), "t");
    }
}

#[test]
fn a_success_that_is_not_json_is_quoted_without_what_could_be_a_token() {
    let text = Tried::new(reply(200, "<html><title>Sign in</title></html>")).refusal();
    assert_eq!(
        text,
        "no access token: POST HOST/oauth/token: 200 OK; the answer is not valid JSON (expected value at line 1 column 1); no content type: Sign in; is this the address of the token endpoint?"
    );
    for body in [
        "access_token=hush&token_type=bearer",
        r#"{"access_token":"hush","expires_in":}"#,
        r#"{"access_token":"hush"#,
        "hush4hush4",
        "[\"hush4hush4\"",
        "Bearer hushhush1",
    ] {
        let error = Tried::new(reply(200, body)).result.unwrap_err();
        let shown = format!("{error:?} {:?}", error.response());
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, Delivery::Accepted));
    }
    for body in ["", "[]", "\"hush\"", "42", "null"] {
        let text = Tried::new(reply(200, body)).refusal();
        assert!(text.contains("200 OK; the answer is not "), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn an_error_inside_a_200_is_an_error_even_beside_a_token() {
    let body =
        r#"{"error":"invalid_scope","error_description":"no such scope","access_token":"t"}"#;
    assert_eq!(
        Tried::new(reply(200, body)).refusal(),
        "no access token: POST HOST/oauth/token: 200 OK: invalid_scope: no such scope; the server wants a scope: ask for one with Provider::with_scope"
    );
    let tried = Tried::new(reply(200, oauth("quota_exceeded")));
    assert!(!tried.result.as_ref().unwrap_err().is_temporary());
    assert_eq!(
        tried.refusal(),
        "no access token: POST HOST/oauth/token: 200 OK: quota_exceeded: because"
    );
}

#[test]
fn an_error_object_inside_a_200_is_quoted() {
    let bodies = [
        r#"{"error":{"code":17,"message":"the quota is used up"},"key":"hush"}"#,
        r#"{"errors":[{"code":17,"message":"the quota is used up"}],"key":"hush"}"#,
    ];
    for body in bodies {
        let text = Tried::new(reply(200, body)).refusal();
        let start = "no access token: POST HOST/oauth/token: 200 OK: 17: the quota is used up; the answer has no access_token; ";
        assert!(text.starts_with(start), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}

#[test]
fn a_refusal_that_is_not_utf_8_is_understood() {
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let origin = raw_server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            count.fetch_add(1, Ordering::SeqCst);
            let body = b"{\"error\":\"invalid_client\",\"error_description\":\"ung\xFCltig\"}";
            let head = format!("HTTP/1.1 500 X\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        }
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    assert_eq!(client.access_token().unwrap_err().exit_code(), 77);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn an_empty_error_beside_a_token_is_none() {
    for error in ["null", "\"\""] {
        let body = format!(r#"{{"access_token":"t","error":{error}}}"#);
        assert_eq!(Tried::new(reply(200, body)).token().as_str(), "t");
    }
}

#[test]
fn the_oauth_code_comes_before_the_status() {
    let codes = [
        ("invalid_client", 77),
        ("unauthorized_client", 77),
        ("access_denied", 77),
        ("invalid_grant", 77),
        ("invalid_scope", 78),
        ("invalid_target", 78),
        // What some servers say instead.
        ("scope_invalid", 78),
        ("insufficient_scope", 78),
        ("invalid_audience", 78),
        ("invalid_request", 78),
        ("unsupported_grant_type", 78),
    ];
    for (code, exit_code) in codes {
        for status in [200, 400, 401, 403, 408, 429, 500, 502, 503] {
            let answer = reply(status, oauth(code)).header("retry-after", "1");
            let tried = Tried::new(answer);
            let error = tried.result.as_ref().unwrap_err();
            assert_eq!(error.exit_code(), exit_code, "{status} {code}");
            assert_eq!(error.response().unwrap().code.as_deref(), Some(code));
            assert!(tried.refusal().contains(&format!(": {code}: because; ")));
        }
    }
}

#[test]
fn each_final_code_says_what_to_do() {
    let cases = [
        (
            "unauthorized_client",
            "this client may not use the client-credentials grant: allow it at the authorization server",
        ),
        (
            "access_denied",
            "check the client's permissions, and that the audience (Provider::with_audience) is exactly the one registered",
        ),
        ("unsupported_grant_type", "this endpoint does not offer the client-credentials grant"),
        (
            "invalid_request",
            "check the client authentication method, audience, resource and extra parameters of the Provider",
        ),
    ];
    for (code, advice) in cases {
        assert_eq!(
            Tried::new(reply(400, oauth(code))).refusal(),
            format!(
                "no access token: POST HOST/oauth/token: 400 Bad Request: {code}: because; {advice}"
            )
        );
    }
}

#[test]
fn a_client_that_is_denied_by_a_401_may_have_the_wrong_secret() {
    // Auth0 answers a wrong secret like this.
    let told = Tried::new(reply(401, oauth("access_denied"))).refusal();
    assert!(
        told.ends_with(
            ": access_denied: because; check client id and secret, the client's permissions, and that the audience (Provider::with_audience) is exactly the one registered"
        ),
        "{told}"
    );
}

#[test]
fn a_scope_or_a_target_that_is_refused_is_told_by_what_was_asked_for() {
    let scope = |provider: Provider| provider.with_scope("read");
    let audience = |provider: Provider| provider.with_audience("orders");
    let resource = |provider: Provider| provider.with_resource("https://api.example.com");
    let unasked = |provider: Provider| provider;
    type Set<'a> = &'a dyn Fn(Provider) -> Provider;
    let cases: [(&[&str], Set<'_>, &str); 6] = [
        (SCOPES, &scope, "check Provider::with_scope: the client was not granted that scope"),
        (SCOPES, &unasked, "the server wants a scope: ask for one with Provider::with_scope"),
        (
            TARGETS,
            &audience,
            "check Provider::with_audience: it must be exactly the one registered",
        ),
        (
            TARGETS,
            &resource,
            "check Provider::with_resource (RFC 8707): it must be exactly the one registered",
        ),
        (
            TARGETS,
            &|provider| audience(resource(provider)),
            "check Provider::with_audience and Provider::with_resource (RFC 8707): they must be exactly those registered",
        ),
        (
            TARGETS,
            &unasked,
            "the server wants to know for which API: name it with Provider::with_audience or Provider::with_resource (RFC 8707)",
        ),
    ];
    for (codes, set, advice) in cases {
        for code in codes {
            let server = Server::with_scripts([reply(400, oauth(code))], []);
            let credentials = Credentials::new("my-client", SECRET);
            let client = Client::new(set(server.provider()), credentials).unwrap();
            let error = client.access_token().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let told = error.to_string();
            assert!(
                told.ends_with(&format!("400 Bad Request: {code}: because; {advice}")),
                "{told}"
            );
        }
    }
}

const SCOPES: &[&str] = &["invalid_scope", "scope_invalid", "insufficient_scope"];
const TARGETS: &[&str] = &["invalid_target", "invalid_audience"];

#[test]
fn what_passes_is_tried_again_after_a_wait() {
    let plain = [408, 429, 500, 502, 503, 504].map(|status| reply(status, ""));
    let mut passing = plain.to_vec();
    for code in ["temporarily_unavailable", "server_error", "slow_down"] {
        passing.extend([200, 400, 401, 403, 503].map(|status| reply(status, oauth(code))));
    }
    passing.push(reply(429, oauth("too_many_requests")));
    passing.push(reply(503, "<html>Service Unavailable</html>"));
    for answer in passing {
        let what = format!("{answer:?}");
        let tried = Tried::new(answer);
        assert_eq!(tried.result.unwrap().as_str(), "token-1", "{what}");
        assert_eq!((tried.asked, tried.sleeps.len()), (2, 1), "{what}");
        assert!(tried.sleeps[0] >= Duration::from_millis(250) && tried.sleeps[0] <= secs(1));
    }
}

#[test]
fn what_does_not_pass_in_time_is_a_temporary_error() {
    let answers = [
        reply(503, ""),
        reply(500, oauth("server_error")),
        reply(400, oauth("temporarily_unavailable")),
        reply(200, oauth("temporarily_unavailable")),
    ];
    for answer in answers {
        let server = Server::with_scripts(vec![answer; 9], []);
        let (client, clock) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        let text = error.to_string();
        assert!(error.is_temporary(), "{text}");
        assert!(text.ends_with(", after 9 attempts"), "{text}");
        assert_eq!((server.seen().len(), clock.sleeps().len()), (9, 8));
    }
}

#[test]
fn the_wait_that_the_token_endpoint_asks_for_is_kept_if_it_fits() {
    let tried = Tried::new(reply(503, "").header("retry-after", "7"));
    assert_eq!((tried.asked, tried.sleeps), (2, vec![secs(7)]));

    let hours = reply(429, "").header("retry-after", "7200");
    let server = Server::with_scripts([hours], []);
    let (client, clock) = on_manual_clock(server.client());
    for _ in 0..2 {
        let error = client.get("/x").unwrap_err();
        assert_eq!((error.is_temporary(), error.retry_after()), (true, Some(secs(7200))));
    }
    assert_eq!((server.seen().len(), clock.sleeps().len()), (1, 0));
    clock.advance(secs(7200));
    client.get("/x").unwrap();
}

#[test]
fn a_4xx_without_an_oauth_code_is_told_as_what_it_may_be() {
    let cases = [
        (400, "", "400 Bad Request", WRONG),
        // Glewlwyd 2.7.6.
        (403, "", "403 Forbidden", WRONG),
        // Keystone 27.
        (
            404,
            r#"{"error":"other_error","error_description":"Could not find it"}"#,
            "404 Not Found: other_error: Could not find it",
            WRONG,
        ),
        (
            403,
            "<html><head><title>403</title></head><body><h1>Request blocked.</h1></body></html>",
            "403 Forbidden: 403 Request blocked.",
            GATEWAY,
        ),
        (404, r#"{"message":"no Route matched"}"#, "404 Not Found: no Route matched", GATEWAY),
        (405, "not json", "405 Method Not Allowed: not json", GATEWAY),
        (400, r#"{"code":"E42","message":"nope"}"#, "400 Bad Request: E42: nope", WRONG),
        (403, r#"{"error":{"code":17,"message":"quota"}}"#, "403 Forbidden: 17: quota", WRONG),
        (400, r#"{"error":5}"#, "400 Bad Request: 5", WRONG),
        (404, r#"{"status":404,"error":"Not Found","path":"/t"}"#, "404 Not Found", GATEWAY),
    ];
    for (status, body, words, advice) in cases {
        let tried = Tried::new(reply(status, body));
        assert_eq!(tried.result.as_ref().unwrap_err().kind(), ErrorKind::Refused);
        assert_eq!(
            tried.refusal(),
            format!("no access token: POST HOST/oauth/token: {words}{advice}")
        );
    }
}

#[test]
fn a_401_without_a_code_of_the_protocol_means_the_credentials_or_the_address() {
    let cases = [
        ("", ""),
        (r#"{"error":"unauthorized","error_description":"no"}"#, ": unauthorized: no"),
        (
            r#"{"message":"Invalid authentication credentials"}"#,
            ": Invalid authentication credentials",
        ),
        ("<html><h1>Authorization Required</h1></html>", ": Authorization Required"),
    ];
    for (body, words) in cases {
        let tried = Tried::new(reply(401, body));
        let error = tried.result.as_ref().unwrap_err();
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Credentials, 77), "{body}");
        let told = tried.refusal();
        let start = format!("no access token: POST HOST/oauth/token: 401 Unauthorized{words}");
        assert!(told.starts_with(&start), "{told}");
        let advice = format!("{words}{WRONG}; id and secret were sent by the form body");
        assert!(told.contains(&advice), "{told}");
    }
    let told = Tried::new(reply(401, r#"{"errorCode":"invalid_client"}"#)).refusal();
    assert!(told.contains("; the authorization server does not know this client id"), "{told}");
}

#[test]
fn an_unknown_oauth_code_is_final_and_not_called_a_gateway() {
    let tried = Tried::new(reply(400, oauth("mfa_required")));
    assert_eq!(tried.result.as_ref().unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(
        tried.refusal(),
        "no access token: POST HOST/oauth/token: 400 Bad Request: mfa_required: because"
    );
}

#[test]
fn the_token_endpoint_is_never_followed_elsewhere() {
    for status in [301, 302, 303, 307, 308] {
        for target in ["/elsewhere", "https://login.example.com/token"] {
            let tried = Tried::new(reply(status, "").header("location", target));
            let error = tried.result.as_ref().unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (ErrorKind::Refused, Delivery::Rejected));
            let text = tried.refusal();
            assert!(
                text.ends_with("; the token endpoint redirects, which is never followed: set the address that it leads to"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_token_answer_without_end_is_an_error() {
    let body = format!(r#"{{"access_token":"t","padding":"{}"}}"#, "x".repeat(1024 * 1024));
    let tried = Tried::new(reply(200, body));
    let text = tried.result.unwrap_err().to_string();
    assert!(
        text.ends_with(": the body is longer than 1048576 bytes (the limit of a token answer)"),
        "{text}"
    );
    assert_eq!(tried.asked, 1);
}

#[test]
fn no_answer_of_the_token_endpoint_makes_it_panic() {
    const PARTS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ":",
        ",",
        "=",
        "&",
        "'",
        "<p>",
        "ü",
        "\u{1f600}",
        "\0",
        " ",
        "access_token",
        "client_secret",
        "\"error\":",
        "Bearer ",
        "eyJ",
        "1e999",
        "-1",
        "expires_in",
    ];
    // A linear congruential generator: the same bodies in every run.
    let random = Mutex::new(1_u64);
    let server = Server::start(move |_| {
        let mut state = random.lock().unwrap();
        let mut next = |below: usize| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(*state >> 40).unwrap() % below
        };
        let length = next(30);
        let body: String = (0..length).map(|_| PARTS[next(PARTS.len())]).collect();
        let body = if next(2) == 0 { format!("{{\"access_token\":{body}") } else { body };
        reply([200, 400, 503][next(3)], body)
    });
    let client = server.client().with_retry_policy(RetryPolicy::default().with_retries(0));
    for _ in 0..300 {
        let error = client.access_token().unwrap_err();
        assert!(!format!("{error:?} {:?}", error.response()).is_empty());
    }
}

#[test]
fn a_token_request_whose_connection_breaks_is_sent_again() {
    let origin = raw_server(|mut stream, number| {
        if number > 0 && read_request(&mut stream).is_some() {
            write_reply(&mut stream, &token_reply("t", 60));
        }
    });
    let (client, clock) = on_manual_clock(client_at(&origin));
    assert_eq!(client.access_token().unwrap().as_str(), "t");
    assert_eq!(clock.sleeps().len(), 1);
}

#[test]
fn no_call_goes_out_without_a_token() {
    let server = Server::with_scripts([reply(400, oauth("invalid_scope"))], []);
    server.client().get("/x").unwrap_err();
    assert!(server.api_requests().is_empty());
}

#[test]
fn no_token_is_believed_to_live_for_more_than_a_year() {
    for (told, believed) in [(31_536_000, 31_536_000), (31_536_001, 31_536_000)] {
        let server = Server::with_scripts([token_reply("t", told)], []);
        let token = server.client().access_token().unwrap();
        assert_eq!(token.lifetime(), Some(secs(believed)));
    }
}

/// The places of a code are the same as in an answer of the API.
#[test]
fn a_token_endpoint_names_limits_at_the_places_where_an_api_does() {
    let rates = [
        reply(403, r#"{"error":{"code":403,"errors":[{"reason":"rateLimitExceeded"}]}}"#),
        reply(400, r#"{"type":"TooManyRequestsException"}"#),
        reply(400, r#"{"reason":"TooManyRequests"}"#),
        reply(400, "{}").header("x-amzn-errortype", "TooManyRequestsException:"),
        reply(400, "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"),
    ];
    for refusal in rates {
        let server = Server::with_scripts([refusal.clone()], [reply(200, "{}")]);
        let (client, _) = on_manual_clock(server.client());
        assert!(client.get("/x").is_ok(), "{refusal:?}: {:?}", client.get("/x").err());
    }
}

#[test]
fn a_quota_of_a_token_endpoint_is_told_as_such() {
    for body in [r#"{"error":"quotaExceeded"}"#, r#"{"errors":[{"code":"quotaExceeded"}]}"#] {
        let server = Server::with_scripts([reply(403, body)], []);
        let (client, _) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        assert!(error.to_string().contains("the quota is used up"), "{error}");
        assert!(error.is_temporary() && !error.to_string().contains("wrong id"), "{error}");
    }
}
