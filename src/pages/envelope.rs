//! What an answer says around its rows, in its body and in its headers.

use std::ops::Range;

use serde_json::{Map, Value};
use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_RANGE, LINK};

use crate::pages::identity::Identity;
use crate::pages::link_header::LinkHeader;
use crate::pages::words::{
    Role, count, is_exact, next_in_list, relations, says_none, says_something, whole,
};
use crate::pagination::HEADER;

/// A page, apart from its rows.
#[derive(Clone, Default)]
pub(crate) struct Envelope {
    /// The answer is an array and nothing else.
    pub(crate) is_bare: bool,
    pub(crate) rows: RowsFound,
    /// Where the rows stand in the text, up to the next member after them.
    pub(crate) rows_text: Range<usize>,
    are_rows_open: bool,
    pub(crate) words: Vec<Word>,
    /// Against which the paths in a links object stand.
    pub(crate) links_base: Option<String>,
    /// Something that would hold a next link, and does not.
    pub(crate) empty_link_place: Option<String>,
    /// What the page is known by, if it has rows.
    pub(crate) identity: Option<Identity>,
    /// The field of the last row that asks for the rows after it.
    pub(crate) last_row: Option<Result<Value, String>>,
    /// What stands at the place that the strategy reads.
    pub(crate) declared: Option<Value>,
    /// The server's words about an error, by the names of their members.
    pub(crate) trouble: Map<String, Value>,
    /// The names of the members, for the error that misses the rows.
    pub(crate) names: Vec<String>,
    /// Arrays that may be the rows, and their lengths.
    pub(crate) arrays: Vec<(String, usize)>,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) enum RowsFound {
    #[default]
    Missing,
    Null,
    Empty,
    Some,
}

/// A word about pages, where it stands, and what it says.
#[derive(Clone)]
pub(crate) struct Word {
    pub(crate) role: Role,
    pub(crate) path: String,
    pub(crate) value: Value,
    /// It may end a walk, or count as a total.
    pub(crate) is_exact: bool,
}

impl Envelope {
    pub(crate) fn begin_rows_at(&mut self, start: usize, end: usize) {
        self.rows_text = start..end;
        self.are_rows_open = true;
    }

    pub(crate) fn end_rows_at(&mut self, place: Option<usize>) {
        if let Some(place) = place.filter(|_| self.are_rows_open) {
            self.rows_text.end = place;
            self.are_rows_open = false;
        }
    }

