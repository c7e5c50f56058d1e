//! The words by which answers speak of their pages: two lists of names.
//!
//! The broad one says which members may raise an alarm: whole names, compared without case
//! and punctuation. The exact one says which of them may also end a walk or count as a
//! total, because nothing else is called so.

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
    /// Something is missing if it is true.
    Cut,
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
}

impl Role {
    /// By the broad list.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let mut short = [0; LONGEST];
        let mut length = 0;
        for byte in name.bytes().filter(|byte| !b"_-@$. ".contains(byte)) {
            *short.get_mut(length)? = byte.to_ascii_lowercase();
            length += 1;
        }
        Self::of_plain(std::str::from_utf8(short.get(..length)?).ok()?)
    }

    fn of_plain(name: &str) -> Option<Self> {
        if let Some(rest) = name.strip_prefix("next").or(name.strip_prefix("odatanext")) {
            return Self::of_next(rest);
        }
        Some(match name {
            "continuationtoken" | "continuationkey" | "continuation" | "continue" | "pagetoken"
            | "paginationtoken" | "pagingtoken" | "pagingkey" | "scrollid" | "resumptiontoken"
            | "lastevaluatedkey" => Self::Cursor,
            "endcursor" | "aftercursor" | "cursor" | "after" | "marker" | "bookmark"
            | "startingafter" => Self::Hint,
            "hasmore" | "hasnext" | "hasnextpage" | "hasmoreitems" | "hasmorepages"
            | "hasmorepage" | "hasmoreresults" | "hasmoredata" | "hasmorerecords"
            | "hasnextresults" | "more" | "ismore" | "morerecords" | "moreresults"
            | "moreitems" | "moredata" | "morepages" | "moreavailable" | "istruncated"
            | "truncated" => Self::More,
            "last" | "islast" | "lastpage" | "islastpage" | "done" | "isdone" | "endofstream"
            | "endofresults" | "isend" | "complete" | "iscomplete" | "finished" => Self::Last,
            "incompleteresults" | "incomplete" | "ispartial" => Self::Cut,
            "odatadeltalink" | "deltalink" => Self::Delta,
            _ => return Self::of_number(name),
        })
    }

    /// By what stands behind `next`.
    fn of_next(rest: &str) -> Option<Self> {
        Some(match rest {
            "" | "link" | "url" | "uri" | "href" | "page" | "pageurl" | "pageuri" | "pagelink"
            | "pagehref" | "path" | "recordsurl" | "resultsurl" | "pagenumber" => Self::Next,
            "cursor" | "pagetoken" | "token" | "key" | "pagekey" | "marker" | "offset"
            | "start" | "index" | "skip" | "id" | "pageid" | "pagecursor" | "startingafter"
            | "anchor" | "bookmark" | "continuationtoken" | "pagestate" | "query" => Self::Cursor,
            "synctoken" => Self::Delta,
            _ => return None,
        })
    }

    /// What counts pages and rows.
    fn of_number(name: &str) -> Option<Self> {
        Some(match name {
            "total" | "totalitems" | "totalcount" | "totalresults" | "totalrecords"
            | "totalelements" | "totalsize" | "totalrows" | "totalhits" | "totalentries"
            | "totalobjects" | "totalnumber" | "odatacount" | "paginationtotal" => Self::Total,
            "count" | "resultcount" | "itemcount" | "recordcount" | "rowcount" | "numfound" => {
                Self::Count
            }
            "totalpages" | "pagecount" | "pages" | "numpages" | "numberofpages"
            | "lastpagenumber" | "totalpagecount" | "pagetotal" | "paginationpages" => {
                Self::PageCount
            }
            "pagenumber" | "currentpage" | "page" | "number" | "pageindex" | "pageno" => {
                Self::PageNumber
            }
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
            "pages" | "total" | "page" | "total-count" => return Self::of(bare),
            _ => {}
        }
        let parts =
            std::iter::successors(Some(bare), |rest| rest.split_once('-').map(|(_, rest)| rest));
        let known = parts.filter(|name| !is_common(name)).find_map(Self::of);
        known.filter(|role| {
            matches!(role, Self::Next | Self::Cursor | Self::More | Self::Total | Self::PageCount)
        })
    }
}

