//! The doctor: what it asks, what it leaves alone, and what its report says.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use unattended::error::ErrorKind;
use unattended::{
    AuthMethod, Client, Clock, Credentials, Error, Event, ManualClock, MemoryStore, Provider,
    Report, RetryPolicy, StoreEntry, TokenStore,
};

use crate::support::real_time::at_some_pace;
use crate::support::*;

/// What the manual clock shows at first, as a server writes it.
const NOON: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn jwt(claims: &str) -> String {
    let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims))
}

/// A client on a manual clock whose token endpoint answers this, and whose API says 200.
fn with_token_answer(token: Reply) -> (Server, Client, ManualClock) {
    let server = Server::with_scripts([token.header("date", NOON)], []);
    let (client, clock) = on_manual_clock(server.client());
    (server, client, clock)
}

/// The report as it is printed; it holds no secret, in whatever way it is printed.
#[track_caller]
fn printed(report: &Report, secrets: &[&str]) -> String {
    let text = report.to_string();
    for secret in [&[SECRET, "my-client", "token-1"], secrets].concat() {
        assert!(!text.contains(secret), "{secret} is in\n{text}");
        assert!(!format!("{report:?}").contains(secret), "{secret} is in {report:?}");
    }
    text
}

/// What the report says under one label.
#[track_caller]
fn line(report: &Report, label: &str) -> String {
    let text = printed(report, &[]);
    let of_label = |line: &&str| line.len() > 19 && line[..19].trim_end() == label;
    let line = text.lines().find(of_label);
    line.unwrap_or_else(|| panic!("no line {label} in\n{text}"))[19..].to_owned()
}

fn roots(report: &Report) -> String {
    line(report, "roots")
}

