//! Providers by their issuer: where is asked, what is believed, and what is taken from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use unattended::error::{Delivery, ErrorKind};
use unattended::{
    Client, Credentials, Error, ManualClock, Provider, RetryPolicy, StoreEntry, TokenStore,
};

use crate::support::*;

const OIDC: &str = "/.well-known/openid-configuration";
const RFC_8414: &str = "/.well-known/oauth-authorization-server";

/// The document of a server that says no more than it must; `ORIGIN` becomes its own.
fn document(issuer_path: &str) -> Value {
    json!({
        "issuer": format!("ORIGIN{issuer_path}"),
        "token_endpoint": format!("ORIGIN{TOKEN_PATH}"),
        "response_types_supported": ["code"],
    })
}

/// `document` with a member added or replaced.
fn with(mut document: Value, name: &str, value: impl Into<Value>) -> Value {
    document[name] = value.into();
    document
}

fn without(mut document: Value, name: &str) -> Value {
    document.as_object_mut().unwrap().remove(name).unwrap();
    document
}

fn not_found() -> Reply {
    reply(404, r#"{"error":"Realm does not exist"}"#)
}

/// A server that answers by `answer`, where `ORIGIN` stands for its own origin, and is
/// a token endpoint and an API besides.
fn serving(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("token-1", 3600),
        "/api/x" | "/revoke" => reply(200, "{}"),
        _ => {
            let mut reply = answer(seen);
            let origin = format!("http://{}", seen.header("host").unwrap());
            reply.body = reply.body.replace("ORIGIN", &origin);
            reply
        }
    })
}

/// A server that has `document` at `path`, and no other.
fn with_document(path: &'static str, document: Value) -> Server {
    serving(move |seen| match seen.path() == path {
        true => reply(200, document.to_string()).header("content-type", "application/json"),
        false => not_found(),
    })
}

/// Discovery of the issuer `path` on a manual clock.
fn discover(server: &Server, path: &str) -> (unattended::Result<Provider>, ManualClock) {
    let clock = ManualClock::new();
    let settings = |client: Client| Ok(client.with_clock(clock.clone()));
    let api = server.url("/api");
    (unattended::discover_with(&server.url(path), &api, settings), clock)
}

/// The error of a discovery, without the port of the server, once it has asked `asked`.
#[track_caller]
fn refused(server: &Server, path: &str, asked: &[&str]) -> (Error, String) {
    let (result, clock) = discover(server, path);
    let error = result.expect_err("it was discovered");
    assert_eq!(targets(server), asked, "{error}");
    assert!(clock.sleeps().is_empty());
    let text = error.to_string().replace(&server.url("").replace("http://", ""), "HOST");
    (error, text)
}

/// As [`refused`], by a document that is at the root of the server.
#[track_caller]
fn refused_document(document: Value) -> (Error, String) {
    refused(&with_document(OIDC, document), "", &[OIDC])
}

fn targets(server: &Server) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.target).collect()
}

/// The token request of a client of this provider.
fn token_request(server: &Server, provider: Provider) -> Seen {
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    client.get("/x").unwrap();
    assert_eq!(server.seen().last().unwrap().target, "/api/x");
    server.token_requests().pop().unwrap()
}

#[test]
fn the_document_of_openid_connect_is_asked_for_below_the_issuer() {
    let cases = [
        ("", OIDC),
        ("/", OIDC),
        ("/realms/demo", "/realms/demo/.well-known/openid-configuration"),
        ("/realms/demo/", "/realms/demo/.well-known/openid-configuration"),
        ("/a%20b", "/a%20b/.well-known/openid-configuration"),
    ];
    for (issuer, address) in cases {
        let server = with_document(address, document(issuer));
        let provider = discover(&server, issuer).0.unwrap();
        assert_eq!(targets(&server), [address], "{issuer}");
        token_request(&server, provider);
        assert_eq!(targets(&server), [address, TOKEN_PATH, "/api/x"]);
    }
}

