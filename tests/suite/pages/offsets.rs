//! Pages that are asked for by how many rows were before.

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Pagination, Request};

use super::{Stage, asked, body, serving, targets, up_to, walk, words};
use crate::support::*;

/// Rows 1 to `all` from a number that the query names, counted from `first`; at most `most`
/// on a page.
fn rows(seen: &Seen, name: &str, first: u64, all: u64, most: u64) -> (u64, Vec<u64>) {
    let start: u64 = asked(seen, name).map_or(first, |start| start.parse().unwrap());
    (start, (1..=all).skip((start - first) as usize).take(most as usize).collect())
}

#[test]
fn offsets_advance_by_the_rows_that_came() {
    let server = serving(|seen| body(&json!(rows(seen, "offset", 0, 5, 2).1)));
    let client = server.client();
    // A server that clamps the size, and one that is not asked for any.
    for paging in [
        Pagination::offset("offset"),
        Pagination::offset("offset").with_page_size("limit", 2),
        Pagination::offset("offset").with_page_size("limit", 1000),
    ] {
        let before = server.api_requests().len();
        let items = client.items::<u64>("/rows?order=up").with_pagination(paging);
        let mut items = items;
        let (found, error) = walk(&mut items);
        assert!(error.is_none() && found == up_to(5), "{found:?} {error:?}");
        let asked = targets(&server).split_off(before);
        assert!(asked[3].starts_with("/rows?order=up&offset=5"), "{asked:?}");
        assert_eq!(asked.len(), 4);
    }
}

#[test]
fn scim_counts_its_rows_from_1() {
    let server = serving(|seen| {
        let (start, rows) = rows(seen, "startIndex", 1, 5, 2);
        let mut answer = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 5, "itemsPerPage": rows.len(), "startIndex": start,
        });
        if !rows.is_empty() {
            answer["Resources"] = json!(rows);
        }
        body(&answer)
    });
    let client = server.client();
    let paging = Pagination::offset("startIndex")
        .starting_at(1)
        .with_page_size("count", 100)
        .with_rows_at("Resources");
    let mut items = client.items::<u64>("/Users").with_pagination(paging);
    let (found, error) = walk(&mut items);
    assert!(error.is_none() && found == up_to(5), "{found:?} {error:?}");
    let asked: Vec<String> =
        [1, 3, 5, 6].iter().map(|n| format!("/Users?startIndex={n}&count=100")).collect();
    assert_eq!(targets(&server), asked);
}

#[test]
fn a_server_that_filters_its_pages_afterwards_is_stepped_by_the_page_size() {
    // Of rows 1 to 9 the even ones are left, three are looked at for a page.
    let server = serving(|seen| {
        let (start, rows) = rows(seen, "offset", 0, 9, 3);
        let even: Vec<u64> = rows.into_iter().filter(|row| row % 2 == 0 && *row != 8).collect();
        body(&json!({"items": even, "has_more": start + 3 < 9}))
    });
    let client = server.client();
    let paging = Pagination::offset("offset").with_page_size("limit", 3);
    let mut items = client.items::<u64>("/rows").with_pagination(paging.clone().stepping_by_size());
    let (found, error) = walk(&mut items);
    assert!(error.is_none() && found == [2, 4, 6], "{found:?} {error:?}");
    assert_eq!(targets(&server), [0, 3, 6].map(|n| format!("/rows?offset={n}&limit=3")));
    // Without the setting a page without rows leads nowhere.
    let empty = serving(|_| body(&json!({"items": [], "has_more": true})));
    let client = empty.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert_eq!(
        (found.len(), words(error, &empty).as_str()),
        (
            0,
            "GET HOST/rows: page 1: there is more, and nothing to ask for it by: does the server know the parameter \"offset\"? If it filters pages after they were cut, declare with_page_size and .stepping_by_size() (0 rows delivered)"
        )
    );
    // There is nothing to step by.
    let paging = Pagination::offset("offset").stepping_by_size();
    let (_, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    let error = error.unwrap();
    assert_eq!(
        (error.to_string().as_str(), error.kind()),
        (
            "stepping_by_size() needs the page size: declare with_page_size",
            ErrorKind::Configuration
        )
    );
}

#[test]
fn an_offset_of_the_callers_is_where_the_walk_begins() {
    let server =
        serving(|seen| body(&json!({"items": rows(seen, "offset", 0, 5, 2).1, "total": 5})));
    let client = server.client();
    for request in [Request::get("/rows?offset=3"), Request::get("/rows").query("offset", 3)] {
        let items = client.items::<u64>(request).with_pagination(Pagination::offset("offset"));
        let mut items = items;
        let (found, error) = walk(&mut items);
        assert!(error.is_none() && found == [4, 5], "{found:?} {error:?}");
    }
    let mut items =
        client.items::<u64>("/rows?offset=x").with_pagination(Pagination::offset("offset"));
    assert_eq!(words(walk(&mut items).1, &server), "the request's \"offset\" is not a number");
}

#[test]
fn an_offset_that_is_not_the_one_asked_for_is_an_error() {
    let stage = Stage::new();
    let page =
        |rows: Value, offset: u64| body(&json!({"items": rows, "offset": offset, "total": 9}));
    let pages = [page(json!([1, 2]), 0), page(json!([1, 2]), 0)];
    let outcome = stage.walk(&pages, &Pagination::offset("skip"));
    assert_eq!(outcome.rows, [1, 2]);
    assert_eq!(
        outcome.error.as_deref(),
        Some(
            "page 2: offset 2 was asked for and the answer says that it is offset 0: does the server know the parameter \"skip\"?"
        )
    );
    // Where nothing is echoed the rows show it.
    let page = || body(&json!({"items": [1, 2]}));
    let outcome = stage.walk(&[page(), page()], &Pagination::offset("skip"));
    assert!(
        outcome.error.is_some_and(|error| error.contains("the one before once more"))
            && outcome.rows == [1, 2]
    );
}

#[test]
fn a_total_that_a_page_equals_is_asked_beyond_and_one_that_is_reached_is_the_end() {
    let stage = Stage::new();
    let paging = Pagination::offset("offset").with_page_size("limit", 2);
    let page = |rows: Value, total: u64| body(&json!({"items": rows, "total": total}));
    for (pages, rows, proof) in [
        // The total is that of the page.
        (vec![page(json!([1, 2]), 2), page(json!([3, 4]), 2), page(json!([]), 0)], 4, None),
        (
            vec![page(json!([1, 2]), 3), page(json!([3]), 3)],
            3,
            Some("the 3 rows that the server promised"),
        ),
        (vec![page(json!([1]), 1)], 1, Some("the 1 row that the server promised")),
    ] {
        let outcome = stage.walk(&pages, &paging);
        assert_eq!(outcome.rows, up_to(rows), "{outcome:?}");
        assert_eq!(outcome.proof.as_deref(), proof, "{outcome:?}");
        assert_eq!(outcome.error.is_some(), proof.is_none(), "{outcome:?}");
    }
}

/// The size that was asked for is not the one that the server cuts by: it says so, or sends
/// more rows.
#[test]
fn stepping_by_size_is_an_error_where_the_size_is_another_one() {
    let server = serving(|seen| {
        let offset: u64 = asked(seen, "offset").unwrap().parse().unwrap();
        let size = if seen.path() == "/clamps" { 2 } else { 5 };
        let rows: Vec<u64> = (1..=12).skip(offset as usize).take(size).collect();
        match seen.path() {
            "/clamps" => body(&json!({"items": rows, "limit": 2})),
            _ => body(&json!({"items": rows})),
        }
    });
    for (path, asked_for) in [("/clamps", 5), ("/ignores", 2)] {
        let paging =
            Pagination::offset("offset").with_page_size("limit", asked_for).stepping_by_size();
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<u64>(path).with_pagination(paging));
        assert!(rows == up_to(12) || error.is_some(), "{path}: {rows:?}");
    }
}

