//! One reading of a page: the rows, and around them what is said of other pages.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde_json::Value;

use crate::json_text::Rest;
use crate::pages::envelope::{Envelope, RowsFound};
use crate::pages::repeat::{Identity, count};
use crate::pages::words::{Container, Role, is_common, is_next, is_of_pages, is_trouble};
use crate::provider::pagination::{Pagination, Source};

/// Reads a page. The rows are pushed to `rows` one by one, so that those before a row that
/// does not decode are not lost.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    pagination: &Pagination,
    rows: &mut Vec<T>,
    page: &mut Envelope,
) -> serde_json::Result<()> {
    let rows_path = pagination.rows_path();
    let declared = match pagination.strategy.source() {
        Some(Source::Member(path)) => Some(path.rest()),
        _ => None,
    };
    let top = Spot {
        container: Container::Top,
        path: String::new(),
        rows_at: Some(rows_path.rest()),
        declared,
        depth: 0,
    };
    let mut reading = Reading { text, rows, rows_text: 0..0, page };
    let mut json = serde_json::Deserializer::from_str(text);
    Member { reading: &mut reading, spot: &top, start: 0 }.deserialize(&mut json)?;
    json.end()?;
    let Reading { rows, rows_text, page, .. } = reading;
    let end = Some(rows_text.end.min(text.len())).filter(|end| *end != UNKNOWN);
    let rows_text = text.get(rows_text.start..end.unwrap_or(text.len())).unwrap_or_default();
    if !rows.is_empty() {
        let (identity, last) =
            Identity::of(rows_text, end.is_some(), count(rows.len()), &pagination.strategy);
        page.identity = Some(identity);
        page.declared = page.declared.take().or(last);
    }
    Ok(())
}

/// What is read, and what was found so far.
struct Reading<'a, T> {
    text: &'a str,
    rows: &'a mut Vec<T>,
    /// Where the rows stand in the text, up to the next member after them.
    rows_text: Range<usize>,
    page: &'a mut Envelope,
}

/// A member of the answer, as far as its place in it matters.
struct Spot<'p> {
    /// What it is if it is an object or a list.
    container: Container,
    path: String,
    /// What is left below it of the path to the rows, if it is on the way to them.
    rows_at: Option<Rest<'p>>,
    /// The same of the path to what the strategy reads.
    declared: Option<Rest<'p>>,
    depth: u8,
}

impl Spot<'_> {
    fn below(&self, name: &str) -> Self {
        let rows_at = self.rows_at.and_then(|rest| rest.after(name));
        let container = match (self.container, Container::of(name)) {
            _ if rows_at.is_some() => Container::Top,
            _ if self.depth == DEEPEST => Container::Passed,
            (Container::Top, inner) => inner,
            // Words about pages in a list of links are none.
            (Container::Links, _) | (_, Container::Other) => Container::Passed,
            (_, inner) => inner,
        };
        let dot = if self.path.is_empty() { "" } else { "." };
        Spot {
            container,
            path: [self.path.as_str(), dot, name].concat(),
            rows_at,
            declared: self.declared.and_then(|rest| rest.after(name)),
            depth: DEEPEST.min(self.depth + 1),
        }
    }
}

/// Where a name stands in the text, unless it had to be copied for its escapes.
fn place_of(text: &str, name: &str) -> Option<usize> {
    let place = name.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (place <= text.len()).then_some(place)
}

/// A member of an object that is read; `start` is where its value begins in the text.
fn member<'de, A: MapAccess<'de>, T: DeserializeOwned>(
    around: &Spot<'_>,
    (name, start): (&str, usize),
    map: &mut A,
    reading: &mut Reading<'_, T>,
) -> Result<(), A::Error> {
    let spot = &around.below(name);
    let role = match around.container {
        Container::Links => is_next(name).then_some(Role::Next),
        _ => Role::of(name),
    };
    let is_of_error = around.path.is_empty() && TELLING.contains(&name);
    let is_whole = is_of_error
        || spot.declared.is_some_and(Rest::is_end)
        || matches!(role, Some(Role::Next | Role::Cursor | Role::Total));
    let value = match is_whole && spot.rows_at.is_none() {
        true => Some(map.next_value::<Value>()?),
        false => map.next_value_seed(Member { reading: &mut *reading, spot, start })?,
    };
    let (Some(value), page) = (value, &mut *reading.page) else { return Ok(()) };
    if let Some(declared) = spot.declared.and_then(|rest| rest.find(&value)) {
        page.declared = Some(declared.clone());
    }
    if let (Container::Links, Value::Array(links)) = (spot.container, &value) {
        page.add_link_list(&spot.path, links);
    }
    if is_of_error && is_trouble(&value) {
        page.trouble.insert(name.to_owned(), value);
    } else if let Some(role) = role {
        let is_known = !matches!(around.container, Container::Other | Container::Passed);
        page.add(role, spot.path.clone(), value, is_known);
    }
    Ok(())
}

