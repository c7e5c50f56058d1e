//! Resume points: a walk that stops anywhere is taken up elsewhere, every row exactly once.

use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use unattended::{Client, Error, Pagination, Request, ResumePoint};

use super::{asked, body, numbered, paged, saved, serving, up_to, walk, words};
use crate::support::*;

/// Rows 1 to 7, three on a page unless the query says otherwise.
pub fn seven() -> Server {
    serving(|seen| {
        let number = |name, default| asked(seen, name).map_or(default, |n| n.parse().unwrap());
        let (page, size): (u64, u64) = (number("page_number", 1), number("page_size", 3));
        let rows: Vec<u64> =
            (1..=7).skip(((page - 1) * size) as usize).take(size as usize).collect();
        let pagination = json!({"page_number": page, "page_size": size, "total_items": 7});
        body(&json!({"items": rows, "pagination": pagination}))
            .header("date", format!("Thu, 01 Jan 1970 00:00:0{page} GMT"))
    })
}

/// Rows 1 to 6, two on a page, by opaque links.
pub fn six_by_links() -> Server {
    serving(|seen| match asked(seen, "cursor") {
        None => body(&json!({"items": [1, 2], "next": "?cursor=b%26c"})),
        Some("b%26c") => body(&json!({"items": [3, 4], "next": "/rows?cursor=d"})),
        _ => body(&json!({"items": [5, 6], "meta": {"total_items": 6}})),
    })
}

/// Rows 1 to 7, three on a page, by whatever the query asks for.
fn seven_by(seen: &Seen) -> Reply {
    let number = |name: &str| asked(seen, name).map(|number| number.parse::<u64>().unwrap());
    let cursor = asked(seen, "cursor").map(|cursor| cursor.replace("c%26", "").parse().unwrap());
    let body_cursor = serde_json::from_str::<Value>(&seen.body).ok();
    let body_cursor = body_cursor.and_then(|body| body["after"].as_u64());
    let after = number("after");
    let pages = number("page").map(|page| (page - 1) * 3);
    let offset = number("offset").or(cursor).or(after).or(pages).or(body_cursor).unwrap_or(0);
    let rows: Vec<u64> = (1..=7).skip(offset as usize).take(3).collect();
    let has_more = offset + 3 < 7;
    let next = has_more.then(|| format!("c&{}", offset + 3));
    let mut answer = json!({"items": rows});
    if asked(seen, "told") == Some("1") || seen.path() == "/cursors" {
        answer["next_cursor"] = json!(next);
    }
    if seen.path() == "/searches" {
        answer["paging"] = json!({"after": has_more.then_some(offset + 3)});
    }
    let reply = body(&answer);
    match next.filter(|_| seen.path() == "/headers") {
        Some(next) => reply.header("x-next-cursor", next),
        None => reply,
    }
}

/// Takes `k` rows, and the rest with another client: together all of them.
fn is_whole_after(k: usize, all: u64, clients: impl Fn() -> Client, request: &Request) {
    let (first, second) = (clients(), clients());
    let mut items = first.items::<u64>(request);
    let mut rows: Vec<u64> = items.by_ref().take(k).map(Result::unwrap).collect();
    let Some(point) = items.resume_point() else {
        assert_eq!(rows.len() as u64, all, "nothing is left after {k} rows");
        return;
    };
    let point = saved(Some(point));
    assert_eq!(point.delivered(), k as u64);
    let mut items = second.items::<u64>(request).resume(&point);
    assert_eq!(items.progress().delivered, k as u64);
    let (rest, error) = walk(&mut items);
    assert!(error.is_none(), "after {k}: {error:?}");
    rows.extend(rest);
    assert_eq!(rows, up_to(all), "after {k} rows");
    assert_eq!(items.progress().delivered, all);
}

/// With this way to page.
fn client_with(server: &Server, paging: Pagination) -> Client {
    let provider = server.provider().with_pagination(paging);
    Client::new(provider, unattended::Credentials::new("id", SECRET)).unwrap()
}

