//! The words by which answers speak of their pages.
//!
//! A name is compared whole, without case and punctuation. Each may raise an alarm; those that
//! are also believed may end a walk or count as a total, where nothing else is meant by them.

use serde_json::Value;

/// What a member or header speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The next page: its link, its number, or what asks for it.
    Next,
    /// A cursor to the next page, and nothing else.
    Cursor,
    /// A cursor that stands on the last page as well.
    Hint,
    /// Whether there is more.
    More,
    /// Whether this is the last page.
    Last,
    /// The same, or the number of the last page.
    LastPage,
    /// Whether the answer itself lacks something.
    Partial,
    /// A link to later changes, which stands on the last page alone.
    Delta,
    Total,
    /// The rows of the page, or of all pages: nobody knows.
    Count,
    PageCount,
    PageNumber,
    PageSize,
    Offset,
    /// Whether it is the first page.
    First,
}

/// What an object is called in which words may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    /// The answer itself, or an object on the way to its rows.
    Top,
    /// It holds nothing but words about pages.
    Paging,
    /// It may hold anything: a common word counts only beside another one about pages.
    General,
    /// Links by their relation.
    Links,
    /// Any other: words in it raise alarms and prove nothing.
    Other,
    /// Its words are not looked for.
    Passed,
}

impl Role {
    pub(crate) fn of(name: &str) -> Option<Self> {
        let plain = plain(name);
        let behind = |starts: &[&str]| starts.iter().find_map(|start| plain.strip_prefix(start));
        match (behind(&["next", "odatanext"]), behind(&["hasmore", "ismore", "more"])) {
            (Some(rest), _) => Self::of_next(rest),
            (_, Some(rest)) => Self::of_more(rest),
            _ => Self::of_step(&plain).or_else(|| Self::of_number(&plain)),
        }
    }

    /// By what stands behind `next`.
    fn of_next(rest: &str) -> Option<Self> {
        Some(match rest {
            "" | "link" | "url" | "uri" | "href" | "page" | "pageurl" | "pageuri" | "pagelink"
            | "pagehref" | "path" | "recordsurl" | "results" | "resultsurl" | "pagenumber" => {
                Self::Next
            }
            "cursor" | "pagetoken" | "token" | "key" | "pagekey" | "marker" | "offset"
            | "start" | "startindex" | "index" | "skip" | "id" | "pageid" | "pagecursor"
            | "startingafter" | "anchor" | "bookmark" | "continuationtoken" | "pagestate"
            | "query" | "iterator" | "range" => Self::Cursor,
            "pageavailable" => Self::More,
            "synctoken" => Self::Delta,
            _ => return None,
        })
    }

    /// By what stands behind `more`.
    fn of_more(rest: &str) -> Option<Self> {
        let is_more = matches!(
            rest,
            "" | "items"
                | "pages"
                | "page"
                | "results"
                | "data"
                | "records"
                | "rows"
                | "available"
                | "resultsavailable"
        );
        is_more.then_some(Self::More)
    }

    /// What comes next, and whether anything does.
    fn of_step(name: &str) -> Option<Self> {
        Some(match name {
            "continuationtoken" | "continuationkey" | "continuation" | "continue" | "pagetoken"
            | "paginationtoken" | "pagingtoken" | "pagingkey" | "scrollid" | "resumptiontoken"
            | "lastevaluatedkey" => Self::Cursor,
            "endcursor" | "aftercursor" | "cursor" | "after" | "marker" | "bookmark"
            | "startingafter" => Self::Hint,
            "hasnext" | "hasnextpage" | "hasnextresults" | "istruncated" | "truncated"
            | "remainingitemcount" => Self::More,
            _ if name == "exceededtransferlimit" => Self::More,
            "islast" | "islastpage" | "done" | "isdone" | "endofstream" | "endofresults"
            | "endofrecords" | "isend" | "complete" | "iscomplete" | "finished" => Self::Last,
            "last" | "lastpage" => Self::LastPage,
            "incompleteresults" | "incomplete" | "isincomplete" | "partial" | "ispartial"
            | "partialresults" => Self::Partial,
            "odatadeltalink" | "deltalink" => Self::Delta,
            _ => return None,
        })
    }

    /// What counts pages and rows.
    fn of_number(name: &str) -> Option<Self> {
        Some(match name {
            "total" | "totalitems" | "totalcount" | "totalresults" | "totalrecords"
            | "totalelements" | "totalsize" | "totalrows" | "totalhits" | "totalentries"
            | "totalobjects" | "totalnumber" | "totalrecordcount" | "odatacount"
            | "paginationtotal" => Self::Total,
            "count" | "resultcount" | "itemcount" | "recordcount" | "rowcount" | "numfound"
            | "recordstotal" => Self::Count,
            "totalpages" | "pagecount" | "pages" | "numpages" | "nbpages" | "numberofpages"
            | "lastpagenumber" | "totalpagecount" | "paginationpages" => Self::PageCount,
            "pagenumber" | "currentpage" | "page" | "number" | "pageno" => Self::PageNumber,
            "pagesize" | "perpage" | "size" | "limit" | "maxresults" | "itemsperpage" => {
                Self::PageSize
            }
            "offset" | "startat" | "startindex" | "start" | "skip" => Self::Offset,
            "first" | "isfirst" | "isfirstpage" | "firstpage" => Self::First,
            _ => return None,
        })
    }

