//! Twenty processes on four addresses share one token through a real Redis.
//!
//! Needs `redis-server` in the path.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fleet::RedisStore;
use unattended::{StoreEntry, TokenStore};

/// A token endpoint and an API that count.
struct Vendor {
    origin: String,
    tokens: Arc<AtomicU64>,
}

impl Vendor {
    fn start(lifetime: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let tokens = Arc::new(AtomicU64::new(0));
        let counter = tokens.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = counter.clone();
                thread::spawn(move || serve(stream, &counter, lifetime));
            }
        });
        Self { origin, tokens }
    }

    fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, tokens: &AtomicU64, lifetime: u64) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = match first.starts_with("POST /token") {
            false => "{}".to_owned(),
            true => {
                let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
                thread::sleep(Duration::from_millis(50));
                format!(r#"{{"access_token":"t{number}","expires_in":{lifetime}}}"#)
            }
        };
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// A Redis of this test's own, reached at four addresses as by four machines.
struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start(port: u16) -> Self {
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--save", "", "--appendonly", "no"])
            .args(["--bind", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server must be installed (Debian: apt-get install redis-server)");
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "redis-server does not start");
            thread::sleep(Duration::from_millis(20));
        }
        Self { process, port }
    }

    fn anywhere() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start(port)
    }

    fn url(&self, machine: usize) -> String {
        format!("redis://127.0.0.{}:{}/", machine % 4 + 1, self.port)
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn machine(vendor: &Vendor, redis: &str, calls: u32, pause_ms: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_fleet"))
        .env("FLEET_TOKEN_ENDPOINT", format!("{}/token", vendor.origin))
        .env("FLEET_BASE_URL", &vendor.origin)
        .env("FLEET_CLIENT_ID", "fleet")
        .env("FLEET_CLIENT_SECRET", "hush")
        .env("FLEET_REDIS", redis)
        .env("FLEET_CALLS", calls.to_string())
        .env("FLEET_PAUSE_MS", pause_ms.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn all_succeed(machines: Vec<Child>) -> bool {
    let ends: Vec<bool> =
        machines.into_iter().map(|mut machine| machine.wait().unwrap().success()).collect();
    ends.iter().all(|success| *success)
}

#[test]
fn twenty_processes_buy_one_token_per_life() {
    let (vendor, redis) = (Vendor::start(2), Redis::anywhere());
    let began = Instant::now();
    let machines = (0..20).map(|n| machine(&vendor, &redis.url(n), 30, 100)).collect();
    assert!(all_succeed(machines));
    // A token of 2 s is renewed after 1.5 s.
    let most = began.elapsed().as_millis() / 1_500 + 1;
    assert!(vendor.tokens() >= 2, "{} tokens", vendor.tokens());
    assert!(u128::from(vendor.tokens()) <= most, "{} tokens, {most} lives", vendor.tokens());
}

#[test]
fn a_redis_that_is_killed_and_started_again_makes_no_call_fail() {
    let (vendor, mut redis) = (Vendor::start(1), Redis::anywhere());
    let machines: Vec<Child> = (0..8).map(|n| machine(&vendor, &redis.url(n), 30, 100)).collect();
    thread::sleep(Duration::from_millis(800));
    let port = redis.port;
    redis.kill();
    thread::sleep(Duration::from_millis(800));
    let _redis = Redis::start(port);
    assert!(all_succeed(machines));
}

#[test]
fn a_holder_that_stalls_does_not_write_over_a_newer_token() {
    let redis = Redis::anywhere();
    let entry = |token: &str| {
        let text = format!(
            r#"{{"version":1,"token":{{"access_token":"{token}","issued":1,"lifetime":null}},"cooldowns":[]}}"#
        );
        StoreEntry::from_text(&text).unwrap()
    };
    let stalled = RedisStore::new(&redis.url(0)).unwrap();
    let other = RedisStore::new(&redis.url(1)).unwrap();
    let refused = stalled.update("key", Duration::from_secs(1), &mut |mine| {
        // The lock expires while this holder stalls: here it is taken away.
        let client = redis::Client::open(redis.url(2)).unwrap();
        let mut connection = client.get_connection().unwrap();
        let _: () = redis::cmd("DEL").arg("unattended:lock:key").query(&mut connection).unwrap();
        other
            .update("key", Duration::from_secs(1), &mut |entry_of| *entry_of = entry("newer"))
            .unwrap();
        *mine = entry("older");
    });
    assert_eq!(
        refused.unwrap_err().to_string(),
        "the lock expired, and another machine wrote a newer token"
    );
    let mut text = String::new();
    other.update("key", Duration::from_secs(1), &mut |entry| text = entry.to_text()).unwrap();
    assert!(text.contains("newer") && !text.contains("older"));
}
