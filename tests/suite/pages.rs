//! Numbered pages: where a walk ends, what it believes, and how it tells what it does not.

use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use unattended::{Error, Event, Items, Pagination, Request, RetryPolicy};

use crate::support::*;

pub fn body(value: &Value) -> Reply {
    reply(200, value.to_string())
}

/// The value of a query parameter, as it was sent.
pub fn asked<'s>(seen: &'s Seen, name: &str) -> Option<&'s str> {
    let (_, query) = seen.target.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// A server of numbered pages: `page` gets the number that was asked for.
pub fn numbered(page: impl Fn(u64) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => page(asked(seen, "page_number").map_or(1, |page| page.parse().unwrap())),
    })
}

/// A server of these pages; there is none after the last.
pub fn paged(pages: &Value) -> Server {
    let pages = pages.as_array().unwrap().clone();
    numbered(move |page| match pages.get(page as usize - 1) {
        Some(page) => body(page),
        None => reply(404, "{}"),
    })
}

/// All rows, and the error that ended the walk; after either there is nothing, for ever.
pub fn walk<T: DeserializeOwned>(items: &mut Items<'_, T>) -> (Vec<T>, Option<Error>) {
    let mut rows = Vec::new();
    let error = loop {
        match items.next() {
            Some(Ok(row)) => rows.push(row),
            Some(Err(error)) => break Some(error),
            None => break None,
        }
    };
    assert!((0..3).all(|_| items.next().is_none()), "something came after the end");
    (rows, error)
}

/// The error's text, without the port.
pub fn words(error: Option<Error>, server: &Server) -> String {
    let host = server.url("").replace("http://", "");
    error.expect("the walk should have failed").to_string().replace(&host, "HOST")
}

/// Walks the pages and asserts rows and error text; a page too many would be a 404.
#[track_caller]
fn ends(pages: &Value, rows: &[u64], error: &str) -> Server {
    let server = paged(pages);
    let client = server.client();
    let (found, failed) = walk(&mut client.items::<u64>("/rows"));
    assert_eq!(found, rows, "{pages}");
    match error {
        "" => assert!(failed.is_none(), "{pages}: {failed:?}"),
        error => assert_eq!(words(failed, &server), error, "{pages}"),
    }
    server
}

/// Walks them all, rows 1, 2, 3, …, one request for each page.
#[track_caller]
fn complete(pages: &Value) {
    let counted = |page: &Value| page["items"].as_array().map_or(0, Vec::len);
    let all: u64 = pages.as_array().unwrap().iter().map(|page| counted(page) as u64).sum();
    let server = ends(pages, &(1..=all).collect::<Vec<_>>(), "");
    assert_eq!(server.api_requests().len(), pages.as_array().unwrap().len(), "{pages}");
}

#[test]
fn a_walk_goes_on_while_total_pages_says_so() {
    complete(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_pages": 2}},
        {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2, "total_pages": 2}},
    ]));
    complete(&json!([
        {"items": [1], "pagination": {"page_number": "1", "page_size": "2", "total_pages": "3"}},
        {"items": [2], "pagination": {"page_number": "2", "page_size": "2", "total_pages": "3"}},
        {"items": [3, 4], "pagination": {"page_number": "3", "page_size": "2", "total_pages": "3"}},
    ]));
    complete(&json!([{"items": [], "pagination": {"page_number": 1, "total_pages": 0}}]));
}

#[test]
fn without_total_pages_a_page_shorter_than_the_echoed_size_is_the_last() {
    complete(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 3}},
        {"items": [3], "pagination": {"page_number": 2, "page_size": 2, "total_items": 3}},
    ]));
    complete(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2}},
        {"items": [3], "pagination": {"page_number": 2, "page_size": 2}},
    ]));
    complete(&json!([
        {"items": [1, 2], "meta": {"current_page": 1, "per_page": 2}},
        {"items": [3], "meta": {"current_page": 2, "per_page": 2}},
    ]));
    let nulls = |page: u64, rows: Value| {
        json!({"items": rows, "pagination": {
        "page_number": page, "page_size": 2, "total_pages": null, "total_items": null}})
    };
    complete(&json!([nulls(1, json!([1, 2])), nulls(2, json!([3]))]));
}

