//! SOCKS5 proxies (RFC 1928, RFC 1929): they know the names, and what they refuse is told.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Request, RetryPolicy};

use crate::support::child::{is_child, run_in_child};
use crate::support::proxy::{Site, assert_wanted_of_a_person, pipe, vendor};
use crate::support::real_time::{FOR_EVER, at_some_pace};
use crate::support::tls::choices;
use crate::support::*;

/// A proxy that connects whatever is asked for to one port of this machine.
struct SocksProxy {
    address: String,
    /// `host:port` as it came, or `user:password`.
    asked: Arc<Mutex<Vec<String>>>,
}

impl SocksProxy {
    fn to(port: u16) -> Self {
        Self::start(0, move |mut client| {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            // A name for its own end, since that is the longest form.
            client.write_all(b"\x05\x00\x00\x03\x05proxy\x04\x38").unwrap();
            pipe(client, server);
        })
    }

    /// Refuses every connection by this reply.
    fn refusing(reply: u8) -> Self {
        Self::start(0, move |mut client| {
            let _ = client.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        })
    }

    /// Chooses this method; `0xff` is none.
    fn start(method: u8, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = asked.clone();
        let url = raw_server(move |mut stream, _| {
            let said = read_socks_request(&mut stream, method);
            log.lock().unwrap().extend(said.0);
            if said.1 {
                serve(stream);
            }
        });
        Self { address: url.replace("http://", ""), asked }
    }

