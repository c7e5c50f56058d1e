//! A warm call, counted against bare ureq in the same process.

use std::io::{Read, Write};

use allocation_counter::{AllocationInfo, measure};
use serde_json::Value;
use unattended::error::ErrorKind;
use unattended::{Client, RetryPolicy};

use crate::server::{Connection, client_at, read_request, server};

/// 200 bytes of JSON, and tokens; `/held` asks not to be called for days.
fn serve(mut connection: Connection) {
    while let Some((head, _)) = read_request(&mut connection) {
        let body = match head.contains("/token ") {
            true => r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#.to_owned(),
            false => format!(r#"{{"id":1,"name":"{}"}}"#, "x".repeat(180)),
        };
        let status = match head.contains("/held") {
            true => "503 Unavailable\r\nretry-after: 80000",
            false => "200 OK",
        };
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let _ = connection.get_mut().write_all(answer.as_bytes());
    }
}

fn warm(mut call: impl FnMut()) -> AllocationInfo {
    (0..3).for_each(|_| call());
    measure(call)
}

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

/// A client with everything switched on.
fn client(origin: &str) -> Client {
    client_at(origin).with_retry_policy(RetryPolicy::default()).with_observer(|event| {
        std::hint::black_box(event);
    })
}

#[test]
fn a_warm_call_allocates_less_than_bare_ureq() {
    let origin = server(serve);
    let (here, floor) = (here(&client(&origin)), floor(&origin));
    println!("{} {}", here.count_total, floor.count_total);
    assert!(here.count_total <= 35 && here.count_total < floor.count_total, "{here:?} {floor:?}");
}

#[test]
fn a_warm_call_allocates_no_more_when_a_thousand_cooldowns_are_remembered() {
    let client = client(&server(serve));
    let before = here(&client);
    for number in 0..1_000 {
        let error = client.get(format!("/held/{number}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Temporary, "{error}");
    }
    assert_eq!(client.stats().requests, 1_005);
    assert_eq!(here(&client).count_total, before.count_total);
}
