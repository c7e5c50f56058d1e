//! A server on a raw socket that allocates little and is never waited for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use unattended::{Client, Credentials, Provider};

pub type Connection = BufReader<TcpStream>;

/// A server that gives each connection to `serve`, in a thread of its own.
pub fn server(serve: impl Fn(Connection) + Send + Sync + Clone + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (connection, serve) = (BufReader::new(stream.unwrap()), serve.clone());
            thread::spawn(move || serve(connection));
        }
    });
    origin
}

/// Reads one request: its head and how long its body was; `None` when it was closed.
pub fn read_request(connection: &mut Connection) -> Option<(String, u64)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if connection.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    if head.contains("expect: 100-continue") {
        connection.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse().unwrap());
    let read = io::copy(&mut connection.take(length), &mut io::sink()).ok()?;
    Some((head, read))
}

pub fn client_at(origin: &str) -> Client {
    let provider = Provider::new(&format!("{origin}/token"), origin).unwrap();
    let client = Client::new(provider, Credentials::new("id", "secret")).unwrap();
    client.with_connection(unattended::Connection::new().without_proxy())
}
