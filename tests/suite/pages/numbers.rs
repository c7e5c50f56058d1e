//! Numbered pages: how they are asked for, and which are not what was asked for.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Error, Pagination, Request};

use super::{Stage, asked, body, numbered, paged, saved, serving, targets, up_to, walk, words};
use crate::support::*;

fn numbers() -> Pagination {
    Pagination::page_numbers("page_number")
}

#[test]
fn another_page_than_the_one_asked_for_is_an_error_and_its_rows_are_not_delivered() {
    let stage = Stage::new();
    let page = json!({"items": [1], "pagination": {"page_number": 1, "total_pages": 2}});
    let outcome = stage.walk(&[body(&page), body(&page)], &numbers());
    assert_eq!(outcome.rows, [1]);
    assert_eq!(
        outcome.error.as_deref(),
        Some(
            "page 2: page 2 was asked for and the answer says that it is page 1: does the server know the parameter \"page_number\"?"
        )
    );
    // Asked for page 1 of an API that counts from 0: page 0 is never read.
    let page =
        |number: u64, rows: Value| body(&json!({"items": rows, "number": number, "totalPages": 3}));
    let pages = [page(1, json!([2])), page(2, json!([3])), page(3, json!([]))];
    let outcome = stage.walk(&pages, &numbers());
    assert_eq!(
        outcome.error.as_deref(),
        Some(
            "page 3: page 3 of 3 pages is empty: does the API count from 0? Then declare .starting_at(0)"
        )
    );
}

#[test]
fn a_page_that_comes_again_is_an_error() {
    let stage = Stage::new();
    let why = |page: u64| {
        format!(
            "page {page}: the page is the one before once more: does the server know the parameter \"page_number\"? A collection without pages is read with Pagination::single()"
        )
    };
    let bare = |rows: &str| reply(200, rows);
    let timed = |time: u64| body(&json!({"time": time, "items": [1]}));
    let uptime =
        |time: u64| body(&json!({"items": [{"id": 1, "up": time}, {"id": 2, "up": time}]}));
    let echo = |number: u64| body(&json!({"items": [1], "page_number": number}));
    for pages in [
        vec![bare("[1]"), bare("[1]")],
        vec![body(&json!({"items": [1]})), body(&json!({"items": [1]}))],
        vec![timed(1), timed(2)],
        // A total that wants more, and a link, do not tell that the server pages by numbers.
        vec![bare("[1]").header("x-total-count", "2"), bare("[1]").header("x-total-count", "2")],
        vec![bare("[1]").header("link", "<?page=2>; rel=next"); 2],
        // The number is echoed, and the rows are those of before: by their ids.
        vec![echo(1), echo(2)],
    ] {
        for paging in [numbers(), numbers().with_page_size("n", 1)] {
            let outcome = stage.walk(&pages, &paging);
            assert_eq!((outcome.rows, outcome.error), (vec![1], Some(why(2))), "{pages:?}");
            assert_eq!(outcome.class, Some(ErrorKind::Configuration));
        }
    }
    let outcome = stage.walk(&[bare("[1]"), bare("[2]"), bare("[2]")], &numbers());
    assert_eq!((outcome.rows, outcome.error), (vec![1, 2], Some(why(3))));
    // Only the ids need be the same.
    let server = serving({
        let pages = Mutex::new(vec![uptime(2), uptime(1)]);
        move |_| pages.lock().unwrap().pop().unwrap_or(reply(404, "{}"))
    });
    let (rows, error) = walk(&mut server.client().items::<Value>("/rows"));
    assert!(
        rows.len() == 2 && words(error, &server).contains("the one before once more"),
        "{rows:?}"
    );
}

#[test]
fn rows_that_have_nothing_of_their_own_may_come_again_where_the_walk_shows_progress() {
    let stage = Stage::new();
    let echo = |number: u64| body(&json!({"items": [7, 7], "page_number": number}));
    let total = |_: u64| body(&json!({"items": [7, 7], "total": 6}));
    let count = |number: u64| body(&json!({"items": [7, 7], "page": number, "total_pages": 3}));
    for page in [&echo as &dyn Fn(u64) -> Reply, &total, &count] {
        let pages = [page(1), page(2), page(3), body(&json!({"items": []}))];
        let outcome = stage.walk(&pages, &numbers());
        assert_eq!((outcome.rows, outcome.error), (vec![7; 6], None));
    }
    // A server that repeats its last page under any number is left after ten.
    let pages: Vec<Reply> = (1..30).map(echo).collect();
    let outcome = stage.walk(&pages, &numbers());
    assert_eq!((outcome.rows.len(), outcome.requests), (20, 11));
    assert!(outcome.error.is_some_and(|error| error.contains("the one before once more")));
    // Without, they are an error.
    let outcome = stage.walk(&vec![reply(200, "[7,7]"); 2], &numbers());
    assert!(outcome.rows == [7, 7] && outcome.error.is_some(), "{outcome:?}");
    // `{"active": true}`, page by page, whose total shows that all is well.
    let active = json!({"items": [{"active": true}, {"active": true}], "total": 4});
    let server = serving({
        let pages = Mutex::new(2);
        move |_| {
            let mut left = pages.lock().unwrap();
            *left -= 1;
            if *left >= 0 { body(&active) } else { body(&json!({"items": []})) }
        }
    });
    let (rows, error) = walk(&mut server.client().items::<Value>("/rows"));
    assert!(rows.len() == 4 && error.is_none(), "{rows:?} {error:?}");
}

