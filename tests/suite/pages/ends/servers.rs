//! Answers in the shapes of well-known APIs: five rows, two on a page. With the line that
//! declares it each is complete; without, it is complete or an error that asks for a line.

use serde_json::{Value, json};
use unattended::error::ErrorKind;
use unattended::{Error, Pagination};

use crate::pages::{asked, body, serving, targets, walk};
use crate::support::*;

/// A name, how it answers, where its rows are, and the line that declares it.
type Shape = (&'static str, fn(&Seen) -> Reply, &'static str, Pagination);

/// The rows of a page that begins after so many.
fn rows(before: u64) -> Value {
    (before + 1..=5).take(2).map(|id| json!({"id": id})).collect()
}

/// The number that a parameter has; what is none asks for the first page.
fn number(seen: &Seen, name: &str, first: u64) -> u64 {
    asked(seen, name).and_then(|number| number.parse().ok()).unwrap_or(first)
}

/// How many rows are before the page that a cursor asks for, and the cursor to the next one.
fn cursor(seen: &Seen, name: &str) -> (u64, Option<String>) {
    let before = asked(seen, name).and_then(|cursor| cursor.strip_prefix('c')?.parse().ok());
    let before: u64 = before.unwrap_or(0);
    (before, (before + 2 < 5).then(|| format!("c{}", before + 2)))
}

/// An absolute link on the server that was asked.
fn absolute(seen: &Seen, link: &str) -> String {
    format!("http://{}{link}", seen.header("host").unwrap())
}

/// An object without the members that are `null`.
fn present(value: Value) -> Value {
    let members = value.as_object().unwrap().clone().into_iter();
    Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
}

fn sophos(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "pageFromKey");
    let pages = present(json!({"size": 2, "maxSize": 500, "nextKey": next}));
    body(&json!({"items": rows(before), "pages": pages}))
}

fn salesforce(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "c");
    let link = next.as_ref().map(|next| format!("/rows?c={next}"));
    body(&present(json!({
        "totalSize": 5, "done": next.is_none(), "records": rows(before), "nextRecordsUrl": link,
    })))
}

fn adobe_users(seen: &Seen) -> Reply {
    let page = number(seen, "page", 0);
    body(&json!({"lastPage": page == 2, "result": "success", "users": rows(2 * page)}))
}

fn box_marker(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "marker");
    body(&json!({"entries": rows(before), "limit": 2, "next_marker": next.unwrap_or_default()}))
}

fn fhir(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "c");
    let own = json!({"relation": "self", "url": absolute(seen, "/rows")});
    let next = next
        .map(|next| json!({"relation": "next", "url": absolute(seen, &format!("/rows?c={next}"))}));
    let link: Vec<Value> = [own].into_iter().chain(next).collect();
    body(
        &json!({"resourceType": "Bundle", "type": "searchset", "entry": rows(before), "link": link}),
    )
}

fn scim_index(seen: &Seen) -> Reply {
    let start = number(seen, "startIndex", 1);
    body(
        &json!({"totalResults": 5, "itemsPerPage": 2, "startIndex": start, "Resources": rows(start.saturating_sub(1))}),
    )
}

fn scim_cursor(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "cursor");
    body(&present(json!({
        "totalResults": 5, "itemsPerPage": 2, "Resources": rows(before), "nextCursor": next,
    })))
}

fn xero(seen: &Seen) -> Reply {
    let page = number(seen, "page", 1);
    let pagination = json!({"page": page, "pageSize": 2, "pageCount": 3, "itemCount": 5});
    body(&json!({"pagination": pagination, "Invoices": rows(2 * page.saturating_sub(1))}))
}

fn genesys(seen: &Seen) -> Reply {
    let page = number(seen, "pageNumber", 1);
    let next = (page < 3).then(|| format!("/rows?pageSize=2&pageNumber={}", page + 1));
    body(&present(json!({
        "entities": rows(2 * page.saturating_sub(1)), "pageSize": 2, "pageNumber": page, "total": 5,
        "pageCount": 3, "nextUri": next,
    })))
}

fn odata_4(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "$skiptoken");
    let next = next.map(|next| absolute(seen, &format!("/rows?$skiptoken={next}")));
    body(&present(json!({"value": rows(before), "@odata.nextLink": next})))
}

