//! Where a next link leads: what is kept of the request's query, and what stays at home.

use serde_json::json;
use unattended::{Event, Pagination, Request};

use super::links::{cursors, fails, linked, reads};
use super::{body, targets, walk, words};
use crate::support::*;

#[test]
fn a_link_is_followed_as_it_stands() {
    // Shopify, OData and Azure answer 400 to anything beside it.
    let server = || {
        cursors(|cursor, _| match cursor {
            "" => body(&json!({"items": [1], "next": "/v1/rows?cursor=b&order=up"})),
            _ => body(&json!({"items": [2]})),
        })
    };
    let request = || Request::get("/v1/rows?filter=a+b").query("order", "down");
    for (paging, second, lacks) in [
        (Pagination::detect(), "/v1/rows?cursor=b&order=up", Some("filter")),
        (Pagination::next_link("next"), "/v1/rows?cursor=b&order=up", Some("filter")),
        (
            Pagination::next_link("next").keeping_query(),
            "/v1/rows?cursor=b&order=up&filter=a%20b&limit=7",
            None,
        ),
    ] {
        let server = server();
        let (client, events) = observed(server.client());
        let items = client.items::<u64>(request()).with_pagination(paging.clone());
        let (rows, error) = walk(&mut items.with_page_size("limit", 7));
        assert!(error.is_none() && rows == [1, 2], "{paging:?} {error:?}");
        assert_eq!(targets(&server), ["/v1/rows?filter=a+b&order=down&limit=7", second]);
        let told = events.lock().unwrap().iter().find_map(|event| match event {
            Event::QueryNotKept { name, .. } => Some(name.clone()),
            _ => None,
        });
        assert_eq!(told.as_deref(), lacks, "{paging:?}");
    }
    // Told once.
    let server = cursors(|cursor, _| match cursor {
        "" => body(&json!({"items": [1], "next": "?cursor=b"})),
        "b" => body(&json!({"items": [2], "next": "?cursor=c"})),
        "c" => body(&json!({"items": [3], "next": "?cursor=d"})),
        _ => body(&json!({"items": [4]})),
    });
    let (client, events) = observed(server.client());
    let items = client.items::<u64>("/v1/rows?filter=a").with_pagination(Pagination::detect());
    assert!(items.map(Result::unwrap).count() == 4);
    let events = events.lock().unwrap();
    let told: Vec<_> = events.iter().map(ToString::to_string).collect();
    let told: Vec<_> = told.iter().filter(|line| line.contains("lacks")).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].ends_with("/v1/rows: the next link lacks the parameter \"filter\" of the request")
    );
}

#[test]
fn a_gateways_wrong_link_can_be_followed_by_its_query() {
    let links = [
        "http://10.0.0.7:8080/internal/rows?cursor=b",
        "https://inner.example/v2/rows?cursor=b",
        "/other/prefix/rows?cursor=b",
        "?cursor=b",
    ];
    for link in links {
        let server = cursors(move |cursor, seen| match (seen.path(), cursor) {
            ("/api/v1/rows", "") => body(&json!({"items": [1], "next": link})),
            ("/api/v1/rows", "b") => body(&json!({"items": [2], "next": null})),
            _ => reply(404, "{}"),
        });
        let client = server.client();
        let walk_with = |paging: Pagination| {
            walk(&mut client.items::<u64>("/api/v1/rows").with_pagination(paging))
        };
        for paging in [Pagination::detect(), Pagination::next_link("next")] {
            let (rows, error) = walk_with(paging.clone().link_query_only());
            assert!(error.is_none() && rows == [1, 2], "{link}: {error:?}");
            let (rows, error) = walk_with(paging);
            let error = error.map(|error| error.to_string()).unwrap_or_default();
            let is_absolute = link.contains("://");
            assert_eq!(error.contains("declare .link_query_only()"), is_absolute, "{error}");
            assert_eq!(rows.len(), if link == "?cursor=b" { 2 } else { 1 }, "{link}");
        }
    }
    let server = cursors(|_, _| body(&json!({"items": [1], "next": "/rows/2"})));
    let client = server.client();
    let mut items = linked(&client).with_pagination(Pagination::detect().link_query_only());
    assert_eq!(
        words(walk(&mut items).1, &server),
        "GET HOST/v1/rows: page 1: the next link has no query to take (1 rows delivered)"
    );
}

#[test]
fn a_link_below_the_base_that_the_answer_names_is_followed_there() {
    // Confluence: `_links.next` is relative to `_links.base`.
    for base in ["/wiki", "http://HOST/wiki", "http://HOST/wiki/"] {
        let server = cursors(move |cursor, seen| {
            let base = base.replace("HOST", seen.header("host").unwrap());
            match (seen.path(), cursor) {
                ("/wiki/rest/rows", "") => body(&json!({
                    "items": [1],
                    "_links": {"base": base, "next": "/rest/rows?cursor=b", "self": "x"},
                })),
                ("/wiki/rest/rows", "b") => {
                    body(&json!({"items": [2], "_links": {"base": base, "self": "x"}}))
                }
                _ => reply(404, "{}"),
            }
        });
        let client = server.client();
        for paging in [Pagination::detect(), Pagination::next_link("_links.next")] {
            let items = client.items::<u64>("/wiki/rest/rows").with_pagination(paging);
            let rows: Vec<_> = items.map(Result::unwrap).collect();
            assert_eq!(rows, [1, 2], "{base}");
        }
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
                error.ends_with(
                    "the token stays at http://HOST; if a gateway stands before the server that wrote it, declare .link_query_only() (1 rows delivered)"
                ),
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
    let mut items = client.items::<u64>(request).with_pagination(Pagination::detect());
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
        ("https://u:p@127.0.0.1/x", "a link in the answer: a URL must not hold credentials"),
    ] {
        fails(
            &cursors(move |_, _| body(&json!({"items": [1], "next": link}))),
            &[1],
            &format!(
                "GET HOST/v1/rows: page 1: {why}; if a gateway stands before the server that wrote it, declare .link_query_only() (1 rows delivered)"
            ),
        );
    }
}