    /// Of a header. What vendors put in front of the name does not count, if the rest is more
    /// than a common word: `X-WP-TotalPages`, `opc-next-page`, `x-ms-continuationtoken`.
    pub(crate) fn of_header(name: &str) -> Option<Self> {
        let bare = name.strip_prefix("x-").unwrap_or(name);
        match bare {
            "pages" | "total" => return Self::of(bare),
            // WordPress.
            "wp-total" => return Some(Self::Total),
            _ => {}
        }
        let parts = std::iter::successors(Some(bare), |rest| Some(rest.split_once('-')?.1));
        let role = parts.filter(|name| !is_common(name)).find_map(Self::of)?;
        let is_of_headers =
            matches!(role, Self::Next | Self::Cursor | Self::More | Self::Total | Self::PageCount);
        is_of_headers.then_some(role)
    }
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    let plain = name.chars().filter(|c| !"_-@$. ".contains(*c));
    plain.map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a relation of a link leads to the next page. It may be a URI (RFC 8288 §2.1.2), or
/// short for one.
pub(crate) fn is_next(relation: &str) -> bool {
    let name = relation.rsplit(['/', '#', ':']).next().unwrap_or(relation);
    Role::of(name) == Some(Role::Next)
}

/// Whether a relation is one beside which that of the next page would stand.
pub(crate) fn is_of_pages(relation: &str) -> bool {
    let name = plain(relation);
    let name = name.strip_suffix("page").unwrap_or(&name);
    matches!(name, "self" | "first" | "last" | "prev" | "previous" | "current" | "next")
}

/// Whether a name is also used for much else.
pub(crate) fn is_common(name: &str) -> bool {
    const COMMON: [&str; 17] = [
        "total", "count", "pages", "page", "number", "size", "limit", "offset", "start", "skip",
        "last", "first", "done", "more", "cursor", "after", "marker",
    ];
    COMMON.contains(&name)
}

/// Whether a name only raises alarms: it tells of much else as well.
pub(crate) fn is_alarm_only(name: &str) -> bool {
    // The first four may repeat what was asked for.
    const ALARMS: &str = "pageToken page_token paginationToken pagination_token continuation \
        complete isComplete is_complete finished truncated remainingItemCount \
        remaining_item_count";
    ALARMS.split(' ').any(|alarm| alarm == name)
}

impl Container {
    /// What an object of this name is within another.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "pagination" | "_pagination" | "Pagination" | "paging" | "_paging" | "Paging"
            | "page" | "_page" | "pages" | "pager" | "paginator" | "page_info" | "pageInfo"
            | "PageInfo" | "page_context" | "pageContext" | "page_meta" | "pageMeta"
            | "paginationInfo" | "pagingInfo" | "list_info" | "listInfo" | "result_info"
            | "resultInfo" | "response_metadata" | "responseMetadata" => Self::Paging,
            "meta" | "_meta" | "Meta" | "metadata" | "_metadata" | "info" => Self::General,
            "links" | "_links" | "link" | "Links" => Self::Links,
            _ => Self::Other,
        }
    }
}

/// Whether there is something: `null`, `false`, 0, -1 and nothing are not. `none` and the like
/// are words that nobody can follow, and no word for the end.
pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.trim(), "" | "0" | "false" | "null" | "-1"),
        Value::Number(number) => !matches!(number.as_f64(), Some(0.0 | -1.0)),
        Value::Object(map) => map.values().any(says_something),
        Value::Array(items) => items.iter().any(says_something),
        Value::Bool(true) => true,
    }
}

/// Whether it is said that there is nothing.
pub(crate) fn says_none(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Object(map) => link_member(map).is_some_and(says_none),
        Value::Array(items) => !items.is_empty() && items.iter().all(says_none),
        Value::Number(_) | Value::Bool(true) => false,
    }
}

/// Whether an `error` is one: many answers have the member, with nothing in it.
pub(crate) fn is_trouble(error: &Value) -> bool {
    match error {
        Value::Object(map) if map.get("code").is_some_and(|code| !says_something(code)) => false,
        Value::Object(map) => map.values().any(is_trouble),
        Value::Array(errors) => errors.iter().any(is_trouble),
        scalar => says_something(scalar),
    }
}

/// A whole number, also as text or as a float; `null` and nonsense are as good as absent.
pub(crate) fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(&number.to_string())),
        Value::String(text) => whole(text),
        _ => None,
    }
}

pub(crate) fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// The text of a link: itself, in an object, or in a list the one to the next page (RFC 8288
/// §3.3 calls that relation `next`).
pub(crate) fn link_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Value::Object(map) => link_text(link_member(map)?),
        Value::Array(links) => match links.iter().any(|link| relations(link).next().is_some()) {
            true => link_text(next_in_list(links)?),
            false => links.iter().find_map(link_text),
        },
        _ => None,
    }
}

fn link_member(map: &serde_json::Map<String, Value>) -> Option<&Value> {
    ["href", "url", "uri", "link"].iter().find_map(|name| map.get(*name))
}

/// Whether a text can only be a link: a cursor would do as a relative reference as well.
pub(crate) fn is_link(text: &str) -> bool {
    text.starts_with(['/', '?'])
        || ["./", "../"].iter().any(|start| text.starts_with(start))
        || text.contains("://")
        || text.split_once('?').is_some_and(|(_, query)| query.contains('='))
}

/// In a list of links, that to the next page: `[{"rel": "next", "href": …}]`.
pub(crate) fn next_in_list(links: &[Value]) -> Option<&Value> {
    links.iter().find(|link| relations(link).any(is_next))
}

/// The relations of a link in a list, by either name.
pub(crate) fn relations(link: &Value) -> impl Iterator<Item = &str> {
    let relation = link.get("rel").or_else(|| link.get("relation"));
    let list = relation.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).chain(relation.and_then(Value::as_str))
}