    fn url(&self) -> String {
        format!("socks5h://{}", self.address)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// What was said, and whether a connection was asked for.
fn read_socks_request(stream: &mut TcpStream, method: u8) -> (Vec<String>, bool) {
    let mut said = Vec::new();
    let [5, count] = read::<2>(stream) else { return (said, false) };
    let offered = read_many(stream, count);
    assert!(method == 0xff || offered.contains(&method), "{offered:?}");
    stream.write_all(&[5, method]).unwrap();
    if method == 2 {
        let [1, length] = read::<2>(stream) else { return (said, false) };
        let user = text(read_many(stream, length));
        let [length] = read(stream);
        let password = text(read_many(stream, length));
        let is_right = password == "p@ss";
        said.push(format!("{user}:{password}"));
        stream.write_all(&[1, u8::from(!is_right)]).unwrap();
        if !is_right {
            return (said, false);
        }
    }
    let [5, 1, 0, kind] = read::<4>(stream) else { return (said, false) };
    let host = match kind {
        1 => IpAddr::from(read::<4>(stream)).to_string(),
        4 => Ipv6Addr::from(read::<16>(stream)).to_string(),
        _ => {
            let [length] = read(stream);
            text(read_many(stream, length))
        }
    };
    let port = u16::from_be_bytes(read(stream));
    said.push(format!("{host}:{port}"));
    (said, true)
}

/// Zeros if nothing comes.
fn read<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    let _ = stream.read_exact(&mut bytes);
    bytes
}

fn read_many(stream: &mut TcpStream, count: u8) -> Vec<u8> {
    let mut bytes = vec![0; count.into()];
    let _ = stream.read_exact(&mut bytes);
    bytes
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn token_and_api_calls_go_through_a_socks_proxy_which_looks_up_the_names() {
    for choose in choices() {
        for scheme in ["socks5h", "socks5", "socks", "SOCKS5H"] {
            let site = Site::start();
            let proxy = SocksProxy::to(site.server.port);
            let url = format!("{scheme}://{}/", proxy.address);
            let client = choose(site.client()).with_proxy(&url).unwrap();
            client.get("/a").unwrap();
            client.get("/b").unwrap();
            assert_eq!(proxy.asked(), ["login.vendor.test:443", "api.vendor.test:443"]);
            assert_eq!(site.server.seen().len(), 3);
        }
    }
}

#[test]
fn addresses_go_to_a_socks_proxy_as_addresses() {
    for (host, expected) in [("192.0.2.7", "192.0.2.7:443"), ("[2001:db8::7]", "2001:db8::7:443")] {
        let proxy = SocksProxy::refusing(2);
        let client = client_at(&format!("https://{host}")).with_proxy(&proxy.url()).unwrap();
        client.get("/a").unwrap_err();
        assert_eq!(proxy.asked(), [expected]);
    }
}

#[test]
fn a_socks_proxy_gets_the_credentials_of_its_url() {
    let site = Site::start();
    let port = site.server.port;
    let proxy = SocksProxy::start(2, move |mut client| {
        let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        pipe(client, server);
    });
    let url = format!("socks5h://user:p%40ss@{}", proxy.address);
    site.client().with_proxy(&url).unwrap().get("/a").unwrap();
    let expected = ["user:p@ss", "login.vendor.test:443", "user:p@ss", "api.vendor.test:443"];
    assert_eq!(proxy.asked(), expected);
}

#[test]
fn what_a_socks_proxy_wants_of_a_person_is_a_configuration_error_at_once() {
    let wrong = "the proxy does not accept the user and password of its URL: check them, and that / ? # @ : in them are percent-encoded";
    let none = "the proxy wants credentials: socks5h://user:password@host:port";
    let other = "the proxy accepts no user and password (RFC 1929)";
    for (user, method, expected) in
        [("user:hush@", 2, wrong), ("", 0xff, none), ("user:hush@", 0xff, other)]
    {
        let proxy = SocksProxy::start(method, drop);
        let url = format!("socks5h://{user}{}", proxy.address);
        assert_wanted_of_a_person(&url, &proxy.address, expected);
    }
}

#[test]
fn what_is_no_socks_proxy_is_told() {
    let url = raw_server(|mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let client = vendor().with_proxy(&url.replace("http", "socks5h")).unwrap();
    let error = client.get("/a").unwrap_err();
    let text = "the proxy does not speak SOCKS5: look at its URL, through the proxy";
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
}

#[test]
fn what_a_socks_proxy_refuses_is_told_and_what_may_pass_is_tried_again() {
    let policy = "connection not allowed by ruleset (ask who runs it whether this host and port are allowed)";
    for (reply, why, kind, attempts) in [
        (1, "general SOCKS server failure", ErrorKind::Temporary, 2),
        (2, policy, ErrorKind::Refused, 1),
        (3, "network unreachable", ErrorKind::Temporary, 2),
        (4, "host unreachable", ErrorKind::Temporary, 2),
        (5, "connection refused", ErrorKind::Temporary, 2),
        (6, "TTL expired", ErrorKind::Temporary, 2),
        (7, "command not supported", ErrorKind::Refused, 1),
        (8, "address kind not supported", ErrorKind::Refused, 1),
        (9, "unknown error", ErrorKind::Temporary, 2),
    ] {
        let proxy = SocksProxy::refusing(reply);
        let policy = RetryPolicy::default().with_retries(1);
        let client = vendor().with_proxy(&proxy.url()).unwrap().with_retry_policy(policy);
        let (client, _) = on_manual_clock(client);
        let error = client.send(Request::post("/a")).unwrap_err();
        let after = if attempts == 2 { ", after 2 attempts" } else { "" };
        let expected = format!(
            "POST login.vendor.test/oauth/token: the proxy refused the connection: {why}, through the proxy {}{after}",
            proxy.address
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!((error.kind(), error.delivery()), (kind, Delivery::NotSent));
        assert_eq!(proxy.asked().len(), attempts, "{why}");
    }
}

#[test]
fn a_socks_proxy_that_says_nothing_or_is_not_there_is_named() {
    let policy = RetryPolicy::default().with_retries(0);
    let client = vendor().with_proxy("socks5h://127.0.0.1:1").unwrap();
    let error = client.with_retry_policy(policy).get("/a").unwrap_err();
    let expected = "POST login.vendor.test/oauth/token: no connection to the server, through the proxy 127.0.0.1:1";
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::NotSent));

    let url = raw_server(|stream, _| {
        std::thread::sleep(FOR_EVER);
        drop(stream);
    });
    at_some_pace(|pace| {
        let limit = Duration::from_millis(100) * pace;
        let client = vendor().with_proxy(&url.replace("http", "socks5h")).unwrap();
        let client = client.with_retry_policy(policy).with_connect_timeout(limit);
        let error = client.get("/a").unwrap_err();
        assert!(error.to_string().contains("no connection within 0."), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::NotSent));
    });
}

#[test]
fn this_machine_is_never_reached_through_a_socks_proxy() {
    let server = Server::with_api([reply(200, "{}")]);
    let proxy = SocksProxy::refusing(2);
    client_at(&server.url("")).with_proxy(&proxy.url()).unwrap().get("/a").unwrap();
    assert!(proxy.asked().is_empty());
}

#[test]
fn a_variable_may_name_a_socks_proxy() {
    if is_child() {
        vendor().get("/a").unwrap();
        return;
    }
    let site = Site::start();
    let roots = site.authority.file("socks-environment");
    for name in ["HTTPS_PROXY", "all_proxy"] {
        let proxy = SocksProxy::to(site.server.port);
        run_in_child(
            "wire::socks::a_variable_may_name_a_socks_proxy",
            &[(name, &proxy.url()), ("SSL_CERT_FILE", &roots)],
        );
        assert_eq!(proxy.asked(), ["login.vendor.test:443", "api.vendor.test:443"]);
    }
}

#[test]
fn a_user_without_a_password_is_found_when_it_is_set() {
    let expected = "the proxy must have a user and a password of 1 to 255 bytes each, or neither (RFC 1929 §2)";
    let long = format!("hush:{}", "a".repeat(256));
    for user in ["hush", "hush:", ":hush", &long] {
        let error = vendor().with_proxy(&format!("socks5h://{user}@proxy.test")).unwrap_err();
        assert_eq!((error.to_string(), error.exit_code()), (expected.into(), 78), "{user}");
        assert!(!format!("{error:?}").contains("hush"));
    }
}