#[test]
fn the_document_of_rfc_8414_is_asked_for_second_between_host_and_path() {
    let cases = [
        ("", [OIDC, RFC_8414]),
        ("/", [OIDC, RFC_8414]),
        (
            "/a/b",
            [
                "/a/b/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server/a/b",
            ],
        ),
        (
            "/a/b/",
            [
                "/a/b/.well-known/openid-configuration",
                "/.well-known/oauth-authorization-server/a/b",
            ],
        ),
    ];
    for (issuer, addresses) in cases {
        let server = with_document(addresses[1], document(issuer));
        let provider = discover(&server, issuer).0.unwrap();
        assert_eq!(targets(&server), addresses, "{issuer}");
        token_request(&server, provider);
    }
}

#[test]
fn the_address_of_the_document_stands_for_its_issuer() {
    let cases = [
        ("/.well-known/openid-configuration", ""),
        ("/realms/demo/.well-known/openid-configuration", "/realms/demo"),
        ("/realms/demo/.well-known/openid-configuration/", "/realms/demo"),
        ("/.well-known/oauth-authorization-server", ""),
        ("/.well-known/oauth-authorization-server/a/b", "/a/b"),
        // Okta has it below the issuer.
        ("/oauth2/default/.well-known/oauth-authorization-server", "/oauth2/default"),
    ];
    for (given, issuer) in cases {
        let address = format!("{issuer}{OIDC}");
        let document = document(issuer).to_string();
        let path = address.clone();
        let server = serving(move |seen| match seen.path() == path {
            true => reply(200, document.clone()),
            false => not_found(),
        });
        let provider =
            discover(&server, given).0.unwrap_or_else(|error| panic!("{given}: {error}"));
        let asked = given.trim_end_matches('/');
        let asked = if asked == address { vec![address] } else { vec![asked.to_owned(), address] };
        assert_eq!(targets(&server), asked, "{given}");
        token_request(&server, provider);
    }
}

#[test]
fn the_address_that_is_given_is_asked_first() {
    // Django OAuth Toolkit has it below the path that it is mounted at.
    let address = "/o/.well-known/oauth-authorization-server";
    let server = with_document(address, document("/o"));
    let provider = discover(&server, address).0.unwrap();
    assert_eq!(targets(&server), [address]);
    token_request(&server, provider);
}

