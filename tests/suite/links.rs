//! Pages that name their successor: Snapdocs's `meta.next_page`, links in the body and in
//! the `Link` header.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use unattended::{Client, Error, Items, Pagination, Provider, Request};

use crate::pages::{asked, body, walk, words};
use crate::support::*;

/// Answers the API by the cursor of the query, empty for the first page.
fn cursors(page: impl Fn(&str, &Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => page(asked(seen, "cursor").unwrap_or_default(), seen),
    })
}

fn linked(client: &Client) -> Items<'_, u64> {
    client.items("/v1/rows").with_pagination(Pagination::next_link())
}

#[track_caller]
fn reads(server: &Server, rows: &[u64]) {
    let client = server.client();
    let (found, error) = walk(&mut linked(&client));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found, rows);
}

#[track_caller]
fn fails(server: &Server, rows: &[u64], expected: &str) {
    let client = server.client();
    let (found, error) = walk(&mut linked(&client));
    assert_eq!((found.as_slice(), words(error, server).as_str()), (rows, expected));
}

#[test]
fn a_next_link_in_the_body_is_found_wherever_it_stands() {
    for target in ["/v1/rows?cursor=b", "rows?cursor=b", "?cursor=b", "../v1/./rows?cursor=b#x"] {
        let shapes = [
            json!({"next": target}),
            json!({"next": {"href": target}}),
            json!({"nextLink": target}),
            json!({"next_link": target}),
            json!({"@odata.nextLink": target}),
            json!({"links": {"next": target}}),
            json!({"_links": {"next": {"href": target}, "self": {"href": "/x"}}}),
            json!({"_links": {"next": [{"href": target}]}}),
            json!({"links": [{"rel": "prev", "href": "/x"}, {"rel": "Next", "href": target}]}),
            json!({"links": [
                {"rel": ["self", "first"], "href": "/x"},
                {"rel": ["last", "next"], "href": target},
            ]}),
            json!({"next": ["", {"href": null}, target]}),
            json!({"pagination": {"next": target}}),
            json!({"meta": {"next": target}}),
            json!({"meta": {"next_page": target}}),
            json!({"meta": {"next": target}, "pagination": {}}),
            json!({"next_page_url": target}),
            json!({"paging": {"nextUrl": target}}),
        ];
        for mut first in shapes {
            first["items"] = json!([1]);
            let shape = first.to_string();
            let server = cursors(move |cursor, _| match cursor {
                "" => body(&first),
                "b" => body(&json!({"items": [2], "next": null})),
                _ => reply(404, "{}"),
            });
            let client = server.client();
            let (rows, error) = walk(&mut linked(&client));
            assert!(error.is_none(), "{shape}: {error:?}");
            assert_eq!(rows, [1, 2], "{shape}");
            let last = server.api_requests().pop().unwrap();
            assert_eq!(last.target, "/v1/rows?cursor=b", "{shape}");
        }
    }
}

#[test]
fn a_next_page_that_cannot_be_read_is_an_error() {
    for more in [
        json!({"next": 2}),
        json!({"next": {"url": "/x"}}),
        json!({"links": {"next": {"uri": "/x"}}}),
        json!({"links": [{"rel": "next", "uri": "/x"}]}),
        json!({"pagination": {"next": true}}),
        json!({"meta": {"next_page": 2.5}}),
        json!({"next": {"href": 5}}),
        json!({"next": [null, {"id": 5}]}),
        // A cursor, though it would do as a relative reference.
        json!({"next": "40"}),
        json!({"next": "abc=="}),
        json!({"next_page": "abc"}),
        json!({"_links": {"next": {"href": "b"}}}),
    ] {
        let mut page = more.clone();
        page["items"] = json!([1]);
        let server = cursors(move |_, _| body(&page));
        fails(
            &server,
            &[1],
            "GET HOST/v1/rows: page 1: the answer says that there is more, but not by a link or number that could be followed (1 rows delivered)",
        );
    }
    for end in [
        json!({"next": null}),
        json!({"next": ""}),
        json!({"links": []}),
        json!({"next": false}),
        json!({"next": " "}),
        json!({"next": {"href": null}}),
        json!({"next": [null, ""]}),
    ] {
        let mut page = end;
        page["items"] = json!([1]);
        reads(&cursors(move |_, _| body(&page)), &[1]);
    }
}

