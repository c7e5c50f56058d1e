//! Where a walk over numbered pages ends: what counts as a word that there is more, what as
//! a word that there is not, and what is done where there is neither.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use unattended::{Error, Items, Pagination, ResumePoint};

use crate::pages::{asked, body, numbered, walk, words};
use crate::support::*;

/// A server of these answers, counted from `first`; there is none after the last.
fn answers(first: u64, answers: Vec<Reply>) -> Server {
    numbered(move |page| {
        let at = usize::try_from(page - first).unwrap();
        answers.get(at).cloned().unwrap_or_else(|| reply(404, "{}"))
    })
}

/// Walks `pages`, all of them and not one more.
#[track_caller]
fn complete(pages: Vec<Reply>, rows: &[u64]) {
    let (count, told) = (pages.len(), format!("{pages:?}"));
    let server = answers(1, pages);
    let client = server.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(error.is_none(), "{told}: {error:?}");
    assert_eq!((found.as_slice(), server.api_requests().len()), (rows, count), "{told}");
}

/// Walks `pages`, and asserts rows and error.
#[track_caller]
fn fails(pages: Vec<Reply>, rows: &[u64], expected: &str) {
    let server = answers(1, pages);
    let client = server.client();
    let (found, error) = walk(&mut client.items::<u64>("/rows"));
    assert_eq!((found.as_slice(), words(error, &server).as_str()), (rows, expected));
}

fn pages<const N: usize>(pages: [Value; N]) -> Vec<Reply> {
    pages.iter().map(body).collect()
}

#[test]
fn an_empty_page_that_says_there_is_more_is_not_the_last() {
    for more in [
        json!({"items": [], "next": "/rows?page_number=3"}),
        json!({"items": [], "has_more": true}),
        json!({"items": null, "pagination": {"next_page": 3}}),
        json!({"items": [], "last": false}),
    ] {
        complete(
            pages([json!({"items": [1]}), more, json!({"items": [2], "next": null})]),
            &[1, 2],
        );
    }
    let linked = body(&json!({"items": []})).header("link", "<?page_number=3>; rel=\"next\"");
    let last = body(&json!({"items": [2], "has_more": false}));
    complete(vec![body(&json!({"items": [1]})), linked, last], &[1, 2]);
    // Without such a word it is.
    complete(pages([json!({"items": [1]}), json!({"items": []})]), &[1]);
}

#[test]
fn empty_pages_that_say_there_is_more_are_not_asked_for_without_end() {
    let (client, requests) =
        crate::links::endless(|_| json!({"items": [], "pagination": {"has_more": true}}));
    let numbers = Pagination::page_numbers("page", "size");
    let mut items = client.items::<u64>("/v1/rows").with_pagination(numbers);
    let error = items.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("10 pages in a row were empty"), "{error}");
    assert_eq!(requests.load(std::sync::atomic::Ordering::SeqCst), 10);
}

#[test]
fn a_server_of_numbered_pages_that_links_on_for_ever_is_left_after_ten_empty_ones() {
    let server = Server::start(|seen| match seen.target.as_str() {
        TOKEN_PATH => token_reply("t", 3600),
        first if first.contains("page_number=1&") || first.ends_with("page_number=1") => {
            body(&json!({"items": [1], "next": "/rows?page_number=2"}))
        }
        _ => body(&json!({"items": [], "next": "/rows?page_number=9"})),
    });
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(error.is_none(), "{error:?}");
    assert_eq!((rows, server.api_requests().len()), (vec![1], 11));
}

#[test]
fn a_server_that_names_the_number_after_any_is_left_after_ten_empty_pages() {
    for word in [
        |page: u64| json!({"next_page": page + 1}),
        |page: u64| json!({"next_page": page + 1, "total_pages": 2, "total_items": 2}),
        |page: u64| json!({"next_cursor": format!("c{page}"), "total": 2}),
    ] {
        let server = numbered(move |page| {
            let mut answer = word(page);
            answer["items"] = json!([page].iter().filter(|page| **page < 3).collect::<Vec<_>>());
            body(&answer)
        });
        let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
        assert!(error.is_none(), "{error:?}");
        assert_eq!((rows, server.api_requests().len()), (vec![1, 2], 12));
    }
}

#[test]
fn a_first_page_that_is_full_is_not_the_last_for_a_next_that_is_never_there() {
    let page = |rows: Value| json!({"items": rows, "page_size": 2, "next": null});
    complete(pages([page(json!([1, 2])), page(json!([3]))]), &[1, 2, 3]);
    let whole = json!({"items": [1, 2], "page_size": 2, "next": null, "total": 2});
    complete(pages([whole]), &[1, 2]);
}