fn odata_2(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "$skiptoken");
    let next = next.map(|next| absolute(seen, &format!("/rows?$skiptoken={next}")));
    body(&json!({"d": present(json!({"results": rows(before), "__next": next}))}))
}

fn json_api(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "page%5Bcursor%5D");
    let next = next.map(|next| format!("/rows?page%5Bcursor%5D={next}"));
    body(&json!({"data": rows(before), "links": present(json!({"self": "/rows", "next": next}))}))
}

fn hal(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "c");
    let next = next.map(|next| json!({"href": format!("/rows?c={next}")}));
    let links = present(json!({"self": {"href": "/rows"}, "next": next}));
    body(&json!({"_embedded": {"orders": rows(before)}, "_links": links}))
}

fn spring_hateoas(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "c");
    let next = next.map(|next| json!({"href": format!("/rows?c={next}")}));
    let links = present(json!({"self": {"href": "/rows"}, "next": next}));
    body(&json!({
        "_embedded": {"orders": rows(before)}, "_links": links,
        "page": {"size": 2, "totalElements": 5, "totalPages": 3, "number": before / 2},
    }))
}

fn offset_and_total(seen: &Seen) -> Reply {
    let offset = number(seen, "offset", 0);
    body(&json!({"offset": offset, "limit": 2, "total": 5, "results": rows(offset)}))
}

fn offset_and_count(seen: &Seen) -> Reply {
    let offset = number(seen, "offset", 0);
    let rows = rows(offset);
    let count = rows.as_array().unwrap().len();
    body(&json!({"offset": offset, "limit": 2, "count": count, "results": rows}))
}

fn bare_offset(seen: &Seen) -> Reply {
    body(&rows(number(seen, "offset", 0)))
}

fn bare_pages(seen: &Seen) -> Reply {
    body(&rows(2 * number(seen, "page", 1).saturating_sub(1)))
}

fn ninja_one(seen: &Seen) -> Reply {
    body(&rows(number(seen, "after", 0)))
}

fn crowd_strike(seen: &Seen) -> Reply {
    let offset = number(seen, "offset", 0);
    let pagination = json!({"offset": offset, "limit": 2, "total": 5});
    body(&json!({"meta": {"pagination": pagination}, "resources": rows(offset), "errors": []}))
}

fn hubspot(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "after");
    let paging = next.map(|next| {
        let link = absolute(seen, &format!("/rows?after={next}"));
        json!({"next": {"after": next, "link": link}})
    });
    body(&present(json!({"results": rows(before), "paging": paging})))
}

fn relay(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "after");
    let info = json!({"hasNextPage": next.is_some(), "endCursor": format!("c{}", before + 2)});
    body(&json!({"data": {"issues": {"nodes": rows(before), "pageInfo": info}}}))
}

fn aws(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "NextToken");
    body(&present(json!({"Items": rows(before), "NextToken": next})))
}

fn dynatrace(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "nextPageKey");
    body(&present(json!({
        "totalCount": 5, "pageSize": 2, "entities": rows(before), "nextPageKey": next,
    })))
}

fn intercom(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "starting_after");
    let page = before / 2 + 1;
    let next = next.map(|next| json!({"page": page + 1, "starting_after": next}));
    let pages =
        json!({"type": "pages", "page": page, "per_page": 2, "total_pages": 3, "next": next});
    body(&json!({"type": "list", "data": rows(before), "pages": present(pages)}))
}

fn continuation_header(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "continuationToken");
    let answer = body(&json!({"count": 2, "value": rows(before)}));
    next.into_iter().fold(answer, |it, next| it.header("x-ms-continuationtoken", next))
}

fn pagination_header(seen: &Seen) -> Reply {
    let page = number(seen, "page", 1);
    let header = json!({
        "totalCount": 5, "pageSize": 2, "currentPage": page, "totalPages": 3, "hasNext": page < 3,
    });
    body(&rows(2 * page.saturating_sub(1))).header("X-Pagination", header.to_string())
}

fn atlassian(seen: &Seen) -> Reply {
    let start = number(seen, "startAt", 0);
    body(
        &json!({"startAt": start, "maxResults": 2, "isLast": start + 2 >= 5, "values": rows(start)}),
    )
}

