//! What stands around the rows of a page, and the rows themselves, in one reading.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;
use ureq::http::HeaderMap;
use ureq::http::header::LINK;

/// What an answer says around its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The answer is an array and nothing else.
    pub(crate) is_bare: bool,
    pub(crate) page: Option<u64>,
    pub(crate) page_size: Option<u64>,
    pub(crate) total_pages: Option<u64>,
    pub(crate) total_items: Option<u64>,
    pub(crate) next_page: Option<NextPage>,
    pub(crate) next_link: Option<String>,
    /// A next page is named, but not so that it could be asked for.
    pub(crate) has_unknown_next: bool,
    /// The names of the members, for the error that misses the rows.
    names: Vec<String>,
    has_items: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextPage {
    Number(u64),
    Link(String),
}

impl Envelope {
    /// Reads a page: the rows under `items_key` are pushed to `rows` one by one, so that
    /// those before a row that does not decode are not lost.
    pub(crate) fn read<T: DeserializeOwned>(
        text: &str,
        items_key: &str,
        rows: &mut Vec<T>,
    ) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_str(text);
        let mut envelope = Self::default();
        let reader = PageReader { items_key, rows, envelope: &mut envelope };
        reader.deserialize(&mut json)?;
        json.end()?;
        Ok(envelope)
    }

    /// The names of the members, if the rows were not among them.
    pub(crate) fn without_items(&self) -> Option<String> {
        (!self.has_items).then(|| self.names.join(", "))
    }

    /// A `Link` header says it better than the body does; totals in headers are for bodies
    /// that have no place for them.
    pub(crate) fn add_headers(&mut self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        let total = || number("x-total-count").or_else(|| number("x-total"));
        self.total_items = self.total_items.or_else(total);
        self.total_pages = self.total_pages.or_else(|| number("x-total-pages"));
        // A title may hold what is not ASCII.
        let mut values =
            headers.get_all(LINK).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        if let Some(link) = values.find_map(|value| next_in_link_header(&value)) {
            self.next_link = Some(link);
        }
    }

    /// A member other than the rows.
    fn add(&mut self, name: &str, value: &Value) {
        let number = |known: Option<u64>| known.or_else(|| count(value));
        match (name, value) {
            ("pagination" | "meta", Value::Object(map)) => {
                for (name, value) in map {
                    self.add(name, value);
                }
            }
            ("links" | "_links", value) => {
                if let Some(next) = next_in_links(value) {
                    self.add_next(next);
                }
            }
            ("next" | "nextLink" | "next_link" | "@odata.nextLink", value) => self.add_next(value),
            ("next_page", next) => {
                let read = next_page(next);
                self.has_unknown_next |= read.is_none() && says_something(next);
                self.next_page = self.next_page.take().or(read);
            }
            ("page_number" | "current_page", _) => self.page = number(self.page),
            ("page_size" | "per_page", _) => self.page_size = number(self.page_size),
            ("total_pages" | "totalPages", _) => self.total_pages = number(self.total_pages),
            (name, _) if TOTALS.contains(&name) => self.total_items = number(self.total_items),
            (name, next) if CURSORS.contains(&name) => {
                self.has_unknown_next |= says_something(next);
            }
            _ => {}
        }
    }

    fn add_next(&mut self, next: &Value) {
        let read = link(next);
        self.has_unknown_next |= read.is_none() && says_something(next);
        self.next_link = self.next_link.take().or(read);
    }
}

/// Whether a next page is named at all: `null`, `false` and nothing are the end.
fn says_something(next: &Value) -> bool {
    match next {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Object(map) => map.get("href").is_none_or(says_something),
        Value::Array(links) => links.iter().any(says_something),
        _ => true,
    }
}

/// A whole number, also as text; `null` and nonsense are as good as absent.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn next_page(value: &Value) -> Option<NextPage> {
    match (count(value), link(value)) {
        (Some(number), _) => Some(NextPage::Number(number)),
        (None, link) => link.map(NextPage::Link),
    }
}