#[test]
fn rows_that_change_with_each_reading_are_not_read_without_end() {
    let count = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => {
            let now = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            body(&json!([{"id": 1, "uptime": now}, {"id": 2, "uptime": now}]))
        }
    });
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<Value>("/rows"));
    assert!(error.is_none() && rows.len() == 2, "{rows:?} {error:?}");

    let count = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => {
            let now = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            body(&json!({"items": [now, now + 1], "total": 2}))
        }
    });
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows"));
    assert!(rows.len() <= 4, "{rows:?} {error:?}");
}

#[test]
fn rows_that_are_the_same_by_chance_are_not_left_out_in_silence() {
    let server = numbered(|number| match number {
        1 => body(&json!({"items": [7, 7], "current_page": 1})),
        _ => body(&json!({"items": [7, 7], "current_page": number, "last": true})),
    });
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
    assert!(rows == [7, 7] && error.is_some(), "{rows:?} {error:?}");
}

#[test]
fn a_word_that_there_is_no_more_ends_a_numbered_walk_without_another_request() {
    for end in [
        json!({"next": null}),
        json!({"next": ""}),
        json!({"links": {"next": null}}),
        json!({"meta": {"next_page": null}}),
        json!({"next_page_url": null}),
        json!({"has_more": false}),
        json!({"pageInfo": {"hasNextPage": false}}),
        json!({"more": false}),
        json!({"last": true}),
        json!({"isLast": true}),
    ] {
        // A full page, by the size that it states: only the word says that it is the last.
        let page = |rows: Value, beside: &Value| {
            let mut page = beside.clone();
            page["items"] = rows;
            page["page_size"] = json!(1);
            page
        };
        let more = json!({"has_more": true});
        complete(pages([page(json!([1]), &more), page(json!([2]), &end)]), &[1, 2]);
    }
    // GitLab's last page.
    let first = reply(200, "[1]").header("x-next-page", "2");
    complete(vec![first, reply(200, "[2]").header("x-next-page", "")], &[1, 2]);
}

#[test]
fn a_word_that_there_is_no_more_is_not_believed_where_something_says_more() {
    for more in [
        json!({"total_pages": 2}),
        json!({"total": 2}),
        json!({"next_cursor": "b"}),
        json!({"links": {"next": "?page_number=2"}}),
    ] {
        let mut first = more.clone();
        first["items"] = json!([1]);
        first["next_page"] = Value::Null;
        complete(pages([first, json!({"items": [2], "last": true})]), &[1, 2]);
    }
    // What only lacks a cursor says nothing of numbers.
    for silent in
        [json!({"next_cursor": null}), json!({"nextPageToken": ""}), json!({"last": null})]
    {
        let mut first = silent;
        first["items"] = json!([1]);
        complete(pages([first, json!({"items": [2]}), json!({"items": []})]), &[1, 2]);
    }
}

#[test]
fn a_page_shorter_than_its_size_is_not_the_last_while_a_total_says_more() {
    let page = |rows: Value| json!({"items": rows, "page_size": 5, "total": 4});
    complete(pages([page(json!([1, 2])), page(json!([3])), page(json!([4]))]), &[1, 2, 3, 4]);
    // The total of the first page counts as well.
    let size = |rows: Value| json!({"items": rows, "page_size": 5});
    complete(pages([page(json!([1, 2])), size(json!([3])), size(json!([4]))]), &[1, 2, 3, 4]);
    fails(
        pages([page(json!([1, 2])), page(json!([]))]),
        &[1, 2],
        "GET HOST/rows: page 2: fewer rows were delivered than promised (2 rows delivered of 4 promised)",
    );
    // A walk that begins in the middle cannot be held to a total.
    let server = answers(3, pages([page(json!([4]))]));
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows?page_number=3"));
    assert!(error.is_none() && rows == [4], "{rows:?} {error:?}");
}

#[test]
fn a_bare_array_is_followed_to_an_empty_one_where_no_page_size_is_known() {
    let bare = |rows: &str| reply(200, rows);
    complete(vec![bare("[1,2]"), bare("[3,4]"), bare("[5]"), bare("[]")], &[1, 2, 3, 4, 5]);
    complete(vec![bare("[]")], &[]);
    // A size that is no number is none.
    let server = answers(1, vec![bare("[1]"), bare("[2]"), bare("[]")]);
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows?page_size=max"));
    assert!(error.is_none() && rows == [1, 2], "{rows:?} {error:?}");
}

fn sized(client: &unattended::Client) -> Items<'_, u64> {
    client.items::<u64>("/rows").with_page_size(2)
}

