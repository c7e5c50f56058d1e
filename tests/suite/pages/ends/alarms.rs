//! Words that say that there is more and that the declared way to page does not read: an
//! error, after the rows. And what looks like such a word, and is none.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Event, Pagination, Request};

use super::{By, Complete, Fails, Stops, bare, hold, pages};
use crate::pages::{Stage, body, serving, walk};
use crate::support::*;

fn with_items(mut page: Value, rows: &[u64]) -> Value {
    page["items"] = json!(rows);
    page
}

/// A page of the one row 1 that is all there is, whoever reads it.
#[track_caller]
fn is_all(page: &Reply) {
    for paging in [Pagination::single(), Pagination::link_header()] {
        hold(&paging, [(vec![page.clone()], 1, Complete)]);
    }
}

/// Whether such a page alone is all there is.
#[track_caller]
fn alone(page: Reply, is_all: bool) {
    hold(&Pagination::single(), [(vec![page], 1, if is_all { Complete } else { Stops })]);
}

#[test]
fn a_word_that_the_way_to_page_does_not_read_is_an_error_under_each_of_them() {
    let stage = Stage::new();
    let empty = json!({"items": []});
    let cases: [(Pagination, Vec<Value>); 4] = [
        (Pagination::link_header(), vec![json!({"items": [1], "nextCursor": "b"})]),
        (Pagination::next_link("next"), vec![json!({"items": [1], "nextCursor": "b"})]),
        (
            Pagination::cursor("c", "next"),
            vec![json!({"items": [1], "next": "c"}), json!({"items": [], "nextCursor": "b"})],
        ),
        (Pagination::single(), vec![json!({"items": [1], "nextCursor": "b"})]),
    ];
    for (paging, pages) in cases {
        let pages: Vec<Reply> = pages.iter().chain([&empty]).map(body).collect();
        let outcome = stage.walk(&pages, &paging);
        assert_eq!(outcome.rows, [1], "{paging:?}");
        assert!(
            outcome.error.as_deref().is_some_and(|error| error.ends_with(
                "the answer has nextCursor = …, which says that there is more: if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", \"nextCursor\"); if it means something else, declare .ignoring(\"nextCursor\")"
            )),
            "{outcome:?}"
        );
        assert_eq!(outcome.class, Some(ErrorKind::Configuration));
        assert_eq!(outcome.declare.as_deref(), Some("cursor:<parameter>=nextCursor"));
        let outcome = stage.walk(&pages, &paging.ignoring("nextCursor"));
        assert_eq!((outcome.rows, outcome.error), (vec![1], None));
    }
}

