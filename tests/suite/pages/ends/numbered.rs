//! Numbered pages: totals, counts of pages, empty and short pages, words for the end; and the
//! declared single answer.

use serde_json::{Value, json};
use unattended::Pagination;

use super::{By, Fails, Stops, bare, check, hold, pages};
use crate::pages::{Stage, body};
use crate::support::*;

fn numbers() -> Pagination {
    Pagination::page_numbers("page_number")
}

#[test]
fn numbered_pages_end_with_an_empty_page_a_count_of_pages_or_a_total() {
    hold(
        &numbers(),
        vec![
            (
                pages![
                    {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_pages": 2}},
                    {"items": [3, 4], "pagination": {"page_number": 2, "page_size": 2, "total_pages": 2}},
                ],
                4,
                By("the 2 pages that the server promised"),
            ),
            (
                pages![
                    {"items": [1], "pagination": {"page_number": "1", "total_pages": "3"}},
                    {"items": [2], "pagination": {"page_number": "2", "total_pages": "3"}},
                    {"items": [3, 4], "pagination": {"page_number": "3", "total_pages": "3"}},
                ],
                4,
                By("the 3 pages that the server promised"),
            ),
            // What stands behind the rows and before them.
            (
                pages![
                    {"pagination": {"page_number": 1, "total_pages": 2}, "meta": {"request": 7}, "items": [1]},
                    {"items": [2], "pagination": {"page_number": 2, "total_pages": 2}, "meta": {"request": 8}},
                ],
                2,
                By("the 2 pages that the server promised"),
            ),
            (
                pages![{"items": [], "pagination": {"page_number": 1, "total_pages": 0}}],
                0,
                By("a page without rows"),
            ),
            // A count of 0 is none.
            (
                pages![
                    {"items": [1, 2], "pagination": {"page_number": 1, "total_pages": 0}},
                    {"items": [3], "pagination": {"page_number": 2, "total_pages": 0}},
                    {"items": []},
                ],
                3,
                By("a page without rows"),
            ),
            (
                pages![{"items": [1]}, {"items": [2, 3]}, {"items": null}],
                3,
                By("a page without rows"),
            ),
            (
                pages![{"items": [1], "pagination": {"page_number": null}}, {"items": [], "pagination": null}],
                1,
                By("a page without rows"),
            ),
            (vec![bare("[1,2]"), bare("[3]"), bare("[]")], 3, By("a page without rows")),
            (vec![bare("[]")], 0, By("a page without rows")),
            (vec![bare("null")], 0, By("a page without rows")),
            (vec![reply(204, "")], 0, By("a page without rows")),
            (
                pages![
                    {"items": [1, 2], "page_size": 2, "total_items": 3},
                    {"items": [3], "page_size": 2, "total_items": 3},
                ],
                3,
                By("the 3 rows that the server promised"),
            ),
            // A page shorter than its size is not the last while a total says more.
            (
                pages![
                    {"items": [1, 2], "page_size": 5, "total": 4},
                    {"items": [3], "page_size": 5, "total": 4},
                    {"items": [4], "page_size": 5, "total": 4},
                ],
                4,
                By("the 4 rows that the server promised"),
            ),
            // The total of the first page counts as well.
            (
                pages![
                    {"items": [1, 2], "page_size": 5, "total": 4},
                    {"items": [3], "page_size": 5},
                    {"items": [4], "page_size": 5},
                ],
                4,
                By("the 4 rows that the server promised"),
            ),
            (
                pages![{"items": [1], "pagination": {"total_pages": 2}}, {"items": [2]}, {"items": []}],
                2,
                By("a page without rows"),
            ),
            // On the first page the total may be the page's own count: one more is asked for.
            (pages![{"items": [1, 2], "total": 2}, {"items": []}], 2, By("a page without rows")),
            (
                pages![{"items": [1, 2], "page_size": 2, "total": 2}, {"items": []}],
                2,
                By("a page without rows"),
            ),
            (
                pages![{"items": [1, 2], "page_size": 5, "total": 2}],
                2,
                By("the 2 rows that the server promised"),
            ),
        ],
    );
}

#[test]
fn a_page_that_is_shorter_than_others_is_not_the_last() {
    let empty = || body(&json!({"items": []}));
    let cases = [
        // A size that is stated, and a server that cuts otherwise.
        [json!({"items": [1, 2], "page_size": 4}), json!({"items": [3], "page_size": 4})],
        [
            json!({"items": [1, 2], "meta": {"per_page": 2}}),
            json!({"items": [3], "meta": {"per_page": 2}}),
        ],
        [json!({"items": [1, 2]}), json!({"items": [3]})],
        [json!([1, 2]), json!([3])],
        [json!({"items": [1]}), json!({"items": [2, 3]})],
    ];
    for paging in [numbers(), numbers().with_page_size("n", 2), numbers().with_page_size("n", 9)] {
        let cases = cases.iter().map(|pages| {
            let pages: Vec<Reply> = pages.iter().map(body).chain([empty()]).collect();
            (pages, 3, By("a page without rows"))
        });
        hold(&paging, cases);
    }
}

#[test]
fn a_word_for_the_end_ends_numbered_pages_without_another_request() {
    let cases = [
        (json!({"next": null}), "next"),
        (json!({"next": ""}), "next"),
        (json!({"links": {"next": null}}), "links.next"),
        (json!({"meta": {"next_page": null}}), "meta.next_page"),
        (json!({"next_page_url": null}), "next_page_url"),
        (json!({"has_more": false}), "has_more"),
        (json!({"has_more": "false"}), "has_more"),
        (json!({"more": 0}), "more"),
        (json!({"pageInfo": {"hasNextPage": false}}), "pageInfo.hasNextPage"),
        (json!({"more": false}), "more"),
        (json!({"last": true}), "last"),
        (json!({"isLast": true}), "isLast"),
        (json!({"lastPage": true}), "lastPage"),
        (json!({"done": true}), "done"),
    ];
    for (beside, place) in cases {
        // The second page is full, by the size that it states.
        let mut last = beside;
        last["items"] = json!([2]);
        last["page_size"] = json!(1);
        let pages = vec![body(&json!({"items": [1], "page_size": 1})), body(&last)];
        let proof = format!("the word of the server in {place}");
        hold(&numbers(), vec![(pages, 2, By(&proof))]);
    }
    // GitLab's last page.
    let first = bare("[1]").header("x-next-page", "2");
    let pages = vec![first, bare("[2]").header("x-next-page", "")];
    hold(&numbers(), vec![(pages, 2, By("the word of the server in the x-next-page header"))]);
}

#[test]
fn a_word_for_the_end_is_not_believed_where_something_says_more() {
    let end = || body(&json!({"items": [2], "last": true}));
    for more in [
        json!({"items": [1], "next_page": null, "total_pages": 2}),
        json!({"items": [1], "next_page": null, "total": 2}),
        json!({"items": [1], "next_page": null, "next_cursor": "b"}),
        json!({"items": [1], "next_page": null, "links": {"next": "?page_number=2"}}),
    ] {
        let proof = "the word of the server in last";
        hold(&numbers(), vec![(vec![body(&more), end()], 2, By(proof))]);
    }
    // What only lacks a cursor says nothing of numbers: it ends a walk that declares none.
    let stage = Stage::new();
    let empty = || body(&json!({"items": []}));
    for silent in [
        json!({"items": [1], "next_cursor": null}),
        json!({"items": [1], "nextPageToken": ""}),
        json!({"items": [1], "last": null}),
    ] {
        let pages = [body(&silent), body(&json!({"items": [2]})), empty()];
        check(&stage, &numbers(), &pages, 2, By("a page without rows"));
    }
}

#[test]
fn an_empty_page_is_not_the_last_where_it_says_that_there_is_more() {
    let linked = body(&json!({"items": []})).header("link", "<?page_number=3>; rel=\"next\"");
    for more in [
        body(&json!({"items": [], "next": "/rows?page_number=3"})),
        body(&json!({"items": [], "has_more": true})),
        body(&json!({"items": null, "pagination": {"next_page": 3}})),
        body(&json!({"items": [], "last": false})),
        linked,
    ] {
        let pages =
            vec![body(&json!({"items": [1]})), more, body(&json!({"items": [2], "next": null}))];
        hold(&numbers(), vec![(pages, 2, By("the word of the server in next"))]);
    }
}

#[test]
fn what_was_promised_must_come() {
    hold(
        &numbers(),
        vec![
            (
                pages![
                    {"items": [1, 2], "pagination": {"page_number": 1, "page_size": 2, "total_items": 5}},
                    {"items": [3], "pagination": {"page_number": 2, "page_size": 2, "total_items": 5}},
                    {"items": [], "pagination": {"page_number": 3, "page_size": 2, "total_items": 5}},
                ],
                3,
                Fails("page 3: fewer rows were delivered than promised"),
            ),
            // The pages are all there, the rows are not.
            (
                pages![{"items": [1], "pagination": {"page_number": 1, "total_pages": 1, "total_items": 2}}],
                1,
                Fails("page 1: fewer rows were delivered than promised"),
            ),
            (
                pages![{"items": [1, 2], "pagination": {"total_pages": 1, "total_items": 1}}],
                2,
                Fails(
                    "page 1: more rows were delivered than promised; if the total is no number of these rows, or is capped, declare .ignoring(\"<path>\")",
                ),
            ),
            // The total is promised early and then no more.
            (
                pages![{"items": [1, 2], "total_items": 4}, {"items": []}],
                2,
                Fails("page 2: fewer rows were delivered than promised"),
            ),
            (
                pages![
                    {"items": [1], "pagination": {"page_number": 1, "total_pages": 3, "total_items": 3}},
                    {"items": [], "pagination": {"page_number": 2, "total_pages": 3, "total_items": 4}},
                ],
                1,
                Fails(
                    "page 2: page 2 of 3 pages is empty: does the API count from 0? Then declare .starting_at(0)",
                ),
            ),
            (
                pages![{"items": [1], "total_pages": 2}, {"items": []}],
                1,
                Fails(
                    "page 2: page 2 of 2 pages is empty: does the API count from 0? Then declare .starting_at(0)",
                ),
            ),
        ],
    );
    let of = |rows: &str| bare(rows).header("x-total-count", "3");
    let fewer = Fails("page 2: fewer rows were delivered than promised");
    hold(&numbers(), vec![(vec![of("[1,2]"), of("[]")], 2, fewer)]);
}

#[test]
fn totals_in_headers_count_as_those_in_the_body() {
    for (name, total) in [
        ("x-total-count", "3"),
        ("x-total", "3"),
        ("total-count", "3"),
        ("content-range", "rows 0-0/3"),
        ("content-range", "0-0/3"),
    ] {
        let of = |rows: &str| bare(rows).header(name, total);
        // Each page is shorter than asked for.
        let paging = numbers().with_page_size("n", 2);
        let proof = "the 3 rows that the server promised";
        hold(&paging, vec![(vec![of("[1]"), of("[2]"), of("[3]")], 3, By(proof))]);
    }
    // WordPress and ESI refuse a page beyond.
    for name in ["x-wp-totalpages", "x-total-pages", "x-pages"] {
        let of = |rows: &str| bare(rows).header(name, "2");
        let proof = "the 2 pages that the server promised";
        hold(&numbers(), vec![(vec![of("[1,2]"), of("[3]")], 3, By(proof))]);
    }
    let json = |page: u64| json!({"totalCount": 3, "totalPages": 2, "currentPage": page});
    let of = |rows: &str, page| bare(rows).header("x-pagination", json(page).to_string());
    let proof = "the 2 pages that the server promised";
    hold(&numbers(), vec![(vec![of("[1,2]", 1), of("[3]", 2)], 3, By(proof))]);
}

#[test]
fn a_total_that_is_a_cap_or_the_count_of_a_page_is_asked_beyond() {
    let thousand = |from: u64| json!((from..from + 1000).collect::<Vec<_>>());
    let stage = Stage::new();
    let page =
        |from: u64| body(&json!({"items": thousand(from), "page_size": 1000, "total": 2000}));
    let pages = [page(1), page(1001), body(&json!({"items": []}))];
    let outcome = stage.walk(&pages, &numbers());
    assert_eq!((outcome.rows.len(), outcome.error, outcome.requests), (2000, None, 3));
    // There is more behind the cap: the total is wrong, and the way out is named.
    let pages = [page(1), page(1001), page(2001), body(&json!({"items": []}))];
    let outcome = stage.walk(&pages, &numbers());
    assert_eq!(
        outcome.error.as_deref(),
        Some(
            "page 3: more rows were delivered than promised; if the total is no number of these rows, or is capped, declare .ignoring(\"<path>\")"
        )
    );
    let outcome = stage.walk(&pages, &numbers().ignoring("total"));
    assert_eq!((outcome.rows.len(), outcome.error), (3000, None));
    // `total` counts the rows of the page.
    hold(
        &numbers().ignoring("total"),
        vec![(
            pages![{"items": [1, 2], "total": 2}, {"items": [3, 4], "total": 2}, {"items": [], "total": 0}],
            4,
            By("a page without rows"),
        )],
    );
}

#[test]
fn a_refusal_beyond_the_last_page_confirms_an_end_that_was_in_doubt() {
    for status in [400, 404, 410, 416, 422] {
        let pages = vec![body(&json!({"items": [1, 2], "total": 2})), reply(status, "{}")];
        hold(&numbers(), vec![(pages, 2, By("the 2 rows that the server promised"))]);
    }
    let proof = "the word of the server in next";
    hold(&numbers(), vec![(pages![{"items": [1, 2], "next": null}], 2, By(proof))]);
    let refused = vec![body(&json!({"items": [1, 2], "total": 2})), reply(403, "{}")];
    hold(&numbers(), vec![(refused, 2, Stops)]);
    // Where nothing was in doubt it is a refusal, with the way to declare it.
    let stage = Stage::new();
    let error = stage.walk(&[bare("[1]"), reply(404, "{}")], &numbers()).error.unwrap();
    assert!(
        error.ends_with("if the API answers so beyond its last page, declare .end_status(404)"),
        "{error}"
    );
}

#[test]
fn a_status_ends_a_walk_where_it_is_declared_to() {
    let paging = numbers().end_status(404).end_status(416);
    for status in [404, 416] {
        let pages = vec![bare("[1,2]"), bare("[3]"), reply(status, "{}")];
        let proof =
            if status == 404 { "the declared answer 404" } else { "the declared answer 416" };
        hold(&paging, vec![(pages, 3, By(proof))]);
    }
    // Of the first page it is an error, and so is another status.
    hold(&paging, vec![(vec![], 0, Stops), (vec![bare("[1]"), reply(410, "{}")], 1, Stops)]);
    // What was promised must have come.
    let pages = vec![body(&json!({"items": [1], "total": 2}))];
    let fewer = "page 1: fewer rows were delivered than promised";
    hold(&paging, vec![(pages, 1, Fails(fewer))]);
}

#[test]
fn no_walk_asks_for_more_than_ten_empty_pages_in_a_row() {
    let stage = Stage::new();
    let links = |n: u64| json!({"items": [], "next": format!("?c={n}")});
    let more = |_: u64| json!({"items": [], "has_more": true});
    let cursors = |n: u64| json!({"items": [], "next_cursor": format!("c{n}")});
    type Page = fn(u64) -> Value;
    let cases: [(Pagination, Page, &str); 4] = [
        (numbers(), more, "has_more"),
        (Pagination::detect(), links, "next"),
        (Pagination::next_link("next"), links, "next"),
        (Pagination::cursor("c", "next_cursor"), cursors, "next_cursor"),
    ];
    for (paging, page, place) in cases {
        let mut pages: Vec<Reply> = (0..20).map(|n| body(&page(n))).collect();
        let outcome = stage.walk(&pages, &paging);
        assert_eq!(outcome.requests, 10, "{paging:?}");
        let expected = format!(
            "page 10: 10 pages in a row were empty, and {place} still says that there is more; if it always does, declare .ignoring({place:?})"
        );
        assert_eq!(outcome.error, Some(expected), "{paging:?}");
        // Nine are followed.
        pages[9] = body(&json!({"items": [1], "next": null, "next_cursor": null, "last": true}));
        let outcome = stage.walk(&pages, &paging);
        assert_eq!((outcome.rows, outcome.error), (vec![1], None), "{paging:?}");
        // A total that is reached ends them as well.
        let first = page(30);
        let mut first = first.as_object().unwrap().clone();
        first.extend([("items".into(), json!([1])), ("total".into(), json!(1))]);
        let mut pages = vec![body(&Value::from(first))];
        pages.extend((0..20).map(|n| body(&page(n))));
        let outcome = stage.walk(&pages, &paging);
        assert_eq!((outcome.rows, outcome.error), (vec![1], None), "{paging:?}");
        assert_eq!(outcome.proof.as_deref(), Some("the 1 row that the server promised"));
    }
}

#[test]
fn a_single_answer_must_not_say_that_there_is_more() {
    let single = "the declared single answer";
    hold(
        &Pagination::single(),
        vec![
            (pages![{"items": [1], "other": {"deep": {"next": "/x"}}}], 1, By(single)),
            (pages![[1]], 1, By(single)),
            (
                pages![{"items": [1], "pagination": {"total_pages": 1, "total_items": 1}}],
                1,
                By(single),
            ),
            (
                pages![{"items": [1], "pagination": {"total_pages": 2}}],
                1,
                Fails(
                    "page 1: the answer counts 2 pages: declare Pagination::page_numbers(\"<parameter>\")",
                ),
            ),
            (
                pages![{"items": [1], "meta": {"next_page": 2}}],
                1,
                Fails(
                    "page 1: the answer has meta.next_page = 2, which says that there is more: if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", \"meta.next_page\"); if it means something else, declare .ignoring(\"meta.next_page\")",
                ),
            ),
            (
                pages![{"items": [1], "next": "/x"}],
                1,
                Fails(
                    "page 1: the answer has next = …, which says that there is more: declare Pagination::next_link(\"next\"); if it means something else, declare .ignoring(\"next\")",
                ),
            ),
            (
                pages![{"items": [1], "pagination": {"total_items": 2}}],
                1,
                Fails("page 1: fewer rows were delivered than promised"),
            ),
            (
                pages![{"items": [1], "count": 2}],
                1,
                Fails(
                    "page 1: the answer has count = 2, which is more than came: declare Pagination::page_numbers(\"<parameter>\")",
                ),
            ),
        ],
    );
}
