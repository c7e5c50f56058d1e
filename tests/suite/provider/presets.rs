//! What each preset sends to the token endpoint, byte for byte, and where it sends it.

use std::sync::{Arc, Mutex};

use unattended::error::ErrorKind;
use unattended::{
    AuthMethod, Client, Credentials, Error, ManualClock, Provider, Request, RetryPolicy,
};

use crate::support::*;

/// The first token request and the one of the renewal, with the address as `HOST`.
fn token_requests(provider: impl FnOnce(&str) -> Provider) -> [String; 2] {
    token_requests_as(Credentials::new("my-client", SECRET), provider)
}

fn token_requests_as(
    credentials: Credentials,
    provider: impl FnOnce(&str) -> Provider,
) -> [String; 2] {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = seen.clone();
    let origin = raw_server(move |mut stream, _| {
        while let Some((head, body)) = read_message(&mut stream) {
            log.lock().unwrap().push(head + &body);
            write_reply(&mut stream, &token_reply("t", 3600));
        }
    });
    let clock = ManualClock::new();
    let client = Client::new(provider(&origin), credentials).unwrap().with_clock(clock.clone());
    client.access_token().unwrap();
    clock.advance(secs(3600));
    client.access_token().unwrap();
    let host = origin.trim_start_matches("http://");
    let agent = concat!("unattended/", env!("CARGO_PKG_VERSION"));
    let seen = seen.lock().unwrap();
    [0, 1].map(|at| seen[at].replace(host, "HOST").replace(agent, "AGENT"))
}

/// `authorization` is a whole header line or empty.
#[track_caller]
fn assert_golden(requests: [String; 2], target: &str, authorization: &str, body: &str) {
    let expected = format!(
        "POST {target} HTTP/1.1\r\n\
         content-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\
         accept: application/json\r\n\
         {authorization}\
         host: HOST\r\n\
         accept-encoding: gzip\r\n\
         user-agent: AGENT\r\n\r\n\
         {body}",
        body.len()
    );
    assert_eq!(requests[0], expected, "the first request");
    assert_eq!(requests[1], expected, "the renewal");
}

fn at(provider: Provider, origin: &str, path: &str) -> Provider {
    provider.with_token_endpoint(&format!("{origin}{path}")).unwrap().with_base_url(origin).unwrap()
}

#[test]
fn snow_atlas_gets_id_and_secret_in_the_body() {
    let requests = token_requests(|origin| {
        at(Provider::snow_atlas("westeurope").unwrap(), origin, "/idp/api/connect/token")
    });
    assert_golden(
        requests,
        "/idp/api/connect/token",
        "",
        "grant_type=client_credentials&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns",
    );
}

#[test]
fn snow_atlas_gets_the_scope_openid_when_asked_for() {
    let requests = token_requests(|origin| {
        at(Provider::snow_atlas("uksouth").unwrap(), origin, "/idp/api/connect/token")
            .with_scope("openid")
    });
    assert_golden(
        requests,
        "/idp/api/connect/token",
        "",
        "grant_type=client_credentials&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns&scope=openid",
    );
}

#[test]
fn snapdocs_demo_gets_the_audience_with_its_asterisk() {
    let requests = token_requests(|origin| at(Provider::snapdocs_demo(), origin, "/oauth/token"));
    assert_golden(
        requests,
        "/oauth/token",
        "",
        "grant_type=client_credentials&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns&audience=https%3A%2F%2Fapi.*.snpd.io",
    );
}

#[test]
fn snapdocs_gets_the_audience_without_a_slash_and_the_endpoint_with_one() {
    let requests = token_requests(|origin| {
        at(Provider::snapdocs(), origin, "/oauth/token/")
            .with_scope("closings:read:closings closings:write:documents")
    });
    assert_golden(
        requests,
        "/oauth/token/",
        "",
        "grant_type=client_credentials&client_id=my-client&client_secret=s3cret%2Fwith%2Bsigns&scope=closings%3Aread%3Aclosings+closings%3Awrite%3Adocuments&audience=https%3A%2F%2Fapi.snapdocs.com",
    );
}