#[test]
fn a_server_that_clamps_the_page_size_loses_no_rows() {
    // It echoes the size that was asked for, and sends 100 rows of 250 at most.
    for echo in [true, false] {
        let server = numbered(move |page| {
            let all = up_to(250);
            let rows: Vec<_> = all.chunks(100).nth(page as usize - 1).unwrap_or_default().to_vec();
            let mut answer = json!({"items": rows});
            if echo {
                answer["page_size"] = json!(1000);
            }
            body(&answer)
        });
        let client = server.client();
        let mut items = client.items::<u64>("/rows").with_page_size("page_size", 1000);
        let (rows, error) = walk(&mut items);
        assert_eq!((rows, error.is_none()), (up_to(250), true));
        assert!(server.api_requests().iter().all(|seen| asked(seen, "page_size") == Some("1000")));
        assert_eq!(server.api_requests().len(), 4);
    }
}

#[test]
fn an_incomplete_walk_says_how_much_is_missing() {
    let server = paged(&json!([{"items": [1, 2], "total": 5}, {"items": [3]}, {"items": []}]));
    let (_, error) = walk(&mut server.client().items::<u64>("/rows"));
    let error = error.unwrap();
    assert_eq!((error.exit_code(), error.kind()), (65, ErrorKind::Incomplete));
    assert!(error.to_string().ends_with("(3 rows delivered of 5 promised)"), "{error}");
    let Error::Incomplete(error) = error else { panic!("{error}") };
    assert_eq!((error.promised, error.delivered, error.page), (Some((5, 5)), 3, 3));
    assert_eq!((error.kind, error.declare), (ErrorKind::Incomplete, None));
}

#[test]
fn a_parameter_that_counts_rows_is_not_one_of_pages() {
    let stage = Stage::new();
    for name in ["offset", "skip", "$skip", "start", "startIndex", "start_index", "startAt"] {
        let outcome = stage.walk(&[reply(200, "[1]")], &Pagination::page_numbers(name));
        assert_eq!(
            outcome.error,
            Some(format!(
                "Pagination::page_numbers({name:?}): a parameter of this name counts rows and not pages: declare Pagination::offset({name:?})"
            ))
        );
        assert_eq!((outcome.class, outcome.requests), (Some(ErrorKind::Configuration), 0));
    }
}

#[test]
fn the_requests_own_query_is_kept_on_every_page() {
    let server = paged(&json!([{"items": [1]}, {"items": [2]}, {"items": []}]));
    let client = server.client();
    let request = Request::get("/rows?$filter=a+b&flag").query("order", "x y");
    let (rows, error) = walk(&mut client.items::<u64>(&request).with_page_size("page_size", 9));
    assert_eq!((rows, error.is_none()), (vec![1, 2], true));
    assert_eq!(
        targets(&server),
        [1, 2, 3].map(|page| format!(
            "/rows?$filter=a+b&flag&order=x%20y&page_number={page}&page_size=9"
        ))
    );
}

#[test]
fn the_requests_own_page_size_wins_over_the_providers() {
    let server = paged(&json!([{"items": [1]}, {"items": []}]));
    let pagination = numbers().with_page_size("page_size", 500);
    for (path, size) in [("/rows", "500"), ("/rows?page_size=7", "7")] {
        let client = server.client();
        let mut items = client.items::<u64>(path).with_pagination(pagination.clone());
        assert_eq!(walk(&mut items).0, [1]);
        let seen = server.api_requests().split_off(server.api_requests().len() - 2);
        for seen in seen {
            assert_eq!(asked(&seen, "page_size"), Some(size));
            assert_eq!(seen.target.matches("page_size").count(), 1);
        }
    }
}