#[test]
fn a_walk_can_be_taken_up_after_any_row_whatever_the_way_to_page() {
    let rows = || Request::get("/rows");
    let search = || Request::post("/searches").json(&json!({"filter": "a"})).safe_to_repeat();
    let cases = [
        (Pagination::page_numbers("page"), rows()),
        (Pagination::offset("offset"), rows()),
        (Pagination::offset("offset").with_page_size("n", 3).stepping_by_size(), rows()),
        (Pagination::cursor("cursor", "next_cursor"), Request::get("/cursors")),
        (Pagination::cursor("cursor", "header:X-Next-Cursor"), Request::get("/headers")),
        (Pagination::cursor("after", "paging.after").in_body(), search()),
    ];
    let server = serving(seven_by);
    for (paging, request) in cases {
        for k in 0..=7 {
            is_whole_after(k, 7, || client_with(&server, paging.clone()), &request);
        }
    }
    let links = six_by_links();
    for paging in [Pagination::detect(), Pagination::next_link("next")] {
        for k in 0..=6 {
            is_whole_after(k, 6, || client_with(&links, paging.clone()), &rows());
        }
    }
    // A field of the last row, which is an object.
    let after = serving(|seen| {
        let last: u64 = asked(seen, "after").map_or(0, |id| id.parse().unwrap());
        let rows: Vec<_> = (last + 1..=7).take(3).map(|id| json!({"id": id})).collect();
        body(&json!(rows))
    });
    let paging = Pagination::after_row("after", "id");
    for k in 0..=7 {
        let (first, second) =
            (client_with(&after, paging.clone()), client_with(&after, paging.clone()));
        let mut items = first.items::<Value>("/rows");
        let mut rows: Vec<Value> = items.by_ref().take(k).map(Result::unwrap).collect();
        let point = saved(items.resume_point());
        let (rest, error) = walk(&mut second.items::<Value>("/rows").resume(&point));
        assert!(error.is_none(), "after {k}: {error:?}");
        rows.extend(rest);
        let ids: Vec<u64> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
        assert_eq!(ids, up_to(7), "after {k} rows");
    }
}

#[test]
fn a_walk_over_numbers_can_be_taken_up_after_any_row() {
    let server = seven();
    for k in 0..=7 {
        is_whole_after(k, 7, || server.client(), &Request::get("/rows"));
    }
}

