//! The jobs that are measured.

use std::hint::black_box;
use std::io;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;

use serde::Deserialize;
use serde_json::Value;
use unattended::{AuthMethod, Client, Credentials, Pagination, Provider, Request, RetryPolicy};

use crate::floor::Floor;
use crate::measure::{Job, Work};
use crate::server::{LARGE, PAGE_ROWS, PAGES};

/// A row as a program would read it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what is read is what is measured")]
struct Computer {
    id: String,
    name: String,
    manufacturer: String,
    model: String,
    operating_system: String,
    last_scan: Option<String>,
    memory_bytes: u64,
    processors: u32,
    is_virtual: bool,
    domain: String,
    user: Option<String>,
}

#[derive(Deserialize)]
pub struct Page {
    items: Vec<Computer>,
    pagination: Counts,
}

#[derive(Deserialize)]
struct Counts {
    total_pages: usize,
}

/// A client with everything switched on: observer, deadline, retries, expiry.
pub fn client(origin: &str) -> Client {
    let provider = Provider::new(&format!("{origin}/token"), origin)
        .unwrap()
        .with_auth_method(AuthMethod::ClientSecretPost)
        .with_pagination(Pagination::page_numbers("page_number"));
    Client::new(provider, Credentials::new("id", "secret"))
        .unwrap()
        .with_retry_policy(RetryPolicy::default())
        .with_observer(|event| {
            black_box(event);
        })
}

fn job(
    name: &'static str,
    what: &'static str,
    times: u32,
    here: impl FnMut() + 'static,
    floor: impl FnMut() + 'static,
) -> Job {
    Job { name, what, times, ways: vec![Box::new(here), Box::new(floor)], is_cpu: false }
}

fn reading<T: serde::de::DeserializeOwned>(
    origin: &str,
    path: &'static str,
) -> (impl FnMut() + 'static, impl FnMut() + 'static) {
    let (client, floor) = (client(origin), Floor::new(&format!("{origin}{path}")));
    let here = move || drop(black_box(client.get(path).unwrap().json::<T>().unwrap()));
    (here, move || drop(black_box(floor.get::<T>())))
}

pub fn all(origins: &str) -> Vec<Job> {
    let origin = &format!("http://{}", origins.split_once(' ').unwrap().0);
    let mut jobs = Vec::new();
    let (here, floor) = reading::<Value>(origin, "/small");
    jobs.push(job("warm", "a call of 200 bytes of JSON", 2_000, here, floor));
    let (here, floor) = reading::<Page>(origin, "/page");
    jobs.push(job("page", "1,000 objects, get and json", 50, here, floor));
    jobs.push(items(origin));
    let (here, floor) = reading::<Page>(origin, "/gzip");
    jobs.push(job("gzip", "the page, gzipped", 50, here, floor));
    let (here, floor) = reading::<Page>(origin, "/chunked");
    jobs.push(job("chunked", "the page, in chunks of 16 KiB", 50, here, floor));
    let (here, floor) = reading::<Page>(origin, "/ten");
    jobs.push(job("ten", "10 MB of JSON", 2, here, floor));
    let (here, _) = reading::<Page>(origin, "/ten");
    let floor = Floor::new(&format!("{origin}/ten"));
    let read_json = move || drop(black_box(floor.read_json::<Page>()));
    jobs.push(job("read_json", "10 MB against ureq's read_json", 1, here, read_json));
    jobs.push(export(origin));
    let (client_, floor) = (client(origin), Floor::of_any_status(&format!("{origin}/flaky")));
    let here = move || drop(black_box(client_.get("/flaky").unwrap().json::<Value>().unwrap()));
    let floor = move || drop(black_box(floor.get_stubbornly::<Value>()));
    jobs.push(job("refused", "every second answer a 429", 1_000, here, floor));
    let (here, _) = reading::<Value>(origin, "/small");
    let floor = Floor::with_deadline(&format!("{origin}/small"));
    let floor = move || drop(black_box(floor.get::<Value>()));
    jobs.push(job("deadline", "against ureq with a deadline", 500, here, floor));
    jobs.push(by_name(origin));
    jobs.push(threads(origin));
    jobs.extend([ahead(origin, "ahead4", 4), ahead(origin, "ahead8", 8)]);
    jobs.extend(transfers(origin));
    jobs
}

fn items(origin: &str) -> Job {
    let (client, floor) = (client(origin), Floor::new(&format!("{origin}/page")));
    let here = move || {
        let rows = client.items::<Computer>("/page").map(|row| black_box(row.unwrap()));
        assert_eq!(rows.count(), 1_000);
    };
    job("items", "1,000 objects, by items", 50, here, move || drop(floor.get::<Page>()))
}

/// A thousand pages of 200 rows.
fn export(origin: &str) -> Job {
    let client = client(origin);
    let here = move || {
        let rows = client.items::<Computer>("/pages").map(|row| black_box(row.unwrap()));
        assert_eq!(rows.count(), PAGES * 200);
    };
    let (origin, mut floor) = (origin.to_owned(), Floor::new(origin));
    let by_hand = move || {
        walk(&origin, |url| {
            floor.go_to(url);
            floor.get()
        });
    };
    job("export", "1,000 pages of 200 rows", 1, here, by_hand)
}