#[test]
fn a_next_link_in_the_link_header_is_found_wherever_it_stands() {
    let headers: [&[&str]; 10] = [
        &["</v1/rows?cursor=b>; rel=\"next\""],
        &["<?cursor=b>;rel=next"],
        &["</x>; rel=\"prev\", </v1/rows?cursor=b>; rel=\"next\", </y>; rel=\"last\""],
        &["</x>; title=\"a, b; c <d>\"; rel=first, <?cursor=b>; title=\"e\"; REL=\"Next\""],
        &["<?cursor=b>; rel=\"last next\""],
        &["</x>; rel=prev", "<?cursor=b>; rel=next"],
        &["<?cursor=b>; title=\"5\\\" disk, flat\"; rel=\"next\""],
        &["</x>; title=\"; rel=next\", <?cursor=b>; rel=next"],
        &["<?cursor=b>; title=\"Gerät\"; rel=\"next\""],
        &["<?cursor=b>; rel = \"next\" ; x"],
    ];
    for lines in headers {
        let server = cursors(move |cursor, _| match cursor {
            "" => lines.iter().fold(reply(200, "[1]"), |reply, line| reply.header("link", *line)),
            "b" => reply(200, "[2]").header("link", "</v1/rows>; rel=\"first\""),
            _ => reply(404, "{}"),
        });
        let client = server.client();
        let (rows, error) = walk(&mut linked(&client));
        assert!(error.is_none(), "{lines:?}: {error:?}");
        assert_eq!(rows, [1, 2], "{lines:?}");
    }
}

#[test]
fn no_link_is_the_end_unless_a_total_contradicts() {
    reads(&cursors(|_, _| body(&json!({"items": [1]}))), &[1]);
    reads(&cursors(|_, _| reply(200, "[1]").header("link", "</x>; rel=nextish, <broken")), &[1]);
    fails(
        &cursors(|_, _| body(&json!({"items": [1], "meta": {"total_pages": 2}}))),
        &[1],
        "GET HOST/v1/rows: page 1: no next page is named, although the answer counts 2 pages (1 rows delivered)",
    );
    fails(
        &cursors(|_, _| body(&json!({"items": [1], "meta": {"total_count": 2}}))),
        &[1],
        "GET HOST/v1/rows: page 1: fewer rows were delivered than promised (1 rows delivered of 2 promised)",
    );
    fails(
        &cursors(|_, _| body(&json!({"items": [1], "meta": {"next_page": 2}}))),
        &[1],
        "GET HOST/v1/rows: page 1: the answer names page 2 as the next: choose Pagination::next_page (1 rows delivered)",
    );
}

#[test]
fn the_requests_query_and_the_page_size_are_kept_where_the_link_lacks_them() {
    let server = cursors(|cursor, _| match cursor {
        "" => body(&json!({"items": [1], "next": "/v1/rows?cursor=b&order=up"})),
        _ => body(&json!({"items": [2]})),
    });
    let client = server.client();
    let request = Request::get("/v1/rows?filter=a+b").query("order", "down");
    let mut items = client
        .items::<u64>(request)
        .with_pagination(Pagination::next_link().with_page_size_parameter("limit"))
        .with_page_size(7);
    assert_eq!(walk(&mut items).0, [1, 2]);
    let seen = server.api_requests();
    assert_eq!(seen[0].target, "/v1/rows?filter=a+b&order=down&limit=7");
    assert_eq!(seen[1].target, "/v1/rows?cursor=b&order=up&filter=a+b&limit=7");
}

