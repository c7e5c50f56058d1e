//! Pages that are asked for by what an answer names: a cursor in the body or in a header, a
//! number, or the last row.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Client, Credentials, Error, Pagination, Request};

use super::{Stage, asked, body, saved, serving, targets, up_to, walk, words};
use crate::support::*;

#[test]
fn a_cursor_is_taken_from_where_it_was_declared_to_be() {
    let stage = Stage::new();
    let rows = |rows: Value, beside: Value| {
        let mut page = beside;
        page["items"] = rows;
        body(&page)
    };
    let cases: [(&str, Value, Value); 6] = [
        ("next_cursor", json!({"next_cursor": "b/c="}), json!({"next_cursor": null})),
        ("paging.next.after", json!({"paging": {"next": {"after": "b/c="}}}), json!({})),
        (
            "response_metadata.next_cursor",
            json!({"response_metadata": {"next_cursor": "b/c="}}),
            json!({"response_metadata": {"next_cursor": ""}}),
        ),
        ("/data/x.y/end", json!({"data": {"x.y": {"end": "b/c="}}}), json!({"data": null})),
        ("NextToken", json!({"NextToken": "b/c="}), json!({})),
        (
            "pages.nextKey",
            json!({"pages": {"nextKey": "b/c=", "size": 1}}),
            json!({"pages": {"size": 1}}),
        ),
    ];
    for (path, more, end) in cases {
        let before = stage.server.api_requests().len();
        let pages = [rows(json!([1]), more), rows(json!([2]), end)];
        let outcome = stage.walk(&pages, &Pagination::cursor("at", path));
        assert_eq!((outcome.rows, outcome.error), (vec![1, 2], None), "{path}");
        assert_eq!(outcome.proof, Some(format!("nothing more in {path}")));
        assert_eq!(targets(&stage.server)[before..], ["/rows", "/rows?at=b/c%3D"], "{path}");
    }
    // A header, whatever its case.
    for name in ["header:X-Ms-ContinuationToken", "header:x-ms-continuationtoken"] {
        let first = reply(200, "[1]").header("x-ms-continuationtoken", "b c");
        let pages = [first, reply(200, "[2]")];
        let outcome = stage.walk(&pages, &Pagination::cursor("at", name));
        assert_eq!((outcome.rows, outcome.error), (vec![1, 2], None), "{name}");
        assert_eq!(targets(&stage.server).last().unwrap(), "/rows?at=b%20c");
    }
    // Numbers stay as they were written.
    for number in ["7", "18446744073709551615", "1700000000.25"] {
        let first = reply(200, format!(r#"{{"items":[1],"next":{number}}}"#));
        let pages = [first, body(&json!({"items": [2], "next": 0}))];
        let outcome = stage.walk(&pages, &Pagination::cursor("at", "next"));
        assert_eq!((outcome.rows, outcome.error), (vec![1, 2], None), "{number}");
        assert_eq!(targets(&stage.server).last(), Some(&format!("/rows?at={number}")));
    }
}

#[test]
fn the_query_of_the_request_stays_and_its_own_cursor_is_where_the_walk_begins() {
    let server = serving(|seen| match asked(seen, "at") {
        Some("b") => body(&json!({"items": [2], "next": "c", "total": 3})),
        Some("c") => body(&json!({"items": [3], "next": null, "total": 3})),
        _ => body(&json!({"items": [1], "next": "b", "total": 3})),
    });
    let client = server.client();
    let paging = Pagination::cursor("at", "next").with_page_size("n", 5);
    let items = |request: Request| client.items::<u64>(request).with_pagination(paging.clone());
    let (rows, error) = walk(&mut items(Request::get("/rows?filter=x").query("order", "up")));
    assert!(error.is_none() && rows == [1, 2, 3], "{error:?}");
    assert_eq!(targets(&server)[2], "/rows?filter=x&order=up&at=c&n=5");
    // No total is held against a walk that begins in the middle.
    for request in [Request::get("/rows?at=b"), Request::get("/rows").query("at", "b")] {
        let (rows, error) = walk(&mut items(request));
        assert!(error.is_none() && rows == [2, 3], "{rows:?} {error:?}");
    }
    let own = Request::get("/rows?n=2");
    assert!(walk(&mut items(own)).1.is_none());
    assert_eq!(targets(&server).last().unwrap(), "/rows?at=c&n=2");
}

#[test]
fn what_is_no_cursor_at_its_place_is_an_error() {
    let stage = Stage::new();
    for value in [json!({"after": "b"}), json!(["b"]), json!(true)] {
        let outcome = stage.walk(
            &[body(&json!({"items": [1], "next": value}))],
            &Pagination::cursor("at", "next"),
        );
        let expected =
            "page 1: next holds no text or number: declare the member with the cursor itself";
        assert_eq!((outcome.rows, outcome.error.as_deref()), (vec![1], Some(expected)));
        assert_eq!(outcome.class, Some(ErrorKind::Configuration));
    }
    // A list has no place for one.
    for (paging, place) in [
        (Pagination::cursor("at", "meta.next"), "meta.next"),
        (Pagination::next_link("next"), "next"),
    ] {
        let outcome = stage.walk(&[reply(200, "[1]")], &paging);
        let expected = format!(
            "page 1: the answer is a list, and has no place for {place}: declare how the next page is asked for"
        );
        assert_eq!((outcome.rows, outcome.error), (vec![1], Some(expected)));
        assert_eq!(stage.walk(&[reply(200, "[]")], &paging).error, None);
    }
    let outcome = stage.walk(&[], &Pagination::cursor("at", "header:not a name"));
    assert_eq!(outcome.error.as_deref(), Some("\"not a name\" is not a header name"));
    let outcome = stage.walk(&[], &Pagination::cursor("", "next"));
    assert_eq!(outcome.error.as_deref(), Some("the name of the parameter is empty"));
}

#[test]
fn a_cursor_that_comes_again_is_the_end_only_where_nothing_is_missing() {
    let stage = Stage::new();
    let page = |rows: Value, next: &str| json!({"items": rows, "next": next});
    let with = |mut page: Value, name: &str, value: Value| {
        page[name] = value;
        body(&page)
    };
    let first = || body(&page(json!([1]), "b"));
    let paging = Pagination::cursor("at", "next");
    for (last, proof) in [
        (body(&page(json!([]), "b")), "a page without rows"),
        (with(page(json!([2]), "b"), "total", json!(2)), "the 2 rows that the server promised"),
        (
            with(page(json!([2]), "b"), "has_more", json!(false)),
            "the word of the server in has_more",
        ),
        // It says so at once, whatever the cursor.
        (
            with(page(json!([2]), "c"), "has_more", json!(false)),
            "the word of the server in has_more",
        ),
    ] {
        let outcome = stage.walk(&[first(), last], &paging);
        assert_eq!((outcome.proof.as_deref(), outcome.requests), (Some(proof), 2), "{outcome:?}");
    }
    let again = [first(), body(&page(json!([2]), "c")), body(&page(json!([3]), "b"))];
    let outcome = stage.walk(&again, &paging);
    assert_eq!(
        outcome.error.as_deref(),
        Some("page 3: the cursor came before: does the server know the parameter \"at\"?")
    );
    assert_eq!(outcome.rows, [1, 2, 3]);
}

#[test]
fn a_wrong_name_of_the_parameter_is_found_out() {
    // The server does not know the parameter and gives its first page again.
    let fresh = AtomicU64::new(0);
    let pages: [Box<dyn Fn() -> Value + Send + Sync>; 3] = [
        Box::new(|| json!({"items": [1, 2], "next": 2, "current_page": 1})),
        Box::new(|| json!({"items": [1, 2], "next": "b"})),
        // Some servers write another cursor each time.
        Box::new(
            move || json!({"items": [1, 2], "next": format!("x{}", fresh.fetch_add(1, Ordering::SeqCst))}),
        ),
    ];
    for page in pages {
        let server = serving(move |_| body(&page()));
        let client = server.client();
        let items = client.items::<u64>("/x").with_pagination(Pagination::cursor("at", "next"));
        let rows: Vec<_> = items.take(9).collect();
        assert!(matches!(rows[..], [Ok(1), Ok(2), Err(Error::Incomplete(_))]), "{rows:?}");
        let error = rows.into_iter().next_back().unwrap().err();
        assert_eq!(
            words(error, &server),
            "GET HOST/x: page 2: the page is the one before once more: does the server know the parameter \"at\"? (2 rows delivered)"
        );
    }
}

#[test]
fn rows_that_came_before_under_a_cursor_that_goes_on_are_delivered() {
    let stage = Stage::new();
    let page = |next: Value| body(&json!({"items": [7, 7], "next": next}));
    let pages = [page(json!("b")), page(json!("c")), page(json!(null))];
    let outcome = stage.walk(&pages, &Pagination::cursor("at", "next"));
    assert_eq!((outcome.rows, outcome.error), (vec![7; 6], None));
}

#[test]
fn a_walk_until_empty_ends_with_an_empty_page_and_hands_out_where_to_go_on() {
    // A log of events: there is always a cursor, and always a link.
    let server = serving(|seen| {
        let at: u64 = asked(seen, "at").map_or(0, |at| at.parse().unwrap());
        let rows: Vec<u64> = (at + 1..=5).take(2).collect();
        let next = at + rows.len() as u64;
        let link = format!("</rows?at={next}>; rel=\"next\"");
        body(&json!({"items": rows, "next": next.to_string(), "link": format!("/rows?at={next}")}))
            .header("link", link)
    });
    let client = server.client();
    let link = server.url("/rows?at=5");
    for (paging, watermark) in [
        (Pagination::cursor("at", "next").ignoring("header:link"), "5"),
        (Pagination::link_header(), &*link),
        (Pagination::next_link("link"), &link),
    ] {
        let quiet = paging.clone().ignoring("next").until_empty();
        let mut items = client.items::<u64>("/rows").with_pagination(quiet);
        let (rows, error) = walk(&mut items);
        assert!(error.is_none() && rows == [1, 2, 3, 4, 5], "{paging:?} {rows:?} {error:?}");
        let progress = items.progress();
        assert_eq!(progress.proof.unwrap().to_string(), "a page without rows");
        assert_eq!(progress.cursor.as_deref(), Some(watermark), "{paging:?}");
        assert_eq!(targets(&server).last().unwrap(), "/rows?at=5");
    }
    // The watermark is where the next run begins.
    let items = client.items::<u64>("/rows?at=4");
    let paging = Pagination::cursor("at", "next").ignoring("header:link").until_empty();
    let mut items = items.with_pagination(paging);
    assert_eq!(walk(&mut items).0, [5]);
    assert_eq!(items.progress().cursor.as_deref(), Some("5"));
}

/// A search by POST whose parameters are in the body: rows 1 to 5, two on a page.
fn search(seen: &Seen) -> Reply {
    let asked: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(seen.method, "POST");
    let place = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok());
    let at = place(&asked["after"])
        .or(place(&asked["start_cursor"]))
        .or(place(&asked["variables"]["after"]))
        .or(asked["offset"].as_u64())
        .or(asked["page"].as_u64().map(|page| 2 * (page - 1)))
        .unwrap_or(0);
    let rows: Vec<u64> = (at + 1..=5).take(2).collect();
    let next = (at + 2 < 5).then(|| (at + 2).to_string());
    body(&match seen.path() {
        "/hubspot" => match next {
            Some(next) => json!({"results": rows, "total": 5, "paging": {"next": {"after": next}}}),
            None => json!({"results": rows, "total": 5}),
        },
        "/notion" => {
            json!({"object": "list", "results": rows, "has_more": next.is_some(), "next_cursor": next})
        }
        "/graphql" => json!({"data": {"issues": {
            "nodes": rows,
            "pageInfo": {"hasNextPage": next.is_some(), "endCursor": (at + 2).to_string()},
        }}}),
        _ => json!({"results": rows, "total": 5}),
    })
}

#[test]
fn a_search_by_post_is_paged_in_its_body() {
    let server = serving(search);
    let cases = [
        (
            "/hubspot",
            Pagination::cursor("after", "paging.next.after").with_page_size("limit", 2),
            json!({"filter": "x"}),
            json!({"filter": "x", "after": "4", "limit": 2}),
        ),
        (
            "/notion",
            Pagination::cursor("start_cursor", "next_cursor").with_page_size("page_size", 2),
            json!({"filter": {"a": 1}}),
            json!({"filter": {"a": 1}, "start_cursor": "4", "page_size": 2}),
        ),
        (
            "/graphql",
            Pagination::cursor("variables.after", "data.issues.pageInfo.endCursor")
                .with_rows_at("data.issues.nodes")
                .with_page_size("variables.first", 2),
            json!({"query": "q", "variables": {"order": "up", "after": null}}),
            json!({"query": "q", "variables": {"order": "up", "after": "4", "first": 2}}),
        ),
        (
            "/offsets",
            Pagination::offset("offset").with_page_size("limit", 2),
            json!({"filter": "x"}),
            json!({"filter": "x", "offset": 4, "limit": 2}),
        ),
        (
            "/numbers",
            Pagination::page_numbers("page"),
            json!({"filter": "x"}),
            json!({"filter": "x", "page": 3}),
        ),
    ];
    for (path, paging, sent, last) in cases {
        let paging = if path == "/graphql" { paging } else { paging.with_rows_at("results") };
        let client = server.client();
        let request = Request::post(path).json(&sent).safe_to_repeat();
        let items = client.items::<u64>(request).with_pagination(paging.in_body());
        let mut items = items;
        let (rows, error) = walk(&mut items);
        assert!(error.is_none() && rows == [1, 2, 3, 4, 5], "{path} {rows:?} {error:?}");
        let seen = server.api_requests();
        let third: Value = serde_json::from_str(&seen[seen.len() - 1].body).unwrap();
        assert_eq!((third, seen[seen.len() - 1].target.as_str()), (last, path));
    }
}

#[test]
fn paging_in_a_body_needs_an_object_there() {
    let server = serving(|_| body(&json!({"items": [], "next": null})));
    let client = server.client();
    let paging = Pagination::cursor("after", "next").in_body();
    let before = server.api_requests().len();
    for request in [
        Request::post("/x").json(&json!([1])),
        Request::post("/x").form(&[("a", "b")]),
        Request::post("/x").json(&json!("text")),
    ] {
        let items = client.items::<u64>(request).with_pagination(paging.clone());
        let error = { items }.next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Pagination::in_body() needs a request with a JSON object as its body"
        );
        assert_eq!((error.kind(), server.api_requests().len()), (ErrorKind::Configuration, before));
    }
    // Without a body there is an empty one.
    let items = client.items::<u64>(Request::post("/x")).with_pagination(paging);
    assert_eq!(items.count(), 0);
    assert_eq!(server.api_requests().pop().unwrap().body, "{}");
}

