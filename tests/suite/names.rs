//! The names by which pages tell of themselves: each is read, at the top and in `pagination`.

use serde_json::{Value, json};
use unattended::{Error, Pagination};

use crate::pages::{body, numbered, walk};
use crate::support::*;

/// `members` at the top of the answer, or inside its `pagination` or `meta`.
fn everywhere(members: &Value) -> [Value; 3] {
    [members.clone(), json!({ "pagination": members }), json!({ "meta": members })]
}

fn with_items(mut page: Value, rows: &[u64]) -> Value {
    page["items"] = json!(rows);
    page
}

#[test]
fn every_name_of_a_total_is_held_against_the_rows() {
    for name in [
        "total_items",
        "totalItems",
        "total_count",
        "totalCount",
        "total_results",
        "totalResults",
        "total_records",
        "totalRecords",
        "totalElements",
        "total",
        "@odata.count",
    ] {
        for page in everywhere(&json!({ name: 3, "page_size": 5 })) {
            let server = numbered(move |_| body(&with_items(page.clone(), &[1, 2])));
            let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
            let Some(Error::Incomplete(error)) = error else { panic!("{name}: {rows:?}") };
            assert_eq!((error.promised, error.delivered), (Some((3, 3)), 2), "{name}");
        }
    }
}

#[test]
fn every_name_of_a_page_that_follows_keeps_a_numbered_walk_going() {
    for name in [
        "has_more",
        "hasMore",
        "has_next",
        "next_cursor",
        "nextCursor",
        "next_page_token",
        "nextPageToken",
        "next_token",
        "nextToken",
        "continuation_token",
        "next",
        "nextLink",
        "next_link",
        "@odata.nextLink",
        "next_page",
    ] {
        for (more, end) in [(json!(true), json!(false)), (json!("b"), json!(""))] {
            // Shorter than the size that it states: the name alone says that there is more.
            let [page, ..] = everywhere(&json!({ name: more, "page_size": 5 }));
            let last = json!({ name: end, "page_size": 5 });
            let server = numbered(move |number| match number {
                1 => body(&with_items(page.clone(), &[1])),
                2 => body(&with_items(last.clone(), &[2])),
                _ => reply(404, "{}"),
            });
            let client = server.client();
            let (rows, error) = walk(&mut client.items::<u64>("/rows"));
            assert!(error.is_none(), "{name}: {error:?}");
            assert_eq!(rows, [1, 2], "{name}");
            // What has no pages by the caller's word must not say that it has.
            let single = client.items::<u64>("/rows").with_pagination(Pagination::single());
            assert!(matches!(single.last(), Some(Err(Error::Incomplete(_)))), "{name}");
        }
    }
}

#[test]
fn every_name_of_number_size_and_count_is_read() {
    for name in ["page_number", "current_page"] {
        for page in everywhere(&json!({ name: 7 })) {
            let server = numbered(move |_| body(&with_items(page.clone(), &[1])));
            let (_, error) = walk(&mut server.client().items::<u64>("/rows"));
            let text = error.expect(name).to_string();
            assert!(text.contains("the answer says it is page 7"), "{name}: {text}");
        }
    }
    for name in ["page_size", "per_page"] {
        for page in everywhere(&json!({ name: 2 })) {
            let server = numbered(move |_| body(&with_items(page.clone(), &[1])));
            let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
            assert!(error.is_none() && rows == [1], "{name}: {rows:?} {error:?}");
            assert_eq!(server.api_requests().len(), 1, "{name}");
        }
    }
    for name in ["total_pages", "totalPages"] {
        for page in everywhere(&json!({ name: 2, "page_size": 5 })) {
            let server = numbered(move |number| body(&with_items(page.clone(), &[number])));
            let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
            assert!(error.is_none() && rows == [1, 2], "{name}: {rows:?} {error:?}");
        }
    }
}

#[test]
fn pages_that_say_their_number_may_have_the_same_rows() {
    let server = numbered(|number| {
        body(&json!({ "items": [1, 1], "page_number": number, "total_pages": 3 }))
    });
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
    assert!(error.is_none() && rows == [1; 6], "{rows:?} {error:?}");
}

#[test]
fn a_walk_over_links_that_begins_at_the_first_page_is_held_to_its_total() {
    for number in [0, 1, 2] {
        // The second page may say its number, or not; the first says that it is the first.
        let server = numbered(move |page| match page {
            1 => body(&json!({
                "items": [1, 2], "next": "/rows?page_number=2",
                "current_page": 1, "total": 5,
            })),
            _ => body(&json!({ "items": [3, 4], "current_page": number, "total": 5 })),
        });
        let client = server.client();
        let mut linked = client.items::<u64>("/rows").with_pagination(Pagination::next_link());
        let (rows, error) = walk(&mut linked);
        assert_eq!(rows, [1, 2, 3, 4]);
        assert!(matches!(error, Some(Error::Incomplete(_))), "{number}: {error:?}");
    }
}
