//! A server that plays a token endpoint and an API, and raw sockets where bytes matter. The
//! tests of the tools take it as well.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};
use unattended::{AuthMethod, Client, Credentials, Pagination, Provider};

pub const TOKEN_PATH: &str = "/oauth/token";
pub const SECRET: &str = "s3cret/with+signs";

/// What a request looked like when it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// An answer: status, headers, body.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub fn reply(status: u16, body: impl Into<String>) -> Reply {
    Reply { status, headers: Vec::new(), body: body.into() }
}

impl Reply {
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

/// An httpmock server that answers by closures and remembers what it saw.
///
/// Without another script the token endpoint hands out `token-1`, `token-2`, … for an
/// hour each, and the API answers 200 with `{}`.
pub struct Server {
    mock: MockServer,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Script = Arc<Mutex<VecDeque<Reply>>>;

impl Server {
    /// The API plays `api` reply by reply, then the last one for ever.
    pub fn with_api(api: impl IntoIterator<Item = Reply>) -> Self {
        Self::with_scripts([], api)
    }

    /// The token endpoint plays `token`, then hands out tokens; the API plays `api`.
    pub fn with_scripts(
        token: impl IntoIterator<Item = Reply>,
        api: impl IntoIterator<Item = Reply>,
    ) -> Self {
        let token: Script = Arc::new(Mutex::new(token.into_iter().collect()));
        let api: Script = Arc::new(Mutex::new(api.into_iter().collect()));
        let tokens = Mutex::new(0);
        Self::start(move |seen| match seen.path() {
            TOKEN_PATH => token.lock().unwrap().pop_front().unwrap_or_else(|| {
                let mut tokens = tokens.lock().unwrap();
                *tokens += 1;
                token_reply(&format!("token-{tokens}"), 3600)
            }),
            _ => {
                let mut api = api.lock().unwrap();
                match api.len() {
                    0 => reply(200, "{}"),
                    1 => api[0].clone(),
                    _ => api.pop_front().unwrap(),
                }
            }
        })
    }

    /// Everything is answered by `answer`.
    pub fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let mock = MockServer::start();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = seen.clone();
        mock.mock(|when, then| {
            when.any_request();
            then.respond_with(move |request: &HttpMockRequest| {
                let seen = Seen {
                    method: request.method_str().to_owned(),
                    target: request.uri().path_and_query().unwrap().to_string(),
                    headers: request.headers_vec().clone(),
                    body: request.body_string(),
                };
                log.lock().unwrap().push(seen.clone());
                let reply = answer(&seen);
                let mut response = HttpMockResponse::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(reply.body).build()
            });
        });
        Self { mock, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.mock.port())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn token_requests(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path() == TOKEN_PATH).collect()
    }

    pub fn api_requests(&self) -> Vec<Seen> {
        self.seen().into_iter().filter(|seen| seen.path() != TOKEN_PATH).collect()
    }

    /// A provider with credentials in the body and numbered pages.
    pub fn provider(&self) -> Provider {
        provider_at(&self.url(""))
    }

    pub fn client(&self) -> Client {
        client_at(&self.url(""))
    }
}

pub fn token_reply(token: &str, expires_in: u64) -> Reply {
    let body = serde_json::json!({
        "access_token": token, "token_type": "Bearer", "expires_in": expires_in
    });
    reply(200, body.to_string()).header("content-type", "application/json")
}

pub fn provider_at(origin: &str) -> Provider {
    Provider::new(&format!("{origin}{TOKEN_PATH}"), origin)
        .unwrap()
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_pagination(Pagination::page_numbers("page_number"))
}

pub fn client_at(origin: &str) -> Client {
    Client::new(provider_at(origin), Credentials::new("my-client", SECRET)).unwrap()
}

/// A raw TCP server: `serve` gets each connection, with its number from 0, in a thread of
/// its own.
pub fn raw_server(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let (Ok(stream), serve) = (stream, serve.clone()) else { return };
            thread::spawn(move || serve(stream, number));
        }
    });
    format!("http://{address}")
}

/// Reads one request with its body off a connection: `None` when it was closed.
pub fn read_request(stream: &mut impl Read) -> Option<Seen> {
    let (head, body) = read_message(stream)?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    Some(Seen {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers: lines.filter_map(header).collect(),
        body,
    })
}

/// One request as it came over the wire: its head, to the empty line, and its body.
pub fn read_message(stream: &mut impl Read) -> Option<(String, String)> {
    let head = read_head(stream)?;
    let mut body = vec![0; content_length(&head)];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8_lossy(&body).into_owned()))
}

/// The head of a request, to the empty line; its body is left on the connection.
pub fn read_head(stream: &mut impl Read) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0; 1];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    Some(String::from_utf8(bytes).unwrap())
}

pub fn content_length(head: &str) -> usize {
    let length = head.lines().filter_map(header).find(|(name, _)| name == "content-length");
    length.map_or(0, |(_, length)| length.parse().unwrap())
}

fn header(line: &str) -> Option<(String, String)> {
    line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// Writes a whole answer.
pub fn write_reply(stream: &mut impl Write, reply: &Reply) {
    let mut text =
        format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let _ = stream.write_all(format!("{text}\r\n{}", reply.body).as_bytes());
}

pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