#[test]
fn the_issuer_of_an_address_is_compared_to_the_letter_as_well() {
    for other in ["/", "/realms/other", "/realms/demo//"] {
        let address = "/realms/demo/.well-known/openid-configuration";
        let server = with_document(address, document(other));
        let (error, text) = refused(&server, address, &[address]);
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let expected = format!(
            "GET HOST{address}: the document is of the issuer \"http://HOST{other}\", but \"http://HOST/realms/demo\" was asked for: both must be exactly the same"
        );
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn whatever_is_no_document_leads_to_the_second_address() {
    let html = "<!doctype html><title>Shop</title><div id=root></div>";
    let answers = [
        not_found(),
        reply(400, ""),
        reply(401, ""),
        reply(403, "blocked"),
        reply(405, ""),
        reply(410, ""),
        reply(501, ""),
        reply(200, html).header("content-type", "text/html"),
        reply(200, ""),
        reply(204, ""),
        reply(200, "null"),
        reply(200, "[]"),
        reply(200, "\"text\""),
        reply(200, "{\"issuer\":"),
        reply(200, " ".repeat(1024 * 1024 + 1)),
        reply(302, "").header("location", "/login"),
        reply(302, ""),
    ];
    for answer in answers {
        let first = answer.clone();
        let server = serving(move |seen| match seen.path() {
            OIDC => first.clone(),
            RFC_8414 => reply(200, document("").to_string()),
            _ => reply(200, html),
        });
        let (provider, clock) = discover(&server, "");
        provider.unwrap_or_else(|error| panic!("{}: {error}", answer.status));
        assert_eq!(targets(&server).last().unwrap(), RFC_8414);
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn two_refusals_are_told_with_both_addresses_and_what_each_said() {
    let server = serving(|seen| match seen.path().starts_with("/realms") {
        true => not_found(),
        false => {
            reply(200, "<html><title>Shop</title>\n</html>").header("content-type", "text/html")
        }
    });
    let asked = [
        "/realms/dmeo/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/realms/dmeo",
    ];
    let (error, text) = refused(&server, "/realms/dmeo", &asked);
    assert_eq!(
        text,
        "nothing was found for the issuer \"http://HOST/realms/dmeo\": GET HOST/realms/dmeo/.well-known/openid-configuration: 404 Not Found: Realm does not exist; GET HOST/.well-known/oauth-authorization-server/realms/dmeo: the body is not valid JSON (text/html): expected value at line 1 column 1: Shop; check the issuer, or give the token endpoint by Provider::new"
    );
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Configuration, 78));
    assert_eq!(error.delivery(), Delivery::NotSent);
}

#[test]
fn a_document_may_have_one_mebibyte_whatever_the_limit_of_the_client() {
    let limit = 1024 * 1024;
    let bytes = |length: usize| {
        serving(move |seen| {
            let origin = format!("http://{}", seen.header("host").unwrap());
            let text = document("").to_string().replace("ORIGIN", &origin);
            let padding = " ".repeat(length - text.len());
            reply(200, text + &padding)
        })
    };
    let server = bytes(limit);
    let settings = |client: Client| Ok(client.with_body_limit(10));
    unattended::discover_with(&server.url(""), &server.url("/api"), settings).unwrap();
    let (error, text) = refused(&bytes(limit + 1), "", &[OIDC, RFC_8414]);
    assert_eq!(error.exit_code(), 78);
    assert_eq!(text.matches(": the body is longer than 1048576 bytes; ").count(), 2, "{text}");
}

#[test]
fn the_issuer_of_the_document_is_the_one_asked_for_to_the_letter() {
    let cases = [
        ("", "ORIGIN/"),
        ("/", "ORIGIN"),
        ("/realms/demo", "ORIGIN/realms/demo/"),
        ("/realms/demo", "ORIGIN/realms/Demo"),
        ("/realms/demo", "ORIGIN/realms/dem%6F"),
        ("", "https://evil.example.com"),
        ("", ""),
    ];
    for (issuer, own) in cases {
        let server = serving(move |_| reply(200, with(document(""), "issuer", own).to_string()));
        let address = format!("{}{OIDC}", issuer.trim_end_matches('/'));
        let (error, text) = refused(&server, issuer, &[&address]);
        let own = own.replace("ORIGIN", "http://HOST");
        let expected = format!(
            "GET HOST{address}: the document is of the issuer \"{own}\", but \"http://HOST{issuer}\" was asked for: both must be exactly the same, a trailing slash included; if you mean the first one, ask for it"
        );
        assert_eq!(text, expected);
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
    }
}

#[test]
fn what_a_document_says_is_quoted_in_one_line_of_bounded_length() {
    let (_, text) = refused_document(with(document(""), "issuer", "a\n\u{1b}[31mb".repeat(9999)));
    assert!(text.contains(r#""a\n\u{1b}[31mba\n"#) && text.len() < 1500, "{text}");
    let methods = json!(["none\n", "x".repeat(9999)]);
    let (_, text) = refused_document(with(document(""), METHODS, methods));
    assert!(text.contains(r"[none\n, xxx") && text.len() < 700, "{text}");
}

#[test]
fn a_document_that_lacks_what_it_must_have_cannot_be_read() {
    let cases = [
        (without(document(""), "issuer"), "it has no issuer"),
        (with(document(""), "issuer", 1), "its issuer is not a string"),
        (with(document(""), "issuer", Value::Null), "its issuer is not a string"),
        (without(document(""), "token_endpoint"), "it has no token_endpoint"),
        (with(document(""), "token_endpoint", json!([])), "its token_endpoint is not a string"),
        (
            with(document(""), METHODS, "client_secret_post"),
            "its token_endpoint_auth_methods_supported is not a list",
        ),
        (json!({ "error": "not_found" }), "it has no issuer"),
    ];
    for (document, why) in cases {
        let (error, text) = refused_document(document);
        let expected = format!("GET HOST{OIDC}: {why}: give the token endpoint by Provider::new");
        assert_eq!(text, expected);
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Incomplete, 65));
        let Error::Decode(error) = error else { panic!("{error}") };
        assert!(error.body.starts_with('{'));
    }
}

#[test]
fn a_token_endpoint_that_a_secret_must_not_go_to_is_a_configuration_error() {
    let cases = [
        ("http://sso.example.com/token", "plain http is allowed to this machine only: use https"),
        ("/token", "not an absolute URL: it must begin with https://"),
        ("", "not an absolute URL: it must begin with https://"),
        ("https://user:hush@sso.example.com/", "a URL must not hold credentials"),
        ("ftp://sso.example.com/token", "the scheme must be https"),
    ];
    for (endpoint, why) in cases {
        let (error, text) = refused_document(with(document(""), "token_endpoint", endpoint));
        assert_eq!(text, format!("GET HOST{OIDC}: its token_endpoint: {why}"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(!format!("{error:?}").contains("hush"));
    }
}

#[test]
fn an_issuer_or_base_url_that_cannot_be_right_is_told_unsent() {
    let query = "the issuer: it cannot have a query or a fragment";
    let cases = [
        ("https://sso.example.com/?realm=hush", query),
        ("https://sso.example.com/#hush", query),
        ("https://sso.example.com?", query),
        (
            "http://sso.example.com",
            "the issuer: plain http is allowed to this machine only: use https",
        ),
        ("sso.example.com", "the issuer: not an absolute URL: it must begin with https://"),
        ("", "the issuer: not an absolute URL: it must begin with https://"),
        ("https://user:hush@a.example.com", "the issuer: a URL must not hold credentials"),
    ];
    let never = |_: Client| -> unattended::Result<Client> { panic!("a client was made") };
    for (issuer, expected) in cases {
        let error = unattended::discover_with(issuer, "https://api.test", never).unwrap_err();
        assert_eq!(error.to_string(), expected, "{issuer}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
    }
    let error =
        unattended::discover_with("https://sso.test", "http://api.test", never).unwrap_err();
    let expected = "the base URL: plain http is allowed to this machine only: use https";
    assert_eq!(error.to_string(), expected);
    let wrong = |client: Client| client.with_user_agent("");
    let error =
        unattended::discover_with("https://sso.test", "https://api.test", wrong).unwrap_err();
    assert_eq!(error.to_string(), "the user agent is not a valid header value");
}

const METHODS: &str = "token_endpoint_auth_methods_supported";

#[test]
fn the_authentication_is_basic_before_post_and_basic_where_nothing_is_said() {
    let cases = [
        (None, true),
        (Some(Value::Null), true),
        (Some(json!(["client_secret_basic"])), true),
        (Some(json!(["client_secret_post", "private_key_jwt", "client_secret_basic"])), true),
        (Some(json!(["client_secret_post"])), false),
        (Some(json!([1, null, "none", "client_secret_post"])), false),
    ];
    for (methods, is_basic) in cases {
        let said = format!("{methods:?}");
        let document = match methods {
            None => document(""),
            Some(methods) => with(document(""), METHODS, methods),
        };
        let server = with_document(OIDC, document);
        let request = token_request(&server, discover(&server, "").0.unwrap());
        let sent = (request.header("authorization"), request.body.as_str());
        let basic = "Basic bXktY2xpZW50OnMzY3JldCUyRndpdGglMkJzaWducw==";
        let expected = match is_basic {
            true => (Some(basic), "grant_type=client_credentials"),
            false => (
                None,
                "grant_type=client_credentials&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns",
            ),
        };
        assert_eq!(sent, expected, "{said}");
    }
}

#[test]
fn a_server_that_wants_another_authentication_is_told_with_what_it_offers() {
    let cases = [
        (json!(["client_secret_jwt", "none"]), "client_secret_jwt, none"),
        (json!(["Client_Secret_Basic"]), "Client_Secret_Basic"),
        (json!([]), ""),
    ];
    for (methods, offered) in cases {
        let (error, text) = refused_document(with(document(""), METHODS, methods));
        let expected = format!(
            "GET HOST{OIDC}: its token_endpoint_auth_methods_supported are [{offered}]; this crate offers client_secret_basic, client_secret_post, private_key_jwt and tls_client_auth"
        );
        assert_eq!(text, expected);
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn a_revocation_endpoint_is_taken_if_it_can_be_used() {
    for (endpoint, is_taken) in [
        (json!("ORIGIN/revoke"), true),
        (json!("http://sso.example.com/revoke"), false),
        (json!(null), false),
    ] {
        let server = with_document(OIDC, with(document(""), "revocation_endpoint", endpoint));
        let provider = discover(&server, "").0.unwrap();
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        client.get("/x").unwrap();
        assert_eq!(client.revoke().is_ok(), is_taken);
        assert_eq!(targets(&server).last().unwrap() == "/revoke", is_taken);
    }
}

#[test]
fn no_credentials_and_no_token_are_sent_and_nobody_is_asked_for_one() {
    let server = with_document(RFC_8414, document(""));
    discover(&server, "").0.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    for seen in seen {
        assert_eq!((seen.method.as_str(), seen.body.as_str()), ("GET", ""));
        assert_eq!(seen.header("accept"), Some("application/json"));
        assert_eq!(seen.header("authorization"), None);
    }
}

#[test]
fn redirects_are_followed_and_the_issuer_is_compared_all_the_same() {
    let target = with_document("/moved", document(""));
    let location = target.url("/moved");
    let server = serving(move |_| reply(302, "").header("location", location.clone()));
    let error = discover(&server, "").0.unwrap_err();
    let expected = format!(
        "GET {}/moved: the document is of the issuer {:?}, but {:?} was asked for",
        target.url("").replace("http://", ""),
        target.url(""),
        server.url("")
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    let server = serving(|seen| match seen.path() {
        OIDC => reply(301, "").header("location", "/moved"),
        _ => reply(200, document("").to_string()),
    });
    discover(&server, "").0.unwrap();
    assert_eq!(targets(&server), [OIDC, "/moved"]);
}

#[test]
fn a_wait_that_the_server_asks_for_is_waited_out() {
    let count = AtomicUsize::new(0);
    let server = serving(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => reply(503, "").header("retry-after", "7"),
        1 => reply(429, "").header("retry-after", "60"),
        _ => reply(200, document("").to_string()),
    });
    let (provider, clock) = discover(&server, "");
    provider.unwrap();
    assert_eq!(clock.sleeps(), [secs(7), secs(60)]);
    assert_eq!(targets(&server), [OIDC; 3]);
}

#[test]
fn trouble_that_stays_is_reported_as_it_is_without_a_second_address() {
    let server = serving(|_| reply(503, "down for maintenance"));
    let clock = ManualClock::new();
    let settings = |client: Client| {
        let policy = RetryPolicy::default().with_retries(2);
        Ok(client.with_retry_policy(policy).with_clock(clock.clone()))
    };
    let error = unattended::discover_with(&server.url(""), &server.url(""), settings).unwrap_err();
    let expected = format!(
        "GET {}{OIDC}: 503 Service Unavailable: down for maintenance, after 3 attempts",
        server.url("").replace("http://", "")
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Temporary, 75));
    assert_eq!((targets(&server).len(), clock.sleeps().len()), (3, 2));
}

#[test]
fn a_wait_that_does_not_fit_is_an_error_at_once() {
    let server = serving(|_| reply(429, "").header("retry-after", "3600"));
    let (error, _) = refused(&server, "", &[OIDC]);
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Temporary, Some(secs(3600))));
}

#[test]
fn a_server_that_is_not_there_is_a_connection_error_after_the_usual_retries() {
    let closed = "127.0.0.1:1";
    let clock = ManualClock::new();
    let settings = |client: Client| Ok(client.with_clock(clock.clone()));
    let issuer = format!("http://{closed}");
    let error = unattended::discover_with(&issuer, "https://api.test", settings).unwrap_err();
    let expected = format!("GET {closed}{OIDC}: no connection to the server, after 9 attempts");
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), clock.sleeps().len()), (ErrorKind::Temporary, 8));
}

/// A store that counts how often it is looked at.
struct Counting(Arc<AtomicUsize>);

impl TokenStore for Counting {
    fn update(
        &self,
        _: &str,
        _: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        change(&mut StoreEntry::default());
        Ok(())
    }
}

#[test]
fn one_closure_of_settings_serves_the_discovery_and_the_client() {
    let looks = Arc::new(AtomicUsize::new(0));
    let clock = ManualClock::new();
    let settings = |client: Client| {
        let client = client.with_store(Counting(looks.clone())).with_clock(clock.clone());
        client.with_user_agent("nightly/1")
    };
    let count = AtomicUsize::new(0);
    let server = serving(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => reply(429, "").header("retry-after", "5"),
        _ => reply(200, document("").to_string()),
    });
    let provider =
        unattended::discover_with(&server.url(""), &server.url("/api"), settings).unwrap();
    assert_eq!(looks.load(Ordering::SeqCst), 0);
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    settings(client).unwrap().get("/x").unwrap();
    assert!(looks.load(Ordering::SeqCst) > 0);
    assert_eq!(targets(&server), [OIDC, OIDC, TOKEN_PATH, "/api/x"]);
    assert!(server.seen().iter().all(|seen| seen.header("user-agent") == Some("nightly/1")));
}