#[test]
fn without_any_hint_an_empty_page_is_the_last() {
    complete(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2}},
        {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2}},
        {"items": [], "pagination": {"page_number": 3, "page_size": 2}},
    ]));
    complete(&json!([{"items": [1]}, {"items": [2, 3]}, {"items": null}]));
    complete(&json!([
        {"items": [1], "pagination": {"page_number": null, "page_size": null}},
        {"items": [], "pagination": null},
    ]));
}

#[test]
fn a_server_that_clamps_the_page_size_loses_no_rows() {
    let server = paged(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2}},
        {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2}},
        {"items": [5], "pagination": {"page_number": 3, "page_size": 2}},
    ]));
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows").with_page_size(1000));
    assert_eq!((rows, error.is_none()), (vec![1, 2, 3, 4, 5], true));
    assert!(server.api_requests().iter().all(|seen| asked(seen, "page_size") == Some("1000")));
}

#[test]
fn a_next_link_of_any_shape_keeps_a_numbered_walk_going() {
    let shapes = [
        json!({"_links": [{"rel": "self", "href": "x"}, {"rel": "next", "href": "/rows?p=2"}]}),
        json!({"links": [{"href": "rows?p=2", "rel": "NEXT", "method": "GET"}]}),
        json!({"_links": {"self": {"href": "x"}, "next": {"href": "rows?p=2"}}}),
        json!({"links": {"next": "/rows?p=2"}}),
    ];
    for mut first in shapes {
        // Shorter than the echoed size: only the link says that there is more.
        first["items"] = json!([1]);
        first["pagination"] = json!({"page_number": 1, "page_size": 2, "total_pages": null});
        let last = json!({"items": [2], "_links": [{"rel": "self", "href": "x"}],
            "pagination": {"page_number": 2, "page_size": 2}});
        complete(&json!([first, last]));
    }
}

#[test]
fn a_count_of_pages_that_cannot_be_one_is_not_believed() {
    complete(&json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_pages": 0}},
        {"items": [3], "pagination": {"page_number": 2, "page_size": 2, "total_pages": 0}},
    ]));
}

#[test]
fn totals_are_read_wherever_they_stand() {
    complete(&json!([
        {"pagination": {"page_number": 1, "total_pages": 2}, "meta": {"request": 7}, "items": [1]},
        {"items": [2], "pagination": {"page_number": 2, "total_pages": 2}, "meta": {"request": 8}},
    ]));
}

#[test]
fn fewer_rows_than_promised_is_an_error_after_the_last_row() {
    let server = ends(
        &json!([
            {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 5}},
            {"items": [3], "pagination": {"page_number": 2, "page_size": 2, "total_items": 5}},
            {"items": [], "pagination": {"page_number": 3, "page_size": 2, "total_items": 5}},
        ]),
        &[1, 2, 3],
        "GET HOST/rows: page 3: fewer rows were delivered than promised (3 rows delivered of 5 promised)",
    );
    let (_, error) = walk(&mut server.client().items::<u64>("/rows"));
    let error = error.unwrap();
    assert_eq!(error.exit_code(), 65);
    let Error::Incomplete(error) = error else { panic!("{error}") };
    assert_eq!((error.promised, error.delivered, error.page), (Some((5, 5)), 3, 3));
}

#[test]
fn an_end_that_a_total_contradicts_is_an_error() {
    // total_pages is reached, total_items is not.
    ends(
        &json!([{"items": [1], "pagination": {"page_number": 1, "total_pages": 1, "total_items": 2}}]),
        &[1],
        "GET HOST/rows: page 1: fewer rows were delivered than promised (1 rows delivered of 2 promised)",
    );
    ends(
        &json!([{"items": [1, 2], "pagination": {"page_number": 1, "total_pages": 1, "total_items": 1}}]),
        &[1, 2],
        "GET HOST/rows: page 1: more rows were delivered than promised (2 rows delivered of 1 promised)",
    );
    // The total is promised early and then no more.
    ends(
        &json!([
            {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 4}},
            {"items": [], "pagination": {"page_number": 2, "page_size": 2}},
        ]),
        &[1, 2],
        "GET HOST/rows: page 2: fewer rows were delivered than promised (2 rows delivered of 4 promised)",
    );
    ends(
        &json!([
            {"items": [1], "pagination": {"page_number": 1, "total_pages": 3, "total_items": 3}},
            {"items": [], "pagination": {"page_number": 2, "total_pages": 3, "total_items": 4}},
        ]),
        &[1],
        "GET HOST/rows: page 2: an empty page, although the answer counts 3 pages (1 rows delivered of 3 to 4 promised)",
    );
}

