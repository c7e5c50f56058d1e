//! What calls allocate, against bare ureq: `cargo bench --bench allocations`. A program of
//! its own, since an allocator that counts takes its time.

#[path = "../tests/counts/server.rs"]
mod server;

use std::fs::File;
use std::io::{self, Read, Write};

use allocation_counter::{AllocationInfo, measure};
use serde_json::Value;
use unattended::{Request, RetryPolicy};

use server::{Connection, client_at, read_request, server};

const LARGE: usize = 100_000_000;

/// `/large` is 100 MB, all else 200 bytes of JSON or a token.
fn serve(mut connection: Connection) {
    let block = vec![b'x'; 1_000_000];
    while let Some((head, _)) = read_request(&mut connection) {
        let small = match head.contains("/token ") {
            true => r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#.to_owned(),
            false => format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(180)),
        };
        let is_large = head.contains("/large ");
        let length = if is_large { LARGE } else { small.len() };
        let stream = connection.get_mut();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let _ = match is_large {
            true => (0..LARGE / block.len()).try_for_each(|_| stream.write_all(&block)),
            false => stream.write_all(small.as_bytes()),
        };
    }
}

fn warm(mut call: impl FnMut()) -> AllocationInfo {
    (0..3).for_each(|_| call());
    measure(call)
}

fn main() {
    let origin = server(serve);
    let client = client_at(&origin).with_retry_policy(RetryPolicy::default()).with_observer(|_| {});
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let uri: ureq::http::Uri = format!("{origin}/small").parse().unwrap();
    let bearer = ureq::http::HeaderValue::from_static("Bearer t");
    let here = warm(|| drop(client.get("/small").unwrap().json::<Value>().unwrap()));
    let floor = warm(|| {
        let mut request = ureq::http::Request::new(());
        *request.uri_mut() = uri.clone();
        request.headers_mut().insert("authorization", bearer.clone());
        let mut body = Vec::new();
        let answer = agent.run(request).unwrap();
        answer.into_body().into_reader().read_to_end(&mut body).unwrap();
        drop(serde_json::from_slice::<Value>(&body).unwrap());
    });
    println!(
        "allocations and reallocations of a warm call: {} here, {} on the floor",
        here.count_total, floor.count_total
    );
    let down = warm(|| {
        client.download(Request::get("/large"), &mut io::sink()).unwrap();
    });
    let path = std::env::temp_dir().join("unattended-bench-allocations");
    File::create(&path).unwrap().set_len(LARGE as u64).unwrap();
    let up = warm(|| drop(client.send(Request::put("/small").file(&path)).unwrap()));
    let _ = std::fs::remove_file(path);
    println!(
        "peak memory: {} kB for a small call, {} kB for 100 MB down, {} kB for 100 MB up",
        here.bytes_max / 1000,
        down.bytes_max / 1000,
        up.bytes_max / 1000
    );
}
