//! Where the rows of an answer are, and what is said where there are none.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Error, Pagination};

use super::{Stage, body, paged, serving, walk, words};
use crate::support::*;

#[test]
fn an_answer_without_the_rows_names_what_it_has() {
    for (answer, expected) in [
        (
            r#"{"nodes":[1],"count":1}"#,
            "the answer has no member \"items\" with rows; it has: nodes, count; the list \"nodes\" has the length 1: if these are the rows, declare .with_rows_at(\"nodes\")",
        ),
        (
            r#"{"warnings":[],"data":{"rows":[1,2]}}"#,
            "the answer has no member \"items\" with rows; it has: warnings, data; the list \"data.rows\" has the length 2: if these are the rows, declare .with_rows_at(\"data.rows\")",
        ),
        (
            r#"{"kind":"x"}"#,
            "the answer has no member \"items\" with rows; it has: kind; declare .with_rows_at, or .rows_may_be_absent() if that means no rows",
        ),
        (
            "{}",
            "the answer is an empty object: if that means that there are no rows, declare .rows_may_be_absent()",
        ),
        ("", "the body is empty where JSON was expected"),
        (
            r#"{"items":{"a":1}}"#,
            "the JSON is not as expected at items: expected an array of rows and not an object (declare .with_rows_at(\"items.<member>\")) at line 1 column 10",
        ),
        (
            "7",
            "the JSON is not as expected: invalid type: integer `7`, expected an array of rows, or an object with one at line 1 column 1",
        ),
    ] {
        let server = Server::with_api([reply(200, answer)]);
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<Value>("/rows"));
        let expected = format!("GET HOST/rows: page 1: {expected}");
        assert_eq!((rows.len(), words(error, &server)), (0, expected));
    }
}

#[test]
fn rows_are_found_at_a_path_of_names_and_by_pointer() {
    let stage = Stage::new();
    for (path, answer) in [
        ("value", json!({"value": [1, 2]})),
        ("data.items", json!({"data": {"items": [1, 2], "x": 1}, "items": [9]})),
        (
            "_embedded.orders",
            json!({"_embedded": {"orders": [1, 2]}, "_links": {"self": {"href": "/x"}}}),
        ),
        ("d.results", json!({"d": {"results": [1, 2]}})),
        ("a.b", json!({"a.b": [1, 2]})),
        ("/a.b/c", json!({"a": {"b": {"c": [9]}}, "a.b": {"c": [1, 2]}})),
        ("/a~1b", json!({"a/b": [1, 2]})),
        ("data.issues.nodes", json!({"data": {"issues": {"nodes": [1, 2]}}})),
        // An array holds nothing else.
        ("value", json!([1, 2])),
        // `null` on the way is no rows, as `null` in the place of them.
        ("data.items", json!({"data": null})),
        ("data.items", json!({"data": {"items": null}})),
    ] {
        let outcome = stage.walk(&[body(&answer)], &Pagination::single().with_rows_at(path));
        let rows = if answer.to_string().contains("null") { vec![] } else { vec![1, 2] };
        assert_eq!((outcome.rows, outcome.error), (rows, None), "{path} {answer}");
    }
    for path in ["", "a.", "a..b", "/a//b"] {
        let outcome = stage.walk(&[reply(200, "[]")], &Pagination::single().with_rows_at(path));
        let expected = format!("{path:?}: a path to a member has no empty name in it");
        assert_eq!((outcome.error, outcome.requests), (Some(expected), 0));
    }
}