/// In an object that may hold anything a common word counts only beside another.
fn settle_words(spot: &Spot<'_>, page: &mut Envelope, first: usize) {
    let words = page.words.get_mut(first..).unwrap_or_default();
    // Those of the object itself, and not of one within it.
    let is_common = |path: &str| path.get(spot.path.len() + 1..).is_some_and(is_common);
    if spot.container == Container::General && words.iter().all(|word| is_common(&word.path)) {
        for word in words {
            word.is_believed = false;
        }
    }
}

/// Reads the answer or a member of it: the rows, or as far as it may speak of pages. It is a
/// value, or nothing if its words were read or it was passed over.
struct Member<'a, 'r, 'p, T> {
    reading: &'a mut Reading<'r, T>,
    spot: &'a Spot<'p>,
    start: usize,
}

/// On the way to the rows there is none; elsewhere it is its own value.
macro_rules! scalars {
    ($($visit:ident($scalar:ty) $kind:ident),*,) => {$(
        fn $visit<E: Error>(self, value: $scalar) -> Result<Self::Value, E> {
            match self.spot.rows_at {
                None => Ok(Some(value.into())),
                Some(_) => Err(E::invalid_type(Unexpected::$kind(value), &self)),
            }
        }
    )*};
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Member<'_, '_, '_, T> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Member<'_, '_, '_, T> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_rows = self.spot.rows_at.is_some_and(Rest::is_end);
        f.write_str(if is_rows { ROWS } else { ROWS_OR_OBJECT })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if self.spot.rows_at.is_some_and(Rest::is_end) {
            let path = &self.spot.path;
            return Err(A::Error::custom(format!(
                "expected an array of rows and not an object (declare .with_rows_at({:?}))",
                format!("{path}.<member>")
            )));
        }
        let Member { reading, spot, .. } = self;
        if spot.container == Container::Passed && spot.declared.is_none() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let (first, mut has_others) = (reading.page.words.len(), false);
        while let Some(name) = map.next_key_seed(Name)? {
            let place = place_of(reading.text, &name);
            if reading.rows_text.end == usize::MAX {
                reading.rows_text.end = place.unwrap_or(UNKNOWN);
            }
            has_others |= is_of_pages(&name);
            if (spot.container, name.as_ref()) == (Container::Links, "base") {
                let base = map.next_value::<Value>()?;
                reading.page.links_base = base.as_str().map(str::to_owned);
            } else {
                let start = place.unwrap_or_default() + name.len();
                member(spot, (&name, start), &mut map, reading)?;
            }
            if spot.path.is_empty() {
                reading.page.names.push(name.into_owned());
            }
        }
        let page = &mut *reading.page;
        settle_words(spot, page, first);
        if spot.container == Container::Links && has_others && page.words.len() == first {
            page.empty_link_place.get_or_insert_with(|| spot.path.clone());
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Member { reading, spot, start } = self;
        if let Some(rest) = spot.rows_at {
            let path = &spot.path;
            // An answer that is a list holds nothing else.
            if !rest.is_end() && !path.is_empty() {
                return Err(A::Error::custom(format!(
                    "expected an object with the rows and not an array (declare .with_rows_at({path:?}) if it has the rows)"
                )));
            }
            reading.rows_text = start..usize::MAX;
            reading.page.rows = RowsFound::Array;
            while let Some(row) = seq.next_element()? {
                reading.rows.push(row);
            }
            return Ok(None);
        }
        if spot.container == Container::Links {
            return Value::deserialize(SeqAccessDeserializer::new(seq)).map(Some);
        }
        let mut length = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        reading.page.lists.push((spot.path.clone(), length));
        Ok(None)
    }

    /// `null` in the place of the rows, or of what holds them, is no rows.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        if self.spot.rows_at.is_some() {
            self.reading.page.rows = RowsFound::Null;
            return Ok(None);
        }
        Ok(Some(Value::Null))
    }

    scalars! {
        visit_bool(bool) Bool, visit_i64(i64) Signed, visit_u64(u64) Unsigned,
        visit_f64(f64) Float, visit_str(&str) Str,
    }
}

/// The name of a member, borrowed from the text if it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// Where the rows end, if a name with escapes follows, whose place is not known.
const UNKNOWN: usize = 0;
const ROWS: &str = "an array of rows";
const ROWS_OR_OBJECT: &str = "an array of rows, or an object with one";
/// What of a server's words about an error stands at the top.
const TELLING: [&str; 5] = ["error", "errors", "error_description", "message", "failureReason"];
/// Objects of words within each other, counted from the top.
const DEEPEST: u8 = 5;
