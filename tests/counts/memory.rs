//! Transfers of any size take as much memory as small ones.

use std::fs::File;
use std::io::{self, Write};

use allocation_counter::measure;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::de::IgnoredAny;
use unattended::{Client, Pagination, Request, RetryPolicy};

use crate::server::{Connection, client_at, read_request, server};

const MB: u64 = 1_000_000;

/// `/small` is a few bytes, `/large` and `/gzip` are 100 MB.
fn serve(mut connection: Connection) {
    let block = vec![b'x'; MB as usize];
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    (0..100).for_each(|_| encoder.write_all(&block).unwrap());
    let zipped = encoder.finish().unwrap();
    while let Some((head, _)) = read_request(&mut connection) {
        let path = head.split(' ').nth(1).unwrap();
        let (length, header) = match path {
            "/large" => (100 * MB as usize, ""),
            "/gzip" => (zipped.len(), "content-encoding: gzip\r\n"),
            _ => (7, ""),
        };
        let _ = write!(
            connection.get_mut(),
            "HTTP/1.1 200 OK\r\n{header}content-length: {length}\r\n\r\n"
        );
        match path {
            "/large" => (0..100).for_each(|_| connection.get_mut().write_all(&block).unwrap()),
            "/gzip" => connection.get_mut().write_all(&zipped).unwrap(),
            _ => connection.get_mut().write_all(b"content").unwrap(),
        }
    }
}

/// The most memory that `call` had at once.
fn peak(call: impl FnOnce()) -> u64 {
    measure(call).bytes_max
}

fn download(client: &Client, path: &str) -> u64 {
    client.download(Request::get(path).without_token(), &mut io::sink()).unwrap()
}

#[test]
fn a_hundred_megabytes_come_down_in_the_memory_of_a_small_call() {
    let client = client_at(&server(serve));
    let get = || client.send(Request::get("/small").without_token()).unwrap();
    get();
    let small = peak(|| drop(get()));
    for path in ["/large", "/gzip"] {
        let large = peak(|| assert_eq!(download(&client, path), 100 * MB));
        assert!(large < small + 300_000, "{path}: {large} bytes, a small call {small}");
    }
}

#[test]
fn a_hundred_megabytes_go_up_from_a_file_in_the_memory_of_a_small_call() {
    let path = std::env::temp_dir().join(format!("unattended-{}-upload", std::process::id()));
    File::create(&path).unwrap().set_len(100 * MB).unwrap();
    let client = client_at(&server(serve));
    let put = |request: Request| client.send(request.without_token()).unwrap();
    put(Request::put("/small").bytes("x"));
    let small = peak(|| drop(put(Request::put("/small").bytes("x"))));
    let large = peak(|| drop(put(Request::put("/small").file(&path))));
    std::fs::remove_file(&path).unwrap();
    assert!(large < small + 100_000, "{large} bytes, a small call {small}");
}

/// 10 MB of rows, announced as that or, below `/lie`, as 60 MB.
fn serve_rows(mut connection: Connection) {
    let rows = format!("[{}0]", "1234,".repeat(2_000_000));
    while let Some((head, _)) = read_request(&mut connection) {
        let is_lie = head.contains("/lie");
        let length = if is_lie { 60 * MB as usize } else { rows.len() };
        let body = if is_lie { &rows[..1_000] } else { &rows };
        let stream = connection.get_mut();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}");
        if is_lie {
            return;
        }
    }
}

#[test]
fn a_body_takes_as_much_memory_as_it_announces_and_little_more() {
    let client = client_at(&server(serve_rows));
    let most = peak(|| drop(client.send(Request::get("/rows").without_token()).unwrap()));
    assert!(most < 11_500_000, "{most} bytes for 10 MB");
}

#[test]
fn a_length_that_is_a_lie_takes_a_megabyte_at_most() {
    let client =
        client_at(&server(serve_rows)).with_retry_policy(RetryPolicy::default().with_retries(0));
    let most = peak(|| drop(client.send(Request::get("/lie").without_token()).unwrap_err()));
    assert!(most < 1_500_000, "{most} bytes");
}

#[test]
fn the_body_is_gone_when_the_first_row_is_handed_out() {
    let client = client_at(&server(serve_rows));
    let request = Request::get("/rows").without_token();
    let mut rows = client.items::<IgnoredAny>(request).with_pagination(Pagination::single());
    let left = measure(|| assert!(rows.next().unwrap().is_ok())).bytes_current;
    assert!(left < 1_000_000, "{left} bytes");
    assert_eq!(rows.count(), 2_000_000);
}
