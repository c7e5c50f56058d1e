//! What comes over the wire in other pieces, codings and shapes than usual.

pub mod downloads;
pub mod proxy;
pub mod timeouts;
pub mod tls;
pub mod tls_choice;
pub mod uploads;
pub mod coding;
#[cfg(feature = "rustls")]
pub mod connect;
pub mod early;
pub mod heads;
#[cfg(all(target_os = "linux", feature = "rustls"))]
pub mod machine;

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