#[test]
fn a_resume_point_whose_cursor_or_link_has_expired_says_so() {
    let is_expired = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let now = is_expired.clone();
    let server = serving(move |seen| {
        let is_expired = now.load(std::sync::atomic::Ordering::SeqCst);
        match (is_expired, seen.path()) {
            (true, _) => reply(400, r#"{"message":"the cursor is gone"}"#),
            (_, "/links") => body(&json!({"items": [1, 2], "next": "/links?cursor=b"})),
            _ => seven_by(seen),
        }
    });
    let hint =
        "the server may not know the place of the resume point any more: begin again without it";
    for (path, paging, is_told) in [
        ("/cursors", Pagination::cursor("cursor", "next_cursor"), true),
        ("/links", Pagination::detect(), true),
        ("/rows", Pagination::offset("offset"), false),
    ] {
        is_expired.store(false, std::sync::atomic::Ordering::SeqCst);
        let client = client_with(&server, paging);
        let mut items = client.items::<u64>(path);
        items.nth(1).unwrap().unwrap();
        let mut items = client.items::<u64>(path).resume(&saved(items.resume_point()));
        // From the first page it is no place that could have gone.
        items.next().unwrap().unwrap();
        let point = match path {
            "/links" => saved(
                client_with(&server, Pagination::detect())
                    .items::<u64>(path)
                    .by_ref()
                    .take(2)
                    .last()
                    .map(|_| {
                        let mut items = client.items::<u64>(path);
                        items.nth(1);
                        items.resume_point().unwrap()
                    }),
            ),
            _ => {
                items.next().unwrap().unwrap();
                saved(items.resume_point())
            }
        };
        is_expired.store(true, std::sync::atomic::Ordering::SeqCst);
        let (rows, error) = walk(&mut client.items::<u64>(path).resume(&point));
        let error = error.unwrap().to_string();
        assert!(rows.is_empty() && error.contains("the cursor is gone"), "{error}");
        assert_eq!(error.contains(hint), is_told, "{path}: {error}");
    }
}

#[test]
fn a_walk_can_be_stopped_and_taken_up_at_every_row() {
    let server = seven();
    let client = server.client();
    let mut point: Option<ResumePoint> = None;
    let mut rows = Vec::new();
    loop {
        let items = client.items::<u64>("/rows");
        let mut items = match &point {
            Some(point) => items.resume(point),
            None => items,
        };
        let Some(row) = items.next() else { break };
        rows.push(row.unwrap());
        match items.resume_point() {
            Some(next) => point = Some(saved(Some(next))),
            None => break,
        }
    }
    assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn pages_are_taken_up_after_the_last_one_that_was_handed_out() {
    let server = seven();
    let client = server.client();
    let mut pages = client.pages::<u64>("/rows");
    assert_eq!(pages.next().unwrap().unwrap().into_items(), [1, 2, 3]);
    let point = saved(pages.resume_point());
    let rest: Vec<u64> = client
        .pages::<u64>("/rows")
        .resume(&point)
        .flat_map(|page| page.unwrap().into_items())
        .collect();
    assert_eq!(rest, [4, 5, 6, 7]);
}

#[test]
fn the_date_of_the_first_answer_is_kept() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    items.nth(3).unwrap().unwrap();
    let point = saved(items.resume_point());
    let mut items = client.items::<u64>("/rows").resume(&point);
    assert!(walk(&mut items).1.is_none());
    assert_eq!(items.progress().date, Some(UNIX_EPOCH + secs(1)));

    let mut pages = client.pages::<u64>("/rows");
    pages.next().unwrap().unwrap();
    let point = saved(pages.resume_point());
    let mut items = client.items::<u64>("/rows").resume(&point);
    assert!(walk(&mut items).1.is_none());
    assert_eq!(items.progress().date, Some(UNIX_EPOCH + secs(1)));
}

#[test]
fn rows_before_the_resume_point_count_for_the_total() {
    let server = numbered(|page| {
        let rows = [json!([1, 2]), json!([3]), json!([])][page as usize - 1].clone();
        body(&json!({"items": rows, "pagination": {
            "page_number": page, "page_size": 2, "total_items": 9}}))
    });
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    items.next();
    let point = saved(items.resume_point());
    let (rows, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert_eq!(rows, [2, 3]);
    assert_eq!(
        words(error, &server),
        "GET HOST/rows: page 3: fewer rows were delivered than promised (3 rows delivered of 9 promised)"
    );
}

#[test]
fn promises_from_before_the_resume_point_are_held_as_well() {
    // Only the first page says how many there are.
    let server = numbered(|page| match page {
        1 => body(&json!({"items": [1, 2], "pagination": {"total_items": 5, "page_size": 2}})),
        2 => body(&json!({"items": [3], "pagination": {"page_size": 2}})),
        _ => body(&json!({"items": []})),
    });
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    items.nth(1);
    let point = saved(items.resume_point());
    let (rows, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert_eq!(rows, [3]);
    let Some(Error::Incomplete(error)) = error else { panic!("{error:?}") };
    assert_eq!((error.promised, error.delivered), (Some((5, 5)), 3));
}

#[test]
fn a_walk_can_be_taken_up_after_an_error() {
    let down = std::sync::Mutex::new(true);
    let server = numbered(move |page| {
        let mut down = down.lock().unwrap();
        match page {
            2 if std::mem::replace(&mut *down, false) => reply(403, "{}"),
            _ => {
                body(&json!({"items": [page], "pagination": {"total_pages": 3, "total_items": 3}}))
            }
        }
    });
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let (mut rows, error) = walk(&mut items);
    assert_eq!(error.unwrap().status().unwrap(), 403);
    let (rest, error) =
        walk(&mut client.items::<u64>("/rows").resume(&saved(items.resume_point())));
    rows.extend(rest);
    assert_eq!((rows, error.is_none()), (vec![1, 2, 3], true));
}

#[test]
fn a_walk_can_be_taken_up_at_the_row_that_did_not_decode() {
    let server = numbered(|page| match page {
        1 => body(&json!({"items": [1, 2, "three", 4], "pagination": {"total_pages": 2}})),
        _ => body(&json!({"items": [5], "pagination": {"total_pages": 2, "total_items": 5}})),
    });
    let client = server.client();
    // Twice in a row, the second time from the middle of the page.
    let mut items = client.items::<u64>("/rows");
    assert_eq!(items.next().unwrap().unwrap(), 1);
    let mut again = client.items::<u64>("/rows").resume(&saved(items.resume_point()));
    let (rows, error) = walk(&mut again);
    assert_eq!(rows, [2]);
    let Some(Error::Decode(error)) = error else { panic!("{error:?}") };
    assert_eq!((error.page, error.row), (Some(1), Some(2)));
    assert_eq!(again.progress().delivered, 2);
    let mut rest = client.items::<Value>("/rows").resume(&saved(again.resume_point()));
    let (rows, error) = walk(&mut rest);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows, [json!("three"), json!(4), json!(5)]);
}

#[test]
fn a_walk_is_taken_up_with_the_page_size_of_before() {
    let server = seven();
    let client = server.client();
    let asks: [fn(&Client) -> unattended::Items<'_, u64>; 4] = [
        |client| client.items("/rows"),
        |client| client.items("/rows").with_page_size("page_size", 2),
        |client| client.items("/rows?page_size=2").with_page_size("page_size", 9),
        |client| {
            client.items(Request::get("/rows").query("page_size", 4)).with_page_size("page_size", 2)
        },
    ];
    for (before, first) in asks.iter().enumerate() {
        for (after, second) in asks.iter().enumerate() {
            let mut items = first(&client);
            let mut rows: Vec<u64> = items.by_ref().take(5).map(Result::unwrap).collect();
            let point = saved(items.resume_point());
            let (rest, error) = walk(&mut second(&client).resume(&point));
            assert!(error.is_none(), "{before} to {after}: {error:?}");
            rows.extend(rest);
            assert_eq!(rows, [1, 2, 3, 4, 5, 6, 7], "{before} to {after}");
        }
    }
}

#[test]
fn a_page_size_that_was_not_declared_is_part_of_the_query() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows?page_size=2");
    let mut rows: Vec<u64> = items.by_ref().take(5).map(Result::unwrap).collect();
    let point = saved(items.resume_point());
    let (none, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert!(none.is_empty());
    assert_eq!(
        error.unwrap().to_string(),
        "the resume point is for the same path with another query"
    );
    let (rest, error) = walk(&mut client.items::<u64>("/rows?page_size=2").resume(&point));
    rows.extend(rest);
    assert!(error.is_none() && rows == up_to(7), "{rows:?} {error:?}");
}

#[test]
fn a_walk_that_began_in_the_middle_is_still_one_when_it_is_taken_up() {
    let server = seven();
    let client = server.client();
    for taken in [0, 1, 3] {
        let mut items = client.items::<u64>("/rows?page_number=2");
        let mut rows: Vec<u64> = items.by_ref().take(taken).map(Result::unwrap).collect();
        let point = saved(items.resume_point());
        let (rest, error) = walk(&mut client.items::<u64>("/rows?page_number=2").resume(&point));
        assert!(error.is_none(), "after {taken}: {error:?}");
        rows.extend(rest);
        assert_eq!(rows, [4, 5, 6, 7], "after {taken}");
    }
}

#[test]
fn the_page_at_which_the_caller_began_is_part_of_the_resume_point() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows?page_number=2");
    items.next();
    let point = saved(items.resume_point());
    // The second run names the path only.
    let (rest, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rest, [5, 6, 7]);
}

#[test]
fn a_resume_point_of_another_path_is_refused_and_nothing_is_sent() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows?secret=1");
    items.next();
    let point = saved(items.resume_point());
    let before = server.seen().len();
    let (rows, error) = walk(&mut client.items::<u64>("/others").resume(&point));
    assert!(rows.is_empty());
    let error = error.unwrap();
    assert_eq!(error.to_string(), "the resume point is for /rows, not for /others");
    assert_eq!((error.exit_code(), server.seen().len()), (78, before));
}