    /// An object of links was read; `has_others` if it holds other links than the next one.
    pub(crate) fn note_links(&mut self, path: String, has_others: bool) {
        let has_next = self
            .words
            .iter()
            .any(|word| word.path.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.')));
        if has_others && !has_next {
            self.empty_link_place.get_or_insert(path);
        }
    }

    pub(crate) fn note_link_list(&mut self, path: String, links: &Value) {
        let links = links.as_array().map(Vec::as_slice).unwrap_or_default();
        match next_in_list(links) {
            Some(next) => {
                let (role, value) = (Role::Next, next.clone());
                self.words.push(Word { role, path, value, is_exact: true });
            }
            None if links.iter().any(|link| relations(link).next().is_some()) => {
                self.empty_link_place.get_or_insert(path);
            }
            None => {}
        }
    }

    /// What the headers say. Totals there are for bodies that have no place for them.
    pub(crate) fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            let name = name.as_str();
            let Ok(value) = value.to_str() else { continue };
            if name == LINK.as_str() {
                continue;
            }
            if value.starts_with('{') && name.contains("pagination") {
                self.add_json_header(name, value);
            } else if let Some(role) = Role::of_header(name) {
                self.add_header(role, name, value.into());
            }
        }
        let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        if let Some(total) = range.and_then(total_in_range) {
            self.add_header(Role::Total, CONTENT_RANGE.as_str(), total.into());
        }
        self.add_links(headers);
        let name = "@odata.context";
        if self.names.iter().any(|known| known == name) {
            self.empty_link_place.get_or_insert_with(|| name.to_owned());
        }
    }

    fn add_header(&mut self, role: Role, name: &str, value: Value) {
        self.words.push(Word { role, path: format!("{HEADER}{name}"), value, is_exact: true });
    }

    fn add_json_header(&mut self, name: &str, value: &str) {
        let Ok(Value::Object(map)) = serde_json::from_str::<Value>(value) else { return };
        for (member, value) in map {
            if let Some(role) = Role::of(&member) {
                let path = format!("{HEADER}{name}.{member}");
                self.words.push(Word { role, path, value, is_exact: is_exact(&member) });
            }
        }
    }

    fn add_links(&mut self, headers: &HeaderMap) {
        // A title may hold what is not ASCII.
        let values: Vec<_> =
            headers.get_all(LINK).iter().map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
        let found = LinkHeader::read(values.iter().map(|value| &**value));
        let value = match found.next {
            Some(next) => next.into(),
            None if found.is_unreadable => true.into(),
            None if found.is_over => Value::Null,
            None if found.has_links => {
                self.empty_link_place = Some(LINK_HEADER.to_owned());
                return;
            }
            None => return,
        };
        // A link in the header says it better than one in the body.
        let path = format!("{HEADER}{LINK}");
        self.words.insert(0, Word { role: Role::Next, path, value, is_exact: true });
    }

    /// The members by which the server tells of an error, as JSON.
    pub(crate) fn error_text(&self) -> Option<String> {
        let is_told = ["error", "errors"].iter().any(|name| self.trouble.contains_key(*name));
        is_told.then(|| Value::from(self.trouble.clone()).to_string())
    }

    fn numbers(&self, role: Role) -> impl Iterator<Item = u64> {
        let words = self.words.iter().filter(move |word| word.is_exact && word.role == role);
        words.filter_map(|word| number(&word.value))
    }

    /// How many rows there are, as the answer has it. None beside rows is no total.
    pub(crate) fn total(&self) -> Option<u64> {
        self.numbers(Role::Total).find(|total| *total > 0 || self.rows != RowsFound::Some)
    }

    /// In a header nobody puts the count of a page.
    pub(crate) fn has_total_in_header(&self) -> bool {
        let mut words = self.words.iter().filter(|word| word.role == Role::Total);
        words.any(|word| word.path.starts_with(HEADER))
    }

    /// A number that may be one of all rows, or one of the page.
    pub(crate) fn largest_count(&self) -> Option<(&str, u64)> {
        let words = self.words.iter().filter(|word| word.is_exact && word.role == Role::Count);
        let counts = words.filter_map(|word| Some((word.path.as_str(), count(&word.value)?)));
        counts.max_by_key(|(_, count)| *count)
    }

    pub(crate) fn page_count(&self) -> Option<u64> {
        self.numbers(Role::PageCount).next()
    }

    /// The number of the last page: how many there are, unless numbers begin at 0.
    pub(crate) fn last_number(&self) -> Option<u64> {
        self.numbers(Role::Last).next()
    }

    /// The number of the page, and whether it is apt to be counted from 0.
    pub(crate) fn page_number(&self) -> Option<(u64, bool)> {
        let is_number = |word: &&Word| word.is_exact && word.role == Role::PageNumber;
        let word =
            self.words.iter().find(|word| is_number(word) && number(&word.value).is_some())?;
        let name = word.path.rsplit('.').next().unwrap_or_default();
        Some((number(&word.value)?, name == "number"))
    }

    pub(crate) fn page_size(&self) -> Option<u64> {
        self.numbers(Role::PageSize).find(|size| *size > 0)
    }

    pub(crate) fn offset(&self) -> Option<u64> {
        self.numbers(Role::Offset).next()
    }

    pub(crate) fn says_not_first(&self) -> bool {
        let mut words = self.words.iter().filter(|word| word.role == Role::First);
        words.any(|word| word.is_exact && word.value == Value::Bool(false))
    }
}

impl Word {
    /// Whether it says that there is more: by the broad list.
    pub(crate) fn says_more(&self) -> bool {
        match self.role {
            Role::Next | Role::Cursor => says_something(&self.value),
            Role::More => truth(&self.value) == Some(true),
            Role::Last => flag(&self.value) == Some(false),
            Role::Cut => flag(&self.value) == Some(true),
            _ => false,
        }
    }

    /// Whether it says that there is no more: by the exact list.
    pub(crate) fn says_end(&self) -> bool {
        self.is_exact
            && match self.role {
                Role::Next | Role::Cursor => says_none(&self.value),
                Role::More => truth(&self.value) == Some(false),
                Role::Last => flag(&self.value) == Some(true),
                Role::Delta => says_something(&self.value),
                _ => false,
            }
    }
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A flag, also as 0 or 1.
fn truth(value: &Value) -> Option<bool> {
    flag(value).or_else(|| match count(value) {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    })
}

/// A number, also as Elasticsearch has it, unless it says that there are more.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Object(map) => {
            let is_exact = map.get("relation").is_none_or(|relation| relation == "eq");
            map.get("value").and_then(count).filter(|_| is_exact)
        }
        other => count(other),
    }
}

pub(crate) const LINK_HEADER: &str = "the Link header";

/// The total in a `Content-Range` (RFC 9110 §14.4): of bytes it is not one of rows. Some
/// servers leave the unit out.
fn total_in_range(range: &str) -> Option<u64> {
    let (unit, range) = range.trim().split_once(' ').unwrap_or(("", range));
    let (_, total) = range.split_once('/').filter(|_| !unit.eq_ignore_ascii_case("bytes"))?;
    whole(total)
}
