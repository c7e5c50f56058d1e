//! What a page is known by, so that one that comes again is noticed.

use serde_json::Value;

/// A page by its rows: all of their text, and the ids of the first two.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    rows: u64,
    count: u64,
    /// If each has one, and they differ.
    ids: Option<Vec<Value>>,
}

/// How much a page is like the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    None,
    /// The same rows, which have nothing that tells one from the other.
    Anonymous,
    /// The same rows by their ids, and something else in them has changed.
    SameIds,
    /// The same rows by their ids, letter for letter.
    Same,
}

impl Identity {
    /// `rows` is the text from the rows on.
    pub(crate) fn of(rows: &str, count: u64) -> Self {
        Self { rows: quick_name(rows), count, ids: first_ids(rows) }
    }

    pub(crate) fn likeness(&self, before: Option<&Self>) -> Likeness {
        let Some(before) = before else { return Likeness::None };
        let has_same_ids =
            self.ids.is_some() && (&self.ids, self.count) == (&before.ids, before.count);
        match (self.rows == before.rows, has_same_ids) {
            (true, true) => Likeness::Same,
            (false, true) => Likeness::SameIds,
            (true, false) => Likeness::Anonymous,
            (false, false) => Likeness::None,
        }
    }
}

/// A name for a long text, read once: sixteen bytes for each multiplication.
fn quick_name(text: &str) -> u64 {
    let (pairs, rest) = text.as_bytes().as_chunks::<16>();
    let mut name = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let halves = |value: u128| {
        let halves = [value & u128::from(u64::MAX), value >> 64];
        halves.map(|half| u64::try_from(half).unwrap_or_default())
    };
    let mut take = |pair: u128| {
        let [first, second] = halves(pair);
        let product = u128::from(name ^ first ^ ODD.0) * u128::from(second ^ ODD.1);
        let [low, high] = halves(product);
        name = low ^ high;
    };
    for pair in pairs {
        take(u128::from_le_bytes(*pair));
    }
    for byte in rest {
        take(u128::from(*byte));
    }
    name
}

/// A row that is a number or text is its own id.
fn first_ids(rows: &str) -> Option<Vec<Value>> {
    let mut rest = rows.get(rows.find('[')? + 1..)?;
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        ids.push(match values.next()?.ok()? {
            Value::Object(row) => IDS.iter().find_map(|name| row.get(*name))?.clone(),
            row @ (Value::Number(_) | Value::String(_)) => row,
            _ => return None,
        });
        match rest.get(values.byte_offset()..)?.trim_start().strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    (ids.first() != ids.get(1)).then_some(ids)
}

/// By which rows are told apart; most APIs have one of them.
const IDS: [&str; 4] = ["id", "_id", "uuid", "guid"];
/// The fractions of the golden ratio and of the root of two, made odd.
const ODD: (u64, u64) = (0x9e37_79b9_7f4a_7c15, 0x6a09_e667_f3bc_c909);
