//! A walk without a declaration: what it finds out, and what it says where it cannot.

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Client, Credentials, Pagination, Provider};

use super::{Asks, Complete, Stops, hold};
use crate::pages::{Stage, body, serving, targets, walk};
use crate::support::*;

#[test]
fn nothing_declared_is_the_default_of_a_provider() {
    let server = serving(|_| body(&json!({"items": [1], "next": null})));
    let provider = Provider::new(&server.url(TOKEN_PATH), &server.url("")).unwrap();
    let client = Client::new(provider, Credentials::new("id", SECRET)).unwrap();
    let mut items = client.items::<u64>("/rows");
    let (rows, error) = walk(&mut items);
    assert!(error.is_none() && rows == [1], "{error:?}");
    assert!(items.progress().proof.is_some());
}

#[test]
fn an_end_without_proof_is_an_error_with_the_line_to_declare() {
    let rows = |count: u64| json!((1..=count).collect::<Vec<_>>());
    let not_shown = |seen: &str, advice: &str, others: &[&str]| {
        format!(
            "page 1: nothing in the answer shows whether this page is the last ({seen}): {advice}, or what the API documents: {}",
            others.join(", ")
        )
    };
    let numbers = "Pagination::page_numbers(\"<parameter>\")";
    let offset = "Pagination::offset(\"<parameter>\")";
    let (links, cursor) =
        ("Pagination::link_header()", "Pagination::cursor(\"<parameter>\", \"<member>\")");
    let single = "Pagination::single()";
    let cases: [(Value, u64, String, &str); 7] = [
        (
            rows(2),
            2,
            not_shown(
                "rows alone",
                &format!("declare {numbers}"),
                &[offset, links, cursor, single],
            ),
            "pages:<parameter>",
        ),
        (
            rows(100),
            100,
            not_shown("100 rows", &format!("declare {numbers}"), &[offset, links, cursor, single]),
            "pages:<parameter>",
        ),
        (
            json!({"items": rows(3), "offset": 0, "limit": 3}),
            3,
            not_shown(
                "what it counts",
                "declare Pagination::offset(\"offset\")",
                &[links, cursor, single],
            ),
            "offset:offset",
        ),
        (
            json!({"items": rows(3), "page": 1}),
            3,
            not_shown(
                "what it counts",
                "declare Pagination::page_numbers(\"page\")",
                &[offset, links, cursor, single],
            ),
            "pages:page",
        ),
        (
            json!({"items": rows(3), "startIndex": 1}),
            3,
            not_shown(
                "what it counts",
                "declare Pagination::offset(\"startIndex\").starting_at(1)",
                &[links, cursor, single],
            ),
            "offset:startIndex",
        ),
        (
            json!({"items": rows(3), "cursor": "b"}),
            3,
            not_shown(
                "cursor = …",
                "if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", \"cursor\")",
                &[numbers, offset, links, single],
            ),
            "cursor:<parameter>=cursor",
        ),
        (
            json!({"items": rows(3), "total": 5}),
            3,
            format!("page 1: the server promises 5 rows: declare {numbers}"),
            "pages:<parameter>",
        ),
    ];
    for (answer, count, expected, declare) in &cases {
        let end = Asks(expected, declare);
        hold(&Pagination::detect(), [(vec![body(answer)], *count, end)]);
    }
}

#[test]
fn an_error_about_what_to_declare_has_the_exit_code_of_a_setting() {
    let server = serving(|_| reply(200, "[1,2]"));
    let client = server.client();
    let mut items = client.items::<u64>("/rows").with_pagination(Pagination::detect());
    let error = walk(&mut items).1.unwrap();
    assert_eq!((error.exit_code(), error.kind()), (78, ErrorKind::Configuration));
    assert!(!error.is_temporary());
}

#[test]
fn an_end_with_proof_says_what_to_declare_the_next_time() {
    let stage = Stage::new();
    let linked = |rows: &str| reply(200, rows).header("link", "<?c=b>; rel=next");
    for (pages, declare) in [
        (vec![linked("[1]"), reply(200, "[2]")], Some("links")),
        (
            vec![body(&json!({"items": [1], "next": "?c=b"})), body(&json!({"items": [2]}))],
            Some("next:next"),
        ),
        (
            vec![
                body(
                    &json!({"items": [1], "_links": {"next": {"href": "?c=b"}, "self": {"href": "/x"}}}),
                ),
                body(&json!({"items": [2], "_links": {"self": {"href": "/x"}}})),
            ],
            Some("next:_links.next"),
        ),
        (vec![body(&json!({"items": [1], "links": {"self": "/x"}}))], Some("next:links.next")),
        (vec![body(&json!({"items": [1], "@odata.context": "/x"}))], Some("next:@odata.nextLink")),
        (vec![body(&json!({"items": [1], "next": null}))], Some("next:next")),
        // One page shows nothing more.
        (vec![body(&json!({"items": [1], "has_more": false}))], None),
        (vec![reply(200, "[]")], None),
    ] {
        let outcome = stage.walk(&pages, &Pagination::detect());
        assert_eq!(outcome.error, None, "{pages:?}");
        assert_eq!(outcome.declare.as_deref(), declare, "{pages:?}");
        // What it says can be declared, and does the same.
        if let Some(declare) = declare {
            let again = stage.walk(&pages, &declare.parse().unwrap());
            assert_eq!((again.rows, again.error), (outcome.rows, None), "{declare}");
            assert_eq!(again.declare, None);
        }
    }
}

#[test]
fn the_total_of_a_first_page_is_proof_only_where_it_can_be_no_count_of_the_page() {
    let rows = |count: u64| (1..=count).collect::<Vec<_>>();
    for (answer, count, is_proof) in [
        (body(&json!({"items": [1, 2], "total": 2})), 2, false),
        (body(&json!({"items": [1, 2], "total": 2, "limit": 2})), 2, false),
        (body(&json!({"items": [1, 2], "total": 2, "limit": 20})), 2, true),
        (reply(200, "[1,2]").header("x-total-count", "2"), 2, true),
        (body(&json!({"items": rows(1000), "total": 1000, "limit": 5000})), 1000, false),
    ] {
        let end = if is_proof { Complete } else { Stops };
        hold(&Pagination::detect(), [(vec![answer], count, end)]);
    }
}

#[test]
fn a_link_is_preferred_in_the_header_and_what_is_none_is_not_followed() {
    let stage = Stage::new();
    let first = body(&json!({"items": [1], "next": "/rows?c=body"}))
        .header("link", "</rows?c=header>; rel=next");
    let outcome =
        stage.walk(&[first, body(&json!({"items": [2], "next": null}))], &Pagination::detect());
    assert_eq!((outcome.rows, outcome.error), (vec![1, 2], None));
    assert_eq!(targets(&stage.server)[1], "/rows?c=header");
    // In an object that may hold anything it only raises the alarm.
    let other = body(&json!({"items": [1], "other": {"next": "/rows?c=b"}}));
    let outcome = stage.walk(&[other], &Pagination::detect());
    assert!(
        outcome.error.is_some_and(|error| error.contains("other.next")) && outcome.requests == 1
    );
}
