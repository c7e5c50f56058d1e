//! Exactly one method of client authentication, chosen by what server and credentials can do.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::json;
use unattended::error::ErrorKind;
use unattended::{AuthMethod, Client, Credentials, Provider};

use crate::support::*;
use crate::token::assertions::{AUDIENCE_OF_TESTS, parameters};

fn provider() -> Provider {
    Provider::new(&format!("{AUDIENCE_OF_TESTS}{TOKEN_PATH}"), AUDIENCE_OF_TESTS).unwrap()
}

fn by_function() -> Credentials {
    Credentials::from_assertion_fn("my-client", |_| Ok("e30.e30.eA".into()))
}

/// A server that is its own issuer and lists these methods, and a client that discovers it.
fn discovered(
    methods: Option<&[&str]>,
    credentials: Credentials,
) -> (Server, unattended::Result<Client>) {
    let mut document = json!({ "issuer": "ORIGIN", "token_endpoint": "ORIGIN/oauth/token" });
    if let Some(methods) = methods {
        document["token_endpoint_auth_methods_supported"] = methods.into();
    }
    let server = Server::start(move |seen| {
        let origin = format!("http://{}", seen.header("host").unwrap());
        match seen.path() {
            TOKEN_PATH => token_reply("token-1", 3600),
            _ => reply(200, document.to_string().replace("ORIGIN", &origin)),
        }
    });
    let origin = server.url("");
    let client = unattended::discover(&origin, &origin);
    let client = client.and_then(|provider| Client::new(provider, credentials));
    (server, client)
}

#[test]
fn the_method_is_one_that_the_server_lists_and_the_credentials_can_do() {
    let secret = || Credentials::new("my-client", SECRET);
    let certificate = || Credentials::from_client_certificate("my-client");
    let all = ["tls_client_auth", "private_key_jwt", "client_secret_post", "client_secret_basic"];
    let chosen = |methods: Option<&[&str]>, credentials: Credentials| {
        let (_server, client) = discovered(methods, credentials);
        client.unwrap().diagnose(None).auth_method.unwrap().to_string()
    };
    assert_eq!(chosen(None, secret()), "client_secret_basic");
    assert_eq!(chosen(Some(&all), secret()), "client_secret_basic");
    assert_eq!(chosen(Some(&all[..3]), secret()), "client_secret_post");
    assert_eq!(chosen(Some(&all), by_function()), "private_key_jwt");
    assert_eq!(chosen(None, by_function()), "private_key_jwt");
    assert_eq!(chosen(Some(&all), certificate()), "tls_client_auth");
    assert_eq!(chosen(Some(&["self_signed_tls_client_auth"]), certificate()), "tls_client_auth");
}

#[test]
fn a_contradiction_is_an_error_before_anything_is_sent() {
    let error = |provider: Provider, credentials| {
        let error = Client::new(provider, credentials).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        error.to_string()
    };
    let secret = || Credentials::new("my-client", SECRET);
    for (method, credentials, expected) in [
        (
            AuthMethod::PrivateKeyJwt,
            secret(),
            "the credentials hold a client secret, which does not go with private_key_jwt (Provider::with_auth_method)",
        ),
        (
            AuthMethod::ClientSecretPost,
            by_function(),
            "the credentials hold an assertion, which does not go with client_secret_post (Provider::with_auth_method)",
        ),
        (
            AuthMethod::ClientSecretBasicRaw,
            Credentials::from_client_certificate("my-client"),
            "the credentials hold a client certificate alone, which does not go with client_secret_basic_raw (Provider::with_auth_method)",
        ),
    ] {
        assert_eq!(error(provider().with_auth_method(method), credentials), expected);
    }
    let (_server, client) = discovered(Some(&["client_secret_post", "none"]), by_function());
    assert_eq!(
        client.unwrap_err().to_string(),
        "the credentials hold an assertion, but the server lists [client_secret_post, none] as its methods of client authentication: if the list is wrong, set Provider::with_auth_method"
    );
}

#[test]
fn a_second_proof_among_the_extra_parameters_is_refused() {
    for (name, credentials) in [
        ("client_assertion", Credentials::new("my-client", SECRET)),
        ("client_assertion_type", Credentials::new("my-client", SECRET)),
        ("client_secret", by_function()),
    ] {
        let provider = provider().with_token_parameter(name, "hush-hush");
        let error = Client::new(provider, credentials).unwrap().get("/a").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the token request would have {name} beside what the credentials prove: see Provider::with_token_parameter"
            )
        );
    }
}

