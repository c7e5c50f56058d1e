//! Proxies: used for token and API calls alike, never for this machine, and never bypassed
//! in silence.
#![cfg(feature = "rustls")]

use std::env;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConnection, StreamOwned};
use unattended::error::{Delivery, ErrorKind};
use unattended::{Error, Request, RetryPolicy};

use crate::support::child::{is_child, run_in_child};
use crate::support::proxy::{ConnectProxy, Site, assert_wanted_of_a_person, pipe, vendor};
use crate::support::tls::{Authority, TlsServer, choices, server_config};
use crate::support::*;

#[test]
fn token_and_api_calls_go_through_the_proxy() {
    for choose in choices() {
        let site = Site::start();
        let proxy = ConnectProxy::to(site.server.port);
        let client = choose(site.client())
            .with_proxy(&proxy.url())
            .unwrap()
            .with_user_agent("robot")
            .unwrap();
        client.get("/a").unwrap();
        client.get("/b").unwrap();
        assert_eq!(proxy.asked(), ["CONNECT login.vendor.test:443", "CONNECT api.vendor.test:443"]);
        let seen = site.server.seen();
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|seen| seen.header("user-agent") == Some("robot")));
        // What the proxy may see: no token, no secret.
        let seen = proxy.seen.lock().unwrap();
        assert!(seen.iter().all(|seen| seen.header("authorization").is_none()));
        assert!(seen.iter().all(|seen| seen.header("proxy-authorization").is_none()));
    }
}

#[test]
fn every_new_connection_goes_through_the_proxy() {
    let site = Site::answering(|_| reply(200, "{}").header("connection", "close"));
    let proxy = ConnectProxy::to(site.server.port);
    // Another attempt could hide one that went past the proxy.
    let policy = RetryPolicy::default().with_retries(0);
    let client = site.client().with_retry_policy(policy).with_proxy(&proxy.url()).unwrap();
    for _ in 0..3 {
        client.get("/a").unwrap();
    }
    let asked = proxy.asked();
    assert_eq!(asked[0], "CONNECT login.vendor.test:443");
    assert_eq!(asked[1..], ["CONNECT api.vendor.test:443"; 3]);
}

#[test]
fn a_connection_that_the_proxy_closed_meanwhile_is_not_used_again() {
    for choose in choices() {
        let site = Site::start();
        let port = site.server.port;
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let tunnels = open.clone();
        let proxy = ConnectProxy::start(move |mut client| {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            tunnels.lock().unwrap().push(client.try_clone().unwrap());
            let _ = client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
            pipe(client, server);
        });
        let client = choose(site.client()).with_proxy(&proxy.url()).unwrap();
        for _ in 0..3 {
            // Not sent again if it may have been sent.
            client.send(Request::post("/a")).unwrap();
            for tunnel in open.lock().unwrap().drain(..) {
                tunnel.shutdown(Shutdown::Both).unwrap();
            }
        }
        assert_eq!(proxy.asked().len(), 4);
    }
}

#[test]
fn the_proxy_gets_the_credentials_of_its_url() {
    let site = Site::start();
    let proxy = ConnectProxy::to(site.server.port);
    let url = format!("http://user:p%40ss@{}", proxy.address);
    site.client().with_proxy(&url).unwrap().get("/a").unwrap();
    let seen = proxy.seen.lock().unwrap();
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));
    assert!(site.server.seen().iter().all(|seen| seen.header("proxy-authorization").is_none()));
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    for choose in choices() {
        let authority = Authority::new();
        let identity = authority.issue(&["localhost", "login.vendor.test", "api.vendor.test"]);
        let config = Arc::new(server_config(&identity, None));
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        // Proxy and server in one: TLS within TLS.
        let url = raw_server(move |stream, _| {
            let mut proxy =
                StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            let Some(connect) = read_request(&mut proxy) else { return };
            log.lock().unwrap().push(connect.target);
            write_reply(&mut proxy, &reply(200, ""));
            let _ = proxy.flush();
            let mut server =
                StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), proxy);
            while let Some(request) = read_request(&mut server) {
                log.lock().unwrap().push(request.target);
                write_reply(&mut server, &token_reply("token-1", 3600));
                let _ = server.flush();
            }
        });
        let port = url.rsplit(':').next().unwrap();
        let client = choose(vendor()).with_root_certificates(authority.pem()).unwrap();
        let client = client.with_proxy(&format!("https://localhost:{port}")).unwrap();
        client.get("/a").unwrap();
        let expected = ["login.vendor.test:443", TOKEN_PATH, "api.vendor.test:443", "/a"];
        assert_eq!(*seen.lock().unwrap(), expected);
        let error = choose(vendor()).with_proxy(&format!("https://localhost:{port}")).unwrap();
        let error = error.get("/a").unwrap_err();
        assert!(error.to_string().contains("Connection::with_root_certificates"), "{error}");
        assert_eq!(error.exit_code(), 78);
    }
}

