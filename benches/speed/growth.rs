//! How cost grows with pages, rows, threads and keys: each size in a process of its own, since its
//! peak of memory is measured. `cargo bench --bench speed -- growth`.

use std::env;
use std::fs;
use std::hint::black_box;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use unattended::{
    AuthMethod, Client, Connection, Credentials, FileStore, Pagination, Provider, Stats,
};

use crate::measure::{cpu, shown};
use crate::process::{Server, peak, this};

/// What grows, the sizes, and what is told of each.
const SERIES: [(&str, &[u64], &str); 5] = [
    ("pages", &[10, 100, 1_000, 10_000, 100_000], "a page of 10 rows, processor time"),
    ("rows", &[10, 100, 1_000, 10_000, 100_000], "a row of a page, processor time"),
    ("threads", &[1, 4, 16, 64, 256], "a call, by clones in so many threads"),
    ("keys", &[1, 10, 100, 1_000, 10_000], "a token from a FileStore with so many keys"),
    ("lives", &[2], "64 threads for 5 s, tokens of so many seconds"),
];

pub fn run() {
    let server = Server::start();
    for (what, counts, told) in SERIES {
        println!("{what}: {told}");
        for count in counts {
            let count = count.to_string();
            let status = this().args(["--grow", what, &count, &server.1]).status().unwrap();
            assert!(status.success());
        }
    }
}

/// One size; prints one line.
pub fn once(what: &str, count: u64, origins: &str) {
    let origin = &format!("http://{}", origins.split_once(' ').unwrap().0);
    let told = match what {
        "pages" => walk(origin, 10, count) / count as f64,
        "rows" => walk(origin, count, 1) / count as f64,
        "threads" => threads(origin, count),
        "keys" => keys(origin, count),
        _ => return lives(origin, count),
    };
    println!("{count:>7}  {:>9}  {:>7} kB at most", shown(told), peak());
}

fn client(origin: &str, id: &str, life: u64) -> Client {
    let provider = Provider::new(&format!("{origin}/token/{life}"), origin)
        .unwrap()
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_pagination(Pagination::page_numbers("page_number"));
    let client = Client::new(provider, Credentials::new(id, "secret")).unwrap();
    client.with_connection(Connection::new().without_proxy())
}

/// Processor seconds of a walk. The system counts them in milliseconds, so a short walk is taken
/// many times.
fn walk(origin: &str, rows: u64, pages: u64) -> f64 {
    let client = client(origin, "id", 36_000);
    client.access_token().unwrap();
    let times = (50_000 / (rows * pages)).max(1);
    let start = cpu();
    for _ in 0..times {
        let items = client.items::<Value>(&*format!("/grown/{rows}/{pages}"));
        assert_eq!(items.map(Result::unwrap).map(black_box).count() as u64, rows * pages);
    }
    (cpu() - start) / times as f64
}

fn threads(origin: &str, count: u64) -> f64 {
    const CALLS: u64 = 20_000;
    let client = client(origin, "id", 36_000);
    client.get("/small").unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        for client in (0..count).map(|_| client.clone()) {
            scope.spawn(move || {
                (0..CALLS / count).for_each(|_| drop(client.get("/small").unwrap()));
            });
        }
    });
    start.elapsed().as_secs_f64() / CALLS as f64
}

fn keys(origin: &str, count: u64) -> f64 {
    const TIMES: u64 = 200;
    let folder = env::temp_dir().join(format!("unattended-bench-{}", std::process::id()));
    let with = |id: u64| {
        let client = client(origin, &id.to_string(), 36_000).with_store(FileStore::at(&folder));
        client.access_token().unwrap();
        client.stats()
    };
    (0..count).for_each(|id| assert_eq!(with(id).tokens_fetched, 1));
    // Or the file system writes them while the next ones are read.
    assert!(Command::new("sync").status().unwrap().success());
    let mut taken: Vec<Duration> = (0..TIMES)
        .map(|time| {
            let start = Instant::now();
            let stats = with(time % count);
            assert_eq!((stats.tokens_fetched, stats.store_failures), (0, 0));
            start.elapsed()
        })
        .collect();
    taken.sort_unstable();
    fs::remove_dir_all(folder).unwrap();
    taken[taken.len() / 2].as_secs_f64()
}

fn lives(origin: &str, life: u64) {
    let (client, start) = (client(origin, "id", life), Instant::now());
    let work = |client: Client| {
        while start.elapsed() < Duration::from_secs(5) {
            client.get("/small").unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        client.stats()
    };
    let stats: Stats = thread::scope(|scope| {
        let threads: Vec<_> = (0..64)
            .map(|_| client.clone())
            .map(|client| scope.spawn(move || work(client)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!(
        "{life:>7}  {} token requests, {} calls",
        stats.tokens_fetched,
        stats.requests - stats.tokens_fetched
    );
}
