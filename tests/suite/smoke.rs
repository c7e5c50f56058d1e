use serde_json::Value;

use crate::support::*;

#[test]
fn a_call_fetches_a_token_and_uses_it() {
    let server = Server::with_api([reply(200, r#"{"a":1}"#)]);
    let client = server.client();
    let value: Value = client.get("/api/x").unwrap().json().unwrap();
    assert_eq!(value["a"], 1);
    client.get("/api/x").unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-1"));
    println!("{seen:#?}");
}

#[test]
fn a_429_is_waited_out() {
    let server = Server::with_api([reply(429, "{}").header("retry-after", "7"), reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    let (client, events) = observed(client);
    client.get("/api/x").unwrap();
    assert_eq!(clock.sleeps(), [secs(7)]);
    for event in events.lock().unwrap().iter() {
        println!("{event}");
    }
}

#[test]
fn pages_are_walked() {
    let server = Server::start(|seen| {
        if seen.path() == TOKEN_PATH {
            return token_reply("t", 3600);
        }
        let page: u64 = if seen.target.contains("page_number=2") { 2 } else { 1 };
        let rows = if page == 1 { vec![1, 2] } else { vec![3] };
        let body = serde_json::json!({"items": rows, "pagination": {"page_number": page, "page_size": 2, "total_items": 3}});
        reply(200, body.to_string())
    });
    let client = server.client();
    let rows: Vec<u32> = client.items("/api/rows").map(Result::unwrap).collect();
    assert_eq!(rows, [1, 2, 3]);
    println!("{:?}", client.stats());
    let error = client.items::<String>("/api/rows").next().unwrap().unwrap_err();
    println!("{error:?}");
}