fn ebay_page(seen: &Seen) -> Value {
    let offset = number(seen, "offset", 0);
    let next = (offset + 2 < 5).then(|| absolute(seen, &format!("/rows?offset={}", offset + 2)));
    present(json!({
        "href": "/rows", "total": 5, "limit": 2, "offset": offset, "itemSummaries": rows(offset),
        "next": next,
    }))
}

fn ebay(seen: &Seen) -> Reply {
    body(&ebay_page(seen))
}

fn spotify(seen: &Seen) -> Reply {
    body(&json!({"albums": ebay_page(seen)}))
}

fn kinto(seen: &Seen) -> Reply {
    let (before, next) = cursor(seen, "_token");
    let answer = body(&json!({"data": rows(before)})).header("total-records", "5");
    next.into_iter().fold(answer, |it, next| {
        it.header("next-page", absolute(seen, &format!("/rows?_token={next}")))
    })
}

fn jupyter_hub(seen: &Seen) -> Reply {
    let offset = number(seen, "offset", 0);
    let next = (offset + 2 < 5).then(|| {
        json!({"offset": offset + 2, "limit": 2, "url": absolute(seen, &format!("/rows?offset={}&limit=2", offset + 2))})
    });
    let pagination = json!({"offset": offset, "limit": 2, "total": 5, "next": next});
    body(&json!({"items": rows(offset), "_pagination": pagination}))
}

fn azure_prices(seen: &Seen) -> Reply {
    let skip = number(seen, "$skip", 0);
    let next = (skip + 2 < 5).then(|| absolute(seen, &format!("/rows?$skip={}", skip + 2)));
    let rows = rows(skip);
    let count = rows.as_array().unwrap().len();
    body(&json!({"BillingCurrency": "USD", "Items": rows, "NextPageLink": next, "Count": count}))
}

fn django_ninja(seen: &Seen) -> Reply {
    let offset = number(seen, "offset", 0);
    body(&json!({"items": rows(offset), "count": 5}))
}

fn zendesk_export(seen: &Seen) -> Reply {
    let (before, _) = cursor(seen, "start_time");
    let next = (before + 2).min(5);
    body(&json!({
        "users": rows(before), "count": 2, "end_of_stream": before + 2 >= 5,
        "next_page": absolute(seen, &format!("/rows?start_time=c{next}")), "end_time": next,
    }))
}

fn shapes() -> Vec<Shape> {
    let (cursor, next) = (
        |parameter: &str, source: &str| Pagination::cursor(parameter, source),
        |path: &str| Pagination::next_link(path),
    );
    let (offset, pages) =
        (|name: &str| Pagination::offset(name), |name: &str| Pagination::page_numbers(name));
    vec![
        ("Sophos", sophos, "items", cursor("pageFromKey", "pages.nextKey")),
        ("Salesforce", salesforce, "records", next("nextRecordsUrl")),
        ("Adobe users", adobe_users, "users", pages("page").starting_at(0)),
        ("Box", box_marker, "entries", cursor("marker", "next_marker")),
        ("FHIR", fhir, "entry", next("link")),
        ("SCIM by index", scim_index, "Resources", offset("startIndex").starting_at(1)),
        ("SCIM by cursor", scim_cursor, "Resources", cursor("cursor", "nextCursor")),
        ("Xero", xero, "Invoices", pages("page")),
        ("Genesys", genesys, "entities", pages("pageNumber")),
        ("Genesys by links", genesys, "entities", next("nextUri")),
        ("OData 4", odata_4, "value", next("@odata.nextLink")),
        ("OData 2", odata_2, "d.results", next("d.__next")),
        ("JSON:API", json_api, "data", next("links.next")),
        ("HAL", hal, "_embedded.orders", next("_links.next")),
        ("Spring HATEOAS", spring_hateoas, "_embedded.orders", next("_links.next.href")),
        ("an offset and a total", offset_and_total, "results", offset("offset")),
        ("an offset and a count", offset_and_count, "results", offset("offset")),
        ("a bare array by offset", bare_offset, "items", offset("offset")),
        ("a bare array by pages", bare_pages, "items", pages("page")),
        ("NinjaOne", ninja_one, "items", Pagination::after_row("after", "id")),
        ("CrowdStrike", crowd_strike, "resources", offset("offset")),
        ("HubSpot", hubspot, "results", cursor("after", "paging.next.after")),
        ("HubSpot by links", hubspot, "results", next("paging.next.link")),
        (
            "GraphQL Relay",
            relay,
            "data.issues.nodes",
            cursor("after", "data.issues.pageInfo.endCursor"),
        ),
        ("AWS", aws, "Items", cursor("NextToken", "NextToken")),
        ("Dynatrace", dynatrace, "entities", cursor("nextPageKey", "nextPageKey")),
        ("Intercom", intercom, "data", cursor("starting_after", "pages.next.starting_after")),
        (
            "Azure DevOps",
            continuation_header,
            "value",
            cursor("continuationToken", "header:x-ms-continuationtoken"),
        ),
        ("X-Pagination", pagination_header, "items", pages("page")),
        ("Atlassian", atlassian, "values", offset("startAt")),
        ("eBay", ebay, "itemSummaries", next("next")),
        ("eBay by offset", ebay, "itemSummaries", offset("offset")),
        ("Spotify", spotify, "albums.itemSummaries", next("albums.next")),
        ("Kinto", kinto, "data", next("header:Next-Page")),
        ("JupyterHub", jupyter_hub, "items", next("_pagination.next.url")),
        ("Azure prices", azure_prices, "Items", next("NextPageLink")),
        ("django-ninja", django_ninja, "items", offset("offset")),
        ("Zendesk", zendesk_export, "users", next("next_page")),
    ]
}