/// Whether a member of this name means pages and nothing else wherever it stands in an
/// answer: the exact list.
#[expect(clippy::match_like_matches_macro, reason = "a list in a macro takes a line a name")]
pub(crate) fn is_exact(name: &str) -> bool {
    match name {
        "next" | "__next" | "nextLink" | "next_link" | "@odata.nextLink" | "odata.nextLink"
        | "next_url" | "nextUrl" | "next_uri" | "nextUri" | "next_href" | "next_page"
        | "nextPage" | "next_page_url" | "nextPageUrl" | "next_page_uri" | "nextPageLink"
        | "NextPageLink" | "nextRecordsUrl" | "$nextLink" | "@nextLink" | "next_cursor"
        | "nextCursor" | "next_page_token" | "nextPageToken" | "next_token" | "nextToken"
        | "NextToken" | "next_key" | "nextKey" | "nextPageKey" | "next_marker" | "nextMarker"
        | "NextMarker" | "continuation_token" | "continuationToken" | "ContinuationToken"
        | "continue" | "has_more" | "hasMore" | "HasMore" | "hasMoreItems" | "has_next"
        | "hasNext" | "HasNext" | "has_next_page" | "hasNextPage" | "HasNextPage"
        | "has_more_pages" | "hasMorePages" | "hasMoreResults" | "has_more_results"
        | "more_records" | "has_more_page" | "is_truncated" | "isTruncated" | "IsTruncated"
        | "more" | "last" | "is_last" | "isLast" | "is_last_page" | "isLastPage" | "lastPage"
        | "last_page" | "done" | "end_of_stream" | "endOfStream" | "@odata.deltaLink"
        | "nextSyncToken" | "total" | "total_items" | "totalItems" | "total_count"
        | "totalCount" | "TotalCount" | "total_results" | "totalResults" | "total_records"
        | "totalRecords" | "totalElements" | "totalSize" | "total_size" | "totalHits"
        | "total_entries" | "@odata.count" | "total_pages" | "totalPages" | "TotalPages"
        | "page_count" | "pageCount" | "pages" | "num_pages" | "numPages" | "page_number"
        | "pageNumber" | "PageNumber" | "current_page" | "currentPage" | "page" | "number"
        | "page_size" | "pageSize" | "PageSize" | "per_page" | "perPage" | "size" | "limit"
        | "maxResults" | "itemsPerPage" | "offset" | "startAt" | "startIndex" | "start"
        | "skip" | "first" | "is_first" | "isFirst" | "is_first_page" | "isFirstPage"
        | "first_page" | "count" | "resultCount" | "itemCount" | "recordCount" => true,
        _ => false,
    }
}

/// A word that means much else as well.
#[expect(clippy::match_like_matches_macro, reason = "a list in a macro takes a line a name")]
pub(crate) fn is_common(name: &str) -> bool {
    match name {
        "total" | "count" | "pages" | "page" | "number" | "size" | "limit" | "offset" | "start"
        | "skip" | "last" | "first" | "done" | "more" | "next" | "complete" | "cursor"
        | "after" | "marker" | "continue" => true,
        _ => false,
    }
}

impl Container {
    /// What an object of this name is within another.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "pagination" | "_pagination" | "paging" | "_paging" | "page" | "_page" | "pages"
            | "pager" | "paginator" | "page_info" | "pageInfo" | "PageInfo" | "page_context"
            | "pageContext" | "page_meta" | "pageMeta" | "paginationInfo" | "pagination_info"
            | "pagingInfo" | "list_info" | "listInfo" | "result_info" | "resultInfo"
            | "response_metadata" | "responseMetadata" | "Pagination" | "Paging" => Self::Paging,
            "meta" | "_meta" | "Meta" | "metadata" | "_metadata" | "Metadata" | "info" => {
                Self::General
            }
            "links" | "_links" | "link" | "Links" => Self::Links,
            _ => Self::Other,
        }
    }
}

/// Whether there is something: `null`, `false`, 0 and nothing are not. `none` and the like
/// are words that nobody can follow, and no word for the end.
pub(crate) fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.trim(), "" | "0" | "false" | "null" | "-1"),
        Value::Number(_) => count(value).is_some_and(|number| number > 0),
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
        Value::Object(map) => {
            let link = LINK_MEMBERS.iter().find_map(|name| map.get(*name));
            link.is_some_and(says_none)
        }
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
pub(crate) fn count(value: &Value) -> Option<u64> {
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

/// The text of a link: itself, or in an object or list of one.
pub(crate) fn link_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Value::Object(map) => {
            LINK_MEMBERS.iter().find_map(|name| map.get(*name)).and_then(link_text)
        }
        Value::Array(links) => links.iter().find_map(link_text),
        _ => None,
    }
}

/// Whether a text can only be a link: a cursor would do as a relative reference as well.
pub(crate) fn is_link(text: &str) -> bool {
    text.starts_with(['/', '?'])
        || text.starts_with("./")
        || text.starts_with("../")
        || text.contains("://")
        || text.split_once('?').is_some_and(|(_, query)| query.contains('='))
}

/// In a list of links, that to the next page: `[{"rel": "next", "href": …}]`.
pub(crate) fn next_in_list(links: &[Value]) -> Option<&Value> {
    links.iter().find(|link| relations(link).any(|name| name.eq_ignore_ascii_case("next")))
}

/// The relations of a link in a list, by either name.
pub(crate) fn relations(link: &Value) -> impl Iterator<Item = &str> {
    let relation = link.get("rel").or_else(|| link.get("relation"));
    let (list, text) = match relation {
        Some(Value::Array(list)) => (list.as_slice(), None),
        Some(Value::String(text)) => (&[][..], Some(text.as_str())),
        _ => (&[][..], None),
    };
    list.iter().filter_map(Value::as_str).chain(text)
}

/// Under which a link object holds its URL.
pub(crate) const LINK_MEMBERS: [&str; 4] = ["href", "url", "uri", "link"];
/// No name that is known is longer.
const LONGEST: usize = 24;