#[test]
fn the_audience_is_the_issuer_where_discovery_confirmed_it() {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = asked.clone();
    let credentials = Credentials::from_assertion_fn("my-client", move |audience| {
        log.lock().unwrap().push(audience.to_owned());
        Ok("e30.e30.eA".into())
    });
    let (server, client) = discovered(None, credentials);
    client.unwrap().access_token().unwrap();
    assert_eq!(*asked.lock().unwrap(), [server.url("")]);
}

#[test]
fn a_certificate_alone_needs_a_certificate() {
    let client = Client::new(provider(), Credentials::from_client_certificate("my-client"));
    let error = client.unwrap().get("/a").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the client proves who it is by its certificate (tls_client_auth), and has none: set Connection::with_client_certificate"
    );
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn headers_of_the_token_request_go_there_alone_and_are_not_shown() {
    let refused =
        reply(400, r#"{"error":"invalid_request","error_description":"key hush-hush-key"}"#);
    let server = Server::with_scripts([refused], []);
    let provider = || {
        let provider = server.provider().with_token_header("X-Gateway-Key", "hush-hush-key");
        provider.unwrap().with_token_header("x-tenant", "a").unwrap()
    };
    let credentials = || Credentials::new("my-client", SECRET);
    let client = Client::new(provider(), credentials()).unwrap();
    let error = client.get("/a").unwrap_err();
    assert!(!printed(&error).contains("hush") && printed(&error).contains("key ***"), "{error}");
    assert!(!format!("{client:?}").contains("hush"), "{client:?}");
    client.get("/a").unwrap();
    for seen in server.token_requests() {
        assert_eq!(seen.header("x-gateway-key"), Some("hush-hush-key"));
        assert_eq!(seen.header("x-tenant"), Some("a"));
    }
    assert_eq!(server.api_requests()[0].header("x-gateway-key"), None);
}

#[test]
fn headers_that_the_client_sets_itself_are_refused() {
    for name in ["Authorization", "content-type", "Content-Length", "Host", "Transfer-Encoding"] {
        let error = provider().with_token_header(name, "hush").unwrap_err().to_string();
        let name = name.to_lowercase();
        assert_eq!(
            error,
            format!("a header of the token request: the client sets {name} itself: remove yours")
        );
    }
    let error = provider().with_token_header("a b", "hush").unwrap_err().to_string();
    assert_eq!(error, "a header of the token request: its name is not a header name");
    let error = provider().with_token_header("x-a", "hu\nsh").unwrap_err().to_string();
    assert_eq!(
        error,
        "a header of the token request: the value of x-a has a character that is not allowed there"
    );
}

#[test]
fn tenants_that_differ_in_a_header_have_tokens_of_their_own() {
    let server = Server::with_api([]);
    let store = Arc::new(unattended::MemoryStore::new());
    for tenant in ["a", "b", "a"] {
        let provider = server.provider().with_token_header("x-tenant", tenant).unwrap();
        let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
        client.with_store(store.clone()).access_token().unwrap();
    }
    let tenants = server.token_requests();
    let tenants: Vec<_> = tenants.iter().map(|seen| seen.header("x-tenant").unwrap()).collect();
    assert_eq!(tenants, ["a", "b"]);
}

#[test]
fn a_token_endpoint_may_have_its_grant_in_the_query_but_no_other_one() {
    let server = Server::with_api([]);
    let url = |query: &str| server.url(&format!("{TOKEN_PATH}?{query}"));
    let provider = server.provider();
    let provider = provider.with_token_endpoint(&url("grant_type=client_credentials&v=2")).unwrap();
    let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
    client.access_token().unwrap();
    let seen = &server.token_requests()[0];
    assert_eq!(seen.target, format!("{TOKEN_PATH}?grant_type=client_credentials&v=2"));
    assert_eq!(parameters(seen)[0].0, "client_id");

    let other = url("grant_type=account_credentials&account_id=7");
    let error = Provider::new(&other, &server.url("")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the token endpoint: its query asks for the grant \"account_credentials\", and this client is for client_credentials (RFC 6749 §4.4)"
    );
}

fn with_secrets(server: &Server, name: &str, content: &str) -> Client {
    let path = format!("{}/secrets-{name}", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, content).unwrap();
    let credentials = Credentials::from_secret_file("my-client", path).with_second_secret();
    on_manual_clock(Client::new(server.provider(), credentials).unwrap()).0
}

fn secrets_sent(server: &Server) -> Vec<String> {
    let requests = server.token_requests();
    let secret =
        |seen: &Seen| parameters(seen).into_iter().find(|(name, _)| name == "client_secret");
    requests.iter().map(|seen| secret(seen).unwrap().1).collect()
}

#[test]
fn the_second_secret_is_tried_only_when_the_first_is_not_known() {
    for (name, answer, expected) in [
        ("good", token_reply("t", 60), &["first"][..]),
        ("unknown", reply(401, oauth("invalid_client")), &["first", "second"]),
        ("denied", reply(403, oauth("access_denied")), &["first"]),
        ("scope", reply(400, oauth("invalid_scope")), &["first"]),
        ("gateway", reply(401, "no"), &["first"]),
    ] {
        let server = Server::with_scripts([answer], []);
        let client = with_secrets(&server, name, "first\r\nsecond\r\n");
        let _ = client.access_token();
        assert_eq!(secrets_sent(&server), expected, "{name}");
    }
}

#[test]
fn two_secrets_that_are_not_known_are_not_sent_again_at_each_call() {
    let refused = || reply(401, oauth("invalid_client"));
    let server = Server::with_scripts([refused(), refused()], []);
    let client = with_secrets(&server, "both", "first-hush\nsecond-hush");
    let error = client.access_token().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(!printed(&error).contains("hush"), "{error:?}");
    client.access_token().unwrap_err();
    assert_eq!(secrets_sent(&server), ["first-hush", "second-hush"]);
}

#[test]
fn one_secret_in_a_file_for_two_is_one_secret() {
    let server = Server::with_scripts([reply(401, oauth("invalid_client"))], []);
    with_secrets(&server, "one", "first\n").access_token().unwrap_err();
    assert_eq!(secrets_sent(&server), ["first"]);
}

#[cfg(unix)]
#[test]
fn a_secret_from_a_command_is_what_it_prints() {
    let server = Server::with_api([]);
    let words = ["printf", "%s\\n", "a secret; $(not a shell)"];
    let credentials = Credentials::from_command("my-client", words);
    assert_eq!(
        format!("{credentials:?}"),
        r#"Credentials { client_id: "my-client", command: "printf" }"#
    );
    Client::new(server.provider(), credentials).unwrap().access_token().unwrap();
    assert_eq!(secrets_sent(&server), ["a secret; $(not a shell)"]);
}

#[cfg(unix)]
#[test]
fn a_command_that_fails_is_told_by_its_status_and_called_again() {
    let server = Server::with_api([]);
    let words = ["sh", "-c", "echo hush; echo hush >&2; exit 3"];
    let credentials = Credentials::from_command("my-client", words);
    let (client, clock) = on_manual_clock(Client::new(server.provider(), credentials).unwrap());
    let error = client.access_token().unwrap_err();
    let text = printed(&error);
    assert!(text.contains("the command sh failed (exit status: 3)"), "{text}");
    assert!(!text.contains("hush"), "{text}");
    assert_eq!((error.kind(), clock.sleeps().len()), (ErrorKind::Temporary, 8));
    assert!(server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn what_a_command_prints_must_be_a_secret() {
    let server = Server::with_api([]);
    for (script, why) in [
        ("printf ''", "what the command for the client secret prints is empty"),
        (
            "printf 'hush \\n'",
            "what the command for the client secret prints ends with white space: remove it",
        ),
        ("printf 'a\\377'", "what the command for the client secret prints is not valid UTF-8"),
        ("head -c 100000 /dev/zero | tr '\\0' x", "the command sh printed more than 65536 bytes"),
    ] {
        let credentials = Credentials::from_command("my-client", ["sh", "-c", script]);
        let (client, _) = on_manual_clock(Client::new(server.provider(), credentials).unwrap());
        let error = client.access_token().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
    let none = Credentials::from_command("my-client", ["/no/such/program"]);
    let error = Client::new(server.provider(), none).unwrap().access_token().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(
        error.to_string().contains("the command /no/such/program cannot be started"),
        "{error}"
    );
    let empty = Credentials::from_command("my-client", [""; 0]);
    let error = Client::new(server.provider(), empty).unwrap_err();
    assert_eq!(error.to_string(), "the command for the client secret is empty");
}

/// With a certificate that TLS shows.
#[cfg(feature = "rustls")]
mod certificates {
    use super::*;
    use crate::support::tls::{Authority, Issued, TlsServer};

    fn certified(client: Client, authority: &Authority, own: &Issued) -> Client {
        let client = client.with_root_certificates(authority.pem()).unwrap();
        client.with_client_certificate(&own.pem, own.key.serialize_pem()).unwrap()
    }

    #[test]
    fn a_certificate_alone_is_sent_with_the_client_id_and_nothing_else() {
        let authority = Authority::new();
        let identity = authority.issue(&["localhost"]);
        let server = TlsServer::start_with(&identity, Some(&authority), |_| reply(200, "{}"));
        let origin = format!("https://localhost:{}", server.port);
        let provider = Provider::new(&format!("{origin}{TOKEN_PATH}"), &origin).unwrap();
        let client = Client::new(provider, Credentials::from_client_certificate("my-client"));
        let client = certified(client.unwrap(), &authority, &authority.issue(&["robot"]));
        let report = client.diagnose("/a");
        assert!(report.is_ok(), "{report}");
        assert!(report.to_string().contains("tls_client_auth: the client certificate"), "{report}");
        let request = &server.seen()[0];
        assert_eq!(request.body, "grant_type=client_credentials&client_id=my-client");
        assert_eq!(request.header("authorization"), None);
    }

    #[test]
    fn a_client_with_a_certificate_asks_at_the_alias_and_keeps_the_audience() {
        let authority = Authority::new();
        let behind =
            TlsServer::start_with(&authority.issue(&["localhost"]), Some(&authority), |_| {
                reply(200, "{}")
            });
        let alias = format!("https://localhost:{}", behind.port);
        let server = Server::start(move |seen| {
            let origin = format!("http://{}", seen.header("host").unwrap());
            let document = json!({
                "issuer": origin,
                "token_endpoint": format!("{origin}{TOKEN_PATH}"),
                "revocation_endpoint": format!("{origin}/revoke"),
                "mtls_endpoint_aliases": {
                    "token_endpoint": format!("{alias}{TOKEN_PATH}"),
                    "revocation_endpoint": format!("{alias}/revoke"),
                },
            });
            match seen.path() {
                "/.well-known/openid-configuration" => reply(200, document.to_string()),
                TOKEN_PATH => token_reply("token-1", 3600),
                _ => reply(200, "{}"),
            }
        });
        let origin = server.url("");
        let audiences: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = audiences.clone();
        let credentials = Credentials::from_assertion_fn("my-client", move |audience| {
            log.lock().unwrap().push(audience.to_owned());
            Ok("e30.e30.eA".into())
        });
        let provider = unattended::discover(&origin, &origin).unwrap();
        let plain = Client::new(provider, credentials).unwrap();
        let with_certificate = certified(plain.clone(), &authority, &authority.issue(&["robot"]));
        for client in [with_certificate, plain] {
            client.access_token().unwrap();
            client.revoke().unwrap();
        }
        let paths = |seen: Vec<Seen>| -> Vec<String> {
            seen.into_iter().map(|seen| seen.target).filter(|it| !it.starts_with("/.")).collect()
        };
        assert_eq!(paths(behind.seen()), [TOKEN_PATH, "/revoke"]);
        assert_eq!(paths(server.seen()), [TOKEN_PATH, "/revoke"]);
        assert_eq!(*audiences.lock().unwrap(), [&*origin; 4]);
    }

    #[test]
    fn a_token_belongs_to_the_certificate_that_it_was_asked_for_with() {
        let authority = Authority::new();
        let server =
            TlsServer::start_with(&authority.issue(&["localhost"]), Some(&authority), |_| {
                reply(200, "{}")
            });
        let store = Arc::new(unattended::MemoryStore::new());
        let certificates = [authority.issue(&["a"]), authority.issue(&["b"])];
        for at in [0, 1, 0, 1] {
            let client = certified(server.client(), &authority, &certificates[at]);
            client.with_store(store.clone()).access_token().unwrap();
        }
        assert_eq!(server.seen().len(), 2);
    }

    #[test]
    fn a_clone_with_another_certificate_has_a_token_of_its_own() {
        let authority = Authority::new();
        let server =
            TlsServer::start_with(&authority.issue(&["localhost"]), Some(&authority), |_| {
                reply(200, "{}")
            });
        let (one, other) = (authority.issue(&["a"]), authority.issue(&["b"]));
        let client = certified(server.client(), &authority, &one);
        client.get("/a").unwrap();
        certified(client.clone(), &authority, &other).get("/b").unwrap();
        certified(client, &authority, &one).get("/c").unwrap();
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, [TOKEN_PATH, "/a", TOKEN_PATH, "/b", "/c"]);
    }

    #[test]
    fn a_refused_certificate_is_diagnosed() {
        let authority = Authority::new();
        let refuse = |_: &Seen| reply(401, oauth("invalid_client"));
        let server = TlsServer::start_with(&authority.issue(&["localhost"]), None, refuse);
        let origin = format!("https://localhost:{}", server.port);
        let provider = Provider::new(&format!("{origin}/as/token"), &origin).unwrap();
        let client = Client::new(provider, Credentials::from_client_certificate("my-client"));
        let client = certified(client.unwrap(), &authority, &authority.issue(&["robot"]));
        let error = client.access_token().unwrap_err().to_string();
        assert!(
            error.ends_with("the authorization server does not accept this client's certificate (tls_client_auth): check the client id, whether this certificate is registered for it, and whether the token endpoint is the one for certificates (mtls_endpoint_aliases, RFC 8705 §5)"),
            "{error}"
        );
    }
}
