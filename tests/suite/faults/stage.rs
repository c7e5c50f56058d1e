//! The servers that play a fault, and what a client is told of it.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use unattended::{AuthMethod, Client, Credentials, Pagination, Provider};

use super::{Fault, Step};
use crate::support::real_time::FOR_EVER;
use crate::support::*;

/// A token of the stage begins like this.
pub const TOKEN: &str = "t0ken-of-the-stage";
/// Rows on each of the pages, and pages.
pub const ROWS: usize = 2;
pub const PAGES: usize = 3;

/// A server with a fault.
pub struct Stage {
    pub origin: String,
    requests: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

/// Which requests the fault is for, by how often it was met before.
pub type For = fn(usize, Option<&Seen>) -> bool;

pub fn always(_: usize, _: Option<&Seen>) -> bool {
    true
}

pub fn once(number: usize, _: Option<&Seen>) -> bool {
    number == 0
}

impl Stage {
    /// Plays the fault to the requests that `is_for` picks, and answers the others well.
    pub fn new(fault: &Fault, is_for: For) -> Self {
        let (requests, is_over): (Arc<AtomicUsize>, Arc<AtomicBool>) = Default::default();
        if fault.refuses_connections() {
            // A port that was free a moment ago may be another test's by now.
            return Self { origin: "http://127.0.0.1:1".into(), requests, is_over };
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (fault, count, ends) = (fault.clone(), requests.clone(), is_over.clone());
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept()
                && !ends.load(Ordering::SeqCst)
            {
                let (fault, count) = (fault.clone(), count.clone());
                thread::spawn(move || play(&fault, stream, is_for, &count));
            }
        });
        Self { origin, requests, is_over }
    }

    /// Where a server without a fault is.
    pub fn good() -> &'static str {
        static GOOD: LazyLock<Stage> = LazyLock::new(|| {
            let nothing = super::harmless("nothing", [Step::Read]);
            Stage::new(&nothing, |_, _| false)
        });
        &GOOD.origin
    }

    /// How many requests the fault met, once there was time for `expected` so many.
    pub fn requests(&self, expected: usize) -> usize {
        let start = Instant::now();
        while self.requests.load(Ordering::SeqCst) < expected && start.elapsed() < FOR_EVER {
            thread::sleep(Duration::from_millis(1));
        }
        self.requests.load(Ordering::SeqCst)
    }
}

/// There are more stages than a process may have open sockets.
impl Drop for Stage {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.origin.trim_start_matches("http://"));
    }
}

/// A client of a token endpoint on one stage and an API on another.
pub fn client_of(token: &str, api: &str) -> Client {
    let provider = Provider::new(&format!("{token}{TOKEN_PATH}"), api)
        .unwrap()
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_pagination(Pagination::page_numbers("page_number"));
    Client::new(provider, Credentials::new("my-client", SECRET)).unwrap()
}

/// The right content of an answer: a token, a page, or a bit of JSON.
pub fn content(seen: Option<&Seen>) -> String {
    let Some(seen) = seen else {
        return r#"{"a":"right"}"#.into();
    };
    match seen.path() {
        TOKEN_PATH => {
            static TOKENS: AtomicUsize = AtomicUsize::new(0);
            let token = format!("{TOKEN}-{}", TOKENS.fetch_add(1, Ordering::SeqCst));
            json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).to_string()
        }
        "/rows" => page(page_of(seen)),
        path => json!({"a": "right", "path": path}).to_string(),
    }
}

/// The number of the page that is asked for.
pub fn page_of(seen: &Seen) -> usize {
    let number = seen.target.split("page_number=").nth(1).unwrap_or("1");
    number.split('&').next().unwrap().parse().unwrap()
}

fn page(number: usize) -> String {
    let rows: Vec<usize> = (0..ROWS).map(|row| (number - 1) * ROWS + row).collect();
    json!({
        "items": rows, "page_number": number, "page_size": ROWS,
        "total_pages": PAGES, "total_items": PAGES * ROWS,
    })
    .to_string()
}

fn play(fault: &Fault, mut stream: TcpStream, is_for: For, count: &AtomicUsize) {
    // Or what is said in parts would wait for the client's acknowledgements.
    stream.set_nodelay(true).unwrap();
    if fault.is_before_requests() && is_for(count.load(Ordering::SeqCst), None) {
        count.fetch_add(1, Ordering::SeqCst);
        perform(fault, &mut stream, None);
        return;
    }
    let leaves_some = matches!(fault.steps.first(), Some(Step::ReadMost));
    while let Some(seen) = read(&mut stream, leaves_some) {
        let is_met =
            !fault.is_before_requests() && is_for(count.load(Ordering::SeqCst), Some(&seen));
        if is_met {
            count.fetch_add(1, Ordering::SeqCst);
            if !perform(fault, &mut stream, Some(&seen)) {
                return;
            }
        } else {
            if leaves_some {
                finish(&mut stream, &seen);
            }
            write_reply(&mut stream, &reply(200, content(Some(&seen))));
        }
    }
}

/// A request, or its beginning up to the last byte of its head.
fn read(stream: &mut TcpStream, leaves_some: bool) -> Option<Seen> {
    if !leaves_some {
        // A client of these tests has one request on its way.
        return read_request(&mut BufReader::new(stream));
    }
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        bytes.push(byte[0]);
    }
    bytes.extend_from_slice(b"\n");
    // The body is still to come.
    let head = String::from_utf8(bytes).unwrap();
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut words = head.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Seen { method, target, headers, body: String::new() })
}

/// Reads what was left of a request.
fn finish(stream: &mut TcpStream, seen: &Seen) {
    let length: usize = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    let _ = stream.read_exact(&mut vec![0; length + 1]);
}

/// Plays the steps; whether the connection is still of use.
fn perform(fault: &Fault, stream: &mut TcpStream, seen: Option<&Seen>) -> bool {
    let body = content(seen);
    for step in &fault.steps {
        let said = match step {
            Step::Read if seen.is_none() => {
                read_request(stream);
                Ok(())
            }
            Step::Read | Step::ReadMost => Ok(()),
            Step::Say(text) => stream.write_all(fill(text, &body, seen).as_bytes()),
            Step::Make(make) => stream.write_all(&make(&body)),
            Step::Drip(text) => drip(stream, &fill(text, &body, seen)),
            Step::Flood(bytes) => flood(stream, bytes),
            Step::Pause => {
                thread::sleep(Duration::from_millis(20) * fault.pace);
                Ok(())
            }
            Step::HalfClose => stream.shutdown(Shutdown::Write),
            Step::Hold => stream.read_to_end(&mut Vec::new()).map(drop),
            Step::Close | Step::Refuse => return false,
        };
        if said.is_err() {
            return false;
        }
    }
    true
}

fn drip(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    loop {
        for byte in text.bytes() {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn flood(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let block = bytes.repeat(16 * 1024 / bytes.len());
    loop {
        stream.write_all(&block)?;
    }
}

fn fill(text: &str, body: &str, seen: Option<&Seen>) -> String {
    let length = body.len();
    let secrets = seen.map_or_else(String::new, |seen| {
        format!("{} {}", seen.header("authorization").unwrap_or_default(), seen.body)
    });
    text.replace("{len}", &length.to_string())
        .replace("{more}", &(length + 10).to_string())
        .replace("{less}", &(length - 3).to_string())
        .replace("{hex}", &format!("{length:x}"))
        .replace("{half}", &body[..length / 2])
        .replace("{rest}", &body[length / 2..])
        .replace("{body}", body)
        .replace("{target}", seen.map_or("", |seen| &seen.target))
        .replace("{echo}", secrets.trim())
}
