//! What comes over the wire in other pieces, codings and shapes than usual.

mod downloads;
mod proxy;
mod timeouts;
mod tls;
mod tls_choice;
mod uploads;
mod coding;
#[cfg(feature = "rustls")]
mod connect;
mod early;
mod heads;
#[cfg(all(target_os = "linux", feature = "rustls"))]
mod machine;
#[cfg(all(feature = "rustls", feature = "socks"))]
mod socks;

use std::io::Write;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

/// Says `text` in two pieces.
fn say_split(stream: &mut TcpStream, text: &str, at: usize) {
    stream.set_nodelay(true).unwrap();
    let _ = stream.write_all(&text.as_bytes()[..at]);
    thread::sleep(Duration::from_millis(5));
    let _ = stream.write_all(&text.as_bytes()[at..]);
}
