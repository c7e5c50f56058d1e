//! Answers of well-known APIs that are the only page, or the last one: no alarm, whatever is
//! declared; and whether the end can be seen without a declaration.

use serde_json::json;
use unattended::Pagination;

use super::{Asks, By, Complete, hold_at};
use crate::pages::body;
use crate::support::*;

/// Whether `detect()` can tell that it is all there is.
#[derive(Clone, Copy, PartialEq)]
enum Undeclared {
    Proved(&'static str),
    /// It ends with what to declare.
    NotProved,
}
use Undeclared::{NotProved, Proved};

type Shape = (&'static str, Reply, Pagination, &'static str, Undeclared);

fn shapes() -> Vec<Shape> {
    let rows = json!([{"id": 1}, {"id": 2}]);
    let bare = || reply(200, rows.to_string());
    let cursor = Pagination::cursor;
    vec![
        (
            "GitHub",
            bare().header("link", r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?page=1>; rel="first""#),
            Pagination::link_header(),
            "items",
            Proved("no next link in the link header"),
        ),
        (
            "Okta",
            bare().header("link", r#"<https://example.okta.com/api/v1/users?limit=200>; rel="self""#),
            Pagination::link_header(),
            "items",
            Proved("no next link in the link header"),
        ),
        (
            "GitLab",
            bare()
                .header("x-next-page", "")
                .header("x-page", "1")
                .header("x-per-page", "20")
                .header("x-prev-page", "")
                .header("x-total", "2")
                .header("x-total-pages", "1"),
            Pagination::page_numbers("page"),
            "items",
            Proved("the word of the server in the x-next-page header"),
        ),
        (
            "Slack",
            body(&json!({"ok": true, "members": rows, "cache_ts": 1, "response_metadata": {"next_cursor": ""}})),
            cursor("cursor", "response_metadata.next_cursor"),
            "members",
            Proved("the word of the server in response_metadata.next_cursor"),
        ),
        (
            "Box",
            body(&json!({"entries": rows, "limit": 100, "next_marker": null})),
            cursor("marker", "next_marker"),
            "entries",
            Proved("the word of the server in next_marker"),
        ),
        (
            "Confluence",
            body(&json!({
                "results": rows, "start": 0, "limit": 25, "size": 2,
                "_links": {"self": "https://example.atlassian.net/wiki/rest/api/content", "base": "https://example.atlassian.net/wiki", "context": "/wiki"},
            })),
            Pagination::next_link("_links.next"),
            "results",
            Proved("no next link in _links"),
        ),
        (
            "Django REST framework",
            body(&json!({"count": 2, "next": null, "previous": null, "results": rows})),
            Pagination::next_link("next"),
            "results",
            Proved("the word of the server in next"),
        ),
        (
            "Stripe",
            body(&json!({"object": "list", "url": "/v1/customers", "has_more": false, "data": rows})),
            Pagination::after_row("starting_after", "id"),
            "data",
            Proved("the word of the server in has_more"),
        ),
        (
            "Salesforce",
            body(&json!({"totalSize": 2, "done": true, "records": rows})),
            Pagination::next_link("nextRecordsUrl"),
            "records",
            Proved("the word of the server in done"),
        ),
        (
            "Jira",
            body(&json!({"expand": "schema,names", "startAt": 0, "maxResults": 50, "total": 2, "issues": rows})),
            Pagination::offset("startAt").with_page_size("maxResults", 50),
            "issues",
            Proved("the 2 rows that the server promised"),
        ),
        (
            "Jira Cloud",
            body(&json!({"isLast": true, "issues": rows})),
            cursor("nextPageToken", "nextPageToken"),
            "issues",
            Proved("the word of the server in isLast"),
        ),
        (
            "JSON:API",
            body(&json!({"data": rows, "links": {"self": "https://example.com/articles"}, "jsonapi": {"version": "1.0"}})),
            Pagination::next_link("links.next"),
            "data",
            Proved("no next link in links"),
        ),
        (
            "FHIR",
            body(&json!({
                "resourceType": "Bundle", "type": "searchset", "total": 2, "entry": rows,
                "link": [{"relation": "self", "url": "https://example.com/fhir/Patient?_count=50"}],
            })),
            Pagination::next_link("link"),
            "entry",
            Proved("no next link in link"),
        ),
        (
            "OData",
            body(&json!({"@odata.context": "https://example.com/odata/$metadata#Orders", "value": rows})),
            Pagination::next_link("@odata.nextLink"),
            "value",
            Proved("no next link in @odata.context"),
        ),
        (
            "a delta feed that is quiet",
            body(&json!({"@odata.context": "https://example.com/$metadata#users", "@odata.deltaLink": "https://example.com/users/delta?$deltatoken=x", "value": []})),
            Pagination::next_link("@odata.nextLink"),
            "value",
            Proved("a page without rows"),
        ),
        (
            "a delta feed",
            body(&json!({"@odata.context": "https://example.com/$metadata#users", "@odata.deltaLink": "https://example.com/users/delta?$deltatoken=x", "value": rows})),
            Pagination::next_link("@odata.nextLink"),
            "value",
            Proved("the word of the server in @odata.deltaLink"),
        ),
        (
            "Microsoft Graph",
            body(&json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users", "@odata.count": 2, "value": rows})),
            Pagination::next_link("@odata.nextLink"),
            "value",
            Proved("no next link in @odata.context"),
        ),
        (
            "Google Calendar",
            body(&json!({"kind": "calendar#events", "etag": "\"p3\"", "nextSyncToken": "CPDAlvWDx70CEPDAlvWDx70CGAU=", "items": rows})),
            cursor("pageToken", "nextPageToken"),
            "items",
            Proved("the word of the server in nextSyncToken"),
        ),
        (
            "Kinto",
            body(&json!({"data": rows})).header("total-records", "2").header("total-objects", "2"),
            Pagination::next_link("header:next-page"),
            "data",
            Proved("the 2 rows that the server promised"),
        ),
        (
            "JupyterHub",
            body(&json!({"items": rows, "_pagination": {"offset": 0, "limit": 200, "total": 2, "next": null}})),
            Pagination::next_link("_pagination.next"),
            "items",
            Proved("the word of the server in _pagination.next"),
        ),
        (
            "HubSpot",
            body(&json!({"results": rows})),
            cursor("after", "paging.next.after"),
            "results",
            NotProved,
        ),
        (
            "AWS",
            body(&json!({"Items": rows})),
            cursor("NextToken", "NextToken"),
            "Items",
            NotProved,
        ),
        (
            "Notion",
            body(&json!({"object": "list", "results": rows, "next_cursor": null, "has_more": false, "type": "user"})),
            cursor("start_cursor", "next_cursor"),
            "results",
            Proved("the word of the server in has_more"),
        ),
        (
            "WordPress",
            bare().header("x-wp-total", "2").header("x-wp-totalpages", "1"),
            Pagination::page_numbers("page"),
            "items",
            Proved("the 1 page that the server promised"),
        ),
        (
            "a page of Spring",
            body(&json!({
                "content": rows, "pageable": {"pageNumber": 0, "pageSize": 20, "offset": 0, "paged": true},
                "last": true, "totalPages": 1, "totalElements": 2, "size": 20, "number": 0,
                "sort": {"empty": true, "sorted": false}, "first": true, "numberOfElements": 2, "empty": false,
            })),
            Pagination::page_numbers("page").starting_at(0),
            "content",
            Proved("the word of the server in last"),
        ),
        (
            "a page of Spring HATEOAS",
            body(&json!({
                "_embedded": {"orders": rows}, "_links": {"self": {"href": "https://example.com/orders"}},
                "page": {"size": 20, "totalElements": 2, "totalPages": 1, "number": 0},
            })),
            Pagination::next_link("_links.next"),
            "_embedded.orders",
            Proved("the 1 page that the server promised"),
        ),
        (
            "Zendesk",
            body(&json!({"users": rows, "meta": {"has_more": false, "after_cursor": "xxx", "before_cursor": "yyy"}, "links": {"prev": "https://example.zendesk.com/a", "next": null}})),
            Pagination::next_link("links.next"),
            "users",
            Proved("the word of the server in links.next"),
        ),
        (
            "GraphQL",
            body(&json!({"data": {"issues": {"nodes": rows, "pageInfo": {"hasNextPage": false, "endCursor": "Y3Vyc29yOnYyOpHOAA=="}}}})),
            cursor("variables.after", "data.issues.pageInfo.endCursor"),
            "data.issues.nodes",
            Proved("the word of the server in data.issues.pageInfo.hasNextPage"),
        ),
        (
            "an API that only lists",
            bare(),
            Pagination::single(),
            "items",
            NotProved,
        ),
    ]
}

#[test]
fn the_only_page_of_well_known_apis_raises_no_alarm_where_its_paging_is_declared() {
    for (name, answer, paging, rows_at, _) in shapes() {
        println!("{name}");
        let count = answer.body.matches("\"id\"").count() as u64;
        // What lies beyond, if somebody asks.
        let empty = answer.body.replace(r#"[{"id":1},{"id":2}]"#, "[]");
        let beyond = Reply { body: empty, ..answer.clone() };
        hold_at(rows_at, &paging, [(vec![answer, beyond], count, Complete)]);
    }
}

#[test]
fn the_only_page_of_well_known_apis_raises_no_alarm_where_nothing_is_declared() {
    let not_proved = "nothing in the answer shows whether this page is the last";
    for (name, answer, _, rows_at, undeclared) in shapes() {
        println!("{name}");
        let count = answer.body.matches("\"id\"").count() as u64;
        let end = match undeclared {
            Proved(proof) => By(proof),
            NotProved => Asks(not_proved, ""),
        };
        hold_at(rows_at, &Pagination::detect(), [(vec![answer], count, end)]);
    }
}