#[cfg(feature = "rustls")]
mod over_tls {
    use std::env;

    use super::*;
    use crate::support::child::{is_child, run_in_child};
    use crate::support::proxy::ConnectProxy;
    use crate::support::tls::{Authority, TlsServer};

    /// What a vendor's document says, and what is asked because of it.
    struct Vendor {
        issuer: &'static str,
        document: Value,
        token_endpoint: &'static str,
        revocation_endpoint: Option<&'static str>,
    }

    fn keycloak() -> Vendor {
        let realm = "https://sso.example.com/realms/demo";
        let protocol = format!("{realm}/protocol/openid-connect");
        let document = json!({
            "issuer": realm,
            "authorization_endpoint": format!("{protocol}/auth"),
            "token_endpoint": format!("{protocol}/token"),
            "introspection_endpoint": format!("{protocol}/token/introspect"),
            "userinfo_endpoint": format!("{protocol}/userinfo"),
            "jwks_uri": format!("{protocol}/certs"),
            "grant_types_supported": [
                "authorization_code", "client_credentials", "implicit", "password",
                "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"
            ],
            "response_types_supported": ["code", "none", "id_token", "token"],
            "token_endpoint_auth_methods_supported": [
                "private_key_jwt", "client_secret_basic", "client_secret_post",
                "tls_client_auth", "client_secret_jwt"
            ],
            "claims_parameter_supported": true,
            "revocation_endpoint": format!("{protocol}/revoke"),
            "mtls_endpoint_aliases": { "token_endpoint": format!("{protocol}/token") },
        });
        Vendor {
            issuer: realm,
            document,
            token_endpoint: "/realms/demo/protocol/openid-connect/token",
            revocation_endpoint: Some("/realms/demo/protocol/openid-connect/revoke"),
        }
    }