#[test]
fn a_total_that_changes_on_the_way_is_an_event_and_its_range_is_believed() {
    let pages = json!([
        {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 5}},
        {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2, "total_items": 3}},
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
            format!("GET {host}/rows: the server now promises 3 rows instead of 5"),
            "page 2: 2 rows, 4 of 3".to_owned(),
            "page 3: 0 rows, 4 of 3".to_owned(),
        ]
    );
    let stats = client.stats();
    assert_eq!((stats.pages, stats.rows, stats.requests), (3, 4, 4));
}

#[test]
fn another_page_than_the_one_asked_for_is_an_error_and_its_rows_are_not_delivered() {
    ends(
        &json!([
            {"items": [1], "pagination": {"page_number": 1, "total_pages": 2}},
            {"items": [1], "pagination": {"page_number": 1, "total_pages": 2}},
        ]),
        &[1],
        "GET HOST/rows: page 2: page 2 was asked for and the answer says it is page 1: does the server know the query parameter \"page_number\"? (1 rows delivered)",
    );
}

#[test]
fn a_page_identical_to_the_one_before_is_an_error() {
    ends(
        &json!([{"items": [1]}, {"items": [1]}]),
        &[1],
        "GET HOST/rows: page 2: the page is identical to the one before: does the server know the query parameter \"page_number\"? A collection without pages is read with Pagination::single() (1 rows delivered)",
    );
}

#[test]
fn the_requests_own_query_is_kept_on_every_page() {
    let server = paged(&json!([{"items": [1]}, {"items": [2]}, {"items": []}]));
    let client = server.client();
    let request = Request::get("/rows?$filter=a+b&flag").query("order", "x y");
    let (rows, error) = walk(&mut client.items::<u64>(&request).with_page_size(9));
    assert_eq!((rows, error.is_none()), (vec![1, 2], true));
    let targets: Vec<String> = server.api_requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        [1, 2, 3].map(|page| format!(
            "/rows?$filter=a+b&flag&order=x%20y&page_number={page}&page_size=9"
        ))
    );
}

#[test]
fn the_requests_own_page_size_wins_over_the_providers() {
    let server = paged(&json!([{"items": [1]}, {"items": []}]));
    let pagination = Pagination::page_numbers("page_number", "page_size").with_page_size(500);
    for (path, size) in [("/rows", "500"), ("/rows?page_size=7", "7")] {
        let client = server.client();
        let mut items = client.items::<u64>(path).with_pagination(pagination.clone());
        assert_eq!(walk(&mut items).0, [1]);
        let seen = server.api_requests().split_off(server.api_requests().len() - 2);
        for seen in seen {
            assert_eq!(asked(&seen, "page_size"), Some(size));
            assert_eq!(seen.target.matches("page_size").count(), 1);
        }
    }
}

#[test]
fn a_walk_may_begin_at_a_later_page() {
    let server = numbered(|page| {
        body(&json!({"items": [page], "pagination": {
            "page_number": page, "total_pages": 5, "total_items": 5}}))
    });
    let client = server.client();
    for request in
        [Request::get("/rows?page_number=3"), Request::get("/rows").query("page_number", 3)]
    {
        let (rows, error) = walk(&mut client.items::<u64>(request));
        assert_eq!(rows, [3, 4, 5]);
        assert!(error.is_none(), "{error:?}");
    }
    assert!(
        server.api_requests().iter().all(|seen| seen.target.matches("page_number").count() == 1)
    );
    let (_, error) = walk(&mut client.items::<u64>("/rows?page_number=x"));
    assert_eq!(words(error, &server), "the query's \"page_number\" is not a number");
}

#[test]
fn the_last_number_there_is_does_not_make_a_walk_endless() {
    let server = numbered(|page| {
        let pagination = json!({"page_number": page});
        body(&json!({"items": [1], "pagination": pagination, "links": {"next": "/x"}}))
    });
    let client = server.client();
    let path = format!("/rows?page_number={}", u64::MAX);
    let rows = client.items::<u64>(path).take(10).flatten().count();
    assert_eq!(rows, 1);
}