#[test]
fn cognito_gets_http_basic_without_form_encoding_and_the_scope_in_the_body() {
    let requests = token_requests(|origin| {
        let provider = Provider::cognito("auth-provider-dev", "eu-west-1", "https://api.test");
        at(provider.unwrap(), origin, "/oauth2/token").with_scope("api/write")
    });
    assert_golden(
        requests,
        "/oauth2/token",
        "authorization: Basic bXktY2xpZW50OnMzY3JldC93aXRoK3NpZ25z\r\n",
        "grant_type=client_credentials&scope=api%2Fwrite",
    );
}

#[test]
fn any_provider_gets_every_setting_and_gets_it_again_on_renewal() {
    let requests = token_requests(|origin| {
        Provider::new(&format!("{origin}/a%20b/token?p=1"), origin)
            .unwrap()
            .with_scope("a b")
            .with_audience("https://api.example.com/")
            .with_resource("https://one.example.com")
            .with_resource("https://two.example.com/?q=1&r")
            .with_token_parameter("aws_client_metadata", r#"{"a":"ü"}"#)
            .with_token_parameter("empty", "")
    });
    assert_golden(
        requests,
        "/a%20b/token?p=1",
        "authorization: Basic bXktY2xpZW50OnMzY3JldCUyRndpdGglMkJzaWducw==\r\n",
        "grant_type=client_credentials&scope=a+b&audience=https%3A%2F%2Fapi.example.com%2F&resource=https%3A%2F%2Fone.example.com&resource=https%3A%2F%2Ftwo.example.com%2F%3Fq%3D1%26r&aws_client_metadata=%7B%22a%22%3A%22%C3%BC%22%7D&empty=",
    );
}

#[test]
fn the_three_styles_carry_every_character_of_id_and_secret() {
    let secret = "ä+/=&%~ *";
    let cases = [
        (
            AuthMethod::ClientSecretBasic,
            "the client:1",
            "authorization: Basic dGhlJTIwY2xpZW50JTNBMTolQzMlQTQlMkIlMkYlM0QlMjYlMjUlN0UlMjAq\r\n",
        ),
        (
            AuthMethod::ClientSecretBasicRaw,
            "the client",
            "authorization: Basic dGhlIGNsaWVudDrDpCsvPSYlfiAq\r\n",
        ),
        (
            AuthMethod::ClientSecretPost,
            "the client:1",
            "&client_id=the+client%3A1&client_secret=%C3%A4%2B%2F%3D%26%25%7E+*",
        ),
    ];
    for (method, id, expected) in cases {
        let [request, _] = token_requests_as(Credentials::new(id, secret), |origin| {
            provider_at(origin).with_auth_method(method)
        });
        assert!(request.contains(expected), "{method:?}: {request}");
    }
}

#[test]
fn a_client_id_with_a_colon_cannot_go_by_basic_without_form_encoding() {
    let server = Server::with_api([]);
    let provider = server.provider().with_auth_method(AuthMethod::ClientSecretBasicRaw);
    let client = Client::new(provider, Credentials::new("a:b", "secret")).unwrap();
    assert_eq!(
        client.access_token().unwrap_err().to_string(),
        "the client id has a colon, which HTTP Basic cannot carry without form-encoding: use AuthMethod::ClientSecretBasic or ClientSecretPost"
    );
    assert!(server.seen().is_empty());
}

/// The places that a provider's token request and API request go to, as the errors of calls
/// through a proxy that refuses tell them.
fn places(provider: Provider) -> [String; 2] {
    let proxy = raw_server(|mut stream, _| {
        let _ = read_request(&mut stream);
        write_reply(&mut stream, &reply(502, ""));
    });
    let client = Client::new(provider, Credentials::new("id", "secret"))
        .unwrap()
        .with_proxy(&proxy)
        .unwrap()
        .with_retry_policy(RetryPolicy::default().with_retries(0));
    let token = client.access_token().unwrap_err();
    let api = client.send(Request::get("/x").without_token()).unwrap_err();
    [token, api].map(|error| error.target().unwrap().to_string())
}

#[test]
fn each_preset_knows_its_token_endpoint_and_its_api() {
    let cases = [
        (
            Provider::snow_atlas("westeurope").unwrap(),
            "POST westeurope.snowsoftware.io/idp/api/connect/token",
            "GET westeurope.snowsoftware.io/x",
        ),
        (
            Provider::snow_atlas("a-region-of-tomorrow9").unwrap(),
            "POST a-region-of-tomorrow9.snowsoftware.io/idp/api/connect/token",
            "GET a-region-of-tomorrow9.snowsoftware.io/x",
        ),
        (
            Provider::snapdocs_demo(),
            "POST login.demo-eks.snpd.io/oauth/token",
            "GET api.cs-demo0.snpd.io/x",
        ),
        (Provider::snapdocs(), "POST login.snapdocs.com/oauth/token/", "GET api.snapdocs.com/x"),
        (
            Provider::cognito("auth-provider-dev", "eu-west-1", "https://api.example.com/v2/")
                .unwrap(),
            "POST auth-provider-dev.auth.eu-west-1.amazoncognito.com/oauth2/token",
            "GET api.example.com/v2/x",
        ),
        (
            Provider::snow_atlas("westeurope")
                .unwrap()
                .with_base_url("https://snowatlas-westeurope.flexera.eu")
                .unwrap(),
            "POST westeurope.snowsoftware.io/idp/api/connect/token",
            "GET snowatlas-westeurope.flexera.eu/x",
        ),
        (
            Provider::snapdocs().with_token_endpoint("https://login.example.com/t/").unwrap(),
            "POST login.example.com/t/",
            "GET api.snapdocs.com/x",
        ),
    ];
    for (provider, token, api) in cases {
        assert_eq!(places(provider), [token, api]);
    }
}

#[test]
fn what_cannot_be_part_of_a_host_name_is_refused_before_anything_is_sent() {
    let long = "a".repeat(64);
    let bad = [
        "", "-a", "a-", "a.b", "a/b", "a:1", "a@b", "a b", " a", "a\n", "ü", "a%2e", "a\\b", "a#",
        "a?", &long,
    ];
    for text in bad {
        let cases = [
            (Provider::snow_atlas(text), "region"),
            (Provider::cognito(text, "eu-west-1", "https://api.test"), "prefix"),
            (Provider::cognito("p", text, "https://api.test"), "aws_region"),
        ];
        for (provider, what) in cases {
            let error = provider.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{what}: {text:?} cannot be part of a host name")
            );
            assert_eq!(error.kind(), ErrorKind::Configuration);
        }
    }
}

