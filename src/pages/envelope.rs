//! What an answer says around its rows, in its body and in its headers.

use serde_json::{Map, Value};
use ureq::http::HeaderMap;
use ureq::http::header::{CONTENT_RANGE, LINK};

use crate::json_text::object_of;
use crate::pages::link_header::LinkHeader;
use crate::pages::repeat::Identity;
use crate::pages::words::{
    Role, is_alarm_only, is_link, is_of_pages, next_in_list, relations, says_none, says_something,
    whole, whole_number,
};
use crate::provider::pagination::HEADER;

/// A page, apart from its rows.
#[derive(Clone, Default)]
pub(crate) struct Envelope {
    pub(crate) rows: RowsFound,
    pub(crate) words: Vec<Word>,
    /// Against which the paths in a links object stand.
    pub(crate) links_base: Option<String>,
    /// Something that would hold a next link, and does not.
    pub(crate) empty_link_place: Option<String>,
    /// What the page is known by, if it has rows.
    pub(crate) identity: Option<Identity>,
    /// What stands at the place that the strategy reads.
    pub(crate) declared: Option<Value>,
    /// The server's words about an error, by the names of their members.
    pub(crate) trouble: Map<String, Value>,
    /// These words in one line, if there is an error and not only a message.
    pub(crate) error: Option<String>,
    /// The names of the members, and the lists that may be the rows with their lengths, for
    /// the error that misses the rows.
    pub(crate) names: Vec<String>,
    pub(crate) lists: Vec<(String, usize)>,
}

#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) enum RowsFound {
    #[default]
    Missing,
    Null,
    Array,
}

/// A word about pages, where it stands, and what it says.
#[derive(Clone)]
pub(crate) struct Word {
    pub(crate) role: Role,
    pub(crate) path: String,
    pub(crate) value: Value,
    /// It may end a walk, or count as a total.
    pub(crate) is_believed: bool,
}

impl Envelope {
    pub(crate) fn add(&mut self, role: Role, path: String, value: Value, is_believed: bool) {
        let is_believed = is_believed && !is_alarm_only(name_of(&path));
        self.words.push(Word { role, path, value, is_believed });
    }

    pub(crate) fn add_link_list(&mut self, path: &str, links: &[Value]) {
        if let Some(next) = next_in_list(links) {
            self.add(Role::Next, path.to_owned(), next.clone(), true);
        } else if links.iter().flat_map(relations).any(is_of_pages) {
            self.empty_link_place.get_or_insert_with(|| path.to_owned());
        }
    }

    /// What the headers say. Totals there are for bodies that have no place for them.
    pub(crate) fn add_headers(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            let (name, Ok(value)) = (name.as_str(), value.to_str()) else { continue };
            if value.starts_with('{') && name.contains("pagination") {
                let map = object_of(value.as_bytes()).unwrap_or_default();
                for (member, value) in map {
                    if let Some(role) = Role::of(&member) {
                        self.add(role, format!("{HEADER}{name}.{member}"), value, true);
                    }
                }
            } else if let Some(role) = Role::of_header(name) {
                self.add(role, format!("{HEADER}{name}"), value.into(), true);
            }
        }
        let range = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        if let Some(total) = range.and_then(total_in_range) {
            self.add(Role::Total, format!("{HEADER}{CONTENT_RANGE}"), total.into(), true);
        }
        self.add_link_header(headers);
        let context = "@odata.context";
        if self.names.iter().any(|name| name == context) {
            self.empty_link_place.get_or_insert_with(|| context.to_owned());
        }
    }

    fn add_link_header(&mut self, headers: &HeaderMap) {
        // A title may hold what is not ASCII.
        let lines = headers.get_all(LINK).iter();
        let lines: Vec<_> = lines.map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
        let found = LinkHeader::read(lines.iter().map(|line| &**line));
        let value = match found.next {
            Some(next) => next.into(),
            None if found.is_unreadable => true.into(),
            None if found.is_over => Value::Null,
            None => {
                let target = found.is_of_pages.then(|| LINK_HEADER.to_owned());
                self.empty_link_place = target.or(self.empty_link_place.take());
                return;
            }
        };
        // A link in the header says it better than one in the body.
        let path = LINK_HEADER.to_owned();
        self.words.insert(0, Word { role: Role::Next, path, value, is_believed: true });
    }

    /// The words of this role that are believed, and their numbers.
    pub(crate) fn numbers(&self, role: Role) -> impl Iterator<Item = (&str, u64)> {
        let words = self.words.iter().filter(move |word| word.is_believed && word.role == role);
        words.filter_map(|word| Some((word.path.as_str(), number(&word.value)?)))
    }

    pub(crate) fn number(&self, role: Role) -> Option<u64> {
        self.numbers(role).next().map(|(_, number)| number)
    }

    /// How many rows there are, as the answer has it. None beside rows is no total.
    pub(crate) fn total(&self) -> Option<u64> {
        let is_possible = |total: &u64| *total > 0 || self.identity.is_none();
        self.numbers(Role::Total).map(|(_, total)| total).find(is_possible)
    }
}

impl Word {
    /// Whether it says that there is more, if it speaks of that.
    fn more(&self) -> Option<bool> {
        let number = whole_number(&self.value);
        match self.role {
            Role::Next | Role::Cursor if says_something(&self.value) => Some(true),
            Role::Next | Role::Cursor => says_none(&self.value).then_some(false),
            Role::More if self.value.as_str().is_some_and(is_link) => Some(true),
            Role::More => flag(&self.value).or(number.map(|number| number > 0)),
            // `done` may count what is done.
            Role::Last if number == Some(0) && name_of(&self.path).starts_with("is") => Some(true),
            Role::Last | Role::LastPage => flag(&self.value).map(|is_last| !is_last),
            Role::Delta => says_something(&self.value).then_some(false),
            _ => None,
        }
    }

    pub(crate) fn says_more(&self) -> bool {
        self.more() == Some(true)
    }

    pub(crate) fn says_incomplete(&self) -> bool {
        self.role == Role::Partial && flag(&self.value) == Some(true)
    }

    pub(crate) fn says_end(&self) -> bool {
        self.is_believed && self.more() == Some(false)
    }
}

pub(crate) fn name_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// A flag, also as text.
fn flag(value: &Value) -> Option<bool> {
    match value.as_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true" | "yes" | "y" | "x") => Some(true),
        Some("false" | "no" | "n") => Some(false),
        _ => value.as_bool(),
    }
}

/// A number, also as Elasticsearch has it, unless it says that there are more.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Object(map) => {
            let is_exact = map.get("relation").is_none_or(|relation| relation == "eq");
            map.get("value").and_then(whole_number).filter(|_| is_exact)
        }
        other => whole_number(other),
    }
}

/// The total in a `Content-Range` (RFC 9110 §14.4): of bytes it is not one of rows. Some
/// servers leave the unit out.
fn total_in_range(range: &str) -> Option<u64> {
    let (unit, range) = range.trim().split_once(' ').unwrap_or(("", range));
    let (_, total) = range.split_once('/').filter(|_| !unit.eq_ignore_ascii_case("bytes"))?;
    whole(total)
}

/// The path of the `Link` header, as every header's is written.
pub(crate) const LINK_HEADER: &str = "header:link";