#[test]
fn size_key_and_style_can_be_set_for_one_walk() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ if asked(seen, "p") == Some("1") => {
            body(&json!({"results": [1], "meta": {"per_page": 1}}))
        }
        _ => body(&json!({"results": [], "meta": {"per_page": 1}})),
    });
    let client = server.client();
    let style = Pagination::page_numbers("p", "n");
    let mut items = client
        .items::<u64>("/rows")
        .with_pagination(style)
        .with_page_size(1)
        .with_items_key("results");
    let (rows, error) = walk(&mut items);
    assert_eq!((rows, error.is_none()), (vec![1], true));
    let targets: Vec<String> = server.api_requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/rows?p=1&n=1", "/rows?p=2&n=1"]);
}

#[test]
fn a_bare_array_is_read_whatever_the_key_of_the_rows() {
    ends(&json!([[1, 2, 3], []]), &[1, 2, 3], "");
    ends(&json!([[]]), &[], "");
}

#[test]
fn a_single_answer_is_read_once_and_must_not_say_that_there_is_more() {
    let advice = "GET HOST/rows: page 1: the answer says that there are more pages: choose another Pagination than single() (1 rows delivered)";
    let cases = [
        (json!({"items": [1], "other": {"next": "/x"}}), ""),
        (json!([1]), ""),
        (json!({"items": [1], "pagination": {"total_pages": 1, "total_items": 1}}), ""),
        (json!({"items": [1], "pagination": {"total_pages": 2}}), advice),
        (json!({"items": [1], "meta": {"next_page": 2}}), advice),
        (json!({"items": [1], "next": "/x"}), advice),
        (
            json!({"items": [1], "pagination": {"total_items": 2}}),
            "GET HOST/rows: page 1: fewer rows were delivered than promised (1 rows delivered of 2 promised)",
        ),
    ];
    for (answer, expected) in cases {
        let server = paged(&json!([answer]));
        let client = server.client();
        let mut items = client.items::<u64>("/rows").with_pagination(Pagination::single());
        let (rows, error) = walk(&mut items);
        assert_eq!(rows, [1]);
        match expected {
            "" => assert!(error.is_none(), "{answer}: {error:?}"),
            expected => assert_eq!(words(error, &server), expected, "{answer}"),
        }
    }
}

#[test]
fn an_answer_without_the_rows_names_what_it_has() {
    ends(
        &json!([{"nodes": [1], "count": 1}]),
        &[],
        "GET HOST/rows: page 1: the answer has no member \"items\" with rows; it has: count, nodes; set Pagination::with_items_key",
    );
    for (answer, expected) in [
        ("", "GET HOST/rows: page 1: the body is empty where JSON was expected"),
        (
            r#"{"items":{"a":1}}"#,
            "GET HOST/rows: page 1: the JSON is not as expected at items: invalid type: map, expected an array of rows at line 1 column 10",
        ),
        (
            "7",
            "GET HOST/rows: page 1: the JSON is not as expected: invalid type: integer `7`, expected an array, or an object with an array \"items\" at line 1 column 1",
        ),
    ] {
        let server = Server::with_api([reply(200, answer)]);
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<Value>("/rows"));
        assert_eq!((rows.len(), words(error, &server).as_str()), (0, expected));
    }
}

#[derive(Debug, Deserialize)]
struct Computer {
    id: u64,
    #[serde(default)]
    hardware: Option<Hardware>,
}

#[derive(Debug, Deserialize)]
struct Hardware {
    #[expect(dead_code, reason = "only its decoding is looked at")]
    memory: u64,
}