#[test]
fn a_resume_point_of_another_style_is_refused() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    items.nth(3);
    let point = saved(items.resume_point());
    let by_links = client.items::<u64>("/rows").with_pagination(Pagination::detect());
    let (rows, error) = walk(&mut by_links.resume(&point));
    assert!(rows.is_empty());
    assert_eq!(
        error.unwrap().to_string(),
        "the resume point is of a walk that pages in another way"
    );
}

#[test]
fn a_resume_point_of_another_query_is_refused_and_the_paging_does_not_count() {
    let server = six_by_links();
    let client = server.client();
    let mut open = client.items::<u64>(Request::get("/rows").query("status", "open"));
    open.next().unwrap().unwrap();
    let point = open.resume_point().unwrap();
    let mut closed = client.items::<u64>("/rows?status=closed").resume(&point);
    assert_eq!(
        closed.next().unwrap().unwrap_err().to_string(),
        "the resume point is for the same path with another query"
    );
    let again = client.items::<u64>("/rows?status=open&page_size=2");
    let mut again = again.with_page_size("page_size", 5).resume(&point);
    assert!(again.next().unwrap().is_ok());
}

#[test]
fn a_page_size_is_kept_from_the_first_page_on_and_not_before_it() {
    let (server, sizes) = (seven(), |server: &Server| -> Vec<String> {
        let seen = server.api_requests().into_iter().map(|seen| seen.target);
        seen.map(|target| target.split("page_size=").nth(1).unwrap_or("none").to_owned()).collect()
    });
    let client = server.client();
    let mut pages = client.pages::<u64>("/rows").with_page_size("page_size", 2);
    let start = saved(pages.resume_point());
    pages.next().unwrap().unwrap();
    let second = saved(pages.resume_point());
    for point in [start, second] {
        let mut again = client.pages::<u64>("/rows").with_page_size("page_size", 4).resume(&point);
        again.next().unwrap().unwrap();
    }
    assert_eq!(sizes(&server), ["2", "4", "2"]);
}

