//! One reading of a page: the rows, and around them what is said of other pages.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::Value;

use crate::json_text::{JsonPath, Rest};
use crate::pages::envelope::{Envelope, RowsFound};
use crate::pages::words::{Container, Role, is_common, is_trouble};

/// Reads a page. The rows are pushed to `rows` one by one, so that those before a row that
/// does not decode are not lost. `declared` is what the strategy reads.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    rows_at: &JsonPath,
    declared: Option<&JsonPath>,
    rows: &mut Vec<T>,
    envelope: &mut Envelope,
) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    let declared = declared.map(JsonPath::rest);
    let spot = Spot { container: Container::Top, path: String::new(), declared, depth: 0 };
    Level { text, rows_at: rows_at.rest(), spot, rows, envelope }.deserialize(&mut json)?;
    json.end()
}

/// An object of the answer, as far as its place in it matters.
struct Spot<'p> {
    container: Container,
    path: String,
    declared: Option<Rest<'p>>,
    depth: u8,
}

impl<'p> Spot<'p> {
    fn below(&self, name: &str, container: Container) -> Spot<'p> {
        let declared = self.declared.and_then(|rest| rest.after(name));
        Spot { container, path: self.path_of(name), declared, depth: self.depth + 1 }
    }

    fn path_of(&self, name: &str) -> String {
        let dot = if self.path.is_empty() { "" } else { "." };
        [self.path.as_str(), dot, name].concat()
    }

    /// As what an object `name` is read here, if it is.
    fn container_of(&self, name: &str) -> Option<Container> {
        let inner = Container::of(name);
        let is_read = match self.container {
            Container::Top => true,
            // Words about pages in a list of links are none.
            Container::Links => false,
            _ => inner != Container::Other,
        };
        is_read.then_some(inner).filter(|_| self.depth < DEEPEST)
    }

    fn is_declared(&self, name: &str) -> bool {
        self.declared.and_then(|rest| rest.after(name)).is_some_and(Rest::is_end)
    }
}

/// The answer, or an object on the way to the rows.
struct Level<'a, 'p, T> {
    text: &'a str,
    rows_at: Rest<'p>,
    spot: Spot<'p>,
    rows: &'a mut Vec<T>,
    envelope: &'a mut Envelope,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Level<'_, '_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Level<'_, '_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows, or an object with one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.envelope.rows_text = 0..self.text.len();
        self.envelope.rows = Rows(self.rows).visit_seq(seq)?;
        Ok(())
    }

    /// `null` in the place of the answer, or of what holds the rows.
    fn visit_unit<E>(self) -> Result<(), E> {
        self.envelope.rows = RowsFound::Null;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (text, first) = (self.text, self.envelope.words.len());
        while let Some(name) = map.next_key_seed(Name)? {
            if self.envelope.rows_text.end == usize::MAX
                && let Some(end) = place_of(text, &name)
            {
                self.envelope.rows_text.end = end;
            }
            match self.rows_at.after(&name) {
                Some(rest) if rest.is_end() => {
                    self.envelope.rows = map.next_value_seed(Rows(&mut *self.rows))?;
                    let start = place_of(text, &name).unwrap_or(0);
                    self.envelope.rows_text = start + name.len() + 1..usize::MAX;
                }
                Some(rows_at) => {
                    let spot = self.spot.below(&name, Container::Top);
                    let (rows, envelope) = (&mut *self.rows, &mut *self.envelope);
                    map.next_value_seed(Level { text, rows_at, spot, rows, envelope })?;
                }
                None => member(&self.spot, &name, &mut map, &mut *self.envelope)?,
            }
            if self.spot.path.is_empty() {
                self.envelope.names.push(name.into_owned());
            }
        }
        settle_words(&self.spot, self.envelope, first);
        Ok(())
    }
}

/// Where a name stands in the text, unless it had to be copied for its escapes.
fn place_of(text: &str, name: &str) -> Option<usize> {
    let target = name.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (target <= text.len()).then_some(target)
}