#[test]
fn a_row_that_does_not_decode_is_named_after_the_rows_before_it() {
    let server = paged(&json!([
        {"items": [{"id": 1}, {"id": 2, "hardware": {"memory": 1}}], "pagination": {"total_pages": 2}},
        {"items": [{"id": 3}, {"id": 4, "hardware": {"memory": "8 GB"}}, {"id": 5}]},
    ]));
    let client = server.client();
    let mut items = client.items::<Computer>("/rows");
    let (rows, error) = walk(&mut items);
    assert!(rows.iter().all(|row| row.hardware.is_some() == (row.id == 2)));
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(items.progress().delivered, 3);
    let Some(Error::Decode(error)) = error else { panic!("{error:?}") };
    assert_eq!((error.page, error.row), (Some(2), Some(1)));
    assert_eq!(error.path.as_deref(), Some("items[1].hardware.memory"));
    // A page is whole or an error.
    let mut pages = client.pages::<Computer>("/rows");
    assert_eq!(pages.next().unwrap().unwrap().into_items().len(), 2);
    assert_eq!(
        words(pages.next().unwrap().err(), &server),
        "GET HOST/rows: page 2: row 1: the JSON is not as expected at items[1].hardware.memory: invalid type: string \"8 GB\", expected u64 at line 1 column 47"
    );
    assert!(pages.next().is_none());
}

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
fn raw_rows_are_as_the_server_wrote_them() {
    let first = r#"{"items":[1.10, {"b" : 1e400},"\u00e4"],"pagination":{"total_pages":1}}"#;
    let server = Server::with_api([reply(200, first)]);
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<Box<RawValue>>("/rows"));
    assert!(error.is_none());
    let rows: Vec<&str> = rows.iter().map(|row| row.get()).collect();
    assert_eq!(rows, ["1.10", r#"{"b" : 1e400}"#, r#""\u00e4""#]);
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
fn a_full_page_of_a_bare_array_is_not_the_last() {
    let server = Server::start(|seen| match seen.target.as_str() {
        TOKEN_PATH => token_reply("t", 3600),
        target if target.contains("page_number=1") => reply(200, "[1,2]"),
        target if target.contains("page_number=2") => reply(200, "[3]"),
        _ => reply(500, ""),
    });
    let client = server.client();
    let rows: Vec<u64> = client.items("/x").with_page_size(2).map(Result::unwrap).collect();
    assert_eq!(rows, [1, 2, 3]);
}

#[test]
fn a_walk_over_links_that_begins_in_the_middle_is_held_to_no_total() {
    for page in [2, 5] {
        let answer = json!({"items": [9], "pagination": {"page_number": page, "total_items": 9}});
        let server = Server::with_api([body(&answer)]);
        let client = server.client();
        let walk = client.items::<u64>("/x?page=5").with_pagination(Pagination::next_link());
        assert_eq!(walk.map(Result::unwrap).collect::<Vec<_>>(), [9]);
    }
}

#[test]
fn the_words_of_a_refusal_within_a_200_are_told() {
    let body = r#"{"successCount":0,"failureReason":"the index is locked"}"#;
    let server = Server::with_api([reply(200, body)]);
    let error = server.client().items::<u64>("/x").next().unwrap().unwrap_err();
    assert!(error.to_string().contains("(the index is locked)"), "{error}");
}

#[test]
fn totals_in_headers_are_believed_where_the_body_is_a_bare_array() {
    let answer = move |seen: &Seen| match asked(seen, "page_number") {
        Some("1") => reply(200, "[1,2]"),
        Some("2") => reply(200, "[3]"),
        _ => reply(200, "[]"),
    };
    let rows = |name: &'static str, value: &'static str| {
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            _ => answer(seen).header(name, value),
        });
        server.client().items::<u64>("/x").collect::<Vec<_>>()
    };
    assert!(matches!(rows("x-total-pages", "2")[..], [Ok(1), Ok(2), Ok(3)]));
    for name in ["x-total-count", "x-total"] {
        assert!(matches!(rows(name, "3")[..], [Ok(1), Ok(2), Ok(3), ..]));
        let short = rows(name, "4");
        assert!(matches!(short[..], [Ok(1), Ok(2), Ok(3), Err(Error::Incomplete(_))]));
    }
}

#[test]
fn what_follows_the_json_of_a_page_is_an_error() {
    let server = Server::with_api([reply(200, r#"{"items":[1]} {"items":[2]}"#)]);
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(matches!(error, Some(Error::Decode(_))), "{rows:?} {error:?}");
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
fn the_count_of_pages_is_remembered_where_a_later_page_does_not_say_it() {
    let server = paged(&json!([
        {"items": [1], "pagination": {"total_pages": 2}},
        {"items": [], "pagination": {}},
    ]));
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let (rows, error) = walk(&mut items);
    assert!(error.is_none(), "{error:?}");
    assert_eq!((rows, items.progress().total_pages), (vec![1], Some(2)));
}
