//! The names by which answers tell of their pages, and what may stand under them.

use serde_json::Value;

/// What a member tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    /// Its members count as if they stood beside it.
    Container,
    /// Links by their relation.
    Links,
    /// The link to the next page.
    NextLink,
    /// The number of the next page, or the link to it.
    NextPage,
    /// That there is more, or a cursor to it.
    Cursor,
    /// Whether there is more. Only `true` and `false` count: the word means much else.
    More,
    /// Whether this is the last page, likewise.
    Last,
    /// Whether it is the first.
    First,
    PageNumber,
    PageSize,
    TotalPages,
    /// The number of the last page: how many there are, unless numbers begin at 0.
    LastPage,
    TotalItems,
}

impl Name {
    /// Names that stand on the last page as well, such as `cursor` and `count`, and those
    /// that some count from 0, such as `number`, are not among them.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "pagination" | "paging" | "page" | "page_info" | "pageInfo" | "meta" | "metadata"
            | "response_metadata" => Self::Container,
            "links" | "_links" => Self::Links,
            "next" | "nextLink" | "next_link" | "@odata.nextLink" | "odata.nextLink"
            | "next_page_url" | "nextPageUrl" | "next_url" | "nextUrl" | "next_page_uri"
            | "nextPageLink" | "next_href" => Self::NextLink,
            "next_page" | "nextPage" => Self::NextPage,
            "has_more" | "hasMore" | "hasMoreItems" | "has_next" | "hasNext" | "has_next_page"
            | "hasNextPage" | "next_cursor" | "nextCursor" | "next_page_token"
            | "nextPageToken" | "next_token" | "nextToken" | "continuation_token"
            | "continuationToken" | "continue" => Self::Cursor,
            "more" => Self::More,
            "last" | "is_last" | "isLast" | "is_last_page" | "isLastPage" => Self::Last,
            "first" | "is_first" | "isFirst" | "is_first_page" | "isFirstPage" => Self::First,
            "page_number" | "current_page" => Self::PageNumber,
            "page_size" | "per_page" => Self::PageSize,
            "total_pages" | "totalPages" => Self::TotalPages,
            "last_page" | "lastPage" => Self::LastPage,
            "total_items" | "totalItems" | "total_count" | "totalCount" | "total_results"
            | "totalResults" | "total_records" | "totalRecords" | "totalElements" | "total"
            | "@odata.count" => Self::TotalItems,
            _ => return None,
        })
    }
}

/// A page, as an answer names it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum NextPage {
    Number(u64),
    Link(String),
}

impl NextPage {
    pub(crate) fn of(value: &Value) -> Option<Self> {
        count(value).map(Self::Number).or_else(|| link(value).map(Self::Link))
    }
}

/// Whether a next page is named at all: `null`, `false`, 0 and nothing are no name.
pub(crate) fn says_something(next: &Value) -> bool {
    match next {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !matches!(text.trim(), "" | "0" | "false" | "null"),
        Value::Number(_) => count(next) != Some(0),
        Value::Object(map) => map.get("href").is_none_or(says_something),
        Value::Array(links) => links.iter().any(says_something),
        Value::Bool(true) => true,
    }
}

/// Whether it is said that there is no next page.
pub(crate) fn says_none(next: &Value) -> bool {
    match next {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
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
        Value::Number(number) => whole(&number.to_string()),
        Value::String(text) => whole(text),
        _ => None,
    }
}

pub(crate) fn whole(text: &str) -> Option<u64> {
    let text = text.trim();
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

/// What could be a URL. A cursor is not one, though it would do as a relative reference.
pub(crate) fn link(value: &Value) -> Option<String> {
    match value {
        Value::String(link) if link.contains(['/', '?', ':']) => Some(link.clone()),
        Value::Object(map) => link(map.get("href")?),
        Value::Array(links) => links.iter().find_map(link),
        _ => None,
    }
}

/// `{"next": …}` or `[{"rel": "next", "href": …}]`.
pub(crate) fn next_in_links(links: &Value) -> Option<&Value> {
    match links {
        Value::Object(map) => map.get("next"),
        Value::Array(links) => links.iter().find(|link| {
            let is_next =
                |rel: &Value| rel.as_str().is_some_and(|rel| rel.eq_ignore_ascii_case("next"));
            match link.get("rel") {
                Some(Value::Array(relations)) => relations.iter().any(is_next),
                rel => rel.is_some_and(is_next),
            }
        }),
        _ => None,
    }
}