#[test]
fn a_good_report_tells_settings_token_claims_clock_and_call() {
    let claims = r#"{"aud":["orders"],"azp":"my-client","exp":1767229200,"iat":1767225600.5,"sub":"my-client@clients","tenant":"M\u00fcller"}"#;
    let body = serde_json::json!({
        "access_token": jwt(claims), "expires_in": 3600, "scope": "write read"
    });
    let answer = reply(200, body.to_string()).header("date", NOON);
    let server = Server::with_scripts([answer], [reply(200, "{}")]);
    let provider = server
        .provider()
        .with_token_endpoint(&server.url("/oauth/token?key=hush-hush"))
        .unwrap()
        .with_scope("read write")
        .with_audience("orders-api")
        .with_resource("https://api.example.com/a")
        .with_resource("https://api.example.com/b")
        .with_token_parameter("note", "hush-hush")
        .with_token_parameter("pin", "hush-hush");
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let (client, _) = on_manual_clock(client);
    let report = client.diagnose("/health?key=hush-hush");
    assert_eq!(
        printed(&report, &["hush-hush", &jwt(claims)]),
        format!(
            "unattended {VERSION}, {NOON} by the clock of this machine
token endpoint     {origin}/oauth/token
authentication     client_secret_post: id and secret in the form body
API                {origin}/
proxy              none (never for calls to this machine)
roots              {roots}
client certificate none
scope asked        read write
audience           orders-api
resource           https://api.example.com/a
resource           https://api.example.com/b
extra parameters   note, pin
token              came after 0 s
lifetime           3600 s
scope granted      write read
claims             of the access token, not verified
                   aud: [\"orders\"]
                   azp: \"***\"
                   exp: 1767229200 (Thu, 01 Jan 2026 01:00:00 GMT)
                   iat: 1767225600.5
                   sub: \"***@clients\"
                   tenant: \"Müller\"
clock              the same as the server's
GET                /health: 200 OK after 0 s
result             good",
            origin = server.url(""),
            roots = roots(&report),
        )
    );
    assert!(report.is_ok() && report.error().is_none());
    assert_eq!(report.exit_code(), 0);
    assert_eq!(report.claims.as_ref().unwrap()["tenant"], "Müller");
    assert_eq!(server.api_requests()[0].target, "/health?key=hush-hush");
    let token = server.api_requests()[0].header("authorization").unwrap().to_owned();
    assert_eq!(token, format!("Bearer {}", jwt(claims)));
}

#[test]
fn warnings_are_in_their_lines_and_in_the_result() {
    let body = r#"{"access_token":"token-1","scope":"read\nmore"}"#;
    let (server, _, clock) = with_token_answer(reply(200, body));
    let provider = server.provider().with_scope("read write all");
    let client = Client::new(provider, Credentials::new("my-client", SECRET))
        .unwrap()
        .with_clock(clock.clone())
        .with_store(Failing("the cache is down"));
    clock.set_now(clock.now() - secs(90));
    let report = client.diagnose(None);
    assert_eq!(
        printed(&report, &[]),
        format!(
            "unattended {VERSION}, Wed, 31 Dec 2025 23:58:30 GMT by the clock of this machine
token endpoint     {origin}/oauth/token
authentication     client_secret_post: id and secret in the form body
API                {origin}/
proxy              none (never for calls to this machine)
roots              {roots}
client certificate none
scope asked        read write all
token              came after 0 s
lifetime           not stated: used until it is refused
scope granted      read more; warning: missing write all
claims             not readable: the token is opaque
clock              the server's is 90 s ahead of this machine's; warning: one of the two is wrong
token store        warning: failed, so the client went on without it: the cache is down
result             good, but see the warnings",
            origin = server.url(""),
            roots = roots(&report),
        )
    );
    assert_eq!(report.missing_scope(), ["write", "all"]);
    assert_eq!(report.scope_granted.as_deref(), Some("read\nmore"));
    assert_eq!((report.clock_offset, report.lifetime), (Some(90), None));
    assert_eq!(report.store_error.as_deref(), Some("the cache is down"));
    assert!(report.is_ok());
    assert_eq!(report.exit_code(), 0);
    assert!(server.api_requests().is_empty());
}

#[test]
fn refused_credentials_are_told_with_what_to_do() {
    let answer = reply(401, oauth("invalid_client")).header("x-request-id", "4711");
    let (server, _, clock) = with_token_answer(answer);
    let provider = server.provider().with_auth_method(AuthMethod::ClientSecretBasic);
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let report = client.with_clock(clock).diagnose("/health");
    let host = server.url("").replace("http://", "");
    assert_eq!(
        printed(&report, &[]),
        format!(
            "unattended {VERSION}, {NOON} by the clock of this machine
token endpoint     http://{host}/oauth/token
authentication     client_secret_basic: id and secret by HTTP Basic, form-encoded
API                http://{host}/
proxy              none (never for calls to this machine)
roots              {roots}
client certificate none
scope asked        none, which leaves it to the server
token              none after 0 s: tried once, within 10 s at most
error              no access token: POST {host}/oauth/token: 401 Unauthorized: invalid_client: because (request id 4711); the authorization server does not know this client id and secret; they were sent by HTTP Basic, form-encoded (client_secret_basic): check both, and whether the server expects another Provider::with_auth_method; the client secret has characters that form-encoding changes: a server that does not decode them needs AuthMethod::ClientSecretBasicRaw
clock              the same as the server's
GET                /health: not sent, since there is no token
result             failed, exit code 77",
            roots = roots(&report),
        )
    );
    assert!(!report.is_ok());
    assert_eq!((report.exit_code(), report.error().unwrap().kind()), (77, ErrorKind::Credentials));
    assert!(report.call.is_none() && server.api_requests().is_empty());
}

#[test]
fn the_other_ways_to_authenticate_are_told_in_words() {
    let server = Server::with_api([]);
    let provider = server.provider().with_auth_method(AuthMethod::ClientSecretBasicRaw);
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let report = client.diagnose(None);
    assert_eq!(line(&report, "authentication"), "id and secret by HTTP Basic, not form-encoded");
}

#[test]
fn what_servers_repeat_of_id_and_secret_and_token_is_masked() {
    let claims = format!(
        r#"{{"a":"{SECRET}","client_secret":"x y","password":17,"{SECRET}":1,"\u001b[2J":"\u001b"}}"#
    );
    let token = jwt(&claims);
    let scope = format!("read {SECRET}");
    let body = serde_json::json!({ "access_token": token, "scope": scope });
    let server = Server::with_scripts(
        [reply(200, body.to_string())],
        [reply(403, format!(r#"{{"message":"not for {token} of my-client"}}"#))],
    );
    let report = server.client().diagnose("/x");
    printed(&report, &[&token, "x y", "17,", "\u{1b}"]);
    assert_eq!(line(&report, "scope granted"), "read ***");
    let claims = report.claims.as_ref().unwrap();
    assert_eq!(claims["a"], "***");
    assert_eq!(claims["client_secret"], "***");
    assert_eq!(claims["password"], "***");
    assert_eq!(claims["***"], 1);
    let answer = report.error().unwrap().response().unwrap();
    assert_eq!(answer.message.as_deref(), Some("not for *** of ***"));
    assert!(!answer.body.contains("my-client"), "{}", answer.body);
}

#[test]
fn a_secret_in_the_place_of_the_id_is_not_told_by_the_server_s_words() {
    let body = format!(r#"{{"error":"invalid_client","error_description":"no {SECRET}"}}"#);
    let server = Server::with_scripts([reply(400, body)], []);
    let swapped = Credentials::new(SECRET, "my-client");
    let client = Client::new(server.provider(), swapped).unwrap();
    let report = client.diagnose(None);
    assert_eq!(report.error().unwrap().response().unwrap().message.as_deref(), Some("no ***"));
    printed(&report, &[]);
    // Nor in the words that are remembered, when nothing is sent.
    printed(&client.diagnose(None), &[]);
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_claim_that_is_no_time_of_this_age_is_told_as_it_is() {
    let claims = r#"{"exp":18446744073709551615,"iat":-1,"nbf":253402300799}"#;
    let (_server, client, _) = with_token_answer(token_reply(&jwt(claims), 60));
    let text = printed(&client.diagnose(None), &[]);
    assert!(text.contains("\n                   exp: 18446744073709551615\n"), "{text}");
    assert!(text.contains("\n                   iat: -1\n"), "{text}");
    assert!(text.contains("nbf: 253402300799 (Fri, 31 Dec 9999 23:59:59 GMT)\n"), "{text}");
}

#[test]
fn a_scope_that_the_answer_does_not_name_is_not_said_to_be_granted() {
    let (server, client, _) = with_token_answer(token_reply("token-1", 60));
    assert_eq!(line(&client.diagnose(None), "scope granted"), "not said");
    let provider = server.provider().with_scope("read");
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    let report = client.diagnose(None);
    assert_eq!(line(&report, "scope granted"), "not said");
    assert_eq!(report.missing_scope(), Vec::<&str>::new());
}

#[test]
fn the_new_token_replaces_that_of_the_client_and_that_of_the_store() {
    let (server, store) = (Server::with_api([]), Arc::new(MemoryStore::new()));
    let client = server.client().with_store(store.clone());
    client.get("/x").unwrap();
    let (client, events) = observed(client);
    assert!(client.diagnose(None).is_ok());
    assert_eq!(server.token_requests().len(), 2);
    let fetched = |event: &Event| matches!(event, Event::TokenFetched { renewal: true, .. });
    assert!(events.lock().unwrap().iter().any(fetched));
    assert_eq!(client.access_token().unwrap().as_str(), "token-2");
    let other = server.client().with_store(store);
    assert_eq!(other.access_token().unwrap().as_str(), "token-2");
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_check_that_comes_first_leaves_its_token_for_the_calls_and_for_clones() {
    let server = Server::with_api([]);
    let client = server.client();
    let clone = client.clone();
    assert!(client.diagnose(None).is_ok());
    client.get("/x").unwrap();
    clone.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_check_that_fails_leaves_the_old_token_where_it_was() {
    let old = token_reply("token-1", 3600);
    for status in [400, 401, 503] {
        let refusal = reply(status, oauth("invalid_client")).header("retry-after", "5");
        let server = Server::with_scripts([old.clone(), refusal], []);
        let store = Arc::new(MemoryStore::new());
        let (client, _) = on_manual_clock(server.client().with_store(store.clone()));
        client.access_token().unwrap();
        assert!(!client.diagnose(None).is_ok());
        assert_eq!(client.access_token().unwrap().as_str(), "token-1");
        let other = server.client().with_store(store).with_clock(ManualClock::new());
        assert_eq!(other.access_token().unwrap().as_str(), "token-1");
        assert_eq!(server.token_requests().len(), 2, "{status}");
    }
}

#[test]
fn it_tries_once_and_never_sleeps() {
    let cases = [reply(503, ""), reply(429, "").header("retry-after", "1"), reply(408, "")];
    for refusal in cases {
        let (server, client, clock) = with_token_answer(refusal);
        let report = client.diagnose("/x");
        assert_eq!((report.exit_code(), server.seen().len()), (75, 1));
        assert!(clock.sleeps().is_empty());
    }
    for status in [503, 429, 401, 500] {
        let server = Server::with_api([reply(status, "")]);
        let (client, clock) = on_manual_clock(server.client());
        let report = client.diagnose("/x");
        assert!(report.token_error.is_none() && !report.is_ok());
        assert_eq!((server.token_requests().len(), server.api_requests().len()), (1, 1));
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_good_token_that_the_api_refuses_is_told_apart() {
    let server = Server::with_api([reply(403, r#"{"message":"not for you"}"#)]);
    let (client, _) = on_manual_clock(server.client());
    let report = client.diagnose("/x?y=z");
    let host = server.url("").replace("http://", "");
    assert_eq!(line(&report, "token"), "came after 0 s");
    assert_eq!(line(&report, "GET"), "/x: failed after 0 s");
    let error = format!(
        "GET {host}/x: 403 Forbidden: not for you; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope"
    );
    assert_eq!(line(&report, "error"), error);
    assert_eq!(line(&report, "result"), "failed, exit code 69");
    assert!(report.token_error.is_none());
    assert_eq!(report.error().unwrap().to_string(), error);
}

#[test]
fn a_new_token_that_the_api_does_not_know_is_told_with_what_to_check() {
    let server = Server::with_api([reply(401, "")]);
    let report = server.client().diagnose("/x");
    let host = server.url("").replace("http://", "");
    assert_eq!(
        line(&report, "error"),
        format!(
            "GET {host}/x: 401 Unauthorized; the token is new: check whether this API takes tokens of this token endpoint, with this audience and scope"
        )
    );
    assert_eq!(report.exit_code(), 77);
}

#[test]
fn a_new_token_that_is_not_valid_yet_is_told_with_the_clocks() {
    let early = r#"Bearer error="invalid_token", error_description="Token used before issued""#;
    let server = Server::with_api([reply(401, "").header("www-authenticate", early)]);
    let (client, clock) = on_manual_clock(server.client());
    let error = line(&client.diagnose("/x"), "error");
    assert!(error.ends_with("; the token is new, and by the clock of this API it is not valid yet: the clocks of the API and of the authorization server differ"), "{error}");
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (1, 0));
}

#[test]
fn the_get_goes_nowhere_else_with_the_token() {
    let server = Server::with_api([]);
    let report = server.client().diagnose("https://elsewhere.test/x?key=hush-hush");
    printed(&report, &["hush-hush"]);
    assert_eq!(line(&report, "GET"), "https://elsewhere.test/x: failed after 0 s");
    let error = line(&report, "error");
    assert!(error.contains("the token must not leave the origin of the base URL"), "{error}");
    assert!(server.api_requests().is_empty());
    let other = Server::with_api([]);
    let redirect = reply(302, "").header("location", other.url("/there"));
    let server = Server::with_api([redirect]);
    assert!(server.client().diagnose("/x").is_ok());
    assert_eq!(other.seen()[0].header("authorization"), None);
}

/// A server whose answers take so many seconds on the manual clock: token, API.
fn slow(token: u64, api: u64) -> (Server, Client, ManualClock) {
    let clock = ManualClock::new();
    let time = clock.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            time.advance(secs(token));
            token_reply("token-1", 3600)
        }
        _ => {
            time.advance(secs(api));
            reply(204, "")
        }
    });
    let client = server.client().with_clock(clock.clone());
    (server, client, clock)
}

#[test]
fn the_times_are_those_of_the_exchanges() {
    let (_server, client, _) = slow(3, 5);
    let report = client.diagnose("/x");
    assert_eq!((report.took, report.call_took), (Some(secs(3)), Some(secs(5))));
    assert_eq!(line(&report, "token"), "came after 3 s");
    assert_eq!(line(&report, "GET"), "/x: 204 No Content after 5 s");
}

#[test]
fn all_is_over_within_ten_seconds_even_if_calls_may_take_longer() {
    let (server, client, _) = slow(10, 0);
    let report = client.diagnose("/x");
    assert_eq!(line(&report, "token"), "came after 10 s");
    let error = line(&report, "error");
    assert!(error.contains("not sent: no time is left of the call's deadline"), "{error}");
    assert!(server.api_requests().is_empty());
}

#[test]
fn an_earlier_end_and_a_shorter_deadline_hold() {
    let (server, client, clock) = slow(3, 0);
    let early = RetryPolicy::default().with_end_time(clock.now() + secs(2));
    let early = client.clone().with_retry_policy(early);
    assert_eq!(early.diagnose("/x").exit_code(), 75);
    let short = RetryPolicy::default().with_deadline(secs(2));
    assert_eq!(client.with_retry_policy(short).diagnose("/x").exit_code(), 75);
    assert_eq!(server.token_requests().len(), 2);
    assert!(server.api_requests().is_empty());
}

#[test]
fn a_server_that_says_nothing_ends_with_the_deadline() {
    at_some_pace(|pace| {
        let origin = raw_server(|mut stream, _| while read_request(&mut stream).is_some() {});
        let policy = RetryPolicy::default().with_deadline(Duration::from_millis(100) * pace);
        let report = client_at(&origin).with_retry_policy(policy).diagnose(None);
        let error = line(&report, "error");
        assert!(
            error.ends_with("the call's deadline passed (RetryPolicy::with_deadline)"),
            "{error}"
        );
        assert!(report.took.is_some());
        assert_eq!(line(&report, "clock"), "not compared: there was no answer with a Date");
    });
}

#[test]
fn a_wait_that_the_server_asked_for_before_is_kept_by_not_asking() {
    for (asked, rest) in
        [("3600", ", and this call has 10 s left (RetryPolicy::with_deadline)"), ("3", "")]
    {
        let refusal = reply(429, "").header("retry-after", asked);
        let server = Server::with_scripts([refusal], []);
        let (client, clock) = on_manual_clock(server.client());
        let hasty = RetryPolicy::default().with_retries(0);
        client.clone().with_retry_policy(hasty).access_token().unwrap_err();
        let report = client.diagnose("/x");
        let host = server.url("").replace("http://", "");
        assert_eq!(line(&report, "token"), "none: not asked for");
        assert_eq!(
            line(&report, "error"),
            format!(
                "no access token: POST {host}/oauth/token: 429 Too Many Requests; not sent: the wait that the server asked for has another {asked} s to run{rest}"
            )
        );
        assert_eq!(report.error().unwrap().retry_after(), Some(secs(asked.parse().unwrap())));
        assert_eq!((report.exit_code(), report.took), (75, None));
        assert_eq!(server.seen().len(), 1);
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_wait_that_others_left_in_the_store_is_kept_as_well() {
    let refusal = reply(503, "").header("retry-after", "5");
    let server = Server::with_scripts([refusal], []);
    let (store, clock) = (Arc::new(MemoryStore::new()), ManualClock::new());
    let client = || server.client().with_store(store.clone()).with_clock(clock.clone());
    assert_eq!(client().diagnose(None).exit_code(), 75);
    let report = client().diagnose(None);
    let error = line(&report, "error");
    assert!(error.ends_with(
        "not sent: the wait that the server asked for has another 5 s to run; the wait is kept in the memory of this process, and Client::forget_cooldowns clears it"
    ));
    assert_eq!(server.token_requests().len(), 1);
    clock.advance(secs(5));
    assert!(client().diagnose(None).is_ok());
}

#[test]
fn the_get_keeps_the_wait_that_the_api_asked_for() {
    let server = Server::with_api([reply(429, "").header("retry-after", "4"), reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    assert!(!client.diagnose("/x").is_ok());
    let report = client.diagnose("/x");
    let error = line(&report, "error");
    assert!(error.ends_with("not sent: the wait that the server asked for has another 4 s to run"));
    assert_eq!(server.api_requests().len(), 1);
    clock.advance(secs(4));
    assert!(client.diagnose("/x").is_ok());
    assert!(clock.sleeps().is_empty());
}

#[test]
fn credentials_that_were_refused_a_moment_ago_are_not_sent_again() {
    let (server, client, clock) = with_token_answer(reply(401, oauth("invalid_client")));
    let first = client.diagnose(None);
    let report = client.diagnose(None);
    assert_eq!(line(&report, "token"), "none: not asked for");
    assert_eq!(line(&report, "error"), line(&first, "error"));
    assert_eq!((report.exit_code(), server.token_requests().len()), (77, 1));
    clock.advance(secs(60));
    assert!(client.diagnose(None).is_ok());
}

#[test]
fn credentials_that_cannot_be_read_are_told() {
    let server = Server::with_api([]);
    let credentials = Credentials::from_fn(|| Err("the vault is sealed".into()));
    let client = Client::new(server.provider(), credentials).unwrap();
    let report = client.diagnose(None);
    assert_eq!(line(&report, "token"), "none: not asked for");
    let error = line(&report, "error");
    assert!(error.ends_with("the credentials function failed: the vault is sealed"), "{error}");
    let spaced = Credentials::from_fn(|| Ok(("my-client ".into(), SECRET.into())));
    let report = Client::new(server.provider(), spaced).unwrap().diagnose(None);
    assert_eq!(line(&report, "error"), "the client id ends with white space: remove it");
    assert_eq!(report.exit_code(), 78);
    assert!(server.seen().is_empty());
}

/// A store that runs the change and then fails by this text and the token in the entry.
struct Failing(&'static str);

impl TokenStore for Failing {
    fn update(
        &self,
        _: &str,
        _: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        change(&mut StoreEntry::default());
        Err(self.0.into())
    }
}

#[test]
fn a_store_that_quotes_the_token_that_it_cannot_keep_is_masked() {
    let server = Server::with_api([]);
    let failing = Failing("cannot keep token-1 of my-client");
    let (client, events) = observed(server.client().with_store(failing));
    let report = client.diagnose(None);
    let text = "warning: failed, so the client went on without it: cannot keep *** of ***";
    assert_eq!(line(&report, "token store"), text);
    assert_eq!(line(&report, "result"), "good, but see the warnings");
    assert_eq!((client.stats().store_failures, server.token_requests().len()), (1, 1));
    assert!(!format!("{:?}", events.lock().unwrap()).contains("token-1"));
}

/// Notes how long it may take, and fails without running the change.
struct Patience(Arc<Mutex<Vec<Duration>>>);

impl TokenStore for Patience {
    fn update(
        &self,
        _: &str,
        wait_at_most: Duration,
        _: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap().push(wait_at_most);
        Err("somebody else takes too long".into())
    }
}

#[test]
fn the_store_gets_half_of_the_ten_seconds_and_is_then_done_without() {
    let (server, waits) = (Server::with_api([]), Arc::default());
    let (client, _) = on_manual_clock(server.client().with_store(Patience(Arc::clone(&waits))));
    let report = client.diagnose(None);
    assert!(report.is_ok());
    assert_eq!(*waits.lock().unwrap(), [secs(5)]);
    assert_eq!(report.store_error.as_deref(), Some("somebody else takes too long"));
    assert_eq!(client.access_token().unwrap().as_str(), "token-1");
}

#[test]
fn the_clocks_are_compared_in_whole_seconds_by_every_answer_with_a_date() {
    const WRONG: &str = "; warning: one of the two is wrong";
    let cases: [(i64, &str, &str); 7] = [
        (0, "the same as the server's", ""),
        (1, "the server's is 1 s ahead of this machine's", ""),
        (59, "the server's is 59 s ahead of this machine's", ""),
        (60, "the server's is 60 s ahead of this machine's", WRONG),
        (-59, "the server's is 59 s behind this machine's", ""),
        (-60, "the server's is 60 s behind this machine's", WRONG),
        (-7200, "the server's is 7200 s behind this machine's", WRONG),
    ];
    for (ahead, text, warning) in cases {
        for answer in [token_reply("token-1", 60), reply(400, oauth("invalid_scope"))] {
            let (_server, client, clock) = with_token_answer(answer);
            match ahead {
                0.. => clock.set_now(clock.now() - secs(ahead.unsigned_abs())),
                _ => clock.set_now(clock.now() + secs(ahead.unsigned_abs())),
            }
            let report = client.diagnose(None);
            assert_eq!(report.clock_offset, Some(ahead));
            assert_eq!(line(&report, "clock"), format!("{text}{warning}"));
        }
    }
}

#[test]
fn an_answer_is_dated_while_it_is_under_way_and_without_fractions() {
    // The local clock when the request leaves, in milliseconds from noon; how long it takes.
    let cases =
        [(0, 5_000, 0), (999, 0, 0), (1_000, 0, -1), (-5_000, 5_000, 0), (-7_500, 5_000, 2)];
    for (sent, took, offset) in cases {
        let clock = ManualClock::new();
        let time = clock.clone();
        let server = Server::start(move |_| {
            time.advance(Duration::from_millis(took));
            token_reply("token-1", 60).header("date", NOON)
        });
        let noon = clock.now();
        let apart = Duration::from_millis(i64::unsigned_abs(sent));
        clock.set_now(if sent < 0 { noon - apart } else { noon + apart });
        let report = server.client().with_clock(clock).diagnose(None);
        assert_eq!(report.clock_offset, Some(offset), "{sent} {took}");
    }
}

#[test]
fn a_date_that_is_none_is_not_compared() {
    let (_server, client, _) = with_token_answer(token_reply("token-1", 60).header("x-other", "1"));
    assert_eq!(client.diagnose(None).clock_offset, Some(0));
    let origin = raw_server(|mut stream, _| {
        while read_request(&mut stream).is_some() {
            write_reply(&mut stream, &token_reply("token-1", 60).header("date", "yesterday"));
        }
    });
    assert_eq!(client_at(&origin).diagnose(None).clock_offset, None);
}

#[test]
fn a_local_clock_before_1970_does_not_stop_it() {
    let (_server, client, clock) = with_token_answer(token_reply("token-1", 60));
    clock.set_now(SystemTime::UNIX_EPOCH - secs(10));
    let report = client.diagnose(None);
    assert!(report.is_ok());
    let text = printed(&report, &[]);
    assert_eq!(text.lines().next(), Some(format!("unattended {VERSION}").as_str()));
}

#[test]
fn a_connection_that_is_refused_is_told_with_its_cause() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let (client, _) = on_manual_clock(client_at(&format!("http://{host}")));
    let report = client.diagnose(None);
    assert_eq!(
        line(&report, "error"),
        format!("POST {host}/oauth/token: no connection to the server")
    );
    let text = printed(&report, &[]);
    assert!(text.contains("\n                     caused by: Connection refused"), "{text}");
    assert_eq!(line(&report, "token"), "none after 0 s: tried once, within 10 s at most");
    assert_eq!(report.exit_code(), 75);
}

#[test]
fn an_answer_that_is_no_token_is_told_without_it() {
    let (_server, client, _) = with_token_answer(reply(200, r#"{"token":"token-1"}"#));
    let report = client.diagnose(None);
    assert_eq!(report.exit_code(), 69);
    assert!(line(&report, "error").contains("the answer has no access_token"));
    assert_eq!(report.clock_offset, Some(0));
}

#[test]
fn a_proxy_is_told_by_host_and_port_and_not_for_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let at = |endpoint: &str, base: &str| {
        let provider = Provider::new(endpoint, base).unwrap();
        Client::new(provider, Credentials::new("my-client", SECRET))
            .unwrap()
            .with_proxy(&format!("http://jane:hush-hush@127.0.0.1:{port}"))
            .unwrap()
    };
    let used = format!("127.0.0.1:{port} (never for calls to this machine)");
    let report = at("https://sso.test/token", "https://api.test").diagnose(None);
    printed(&report, &["hush-hush", "jane"]);
    assert_eq!(line(&report, "proxy"), used);
    assert!(!report.is_ok());
    let server = Server::with_api([]);
    let report = at(&server.url(TOKEN_PATH), "https://api.test").diagnose(None);
    assert_eq!(line(&report, "proxy to token"), "none (never for calls to this machine)");
    assert_eq!(line(&report, "proxy to API"), used);
    assert!(report.is_ok());
    let report = at("https://sso.test/token", "https://api.test").without_proxy();
    let ended = RetryPolicy::default().with_end_time(SystemTime::UNIX_EPOCH);
    let report = report.with_retry_policy(ended).diagnose(None);
    assert_eq!(line(&report, "proxy"), "none (never for calls to this machine)");
}

#[test]
fn no_borrow_is_held_while_anything_of_the_user_s_runs() {
    let server = Server::with_api([]);
    let (events, slot) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None::<Client>)));
    let (count, inner) = (events.clone(), slot.clone());
    let client = server.client().with_observer(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        let client = inner.lock().unwrap().take();
        if let Some(client) = client {
            assert!(client.diagnose(None).is_ok());
        }
    });
    *slot.lock().unwrap() = Some(client.clone());
    assert!(client.diagnose("/x").is_ok());
    assert_eq!(events.load(Ordering::SeqCst), 2);
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn an_error_of_the_report_can_be_matched_on() {
    let (_server, client, _) = with_token_answer(reply(400, oauth("invalid_scope")));
    let report = client.diagnose(None);
    let Some(Error::Token(error)) = report.error() else { panic!("{report}") };
    assert_eq!(error.response.as_ref().unwrap().code.as_deref(), Some("invalid_scope"));
    assert_eq!((error.attempts, report.exit_code()), (1, 78));
}

#[cfg(feature = "rustls")]
mod with_tls {
    use super::line;
    use crate::support::child::{is_child, run_in_child};
    use crate::support::tls::Authority;
    use crate::support::*;

    #[test]
    fn the_roots_in_use_are_named_and_counted() {
        let server = Server::with_api([]);
        let roots = |client: unattended::Client| line(&client.diagnose(None), "roots");
        let (one, two) = (Authority::new(), Authority::new());
        if is_child() {
            let expected = std::env::var("EXPECTED_ROOTS").unwrap();
            assert_eq!(roots(server.client()), expected);
            let own = server.client().with_root_certificates(one.pem()).unwrap();
            assert_eq!(roots(own), "set by the program, 1 certificate");
            return;
        }
        let both = format!("{}{}", one.pem(), two.pem());
        let own = server.client().with_root_certificates(both).unwrap();
        assert_eq!(roots(own), "set by the program, 2 certificates");
        let test = "client::diagnose::with_tls::the_roots_in_use_are_named_and_counted";
        run_in_child(test, &[("EXPECTED_ROOTS", "Mozilla's, built in")]);
        let file = one.file("check-roots");
        let expected = format!("SSL_CERT_FILE {file}, 1 certificate");
        run_in_child(test, &[("SSL_CERT_FILE", &file), ("EXPECTED_ROOTS", &expected)]);
    }

    #[test]
    fn settings_of_the_environment_that_cannot_be_used_are_in_the_report() {
        let test = "client::diagnose::with_tls::settings_of_the_environment_that_cannot_be_used_are_in_the_report";
        if !is_child() {
            let wrong = [("SSL_CERT_FILE", "/nowhere"), ("HTTPS_PROXY", "socks4://u:hush@x:1")];
            run_in_child(test, &wrong[..1]);
            return run_in_child(test, &wrong[1..]);
        }
        // Roots are read for https only; nothing listens there.
        let report = client_at("https://127.0.0.1:9").diagnose(None);
        assert_eq!((report.exit_code(), report.took), (78, None));
        assert_eq!(line(&report, "token"), "none: not asked for");
        let error = line(&report, "error");
        match std::env::var_os("SSL_CERT_FILE") {
            Some(_) => {
                let roots = "SSL_CERT_FILE /nowhere, which cannot be used";
                assert_eq!(line(&report, "roots"), roots);
                assert_eq!(error, "SSL_CERT_FILE /nowhere cannot be read");
            }
            None => {
                let proxy = "a setting that cannot be used (never for calls to this machine)";
                assert_eq!(line(&report, "proxy"), proxy);
                assert!(error.contains("HTTPS_PROXY is a SOCKS4 proxy"), "{error}");
                assert!(!report.to_string().contains("hush"));
            }
        }
    }

    #[test]
    fn a_client_certificate_is_told_to_be_there_and_no_more() {
        let authority = Authority::new();
        let issued = authority.issue(&["client"]);
        let server = Server::with_api([]);
        let (client, key) = (server.client(), issued.key.serialize_pem());
        let client = client.with_client_certificate(&issued.pem, &key).unwrap();
        let report = client.diagnose(None);
        assert_eq!(line(&report, "client certificate"), "set");
        assert!(!report.to_string().contains("BEGIN"));
    }
}

/// GitHub, Slack and Linear answer so: nothing is missing.
#[test]
fn a_granted_scope_with_commas_is_no_missing_one() {
    let body = r#"{"access_token":"token-1","expires_in":60,"scope":"read,write"}"#;
    let server = Server::with_scripts([reply(200, body), reply(200, body)], [reply(403, "")]);
    let client = Client::new(
        server.provider().with_scope("read write"),
        Credentials::new("my-client", SECRET),
    )
    .unwrap();
    let error = client.get("/x").unwrap_err().to_string();
    assert!(!error.contains("is not granted"), "{error}");
    assert_eq!(client.diagnose(None).missing_scope(), Vec::<&str>::new());
}
