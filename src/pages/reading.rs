//! One reading of a page: the rows, and around them what is said of other pages.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::json_path::{JsonPath, Rest};
use crate::pages::envelope::{Envelope, RowsFound};
use crate::pages::member::{Name, Spot, member, settle_words};
use crate::pages::words::Container;

/// Where to look in an answer.
pub(crate) struct Places<'p> {
    pub(crate) rows: &'p JsonPath,
    /// What the strategy reads.
    pub(crate) declared: Option<&'p JsonPath>,
}

/// Reads a page. The rows are pushed to `rows` one by one, so that those before a row that
/// does not decode are not lost.
pub(crate) fn read<T: DeserializeOwned>(
    text: &str,
    places: &Places<'_>,
    rows: &mut Vec<T>,
    envelope: &mut Envelope,
) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_str(text);
    let declared = places.declared.map(JsonPath::rest);
    let spot = Spot { container: Container::Top, path: String::new(), declared, depth: 0 };
    Level { text, rows_at: places.rows.rest(), spot, rows, envelope }.deserialize(&mut json)?;
    json.end()
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
        self.envelope.is_bare = true;
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
        let first = self.envelope.words.len();
        while let Some(name) = map.next_key_seed(Name)? {
            self.envelope.end_rows_at(place_of(self.text, &name));
            match self.rows_at.after(&name) {
                Some(rest) if rest.is_end() => {
                    let start = place_of(self.text, &name).map(|start| start + name.len() + 1);
                    self.envelope.rows = map.next_value_seed(Rows(&mut *self.rows))?;
                    let start = start.unwrap_or(0);
                    self.envelope.begin_rows_at(start, self.text.len());
                }
                Some(rows_at) => {
                    let spot = self.spot.below(&name, Container::Top);
                    map.next_value_seed(Level {
                        text: self.text,
                        rows_at,
                        spot,
                        rows: &mut *self.rows,
                        envelope: &mut *self.envelope,
                    })?;
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
    let place = name.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    (place <= text.len()).then_some(place)
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
