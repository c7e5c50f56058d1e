//! The token and the secret stay where they belong: plain http to this machine only, and
//! no token at another origin.

use serde_json::Value;
use unattended::error::{Delivery, ErrorKind};
use unattended::{Error, Pagination, Provider, Request};

use crate::support::*;

fn refused(result: Result<Provider, Error>) -> String {
    let error = result.unwrap_err();
    assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
    error.to_string()
}

#[test]
fn plain_http_is_refused_unless_it_stays_on_this_machine() {
    let good = "https://api.example.com";
    let strangers = [
        "http://api.example.com",
        "HTTP://api.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "http://10.0.0.1:8080",
    ];
    for url in strangers {
        for (provider, what) in [
            (Provider::new(url, good), "the token endpoint"),
            (Provider::new(good, url), "the base URL"),
            (Provider::new(good, good).unwrap().with_token_endpoint(url), "the token endpoint"),
            (Provider::new(good, good).unwrap().with_base_url(url), "the base URL"),
        ] {
            let why = match url.contains('@') {
                true => "a URL must not hold credentials",
                false => "plain http is allowed to this machine only: use https",
            };
            assert_eq!(refused(provider), format!("{what}: {why}"), "{url}");
        }
    }
    let own =
        ["http://localhost", "http://LOCALHOST:80", "http://127.9.9.9:1", "http://[::1]:8080"];
    for url in own {
        Provider::new(url, url).unwrap();
    }
}

#[test]
fn a_request_without_token_may_not_go_by_plain_http_either() {
    let server = Server::with_api([reply(200, "{}")]);
    let request = Request::get("http://api.example.com/a?key=1").without_token();
    let error = server.client().send(&request).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET http://api.example.com/a: the request's URL: plain http is allowed to this machine only: use https"
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
}

#[test]
fn a_request_to_another_origin_is_refused_unless_it_is_without_token() {
    let (home, other) =
        (Server::with_api([reply(200, "{}")]), Server::with_api([reply(200, "{}")]));
    let client = home.client();
    let port = |server: &Server| server.url("").rsplit(':').next().unwrap().to_owned();
    for url in [
        other.url("/a?key=1"),
        home.url("/a?key=1").replace("127.0.0.1", "localhost"),
        home.url("/a?key=1").replace("http:", "https:"),
    ] {
        let error = client.send(Request::put(&url)).unwrap_err();
        let host = url.split('/').nth(2).unwrap();
        let expected = format!(
            "PUT {host}/a: not sent: the token must not leave the origin of the base URL, http://127.0.0.1:{}; make the request without_token() if it needs none",
            port(&home)
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
    }
    assert!(home.seen().is_empty() && other.seen().is_empty());

    client.send(Request::put(other.url("/a")).without_token()).unwrap();
    let seen = other.seen();
    assert_eq!((seen.len(), seen[0].method.as_str()), (1, "PUT"));
    assert_eq!(seen[0].header("authorization"), None);
    assert!(home.seen().is_empty(), "no token was needed");

    // What only looks like another host is a path at home.
    for path in ["//api.example.com/a", "\\\\api.example.com\\a", "@api.example.com/a", ":9/a"] {
        client.get(path).unwrap();
    }
    let count = home.api_requests().len();
    assert_eq!(count, 4);

    // The same origin, spelt out.
    client.send(Request::put(home.url("/a"))).unwrap();
    assert_eq!(home.api_requests()[count].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn a_next_link_to_another_origin_gets_no_token_and_no_request() {
    let other = Server::with_api([reply(200, "[]")]);
    let foreign = other.url("/rows?page=2");
    let strange = "http://api.example.com/rows?page=2";
    let relative = format!("//127.0.0.1:1{}", "/rows");
    for link in [foreign.as_str(), strange, &relative] {
        let body = serde_json::json!({"items": [1], "next": link}).to_string();
        let header =
            reply(200, r#"{"items":[1]}"#).header("link", format!("<{link}>; rel=\"next\""));
        for answer in [reply(200, body), header] {
            let server = Server::with_api([answer]);
            let client = server.client();
            let rows = client.items::<Value>("/rows").with_pagination(Pagination::detect());
            let rows: Vec<_> = rows.collect();
            assert_eq!(rows.len(), 2, "{link}: {rows:?}");
            assert_eq!(*rows[0].as_ref().unwrap(), 1);
            let error = rows[1].as_ref().unwrap_err();
            assert!(matches!(error, Error::Incomplete(_)), "{error}");
            let why = match link == strange {
                true => "a link in the answer: plain http is allowed to this machine only",
                false => "the next link leads to another origin, http://127.0.0.1:",
            };
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(server.api_requests().len(), 1);
        }
    }
    assert!(other.seen().is_empty());
}

#[test]
fn redirects_lose_the_token_at_another_origin_and_keep_it_at_home() {
    for status in [301, 302, 303, 307, 308] {
        let other = Server::with_api([reply(200, r#"{"at":"other"}"#)]);
        let (away, home) = (other.url("/b"), "/b");
        let server = Server::with_api([
            reply(status, "").header("location", home),
            reply(status, "").header("location", &away),
        ]);
        let client = server.client();
        let request = Request::get("/a").header("Cookie", "session=1");
        let answer: Value = client.send(&request).unwrap().json().unwrap();
        assert_eq!(answer["at"], "other");
        let at_home = server.api_requests();
        assert_eq!(at_home.len(), 2);
        assert!(at_home.iter().all(|seen| seen.header("authorization") == Some("Bearer token-1")));
        let seen = other.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].header("authorization"), seen[0].header("cookie")), (None, None));

        // Any other method gets its redirect back; the secret is never sent on.
        let error = client.send(Request::put("/a").bytes("x")).unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!(other.seen().len(), 1);
        let token = reply(status, "").header("location", other.url(TOKEN_PATH));
        let server = Server::with_scripts([token], [reply(200, "{}")]);
        let error = server.client().get("/a").unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{error}");
        assert_eq!((other.seen().len(), server.seen().len()), (1, 1));
    }
}

#[test]
fn a_redirect_back_home_does_not_bring_the_token_back() {
    let home: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
    let back = home.clone();
    let other =
        Server::start(move |_| reply(302, "").header("location", back.get().unwrap().as_str()));
    let away = other.url("/b");
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("token-1", 3600),
        "/a" => reply(302, "").header("location", &away),
        _ => reply(200, "{}"),
    });
    home.set(server.url("/c")).unwrap();
    server.client().get("/a").unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.path(), last.header("authorization")), ("/c", None));
}