#[test]
fn a_word_is_silenced_by_its_path() {
    let range = || reply(200, "[1]").header("content-range", "items 0-0/9");
    for (page, path) in [
        (body(&json!({"items": [1], "meta": {"next_steps": "x", "nextId": 7}})), "meta.nextId"),
        (body(&json!({"items": [1], "total": 2000})), "total"),
        (body(&json!({"items": [1], "meta": {"total_count": 1999}})), "meta.total_count"),
        (body(&json!({"items": [1], "count": 9})), "count"),
        (reply(200, "[1]").header("X-Total-Count", "9"), "header:X-Total-Count"),
        (reply(200, "[1]").header("x-next-page", "2"), "header:x-next-page"),
        (range(), "header:content-range"),
        (
            reply(200, "[1]").header("x-pagination", r#"{"totalPages":3}"#),
            "header:x-pagination.totalPages",
        ),
    ] {
        alone(page.clone(), false);
        let other = Pagination::single().ignoring("meta.other").ignoring("header:x-other");
        hold(&other, [(vec![page.clone()], 1, Stops)]);
        hold(&Pagination::single().ignoring(path), [(vec![page], 1, Complete)]);
    }
    // Several.
    let page = body(&json!({"items": [1], "total": 9, "nextId": 7}));
    let quiet = Pagination::single().ignoring("total").ignoring("nextId");
    hold(&quiet, [(vec![page], 1, Complete)]);
    // Neither a total nor an end comes of what is ignored.
    let pages = [json!([1]), json!([2]), json!([])]
        .map(|rows| body(&json!({"items": rows, "has_more": false, "total": 1})));
    let quiet = Pagination::page_numbers("p").ignoring("has_more").ignoring("total");
    let outcome = Stage::new().walk(&pages, &quiet);
    assert_eq!((outcome.rows, outcome.error), (vec![1, 2], None));
}

#[test]
fn an_echo_of_what_was_asked_for_is_no_word() {
    let stage = Stage::new();
    // The token of the page itself, and of the one before.
    let page = |row: u64, own: &str, next: Value| {
        body(&json!({"items": [row], "pageToken": own, "next": next}))
    };
    let pages = [page(1, "", json!("b")), page(2, "b", json!("c")), page(3, "c", json!(null))];
    let outcome = stage.walk(&pages, &Pagination::cursor("token", "next"));
    assert_eq!((outcome.rows, outcome.error), (vec![1, 2, 3], None));
    let outcome = stage.walk_over(
        "/rows?pageToken=b",
        &[body(&json!({"items": [1], "pageToken": "b"}))],
        &Pagination::single(),
    );
    assert_eq!((outcome.rows, outcome.error), (vec![1], None));
    let other = [body(&json!({"items": [1], "pageToken": "c"}))];
    assert!(stage.walk_over("/rows?pageToken=b", &other, &Pagination::single()).error.is_some());
}

#[test]
fn names_that_mean_something_else_as_well_are_left_alone() {
    for beside in [
        json!({"cursor": "a", "count": 1, "paging": {"cursors": {"after": "b"}}}),
        json!({"more": "see below", "last": "/rows?page_number=9", "isLast": null}),
        json!({"last_page": "/rows?page_number=9", "page": 3, "number": 0}),
        json!({"page": {"number": 0, "size": 20}, "prev": "/rows", "next_steps": "x"}),
        json!({"more": {"a": 1}, "metadata": "x", "paging": [1], "page_info": null}),
        json!({"nextSteps": "x", "nextOfKin": {"name": "x"}, "nextel": 7, "thenext": "x"}),
        // Dollars, a job, and links of another kind.
        json!({"meta": {"total": 1999}}),
        json!({"invoice": {"total": 1999, "pages": 3, "count": 9}}),
        json!({"job": {"is_last": true, "done": true}}),
        json!({"job": {"done": 0, "finished": 0, "complete": 0}}),
        json!({"links": {"self": "/rows", "last": "/rows?page=9", "more": true, "total": 9}}),
        json!({"a": {"b": {"next": "/rows?page=2"}}}),
        json!({"warnings": [{"next": "/rows?page=2"}]}),
    ] {
        is_all(&body(&with_items(beside, &[1])));
    }
}

#[test]
fn what_is_0_or_false_in_words_says_nothing() {
    for nothing in
        [json!(0), json!(0.0), json!("0"), json!("false"), json!(" "), json!(null), json!(-1)]
    {
        for name in ["has_more", "next_cursor", "nextPageToken", "continue", "next", "next_page"] {
            is_all(&body(&json!({"items": [1], name: nothing})));
        }
    }
}

#[test]
fn headers_tell_of_more_pages_and_rows() {
    for (name, value, is_more) in [
        ("x-next-page", "2", true),
        ("x-next-page", "", false),
        ("next-page", "2", true),
        ("opc-next-page", "AAA=", true),
        ("x-ms-continuationtoken", "AAA=", true),
        ("x-continuation-token", "AAA=", true),
        ("x-next-cursor", "AAA=", true),
        ("x-has-more", "true", true),
        ("x-has-more", "false", false),
        ("x-total-pages", "2", true),
        ("x-wp-totalpages", "2", true),
        ("x-pages", "2", true),
        ("x-pages", "1", false),
        ("x-total-count", "2", true),
        ("total-count", "2", true),
        ("x-wp-total", "2", true),
        ("x-pagination", r#"{"totalCount":2}"#, true),
        ("x-pagination", r#"{"totalPages":2,"currentPage":1}"#, true),
        ("x-pagination", r#"{"hasNext":true}"#, true),
        ("x-pagination", r#"{"totalCount":1,"totalPages":1,"hasNext":false}"#, false),
        ("x-pagination", "{broken", false),
        ("content-range", "items 0-0/2", true),
        ("content-range", "0-0/2", true),
        ("content-range", "items 0-0/1", false),
        ("content-range", "items 0-0/*", false),
        ("content-range", "bytes 0-2/3", false),
        ("content-range", "items", false),
        ("link", "<?page=2>; rel='next'", true),
        ("link", "<?page=2; rel=next", true),
        // Of something else.
        ("x-limit", "2", false),
        ("x-page", "2", false),
        ("x-ratelimit-limit", "5000", false),
        ("x-request-count", "5000", false),
        ("x-next-deploy", "tomorrow", false),
        ("x-total-time", "20", false),
        ("x-cursor-style", "pointer", false),
    ] {
        alone(bare("[1]").header(name, value), !is_more);
    }
}

#[test]
fn a_total_of_0_beside_rows_is_none() {
    for (beside, header, total) in [
        (json!({"total": 0}), "0", None),
        (json!({"meta": {"total_count": 0}}), "1", Some(1)),
        (json!({"total": 0, "total_items": 1}), "0", Some(1)),
    ] {
        let answer = body(&with_items(beside, &[1])).header("x-total-count", header);
        let server = Server::with_api([answer]);
        let client = server.client();
        let mut items = client.items::<u64>("/rows").with_pagination(Pagination::single());
        let (rows, error) = walk(&mut items);
        assert!(error.is_none() && rows == [1], "{rows:?} {error:?}");
        assert_eq!(items.progress().total_items, total);
    }
    let server = Server::with_api([body(&json!({"items": [], "total": 0}))]);
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    assert!(walk(&mut items).1.is_none());
    assert_eq!(items.progress().total_items, Some(0));
}

#[test]
fn whole_numbers_may_be_written_as_floats_or_as_text() {
    let pages = pages![
        {"items": [1], "current_page": 1.0, "total_pages": 2.0, "total": "2.0"},
        {"items": [2], "current_page": "2", "total_pages": 2.0, "total": 2.0},
    ];
    let proof = "the 2 pages that the server promised";
    hold(&Pagination::page_numbers("p"), [(pages, 2, By(proof))]);
    // Elasticsearch.
    for (total, is_told) in [
        (json!({"value": 9, "relation": "eq"}), true),
        (json!({"value": 1, "relation": "eq"}), false),
        (json!({"value": 9, "relation": "gte"}), false),
        (json!(2.5), false),
        (json!(-2.0), false),
        (json!(1e300), false),
        (json!("2.50"), false),
        (json!("NaN"), false),
    ] {
        alone(body(&json!({"items": [1], "total": total})), !is_told);
    }
}

#[test]
fn a_word_that_rows_are_missing_is_an_error() {
    // GitHub's search. The last page need not say it again.
    let incomplete = json!({"items": [1], "incomplete_results": true, "total_count": 1});
    let first = body(&incomplete).header("link", "</rows?page=2>; rel=next");
    let error = "page 1: the answer has incomplete_results = true, which says that rows are missing in it: ask for less at once; if it means something else, declare .ignoring(\"incomplete_results\")";
    for paging in [Pagination::link_header(), Pagination::page_numbers("page")] {
        for page in [body(&incomplete), first.clone()] {
            hold(&paging, [(vec![page, body(&json!({"items": []}))], 1, Fails(error))]);
        }
    }
    let quiet = Pagination::link_header().ignoring("incomplete_results");
    hold(&quiet, [(vec![body(&incomplete)], 1, Complete)]);
    for name in ["incomplete", "partial"] {
        alone(body(&json!({"items": [1], name: true, "total": 1})), false);
        alone(body(&json!({"items": [1], name: false, "total": 1})), true);
    }
}

#[test]
fn a_status_of_206_says_that_there_is_more_unless_a_range_was_asked_for() {
    let stage = Stage::new();
    let part = || reply(206, "[1]");
    let error = "page 1: the answer has status = 206, which says that there is more: declare Pagination::page_numbers(\"<parameter>\"); if it means something else, declare .ignoring(\"status\")";
    for paging in [Pagination::single(), Pagination::link_header()] {
        hold(&paging, [(vec![part()], 1, Fails(error))]);
        hold(&paging.clone().ignoring("status"), [(vec![part()], 1, Complete)]);
        let asked = Request::get("/rows").header("range", "id ..");
        let outcome = stage.walk_over(asked, &[part()], &paging);
        assert_eq!((outcome.rows, outcome.error), (vec![1], None));
    }
    // TOPdesk.
    let pages = vec![part(), bare("[2]"), reply(204, "")];
    hold(&Pagination::offset("start"), [(pages, 2, Complete)]);
    let page = json!({"items": [1], "metadata": {"remainingItemCount": 2}});
    alone(body(&page), false);
    alone(bare("[1]").header("next-range", "id ]b.."), false);
}

#[test]
fn a_single_answer_as_long_as_a_page_is_an_event() {
    let stage = Stage::new();
    for (rows, is_told) in
        [(9, false), (10, true), (11, false), (25, true), (100, true), (1000, true), (300, false)]
    {
        let page = body(&json!((0..rows).collect::<Vec<u64>>()));
        let outcome = stage.walk(&[page], &Pagination::single());
        assert_eq!(outcome.error, None);
        let told: Vec<String> = outcome.events.iter().map(Event::to_string).collect();
        let host = stage.server.url("").replace("http://", "");
        let expected = format!(
            "GET {host}/rows: declared as the only page, but {rows} rows look like one of several"
        );
        assert_eq!(told, if is_told { vec![expected] } else { vec![] });
    }
}

#[test]
fn a_first_page_that_is_full_and_has_nothing_in_the_declared_place_is_an_event() {
    let stage = Stage::new();
    let page =
        |rows: u64| body(&json!({"items": (0..rows).collect::<Vec<_>>(), "scroll": {"pos": "c"}}));
    let cursor = Pagination::cursor("after", "scroll.poss");
    let sized = || cursor.clone().with_page_size("limit", 30);
    for (paging, rows, place) in [
        (cursor.clone(), 100, Some("scroll.poss")),
        (cursor.clone(), 99, None),
        (sized(), 30, Some("scroll.poss")),
        (sized(), 29, None),
        (Pagination::next_link("header:Next-Page"), 50, Some("header:Next-Page")),
        (Pagination::link_header(), 50, Some("the Link header")),
    ] {
        let outcome = stage.walk(&[page(rows)], &paging);
        assert_eq!(outcome.error, None);
        let told: Vec<String> = outcome.events.iter().map(Event::to_string).collect();
        let host = stage.server.url("").replace("http://", "");
        let expected = place.map(|place| {
            format!(
                "GET {host}/rows: no next page in {place}, but {rows} rows look like one of several"
            )
        });
        assert_eq!(told, Vec::from_iter(expected), "{paging:?}");
    }
    // By the size that the answer states, from a start of the caller's own, and by detect().
    for (paging, path, answer) in [
        (Pagination::single(), "/rows", json!({"items": [1, 2, 3], "per_page": 3})),
        (cursor.clone(), "/rows", json!({"items": [1, 2, 3], "meta": {"page_size": 3}})),
        (cursor.clone(), "/rows?after=*", json!({"items": [1, 2, 3], "per_page": 3})),
        (
            Pagination::detect(),
            "/rows",
            json!({"items": [1, 2, 3], "links": {"self": "/rows"}, "per_page": 3}),
        ),
    ] {
        let server = serving(move |_| body(&answer));
        let told = Arc::new(Mutex::new(Vec::new()));
        let events = told.clone();
        let client = server.client().with_observer(move |event| {
            if matches!(event, Event::LooksLikeOnePage { .. }) {
                events.lock().unwrap().push(event.to_string());
            }
        });
        let (rows, error) = walk(&mut client.items::<u64>(path).with_pagination(paging.clone()));
        assert!(error.is_none() && rows == [1, 2, 3], "{error:?}");
        assert_eq!(told.lock().unwrap().len(), 1, "{paging:?} {path}");
    }
    // The last of several is no first one.
    let first = body(&json!({"items": [1], "scroll": {"poss": "c"}}));
    let outcome = stage.walk(&[first, page(100)], &cursor);
    assert!(outcome.error.is_none() && outcome.events.is_empty(), "{outcome:?}");
}

/// Flags as text and as numbers say the same as flags.
#[test]
fn flags_of_any_type_raise_the_alarm() {
    let stage = Stage::new();
    for word in [
        json!({"isLast": "false"}),
        json!({"is_last_page": 0}),
        json!({"done": "false"}),
        json!({"lastPage": "False"}),
        json!({"hasMore": "yes"}),
        json!({"has_more": "Y"}),
        json!({"more": "X"}),
    ] {
        let mut page = json!({"items": [1, 2]});
        page.as_object_mut().unwrap().extend(word.as_object().unwrap().clone());
        for paging in [Pagination::single(), Pagination::next_link("nextUri")] {
            let outcome = stage.walk(&[body(&page)], &paging);
            assert!(outcome.error.is_some(), "{word}, {paging:?}: {:?}", outcome.proof);
        }
    }
}

/// Names that well-known APIs have for what follows.
#[test]
fn further_names_of_what_follows_raise_the_alarm() {
    let stage = Stage::new();
    for word in [
        json!({"exceededTransferLimit": true}), // ArcGIS
        json!({"endOfRecords": false}),         // GBIF
        json!({"numFound": 6}),                 // Solr
        json!({"recordsTotal": 6}),             // DataTables
        json!({"nbPages": 3}),                  // Algolia
        json!({"nextStartIndex": 3}),           // Google Custom Search, Daml
        json!({"moreResultsAvailable": true}),
        json!({"nextPageAvailable": true}),
        json!({"totalRecordCount": 6}),
        json!({"hasMoreRows": true}),
        json!({"search_metadata": {"next_results": "?max_id=1"}}), // Twitter
    ] {
        let mut page = json!({"items": [1, 2]});
        page.as_object_mut().unwrap().extend(word.as_object().unwrap().clone());
        let outcome = stage.walk(&[body(&page)], &Pagination::next_link("nextUri"));
        assert!(outcome.error.is_some(), "{word}: {:?}", outcome.proof);
    }
}