/// What a walk would see as an error is one after a resume as well.
#[test]
fn a_walk_that_is_taken_up_notices_what_it_would_have_noticed_in_one_go() {
    // The page before once more: `offset=2` is answered as 0, and then nothing.
    let again = serving(|seen| {
        let has_rows = asked(seen, "offset").is_none_or(|offset| offset != "4");
        body(&if has_rows { json!([1, 2]) } else { json!([]) })
    });
    // The first page alone counts the pages; the second is empty.
    let counted = numbered(|page| {
        body(&match page {
            1 => json!({"items": [1, 2], "total_pages": 3}),
            3 => json!({"items": [5, 6]}),
            _ => json!({"items": []}),
        })
    });
    // The last page is given for any beyond, and the total is reached.
    let last = numbered(|page| {
        let page = page.min(2);
        body(&json!({"items": [page * 2 - 1, page * 2], "page_size": 2, "total": 4}))
    });
    let offset = Pagination::offset("offset");
    let number = Pagination::page_numbers("page_number");
    for (server, paging, taken) in
        [(&again, offset, 2), (&counted, number.clone(), 2), (&last, number, 4)]
    {
        let client = server.client();
        let items = || client.items::<u64>("/rows").with_pagination(paging.clone());
        let whole = walk(&mut items());
        let mut first = items();
        let mut rows: Vec<u64> = first.by_ref().take(taken).map(Result::unwrap).collect();
        let point = saved(first.resume_point());
        let (rest, error) = walk(&mut items().resume(&point));
        rows.extend(rest);
        assert_eq!(rows, whole.0, "{paging:?}");
        assert_eq!(error.is_some(), whole.1.is_some(), "{paging:?}: {error:?}");
    }
}

/// `None` is documented as "nothing left": a job that takes its rows in portions and stops
/// between two of them would take an error that is still to come for the end.
#[test]
fn something_is_left_while_an_error_is_still_to_come() {
    let server = paged(&json!([
        {"items": [1, 2], "total": 9, "total_pages": 2},
        {"items": [3], "total": 9, "total_pages": 2},
    ]));
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    let rows: Vec<u64> = items.by_ref().take(3).map(Result::unwrap).collect();
    assert_eq!(rows, up_to(3));
    let point = saved(items.resume_point());
    let (rest, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert!(rest.is_empty() && error.is_some(), "{rest:?} {error:?}");
}