/// The same by hand.
pub fn walk(origin: &str, mut get: impl FnMut(&str) -> Page) {
    let (mut number, mut rows) = (1, 0);
    loop {
        let page = get(&format!("{origin}/pages?page_number={number}"));
        rows += page.items.into_iter().map(black_box).count();
        number += 1;
        if number > page.pagination.total_pages {
            break;
        }
    }
    assert_eq!(rows, PAGES * 200);
}

/// Here against here: a name costs no more than a number.
fn by_name(origin: &str) -> Job {
    let port = origin.rsplit_once(':').unwrap().1;
    let (name, number) = (client(&format!("http://localhost:{port}")), client(origin));
    let get = |client: Client| move || drop(client.get("/small").unwrap().json::<Value>().unwrap());
    job("name", "by name, against by number (here)", 2_000, get(name), get(number))
}

/// Eight threads at once, a clone each, against one agent of ureq's.
fn threads(origin: &str) -> Job {
    let (client, floor) = (client(origin), Floor::new(&format!("{origin}/small")));
    client.access_token().unwrap();
    let here = move || {
        thread::scope(|scope| {
            for client in (0..8).map(|_| client.clone()) {
                scope.spawn(move || {
                    (0..250).for_each(|_| drop(client.get("/small").unwrap().json::<Value>()));
                });
            }
        });
    };
    let floor = move || {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| (0..250).for_each(|_| drop(floor.get::<Value>())));
            }
        });
    };
    job("threads", "8 threads, 250 calls each", 1, here, floor)
}

/// Here against here: pages that take 50 ms each, asked for ahead and one by one.
fn ahead(origin: &str, name: &'static str, pages: usize) -> Job {
    let client = client(origin);
    let walk = move |ahead: usize| {
        let rows = client.items::<Computer>("/slow").with_read_ahead(ahead);
        assert_eq!(rows.take(40 * PAGE_ROWS).map(Result::unwrap).map(black_box).count(), 8_000);
    };
    let other = walk.clone();
    job(name, "40 slow pages, ahead against one by one", 1, move || walk(pages), move || other(0))
}

/// 100 MB down, and up from a file: the client's time on the processor.
fn transfers(origin: &str) -> [Job; 2] {
    let (client_, floor) = (client(origin), Floor::new(&format!("{origin}/large")));
    let here = move || {
        let got = client_.download(Request::get("/large"), &mut io::sink()).unwrap();
        assert_eq!(got, LARGE as u64);
    };
    let down = job("down", "100 MB to a writer, client's CPU", 5, here, move || {
        assert_eq!(floor.download(), LARGE as u64);
    });
    let path = std::env::temp_dir().join("unattended-bench-upload");
    std::fs::File::create(&path).unwrap().set_len(LARGE as u64).unwrap();
    let (client_, floor) = (client(origin), Floor::new(&format!("{origin}/ok")));
    let (file, other) = (path.clone(), path);
    let here = move || drop(client_.send(Request::put("/ok").file(&file)).unwrap());
    let up = job("up", "100 MB from a file, client's CPU", 5, here, move || floor.upload(&other));
    [Job { is_cpu: true, ..down }, Job { is_cpu: true, ..up }]
}

/// So many warm calls and no more, or of whole pages, to have their instructions counted.
pub fn calls(who: &str, what: &str, count: u32, origins: &str) {
    let origin = &format!("http://{}", origins.split_once(' ').unwrap().0);
    let mut ways: Vec<Work> = match what {
        "call" => boxed(reading::<Value>(origin, "/small")),
        "page" => boxed(reading::<Page>(origin, "/page")),
        "ten" => boxed(reading::<Page>(origin, "/ten")),
        _ => items(origin).ways,
    };
    let way = usize::from(who != "here");
    (0..count).for_each(|_| ways[way]());
}

fn boxed((here, floor): (impl FnMut() + 'static, impl FnMut() + 'static)) -> Vec<Work> {
    vec![Box::new(here), Box::new(floor)]
}

/// Connections and tokens, as the server counted them.
pub fn connections(origins: &str) {
    let address = origins.split_once(' ').unwrap().0;
    let origin = &format!("http://{address}");
    counts(address);
    for (what, path) in [("refused ones (429)", "/flaky"), ("refused tokens (401)", "/forgets")] {
        let client = client(origin);
        (0..2_000).for_each(|_| drop(client.get(path).unwrap()));
        println!("2,000 good answers among {what}: {}", counts(address));
    }
    let first = client(origin);
    thread::scope(|scope| {
        for client in (0..16).map(|_| first.clone()) {
            scope.spawn(move || (0..100).for_each(|_| drop(client.get("/small").unwrap())));
        }
    });
    println!("16 threads on a new client, 1,600 calls: {}", counts(address));
}

fn counts(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /counts HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    let count = stream.read(&mut buffer).unwrap();
    answer.extend(&buffer[..count]);
    let text = String::from_utf8(answer).unwrap();
    let numbers: Vec<u64> = text
        .rsplit_once("\r\n\r\n")
        .unwrap()
        .1
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    // This look at the counts is one of each.
    format!("{} connections, {} requests, {} tokens", numbers[0] - 1, numbers[1] - 1, numbers[2])
}
