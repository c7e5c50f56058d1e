//! What a page is known by, so that one that comes again is noticed.

use serde_json::Value;

/// A page by its rows: all of their text, and the ids of the first two.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    rows: u128,
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

/// A name for a long text, read once by words of eight bytes on two lanes.
fn quick_name(text: &str) -> u128 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let mut lanes = (length, length.rotate_left(32));
    let mut take = |word: u64| {
        lanes.0 = (lanes.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        lanes.1 = (lanes.1 ^ word).wrapping_mul(0x6a09_e667_f3bc_c909).rotate_left(31);
    };
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    for word in words.chain(rest.iter().copied().map(u64::from)) {
        take(word);
    }
    u128::from(lanes.0) << 64 | u128::from(lanes.1)
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