#[test]
fn urls_that_cannot_be_right_are_refused_and_named() {
    let cases = [
        ("", "not an absolute URL: it must begin with https://"),
        ("login.example.com/token", "not an absolute URL: it must begin with https://"),
        ("/token", "not an absolute URL: it must begin with https://"),
        ("ftp://example.com", "the scheme must be https"),
        ("http://example.com", "plain http is allowed to this machine only: use https"),
        ("http://localhost.example.com", "plain http is allowed to this machine only: use https"),
        ("http://127.0.0.1.example.com", "plain http is allowed to this machine only: use https"),
        ("http://0.0.0.0", "plain http is allowed to this machine only: use https"),
        ("http://127.1", "plain http is allowed to this machine only: use https"),
        ("https://", "not a valid URL"),
        ("https:///token", "not a valid URL"),
        ("https://:443/token", "the URL names no host"),
        ("https://exa mple.com", "not a valid URL"),
        ("https://münchen.example", "not a valid URL"),
        ("https://example.com:99999/token", "the port is not a number up to 65535"),
        ("https://[::1]:65536/token", "the port is not a number up to 65535"),
        ("https://example.com\\@evil.test/", "not a valid URL"),
        ("https://[::1]example.com:443/", "not a valid URL"),
        ("https://example.com[::1]:443/", "not a valid URL"),
        ("http://[::1].example.com:80/", "not a valid URL"),
        ("https://user:hush@example.com/", "a URL must not hold credentials"),
        ("http://localhost@evil.test/", "a URL must not hold credentials"),
    ];
    for (url, why) in cases {
        let error = Provider::new(url, "https://api.test").unwrap_err();
        assert_eq!(error.to_string(), format!("the token endpoint: {why}"), "{url}");
        let error = Provider::new("https://login.test/token", url).unwrap_err();
        assert_eq!(error.to_string(), format!("the base URL: {why}"), "{url}");
        let error: Error = Provider::snapdocs().with_base_url(url).unwrap_err();
        assert_eq!(error.exit_code(), 78);
    }
    let error = Provider::new("https://a.test/t", "https://b.test/?x=1").unwrap_err();
    assert_eq!(error.to_string(), "the base URL: it cannot have a query");
}