#[test]
fn rows_may_be_absent_where_that_is_declared() {
    let stage = Stage::new();
    let hal = Pagination::next_link("_links.next.href").with_rows_at("_embedded.orders");
    let page = |rows: &str| {
        let mut page =
            json!({"_links": {"self": {"href": "/x"}, "next": {"href": format!("?c={rows}")}}});
        if !rows.is_empty() {
            page["_embedded"] = json!({"orders": [1]});
        }
        body(&page)
    };
    let last = body(&json!({"_links": {"self": {"href": "/x"}}}));
    let pages = [page("1"), page(""), last];
    let outcome = stage.walk(&pages, &hal.clone().rows_may_be_absent());
    assert_eq!((outcome.rows, outcome.error), (vec![1], None));
    let outcome = stage.walk(&pages, &hal);
    assert_eq!(
        outcome.error.as_deref(),
        Some(
            "page 2: the answer has no member \"_embedded.orders\" with rows; it has: _links; declare .with_rows_at, or .rows_may_be_absent() if that means no rows"
        )
    );
    // An empty object is none as well; an error is an error.
    let single = Pagination::single().rows_may_be_absent();
    assert_eq!(stage.walk(&[reply(200, "{}")], &single).error, None);
    let error = body(&json!({"error": "the index is locked"}));
    assert!(stage.walk(&[error], &single).error.is_some());
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
fn the_words_of_a_refusal_within_a_200_are_told() {
    let body = r#"{"successCount":0,"failureReason":"the index is locked"}"#;
    let server = Server::with_api([reply(200, body)]);
    let error = server.client().items::<u64>("/x").next().unwrap().unwrap_err();
    assert!(error.to_string().contains("(the index is locked)"), "{error}");
}

#[test]
fn what_follows_the_json_of_a_page_is_an_error() {
    let server = Server::with_api([reply(200, r#"{"items":[1]} {"items":[2]}"#)]);
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(matches!(error, Some(Error::Decode(_))), "{rows:?} {error:?}");
}

#[test]
fn an_error_beside_rows_ends_the_walk_after_them() {
    let stage = Stage::new();
    for (beside, told) in [
        (json!({"error": "shard 3 is down"}), "shard 3 is down"),
        (json!({"error": {"code": 7, "message": "shard 3 is down"}}), "7: shard 3 is down"),
        (json!({"errors": ["a", {"message": "b"}]}), "a; b"),
        (json!({"errors": {"shard": ["is down"]}}), r#"{"shard":["is down"]}"#),
        (json!({"error": true, "message": "shard 3 is down"}), "shard 3 is down"),
        (json!({"errors": 3}), r#"{"errors":3}"#),
    ] {
        for rows in [json!([1, 2]), json!([])] {
            let mut page = beside.clone();
            page["items"] = rows.clone();
            page["next"] = json!("/rows?page_number=2");
            for paging in [
                Pagination::page_numbers("page_number"),
                Pagination::detect(),
                Pagination::single(),
            ] {
                let outcome = stage.walk(&[body(&page)], &paging);
                assert_eq!((json!(outcome.rows), outcome.requests), (rows.clone(), 1));
                let expected = format!("page 1: the answer has an error beside its rows: {told}");
                assert_eq!(outcome.error, Some(expected), "{page}");
                assert_eq!(outcome.class, Some(ErrorKind::Incomplete));
            }
        }
    }
}

#[test]
fn an_error_in_the_place_of_rows_is_an_error() {
    let page = json!({"items": null, "error": {"code": 7, "message": "the index is locked"}});
    let server = Server::with_api([body(&page)]);
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(rows.is_empty() && matches!(error, Some(Error::Decode(_))), "{error:?}");
    assert_eq!(
        words(error, &server),
        "GET HOST/rows: page 1: the answer has an error in the place of its rows: 7: the index is locked"
    );
}

#[test]
fn an_error_that_says_nothing_is_none() {
    let stage = Stage::new();
    for nothing in [
        json!(null),
        json!(false),
        json!(0),
        json!(""),
        json!("0"),
        json!([]),
        json!({}),
        json!({"code": 0, "message": ""}),
        json!([{"message": null}]),
    ] {
        for name in ["error", "errors"] {
            let page = json!({"items": [1], name: nothing, "next": null, "message": "ok"});
            let outcome = stage.walk(&[body(&page)], &Pagination::detect());
            assert_eq!((outcome.rows, outcome.error), (vec![1], None), "{page}");
        }
    }
    // Nor is one that stands elsewhere.
    let page = json!({"items": [1], "meta": {"error": "x"}, "next": null});
    assert_eq!(stage.walk(&[body(&page)], &Pagination::detect()).error, None);
}

#[test]
fn a_path_to_the_rows_that_leads_through_a_list_is_an_error() {
    let server = serving(|_| body(&json!({"data": [{"rows": [1, 2]}, {"rows": [3]}]})));
    let client = server.client();
    for path in ["data.rows", "/data/rows", "data.customer"] {
        let paging = Pagination::single().with_rows_at(path);
        let (rows, error) = walk(&mut client.items::<Value>("/rows").with_pagination(paging));
        assert_eq!(
            (rows.len(), words(error, &server).as_str()),
            (
                0,
                "GET HOST/rows: page 1: the JSON is not as expected at data[0]: expected an object with the rows and not an array (declare .with_rows_at(\"data\") if it has the rows) at line 1 column 9"
            )
        );
    }
}

#[test]
fn what_a_refusal_within_a_200_says_is_not_taken_for_no_rows() {
    let server = serving(|_| body(&json!({"error": "no such tenant"})));
    let client = server.client();
    let (_, error) = walk(&mut client.items::<Value>("/rows"));
    let error = words(error, &server);
    assert!(error.contains("no such tenant") && !error.contains("rows_may_be_absent"), "{error}");
}
