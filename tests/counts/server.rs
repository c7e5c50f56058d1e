//! A server on a raw socket that allocates little and is never waited for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use unattended::{Client, Credentials, Provider};

/// A server that gives each connection to `serve`, in a thread of its own.
pub fn server(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, serve) = (stream.unwrap(), serve.clone());
            thread::spawn(move || serve(stream));
        }
    });
    origin
}

/// Reads one request: its head and how long its body was; `None` when it was closed.
pub fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, u64)> {
    buffer.clear();
    let mut byte = [0];
    while !buffer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => buffer.push(byte[0]),
            _ => return None,
        }
    }
    let head = String::from_utf8(buffer.clone()).unwrap();
    if head.contains("expect: 100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    let read = std::io::copy(&mut stream.take(length), &mut std::io::sink()).ok()?;
    Some((head, read))
}

pub fn client_at(origin: &str) -> Client {
    let provider = Provider::new(&format!("{origin}/token"), origin).unwrap();
    Client::new(provider, Credentials::new("id", "secret")).unwrap().without_proxy()
}
