//! Connections: requests are read off the wire, and answers written as far as they get.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use unattended::ManualClock;

use crate::state::State;

pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

/// What the server looks at.
pub struct Request {
    /// Path and query.
    pub target: String,
    pub token: Option<String>,
    pub body: String,
}

/// What is written, and whether the connection is closed then.
pub struct Answer {
    pub bytes: Vec<u8>,
    pub closes: bool,
}

impl Server {
    /// A server with so many pages; it ends with the process.
    pub fn start(pages: u64, seed: u64, clock: ManualClock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("the port");
        let state = Arc::new(Mutex::new(State::new(pages, seed, clock)));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, state) = (stream.expect("a connection"), shared.clone());
                state.lock().expect("the state").connections += 1;
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { address, state }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the state")
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    stream.set_nodelay(true).expect("TCP_NODELAY");
    while let Some(request) = read(&mut stream) {
        let answer = state.lock().expect("the state").answer(&request);
        if stream.write_all(&answer.bytes).is_err() || answer.closes {
            return;
        }
    }
}

/// One request: the client sends none before the answer to the one before.
fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::with_capacity(1024);
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
            let length = header("content-length: ").map_or(0, |text| text.parse().unwrap_or(0));
            if body.len() >= length {
                return Some(Request {
                    target: head.split(' ').nth(1)?.to_owned(),
                    token: header("authorization: Bearer ").map(str::to_owned),
                    body: body.to_owned(),
                });
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}