/// The ids that a walk delivers, and how it ends.
fn read(page: fn(&Seen) -> Reply, rows_at: &str, paging: Pagination) -> (Vec<u64>, Option<Error>) {
    let server = serving(page);
    let client = server.client();
    let items = client.items::<Value>("/rows").with_pagination(paging.with_rows_at(rows_at));
    let mut items = items;
    let (rows, error) = walk(&mut items);
    assert!(server.api_requests().len() <= 13, "{:?}", targets(&server));
    (rows.iter().map(|row| row["id"].as_u64().unwrap()).collect(), error)
}

#[test]
fn every_shape_is_complete_with_one_declared_line() {
    for (name, page, rows_at, paging) in shapes() {
        let (ids, error) = read(page, rows_at, paging.clone());
        assert!(error.is_none(), "{name}: {paging:?}: {error:?}");
        assert_eq!(ids, [1, 2, 3, 4, 5], "{name}: {paging:?}");
        // A page size that the server clamps changes nothing.
        let (ids, error) = read(page, rows_at, paging.with_page_size("limit", 500));
        assert!(error.is_none() && ids == [1, 2, 3, 4, 5], "{name}: {ids:?} {error:?}");
    }
}

#[test]
fn no_shape_ends_in_silence_where_nothing_is_declared() {
    let mut complete = 0;
    for (name, page, rows_at, _) in shapes() {
        let (ids, error) = read(page, rows_at, Pagination::detect());
        match error {
            None => {
                assert_eq!(ids, [1, 2, 3, 4, 5], "{name}");
                complete += 1;
            }
            Some(Error::Incomplete(error)) => {
                assert_eq!(error.kind, ErrorKind::Configuration, "{name}: {error:?}");
                assert!(ids == [1, 2] && error.declare.is_some(), "{name}: {ids:?} {error:?}");
            }
            Some(error) => panic!("{name}: {error}"),
        }
    }
    assert!(complete >= 12, "{complete}");
}

/// Answers that say nothing of other pages: what was declared is all that is known.
const MUTE: [&str; 4] =
    ["an offset and a count", "a bare array by offset", "a bare array by pages", "NinjaOne"];

#[test]
fn the_declaration_of_one_shape_never_ends_another_in_silence() {
    let mut silent = Vec::new();
    for (name, page, rows_at, _) in shapes() {
        for (other, _, _, paging) in shapes() {
            let declared = paging.to_string();
            let is_named = declared.starts_with("next:") || declared.starts_with("cursor:");
            // A list has no place for a link or cursor but its headers.
            let can_hold = rows_at != "items" || declared.contains("header:");
            let is_known = MUTE.contains(&name) && is_named && can_hold
                // Nothing in an answer tells where its pages count from.
                || name == "Adobe users" && declared == "pages:page";
            let (ids, error) = read(page, rows_at, paging);
            if ids != [1, 2, 3, 4, 5] && error.is_none() && !is_known {
                silent.push(format!("{name} as {other}: {ids:?}"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}