#[test]
fn a_bare_array_shorter_than_the_size_that_was_asked_for_is_the_last() {
    for path in ["/rows", "/rows?page_size=2"] {
        let server = answers(1, vec![reply(200, "[1,2]"), reply(200, "[3]")]);
        let client = server.client();
        let items = client.items::<u64>(path);
        let mut items = if path == "/rows" { items.with_page_size(2) } else { items };
        let (rows, error) = walk(&mut items);
        assert!(error.is_none() && rows == [1, 2, 3], "{rows:?} {error:?}");
    }
    // More rows than asked for: the server does not know the size, or counts otherwise.
    let server = answers(1, vec![reply(200, "[1,2,3]"), reply(200, "[4]")]);
    let (rows, error) = walk(&mut sized(&server.client()));
    assert!(error.is_none() && rows == [1, 2, 3, 4], "{rows:?} {error:?}");
}

#[test]
fn a_bare_array_is_followed_while_a_total_says_more() {
    let of = |rows: &str, name: &str, total: &str| reply(200, rows).header(name, total);
    for (name, total) in [("x-total-count", "3"), ("x-total", "3"), ("content-range", "rows 0-1/3")]
    {
        let server = answers(
            1,
            vec![
                of("[1]", name, total),
                of("[2]", name, total),
                of("[3]", name, total),
                reply(200, "[]"),
            ],
        );
        let (rows, error) = walk(&mut sized(&server.client()));
        // Each shorter than asked for.
        assert!(error.is_none() && rows == [1, 2, 3], "{name}: {rows:?} {error:?}");
        assert_eq!(server.api_requests().len(), 3, "{name}");
    }
    fails(
        vec![of("[1,2]", "x-total-count", "3"), of("[]", "x-total-count", "3")],
        &[1, 2],
        "GET HOST/rows: page 2: fewer rows were delivered than promised (2 rows delivered of 3 promised)",
    );
}

