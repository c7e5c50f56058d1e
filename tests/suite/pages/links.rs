//! Pages that name their successor by a link: in the body, in the `Link` header.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Client, Error, Items, Pagination};

use super::{Stage, asked, body, numbered, serving, walk, words};
use crate::support::*;

/// Answers the API by the cursor of the query, empty for the first page.
pub fn cursors(page: impl Fn(&str, &Seen) -> Reply + Send + Sync + 'static) -> Server {
    serving(move |seen| page(asked(seen, "cursor").unwrap_or_default(), seen))
}

/// Without a declaration; what is followed with one is followed so.
pub fn linked(client: &Client) -> Items<'_, u64> {
    client.items("/v1/rows").with_pagination(Pagination::detect())
}

#[track_caller]
pub fn reads(server: &Server, rows: &[u64]) {
    let client = server.client();
    let (found, error) = walk(&mut linked(&client));
    assert!(error.is_none(), "{error:?}");
    assert_eq!(found, rows);
}

#[track_caller]
pub fn fails(server: &Server, rows: &[u64], expected: &str) {
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
            json!({"next": {"url": target}}),
            json!({"_pagination": {"next": {"url": target, "offset": 2}}}),
            json!({"links": {"next": {"uri": target}}}),
            json!({"links": [{"rel": "next", "uri": target}]}),
            json!({"link": [{"relation": "self", "url": "/x"}, {"relation": "next", "url": target}]}),
            json!({"nextRecordsUrl": target, "done": false}),
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
fn a_next_page_that_cannot_be_followed_is_an_error_that_says_what_to_declare() {
    let stage = Stage::new();
    let cursor = |path: &str, value: &str| {
        format!(
            "page 1: the answer has {path} = {value}, which says that there is more: if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", {path:?})"
        )
    };
    for (more, expected) in [
        (json!({"next": 2}), cursor("next", "2")),
        (json!({"meta": {"next_page": 2.5}}), cursor("meta.next_page", "2.5")),
        // A cursor, though it would do as a relative reference.
        (json!({"next": "40"}), cursor("next", "…")),
        (json!({"next": "abc=="}), cursor("next", "…")),
        (json!({"next_page": "abc"}), cursor("next_page", "…")),
        (json!({"next_cursor": "abc"}), cursor("next_cursor", "…")),
        (json!({"meta": {"next_token": 7}}), cursor("meta.next_token", "7")),
        (json!({"pages": {"nextKey": "abc"}}), cursor("pages.nextKey", "…")),
        (
            json!({"pagination": {"next": true}}),
            "page 1: the answer has pagination.next = true, which says that there is more: declare Pagination::page_numbers(\"<parameter>\")".into(),
        ),
        (
            json!({"paging": {"next": {"after": "b"}}}),
            "page 1: the answer has paging.next = {…}, which says that there is more: if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", \"paging.next.after\")".into(),
        ),
        (
            json!({"has_more": true}),
            "page 1: the answer has has_more = true, which says that there is more: declare Pagination::page_numbers(\"<parameter>\")".into(),
        ),
    ] {
        let mut page = more;
        page["items"] = json!([1]);
        let outcome = stage.walk(&[body(&page)], &Pagination::detect());
        assert_eq!((outcome.rows, outcome.error), (vec![1], Some(expected)), "{page}");
        assert_eq!(outcome.class, Some(ErrorKind::Configuration), "{page}");
    }
    for end in [
        json!({"next": null}),
        json!({"next": ""}),
        json!({"next": false}),
        json!({"next": " "}),
        json!({"next": {"href": null}}),
        json!({"next": [null, ""]}),
    ] {
        let mut page = end;
        page["items"] = json!([1]);
        for paging in [Pagination::detect(), Pagination::next_link("next")] {
            let outcome = stage.walk(&[body(&page)], &paging);
            assert_eq!((outcome.rows, outcome.error), (vec![1], None), "{paging:?} {page}");
        }
    }
    // Where a link was declared, anything else at its place is an error.
    for value in [json!(2), json!(true), json!({"after": "b"})] {
        let page = body(&json!({"items": [1], "next": value}));
        let outcome = stage.walk(&[page], &Pagination::next_link("next"));
        assert_eq!(outcome.error.as_deref(), Some("page 1: next holds no link"));
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
fn a_link_in_another_header_is_followed_where_it_is_declared_or_recognised() {
    // Kinto.
    let server = cursors(|cursor, seen| match cursor {
        "" => {
            let next = format!("http://{}/v1/rows?cursor=b", seen.header("host").unwrap());
            body(&json!({"items": [1]})).header("next-page", next)
        }
        _ => body(&json!({"items": [2]})),
    });
    let client = server.client();
    for paging in [Pagination::next_link("header:Next-Page"), Pagination::detect()] {
        let items = client.items::<u64>("/v1/rows").with_pagination(paging);
        assert_eq!(items.map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn a_link_header_that_names_a_next_page_and_cannot_be_read_is_an_error() {
    let stage = Stage::new();
    for line in ["</rows?page=2; rel=next", "/rows?page=2; rel=\"next\""] {
        for paging in [Pagination::detect(), Pagination::link_header()] {
            let outcome = stage.walk(&[reply(200, "[1]").header("link", line)], &paging);
            assert_eq!(
                outcome.error.as_deref(),
                Some("page 1: the Link header names a next page and cannot be read (RFC 8288 §3)"),
                "{paging:?} {line}"
            );
        }
    }
}

#[test]
fn a_next_link_with_results_false_is_the_end() {
    // Sentry links to a next page always, and says whether there is something on it.
    let line = |cursor: &str, results: bool| {
        format!(
            "</rows?c=0>; rel=\"previous\"; results=\"false\", </rows?c={cursor}>; rel=\"next\"; results=\"{results}\""
        )
    };
    let stage = Stage::new();
    let pages = [
        reply(200, "[1]").header("link", line("1", true)),
        reply(200, "[2]").header("link", line("2", false)),
    ];
    for paging in [Pagination::detect(), Pagination::link_header()] {
        let outcome = stage.walk(&pages, &paging);
        assert_eq!((outcome.rows, outcome.error, outcome.requests), (vec![1, 2], None, 2));
    }
}

#[test]
fn no_link_is_the_end_unless_a_total_contradicts() {
    let stage = Stage::new();
    let links = Pagination::link_header();
    for page in [
        reply(200, "[1]"),
        reply(200, "[1]").header("link", "</x>; rel=nextish, <broken"),
        body(&json!({"items": [1], "total": 1})),
    ] {
        let outcome = stage.walk(&[page], &links);
        assert_eq!(outcome.proof.as_deref(), Some("nothing more in the Link header"));
    }
    for (meta, expected) in [
        (json!({"total_count": 2}), "page 1: fewer rows were delivered than promised"),
        (
            json!({"total_pages": 2}),
            "page 1: the answer counts 2 pages: declare Pagination::page_numbers(\"<parameter>\")",
        ),
        (
            json!({"next_page": 2}),
            "page 1: the answer has meta.next_page = 2, which says that there is more: if the next page is asked for with a parameter, declare Pagination::cursor(\"<parameter>\", \"meta.next_page\"); if it means something else, declare .ignoring(\"meta.next_page\")",
        ),
    ] {
        let outcome = stage.walk(&[body(&json!({"items": [1], "meta": meta}))], &links);
        assert_eq!((outcome.rows, outcome.error.as_deref()), (vec![1], Some(expected)));
    }
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

#[test]
fn a_linked_walk_ends_at_once_where_an_empty_page_says_that_there_is_no_more() {
    let stage = Stage::new();
    for end in [
        json!({"items": [], "next": "?cursor=c", "has_more": false}),
        json!({"items": [], "next": "?cursor=c", "last": true}),
    ] {
        let pages = [body(&json!({"items": [1], "next": "?cursor=b"})), body(&end)];
        let outcome = stage.walk(&pages, &Pagination::detect());
        assert_eq!((outcome.rows, outcome.error, outcome.requests), (vec![1], None, 2), "{end}");
    }
}

#[test]
fn a_link_to_a_page_that_was_read_is_the_end_where_nothing_is_missing() {
    let stage = Stage::new();
    let next = "/rows?cursor=b";
    let first = || body(&json!({"items": [1], "next": next}));
    for (last, proof) in [
        // Zendesk and Graph.
        (json!({"items": [], "next": next}), "a page without rows"),
        (json!({"items": [2], "next": next, "total": 2}), "the 2 rows that the server promised"),
        (
            json!({"items": [2], "next": next, "has_more": false}),
            "the word of the server in has_more",
        ),
        (
            json!({"items": [2], "next": next, "end_of_stream": true}),
            "the word of the server in end_of_stream",
        ),
    ] {
        let rows = last["items"].as_array().unwrap().len() + 1;
        for paging in [Pagination::detect(), Pagination::next_link("next")] {
            let outcome = stage.walk(&[first(), body(&last)], &paging);
            assert_eq!(outcome.proof.as_deref(), Some(proof), "{paging:?} {last} {outcome:?}");
            assert_eq!((outcome.rows.len(), outcome.requests), (rows, 2), "{last}");
        }
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
        [("/v1/rows?cursor=b", &[1, 2]), ("/v1/rows", &[1, 1]), ("/v1/moved", &[1, 2])];
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
        let (found, error) = walk(&mut items.with_pagination(Pagination::detect()));
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
    let rows = client.items::<u64>("/x").with_pagination(Pagination::detect());
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
        let mut items = client.items::<u64>("/rows").with_pagination(Pagination::detect());
        let (rows, error) = walk(&mut items);
        assert_eq!(rows, [1, 2, 3, 4]);
        assert!(matches!(error, Some(Error::Incomplete(_))), "{number}: {error:?}");
    }
}

#[test]
fn a_walk_over_links_that_begins_in_the_middle_is_held_to_no_total() {
    for page in [2, 5] {
        let answer = json!({"items": [9], "pagination": {"page_number": page, "total_items": 9}});
        let stage = Stage::new();
        let outcome = stage.walk(&[body(&answer)], &Pagination::link_header());
        assert_eq!((outcome.rows, outcome.error), (vec![9], None));
    }
}

/// A `Link` header may speak of anything (RFC 8288 §1): only relations of pages show that a
/// next link would stand there.
#[test]
fn a_link_header_without_relations_of_pages_proves_no_end() {
    let stage = Stage::new();
    for link in [
        "</style.css>; rel=preload; as=style",
        "<https://api.test/schema>; rel=\"describedby\"",
        "<https://api.test/wp-json/>; rel=\"https://api.w.org/\"",
        "<https://api.test/v2>; rel=\"sunset\", <https://api.test/doc>; rel=\"deprecation\"",
    ] {
        let page = reply(200, "[1, 2]").header("link", link);
        let outcome = stage.walk(&[page], &Pagination::detect());
        assert!(outcome.error.is_some(), "{link}: {:?}", outcome.proof);
    }
    // Relations that are `next` by another spelling, a CURIE or a URI (RFC 8288 §2.1.2).
    for relation in ["next-page", "nextPage", "next_page", "ea:next", "https://api.test/rels/next"]
    {
        let page = body(&json!({
            "items": [1, 2],
            "links": [{"rel": "self", "href": "/rows"}, {"rel": relation, "href": "/rows?page=2"}],
        }));
        for paging in [Pagination::detect(), Pagination::next_link("links")] {
            let outcome = stage.walk(std::slice::from_ref(&page), &paging);
            assert!(outcome.error.is_some(), "{relation}, {paging:?}: {:?}", outcome.proof);
        }
    }
    let links = json!({"self": {"href": "/rows"}, "ea:next": {"href": "/rows?page=2"}});
    let page = body(&json!({"items": [1, 2], "_links": links}));
    let outcome = stage.walk(&[page], &Pagination::detect());
    assert!(outcome.error.is_some(), "{outcome:#?}");
}