/// A member beside the rows.
fn member<'de, A: MapAccess<'de>>(
    spot: &Spot<'_>,
    name: &str,
    map: &mut A,
    envelope: &mut Envelope,
) -> Result<(), A::Error> {
    let role =
        Role::of(name).filter(|role| spot.container != Container::Links || *role == Role::Next);
    let is_words = spot.path.is_empty() && TELLING.contains(&name);
    let is_whole = is_words
        || spot.is_declared(name)
        || matches!(role, Some(Role::Next | Role::Cursor | Role::Total));
    let seed = Member { spot, name, is_whole, envelope: &mut *envelope };
    let Some(value) = map.next_value_seed(seed)? else { return Ok(()) };
    if let Some(declared) = spot.declared.and_then(|rest| rest.after(name)?.find(&value)) {
        envelope.declared = Some(declared.clone());
    }
    if is_words && is_trouble(&value) {
        envelope.trouble.insert(name.to_owned(), value);
    } else if let Some(role) = role {
        envelope.add(role, spot.path_of(name), value, spot.container != Container::Other);
    }
    Ok(())
}

/// In an object that may hold anything a common word counts only beside another.
fn settle_words(spot: &Spot<'_>, envelope: &mut Envelope, first: usize) {
    let words = envelope.words.get_mut(first..).unwrap_or_default();
    // Those of the object itself, and not of one within it.
    let is_common = |path: &str| path.get(spot.path.len() + 1..).is_some_and(is_common);
    if spot.container == Container::General && words.iter().all(|word| is_common(&word.path)) {
        for word in words {
            word.is_believed = false;
        }
    }
}

/// Reads a member as far as it may speak of pages: a value, or nothing if its words were read
/// or it was passed over.
struct Member<'a, 'p> {
    spot: &'a Spot<'p>,
    name: &'a str,
    /// All of it counts, whatever it is.
    is_whole: bool,
    envelope: &'a mut Envelope,
}

impl<'de> DeserializeSeed<'de> for Member<'_, '_> {
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, '_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if self.is_whole {
            return Value::deserialize(MapAccessDeserializer::new(map)).map(Some);
        }
        let container = self.spot.container_of(self.name);
        let spot = self.spot.below(self.name, container.unwrap_or(Container::Other));
        if container.is_none() && spot.declared.is_none() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let (first, mut has_others) = (self.envelope.words.len(), false);
        while let Some(name) = map.next_key_seed(Name)? {
            has_others |= IN_LINKS.contains(&name.as_ref());
            match (spot.container, name.as_ref()) {
                (Container::Links, "base") => {
                    self.envelope.links_base = map.next_value::<Value>()?.as_str().map(Into::into);
                }
                (_, name) => member(&spot, name, &mut map, &mut *self.envelope)?,
            }
        }
        settle_words(&spot, self.envelope, first);
        let is_place = spot.container == Container::Links && has_others;
        if is_place && self.envelope.words.len() == first {
            self.envelope.empty_link_place.get_or_insert(spot.path);
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let is_links = self.spot.container_of(self.name) == Some(Container::Links);
        let path = self.spot.path_of(self.name);
        if is_links || self.is_whole {
            let list: Vec<Value> = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
            if is_links {
                self.envelope.add_link_list(path, &list);
            }
            return Ok(Some(list.into()));
        }
        let mut length = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        self.envelope.lists.push((path, length));
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Some(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
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

/// The rows, pushed one by one; `null` is no rows.
struct Rows<'a, T>(&'a mut Vec<T>);

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Rows<'_, T> {
    type Value = RowsFound;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RowsFound, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Rows<'_, T> {
    type Value = RowsFound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RowsFound, A::Error> {
        while let Some(row) = seq.next_element()? {
            self.0.push(row);
        }
        Ok(if self.0.is_empty() { RowsFound::Empty } else { RowsFound::Some })
    }

    fn visit_unit<E>(self) -> Result<RowsFound, E> {
        Ok(RowsFound::Null)
    }
}

/// Members of a links object that show that a next link would stand there.
const IN_LINKS: [&str; 7] = ["self", "first", "last", "prev", "previous", "current", "context"];
/// What of a server's words about an error stands at the top.
const TELLING: [&str; 5] = ["error", "errors", "error_description", "message", "failureReason"];
/// Objects of words within each other, counted from the top.
const DEEPEST: u8 = 5;