    fn entra() -> Vendor {
        let login = "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
        let document = json!({
            "token_endpoint": format!("{login}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": [
                "client_secret_post", "private_key_jwt", "client_secret_basic"
            ],
            "jwks_uri": format!("{login}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{login}/v2.0"),
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "authorization_endpoint": format!("{login}/oauth2/v2.0/authorize"),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "tenant_region_scope": "WW",
            "cloud_instance_name": "microsoftonline.com",
            "rbac_url": "https://pas.windows.net",
        });
        Vendor {
            issuer: "https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0",
            document,
            token_endpoint: "/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/oauth2/v2.0/token",
            revocation_endpoint: None,
        }
    }

    fn auth0() -> Vendor {
        let document = json!({
            "issuer": "https://dev-1.eu.auth0.com/",
            "authorization_endpoint": "https://dev-1.eu.auth0.com/authorize",
            "token_endpoint": "https://dev-1.eu.auth0.com/oauth/token",
            "device_authorization_endpoint": "https://dev-1.eu.auth0.com/oauth/device/code",
            "userinfo_endpoint": "https://dev-1.eu.auth0.com/userinfo",
            "mfa_challenge_endpoint": "https://dev-1.eu.auth0.com/mfa/challenge",
            "jwks_uri": "https://dev-1.eu.auth0.com/.well-known/jwks.json",
            "registration_endpoint": "https://dev-1.eu.auth0.com/oidc/register",
            "revocation_endpoint": "https://dev-1.eu.auth0.com/oauth/revoke",
            "scopes_supported": ["openid", "profile", "offline_access", "email"],
            "response_types_supported": ["code", "token", "id_token"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "private_key_jwt"
            ],
            "request_parameter_supported": false,
        });
        Vendor {
            issuer: "https://dev-1.eu.auth0.com/",
            document,
            token_endpoint: "/oauth/token",
            revocation_endpoint: Some("/oauth/revoke"),
        }
    }

    /// Its issuer and its token endpoint are on two hosts.
    fn cognito() -> Vendor {
        let pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI";
        let domain = "https://auth-provider-dev.auth.eu-west-1.amazoncognito.com";
        let document = json!({
            "authorization_endpoint": format!("{domain}/oauth2/authorize"),
            "end_session_endpoint": format!("{domain}/logout"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": pool,
            "jwks_uri": format!("{pool}/.well-known/jwks.json"),
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": format!("{domain}/oauth2/revoke"),
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": format!("{domain}/oauth2/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": format!("{domain}/oauth2/userInfo"),
        });
        Vendor {
            issuer: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
            document,
            token_endpoint: "/oauth2/token",
            revocation_endpoint: Some("/oauth2/revoke"),
        }
    }

    fn host(url: &str) -> &str {
        url.split('/').nth(2).unwrap()
    }

    /// The server of all hosts that the vendor names, behind a proxy, since no resolver
    /// leads here: discovery, a call and a revocation.
    fn assert_works(vendor: Vendor) {
        let token_host = host(vendor.document["token_endpoint"].as_str().unwrap()).to_owned();
        let issuer_host = host(vendor.issuer);
        let address = vendor.issuer.split_once(issuer_host).unwrap().1.trim_end_matches('/');
        let address = format!("{address}{OIDC}");
        let authority = Authority::new();
        let identity = authority.issue(&[issuer_host, &token_host, "api.example.com"]);
        let (at, text) = (address.clone(), vendor.document.to_string());
        let server = TlsServer::start_with(&identity, None, move |seen| match seen.path() {
            path if path == at => reply(200, text.clone()),
            path if path == vendor.token_endpoint => token_reply("token-1", 3600),
            "/x" => reply(200, "{}"),
            path if Some(path) == vendor.revocation_endpoint => reply(200, ""),
            _ => not_found(),
        });
        let proxy = ConnectProxy::to(server.port);
        let settings = |client: Client| {
            client.with_root_certificates(authority.pem())?.with_proxy(&proxy.url())
        };
        let api = "https://api.example.com";
        let provider = unattended::discover_with(vendor.issuer, api, settings).unwrap();
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        let client = settings(client).unwrap();
        client.get("/x").unwrap();
        assert_eq!(client.revoke().is_ok(), vendor.revocation_endpoint.is_some());
        let seen = server.seen();
        let targets: Vec<&str> = seen.iter().map(|seen| seen.target.as_str()).collect();
        let revoked = vendor.revocation_endpoint;
        let expected = [&address, vendor.token_endpoint, "/x"].into_iter().chain(revoked);
        assert_eq!(targets, expected.collect::<Vec<_>>());
        assert_eq!(seen[0].header("authorization"), None);
        assert!(seen[1].header("authorization").unwrap().starts_with("Basic "));
        let hosts: Vec<&str> = seen.iter().map(|seen| seen.header("host").unwrap()).collect();
        assert_eq!(hosts[..3], [issuer_host, &token_host, "api.example.com"]);
    }

    #[test]
    fn keycloak_describes_itself() {
        assert_works(keycloak());
    }

    #[test]
    fn entra_describes_itself() {
        assert_works(entra());
    }

    #[test]
    fn auth0_describes_itself_with_a_slash_at_the_end_of_its_issuer() {
        assert_works(auth0());
    }

    #[test]
    fn cognito_describes_itself_on_another_host_than_that_of_its_tokens() {
        assert_works(cognito());
    }

    /// A server at `https://localhost` that describes itself.
    fn self_describing(authority: &Authority) -> TlsServer {
        TlsServer::start_with(&authority.issue(&["localhost"]), None, |seen| {
            let origin = format!("https://{}", seen.header("host").unwrap());
            reply(200, document("").to_string().replace("ORIGIN", &origin))
        })
    }

    #[test]
    fn an_authority_that_is_not_trusted_is_an_error_at_once_without_a_second_address() {
        let server = self_describing(&Authority::new());
        let clock = ManualClock::new();
        let settings = |client: Client| Ok(client.with_clock(clock.clone()));
        let issuer = format!("https://localhost:{}", server.port);
        let error = unattended::discover_with(&issuer, &issuer, settings).unwrap_err();
        let expected = format!(
            "GET localhost:{}{OIDC}: the server's certificate is signed by an authority that is not trusted here",
            server.port
        );
        assert!(error.to_string().starts_with(&expected), "{error}");
        assert_eq!((error.kind(), clock.sleeps().len()), (ErrorKind::Configuration, 0));
        assert!(server.seen().is_empty());
    }

    #[test]
    fn the_plain_discovery_heeds_the_variable_ssl_cert_file() {
        if is_child() {
            let issuer = env::var("TEST_URL").unwrap();
            let provider = unattended::discover(&issuer, &issuer).unwrap();
            let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
            client.get("/x").unwrap();
            return;
        }
        let authority = Authority::new();
        let server = self_describing(&authority);
        let file = authority.file("discovery");
        let url = format!("https://localhost:{}", server.port);
        run_in_child(
            "client::discovery::over_tls::the_plain_discovery_heeds_the_variable_ssl_cert_file",
            &[("SSL_CERT_FILE", &file), ("TEST_URL", &url)],
        );
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, [OIDC, TOKEN_PATH, "/x"]);
    }
}

/// Auth0's issuers end with a slash, which is not seen in the address of the document (RFC 8414
/// §3.1 removes it): whoever pastes that address has asked for either.
#[test]
fn the_address_of_a_document_does_for_an_issuer_with_a_slash() {
    for path in ["/", "/realms/a/"] {
        let origin: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
        let own = origin.clone();
        let server = Server::start(move |_| {
            let origin = own.get().unwrap();
            reply(200, format!(r#"{{"issuer":"{origin}{path}","token_endpoint":"{origin}/t"}}"#))
        });
        origin.set(server.url("")).unwrap();
        let pasted = server.url(&format!("{path}.well-known/openid-configuration"));
        let found = unattended::discover(&pasted, &server.url(""));
        assert!(found.is_ok(), "{}", found.unwrap_err());
    }
}
