//! Requests as they arrive, answers as they leave, and the server between them: on std alone,
//! so that a first run has nothing more to build.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// A request, as far as the stand-in looks at it.
pub struct Call {
    pub method: String,
    pub path: String,
    query: Pairs,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The parameters of a query or a form, decoded.
pub type Pairs = HashMap<String, String>;

/// An answer: status, headers, body.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A refusal is an answer as well; as the error it ends the checks by `?`.
pub type Reply = Result<Answer, Answer>;

/// Serves until the process ends, each connection in a thread of its own.
pub fn serve(answer: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A client that went away has no use for an answer.
            thread::spawn(move || drop(converse(stream, &*answer)));
        }
    });
    address
}

fn converse(stream: TcpStream, answer: &impl Fn(&Call) -> Reply) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(call) = Call::read(&mut reader)? {
        let answer = answer(&call).unwrap_or_else(|refusal| refusal);
        reader.get_mut().write_all(&answer.to_bytes(call.method != "HEAD"))?;
    }
    Ok(())
}

impl Call {
    /// What the library sends: a head in plain lines, and a body with a length.
    fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Self>> {
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line: &String| line != "\r\n") {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            lines.push(line);
        }
        let headers = lines.iter().filter_map(|line| line.trim_end().split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut words = lines[0].split(' ').map(str::to_owned);
        let (method, target) = (words.next(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut call = Self {
            method: method.unwrap_or_default(),
            path: path.to_owned(),
            query: pairs(query),
            headers: headers.collect(),
            body: Vec::new(),
        };
        if call.header("expect").is_some() {
            stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let length = call.header("content-length").and_then(|length| length.parse().ok());
        call.body.resize(length.unwrap_or(0), 0);
        stream.read_exact(&mut call.body)?;
        Ok(Some(call))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// The URL of a path on this server, by another name and hence another origin.
    pub fn elsewhere(&self, path: &str) -> String {
        let host = self.header("host").unwrap_or_default();
        format!("http://{}{path}", host.replace("127.0.0.1", "localhost"))
    }

    /// A whole number in the query; `None` if it is none.
    pub fn number(&self, name: &str, default: usize) -> Option<usize> {
        let Some(value) = self.query(name) else { return Some(default) };
        value.parse().ok().filter(|number| *number > 0)
    }

    /// The body of a token request (RFC 6749 §3.2): a form.
    pub fn form(&self) -> Result<Pairs, Answer> {
        let content_type = self.header("content-type").unwrap_or_default();
        let form = pairs(&String::from_utf8_lossy(&self.body));
        match (self.method.as_str(), form.get("grant_type")) {
            ("POST", _) if !content_type.starts_with("application/x-www-form-urlencoded") => {
                Err(Answer::oauth(400, "invalid_request", "the body is not a form"))
            }
            ("POST", Some(grant)) if grant == "client_credentials" => Ok(form),
            ("POST", _) => Err(Answer::oauth(400, "unsupported_grant_type", "not served here")),
            _ => Err(Answer::json(405, "{}").header("allow", "POST")),
        }
    }

    /// Id and secret by HTTP Basic (RFC 7617 §2), as they were sent.
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    }

    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

impl Answer {
    pub fn json(status: u16, body: impl ToString) -> Self {
        let content_type = ("content-type".into(), "application/json; charset=utf-8".into());
        Self { status, headers: vec![content_type], body: body.to_string().into_bytes() }
    }

    /// A refusal as RFC 6749 §5.2 words it.
    pub fn oauth(status: u16, error: &str, description: &str) -> Self {
        Self::json(status, json!({ "error": error, "error_description": description }))
    }

    pub fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }

    fn to_bytes(&self, has_body: bool) -> Vec<u8> {
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        let (status, headers) = (self.status, headers.collect::<String>());
        let length = self.body.len();
        let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\n\r\n");
        let body = if has_body { self.body.as_slice() } else { &[] };
        [head.as_bytes(), body].concat()
    }
}

/// As Snow Atlas words it.
pub fn refuse(status: u16, message: &str) -> Reply {
    Err(Answer::json(status, json!({ "error": { "code": status, "message": message } })))
}

/// A refusal that names a wait.
pub fn refuse_for(seconds: u64, message: &str) -> Reply {
    refuse(429, message).map_err(|refusal| refusal.header("retry-after", seconds))
}

/// Undoes the form-encoding of RFC 6749 §2.3.1.
pub fn form_decode(text: &str) -> String {
    pairs(&format!("v={}", text.replace('&', "%26"))).remove("v").unwrap_or_default()
}

fn pairs(encoded: &str) -> Pairs {
    form_urlencoded::parse(encoded.as_bytes()).into_owned().collect()
}