#[test]
fn a_407_is_a_configuration_error_at_once_that_shows_no_password() {
    let none = "the proxy wants credentials: http://user:password@host:port (NTLM, Kerberos and PAC are not supported)";
    let wrong = "the proxy does not accept the user and password of its URL: check them, and that / ? # @ : in them are percent-encoded (NTLM, Kerberos and PAC are not supported)";
    for (user, expected) in [("", none), ("user:hush-hush@", wrong), ("hush@", wrong)] {
        let answer = reply(407, "").header("proxy-authenticate", "NTLM");
        let proxy = ConnectProxy::refusing(answer);
        let url = format!("http://{user}{}", proxy.address);
        assert_wanted_of_a_person(&url, &proxy.address, expected);
        assert_eq!(proxy.asked().len(), 1);
    }
}

#[test]
fn a_refusal_of_the_proxy_is_tried_again_since_nothing_was_sent() {
    let proxy = ConnectProxy::refusing(reply(503, ""));
    let policy = RetryPolicy::default().with_retries(2);
    let client = vendor().with_proxy(&proxy.url()).unwrap().with_retry_policy(policy);
    let (client, clock) = on_manual_clock(client);
    let error = client.send(Request::post("/a")).unwrap_err();
    let expected = format!(
        "POST login.vendor.test/oauth/token: the proxy refused the connection: 503 Service Unavailable, through the proxy {}, after 3 attempts",
        proxy.address
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::NotSent));
    assert_eq!((proxy.asked().len(), clock.sleeps().len()), (3, 2));
}

#[test]
fn whom_a_proxy_lets_through_is_told_at_once_and_its_limits_are_waited_for() {
    for (status, kind, attempts) in [
        (400, ErrorKind::Refused, 1),
        (401, ErrorKind::Refused, 1),
        (403, ErrorKind::Refused, 1),
        (404, ErrorKind::Refused, 1),
        (408, ErrorKind::Temporary, 2),
        (429, ErrorKind::Temporary, 2),
        (502, ErrorKind::Temporary, 2),
    ] {
        let proxy = ConnectProxy::refusing(reply(status, ""));
        let policy = RetryPolicy::default().with_retries(1);
        let client = vendor().with_proxy(&proxy.url()).unwrap().with_retry_policy(policy);
        let (client, _) = on_manual_clock(client);
        let error = client.get("/a").unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (kind, Delivery::NotSent), "{error}");
        assert_eq!(proxy.asked().len(), attempts, "{status}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let address = CLOSED;
    let client = vendor().with_proxy(&format!("http://{address}")).unwrap();
    let client = client.with_retry_policy(RetryPolicy::default().with_retries(0));
    let error = client.get("/a").unwrap_err();
    let expected = format!(
        "POST login.vendor.test/oauth/token: no connection to the server, through the proxy {address}"
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::NotSent));
}

#[test]
fn this_machine_is_never_reached_through_a_proxy() {
    let authority = Authority::new();
    let tls = TlsServer::start(&authority.issue(&["localhost"]));
    let server = Server::with_api([reply(200, "{}")]);
    let proxy = ConnectProxy::refusing(reply(500, ""));
    let origins = [
        server.url(""),
        server.url("").replace("127.0.0.1", "localhost"),
        server.url("").replace("127.0.0.1", "127.1.2.3"),
        format!("https://LOCALHOST:{}", tls.port),
    ];
    for origin in origins {
        let client = client_at(&origin).with_root_certificates(authority.pem()).unwrap();
        let client = client.with_retry_policy(RetryPolicy::default().with_retries(0));
        let result = client.with_proxy(&proxy.url()).unwrap().get("/a");
        // Nobody listens at 127.1.2.3, and musl has names to the letter only; but nobody else
        // is asked either.
        let is_there = match origin.contains("LOCALHOST") {
            true => !cfg!(target_env = "musl"),
            false => !origin.contains("127.1"),
        };
        assert_eq!(result.is_ok(), is_there, "{origin}: {result:?}");
    }
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
}