#[test]
fn empty_pages_with_a_next_link_are_followed() {
    reads(
        &cursors(|cursor, _| match cursor {
            "" => body(&json!({"items": [], "next": "?cursor=b"})),
            "b" => body(&json!({"items": [], "next": "?cursor=c"})),
            _ => body(&json!({"items": [1]})),
        }),
        &[1],
    );
    // Bodies that are identical because there is nothing in them.
    reads(
        &cursors(|cursor, _| match cursor {
            "" => reply(200, "[]").header("link", "<?cursor=b>; rel=next"),
            "b" => reply(200, "[]").header("link", "<?cursor=c>; rel=next"),
            _ => reply(200, "[1]"),
        }),
        &[1],
    );
}

/// Answers the API with `page`, by the number of the request, over raw sockets: fast.
pub fn endless(page: fn(u64) -> Value) -> (Client, Arc<AtomicU64>) {
    let requests = Arc::new(AtomicU64::new(0));
    let counter = requests.clone();
    let origin = raw_server(move |mut stream, _| {
        while let Some(seen) = read_request(&mut stream) {
            let answer = match seen.path() {
                TOKEN_PATH => token_reply("t", 3600),
                _ => body(&page(counter.fetch_add(1, Ordering::SeqCst) + 1)),
            };
            write_reply(&mut stream, &answer);
        }
    });
    (client_at(&origin), requests)
}

#[test]
fn empty_pages_are_not_followed_for_ever() {
    type Answer = fn(u64) -> Value;
    let cases: [(Pagination, Answer); 2] = [
        (Pagination::next_link(), |n| json!({"items": [], "next": format!("?cursor={n}")})),
        (
            Pagination::next_page("page").with_items_key("items"),
            |n| json!({"items": [], "meta": {"next_page": n + 1}}),
        ),
    ];
    for (pagination, page) in cases {
        let (client, requests) = endless(page);
        let mut items = client.items::<u64>("/v1/rows").with_pagination(pagination);
        let error = items.next().unwrap().unwrap_err().to_string();
        assert!(error.contains("1000 pages in a row were empty"), "{error}");
        assert!(items.next().is_none());
        assert_eq!(requests.load(Ordering::SeqCst), 1001);
    }
}

#[test]
fn a_cycle_of_links_is_an_error() {
    fails(
        &cursors(|cursor, _| match cursor {
            "" => body(&json!({"items": [1], "next": "?cursor=b"})),
            "b" => body(&json!({"items": [2], "next": "?cursor=c"})),
            _ => body(&json!({"items": [3], "next": "?cursor=b"})),
        }),
        &[1, 2, 3],
        "GET HOST/v1/rows: page 3: the next link leads to a page that was read before (3 rows delivered)",
    );
    // To the very page that it stands on.
    fails(
        &cursors(|_, _| body(&json!({"items": [1], "next": "/v1/rows"}))),
        &[1],
        "GET HOST/v1/rows: page 1: the next link leads to a page that was read before (1 rows delivered)",
    );
}

