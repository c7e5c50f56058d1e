//! What stands beside the rows: the words about pages, wherever they may stand.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

use crate::json_path::Rest;
use crate::pages::envelope::{Envelope, Word};
use crate::pages::words::{Container, Role, is_common, is_exact, is_trouble};

/// An object of the answer, as far as its place in it matters.
pub(crate) struct Spot<'p> {
    pub(crate) container: Container,
    pub(crate) path: String,
    pub(crate) declared: Option<Rest<'p>>,
    pub(crate) depth: u8,
}

impl<'p> Spot<'p> {
    pub(crate) fn below(&self, name: &str, container: Container) -> Spot<'p> {
        Spot {
            container,
            path: self.path_of(name),
            declared: self.declared.and_then(|rest| rest.after(name)),
            depth: self.depth + 1,
        }
    }

    fn path_of(&self, name: &str) -> String {
        match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    /// What is to be read of the object `name` here.
    fn container_of(&self, name: &str) -> Option<Container> {
        match (self.container, Container::of(name)) {
            (Container::Top, container) => Some(container),
            // Words about pages in a list of links are none.
            (_, Container::Other) | (Container::Links, _) => None,
            (_, container) => Some(container),
        }
        .filter(|_| self.depth < DEEPEST)
    }
}

/// A member beside the rows.
pub(crate) fn member<'de, A: MapAccess<'de>>(
    spot: &Spot<'_>,
    name: &str,
    map: &mut A,
    envelope: &mut Envelope,
) -> Result<(), A::Error> {
    let seed = Member { spot, name, envelope: &mut *envelope };
    let Some(value) = map.next_value_seed(seed)? else { return Ok(()) };
    if spot.declared.is_some_and(|rest| rest.after(name).is_some_and(Rest::is_end)) {
        envelope.declared = Some(value.clone());
    }
    if spot.path.is_empty() && TELLING.contains(&name) && is_trouble(&value) {
        envelope.trouble.insert(name.to_owned(), value);
        return Ok(());
    }
    let role = match spot.container {
        // `self`, `first` and the like are links as well.
        Container::Links => Role::of(name).filter(|role| *role == Role::Next),
        _ => Role::of(name),
    };
    if let Some(role) = role {
        let is_exact = spot.container != Container::Other && is_exact(name);
        let path = spot.path_of(name);
        envelope.words.push(Word { role, path, value, is_exact });
    }
    Ok(())
}

/// In an object that may hold anything a common word counts only beside another.
pub(crate) fn settle_words(spot: &Spot<'_>, envelope: &mut Envelope, first: usize) {
    if spot.container != Container::General {
        return;
    }
    let Some(words) = envelope.words.get_mut(first..) else { return };
    // Those of the object itself, and not of one within it.
    let is_common_here = |word: &Word| {
        let name = word.path.get(spot.path.len() + 1..).unwrap_or_default();
        is_common(name) && word.role != Role::Next
    };
    if words.iter().all(|word| is_common_here(word) || !word.is_exact) {
        for word in words {
            word.is_exact = false;
        }
    }
}

/// Reads a member as far as it may speak of pages: a value, or nothing if it was read into
/// the envelope or passed over.
struct Member<'a, 'p> {
    spot: &'a Spot<'p>,
    name: &'a str,
    envelope: &'a mut Envelope,
}

impl Member<'_, '_> {
    /// Its whole value counts, whatever it is.
    fn is_whole(&self) -> bool {
        let is_declared =
            self.spot.declared.is_some_and(|rest| rest.after(self.name).is_some_and(Rest::is_end));
        let role = Role::of(self.name);
        let is_next = matches!(role, Some(Role::Next | Role::Cursor | Role::Total));
        is_declared || is_next || self.spot.path.is_empty() && TELLING.contains(&self.name)
    }
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
        let declared = self.spot.declared.and_then(|rest| rest.after(self.name));
        if self.is_whole() {
            let value = Value::deserialize(MapAccessDeserializer::new(map))?;
            if let Some(found) = declared.and_then(|rest| rest.find(&value)) {
                self.envelope.declared = Some(found.clone());
            }
            return Ok(Some(value));
        }
        let container = self.spot.container_of(self.name);
        if container.is_none() && declared.is_none() {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(None);
        }
        let spot = self.spot.below(self.name, container.unwrap_or(Container::Other));
        let first = self.envelope.words.len();
        let (mut has_others, mut base) = (false, None);
        while let Some(name) = map.next_key_seed(Name)? {
            has_others |= IN_LINKS.contains(&name.as_ref());
            if spot.container == Container::Links && name == "base" {
                base = map.next_value::<Value>()?.as_str().map(str::to_owned);
            } else {
                member(&spot, &name, &mut map, &mut *self.envelope)?;
            }
        }
        settle_words(&spot, self.envelope, first);
        if spot.container == Container::Links {
            self.envelope.links_base = base.or(self.envelope.links_base.take());
            self.envelope.note_links(spot.path, has_others);
        }
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let is_links = self.spot.container_of(self.name) == Some(Container::Links);
        if is_links || self.is_whole() {
            let value = Value::deserialize(SeqAccessDeserializer::new(seq))?;
            if is_links {
                self.envelope.note_link_list(self.spot.path_of(self.name), &value);
            }
            return Ok(Some(value));
        }
        let mut length = 0;
        while seq.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        if self.spot.depth <= 1 {
            self.envelope.arrays.push((self.spot.path_of(self.name), length));
        }
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
pub(crate) struct Name;

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

/// Members of a links object that show that a next link would stand there.
const IN_LINKS: [&str; 7] = ["self", "first", "last", "prev", "previous", "current", "context"];
/// What of a server's words about an error stands at the top.
const TELLING: [&str; 4] = ["error", "errors", "error_description", "message"];
/// Objects of words within each other, counted from the top.
const DEEPEST: u8 = 5;
