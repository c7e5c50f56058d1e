//! A server on the loopback that plays answers, fast enough for a fuzzer: some threads
//! accept and keep connections, so that nothing is started for an answer.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use unattended::{AuthMethod, Client, Connection, Credentials, ManualClock, Provider};

/// The client secret: what must not come out of any error.
pub const SECRET: &str = "pl4nt3d/s3cret+and=m0re";
/// The access token that the server hands out unless it plays another answer.
pub const TOKEN: &str = "pl4nt3d.t0ken-0f_the~API";

/// An answer: status, headers, body. As text: the status, lines of headers, an empty line,
/// the body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// What frames a message is left out, and so is what would lead to another server;
    /// what cannot be a header or a final status as well: how ureq reads broken HTTP is
    /// tried elsewhere.
    pub fn read(data: &[u8]) -> Self {
        let (head, body) = match data.windows(2).position(|pair| pair == b"\n\n") {
            Some(at) => (&data[..at], &data[at + 2..]),
            None => (data, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines.next().and_then(|line| std::str::from_utf8(line).ok());
        let status = status.and_then(|text| text.trim().parse().ok());
        Self {
            status: status.filter(|status| (200..600).contains(status)).unwrap_or(200),
            headers: lines.filter_map(header).take(MOST_HEADERS).collect(),
            body: body.to_vec(),
        }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    fn wire(&self) -> Vec<u8> {
        let has_body = !matches!(self.status, 204 | 304);
        let body = if has_body { &self.body[..] } else { &[] };
        let mut wire = format!("HTTP/1.1 {} X\r\n", self.status).into_bytes();
        if has_body {
            wire.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        for (name, value) in &self.headers {
            wire.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        wire.extend_from_slice(b"\r\n");
        wire.extend_from_slice(body);
        wire
    }
}

fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii());
    let is_name = !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
    let is_value = value.iter().all(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f));
    let name = String::from_utf8(name).ok()?;
    (is_name && is_value && !LEFT_OUT.contains(&name.as_str())).then(|| (name, value.to_vec()))
}

const LEFT_OUT: [&str; 6] = [
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "connection",
    "location",
    "set-cookie",
];
const MOST_HEADERS: usize = 50;

/// One for each thread that asks for it: see [`Server::here`].
#[derive(Clone)]
pub struct Server {
    pub origin: String,
    script: Arc<Mutex<Script>>,
    client: Arc<Provider>,
}

/// Answers a request line.
type Api = Box<dyn Fn(&str) -> Answer + Send>;

#[derive(Default)]
struct Script {
    token: Option<Vec<u8>>,
    api: VecDeque<Vec<u8>>,
    /// What is answered once `api` is played.
    rest: Vec<u8>,
    /// What answers a request line, if nothing was played.
    answer: Option<Api>,
    seen: Vec<String>,
}

thread_local! {
    static SERVER: Server = Server::start();
    static KEPT: OnceCell<Client> = const { OnceCell::new() };
}

impl Server {
    /// The server of this thread.
    pub fn here() -> Self {
        SERVER.with(Clone::clone)
    }

    fn start() -> Self {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let script: Arc<Mutex<Script>> = Arc::default();
        for _ in 0..CONNECTIONS {
            let (listener, script) = (listener.clone(), script.clone());
            thread::spawn(move || {
                while let Ok((stream, _)) = listener.accept() {
                    serve(stream, &script);
                }
            });
        }
        let provider = Provider::new(&format!("{origin}/token"), &origin).unwrap();
        let provider = provider.with_auth_method(AuthMethod::ClientSecretPost);
        Self { origin, script, client: Arc::new(provider) }
    }

    /// From now on the API plays `api` and then `rest` for ever, and the token endpoint
    /// `token`, or hands out [`TOKEN`].
    pub fn play(&self, token: Option<&Answer>, api: &[Answer], rest: &Answer) {
        *lock(&self.script) = Script {
            token: token.map(Answer::wire),
            api: api.iter().map(Answer::wire).collect(),
            rest: rest.wire(),
            answer: None,
            seen: Vec::new(),
        };
    }

    /// From now on the API answers by this, from the request line.
    pub fn answer(&self, by: impl Fn(&str) -> Answer + Send + 'static) {
        *lock(&self.script) = Script { answer: Some(Box::new(by)), ..Script::default() };
    }

    /// The request lines since then, those to the token endpoint apart.
    pub fn seen(&self) -> Vec<String> {
        let seen = lock(&self.script).seen.clone();
        seen.into_iter().filter(|line| !line.starts_with("POST /token ")).collect()
    }

    /// A client that has a token and a connection: for servers that ask for no waits,
    /// since clones remember those together.
    pub fn kept(&self) -> Client {
        KEPT.with(|kept| {
            let client = kept.get_or_init(|| {
                self.play(None, &[], &Answer::ok("{}"));
                let (client, _) = self.client();
                client.get("/").unwrap();
                client
            });
            client.clone()
        })
    }

    /// A client that knows nothing, on a clock of its own.
    pub fn client(&self) -> (Client, ManualClock) {
        let clock = ManualClock::new();
        let client = Client::new((*self.client).clone(), Credentials::new("planted", SECRET));
        (alone(client.unwrap()).with_clock(clock.clone()), clock)
    }
}

/// Whatever the environment says of proxies and roots: reading some hundred certificates
/// takes longer than all else.
pub fn alone(client: Client) -> Client {
    let connection = Connection::new().without_proxy();
    #[cfg(feature = "rustls")]
    let connection = connection.with_root_certificates(include_str!("../seeds/pem/root")).unwrap();
    client.with_connection(connection)
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers on one connection until it is closed.
fn serve(mut stream: TcpStream, script: &Mutex<Script>) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Some(head) = read(&mut stream, &mut buffer) {
        let answer = {
            let mut script = lock(script);
            let line = head.lines().next().unwrap_or_default();
            script.seen.push(line.to_owned());
            match (&script.token, line.starts_with("POST /token ")) {
                (Some(token), true) => token.clone(),
                (None, true) => token_answer(),
                (_, false) => match &script.answer {
                    Some(answer) => answer(line).wire(),
                    None => script.api.pop_front().unwrap_or_else(|| script.rest.clone()),
                },
            }
        };
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn token_answer() -> Vec<u8> {
    let body = serde_json::json!({"access_token": TOKEN, "token_type": "Bearer"});
    Answer::ok(body.to_string()).wire()
}

/// The head of a request, whose body is read and dropped; `None` for what is not HTTP.
fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    buffer.clear();
    let mut chunk = [0; 4096];
    loop {
        let length = stream.read(&mut chunk).ok().filter(|length| *length > 0)?;
        buffer.extend_from_slice(&chunk[..length]);
        if !buffer[0].is_ascii_uppercase() {
            return None;
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |length| length.parse().unwrap());
        let rest = (end + 4 + length).saturating_sub(buffer.len());
        stream.read_exact(&mut vec![0; rest]).ok()?;
        return Some(head);
    }
}

/// A client keeps one connection, and two may be there at a time.
const CONNECTIONS: usize = 4;
