//! What a page is known by, so that one that comes again is noticed.

use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::provider::pagination::Strategy;

/// A page by its rows, under names that are short enough to be kept in a resume point.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// All of their text.
    pub(crate) rows: u64,
    /// The ids of the first two, and how many there are; all of the text if they have none.
    /// Nothing if they are equal.
    pub(crate) ids: Option<u64>,
    /// The first and the last row, where pages must not overlap.
    pub(crate) ends: Option<(u64, u64)>,
}

/// How much a page is like the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Likeness {
    None,
    /// It begins with the last row of the one before.
    Overlap,
    /// The same rows, which have nothing that tells one from the other.
    Anonymous,
    /// The same rows by their ids, and something else in them has changed.
    SameIds,
    /// The same rows by their ids, letter for letter.
    Same,
}

impl Identity {
    /// By the text from the rows on, which may be known to end at the next member; with the id
    /// of the last row where pages must not overlap.
    pub(crate) fn of(
        rows: &str,
        has_end: bool,
        count: u64,
        strategy: &Strategy,
    ) -> (Self, Option<Value>) {
        let mut texts = elements(rows);
        let (first, second) = (texts.next(), texts.next());
        let last = match strategy {
            Strategy::AfterRow(..) | Strategy::Offset(_) => match has_end {
                true => last_element(rows),
                false => texts.last().or(second).or(first),
            },
            _ => None,
        };
        let row = |text: Option<&str>| serde_json::from_str::<Value>(text?).ok();
        let id = |text| match strategy {
            Strategy::AfterRow(_, field) => field.find(&row(text)?).cloned(),
            _ => own_id(&row(text)?),
        };
        let last = id(last);
        let ends = last.as_ref().and_then(|last| Some((name_of_id(&id(first)?), name_of_id(last))));
        let name = quick_name(rows);
        // A row that is a number or text is its own id.
        let own = |text| match row(text)? {
            row @ (Value::Number(_) | Value::String(_)) => Some(row),
            row => own_id(&row),
        };
        let ids = match (own(first), own(second)) {
            _ if first == second => None,
            (Some(one), None) if second.is_none() => Some(name_of_id(&json!([one, count]))),
            (Some(one), Some(two)) if one != two => Some(name_of_id(&json!([one, two, count]))),
            _ => Some(name),
        };
        (Self { rows: name, ids, ends }, last)
    }
}

impl Likeness {
    pub(crate) fn of(page: Option<&Identity>, before: Option<&Identity>) -> Self {
        let (Some(page), Some(before)) = (page, before) else { return Self::None };
        let has_same_ids = page.ids.is_some() && page.ids == before.ids;
        let is_overlap =
            page.ends.zip(before.ends).is_some_and(|((first, _), (_, last))| first == last);
        match (page.rows == before.rows, has_same_ids) {
            (true, true) => Self::Same,
            (false, true) => Self::SameIds,
            (true, false) => Self::Anonymous,
            (false, false) if is_overlap => Self::Overlap,
            (false, false) => Self::None,
        }
    }
}

/// A name for a long text, read once: eight bytes for each multiplication.
fn quick_name(text: &str) -> u64 {
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let words = words.chain(rest.iter().map(|byte| u64::from(*byte)));
    words.fold(count(text.len()), |name, word| (name.rotate_left(5) ^ word).wrapping_mul(ODD))
}

fn name_of_id(id: &Value) -> u64 {
    quick_name(&id.to_string())
}

/// The id of a row that is an object.
fn own_id(row: &Value) -> Option<Value> {
    IDS.iter().find_map(|name| row.get(*name)).cloned()
}

/// The texts of the elements of the array that begins in this text.
fn elements(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.split_once('[').map_or("", |(_, rest)| rest);
    std::iter::from_fn(move || {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (element, behind) = rest.split_at_checked(values.byte_offset())?;
        rest = behind.trim_start().strip_prefix(',').unwrap_or_default();
        Some(element.trim())
    })
}

/// The last of these, if only what closes it and the objects around it comes behind the array,
/// and the quote of the next member. Read from behind: rows are long.
fn last_element(text: &str) -> Option<&str> {
    let array = text.trim_end_matches(|c: char| c.is_ascii_whitespace() || "},\"".contains(c));
    let inner = array.strip_suffix(']')?;
    let (bytes, mut at, mut depth) = (inner.as_bytes(), inner.len(), 0);
    loop {
        at = at.checked_sub(1)?;
        match bytes.get(at)? {
            b'"' => at = string_start(bytes, at)?,
            b'}' | b']' => depth += 1,
            b'[' | b',' if depth == 0 => return inner.get(at + 1..).map(str::trim),
            b'{' | b'[' => depth -= 1,
            _ => {}
        }
    }
}

/// The position of the quote that opens the string closed at `close`.
fn string_start(bytes: &[u8], close: usize) -> Option<usize> {
    let mut before = bytes.get(..close)?;
    loop {
        let quote = before.iter().rposition(|byte| *byte == b'"')?;
        before = before.get(..quote)?;
        if before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0 {
            return Some(quote);
        }
    }
}

pub(crate) fn count(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}

/// By which rows are told apart; most APIs have one of them.
const IDS: [&str; 4] = ["id", "_id", "uuid", "guid"];
/// The fraction of the golden ratio, made odd.
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::{elements, last_element};

    #[test]
    fn the_last_row_is_found_in_the_text() {
        let cases = [
            (r#"[{"id":1},{"id":2}]"#, Some(r#"{"id":2}"#)),
            (r#": [ {"a":["]"]} , {"a":"],[{\\"} ],"#, Some(r#"{"a":"],[{\\"}"#)),
            ("[1,2,3]", Some("3")),
            (r#"["a,b"]}"#, Some(r#""a,b""#)),
            (r#"["[\\", "\"],[\\\"" ] } , ""#, Some(r#""\"],[\\\"""#)),
            (r#"[{"a":[{}, {"b":"\\\\"}]}]}}"#, Some(r#"{"a":[{}, {"b":"\\\\"}]}"#)),
            ("[]", None),
            ("[[1],[2,3]]", Some("[2,3]")),
            ("null", None),
        ];
        for (text, expected) in cases {
            assert_eq!(elements(text).last(), expected, "{text}");
            if expected.is_some() {
                assert_eq!(last_element(text), expected, "{text}");
            }
        }
    }
}
