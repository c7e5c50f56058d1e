//! A hunt: servers that echo what they were sent, in every dress and every place, and all
//! that this crate or ureq may print after it.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use unattended::error::Delivery;
use unattended::{AuthMethod, Client, Credentials, Error, Pagination, Request, RetryPolicy};

use crate::support::*;

/// Begins and ends with what is hunted for, so that half of it is found as well.
const PREY: &str = r#"hu5h/h+h&"h" <h\h%h>hu5h"#;
const TOKEN: &str = r#"t0ken/t+t&"t"<t=t%t>t0ken"#;
const ID_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiI0MiJ9.s1gnature";
const TRACKS: [&str; 5] = ["hu5h", "t0ken", "s1gnature", "pr0xypass", "s3cret"];

/// What a server may make of a text that it repeats.
fn dresses(text: &str) -> Vec<String> {
    let percent = |hex: fn(u8) -> String, space: &str| {
        let bytes = text.bytes().map(|b| match b {
            b' ' => space.to_owned(),
            b if b.is_ascii_alphanumeric() => (b as char).to_string(),
            b => hex(b),
        });
        bytes.collect::<String>()
    };
    let escaped = json!(text).to_string().trim_matches('"').to_owned();
    let escaped = escaped.replace(r#"\\""#, r#"\\\""#);
    let unicode = text.chars().map(|c| match c {
        c if c.is_ascii_alphanumeric() => c.to_string(),
        c => format!("\\u{:04X}", c as u32),
    });
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    vec![
        text.to_owned(),
        percent(|b| format!("%{b:02X}"), "+"),
        percent(|b| format!("%{b:02x}"), "%20"),
        escaped.replace('/', "\\/"),
        escaped,
        unicode.collect(),
        html.replace('"', "&quot;"),
        html.replace('"', "&#34;").replace('/', "&#x2F;"),
        STANDARD.encode(format!("my-client:{text}")),
    ]
}

/// The traces of `text`, in every dress.
fn tracks(text: &str) -> Vec<String> {
    let mut tracks: Vec<String> = TRACKS.iter().map(|&track| track.to_owned()).collect();
    tracks.extend(TRACKS.iter().map(|track| byte_list(track)));
    // Four characters from the middle of what HTTP Basic makes of it.
    let basic = STANDARD.encode(format!("my-client:{text}"));
    tracks.push(basic[16..24].to_owned());
    tracks
}

/// As Rust's `Debug` shows bytes.
fn byte_list(text: &str) -> String {
    format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned()
}

/// No part of `secret` is in `text`: plain, percent-encoded, in base64, or as bytes.
#[track_caller]
fn assert_hides(text: &str, secret: &str, what: &dyn Debug) {
    let parts: Vec<char> = secret.chars().filter(|c| !c.is_control()).collect();
    for part in parts.chunks(8).filter(|part| part.len() >= 5) {
        let part: String = part.iter().collect();
        let percent: String = part.bytes().map(|b| format!("%{b:02X}")).collect();
        let hex: String = part.bytes().map(|b| format!("{b:02x}")).collect();
        let encoded = form_urlencoded::byte_serialize(part.as_bytes()).collect();
        for dress in [part.clone(), byte_list(&part), percent, hex, encoded] {
            assert!(!text.contains(&dress), "{dress} of {part} after {what:?}:\n{text}");
        }
    }
    // Four characters at the end depend on what follows.
    let base64 = STANDARD.encode(secret);
    let base64 = &base64[..base64.len() - 4];
    assert!(!text.contains(base64), "{base64} after {what:?}:\n{text}");
}

#[test]
fn values_of_extra_parameters_and_of_the_token_endpoints_query_are_not_shown() {
    const PARAMETER: &str = "assert10n+hush";
    const SIGNATURE: &str = "sgn4ture/0123456789";
    let body = json!({ "error": "invalid_request", "error_description":
        format!("bad {PARAMETER} of ten, at ?sig=sgn4ture%2F0123456789&v=2") });
    let server = Server::start(move |_| reply(400, body.to_string()));
    let provider = server
        .provider()
        .with_token_endpoint(&server.url("/oauth/token?sig=sgn4ture%2F0123456789&v=2"))
        .unwrap()
        .with_token_parameter("assertion", PARAMETER)
        .with_token_parameter("tenant", "ten");
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let error = client.get("/x").unwrap_err();
    let report = client.diagnose(None);
    let printed = format!("{error}\n{error:?}\n{:?}\n{report}\n{report:?}", error.response());
    assert!(printed.contains("bad *** of ten, at ?sig=***&v=2"), "{printed}");
    for secret in [PARAMETER, SIGNATURE, "sgn4ture", "assert10n"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn values_of_headers_that_are_named_like_secrets_are_not_shown() {
    let words = "key k3y-0f-the-api, session c00kie-0ne of c00kie-0ne; x, no ordinary-value";
    let server = Server::with_api([reply(400, json!({ "message": words }).to_string())]);
    let request = Request::get("/x")
        .header("X-Api-Key", "k3y-0f-the-api")
        .header("cookie", "a=b; sid=c00kie-0ne")
        .header("x-reason", "ordinary-value");
    for request in [request.clone(), request.without_token()] {
        let error = server.client().send(&request).unwrap_err();
        let printed = format!("{error}\n{error:?}\n{:?}", error.response());
        let told = "key ***, session *** of ***; x, no ordinary-value";
        assert!(printed.contains(told) && !printed.contains("0ne"), "{printed}");
    }
}

#[test]
fn the_signature_of_an_address_that_is_not_followed_to_is_not_shown() {
    // Not even a GET goes to plain http.
    let location =
        "http://storage.example.com/f?X-Amz-Signature=deadbeefdeadbeef0123%2B&part=7#top";
    let body = format!("See <a href=\"{location}\">it</a> or deadbeefdeadbeef0123+ in {location}");
    for status in [303, 307] {
        let answer = reply(status, body.clone()).header("location", location);
        let server = Server::with_api([answer]);
        let error = server.client().post("/files", &1).unwrap_err();
        let printed = format!("{error}\n{error:?}\n{:?}", error.response());
        assert!(!printed.contains("deadbeef"), "{printed}");
        assert!(printed.contains("X-Amz-Signature=***&part=7"), "{printed}");
        let error = server.client().get("/files").unwrap_err();
        assert!(!format!("{error:?}{:?}", error.response()).contains("deadbeef"), "{error}");
    }
}

#[track_caller]
fn assert_clean(text: &str, what: &dyn Debug) {
    for track in tracks(PREY) {
        assert!(!text.contains(&track), "{track} after {what:?}:\n{text}");
    }
    assert!(!text.contains("qu3ry"), "a query after {what:?}:\n{text}");
}

/// What ureq writes to the log, as far as it matters here.
fn log_lines() -> MutexGuard<'static, Vec<String>> {
    struct Collector;
    static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    impl log::Log for Collector {
        /// At trace level `ureq_proto` writes every byte that it sends and receives, which
        /// no user of ureq can prevent; the crate's docs say so.
        fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
            let target = metadata.target();
            target.starts_with("ureq") && target != "ureq_proto::util"
        }
        fn log(&self, record: &log::Record<'_>) {
            if !self.enabled(record.metadata()) {
                return;
            }
            let line = record.args().to_string();
            // Of an answer's headers it shows some, such as its content type.
            if line.starts_with("Response {") {
                return;
            }
            if line.contains("control") || tracks(PREY).iter().any(|track| line.contains(track)) {
                LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        }
        fn flush(&self) {}
    }
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server whose next answers are set from outside; it hands out `TOKEN` otherwise.
struct Echo {
    server: Server,
    token: Arc<Mutex<Option<Reply>>>,
    api: Arc<Mutex<Reply>>,
}

impl Echo {
    fn start() -> Self {
        drop(log_lines());
        let token: Arc<Mutex<Option<Reply>>> = Arc::default();
        let api = Arc::new(Mutex::new(reply(200, "{}")));
        let (next_token, next_api) = (token.clone(), api.clone());
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => next_token.lock().unwrap().clone().unwrap_or_else(good_token),
            _ => next_api.lock().unwrap().clone(),
        });
        Self { server, token, api }
    }

    fn client(&self, method: AuthMethod) -> Client {
        let provider = self.server.provider().with_auth_method(method);
        let client = Client::new(provider, Credentials::new("my-client", PREY)).unwrap();
        client.with_retry_policy(RetryPolicy::default().with_retries(1))
    }

    /// One call after this answer of the token endpoint, and all that it printed.
    fn token_answer(&self, answer: &Reply, method: AuthMethod) -> (Error, String) {
        *self.token.lock().unwrap() = Some(answer.clone());
        let (error, text) = self.call(method);
        (error.expect("the answer was taken for a token"), text)
    }

    fn api_answer(&self, answer: &Reply) -> String {
        *self.api.lock().unwrap() = answer.clone();
        self.call(AuthMethod::ClientSecretPost).1
    }

    fn call(&self, method: AuthMethod) -> (Option<Error>, String) {
        let (client, _) = on_manual_clock(self.client(method));
        let (client, events) = observed(client);
        let request = Request::get("/a").query("q", 1);
        let mut text = String::new();
        let sent = client.send(&request);
        let error = match sent {
            Err(error) => Some(error),
            Ok(response) => {
                writeln!(text, "{response:?}").unwrap();
                for error in [
                    response.json::<Vec<u8>>().err(),
                    response.json::<Row>().err(),
                    response.text().err(),
                    client.items::<Row>("/a").find_map(Result::err),
                ] {
                    text.push_str(&error.as_ref().map(printed).unwrap_or_default());
                }
                None
            }
        };
        text.push_str(&error.as_ref().map(printed).unwrap_or_default());
        write!(text, "{client:?} {request:?}").unwrap();
        for event in events.lock().unwrap().iter() {
            write!(text, "{event}\n{event:?}\n").unwrap();
        }
        (error, text)
    }
}

#[derive(serde::Deserialize, Debug)]
#[expect(dead_code, reason = "only its decoding is looked at")]
struct Row {
    id: u8,
}

fn good_token() -> Reply {
    let body = json!({"access_token": TOKEN, "id_token": ID_TOKEN, "expires_in": 3600});
    reply(200, body.to_string())
}

/// Bodies and headers that repeat `echo`, whatever it is dressed as.
fn echoes(echo: &str) -> Vec<Reply> {
    let quoted = json!(echo).to_string();
    let bodies = [
        format!(r#"{{"error":"invalid_request","error_description":"sent {echo}"}}"#),
        format!(r#"{{"error":"invalid_request","error_description":{quoted}}}"#),
        format!(r#"{{"error":{quoted}}}"#),
        format!(r#"{{"error":{{"code":{quoted},"message":{quoted}}}}}"#),
        format!(r#"{{"errors":[{quoted},{{"message":{quoted},"pointer":{quoted}}}]}}"#),
        format!(r#"{{"errors":{{{quoted}:["no"]}}}}"#),
        format!(r#"{{"type":"about:blank","title":{quoted},"detail":{quoted}}}"#),
        format!(r#"{{{quoted}:{{"x":1,"y":[{quoted}]}}}}"#),
        format!(r#"{{"items":[{{"id":{quoted}}}],{quoted}:[]}}"#),
        format!("[{quoted},{{{quoted}:1}}]"),
        quoted.clone(),
        format!("<html><title>No</title><body>you sent {echo}</body></html>"),
        echo.to_owned(),
        format!("{}{echo}", "- ".repeat(146)),
        json!({"message": format!("{}{echo}", "x".repeat(292))}).to_string(),
    ];
    let mut replies: Vec<Reply> = bodies.iter().map(|body| reply(0, body)).collect();
    for name in ["x-request-id", "content-type", "retry-after", "www-authenticate"] {
        replies.push(reply(0, "{").header(name, echo));
    }
    replies
}

#[test]
fn a_body_that_is_cut_shows_no_half_of_a_secret() {
    let echo = Echo::start();
    for dress in dresses(PREY).iter().step_by(5) {
        let all = dress.repeat(20_000 / dress.len());
        let bodies = [
            json!({ "message": &all }).to_string(),
            all,
            format!("{}{dress}", "x".repeat(8 * 1024 - 5)),
            format!("{}{dress}", "x".repeat(16 * 1024 - 5)),
        ];
        for body in bodies {
            let answer = reply(400, body);
            let (error, text) = echo.token_answer(&answer, AuthMethod::ClientSecretPost);
            assert_clean(&text, &"a long body");
            assert!(
                error.to_string().len() < 1_000 && error.response().unwrap().body.len() <= 8 * 1024
            );
        }
    }
}

#[test]
fn a_secret_that_is_whole_only_when_an_error_became_one_line_is_masked() {
    let echo = Echo::start();
    let error = |answer: &Reply| {
        let (error, _) = echo.token_answer(answer, AuthMethod::ClientSecretPost);
        error.to_string()
    };
    let described =
        |spoilt: &str| reply(400, json!({"error": "x", "error_description": spoilt}).to_string());
    for spoilt in [PREY.replace(' ', "\n"), PREY.replace(' ', " \t ")] {
        let answer = described(&spoilt);
        assert!(!error(&answer).contains(PREY), "{answer:?}");
    }
    // JSON does not escape it.
    let spoilt = PREY.replacen("u5", "u\u{7f}5", 1);
    let as_name = reply(200, json!({ &spoilt: 1 }).to_string());
    for answer in [described(&spoilt), as_name] {
        assert_clean(&error(&answer), &answer);
    }
}

#[test]
fn no_answer_of_the_token_endpoint_brings_the_client_secret_to_light() {
    let echo = Echo::start();
    let methods = [
        AuthMethod::ClientSecretBasic,
        AuthMethod::ClientSecretBasicRaw,
        AuthMethod::ClientSecretPost,
    ];
    for (dress, method) in dresses(PREY).iter().zip(methods.iter().cycle()) {
        for (status, answer) in [200, 400, 302, 429].iter().cycle().zip(echoes(dress)) {
            let answer = Reply { status: *status, ..answer };
            let (_, text) = echo.token_answer(&answer, *method);
            assert_clean(&text, &answer);
        }
    }
    assert_log_is_clean();
}

#[test]
fn no_answer_of_the_api_brings_the_token_to_light() {
    let echo = Echo::start();
    // HTTP Basic is no dress of a token.
    let dresses = dresses(TOKEN);
    for dress in dresses.iter().take(dresses.len() - 1).map(String::as_str).chain([ID_TOKEN]) {
        for (status, answer) in [200, 401, 200, 500, 200, 429].iter().cycle().zip(echoes(dress)) {
            let answer = Reply { status: *status, ..answer };
            assert_clean(&echo.api_answer(&answer), &answer);
        }
    }
    assert_log_is_clean();
}

#[test]
fn a_token_answer_that_cannot_be_read_does_not_show_the_token_that_it_holds() {
    let echo = Echo::start();
    // No digit, no length, no shape gives these away.
    let tokens =
        ["t0ken-9f8e7d6c", "t0ken-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "t0kenQwErTyUiOp", ID_TOKEN];
    for token in tokens {
        let bodies = [
            json!({"accessToken": token}).to_string(),
            json!({"token": token, "expires_in": 3600}).to_string(),
            json!({"data": {"jwt": [token]}}).to_string(),
            json!([{"access_token": token}]).to_string(),
            json!(token).to_string(),
            json!({"access_token": "x", "token_type": token}).to_string(),
            json!({"access_token": {"value": token}}).to_string(),
            json!({"access_token": format!("{token}\n")}).to_string(),
            json!({"access_token": token, "token_type": "mac"}).to_string(),
            json!({"access_token": token, "token_type": {"kind": token}}).to_string(),
            format!(r#"{{"access_token":"{token}""#),
            format!(r#"{{"accessToken":"{token}","#),
            format!("access_token={token}&expires_in=3600"),
            format!("token={token}&expires_in=3600"),
            format!("oauth_token={token}"),
            token.to_owned(),
            format!("<token>{token}</token>"),
            format!("<html><body>Your token: {token}</body></html>"),
            format!("OK {token}"),
        ];
        for body in bodies {
            let answer = reply(200, body);
            let (error, text) = echo.token_answer(&answer, AuthMethod::ClientSecretPost);
            assert_clean(&text, &answer);
            assert_eq!(error.delivery(), Delivery::NotSent);
        }
    }
}

#[test]
fn a_login_page_instead_of_a_token_is_still_told() {
    let echo = Echo::start();
    let answer = reply(
        200,
        "<html><head><title>Sign in</title></head><body>Please sign in to the portal</body></html>",
    )
    .header("content-type", "text/html");
    let (error, _) = echo.token_answer(&answer, AuthMethod::ClientSecretPost);
    let text = error.to_string();
    assert!(text.contains("text/html: Sign in Please sign in to the portal"), "{text}");
    assert!(text.ends_with("is this the address of the token endpoint?"), "{text}");
}

#[test]
fn nothing_that_holds_a_secret_prints_it() {
    let echo = Echo::start();
    let client = echo.client(AuthMethod::ClientSecretBasic);
    let token = client.access_token().unwrap();
    assert_eq!(token.as_str(), TOKEN);
    let provider = echo
        .server
        .provider()
        .with_token_parameter("assertion", PREY)
        .with_token_endpoint(&echo.server.url("/token?key=qu3ry"))
        .unwrap();
    let request = Request::post("/a?key=qu3ry")
        .query("key", "qu3ry")
        .header("X-Api-Key", "hu5h")
        .json(&json!({"password": PREY}));
    let response = client.send(&request).unwrap();
    let mut pages = client.pages::<u8>("/a?key=qu3ry");
    let mut text = format!("{token:?}{token:#?}{client:?}{client:#?}{provider:?}{request:?}");
    write!(text, "{:?}", Credentials::new("my-client", PREY)).unwrap();
    write!(text, "{response:?}{:?}", pages.next()).unwrap();
    write!(text, "{:?}", Credentials::from_fn(|| Ok(("a".into(), PREY.into())))).unwrap();
    // A page with a link that has a query, and a point that leads there.
    let linked = json!({"items": [1], "next": "/a?cursor=qu3ry", "error": TOKEN});
    for page in [linked, json!({"items": [1], "links": {"next": "/a?cursor=qu3ry"}})] {
        let server = Server::with_api([reply(200, page.to_string())]);
        let provider = server.provider().with_pagination(Pagination::detect());
        let client = Client::new(provider, Credentials::new("my-client", PREY)).unwrap();
        let mut pages = client.pages::<u8>("/a?key=qu3ry");
        write!(text, "{:?}{:?}", pages.next().unwrap().unwrap(), pages.resume_point()).unwrap();
    }
    assert!(text.contains("Page {") && text.contains(r#"ResumePoint { path: "/a""#), "{text}");
    let numbers = Pagination::page_numbers("key");
    let mut wrong = client.pages::<u8>("/a?key=qu3ry").with_pagination(numbers);
    text += &printed(&wrong.next().unwrap().unwrap_err());
    assert_clean(&text, &"debug");
    for header in ["authorization", "Authorization"] {
        let own = Request::get("/a").header(header, "Bearer t0ken");
        assert_clean(&printed(&client.send(&own).unwrap_err()), &own);
    }
}

#[test]
fn what_a_page_tells_of_an_error_does_not_bring_the_token_to_light() {
    for page in [
        json!({"items": [1], "error": {"message": format!("no {TOKEN} here")}}),
        json!({"items": null, "errors": [format!("no {TOKEN} here")]}),
        json!({"items": [1], "error": {TOKEN: TOKEN}}),
    ] {
        let server = Server::with_scripts(
            [reply(200, json!({"access_token": TOKEN, "expires_in": 60}).to_string())],
            [reply(200, page.to_string())],
        );
        let client = server.client();
        let error = client.items::<u8>("/a").last().unwrap().unwrap_err();
        assert!(error.to_string().contains("has an error"), "{error}");
        assert_clean(&printed(&error), &page);
    }
}

#[test]
fn errors_about_urls_show_neither_user_info_nor_query() {
    let echo = Echo::start();
    let client = echo.client(AuthMethod::ClientSecretPost);
    for url in [
        "https://user:hu5h@api.example.com/a?key=qu3ry",
        "https://hu5h@api.example.com/a",
        "http://user:hu5h@example.com/a",
        "https://api.example.com/a?key=qu3ry",
        "https://api.example.com/a#qu3ry",
        "ftp://user:hu5h@api.example.com/a",
        "/a?key=qu3ry\nx",
    ] {
        let request = Request::get(url).header("a\nb", "x");
        for request in [Request::get(url), Request::get(url).without_token(), request] {
            assert_clean(&format!("{request:?}"), &url);
            let refused = url.starts_with("https://api")
                && format!("{request:?}").contains("with_token: false");
            if !refused {
                let result = client.clone().send(&request);
                assert_clean(&result.err().as_ref().map(printed).unwrap_or_default(), &url);
            }
        }
        for result in [provider_with(url), provider_with(url)] {
            assert_clean(&result.err().as_ref().map(printed).unwrap_or_default(), &url);
        }
    }
}

#[test]
fn the_password_of_a_url_that_passes_for_a_path_is_not_shown() {
    let secret = "wr0ngplace";
    let server = Server::start(|_| reply(404, "{}"));
    for url in ["//user:wr0ngplace@h/a", "https:/user:wr0ngplace@h", "user:wr0ngplace%40x@h/a"] {
        let request = Request::get(url).without_token();
        let error = server.client().send(&request).unwrap_err();
        let wrong = server.client().send(request.clone().header("a\nb", "x")).unwrap_err();
        let report = server.client().diagnose(url);
        let text = format!("{}{}{request:?}{report}", printed(&error), printed(&wrong));
        assert_hides(&text, secret, &url);
        assert!(error.to_string().contains("user:***@h"), "{error}");
        for result in [provider_with(url), provider_with(&format!("https://{url}"))] {
            assert_hides(&result.err().as_ref().map(printed).unwrap_or_default(), secret, &url);
        }
    }
}

fn provider_with(url: &str) -> unattended::Result<()> {
    let provider = unattended::Provider::new(url, url)?;
    assert_clean(&format!("{provider:?}"), &url);
    Ok(())
}

#[test]
fn a_failing_credentials_function_does_not_bring_the_secret_to_light() {
    let server = Server::with_api([reply(200, "{}")]);
    for text in ["client_secret=hu5h is wrong", "got Bearer t0kenA1B2C3", "vault: hu5hhu5hhu5h"] {
        let credentials = Credentials::from_fn(move || Err(text.into()));
        let client = Client::new(server.provider(), credentials).unwrap();
        let client = client.with_retry_policy(RetryPolicy::default().with_retries(1));
        let (client, events) = observed(on_manual_clock(client).0);
        let error = client.get("/a").unwrap_err();
        let events = format!("{:?}", events.lock().unwrap());
        assert_clean(&(printed(&error) + &events), &text);
    }
}

#[test]
fn ureq_logs_no_secret() {
    let echo = Echo::start();
    for method in [
        AuthMethod::ClientSecretBasic,
        AuthMethod::ClientSecretBasicRaw,
        AuthMethod::ClientSecretPost,
    ] {
        let client = echo.client(method);
        client.post("/control", &json!({"password": PREY})).unwrap();
    }
    // A negative control: the log is read, and path and query are in it, as the docs say.
    assert!(log_lines().iter().any(|line| line.contains("/control")));
    assert_log_is_clean();
}

#[cfg(feature = "rustls")]
#[test]
fn ureq_logs_no_proxy_password() {
    use crate::support::proxy::ConnectProxy;
    use crate::support::tls::{Authority, TlsServer};

    drop(log_lines());
    let authority = Authority::new();
    let server = TlsServer::start(&authority.issue(&["api.vendor.test"]));
    let proxy = ConnectProxy::to(server.port);
    let url = proxy.url().replace("http://", "http://user:pr0xypass@");
    let client = client_at("https://api.vendor.test").with_root_certificates(authority.pem());
    let client = client.unwrap().with_proxy(&url).unwrap();
    client.get("/control-of-proxy").unwrap();
    assert_clean(&format!("{client:?}"), &"client");
    assert!(log_lines().iter().any(|line| line.contains("control-of-proxy")));
    assert_log_is_clean();
}

#[track_caller]
fn assert_log_is_clean() {
    let basic = STANDARD.encode("user:pr0xypass");
    for line in log_lines().iter() {
        assert!(!tracks(PREY).iter().any(|track| line.contains(track)), "{line}");
        assert!(!line.contains(&basic), "{line}");
    }
}

#[test]
fn a_secret_that_is_part_of_an_oauth_code_does_not_change_what_the_code_means() {
    let server = Server::start(|_| reply(400, r#"{"error":"invalid_client"}"#));
    let credentials = Credentials::new("my-client", "client");
    let error = Client::new(server.provider(), credentials).unwrap().get("/a").unwrap_err();
    assert_eq!(error.exit_code(), 77, "{error}");
}

#[test]
fn a_refusal_that_is_remembered_hides_what_the_server_repeated() {
    let echo = format!(r#"{{"error":"invalid_client","error_description":"no {SECRET} here"}}"#);
    let server = Server::start(move |_| reply(401, echo.clone()));
    let client = server.client();
    for _ in 0..2 {
        let error = client.get("/x").unwrap_err();
        assert!(error.to_string().contains("invalid_client: no *** here"), "{error}");
        assert!(!error.response().unwrap().body.contains(SECRET));
    }
    assert_eq!(server.seen().len(), 1);
}

/// The private key in this PEM text, without its labels, as one line.
#[cfg(feature = "rustls")]
fn base64_of(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

/// What people make of a PEM text on its way through variables, editors and templates.
#[cfg(feature = "rustls")]
fn broken_shapes(pem: &str) -> Vec<Vec<u8>> {
    let utf_16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{pem}").encode_utf16().flat_map(bytes).collect()
    };
    let lines: Vec<&str> = pem.lines().collect();
    let body = lines[1..lines.len() - 1].join("\n");
    let texts = [
        pem.replace('\n', "\\n"),
        pem.trim_end().replace('\n', "\\n"),
        pem.replace('\n', "\\r\\n"),
        pem.replace('\n', " "),
        pem.trim_end().replace('\n', " "),
        pem.replace('\n', ""),
        pem.replace('\n', "\t"),
        json!(pem).to_string(),
        format!("\"{pem}\""),
        format!("'{}'", pem.trim_end().replace('\n', "\\n")),
        lines.join("\n    "),
        format!("    {}", lines.join("\n    ")),
        format!("KEY={pem}"),
        format!("{}\n{body}\n", lines[0]),
        format!("{}\n{body}\n{}\n", lines[0], lines[0]),
        format!("{}{body}\n-----END PRIVATE KEY-----\n", lines[0]),
        format!("{}\n{body}-----END PRIVATE KEY-----\n", lines[0]),
        format!("-----BEGIN {body}-----\n"),
        format!("{body}\n"),
        pem[..pem.len() / 2].to_owned(),
        pem.replacen('\n', "\n!", 2),
        pem.replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1),
        pem.replace("PRIVATE KEY", "CERTIFICATE"),
        pem.replace("PRIVATE KEY", "TRUSTED CERTIFICATE"),
        pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        pem.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        pem.replace('-', "\u{2013}"),
        pem.replace('-', ""),
        STANDARD.encode(pem),
        pem.replace('\n', "%0A"),
    ];
    let texts = texts.into_iter().map(String::into_bytes);
    texts.chain([utf_16(u16::to_le_bytes), utf_16(u16::to_be_bytes)]).collect()
}

#[cfg(feature = "rustls")]
#[test]
fn no_shape_of_a_private_key_is_quoted_by_what_cannot_read_it() {
    use crate::support::tls::Authority;

    let own = Authority::new().issue(&["robot.example.com"]);
    let key = own.key.serialize_pem();
    let client = || client_at("https://localhost:1");
    for shape in broken_shapes(&key) {
        let what = String::from_utf8_lossy(&shape).into_owned();
        let both = [own.pem.as_bytes(), &shape].concat();
        let results = [
            client().with_client_certificate(&own.pem, &shape),
            client().with_client_certificate(&shape, &key),
            client().with_client_certificate(&both, &both),
            client().with_root_certificates(&shape),
            client().with_root_certificates(&both),
        ];
        assert!(results[0].is_err(), "{what}");
        for result in results {
            match result {
                Ok(client) => assert_hides(&format!("{client:?}"), &base64_of(&key), &what),
                Err(error) => assert_hides(&printed(&error), &base64_of(&key), &what),
            }
        }
    }
}

#[cfg(feature = "rustls")]
#[test]
fn a_private_key_in_the_place_of_roots_is_not_quoted() {
    use crate::support::child::{is_child, run_in_child};

    if is_child() {
        let client = client_at("https://localhost:1");
        let key = std::fs::read_to_string(std::env::var("TEST_KEY").unwrap()).unwrap();
        let report = client.diagnose(None);
        let text = printed(&client.get("/a").unwrap_err()) + &format!("{report}{report:?}");
        assert_hides(&text, &base64_of(&key), &"SSL_CERT_FILE");
        return;
    }
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let file = |name: &str, text: &[u8]| {
        let path = format!("{}/{name}.pem", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, text).unwrap();
        path
    };
    let whole = file("key-as-roots", key.as_bytes());
    let flat = key.replace('\n', "\\n");
    let broken = file("broken-key-as-roots", flat.as_bytes());
    let test = "client::secrets::a_private_key_in_the_place_of_roots_is_not_quoted";
    for variable in [&whole, &broken, &key, &flat, &base64_of(&key)] {
        run_in_child(test, &[("SSL_CERT_FILE", variable), ("TEST_KEY", &whole)]);
    }
}

#[test]
fn a_secret_in_the_place_of_a_path_is_not_shown() {
    for secret in ["hu5h-Hush-hu5h", "hu5h~/Xy+hu5h==", "/Hu5h/hu5h=", "hu5h\0hu5h"] {
        let credentials = Credentials::from_secret_file("my-client", secret);
        let mut text = format!("{credentials:?}");
        let error = Client::new(provider_at("http://127.0.0.1:9"), credentials).unwrap_err();
        text += &printed(&error);
        assert_hides(&text, secret, &secret);
        assert!(error.to_string().contains("*** (masked"), "{error}");
    }
    // A path that leads somewhere, or is made of words, is what one has to know.
    let folder = std::env::temp_dir();
    let here = folder.join("no-such-Secret-4711");
    for path in [here.to_str().unwrap(), "/run/secrets/no-such-Secret-4711", "/no/such/file"] {
        let credentials = Credentials::from_secret_file("my-client", path);
        assert!(format!("{credentials:?}").contains(path), "{path}");
        let error = Client::new(provider_at("http://127.0.0.1:9"), credentials).unwrap_err();
        assert_eq!(error.to_string(), format!("the secret file {path} cannot be read"));
    }
}

#[test]
fn what_other_libraries_quote_of_a_secret_is_not_shown() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Vault {
        secret: u8,
    }
    let server = Server::with_api([]);
    let quoted = || serde_json::from_str::<Vault>(r#"{"secret": "hush \" hush"}"#).unwrap_err();
    let bytes = || String::from_utf8(b"hush-\xff".to_vec()).unwrap_err();
    let texts = [
        quoted().to_string(),
        format!("{:?}", bytes()),
        format!("{:?}", bytes().as_bytes()),
        "unknown variant `hush-hush`, expected `x`".into(),
        "bad value 'hush hush'".into(),
        "unterminated \"hush hush".into(),
    ];
    for text in texts {
        let failing = text.clone();
        let credentials = Credentials::from_fn(move || Err(failing.clone().into()));
        let client = Client::new(server.provider(), credentials).unwrap();
        let client = client.with_retry_policy(RetryPolicy::default().with_retries(1));
        let (client, events) = observed(on_manual_clock(client).0);
        let error = client.get("/a").unwrap_err();
        let shown = printed(&error) + &format!("{:?}", events.lock().unwrap());
        assert!(!shown.contains("hush") && !shown.contains("104, 117"), "{text}: {shown}");
        assert!(shown.contains("***"), "{text}: {shown}");
    }
    struct Broken;
    impl unattended::TokenStore for Broken {
        fn update(
            &self,
            _: &str,
            _: std::time::Duration,
            _: &mut dyn FnMut(&mut unattended::StoreEntry),
        ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err(r#"redis://:hush@db/1: bad reply "hush hush" [104, 117, 115, 104]"#.into())
        }
    }
    let (client, events) = observed(server.client().with_store(Broken));
    client.get("/a").unwrap();
    let events = format!("{:?}", events.lock().unwrap());
    assert!(events.contains(r#"redis://:***@db/1: bad reply \"***\" [***]"#), "{events}");
    struct Refusing;
    impl serde::Serialize for Refusing {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no place for \"hush hush\" nor hu5hhu5hhu5h"))
        }
    }
    let error = server.client().send(Request::post("/a").json(&Refusing)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "POST /a: the body cannot be serialized as JSON: no place for \"***\" nor ***"
    );
}

#[test]
fn a_member_that_is_named_like_a_secret_is_not_quoted_where_it_does_not_decode() {
    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its decoding is looked at")]
    struct Application {
        name: Option<u8>,
        #[serde(alias = "client_secret")]
        client_secret: Option<u8>,
        #[serde(alias = "api_key")]
        api_key: Option<u8>,
    }
    for name in ["clientSecret", "client_secret", "apiKey", "api_key"] {
        let body = json!({ "items": [{ name: "hush hush" }] }).to_string();
        let server = Server::with_api([reply(200, body)]);
        let error = server.client().items::<Application>("/a").find_map(Result::err).unwrap();
        let body_apart = printed(&error).replace(&error_body(&error), "");
        assert!(!body_apart.contains("hush"), "{body_apart}");
        let told = format!("at items[0].{name} (what is there is not shown)");
        assert!(error.to_string().ends_with(&told), "{error}");
    }
    let server = Server::with_api([reply(200, r#"{"items": [{"name": "Ada"}]}"#)]);
    let error = server.client().items::<Application>("/a").find_map(Result::err).unwrap();
    assert!(error.to_string().contains(r#"string "Ada""#), "{error}");
}

fn error_body(error: &Error) -> String {
    match error {
        Error::Decode(error) => error.body.clone(),
        _ => String::new(),
    }
}

#[test]
fn what_cannot_be_a_header_is_not_shown() {
    let server = Server::with_api([]);
    let secret = "hu5h/Hush=hu5h";
    for (name, value) in [
        (secret, "X-Api-Key"),
        ("X-Api-Key: hu5h/Hush=hu5h", ""),
        ("X-Api-Key", "hu5h/Hush=hu5h\n"),
        ("hu5h/Hush=hu5h\n", "hu5h/Hush=hu5h\n"),
    ] {
        let request = Request::get("/a").header(name, value);
        let error = server.client().send(&request).unwrap_err();
        assert_hides(&(printed(&error) + &format!("{request:?}")), secret, &name);
    }
    let error = server.client().with_user_agent("hu5h/Hush=hu5h\n").unwrap_err();
    assert_hides(&printed(&error), secret, &"user agent");
}

#[cfg(feature = "rustls")]
#[test]
fn no_spelling_of_a_proxy_password_is_shown() {
    let secret = "hu5h-Hush-hu5h";
    for password in [
        secret.to_owned(),
        format!("{secret}%ff"),
        format!("{secret}@x"),
        format!("1/{secret}"),
        format!("1#{secret}"),
        format!("1?{secret}"),
        format!("{secret}\\n"),
        format!("{secret} "),
        format!("{secret}\n"),
        format!("[{secret}"),
        format!("\u{e4}{secret}"),
    ] {
        for host in ["127.0.0.1:1", "", "127.0.0.1:99999", "[::1"] {
            for scheme in ["", "http://", "https://", "socks5://", "hu5h-Hush-hu5h://"] {
                let url = format!("{scheme}user:{password}@{host}");
                let client = client_at("https://api.vendor.test").with_proxy(&url);
                let text = match client {
                    Err(error) => printed(&error),
                    Ok(client) => {
                        let client =
                            client.with_retry_policy(RetryPolicy::default().with_retries(0));
                        let report = client.diagnose(None);
                        format!("{}{client:?}{report}", printed(&client.get("/a").unwrap_err()))
                    }
                };
                assert_hides(&text, secret, &url);
            }
        }
    }
    // What stands before such a character would be taken for host and port.
    for url in
        ["http://user:12/ab@proxy.test", "http://user:12#ab@proxy.test", "http://p.test/a.pac"]
    {
        let error = client_at("https://api.vendor.test").with_proxy(url).unwrap_err();
        assert!(error.to_string().contains("percent-encode"), "{error}");
    }
}

/// What holds for a refusal holds for a success that cannot be read.
#[test]
fn a_success_that_cannot_be_read_shows_no_secret_of_the_request() {
    for body in [
        "<html>no rights for k3y-abcdefgh, signed SiGnAtUrE1234567</html>",
        r#"{"n":"k3y-abcdefgh SiGnAtUrE1234567"}"#,
    ] {
        let server = Server::with_api([reply(200, body)]);
        let request = Request::get("/x?sig=SiGnAtUrE1234567")
            .header("X-Api-Key", "k3y-abcdefgh")
            .without_token();
        let response = server.client().send(&request).unwrap();
        let error = response.json::<std::collections::BTreeMap<String, u32>>().unwrap_err();
        let Error::Decode(decode) = &error else { panic!("{error}") };
        let text = format!("{error:?}\n{}", decode.body);
        assert!(!text.contains("k3y-abcdefgh") && !text.contains("SiGnAtUrE1234567"), "{text}");
        for row in server.client().items::<u32>(request) {
            let text = format!("{:?}", row.unwrap_err());
            assert!(!text.contains("k3y-abcdefgh") && !text.contains("SiGnAtUrE1234567"), "{text}");
        }
    }
}
