//! Attempts, waits and redirects of one call.

mod cooldowns;
mod deadlines;
mod redirects;
mod paces;
mod retries;
mod waits;

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use unattended::Request;
use unattended::http::Method;

use crate::support::*;

fn refusal(headers: &[(&str, &str)]) -> Reply {
    headers.iter().fold(reply(429, "{}"), |reply, (name, value)| reply.header(name, *value))
}

fn is_first_back_off(waits: &[Duration]) -> bool {
    waits.len() == 1 && (250..=500).contains(&waits[0].as_millis())
}

/// An API on raw sockets that does `serve` with each request, and how many it got.
fn broken_api(
    serve: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let origin = raw_server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            serve(&mut stream, number);
        }
    });
    (origin, count)
}

fn untold(method: Method) -> Request {
    Request::new(method, "/x").without_token()
}
