//! Connections, tokens and threads, as servers and the system count them.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use unattended::Client;

use crate::server::{Connection, client_at, read_request, server};

/// What a server counted.
#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    tokens: AtomicUsize,
    /// The tokens that are not good any more are those below.
    good_from: AtomicUsize,
}

impl Counts {
    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn tokens(&self) -> usize {
        self.tokens.load(Ordering::SeqCst)
    }

    fn revoke(&self) {
        self.good_from.store(self.tokens() + 1, Ordering::SeqCst);
    }

    fn is_good(&self, head: &str) -> bool {
        let bearer =
            head.lines().find_map(|line| line.strip_prefix("authorization: Bearer token-"));
        bearer.is_none_or(|number| {
            number.parse::<usize>().unwrap() >= self.good_from.load(Ordering::SeqCst)
        })
    }
}

/// Tokens with numbers; `/flaky` refuses every second request of a connection.
fn serve(mut connection: Connection, counts: &Counts) {
    counts.connections.fetch_add(1, Ordering::SeqCst);
    let mut turn = 0;
    while let Some((head, _)) = read_request(&mut connection) {
        turn += 1;
        let is_token = head.contains("/token ");
        let (status, body) = match () {
            () if is_token => {
                let number = counts.tokens.fetch_add(1, Ordering::SeqCst) + 1;
                let body = format!(
                    r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#
                );
                ("200 OK", body)
            }
            () if !counts.is_good(&head) => ("401 Unauthorized", "{}".to_owned()),
            () if head.contains("/flaky") && turn % 2 == 0 => {
                ("429 Too Many\r\nretry-after: 0", r#"{"error":"busy"}"#.to_owned())
            }
            () => ("200 OK", "{}".to_owned()),
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = connection.get_mut().write_all(answer.as_bytes());
    }
}

fn start() -> (Client, Arc<Counts>) {
    let counts: Arc<Counts> = Arc::default();
    let counting = counts.clone();
    (client_at(&server(move |connection| serve(connection, &counting))), counts)
}

/// `call` by so many clones at once.
fn at_once(client: &Client, threads: usize, call: impl Fn(&Client, &Barrier) + Sync) {
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (client, barrier, call) = (client.clone(), &barrier, &call);
            scope.spawn(move || call(&client, barrier));
        }
    });
}

#[test]
fn two_thousand_good_answers_among_refused_ones_take_one_connection() {
    let (client, counts) = start();
    (0..2_000).for_each(|_| drop(client.get("/flaky").unwrap()));
    assert_eq!((counts.connections(), counts.tokens()), (1, 1));
    assert_eq!(client.stats().requests, 4_001);
}

#[test]
fn two_thousand_good_answers_among_refused_tokens_take_one_connection() {
    let (client, counts) = start();
    for number in 0..2_000 {
        if number % 10 == 0 {
            counts.revoke();
        }
        client.get("/x").unwrap();
    }
    // The first token was bought after the first revocation.
    assert_eq!((counts.connections(), counts.tokens()), (1, 200));
}

#[test]
fn sixteen_threads_on_a_new_client_buy_one_token_and_one_more_when_it_is_refused_in_all() {
    let (client, counts) = start();
    at_once(&client, 16, |client, barrier| {
        barrier.wait();
        client.get("/x").unwrap();
        barrier.wait();
        if barrier.wait().is_leader() {
            counts.revoke();
        }
        barrier.wait();
        client.get("/x").unwrap();
    });
    assert_eq!(counts.tokens(), 2);
}

#[test]
fn threads_in_bursts_take_a_connection_each() {
    let (client, counts) = start();
    at_once(&client, 32, |client, barrier| {
        for _ in 0..10 {
            barrier.wait();
            (0..5).for_each(|_| drop(client.get("/x").unwrap()));
        }
    });
    assert!(counts.connections() <= 32, "{}", counts.connections());
}

/// Once more in a process of its own, where no other test starts threads.
#[test]
#[cfg(all(target_os = "linux", feature = "resolver"))]
fn the_deadline_of_a_call_starts_no_thread() {
    const CHILD: &str = "UNATTENDED_COUNTS_CHILD";
    if std::env::var_os(CHILD).is_none() {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "connections::the_deadline_of_a_call_starts_no_thread"]);
        let output = child.env(CHILD, "1").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let most = Arc::new(AtomicUsize::new(0));
    let counting = most.clone();
    let origin = server(move |mut connection| {
        while read_request(&mut connection).is_some() {
            counting.fetch_max(threads(), Ordering::SeqCst);
            let _ = connection.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    let port = origin.rsplit_once(':').unwrap().1;
    let policy =
        unattended::RetryPolicy::default().with_deadline(std::time::Duration::from_secs(60));
    let client = client_at(&format!("http://localhost:{port}")).with_retry_policy(policy);
    let before = threads();
    for _ in 0..20 {
        client.send(unattended::Request::get("/x").without_token()).unwrap();
    }
    // Beside the one of the server for the connection.
    assert_eq!(most.load(Ordering::SeqCst), before + 1);
}
