//! What stands around the rows of a page, and the rows themselves, in one reading.

use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};
use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_RANGE, LINK};

use crate::link_header::next_in_link_header;
use crate::names::{
    Name, NextPage, count, is_trouble, link, next_in_links, says_none, says_something, whole,
};

/// What an answer says around its rows.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The answer is an array and nothing else.
    pub(crate) is_bare: bool,
    pub(crate) page: Option<u64>,
    pub(crate) page_size: Option<u64>,
    pub(crate) total_pages: Option<u64>,
    pub(crate) last_page: Option<u64>,
    pub(crate) total_items: Option<u64>,
    pub(crate) next_page: Option<NextPage>,
    pub(crate) next_link: Option<String>,
    /// A next page is named, but not so that it could be asked for.
    pub(crate) has_unknown_next: bool,
    /// It is said in so many words that no page follows.
    pub(crate) says_end: bool,
    /// Where a next page would be named there is nothing: some servers never name one.
    pub(crate) names_none: bool,
    /// It is said that a page stands before it.
    pub(crate) is_not_first: bool,
    /// The server's words about an error, by the names of their members.
    trouble: Map<String, Value>,
    /// The names of the members, for the error that misses the rows.
    names: Vec<String>,
    items: Items,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Items {
    #[default]
    Missing,
    Null,
    Empty,
    Some,
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

    /// How many pages there are, as the answer has it.
    pub(crate) fn page_count(&self) -> Option<u64> {
        self.total_pages.or(self.last_page)
    }

    /// The names of the members, if the rows were not among them.
    pub(crate) fn without_items(&self) -> Option<String> {
        (self.items == Items::Missing).then(|| self.names.join(", "))
    }

    /// The members by which the server tells of an error, as JSON.
    pub(crate) fn trouble(&self) -> Option<String> {
        let is_told = ["error", "errors"].iter().any(|name| self.trouble.contains_key(*name));
        is_told.then(|| Value::from(self.trouble.clone()).to_string())
    }

    /// Whether the member for the rows holds `null`.
    pub(crate) fn has_null_items(&self) -> bool {
        self.items == Items::Null
    }

    /// A `Link` header says it better than the body does; totals in headers are for bodies
    /// that have no place for them.
    pub(crate) fn add_headers(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let number = |name: &str| whole(text(name)?);
        let range = || total_in_range(text(CONTENT_RANGE.as_str())?);
        let is_possible = |total: &u64| *total > 0 || self.items != Items::Some;
        let total = [self.total_items, number("x-total-count"), number("x-total"), range()];
        self.total_items = total.into_iter().flatten().find(is_possible);
        self.total_pages = self.total_pages.or_else(|| number("x-total-pages"));
        if let Some(next) = text("x-next-page") {
            self.add(Name::NextPage, &next.into());
        }
        // A title may hold what is not ASCII.
        let mut values =
            headers.get_all(LINK).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        if let Some(link) = values.find_map(|value| next_in_link_header(&value)) {
            self.next_link = Some(link);
        }
    }

    /// A member other than the rows.
    fn add(&mut self, name: Name, value: &Value) {
        let number = |known: Option<u64>| known.or_else(|| count(value));
        match (name, value) {
            (Name::Container, Value::Object(map)) => {
                for (name, value) in map {
                    if let Some(name) = Name::of(name) {
                        self.add(name, value);
                    }
                }
            }
            (Name::Links, links) => {
                if let Some(next) = next_in_links(links) {
                    self.add(Name::NextLink, next);
                }
            }
            (Name::NextLink, next) => {
                let read = link(next);
                self.add_next(next, read.is_some());
                self.next_link = self.next_link.take().or(read);
            }
            (Name::NextPage, next) => {
                let read = NextPage::of(next);
                self.add_next(next, read.is_some());
                self.next_page = self.next_page.take().or(read);
            }
            (Name::Cursor, next) => {
                self.has_unknown_next |= says_something(next);
                // No cursor: nothing is said of pages that are asked for in other ways.
                self.says_end |= *next == Value::Bool(false);
            }
            (Name::More, Value::Bool(more)) => self.add_word(*more),
            (Name::Last, Value::Bool(last)) => self.add_word(!last),
            (Name::First, first) => self.is_not_first |= *first == Value::Bool(false),
            (Name::PageNumber, _) => self.page = number(self.page),
            (Name::PageSize, _) => self.page_size = number(self.page_size),
            (Name::TotalPages, _) => self.total_pages = number(self.total_pages),
            (Name::LastPage, _) => self.last_page = number(self.last_page),
            (Name::TotalItems, _) => {
                self.total_items = number(self.total_items.filter(|total| *total > 0));
            }
            (Name::Container | Name::More | Name::Last, _) => {}
        }
    }

    fn add_next(&mut self, next: &Value, is_read: bool) {
        self.has_unknown_next |= !is_read && says_something(next);
        self.names_none |= says_none(next);
    }

    fn add_word(&mut self, more: bool) {
        self.has_unknown_next |= more;
        self.says_end |= !more;
    }
}

/// The total in a `Content-Range` (RFC 9110 §14.4): of bytes it is not one of rows. Some
/// servers leave the unit out.
fn total_in_range(range: &str) -> Option<u64> {
    let (unit, range) = range.trim().split_once(' ').unwrap_or(("", range));
    let (_, total) = range.split_once('/').filter(|_| !unit.eq_ignore_ascii_case("bytes"))?;
    whole(total)
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
        self.envelope.items = Rows(self.rows).visit_seq(seq)?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if name == self.items_key {
                self.envelope.items = map.next_value_seed(Rows(self.rows))?;
            } else if let Some(known) = Name::of(&name) {
                self.envelope.add(known, &map.next_value()?);
            } else if TELLING.contains(&name.as_str()) {
                let told = map.next_value()?;
                if is_trouble(&told) {
                    self.envelope.trouble.insert(name.clone(), told);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            self.envelope.names.push(name);
        }
        Ok(())
    }
}

/// The rows, pushed one by one; `null` is no rows.
struct Rows<'a, T>(&'a mut Vec<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Rows<'_, T> {
    type Value = Items;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Items, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Rows<'_, T> {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
        while let Some(row) = seq.next_element()? {
            self.0.push(row);
        }
        Ok(if self.0.is_empty() { Items::Empty } else { Items::Some })
    }

    fn visit_unit<E>(self) -> Result<Items, E> {
        Ok(Items::Null)
    }
}

/// What of a server's words about an error stands at the top.
const TELLING: [&str; 4] = ["error", "errors", "error_description", "message"];