#[test]
fn a_cycle_is_noticed_where_its_links_lack_the_callers_query_or_redirect() {
    let cases: [(&'static str, &[u64]); 3] =
        [("/v1/rows?cursor=b", &[1, 2]), ("/v1/rows", &[1]), ("/v1/moved", &[1, 2])];
    for (next, rows) in cases {
        let asked = AtomicU64::new(0);
        let server = cursors(move |cursor, seen| match (cursor, seen.path()) {
            _ if asked.fetch_add(1, Ordering::Relaxed) == 9 => reply(404, "{}"),
            (_, "/v1/moved") => reply(302, "").header("location", "/v1/rows?cursor=b"),
            ("", _) => body(&json!({"items": [1], "next": next})),
            _ => body(&json!({"items": [2], "next": next})),
        });
        let client = server.client();
        let items = client.items::<u64>("/v1/rows?filter=a");
        let (found, error) = walk(&mut items.with_pagination(Pagination::next_link()));
        assert_eq!(found, rows, "{next}");
        let page = rows.len();
        assert_eq!(
            words(error, &server),
            format!(
                "GET HOST/v1/rows: page {page}: the next link leads to a page that was read before ({page} rows delivered)"
            )
        );
    }
}

#[test]
fn a_link_to_another_origin_is_an_error_and_nothing_arrives_there() {
    let stranger = Server::with_api([reply(200, r#"{"items":[9]}"#)]);
    let there = stranger.url("/v1/rows?cursor=b");
    let home = stranger.url("").replace("http:", "");
    for link in
        [there, format!("{home}/v1/rows"), stranger.url("/").replace("127.0.0.1", "localhost")]
    {
        for in_header in [false, true] {
            let link = link.clone();
            let server = cursors(move |_, _| match in_header {
                false => body(&json!({"items": [1], "next": link})),
                true => reply(200, "[1]").header("link", format!("<{link}>; rel=next")),
            });
            let client = server.client();
            let (rows, error) = walk(&mut linked(&client));
            let error = words(error, &server);
            assert_eq!(rows, [1]);
            assert!(error.contains("the next link leads to another origin, http://"), "{error}");
            assert!(
                error.ends_with("the token stays at http://HOST (1 rows delivered)"),
                "{error}"
            );
        }
    }
    assert!(stranger.seen().is_empty());
}

#[test]
fn a_walk_without_token_stays_at_its_origin_as_well() {
    let stranger = Server::with_api([reply(200, r#"{"items":[9]}"#)]);
    let there = stranger.url("/v1/rows");
    let server = cursors(move |_, _| body(&json!({"items": [1], "next": there})));
    let elsewhere = Server::start(|_| reply(404, "{}"));
    let client = elsewhere.client();
    let request = Request::get(server.url("/v1/rows"))
        .without_token()
        .header("authorization", "Basic c2VjcmV0");
    let mut items = client.items::<u64>(request).with_pagination(Pagination::next_link());
    let (rows, error) = walk(&mut items);
    assert_eq!(rows, [1]);
    assert!(words(error, &server).contains("the next link leads to another origin"));
    assert!(stranger.seen().is_empty());
}

#[test]
fn an_absolute_link_to_the_same_origin_is_followed() {
    let server = cursors(|cursor, seen| match cursor {
        "" => {
            let host = seen.header("host").unwrap();
            body(&json!({"items": [1], "next": format!("HTTP://{host}/v1/rows?cursor=b")}))
        }
        _ => body(&json!({"items": [2]})),
    });
    reads(&server, &[1, 2]);
}

#[test]
fn a_link_that_is_no_url_is_an_error() {
    for (link, why) in [
        ("ftp://127.0.0.1/x", "a link in the answer: the scheme must be https"),
        (
            "http://example.com/x",
            "a link in the answer: plain http is allowed to this machine only: use https",
        ),
        ("https://u:p@127.0.0.1/x", "a link in the answer: credentials do not belong into a URL"),
    ] {
        fails(
            &cursors(move |_, _| body(&json!({"items": [1], "next": link}))),
            &[1],
            &format!("GET HOST/v1/rows: page 1: {why} (1 rows delivered)"),
        );
    }
}

/// A client for Snapdocs whose API is `server`.
fn snapdocs(server: &Server) -> Client {
    let pagination = Pagination::next_page("page");
    let provider: Provider = server.provider().with_pagination(pagination);
    Client::new(provider, unattended::Credentials::new("id", SECRET)).unwrap()
}

/// Serves subscriptions whose page n says `next[n - 1]`.
fn subscriptions(next: Value) -> Server {
    Server::start(move |seen| {
        if seen.path() == TOKEN_PATH {
            return token_reply("t", 3600);
        }
        let page: u64 = asked(seen, "page").map_or(1, |page| page.parse().unwrap());
        let meta = json!({"current_page": page, "next_page": next[page as usize - 1]});
        body(&json!({"data": [page], "meta": meta}))
    })
}

#[test]
fn next_page_is_followed_to_its_null() {
    for (next, rows) in [
        (json!([2, 3, null]), vec![1, 2, 3]),
        (json!(["2", " 3 ", ""]), vec![1, 2, 3]),
        (json!(["/v1/subscriptions?page=2", "?page=3", null]), vec![1, 2, 3]),
        (json!([3, null, null]), vec![1, 3]),
        (json!([null]), vec![1]),
    ] {
        let server = subscriptions(next.clone());
        let client = snapdocs(&server);
        let (found, error) = walk(&mut client.items::<u64>("/v1/subscriptions?kind=a"));
        assert!(error.is_none(), "{next}: {error:?}");
        assert_eq!(found, rows, "{next}");
        let seen = server.api_requests();
        assert_eq!(seen[0].target, "/v1/subscriptions?kind=a");
        assert!(seen.iter().all(|seen| asked(seen, "kind") == Some("a")));
    }
}

#[test]
fn the_whole_meta_of_snapdocs_is_held_against_the_rows() {
    let cases = [
        (
            json!({"current_page": 1, "total_pages": 1, "next_page": null, "page_size": 9, "total_count": 1}),
            "",
        ),
        (
            json!({"current_page": 1, "total_pages": 2, "next_page": null, "total_count": 2}),
            "GET HOST/x: page 1: no next page is named, although the answer counts 2 pages (1 rows delivered of 2 promised)",
        ),
        (
            json!({"current_page": 1, "next_page": null, "total_count": 2}),
            "GET HOST/x: page 1: fewer rows were delivered than promised (1 rows delivered of 2 promised)",
        ),
        (
            json!({"current_page": 1, "next_page": 1}),
            "GET HOST/x: page 1: page 1 is named as the next after page 1 (1 rows delivered)",
        ),
        (
            json!({"current_page": 1, "next_page": 0}),
            "GET HOST/x: page 1: page 0 is named as the next after page 1 (1 rows delivered)",
        ),
        (
            json!({"current_page": 1, "next_page": {"number": 2}}),
            "GET HOST/x: page 1: the answer says that there is more, but not by a link or number that could be followed (1 rows delivered)",
        ),
    ];
    for (meta, expected) in cases {
        let answer = json!({"data": [1], "meta": meta});
        let server = cursors(move |_, _| body(&answer));
        let client = snapdocs(&server);
        let (rows, error) = walk(&mut client.items::<u64>("/x"));
        assert_eq!(rows, [1], "{meta}");
        match expected {
            "" => assert!(error.is_none(), "{error:?}"),
            expected => assert_eq!(words(error, &server), expected),
        }
    }
}

#[test]
fn a_wrong_name_of_the_page_parameter_is_found_out() {
    // The server does not know the parameter and gives its first page again.
    for (meta, why) in [
        (
            json!({"current_page": 1, "next_page": 2}),
            "page 2 was asked for and the answer says it is page 1: does the server know the query parameter \"page\"?",
        ),
        (
            json!({"next_page": 2}),
            "the page is identical to the one before: does the server know the query parameter \"page\"? A collection without pages is read with Pagination::single()",
        ),
    ] {
        let answer = json!({"data": [1], "meta": meta});
        let server = cursors(move |_, _| body(&answer));
        let client = snapdocs(&server);
        let (rows, error) = walk(&mut client.items::<u64>("/x"));
        assert_eq!(rows, [1]);
        assert_eq!(words(error, &server), format!("GET HOST/x: page 2: {why} (1 rows delivered)"));
    }
}

#[test]
fn documents_and_borrowers_come_unpaged() {
    let server = cursors(|_, _| body(&json!({"documents": [1, 2]})));
    let client = snapdocs(&server);
    let (rows, error) = walk(&mut client.items::<u64>("/x").with_items_key("documents"));
    assert_eq!((rows, error.is_none()), (vec![1, 2], true));
}

/// The rows of a walk by links over one answer with this beside its items.
fn rows_beside(beside: &Value) -> Vec<unattended::Result<u64>> {
    let mut answer = json!({"items": [1]});
    answer.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
    let server = Server::with_api([reply(200, answer.to_string())]);
    let client = server.client();
    client.items("/x").with_pagination(Pagination::next_link()).collect()
}

#[test]
fn a_cursor_that_cannot_be_followed_is_an_error_and_not_the_end() {
    for hint in [
        json!({"next_cursor": "abc"}),
        json!({"nextPageToken": "abc"}),
        json!({"has_more": true}),
        json!({"meta": {"next_token": 7}}),
        json!({"totalPages": 3}),
        json!({"@odata.count": 2}),
    ] {
        let rows = rows_beside(&hint);
        assert!(matches!(rows[..], [Ok(1), Err(Error::Incomplete(_))]), "{hint}: {rows:?}");
    }
    for end in [json!({"next_cursor": null}), json!({"has_more": false}), json!({"nextToken": ""})]
    {
        let rows = rows_beside(&end);
        assert!(matches!(rows[..], [Ok(1)]), "{end}: {rows:?}");
    }
}

#[test]
fn a_server_that_ignores_the_page_is_found_out_though_something_changes_in_each_answer() {
    let counter = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |seen| {
        if seen.path() == TOKEN_PATH {
            return token_reply("t", 3600);
        }
        let time = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        reply(200, json!({"time": time, "items": [1, 2]}).to_string())
    });
    let client = server.client();
    let last = client.items::<u64>("/x").last().unwrap().unwrap_err();
    assert!(last.to_string().contains("the page is identical to the one before"), "{last}");
    assert_eq!(server.api_requests().len(), 2);
}

#[test]
fn pages_with_equal_rows_are_no_loop_where_each_link_is_followed_once() {
    let server = Server::start(|seen| {
        let page: u64 = seen.target.rsplit_once('=').map_or(1, |(_, page)| page.parse().unwrap());
        let next = (page < 5).then(|| format!("/x?page={}", page + 1));
        match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            _ => reply(200, json!({"items": [7, 7], "next": next}).to_string()),
        }
    });
    let client = server.client();
    let rows = client.items::<u64>("/x").with_pagination(Pagination::next_link());
    assert_eq!(rows.map(Result::unwrap).sum::<u64>(), 70);
}

#[test]
fn a_link_need_not_agree_with_the_number_that_a_page_says() {
    let page =
        |rows: Value, next: Value| body(&json!({"items": rows, "page_number": 1, "next": next}));
    let server = cursors(move |cursor, _| match cursor {
        "" => page(json!([1]), json!("?cursor=b")),
        _ => page(json!([2]), Value::Null),
    });
    reads(&server, &[1, 2]);
}

#[test]
fn a_cycle_of_links_in_place_of_numbers_is_an_error() {
    let page = |row: u64, next: &str| body(&json!({"items": [row], "meta": {"next_page": next}}));
    let server = cursors(move |cursor, _| match cursor {
        "" => page(1, "?cursor=b"),
        "b" => page(2, "?cursor=c"),
        _ => page(3, "?cursor=b"),
    });
    let client = server.client();
    let pagination = Pagination::next_page("page").with_items_key("items");
    let mut items = client.items::<u64>("/v1/rows").with_pagination(pagination);
    let rows: Vec<_> = items.by_ref().take(5).collect();
    assert!(matches!(rows[..], [Ok(1), Ok(2), Ok(3), Err(Error::Incomplete(_))]), "{rows:?}");
}

#[test]
fn a_thousand_empty_pages_are_followed_wherever_they_stand() {
    let (client, _) = endless(|n| match n {
        1 => json!({"items": [1], "next": "?cursor=1"}),
        1002 => json!({"items": [2]}),
        _ => json!({"items": [], "next": format!("?cursor={n}")}),
    });
    let (rows, error) = walk(&mut linked(&client));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows, [1, 2]);
}