#[test]
fn a_bare_array_that_comes_again_is_all_there_is() {
    let server = Server::with_api([reply(200, "[1,2,3]")]);
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let (rows, error) = walk(&mut items);
    assert!(error.is_none() && rows == [1, 2, 3], "{rows:?} {error:?}");
    assert!(items.resume_point().is_none());
    assert_eq!((items.progress().page, server.api_requests().len()), (1, 2));
    // The page that came again is not handed out either.
    let pages: Vec<_> =
        client.pages::<u64>("/rows").map(|page| page.unwrap().into_items()).collect();
    assert_eq!(pages, [[1, 2, 3]]);
    assert_eq!((client.stats().pages, client.stats().rows), (2, 6));
    // Nor after a stop in between.
    let mut items = client.items::<u64>("/rows");
    assert_eq!(items.by_ref().take(3).flatten().count(), 3);
    let point = items.resume_point().unwrap().to_string();
    let point: ResumePoint = point.parse().unwrap();
    let (rows, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert!(error.is_none() && rows.is_empty(), "{rows:?} {error:?}");
}

#[test]
fn a_bare_array_that_comes_again_is_an_error_where_the_server_pages() {
    let why = |page: u64, rows: u64| {
        format!(
            "GET HOST/rows: page {page}: the page is identical to the one before: does the server know the query parameter \"page_number\"? A collection without pages is read with Pagination::single() ({rows} rows delivered"
        )
    };
    let again = |reply: Reply| vec![reply.clone(), reply];
    let total = reply(200, "[1]").header("x-total-count", "2");
    fails(again(total), &[1], &(why(2, 1) + " of 2 promised)"));
    let link = reply(200, "[1]").header("link", "<?page=2>; rel=next");
    fails(again(link), &[1], &(why(2, 1) + ")"));
    let later = vec![reply(200, "[1]"), reply(200, "[2]"), reply(200, "[2]")];
    fails(later, &[1, 2], &(why(3, 2) + ")"));
    // Exactly as many rows as were asked for: it knows the size.
    let server = Server::with_api([reply(200, "[1,2]")]);
    let (rows, error) = walk(&mut sized(&server.client()));
    assert_eq!((rows.as_slice(), words(error, &server)), (&[1, 2][..], why(2, 2) + ")"));
    // By the default no second page is asked for.
    let server = Server::with_api([reply(200, "[1,2]")]);
    let client = server.client();
    let mut linked = client.items::<u64>("/rows").with_pagination(Pagination::next_link());
    assert_eq!(walk(&mut linked).0, [1, 2]);
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn pages_that_are_counted_from_0_are_all_delivered() {
    type Page = fn(u64) -> Value;
    let spring = |number: u64| {
        json!({
            "content": [number + 1], "number": number, "size": 1, "last": number == 2,
            "totalPages": 3, "totalElements": 3,
        })
    };
    let inner = |number: u64| {
        json!({
            "content": [number + 1],
            "page": {"number": number, "size": 1, "totalPages": 3, "totalElements": 3},
        })
    };
    // The number of the last page, not how many there are.
    let index = |number: u64| json!({"content": [number + 1], "last_page": 2});
    let plain = |number: u64| json!({"content": [number + 1], "total": 3});
    let ended = |number: u64| match number {
        3 => json!({"content": []}),
        _ => json!({"content": [number + 1], "page_number": number}),
    };
    let styles: [(Page, u64); 5] = [(spring, 3), (inner, 3), (index, 3), (plain, 4), (ended, 4)];
    for (page, requests) in styles {
        let server = Server::start(move |seen| match (seen.path(), asked(seen, "page")) {
            (TOKEN_PATH, _) => token_reply("t", 3600),
            (_, Some(number @ ("0" | "1" | "2"))) => body(&page(number.parse().unwrap())),
            (_, Some("3")) if requests == 4 => body(&json!({"content": []})),
            _ => reply(404, "{}"),
        });
        let client = server.client();
        let items = || {
            let numbers = Pagination::page_numbers("page", "size").with_items_key("content");
            client.items::<u64>("/rows?page=0").with_pagination(numbers)
        };
        let (rows, error) = walk(&mut items());
        assert!(error.is_none(), "{error:?}");
        assert_eq!((rows, server.api_requests().len() as u64), (vec![1, 2, 3], requests));
        // And taken up in between.
        let mut begun = items();
        begun.next().unwrap().unwrap();
        let point: ResumePoint = begun.resume_point().unwrap().to_string().parse().unwrap();
        let (rows, error) = walk(&mut items().resume(&point));
        assert!(error.is_none() && rows == [2, 3], "{rows:?} {error:?}");
        assert_eq!(server.api_requests().len() as u64, 2 * requests);
    }
}

#[test]
fn a_first_page_that_is_not_the_first_is_an_error_and_its_rows_are_not_delivered() {
    for name in ["first", "is_first", "isFirst", "is_first_page", "isFirstPage"] {
        // Counts from 0, and tells no total.
        let server = numbered(move |number| {
            let last = number == 2;
            body(&json!({"items": [number + 1], name: number == 0, "last": last}))
        });
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<u64>("/rows"));
        assert!(rows.is_empty(), "{rows:?}");
        assert_eq!(
            words(error, &server),
            "GET HOST/rows: page 1: page 1 was asked for and the answer says that it is not the first: do pages count from 0? Then ask for it, by .query(\"page_number\", 0) on the request (0 rows delivered)"
        );
        let (rows, error) = walk(&mut client.items::<u64>("/rows?page_number=0"));
        assert!(error.is_none() && rows == [1, 2, 3], "{rows:?} {error:?}");
        // Where the caller begins in the middle it is as it should be.
        let (rows, error) = walk(&mut client.items::<u64>("/rows?page_number=2"));
        assert!(error.is_none() && rows == [3], "{rows:?} {error:?}");
    }
}

#[test]
fn an_error_beside_rows_ends_the_walk_after_them() {
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
            for style in [
                Pagination::page_numbers("page_number", "n"),
                Pagination::next_link(),
                Pagination::single(),
            ] {
                let server = Server::with_api([body(&page)]);
                let client = server.client();
                let (found, error) = walk(&mut client.items::<u64>("/rows").with_pagination(style));
                assert_eq!(json!(found), rows);
                assert!(matches!(error, Some(Error::Incomplete(_))), "{error:?}");
                let expected = format!(
                    "GET HOST/rows: page 1: the answer has an error beside its rows: {told} ({} rows delivered)",
                    found.len()
                );
                assert_eq!(words(error, &server), expected, "{page}");
                assert_eq!(server.api_requests().len(), 1);
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
            complete(pages([page]), &[1]);
        }
    }
    // Nor is one that stands elsewhere.
    complete(pages([json!({"items": [1], "meta": {"error": "x"}, "next": null})]), &[1]);
}