#[test]
fn what_cannot_be_used_as_a_proxy_is_found_when_it_is_set() {
    let no_url = "the proxy is not a proxy URL such as http://proxy.example.com:3128";
    let no_port = "the proxy has a port that is not a number up to 65535";
    let socks4 =
        "the proxy is a SOCKS4 proxy, which is not supported: http, https and socks5h proxies are";
    let cases = [
        ("", no_url),
        ("http://", no_url),
        ("/a", no_url),
        ("a b", no_url),
        ("ftp://proxy.test", no_url),
        ("http://user:%ff@proxy.test", no_url),
        ("http://user:hush@", no_url),
        ("socks4://user:hush@proxy.test", socks4),
        ("http://127.0.0.1:99999", no_port),
        ("proxy.test:99999", no_port),
        ("http://user:hush@[::1]:65536/", no_port),
        ("https://proxy.test:", no_port),
    ];
    for (url, expected) in cases {
        let error = vendor().with_proxy(url).unwrap_err();
        assert_eq!(error.to_string(), expected, "{url}");
        assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
        assert!(!format!("{error:?}").contains("hush"));
    }
    for url in [
        "proxy.test",
        "proxy.test:3128",
        "user:pass@proxy.test:3128",
        "https://proxy.test",
        "[::1]:80",
    ] {
        vendor().with_proxy(url).unwrap();
    }
}

#[cfg(not(feature = "socks"))]
#[test]
fn a_socks_proxy_without_the_feature_is_an_error_that_names_the_feature() {
    for url in ["socks5://user:hush@proxy.test:1080", "socks5h://proxy.test", "socks://a"] {
        let error = vendor().with_proxy(url).unwrap_err();
        let expected =
            "the proxy is a SOCKS5 proxy, which needs the feature `socks` of the crate unattended";
        assert_eq!((error.to_string(), error.exit_code()), (expected.into(), 78), "{url}");
    }
}

/// What a child does: one call of a client whose proxy is that of the environment.
fn call_in_child() -> Option<Result<(), Error>> {
    is_child().then(|| vendor().get("/a").map(|_| ()))
}

#[test]
fn the_environment_names_the_proxy_and_lower_case_comes_first() {
    if let Some(result) = call_in_child() {
        return result.unwrap();
    }
    let site = Site::start();
    let roots = site.authority.file("proxy-environment");
    let dead = format!("http://{CLOSED}");
    for names in
        [["HTTPS_PROXY", "ALL_PROXY"], ["https_proxy", "HTTPS_PROXY"], ["all_proxy", "ALL_PROXY"]]
    {
        let proxy = ConnectProxy::to(site.server.port);
        let url = proxy.url();
        run_in_child(
            "wire::proxy::the_environment_names_the_proxy_and_lower_case_comes_first",
            &[
                (names[0], &url),
                (names[1], &dead),
                ("HTTP_PROXY", &dead),
                ("SSL_CERT_FILE", &roots),
            ],
        );
        assert_eq!(proxy.asked().len(), 2, "{names:?}");
    }
}

#[test]
fn a_proxy_variable_that_cannot_be_used_is_an_error_not_a_direct_connection() {
    if let Some(result) = call_in_child() {
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), env::var("TEST_ERROR").unwrap());
        assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
        assert!(!format!("{error:?}").contains("hush"));
        return;
    }
    let cases = [
        (
            "HTTPS_PROXY",
            "socks4://user:hush@127.0.0.1:9",
            "the environment variable HTTPS_PROXY is a SOCKS4 proxy, which is not supported: http, https and socks5h proxies are",
        ),
        (
            "all_proxy",
            "http://user:hush@",
            "the environment variable all_proxy is not a proxy URL such as http://proxy.example.com:3128",
        ),
    ];
    for (name, url, error) in cases {
        run_in_child(
            "wire::proxy::a_proxy_variable_that_cannot_be_used_is_an_error_not_a_direct_connection",
            &[(name, url), ("TEST_ERROR", error)],
        );
    }
}

