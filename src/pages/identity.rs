//! What a page is known by, so that one that comes again is noticed.

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::form::fingerprint;

/// A page by its rows: all of their text, and the names of the first few.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    rows: u128,
    count: u64,
    /// Of the first rows, if each has one and they differ.
    ids: Option<u128>,
}

/// How much a page is like the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    None,
    /// The same rows, which have nothing that tells one from the other.
    Anonymous,
    /// The same rows by their ids, whatever else in them may have changed.
    Same,
}

impl Identity {
    /// `rows` is the text from the rows on.
    pub(crate) fn of(rows: &str, count: u64) -> Self {
        let ids = first_ids(rows);
        let ids = ids.map(|ids| fingerprint(&Value::from(ids).to_string()));
        Self { rows: quick_name(rows), count, ids }
    }

    pub(crate) fn likeness(&self, before: &Self) -> Likeness {
        let is_like = self.ids.is_some() && self.ids == before.ids && self.count == before.count;
        match self.rows == before.rows {
            _ if is_like => Likeness::Same,
            true => Likeness::Anonymous,
            false => Likeness::None,
        }
    }

    /// A short text, for a resume point.
    pub(crate) fn to_text(&self) -> String {
        let ids = self.ids.map_or(String::new(), |ids| format!("{ids:x}"));
        format!("{:x}.{}.{ids}", self.rows, self.count)
    }

    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let hex = |text: &str| u128::from_str_radix(text, 16).ok();
        let (rows, count) = (hex(parts.next()?)?, parts.next()?.parse().ok()?);
        let ids = match parts.next()? {
            "" => None,
            ids => Some(hex(ids)?),
        };
        parts.next().is_none().then_some(Self { rows, count, ids })
    }
}

/// A name for a long text, read once by words of eight bytes on two lanes.
fn quick_name(text: &str) -> u128 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let mut lanes = (length, length.rotate_left(32));
    let mut take = |word: u64| {
        lanes.0 = (lanes.0 ^ word).wrapping_mul(ODD.0).rotate_left(29);
        lanes.1 = (lanes.1 ^ word).wrapping_mul(ODD.1).rotate_left(31);
    };
    words.iter().for_each(|word| take(u64::from_le_bytes(*word)));
    rest.iter().for_each(|byte| take(u64::from(*byte)));
    u128::from(lanes.0) << 64 | u128::from(lanes.1)
}

/// The ids of the first few rows; a row that is a number or text is its own.
fn first_ids(rows: &str) -> Option<Vec<Value>> {
    let start = rows.find('[')?;
    let mut json = serde_json::Deserializer::from_str(rows.get(start..)?);
    let mut ids = Ids::default();
    // It ends early, before the end of the array.
    let _ = serde::Deserializer::deserialize_seq(&mut json, &mut ids);
    let differ = |ids: &[Value]| ids.iter().skip(1).any(|id| Some(id) != ids.first());
    let found = ids.found.into_iter().collect::<Option<Vec<Value>>>()?;
    (found.len() == 1 || differ(&found)).then_some(found)
}

#[derive(Default)]
struct Ids {
    found: Vec<Option<Value>>,
}

impl<'de> Visitor<'de> for &mut Ids {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while self.found.len() < LOOKED_AT {
            match seq.next_element::<Id>()? {
                Some(Id(id)) => self.found.push(id),
                None => break,
            }
        }
        Ok(())
    }
}

/// What a row is known by.
struct Id(Option<Value>);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IdVisitor).map(Self)
    }
}

struct IdVisitor;

impl<'de> Visitor<'de> for IdVisitor {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut id = None;
        while let Some(name) = map.next_key::<String>()? {
            if id.is_none() && IDS.contains(&name.as_str()) {
                id = Some(map.next_value::<Value>()?).filter(|id| !id.is_null());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(id)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
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

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// By which rows are told apart; most APIs have one of them.
const IDS: [&str; 5] = ["id", "_id", "uuid", "guid", "ID"];
const LOOKED_AT: usize = 3;
/// The fractions of the golden ratio and of the root of two, made odd.
const ODD: (u64, u64) = (0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909);