#[cfg(feature = "rustls")]
#[test]
fn a_redirect_from_https_to_http_is_not_followed() {
    use crate::support::tls::{Authority, TlsServer};

    let plain = Server::with_api([reply(200, "{}")]);
    let authority = Authority::new();
    let target = plain.url("/b");
    let server = TlsServer::start_with(&authority.issue(&["localhost"]), None, move |_| {
        reply(302, "").header("location", &target)
    });
    let origin = format!("https://localhost:{}", server.port);
    let client = client_at(&origin).with_root_certificates(authority.pem()).unwrap();
    let error = client.get("/a").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "GET localhost:{}/a: 302 Found; the redirect is not followed: it leads from https to http",
            server.port
        )
    );
    assert!(plain.seen().is_empty());
}

#[test]
fn an_authorization_header_of_the_callers_own_is_refused_unless_there_is_no_token() {
    let server = Server::with_api([reply(200, "{}")]);
    let client = server.client();
    let own = Request::get("/a").header("authorization", "Basic abc");
    let error = client.send(&own).unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /a: the client sets the Authorization header itself: remove yours, or make the request without_token()"
    );
    client.send(own.without_token()).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    let sent: Vec<_> = seen[0]
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .collect();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1, "Basic abc");
}

/// A 403 with the challenge is a refused token as much as a 401 (RFC 6750 §3.1).
#[test]
fn a_token_that_was_left_behind_is_told_for_a_challenge_by_403_too() {
    let refusal = reply(403, "").header("www-authenticate", r#"Bearer error="invalid_token""#);
    let other = Server::with_api([refusal]);
    let server = Server::with_api([reply(302, "").header("location", other.url("/x"))]);
    let error = server.client().get("/x").unwrap_err().to_string();
    assert!(error.contains("where the token is not sent"), "{error}");
}
