//! The names by which pages tell of themselves: each is read, at the top and in `pagination`.

use serde_json::{Value, json};
use unattended::{Error, Pagination};

use crate::pages::{body, numbered, walk};
use crate::support::*;

/// `members` at the top of the answer, or inside what stands around its rows.
fn everywhere(members: &Value) -> Vec<Value> {
    let containers = [
        "pagination",
        "paging",
        "page",
        "page_info",
        "pageInfo",
        "meta",
        "metadata",
        "response_metadata",
    ];
    let within = containers.map(|name| json!({ name: members }));
    [members.clone()].into_iter().chain(within).collect()
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
        "hasMoreItems",
        "has_next",
        "hasNext",
        "has_next_page",
        "hasNextPage",
        "continue",
        "next_cursor",
        "nextCursor",
        "next_page_token",
        "nextPageToken",
        "next_token",
        "nextToken",
        "continuation_token",
        "continuationToken",
        "next",
        "nextLink",
        "next_link",
        "@odata.nextLink",
        "odata.nextLink",
        "next_page_url",
        "nextPageUrl",
        "next_url",
        "nextUrl",
        "next_page_uri",
        "nextPageLink",
        "next_href",
        "next_page",
        "nextPage",
    ] {
        for (more, end) in [(json!(true), json!(false)), (json!("b"), json!(""))] {
            // Shorter than the size that it states: the name alone says that there is more.
            let page = json!({ name: more, "page_size": 5 });
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
fn every_name_for_whether_this_is_the_last_page_is_believed() {
    let names = ["last", "is_last", "isLast", "is_last_page", "isLastPage"];
    let names = names.map(|name| (name, json!(false), json!(true)));
    for (name, more, end) in names.into_iter().chain([("more", json!(true), json!(false))]) {
        // The sizes that they state say the opposite.
        for page in everywhere(&json!({ name: more, "page_size": 5 })) {
            let last = json!({ name: end, "page_size": 1 });
            let server = numbered(move |number| match number {
                1 => body(&with_items(page.clone(), &[1])),
                2 => body(&with_items(last.clone(), &[2])),
                _ => reply(404, "{}"),
            });
            let client = server.client();
            let (rows, error) = walk(&mut client.items::<u64>("/rows"));
            assert!(error.is_none() && rows == [1, 2], "{name}: {rows:?} {error:?}");
            for style in [Pagination::single(), Pagination::next_link()] {
                let items = client.items::<u64>("/rows").with_pagination(style);
                assert!(matches!(items.last(), Some(Err(Error::Incomplete(_)))), "{name}");
            }
        }
    }
}

#[test]
fn names_that_mean_something_else_as_well_are_left_alone() {
    for beside in [
        json!({"cursor": "a", "count": 9, "paging": {"cursors": {"after": "b"}}}),
        json!({"more": "see below", "last": "/rows?page_number=9", "isLast": null}),
        json!({"last_page": "/rows?page_number=9", "page": 3, "number": 0}),
        json!({"page": {"number": 0, "size": 20}, "prev": "/rows", "next_steps": "x"}),
        json!({"more": {"a": 1}, "metadata": "x", "paging": [1], "page_info": null}),
    ] {
        is_all(&with_items(beside, &[1]));
    }
}

#[test]
fn headers_tell_of_more_pages_and_rows() {
    let answer =
        |name: &str, value: &str| Server::with_api([reply(200, "[1]").header(name, value)]);
    for (name, value, is_more) in [
        ("x-next-page", "2", true),
        ("x-next-page", "", false),
        ("content-range", "items 0-0/2", true),
        ("content-range", "0-0/2", true),
        ("content-range", "items 0-0/1", false),
        ("content-range", "items 0-0/*", false),
        ("content-range", "bytes 0-2/3", false),
        ("content-range", "items", false),
        ("link", "<?page=2>; rel='next'", true),
    ] {
        let server = answer(name, value);
        let client = server.client();
        let items = client.items::<u64>("/rows").with_pagination(Pagination::single());
        let rows: Vec<_> = items.collect();
        let is_told = matches!(rows[..], [Ok(1), Err(Error::Incomplete(_))]);
        assert_eq!(is_told, is_more, "{name}: {value}: {rows:?}");
        assert_eq!(rows.len(), 1 + usize::from(is_more));
    }
    // A number in the header is followed as one in the body is.
    let server = numbered(|page| match page {
        1 => reply(200, "[1]").header("x-next-page", "3"),
        3 => reply(200, "[3]").header("x-next-page", ""),
        _ => reply(404, "{}"),
    });
    let client = server.client();
    let style = Pagination::next_page("page_number");
    let (rows, error) = walk(&mut client.items::<u64>("/rows").with_pagination(style));
    assert!(error.is_none() && rows == [1, 3], "{rows:?} {error:?}");
}

#[test]
fn whole_numbers_may_be_written_as_floats() {
    let server = crate::pages::paged(&json!([
        {"items": [1], "current_page": 1.0, "total_pages": 2.0, "total": "2.0"},
        {"items": [2], "current_page": 2.0, "total_pages": 2.0, "total": 2.0},
    ]));
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let (rows, error) = walk(&mut items);
    assert!(error.is_none() && rows == [1, 2], "{rows:?} {error:?}");
    let progress = items.progress();
    assert_eq!((progress.total_pages, progress.total_items), (Some(2), Some(2)));
    for nonsense in [json!(2.5), json!(-2.0), json!(1e300), json!("2.50"), json!("NaN")] {
        let page = json!({"items": [1], "total": nonsense, "total_pages": nonsense});
        let server = Server::with_api([body(&page)]);
        let client = server.client();
        let single = client.items::<u64>("/rows").with_pagination(Pagination::single());
        assert!(single.into_iter().all(|row| row.is_ok()), "{nonsense}");
    }
}

/// A page of the one row 1 that is all there is, whoever reads it.
fn is_all(page: &Value) {
    for style in [Pagination::single(), Pagination::next_link()] {
        let server = Server::with_api([body(page)]);
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<u64>("/rows").with_pagination(style));
        assert!(error.is_none() && rows == [1], "{page}: {rows:?} {error:?}");
    }
}

#[test]
fn what_is_0_or_false_in_words_says_nothing() {
    for nothing in [json!(0), json!(0.0), json!("0"), json!("false"), json!(" "), json!(null)] {
        for name in ["has_more", "next_cursor", "nextPageToken", "continue", "next", "next_page"] {
            let page = json!({"items": [1], name: nothing});
            is_all(&page);
        }
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
    for name in ["total_pages", "totalPages", "last_page", "lastPage"] {
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

#[test]
fn every_name_that_is_read_is_documented_and_tested() {
    let read = |file: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(root.join(file)).unwrap()
    };
    let (source, docs) = (read("src/names.rs"), read("src/pagination.rs"));
    let tests =
        read("tests/suite/names.rs") + &read("tests/suite/links.rs") + &read("tests/suite/ends.rs");
    let of = source.split("fn of(name: &str)").nth(1).unwrap().split("_ => return None").next();
    let names: Vec<&str> = of.unwrap().split('"').skip(1).step_by(2).collect();
    assert!(names.len() > 60, "the names were not understood");
    for name in names {
        assert!(docs.contains(&format!("`{name}`")), "{name} is not documented");
        assert!(tests.contains(&format!("\"{name}\"")), "{name} is not tested");
    }
}