#[test]
fn a_last_page_that_comes_for_every_number_beyond_is_delivered_once() {
    let page = |number: u64, total: u64| {
        let rows = if number == 1 { json!([1, 2]) } else { json!([3]) };
        body(&json!({"items": rows, "page_number": number, "page_size": 2, "total": total}))
    };
    // The total counts rows that are never sent: they must not be made up for by others.
    let server = numbered(move |number| page(number, 4));
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let (rows, error) = walk(&mut items);
    assert_eq!(rows, [1, 2, 3]);
    assert_eq!(
        words(error, &server),
        "GET HOST/rows: page 2: fewer rows were delivered than promised (3 rows delivered of 4 promised)"
    );
    // Nor after a stop in between.
    let mut items = client.items::<u64>("/rows");
    assert_eq!(items.by_ref().take(3).flatten().count(), 3);
    let point: ResumePoint = items.resume_point().unwrap().to_string().parse().unwrap();
    let (rows, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert!(rows.is_empty() && matches!(error, Some(Error::Incomplete(_))), "{rows:?} {error:?}");
    // Full pages, without a word of how many: this could go on for ever.
    let server = numbered(|number| {
        let rows = if number == 1 { json!([1, 2]) } else { json!([3, 4]) };
        body(&json!({"items": rows, "page_number": number, "page_size": 2}))
    });
    let client = server.client();
    for taken in 0..4 {
        let mut items = client.items::<u64>("/rows");
        let mut rows: Vec<u64> = items.by_ref().take(taken).map(Result::unwrap).collect();
        let point: ResumePoint = items.resume_point().unwrap().to_string().parse().unwrap();
        let (rest, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
        rows.extend(rest);
        assert_eq!(rows, [1, 2, 3, 4]);
        let error = error.unwrap().to_string();
        assert!(error.contains("page 3: the page is identical to the one before"), "{error}");
    }
    // A total that grew on the way is no promise to hold.
    let server = numbered(move |number| page(number, number + 2));
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows"));
    assert!(error.is_none() && rows == [1, 2, 3], "{rows:?} {error:?}");
}

/// What a server of numbered pages tells, and how it answers beyond the last one.
#[derive(Debug, Clone, Default)]
struct Habits {
    all: u64,
    words: Vec<&'static str>,
    is_bare: bool,
    beyond: &'static str,
}

/// Pages of two rows.
fn honest(habits: &Habits, page: u64) -> Reply {
    let pages = habits.all.div_ceil(2).max(1);
    let shown = match habits.beyond {
        "404" if page > pages => return reply(404, "{}"),
        "the last page" => page.min(pages),
        _ => page,
    };
    let rows: Vec<u64> = (1..=habits.all).skip((shown as usize - 1) * 2).take(2).collect();
    let link = (shown < pages).then(|| format!("/rows?page_number={}", shown + 1));
    let words = json!({
        "total_pages": pages, "total": habits.all, "page_number": shown, "page_size": 2,
        "has_more": shown < pages, "next": link, "last": shown >= pages,
    });
    if habits.is_bare {
        let bare = reply(200, json!(rows).to_string());
        return habits.words.iter().fold(bare, |bare, word| match *word {
            "total" => bare.header("x-total-count", habits.all.to_string()),
            "total_pages" => bare.header("x-total-pages", pages.to_string()),
            "next" => link
                .iter()
                .fold(bare, |bare, link| bare.header("link", format!("<{link}>; rel=\"next\""))),
            _ => bare,
        });
    }
    let mut answer = json!({"items": rows});
    for word in &habits.words {
        answer[word] = words[word].clone();
    }
    body(&answer)
}

#[test]
fn whatever_a_server_tells_of_its_pages_every_row_is_delivered_once() {
    let habits = Arc::new(Mutex::new(Habits::default()));
    let played = habits.clone();
    let server = numbered(move |page| honest(&played.lock().unwrap(), page));
    let client = server.client();
    let words = ["total_pages", "total", "page_number", "page_size", "has_more", "next", "last"];
    for bits in 0..128 {
        let told = words.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
        let told: Vec<&str> = told.map(|(_, word)| *word).collect();
        for (all, is_bare, beyond) in [
            (5, false, "nothing"),
            (4, false, "404"),
            (4, false, "the last page"),
            (5, true, "the last page"),
            (4, true, "nothing"),
        ] {
            let now = Habits { all, words: told.clone(), is_bare, beyond };
            *habits.lock().unwrap() = now.clone();
            let items = client.items::<u64>("/rows");
            let mut items = if bits % 2 == 0 { items } else { items.with_page_size(2) };
            let (rows, error) = walk(&mut items);
            assert_eq!(rows, (1..=all).collect::<Vec<_>>(), "{now:?}: {error:?}");
            // Only what such a server does beyond its last page can be wrong.
            assert!(error.is_none() || beyond != "nothing", "{now:?}: {error:?}");
            let ends = ["total_pages", "has_more", "next", "last"];
            let is_told = !is_bare && ends.iter().any(|word| told.contains(word));
            assert!(error.is_none() || !is_told, "{now:?}: {error:?}");
        }
    }
}
