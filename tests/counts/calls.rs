//! A warm call, counted against bare ureq in the same process.

use std::io::{Read, Write};

use allocation_counter::{AllocationInfo, measure};
use serde_json::Value;
use unattended::{Client, RetryPolicy};

use crate::server::{Connection, client_at, read_request, server};

/// 200 bytes of JSON, and tokens.
fn serve(mut connection: Connection) {
    while let Some((head, _)) = read_request(&mut connection) {
        let body = match head.contains("/token ") {
            true => r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#.to_owned(),
            false => format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(180)),
        };
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = connection.get_mut().write_all(answer.as_bytes());
    }
}

fn warm(mut call: impl FnMut()) -> AllocationInfo {
    (0..3).for_each(|_| call());
    measure(call)
}

/// With everything switched on: expiry, deadline, retries, observer.
fn here(client: &Client) -> AllocationInfo {
    warm(|| drop(client.get("/small").unwrap().json::<Value>().unwrap()))
}

fn floor(origin: &str) -> AllocationInfo {
    let agent = ureq::Agent::config_builder().proxy(None).build().new_agent();
    let uri: ureq::http::Uri = format!("{origin}/small").parse().unwrap();
    let bearer = ureq::http::HeaderValue::from_static("Bearer t");
    warm(|| {
        let mut request = ureq::http::Request::new(());
        *request.uri_mut() = uri.clone();
        request.headers_mut().insert("authorization", bearer.clone());
        let mut body = Vec::new();
        let answer = agent.run(request).unwrap();
        answer.into_body().into_reader().read_to_end(&mut body).unwrap();
        drop(serde_json::from_slice::<Value>(&body).unwrap());
    })
}

#[test]
fn a_warm_call_allocates_hardly_more_than_bare_ureq() {
    let origin = server(serve);
    let client =
        client_at(&origin).with_retry_policy(RetryPolicy::default()).with_observer(|event| {
            std::hint::black_box(event);
        });
    let (here, floor) = (here(&client), floor(&origin));
    println!("{} {}", here.count_total, floor.count_total);
    assert!(here.count_total <= floor.count_total + 2, "{here:?} {floor:?}");
}
