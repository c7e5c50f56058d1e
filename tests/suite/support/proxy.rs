//! A proxy on the loopback, and a vendor whose names only the proxy knows.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use unattended::error::Delivery;
use unattended::{Client, Credentials, Provider};

use super::tls::{Authority, TlsServer};
use super::*;

/// A proxy that connects whatever is asked for to one port of this machine.
pub struct ConnectProxy {
    pub address: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl ConnectProxy {
    pub fn to(port: u16) -> Self {
        Self::start(move |mut client| {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let _ = client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n");
            pipe(client, server);
        })
    }

    /// Refuses every connection by this answer.
    pub fn refusing(answer: Reply) -> Self {
        Self::start(move |mut client| {
            write_reply(&mut client, &answer);
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.read_to_end(&mut Vec::new());
        })
    }

    pub fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        let url = raw_server(move |mut stream, _| {
            if let Some(request) = read_request(&mut stream) {
                log.lock().unwrap().push(request);
                serve(stream);
            }
        });
        Self { address: url.replace("http://", ""), seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for: `CONNECT host:port`, in order.
    pub fn asked(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }
}

pub fn pipe(client: TcpStream, server: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    };
    let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let answers = thread::spawn(move || copy(back, forth));
    copy(client, server);
    let _ = answers.join();
}

/// An API and a token endpoint whose names no resolver knows.
pub struct Site {
    pub server: TlsServer,
    pub authority: Authority,
}

impl Site {
    pub fn start() -> Self {
        Self::answering(|_| reply(200, "{}"))
    }

    pub fn answering(api: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let names = ["login.vendor.test", "api.vendor.test", "0.0.0.0"];
        Self { server: TlsServer::start_with(&authority.issue(&names), None, api), authority }
    }

    pub fn client(&self) -> Client {
        vendor().with_root_certificates(self.authority.pem()).unwrap()
    }
}

pub fn vendor() -> Client {
    let provider =
        Provider::new("https://login.vendor.test/oauth/token", "https://api.vendor.test").unwrap();
    Client::new(provider, Credentials::new("my-client", SECRET)).unwrap()
}

/// What a proxy wants of a person is an error at once, which shows no password.
#[track_caller]
pub fn assert_wanted_of_a_person(url: &str, address: &str, expected: &str) {
    let (client, clock) = on_manual_clock(vendor().with_proxy(url).unwrap());
    let error = client.get("/a").unwrap_err();
    let expected =
        format!("POST login.vendor.test/oauth/token: {expected}, through the proxy {address}");
    assert_eq!(error.to_string(), expected);
    assert!(!format!("{error:?} {client:?}").contains("hush"), "{error:?}");
    assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
    assert_eq!(clock.sleeps().len(), 0);
}
