//! Pages that come again, whole or in part.

use serde_json::{Value, json};
use unattended::Pagination;

use super::{Stage, asked, body, serving, up_to, walk};

fn numbers() -> Pagination {
    Pagination::page_numbers("page_number")
}

/// Rows by another name than `id`: a server that does not know the parameter repeats them
/// until the total is reached.
#[test]
fn rows_without_an_id_that_come_again_are_no_progress_towards_a_total() {
    let stage = Stage::new();
    let pages = [
        json!({"items": [{"code": "AT"}, {"code": "BE"}], "total": 4}),
        json!({"items": [{"computerId": 1}, {"computerId": 2}, {"computerId": 3}], "total": 6}),
        json!({"items": [["a", 1], ["b", 2]], "total": 4}),
        json!({"items": [{"resource": {"id": "a"}}, {"resource": {"id": "b"}}], "total": 4}),
        json!({"items": [{"key": "K-0"}], "total": 3}),
        // The cursor comes again as well.
        json!({"items": [{"code": "AT"}, {"code": "BE"}], "total": 4, "next": "c2"}),
    ];
    for page in pages {
        let again = [body(&page), body(&page), body(&page), body(&page)];
        let once = page["items"].as_array().unwrap();
        for paging in [numbers(), Pagination::offset("offset"), Pagination::cursor("at", "next")] {
            let is_cursor = page.get("next").is_some();
            if is_cursor != format!("{paging:?}").contains("cursor") {
                continue;
            }
            let outcome = stage.walk_values(&again, &paging);
            assert!(outcome.error.is_some(), "{paging:?} {page}: {outcome:#?}");
            assert_eq!(&outcome.rows, once, "{paging:?} {page}");
        }
    }
}

/// The total is the page's own count, and the answer says that there is more.
#[test]
fn a_page_that_comes_again_is_not_the_end_where_it_says_that_there_is_more() {
    let stage = Stage::new();
    let words = [
        json!({"has_more": true}),
        json!({"next": "/rows?page=2"}),
        json!({"total_pages": 3}),
        json!({"isLast": false}),
    ];
    for word in words {
        let mut page = json!({"items": [1, 2], "total": 2});
        page.as_object_mut().unwrap().extend(word.as_object().unwrap().clone());
        let outcome = stage.walk(&[body(&page), body(&page)], &numbers());
        assert!(outcome.error.is_some(), "{word}: {outcome:#?}");
    }
    // A wrong parameter of a cursor.
    let page = body(&json!({"items": [1, 2], "total": 2, "next_cursor": "b"}));
    let cursor = Pagination::cursor("wrong", "next_cursor");
    let outcome = stage.walk(&[page.clone(), page], &cursor);
    assert!(outcome.error.is_some(), "{outcome:#?}");
    // Two pages of equal rows by links, whose total is that of the page: four rows, or an error.
    let pages = [
        body(
            &json!({"items": [{"active": true}, {"active": true}], "total": 2, "next": "/rows?p=2"}),
        ),
        body(&json!({"items": [{"active": true}, {"active": true}], "total": 2, "next": null})),
    ];
    let outcome = stage.walk_values(&pages, &Pagination::next_link("next"));
    assert!(outcome.rows.len() == 4 || outcome.error.is_some(), "{outcome:#?}");
}

/// A server that forgets what was asked for, and signs each link anew.
#[test]
fn a_page_that_comes_again_under_new_links_or_cursors_ends_the_walk() {
    use std::sync::atomic::{AtomicU64, Ordering};
    for (paging, rows) in [
        (Pagination::next_link("next"), json!([{"id": 1}, {"id": 2}])),
        (Pagination::next_link("next"), json!([{"code": "a"}, {"code": "b"}])),
        (Pagination::cursor("at", "next"), json!([{"code": "a"}, {"code": "b"}])),
    ] {
        let count = AtomicU64::new(0);
        let server = serving(move |_| {
            let nonce = count.fetch_add(1, Ordering::Relaxed);
            body(&json!({"items": rows, "next": format!("/rows?at=sig{nonce}")}))
        });
        let client = server.client();
        let items = client.items::<Value>("/rows").with_pagination(paging.clone());
        let rows = items.take(100).collect::<Vec<_>>();
        assert!(rows.iter().any(Result::is_err), "{paging:?}: {} rows and on", rows.len());
    }
}

/// `since` includes the row itself, as many do: the row that was asked after comes again, on
/// every page.
#[test]
fn an_api_that_gives_the_asked_row_again_is_found_out() {
    let server = serving(|seen| {
        let since: u64 = asked(seen, "since").map_or(1, |text| text.parse().unwrap());
        let rows: Vec<_> = (since..=5).take(3).map(|id| json!({"id": id})).collect();
        body(&json!({"items": rows, "has_more": since + 2 < 5}))
    });
    let client = server.client();
    let paging = Pagination::after_row("since", "id");
    let (rows, error) = walk(&mut client.items::<Value>("/rows").with_pagination(paging));
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert!(ids == up_to(5) || error.is_some(), "{ids:?}, complete");
}
