//! A walk as a whole: what happens between its pages, and what is told of them.

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use unattended::{Error, Event, Request, RetryPolicy};

use super::{asked, body, numbered, paged, walk};
use crate::support::*;

#[test]
fn an_error_in_the_middle_is_one_item_and_then_nothing() {
    let server = numbered(|page| match page {
        7 => reply(503, r#"{"error":{"code":1,"message":"down"}}"#),
        _ => body(&json!({"items": [page], "pagination": {"page_number": page, "total_pages": 9}})),
    });
    let (client, clock) = on_manual_clock(server.client());
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert_eq!(rows, [1, 2, 3, 4, 5, 6]);
    assert_eq!(error.unwrap().status().unwrap(), 503);
    assert_eq!(clock.sleeps().len(), 8);
}

#[test]
fn a_429_in_the_middle_is_waited_out() {
    let refused = Mutex::new(false);
    let server = numbered(move |page| {
        let mut refused = refused.lock().unwrap();
        if page == 2 && !std::mem::replace(&mut *refused, page == 2) {
            return reply(429, "{}").header("retry-after", "31");
        }
        body(&json!({"items": [page], "pagination": {"total_pages": 3}}))
    });
    let (client, clock) = on_manual_clock(server.client());
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert_eq!((rows, error.is_none()), (vec![1, 2, 3], true));
    assert_eq!(clock.sleeps(), [secs(31)]);
}

#[test]
fn a_token_that_expires_in_the_middle_is_renewed() {
    let tokens = Mutex::new(0);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            let mut tokens = tokens.lock().unwrap();
            *tokens += 1;
            token_reply(&format!("token-{tokens}"), 100)
        }
        _ => {
            let page: u64 = asked(seen, "page_number").unwrap().parse().unwrap();
            body(&json!({"items": [page], "pagination": {"page_number": page, "total_pages": 4}}))
        }
    });
    let (client, clock) = on_manual_clock(server.client());
    let mut rows = Vec::new();
    for row in client.items::<u64>("/rows") {
        rows.push(row.unwrap());
        clock.advance(secs(60));
    }
    assert_eq!(rows, [1, 2, 3, 4]);
    let tokens: Vec<String> = server
        .api_requests()
        .iter()
        .map(|seen| seen.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(tokens, ["Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-2"]);
}

#[test]
fn the_body_of_the_loop_may_call_the_client_and_walk_another_collection() {
    let server = paged(&json!([{"items": [1, 2]}, {"items": []}]));
    let client = server.client();
    let mut sum = 0;
    for outer in client.items::<u64>("/rows") {
        client.get("/one").unwrap();
        for inner in client.items::<u64>("/others") {
            sum += outer.as_ref().unwrap() * inner.unwrap();
        }
    }
    assert_eq!(sum, 9);
}

#[test]
fn pages_come_with_number_totals_and_raw_body() {
    let server = paged(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "total_pages": 2, "total_items": 3}, "x": 9},
        {"items": [3], "pagination": {"page_number": 2, "total_pages": 2, "total_items": 3}},
    ]));
    let client = server.client();
    let mut pages = client.pages::<u64>("/rows");
    assert_eq!(pages.progress().page, 0);
    let first = pages.next().unwrap().unwrap();
    assert_eq!((first.number(), first.items()), (1, &[1, 2][..]));
    assert_eq!((first.total_pages(), first.total_items()), (Some(2), Some(3)));
    assert_eq!(first.response().json::<Value>().unwrap()["x"], 9);
    assert_eq!((pages.progress().page, pages.progress().delivered), (1, 2));
    let second = pages.next().unwrap().unwrap();
    assert_eq!((second.number(), second.into_items()), (2, vec![3]));
    assert!(pages.next().is_none() && pages.next().is_none());
    assert!(pages.resume_point().is_none());
}

#[test]
fn pages_end_with_the_same_errors() {
    let server = paged(&json!([
        {"items": [1], "pagination": {"page_number": 1, "page_size": 2, "total_items": 2}},
        {"items": [], "pagination": {"page_number": 2, "page_size": 2, "total_items": 2}},
    ]));
    let client = server.client();
    let mut pages = client.pages::<u64>("/rows");
    assert!(pages.next().unwrap().is_ok() && pages.next().unwrap().is_ok());
    assert!(matches!(pages.next(), Some(Err(Error::Incomplete(_)))));
    assert!(pages.next().is_none());
}

#[test]
fn progress_is_readable_on_the_way() {
    let server = numbered(|page| {
        let pagination = json!({"page_number": page, "total_pages": 2, "total_items": 4});
        body(&json!({"items": [page, page], "pagination": pagination}))
            .header("date", format!("Thu, 01 Jan 1970 00:00:0{page} GMT"))
    });
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let mut seen = Vec::new();
    while let Some(row) = items.next() {
        row.unwrap();
        let progress = items.progress();
        assert_eq!((progress.total_pages, progress.total_items), (Some(2), Some(4)));
        // The watermark is that of the first answer.
        assert_eq!(progress.date, Some(UNIX_EPOCH + secs(1)));
        seen.push((progress.page, progress.delivered));
    }
    assert_eq!(seen, [(1, 1), (1, 2), (2, 3), (2, 4)]);
}

#[test]
fn each_page_has_the_deadline_of_a_call_of_its_own() {
    let answers = Mutex::new(0);
    let server = numbered(move |page| {
        let mut answers = answers.lock().unwrap();
        *answers += 1;
        match *answers % 2 {
            1 => reply(429, "{}").header("retry-after", "8"),
            _ => body(&json!({"items": [page], "pagination": {"total_pages": 3}})),
        }
    });
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_deadline(Duration::from_secs(10));
    let request = Request::get("/rows").with_retry_policy(policy);
    let (rows, error) = walk(&mut client.items::<u64>(request));
    assert_eq!((rows, error.is_none()), (vec![1, 2, 3], true));
    assert_eq!(clock.slept(), secs(24));
}

#[test]
fn a_walk_asks_for_json_unless_the_request_asks_for_something_else() {
    let server = Server::with_api([reply(200, "[]")]);
    let client = server.client();
    walk(&mut client.items::<u64>("/rows"));
    walk(&mut client.items::<u64>(Request::get("/rows").header("Accept", "text/json")));
    let accepted =
        server.api_requests().into_iter().map(|seen| seen.header("accept").unwrap().to_owned());
    assert_eq!(accepted.collect::<Vec<_>>(), ["application/json", "text/json"]);
}

#[test]
fn a_total_that_changes_on_the_way_is_an_event_and_its_range_is_believed() {
    let pages = json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 5}},
        {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2, "total_items": 4}},
        {"items": [], "pagination": {"page_number": 3, "page_size": 2, "total_items": null}},
    ]);
    let server = paged(&pages);
    let (client, events) = observed(server.client());
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert_eq!((rows.len(), error.is_none()), (4, true));
    let events = events.lock().unwrap();
    let told: Vec<String> = events.iter().skip(1).map(Event::to_string).collect();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        told,
        [
            "page 1: 2 rows, 2 of 5".to_owned(),
            format!("GET {host}/rows: the server now promises 4 rows instead of 5"),
            "page 2: 2 rows, 4 of 4".to_owned(),
            "page 3: 0 rows, 4 of 4".to_owned(),
            format!("GET {host}/rows: complete, 4 rows on 3 pages, by a page without rows"),
        ]
    );
    let stats = client.stats();
    assert_eq!((stats.pages, stats.rows, stats.requests), (3, 4, 4));
}
