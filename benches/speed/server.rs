//! A server that is not the bottleneck: answers that were made beforehand, one thread per
//! connection, no parsing but for the path.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

/// What the server counted since it was asked last.
#[derive(Default)]
struct Counts {
    connections: AtomicU64,
    requests: AtomicU64,
    tokens: AtomicU64,
}

struct World {
    answers: HashMap<&'static str, Vec<u8>>,
    pages: Vec<Vec<u8>>,
    counts: Counts,
    issued: AtomicU64,
}

/// 200 bytes.
const SMALL: &str = r#"{"id":"00000000000000000000000000000001","name":"PC-000001","model":"Latitude 5440","lastScan":"2026-01-02T03:04:05Z","memoryBytes":8589934593,"processors":16,"isVirtual":false,"domain":"x.test"}"#;
/// As many rows and pages as a path asks for: `/grown/10/1000?page_number=1`.
fn grown(path: &str, number: usize) -> Option<Vec<u8>> {
    let (rows, pages) = path.strip_prefix("/grown/")?.split_once('/')?;
    let page = page(number, pages.parse().ok()?, rows.parse().ok()?);
    Some(answer("200 OK", "", page.as_bytes()))
}

pub const LARGE: usize = 100_000_000;
pub const PAGES: usize = 1_000;
pub const PAGE_ROWS: usize = 200;
/// What a page of an ordinary API takes.
const SLOW: Duration = Duration::from_millis(50);

pub fn run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let tls = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{} {}", listener.local_addr().unwrap(), tls.local_addr().unwrap());
    let world = Arc::new(World::new());
    let other = world.clone();
    let config = crate::cold::server_config();
    thread::spawn(move || {
        for stream in tls.incoming() {
            let (stream, world, config) = (stream.unwrap(), other.clone(), config.clone());
            stream.set_nodelay(true).unwrap();
            let connection = rustls::ServerConnection::new(config).unwrap();
            thread::spawn(move || world.serve(rustls::StreamOwned::new(connection, stream)));
        }
    });
    for stream in listener.incoming() {
        let (stream, world) = (stream.unwrap(), world.clone());
        stream.set_nodelay(true).unwrap();
        world.counts.connections.fetch_add(1, Ordering::Relaxed);
        thread::spawn(move || world.serve_plain(stream));
    }
}

impl World {
    fn new() -> Self {
        let page = page(1, 1, 1_000);
        let ten = page_of_bytes(10_000_000);
        let mut answers = HashMap::new();
        answers.insert("/small", answer("200 OK", "", SMALL.as_bytes()));
        answers.insert("/page", answer("200 OK", "", page.as_bytes()));
        answers.insert("/ten", answer("200 OK", "", ten.as_bytes()));
        let zipped = gzip(page.as_bytes());
        answers.insert("/gzip", answer("200 OK", "content-encoding: gzip\r\n", &zipped));
        answers.insert("/chunked", chunked(page.as_bytes()));
        let busy = r#"{"error":{"code":429,"message":"Too many requests."}}"#;
        answers.insert("/busy", answer("429 Too Many", "retry-after: 0\r\n", busy.as_bytes()));
        answers.insert("/stale", answer("401 Unauthorized", "", b"{}"));
        answers.insert("/ok", answer("200 OK", "", b""));
        let pages = (1..=PAGES).map(|number| {
            answer("200 OK", "", crate::server::page(number, PAGES, PAGE_ROWS).as_bytes())
        });
        Self {
            answers,
            pages: pages.collect(),
            counts: Counts::default(),
            issued: AtomicU64::default(),
        }
    }

    fn serve_plain(&self, stream: TcpStream) {
        self.serve(stream);
    }