/// A smaller page than was asked for, again and again: the server cuts by its own size, and the
/// steps pass over rows.
#[test]
fn stepping_by_size_over_a_server_that_gives_less_is_an_error() {
    let server = serving(|seen| body(&json!({"items": rows(seen, "offset", 0, 23, 4).1})));
    let paging = Pagination::offset("offset").with_page_size("limit", 10).stepping_by_size();
    let client = server.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert_eq!(
        (found.len(), words(error, &server).as_str()),
        (
            8,
            "GET HOST/rows: page 2: each page has 4 rows, and 10 were asked for: the steps of 10 leave rows out if the server gives no more: declare .with_page_size(\"limit\", 4) (8 rows delivered)"
        )
    );
    let paging = Pagination::offset("offset").with_page_size("limit", 4).stepping_by_size();
    let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert!(error.is_none() && found == up_to(23), "{found:?} {error:?}");
}

#[test]
fn a_parameter_that_counts_pages_is_no_offset() {
    let server = Server::with_api([]);
    for name in ["page", "pageNumber", "page_no", "Page[number]"] {
        let paging = Pagination::offset(name);
        let client = server.client();
        let (_, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
        assert_eq!(
            words(error, &server),
            format!(
                "Pagination::offset({name:?}): a parameter of this name counts pages and not rows: declare Pagination::page_numbers({name:?})"
            )
        );
    }
    assert!(server.api_requests().is_empty());
}

#[test]
fn a_walk_that_begins_behind_the_first_row_asks_whether_rows_count_from_0() {
    let server =
        serving(|seen| body(&json!({"items": rows(seen, "offset", 0, 5, 2).1, "total": 5})));
    let paging = Pagination::offset("offset").starting_at(1);
    let client = server.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert_eq!(
        (found.len(), words(error, &server).as_str()),
        (
            4,
            "GET HOST/rows: page 3: fewer rows were delivered than promised: does the API count from 0? Then declare .starting_at(0) (4 rows delivered of 5 promised)"
        )
    );
}

/// A filter may leave nothing of a page.
#[test]
fn an_empty_page_is_no_end_where_steps_go_by_the_size() {
    let server = serving(|seen| {
        let offset: u64 = asked(seen, "offset").unwrap().parse().unwrap();
        let page = (offset + 1..=12).take(3).filter(|row| !(4..=9).contains(row));
        body(&json!({"items": page.collect::<Vec<_>>()}))
    });
    let paging = Pagination::offset("offset").with_page_size("limit", 3).stepping_by_size();
    let client = server.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(paging));
    assert!(error.is_none() && found == [1, 2, 3, 10, 11, 12], "{found:?} {error:?}");
    assert_eq!(targets(&server).len(), 4 + 10);
}