#[test]
fn a_walk_may_begin_at_a_later_page() {
    let server = numbered(|page| {
        body(&json!({"items": [page], "pagination": {
            "page_number": page, "total_pages": 5, "total_items": 5}}))
    });
    let client = server.client();
    for request in
        [Request::get("/rows?page_number=3"), Request::get("/rows").query("page_number", 3)]
    {
        let (rows, error) = walk(&mut client.items::<u64>(request));
        assert_eq!(rows, [3, 4, 5]);
        assert!(error.is_none(), "{error:?}");
    }
    assert!(
        server.api_requests().iter().all(|seen| seen.target.matches("page_number").count() == 1)
    );
    let (_, error) = walk(&mut client.items::<u64>("/rows?page_number=x"));
    assert_eq!(words(error, &server), "the request's \"page_number\" is not a number");
}

#[test]
fn a_walk_that_begins_in_the_middle_is_held_to_no_total() {
    let page = |number: u64| match number {
        3 => body(&json!({"items": [4], "page_size": 5, "total": 4})),
        _ => body(&json!({"items": []})),
    };
    let server = numbered(page);
    let (rows, error) = walk(&mut server.client().items::<u64>("/rows?page_number=3"));
    assert!(error.is_none() && rows == [4], "{rows:?} {error:?}");
}

#[test]
fn the_last_number_there_is_does_not_make_a_walk_endless() {
    let server = numbered(|page| {
        let pagination = json!({"page_number": page});
        body(&json!({"items": [1], "pagination": pagination, "links": {"next": "/x"}}))
    });
    let client = server.client();
    let path = format!("/rows?page_number={}", u64::MAX);
    let rows = client.items::<u64>(path).take(10).flatten().count();
    assert_eq!(rows, 1);
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
    let styles: [(Page, u64); 5] = [(spring, 3), (inner, 3), (index, 3), (plain, 3), (ended, 4)];
    let both = [true, false].into_iter();
    for ((page, requests), is_declared) in both.flat_map(|it| styles.map(|style| (style, it))) {
        let server = serving(move |seen| match asked(seen, "page") {
            Some(number @ ("0" | "1" | "2")) => body(&page(number.parse().unwrap())),
            Some("3") if requests == 4 => body(&json!({"content": []})),
            _ => reply(404, "{}"),
        });
        let client = server.client();
        let items = || {
            let numbers = Pagination::page_numbers("page").with_rows_at("content");
            match is_declared {
                true => client.items::<u64>("/rows").with_pagination(numbers.starting_at(0)),
                false => client.items::<u64>("/rows?page=0").with_pagination(numbers),
            }
        };
        let (rows, error) = walk(&mut items());
        assert!(error.is_none(), "{error:?}");
        assert_eq!((rows, server.api_requests().len() as u64), (vec![1, 2, 3], requests));
        // And taken up in between.
        let mut begun = items();
        begun.next().unwrap().unwrap();
        let point = saved(begun.resume_point());
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
            "GET HOST/rows: page 1: page 1 was asked for and the answer says that it is not the first: does the API count from 0? Then declare .starting_at(0) (0 rows delivered)"
        );
        let (rows, error) = walk(&mut client.items::<u64>("/rows?page_number=0"));
        assert!(error.is_none() && rows == [1, 2, 3], "{rows:?} {error:?}");
        // Where the caller begins in the middle it is as it should be.
        let (rows, error) = walk(&mut client.items::<u64>("/rows?page_number=2"));
        assert!(error.is_none() && rows == [3], "{rows:?} {error:?}");
    }
}

#[test]
fn a_last_page_that_comes_for_every_number_beyond_is_delivered_once() {
    // The total counts rows that are never sent: they must not be made up for by others.
    let page = |number: u64, told: u64, total: Option<u64>| {
        let rows = if number == 1 { json!([1, 2]) } else { json!([3]) };
        body(&json!({"items": rows, "page_number": told, "page_size": 2, "total": total}))
    };
    type Told = fn(u64) -> u64;
    let cases: [(Told, Option<u64>); 4] = [
        (|number| number, Some(4)),
        (|number| number, None),
        (|number| number.min(2), Some(4)),
        (|number| number.min(2), None),
    ];
    for (told, total) in cases {
        let server = numbered(move |number| page(number, told(number), total));
        let client = server.client();
        let (rows, error) = walk(&mut client.items::<u64>("/rows"));
        assert_eq!(rows, [1, 2, 3]);
        assert!(matches!(error, Some(Error::Incomplete(_))), "{error:?}");
    }
    // Where the total is reached the page beyond only confirms it.
    let server = numbered(move |number| page(number, number.min(2), Some(3)));
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
            let mut items =
                if bits % 2 == 0 { items } else { items.with_page_size("page_size", 2) };
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