#[derive(serde::Deserialize, Debug)]
struct Row {
    id: u64,
}

#[test]
fn rows_are_asked_for_after_the_last_one() {
    let server = serving(|seen| {
        let after: u64 = asked(seen, "after").map_or(0, |id| id.parse().unwrap());
        let all = (1..=5).map(|n| json!({"id": n * 10, "meta": {"k": format!("k{n}")}, "x": "]}"}));
        let rows: Vec<Value> = all.filter(|row| row["id"].as_u64() > Some(after)).take(2).collect();
        match seen.path() {
            "/bare" => body(&json!(rows)),
            "/spread" => reply(200, format!("{:#}\n", json!({"data": {"rows": rows}}))),
            // A name with an escape does not tell where it stands in the text.
            "/escaped" => {
                let rows = json!(rows);
                reply(200, format!(r#"{{"data": {{"rows": {rows}, "\u006fld": [{{"id": 7}}]}}}}"#))
            }
            _ => body(&json!({"data": {"rows": rows}, "time": 1, "more": []})),
        }
    });
    let client = server.client();
    let inner = Pagination::after_row("after", "id").with_rows_at("data.rows");
    for (path, paging) in [
        ("/bare", Pagination::after_row("after", "id")),
        ("/inner", inner.clone()),
        ("/spread", inner.clone()),
        ("/escaped", inner),
    ] {
        let mut items = client.items::<Row>(path).with_pagination(paging.with_page_size("n", 2));
        let (rows, error) = walk(&mut items);
        assert!(error.is_none(), "{path}: {error:?}");
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [10, 20, 30, 40, 50]);
        assert_eq!(targets(&server).last().unwrap(), &format!("{path}?after=50&n=2"));
    }
    let (rows, error) = walk(
        &mut client
            .items::<Row>("/bare?after=30")
            .with_pagination(Pagination::after_row("after", "id")),
    );
    assert!(error.is_none() && rows.len() == 2, "{error:?}");
}

#[test]
fn a_row_without_the_field_and_a_server_that_does_not_know_the_parameter_are_errors() {
    let run = |pages: Vec<Value>, field: &str| {
        let pages = Mutex::new(pages.into_iter().map(|page| body(&page)).collect::<Vec<_>>());
        let server = serving(move |_| {
            let mut pages = pages.lock().unwrap();
            if pages.len() > 1 { pages.remove(0) } else { pages[0].clone() }
        });
        let client = server.client();
        let paging = Pagination::after_row("after", field);
        let (rows, error) = walk(&mut client.items::<Value>("/x").with_pagination(paging));
        (rows.len(), words(error, &server))
    };
    for row in [json!({"x": 1}), json!({"id": null}), json!({"id": {"a": 1}}), json!(7)] {
        assert_eq!(
            run(vec![json!([{"id": 1}, row])], "id"),
            (
                2,
                "GET HOST/x: page 1: the last row has no text or number in the field \"id\" (2 rows delivered)".into()
            )
        );
    }
    assert_eq!(
        run(vec![json!([{"id": 1}, {"id": 2}])], "id"),
        (
            2,
            "GET HOST/x: page 2: the page is the one before once more: does the server know the parameter \"after\"? A collection without pages is read with Pagination::single() (2 rows delivered)".into()
        )
    );
    // Other rows, and the same one at their end.
    assert_eq!(
        run(vec![json!([{"id": 1}, {"id": 2}]), json!([{"id": 3}, {"id": 2}])], "id"),
        (
            4,
            "GET HOST/x: page 2: there is more, and nothing to ask for it by: does the server know the parameter \"after\"? If it filters pages after they were cut, declare with_page_size and .stepping_by_size() (4 rows delivered)".into()
        )
    );
    assert_eq!(
        run(vec![json!([{"id": 1}]), json!({"items": [], "has_more": true})], "id").1,
        "GET HOST/x: page 2: there is more, and nothing to ask for it by: does the server know the parameter \"after\"? If it filters pages after they were cut, declare with_page_size and .stepping_by_size() (1 rows delivered)"
    );
}

/// A client for Snapdocs whose API is `server`.
fn snapdocs(server: &Server) -> Client {
    let pagination = Pagination::cursor("page", "meta.next_page").with_rows_at("data");
    let provider = server.provider().with_pagination(pagination);
    Client::new(provider, Credentials::new("id", SECRET)).unwrap()
}

#[test]
fn the_number_of_the_next_page_is_followed_to_its_null() {
    for (next, rows) in [
        (json!([2, 3, null]), vec![1, 2, 3]),
        (json!(["2", "3", ""]), vec![1, 2, 3]),
        (json!([3, null, null]), vec![1, 3]),
        (json!([null]), vec![1]),
    ] {
        let told = next.clone();
        let server = serving(move |seen| {
            let page: u64 = asked(seen, "page").map_or(1, |page| page.parse().unwrap());
            let meta = json!({"current_page": page, "next_page": told[page as usize - 1]});
            body(&json!({"data": [page], "meta": meta}))
        });
        let client = snapdocs(&server);
        let (found, error) = walk(&mut client.items::<u64>("/v1/subscriptions?kind=a"));
        assert!(error.is_none(), "{next}: {error:?}");
        assert_eq!(found, rows, "{next}");
        let seen = server.api_requests();
        assert_eq!(seen[0].target, "/v1/subscriptions?kind=a");
        assert!(seen.iter().all(|seen| asked(seen, "kind") == Some("a")));
    }
}

#[test]
fn the_whole_meta_of_snapdocs_is_held_against_the_rows() {
    let identical = "page 2: the page is the one before once more: does the server know the parameter \"page\"?";
    let cases = [
        (
            json!({"current_page": 1, "total_pages": 1, "next_page": null, "page_size": 9, "total_count": 1}),
            "",
        ),
        (
            json!({"current_page": 1, "total_pages": 2, "next_page": null, "total_count": 2}),
            "page 1: the answer counts 2 pages: declare Pagination::page_numbers(\"<parameter>\")",
        ),
        (
            json!({"current_page": 1, "next_page": null, "total_count": 2}),
            "page 1: fewer rows were delivered than promised",
        ),
        (json!({"current_page": 1, "next_page": 1}), identical),
        (
            json!({"current_page": 1, "next_page": {"number": 2}}),
            "page 1: meta.next_page holds no text or number: declare the member with the cursor itself",
        ),
    ];
    for (meta, expected) in cases {
        let answer = json!({"data": [1], "meta": meta});
        let server = serving(move |_| body(&answer));
        let client = snapdocs(&server);
        let (rows, error) = walk(&mut client.items::<u64>("/x"));
        assert_eq!(rows, [1], "{meta}");
        match expected {
            "" => assert!(error.is_none(), "{error:?}"),
            expected => {
                let error = words(error, &server);
                assert!(error.starts_with(&format!("GET HOST/x: {expected} (")), "{error}");
            }
        }
    }
    // Documents and borrowers come unpaged.
    let server = serving(|_| body(&json!({"documents": [1, 2]})));
    let client = snapdocs(&server);
    let (rows, error) = walk(&mut client.items::<u64>("/x").with_rows_at("documents"));
    assert!(error.is_none() && rows == [1, 2], "{rows:?} {error:?}");
}

/// A cursor or a field may be below zero (seconds before 1970, a temperature): only none,
/// `null` and an empty text are the end.
#[test]
fn numbers_below_zero_are_cursors() {
    let stage = Stage::new();
    let page = |rows: Value, next: Value| body(&json!({"items": rows, "next": next}));
    let pages = [page(json!([1, 2]), json!(-86400)), page(json!([3]), json!(null))];
    let outcome = stage.walk(&pages, &Pagination::cursor("at", "next"));
    assert_eq!((outcome.rows, outcome.error), (up_to(3), None));
    let row = |born: i64| body(&json!({"items": [{"born": born}]}));
    let pages = [row(3), row(0), row(-5), body(&json!({"items": []}))];
    let outcome = stage.walk_values(&pages, &Pagination::after_row("after", "born"));
    assert_eq!((outcome.rows.len(), outcome.error), (3, None));
}

/// `?cursor=` and `"cursor": ""` are how many APIs are asked for their first page.
#[test]
fn an_empty_cursor_begins_no_walk_in_the_middle() {
    let stage = Stage::new();
    let page = |next: Value| body(&json!({"items": [1], "total": 9, "next": next}));
    let cursor = Pagination::cursor("cursor", "next");
    let search = |own: Value| Request::post("/rows").json(&json!({"cursor": own})).safe_to_repeat();
    for (request, paging) in [
        ("/rows?cursor=".into(), cursor.clone()),
        ("/rows?cursor=*".into(), cursor.clone()),
        (search(json!("")), cursor.clone().in_body()),
        (search(json!(null)), cursor.clone().in_body()),
    ] {
        let outcome = stage.walk_over(request, &[page(json!(null))], &paging);
        assert!(outcome.error.is_some(), "one of nine rows, by {:?}", outcome.proof);
    }
    // Such a walk is taken up on its first page as well.
    let server = serving(|_| body(&json!({"items": [1, 2], "next": null})));
    let client = server.client();
    let items = || client.items::<u64>(search(json!(null)));
    let paging = || Pagination::cursor("cursor", "next").in_body();
    let mut begun = items().with_pagination(paging());
    begun.next().unwrap().unwrap();
    let mut rest = items().with_pagination(paging()).resume(&saved(begun.resume_point()));
    assert_eq!(walk(&mut rest).0, [2]);
    assert!(server.api_requests().iter().all(|seen| seen.body == r#"{"cursor":null}"#));
}

#[test]
fn a_search_whose_cursor_belongs_into_its_body_says_so() {
    let server = serving(|_| body(&json!({"items": [{"id": 1}], "next": "b"})));
    let client = server.client();
    let search = Request::post("/x").json(&json!({})).safe_to_repeat();
    let paging = Pagination::cursor("after", "next");
    let (_, error) = walk(&mut client.items::<Value>(search).with_pagination(paging));
    assert_eq!(
        words(error, &server),
        "POST HOST/x: page 2: the page is the one before once more: does the server know the parameter \"after\"? If it belongs into the body, declare .in_body() (1 rows delivered)"
    );
}

#[test]
fn a_walk_from_0_over_pages_that_count_from_1_is_told_so() {
    let server = serving(|_| body(&json!({"items": [{"id": 1}], "page": 1})));
    let client = server.client();
    let paging = Pagination::page_numbers("page").starting_at(0);
    let (_, error) = walk(&mut client.items::<Value>("/x").with_pagination(paging));
    assert_eq!(
        words(error, &server),
        "GET HOST/x: page 1: page 0 was asked for and the answer says that it is page 1: does the API count from 1? Then declare .starting_at(1) (0 rows delivered)"
    );
}

/// Some servers put a token for later changes on each page.
#[test]
fn a_link_to_later_changes_ends_no_walk_that_has_a_next_page() {
    let server = serving(|seen| {
        let first: u64 = asked(seen, "after").map_or(0, |after| after.parse().unwrap());
        let rows: Vec<u64> = (first + 1..=7).take(2).collect();
        let next = rows.last().filter(|last| **last < 7).map(u64::to_string);
        match seen.path() {
            "/cursors" => body(&json!({"items": rows, "next": next, "nextSyncToken": "s"})),
            _ => body(&json!({"items": rows, "nextSyncToken": "s"})),
        }
    });
    for (path, paging) in [
        ("/cursors", Pagination::cursor("after", "next")),
        ("/counted", Pagination::offset("after")),
    ] {
        let client = server.client();
        let (found, error) = walk(&mut client.items::<u64>(path).with_pagination(paging));
        assert!(error.is_none() && found == up_to(7), "{path}: {found:?} {error:?}");
    }
}