    fn serve(&self, mut stream: impl Read + Write) {
        let mut buffer = vec![0; 256 * 1024];
        let mut held = 0;
        let mut turn = 0_u64;
        loop {
            let end = loop {
                if let Some(end) = find(&buffer[..held], b"\r\n\r\n") {
                    break end + 4;
                }
                match stream.read(&mut buffer[held..]) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => held += count,
                }
            };
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            self.counts.requests.fetch_add(1, Ordering::Relaxed);
            if head.contains("expect: 100") {
                let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            let mut rest = length_of(&head).saturating_sub(held - end);
            held = 0;
            while rest > 0 {
                let most = rest.min(buffer.len());
                match stream.read(&mut buffer[..most]) {
                    Ok(0) | Err(_) => return,
                    Ok(count) => rest -= count,
                }
            }
            let target = head.split(' ').nth(1).unwrap();
            turn += 1;
            if self.respond(&mut stream, target, turn).is_err() {
                return;
            }
        }
    }

    /// It lives as long as the path below the endpoint says.
    fn token(&self, path: &str) -> Vec<u8> {
        self.counts.tokens.fetch_add(1, Ordering::Relaxed);
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let life = path.strip_prefix("/token/").unwrap_or("36000");
        let token = format!(
            r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":{life}}}"#
        );
        answer("200 OK", "", token.as_bytes())
    }

    /// What was counted since the last time.
    fn counts(&self) -> Vec<u8> {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let Counts { connections, requests, tokens } = &self.counts;
        let text = format!("{} {} {}", take(connections), take(requests), take(tokens));
        answer("200 OK", "connection: close\r\n", text.as_bytes())
    }

    fn respond(&self, stream: &mut impl Write, target: &str, turn: u64) -> std::io::Result<()> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match path {
            path if path.starts_with("/token") => stream.write_all(&self.token(path)),
            "/counts" => stream.write_all(&self.counts()),
            path if path.starts_with("/grown/") => {
                let number = query.rsplit('=').next().and_then(|number| number.parse().ok());
                stream.write_all(&grown(path, number.unwrap_or(1)).unwrap())
            }
            "/pages" | "/slow" => {
                if path == "/slow" {
                    thread::sleep(SLOW);
                }
                let number = query.split('&').find_map(|pair| pair.strip_prefix("page_number="));
                stream.write_all(&self.pages[number.unwrap().parse::<usize>().unwrap() - 1])
            }
            "/large" => {
                let block = &self.answers["/ten"][..1_000_000];
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {LARGE}\r\n\r\n")?;
                (0..LARGE / block.len()).try_for_each(|_| stream.write_all(block))
            }
            "/flaky" if turn.is_multiple_of(2) => stream.write_all(&self.answers["/busy"]),
            // One call in ten has a token that is not good any more: a refusal, a token, and
            // ten good answers.
            "/forgets" if turn.is_multiple_of(12) => stream.write_all(&self.answers["/stale"]),
            "/flaky" | "/forgets" => stream.write_all(&self.answers["/small"]),
            path => stream.write_all(self.answers.get(path).unwrap_or(&self.answers["/ok"])),
        }
    }
}

fn length_of(head: &str) -> usize {
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.map_or(0, |length| length.parse().unwrap())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec();
    for chunk in body.chunks(16 * 1024) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// About 320 bytes, as inventories have them.
fn row(number: usize) -> String {
    format!(
        r#"{{"id":"{number:032x}","name":"PC-{number:06}","manufacturer":"Contoso Ltd.","model":"Latitude \u00fc 5440","operatingSystem":"Microsoft Windows 11 Enterprise","lastScan":"2026-01-{:02}T03:04:05Z","memoryBytes":{},"processors":{},"isVirtual":{},"domain":"corp.example.com","user":null}}"#,
        number % 28 + 1,
        8_589_934_592_u64 + number as u64,
        number % 16,
        number.is_multiple_of(2)
    )
}

fn page(number: usize, pages: usize, size: usize) -> String {
    let rows: Vec<String> = (0..size).map(|at| row(number * size + at)).collect();
    format!(
        r#"{{"items":[{}],"pagination":{{"page_number":{number},"page_size":{size},"total_pages":{pages},"total_items":{}}}}}"#,
        rows.join(","),
        pages * size
    )
}

fn page_of_bytes(bytes: usize) -> String {
    page(1, 1, bytes / row(1).len())
}