#[cfg(unix)]
#[test]
fn no_proxy_and_without_proxy_lead_straight_to_the_host() {
    // An address of this machine that is not known as one.
    if is_child() {
        let client = || client_at(&env::var("TEST_URL").unwrap());
        match env::var("NO_PROXY") {
            Ok(_) => client().get("/a").unwrap(),
            Err(_) => {
                client().get("/a").unwrap_err();
                client().without_proxy().get("/a").unwrap()
            }
        };
        return;
    }
    let site = Site::start();
    let roots = site.authority.file("no-proxy");
    let url = format!("https://0.0.0.0:{}", site.server.port);
    let proxy = ConnectProxy::refusing(reply(407, ""));
    let proxy_url = proxy.url();
    let variables = [
        ("TEST_URL", url.as_str()),
        ("HTTPS_PROXY", &proxy_url),
        ("SSL_CERT_FILE", &roots),
        ("NO_PROXY", "example.com, 0.0.0.0"),
    ];
    let test = "wire::proxy::no_proxy_and_without_proxy_lead_straight_to_the_host";
    run_in_child(test, &variables);
    assert_eq!((proxy.asked().len(), site.server.seen().len()), (0, 2));
    run_in_child(test, &variables[..3]);
    assert_eq!((proxy.asked().len(), site.server.seen().len()), (1, 4));
}

#[cfg(unix)]
#[test]
fn no_entry_of_no_proxy_is_passed_over() {
    if is_child() {
        let client = client_at(&env::var("TEST_URL").unwrap());
        let client = client.with_retry_policy(RetryPolicy::default().with_retries(0));
        let result = client.get("/a").map(|_| ()).map_err(|error| error.to_string());
        return match env::var("TEST_ERROR") {
            Ok(error) => assert!(result.unwrap_err().contains(&error)),
            Err(_) => result.unwrap(),
        };
    }
    let site = Site::start();
    let roots = site.authority.file("no-proxy-entries");
    let port = site.server.port;
    let url = format!("https://0.0.0.0:{port}");
    let proxy = ConnectProxy::refusing(reply(407, ""));
    let unreadable = "cannot be read";
    let cases = [
        (format!("x.test,0.0.0.0:{port}"), None),
        (format!("[::1]:443 0.0.0.0:{port}"), None),
        ("0.0.0.0/8".into(), None),
        ("0.*".into(), None),
        ("::/96, *".into(), None),
        ("0.0.0.0:1".into(), Some("through the proxy")),
        ("0.0.0.1/32,10.*".into(), Some("through the proxy")),
        ("x.test,0.0.0.0/33".into(), Some(unreadable)),
        ("0.".into(), Some(unreadable)),
    ];
    for (no_proxy, error) in cases {
        let proxy_url = proxy.url();
        let mut variables = vec![
            ("TEST_URL", url.as_str()),
            ("HTTPS_PROXY", &proxy_url),
            ("SSL_CERT_FILE", &roots),
            ("NO_PROXY", &no_proxy),
        ];
        variables.extend(error.map(|error| ("TEST_ERROR", error)));
        println!("{no_proxy}");
        run_in_child("wire::proxy::no_entry_of_no_proxy_is_passed_over", &variables);
    }
    assert_eq!((proxy.asked().len(), site.server.seen().len()), (2, 10));
}

#[cfg(unix)]
#[test]
fn a_proxy_variable_that_is_not_unicode_is_an_error_not_a_direct_connection() {
    use std::os::unix::ffi::OsStrExt;

    if let Some(result) = call_in_child() {
        let error = result.unwrap_err();
        assert!(error.to_string().ends_with("_PROXY is not valid Unicode"), "{error}");
        return assert_eq!(error.exit_code(), 78);
    }
    for name in ["HTTPS_PROXY", "NO_PROXY"] {
        let mut child = this_program();
        crate::support::child::clean_environment(&mut child);
        let test =
            "wire::proxy::a_proxy_variable_that_is_not_unicode_is_an_error_not_a_direct_connection";
        child.args([test, "--exact"]).env("UNATTENDED_TEST_CHILD", "1");
        child.env("HTTPS_PROXY", format!("http://{CLOSED}"));
        child.env(name, std::ffi::OsStr::from_bytes(b"127.0.0.1\xff"));
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Nobody listens at this address.
const CLOSED: &str = "127.0.0.1:1";