fn link(value: &Value) -> Option<String> {
    match value {
        Value::String(link) if !link.trim().is_empty() => Some(link.clone()),
        Value::Object(map) => link(map.get("href")?),
        Value::Array(links) => links.iter().find_map(link),
        _ => None,
    }
}

/// `{"next": …}` or `[{"rel": "next", "href": …}]`.
fn next_in_links(links: &Value) -> Option<&Value> {
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

/// The target of `rel="next"` in a `Link` header (RFC 8288 §3); the first `rel` counts.
fn next_in_link_header(header: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (target, mut parameters) = after.split_once('>')?;
        let mut is_next = None;
        loop {
            let (parameter, following) = split_unquoted(parameters);
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            if is_next.is_none() && name.trim().eq_ignore_ascii_case("rel") {
                is_next = Some(relations.any(|relation| relation.eq_ignore_ascii_case("next")));
            }
            match following.strip_prefix(';') {
                Some(more) => parameters = more,
                None => {
                    rest = following;
                    break;
                }
            }
        }
        if is_next == Some(true) {
            return Some(target.trim().to_owned());
        }
    }
    None
}

/// Splits before the first `;` or `,` that does not stand within quotes.
fn split_unquoted(text: &str) -> (&str, &str) {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let end = text.find(|c| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && !was_escaped && c == '\\';
        is_quoted ^= c == '"' && !was_escaped;
        matches!(c, ';' | ',') && !is_quoted
    });
    text.split_at(end.unwrap_or(text.len()))
}

struct PageReader<'a, T> {
    items_key: &'a str,
    rows: &'a mut Vec<T>,
    envelope: &'a mut Envelope,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for PageReader<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageReader<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array, or an object with an array {:?}", self.items_key)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.envelope.is_bare = true;
        self.envelope.has_items = true;
        Rows(self.rows).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.items_key {
                self.envelope.has_items = true;
                map.next_value_seed(Rows(self.rows))?;
            } else if is_metadata(&name) {
                self.envelope.add(&name, &map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            self.envelope.names.push(name);
        }
        Ok(())
    }
}

/// The members of an answer that [`Envelope::add`] understands, besides these two.
const METADATA: [&str; 15] = [
    "pagination",
    "meta",
    "links",
    "_links",
    "next",
    "nextLink",
    "next_link",
    "@odata.nextLink",
    "next_page",
    "page_number",
    "current_page",
    "page_size",
    "per_page",
    "total_pages",
    "totalPages",
];

/// The number of all rows.
const TOTALS: [&str; 11] = [
    "total_items",
    "totalItems",
    "total_count",
    "totalCount",
    "total_results",
    "totalResults",
    "total_records",
    "totalRecords",
    "totalElements",
    "total",
    "@odata.count",
];

/// What says that there is more, in a form that cannot be followed.
const CURSORS: [&str; 10] = [
    "has_more",
    "hasMore",
    "has_next",
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "next_token",
    "nextToken",
    "continuation_token",
];

/// Whether a member is worth reading.
fn is_metadata(name: &str) -> bool {
    METADATA.contains(&name) || TOTALS.contains(&name) || CURSORS.contains(&name)
}

/// The rows, pushed one by one; `null` is no rows.
struct Rows<'a, T>(&'a mut Vec<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Rows<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Rows<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(row) = seq.next_element()? {
            self.0.push(row);
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::next_in_link_header;

    #[test]
    fn the_next_link_of_a_header_is_found_and_nothing_else() {
        let cases = [
            ("<a>; rel=next", Some("a")),
            ("< a,b;c >;REL=\"prev next\"", Some("a,b;c")),
            ("<a>; rel=prev, <b>; rel=next", Some("b")),
            ("<a>; title=\"\\\"; rel=next\", <b>; rel=\"next\"", Some("b")),
            ("<a>; title=\"x, <y>; rel=next\"", None),
            ("<a>; title=\"even\"; rel=next", Some("a")),
            ("<a>; rel=nextish", None),
            ("<a; rel=next", None),
            ("<a>; title=\"open; rel=next", None),
        ];
        for (header, target) in cases {
            assert_eq!(next_in_link_header(header).as_deref(), target, "{header}");
        }
    }
}