#[test]
fn plain_http_is_allowed_to_this_machine() {
    for url in [
        "http://localhost",
        "http://LOCALHOST:1",
        "http://127.0.0.1:9",
        "http://127.9.9.9",
        "http://[::1]:8080/x",
    ] {
        assert!(Provider::new(url, url).is_ok(), "{url}");
    }
}

#[test]
fn a_provider_prints_without_the_values_of_its_extra_parameters() {
    let provider = Provider::new("https://a.test/t?key=hush", "https://b.test")
        .unwrap()
        .with_token_parameter("assertion", "hush");
    let text = format!("{provider:?}");
    assert!(!text.contains("hush"), "{text}");
    assert!(text.contains("assertion"), "{text}");
}

#[test]
fn a_parameter_that_would_be_sent_twice_is_refused_and_resources_are_not() {
    let server = Server::with_api([]);
    let call = |provider: Provider| {
        let credentials = Credentials::new("id", "secret");
        Client::new(provider, credentials).unwrap().get("/x").map(|_| ())
    };
    let resources = server.provider().with_resource("a").with_resource("a");
    call(resources).unwrap();
    let twice = [
        server.provider().with_token_parameter("grant_type", "password"),
        server.provider().with_scope("a").with_token_parameter("scope", "b"),
        server.provider().with_token_parameter("x", "1").with_token_parameter("x", "2"),
    ];
    for provider in twice {
        let error = call(provider).unwrap_err();
        assert!(error.to_string().contains(" twice: see Provider::with_token_parameter"));
        assert_eq!(error.exit_code(), 78);
    }
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn an_auth_method_is_written_and_read_by_its_name() {
    for (method, name) in [
        (AuthMethod::ClientSecretBasic, "client_secret_basic"),
        (AuthMethod::ClientSecretBasicRaw, "client_secret_basic_raw"),
        (AuthMethod::ClientSecretPost, "client_secret_post"),
    ] {
        assert_eq!(method.to_string(), name);
        assert_eq!(name.parse::<AuthMethod>().unwrap(), method);
    }
    let error = "basic".parse::<AuthMethod>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the auth method \"basic\" is not one of client_secret_basic, client_secret_post, client_secret_basic_raw, private_key_jwt, tls_client_auth"
    );
    assert_eq!(error.exit_code(), 78);
}

#[test]
fn what_was_set_can_be_read_back() {
    let provider = Provider::new("https://sso.example.com/token", "https://api.example.com/v2")
        .unwrap()
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_scope("a b");
    assert_eq!(provider.token_endpoint(), "https://sso.example.com/token");
    assert_eq!(provider.base_url(), "https://api.example.com/v2");
    assert_eq!(provider.auth_method(), Some(AuthMethod::ClientSecretPost));
    assert_eq!((provider.scope(), provider.audience()), (Some("a b"), None));
    assert_eq!(Provider::snapdocs().audience(), Some("https://api.snapdocs.com"));
    let file = Credentials::from_secret_file("id", "/run/secret");
    assert_eq!([Credentials::new("id", "x").client_id(), file.client_id()], [Some("id"); 2]);
    assert_eq!(Credentials::from_fn(|| Err("none".into())).client_id(), None);
}
