//! Totals that fall, count the page alone, or are nothing.

use serde_json::json;
use unattended::Pagination;

use super::{Stage, asked, body, serving, up_to, walk};
use crate::support::*;

fn numbers() -> Pagination {
    Pagination::page_numbers("page_number")
}

/// `total` of an empty page is 0 (`count(*) over ()` in SQL), and that of a keyset query
/// counts what is left.
#[test]
fn a_total_smaller_than_what_was_delivered_takes_no_promise_back() {
    let page = |rows: &[u64], total: u64| body(&json!({"items": rows, "total": total}));
    let stage = Stage::new();
    // A row is missing.
    let pages = [page(&[1, 2], 5), page(&[3, 4], 5), page(&[], 0)];
    let outcome = stage.walk(&pages, &numbers());
    assert_eq!(
        outcome.error.as_deref(),
        Some("page 3: fewer rows were delivered than promised"),
        "{outcome:#?}"
    );
    // The total counts the rows after the last one.
    let pages = [page(&[1, 2], 5), page(&[3, 4], 3), page(&[5], 1), page(&[], 0)];
    for paging in [numbers(), Pagination::offset("offset")] {
        let outcome = stage.walk(&pages, &paging);
        assert_eq!((outcome.rows, outcome.error), (up_to(5), None), "{paging:?}");
    }
    let rows = |from: u64, to: u64, total: u64| {
        let rows: Vec<_> = (from..=to).map(|id| json!({"id": id})).collect();
        body(&json!({"items": rows, "total": total}))
    };
    let pages = [rows(1, 2, 5), rows(3, 4, 3), rows(5, 5, 1), rows(6, 5, 0)];
    let outcome = stage.walk_values(&pages, &Pagination::after_row("after", "id"));
    assert!(outcome.rows.len() == 5 || outcome.error.is_some(), "{outcome:#?}");
}

/// A limit of 500 is asked for, the server cuts at 100, and `total` counts the page.
#[test]
fn a_total_of_the_page_is_asked_beyond_where_the_server_clamps_the_size() {
    let server = serving(|seen| {
        let offset: u64 = asked(seen, "offset").unwrap().parse().unwrap();
        let rows: Vec<u64> = (1..=250).skip(offset as usize).take(100).collect();
        body(&json!({"total": rows.len(), "items": rows}))
    });
    let client = server.client();
    let paging = Pagination::offset("offset").with_page_size("limit", 500);
    let (rows, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert!(rows == up_to(250) || error.is_some(), "{} rows, complete", rows.len());
}

/// Empty pages that count themselves (`total: 0`) and name a next one are not the end.
#[test]
fn a_total_of_nothing_ends_no_walk_whose_pages_name_a_next_one() {
    let stage = Stage::new();
    let mut pages: Vec<Reply> = (1..=12)
        .map(|page| body(&json!({"items": [], "total": 0, "next": format!("/rows?p={page}")})))
        .collect();
    pages.push(body(&json!({"items": [1], "total": 1, "next": null})));
    let outcome = stage.walk(&pages, &Pagination::next_link("next"));
    assert!(outcome.rows == [1] || outcome.error.is_some(), "{outcome:#?}");
}
