//! What a parameter did to the rows of a first page.

use std::fmt;

use serde_json::Value;

/// How the rows of another answer stand to those of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The same.
    None,
    /// So many of them, from the first on.
    Cut(usize),
    /// They begin so many rows later.
    Later(usize),
    /// None of them, but others.
    Others,
    Empty,
    /// Some of them, in no order that says anything.
    Mixed,
    /// The server's status.
    Refused(u16),
}

impl Effect {
    pub fn of(first: &[Value], now: &[Value]) -> Self {
        let begins = |by: usize| now.iter().zip(&first[by..]).all(|(now, then)| now == then);
        match now.len() {
            0 => Self::Empty,
            rows if rows == first.len() && begins(0) => Self::None,
            rows if rows < first.len() && begins(0) => Self::Cut(rows),
            _ => match (1..first.len()).find(|by| begins(*by)) {
                Some(by) => Self::Later(by),
                None if now.iter().any(|row| first.contains(row)) => Self::Mixed,
                None => Self::Others,
            },
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("the same rows"),
            Self::Cut(1) => f.write_str("the first row"),
            Self::Cut(rows) => write!(f, "the first {rows} rows"),
            Self::Later(1) => f.write_str("from the second row on"),
            Self::Later(by) => write!(f, "the first {by} rows are skipped"),
            Self::Others => f.write_str("other rows"),
            Self::Empty => f.write_str("no rows"),
            Self::Mixed => f.write_str("the same rows and others, mixed"),
            Self::Refused(status) => write!(f, "refused with {status}"),
        }
    }
}

/// By what rows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Other members may change from answer to answer.
    Id,
    Whole,
}

impl Key {
    /// `None` if rows of `first` are alike.
    pub fn of(first: &[Value]) -> Option<Self> {
        let tells_apart = |key: &Self| {
            let rows = key.all(first);
            (1..rows.len()).all(|at| !rows[..at].contains(&rows[at]))
        };
        let has_ids = first.iter().all(|row| row.get(ID).is_some());
        let keys = [Self::Id, Self::Whole].into_iter().skip(usize::from(!has_ids));
        keys.into_iter().find(tells_apart)
    }

    pub fn all(self, rows: &[Value]) -> Vec<Value> {
        let id = |row: &Value| row.get(ID).filter(|_| self == Self::Id).unwrap_or(row).clone();
        rows.iter().map(id).collect()
    }
}

pub const ID: &str = "id";

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Effect::{self, Cut, Empty, Later, Mixed, Others};
    use super::Key;

    #[test]
    fn an_effect_is_known_by_where_the_first_rows_are() {
        let rows = |text: &str| text.chars().map(|row| json!(row)).collect::<Vec<Value>>();
        for (first, now, expected) in [
            ("abc", "abc", Effect::None),
            ("abc", "", Empty),
            ("abc", "a", Cut(1)),
            ("abc", "ab", Cut(2)),
            ("abc", "b", Later(1)),
            ("abc", "bcd", Later(1)),
            ("abc", "cde", Later(2)),
            ("abc", "def", Others),
            ("abc", "acb", Mixed),
            ("abc", "xab", Mixed),
            ("abc", "abcd", Mixed),
            ("a", "a", Effect::None),
            ("a", "b", Others),
        ] {
            assert_eq!(Effect::of(&rows(first), &rows(now)), expected, "{first} and {now}");
        }
    }

    #[test]
    fn rows_are_compared_by_their_id_where_that_tells_them_apart() {
        for (rows, expected) in [
            (json!([{"id": 1, "seen": 7}, {"id": 2, "seen": 7}]), Some(Key::Id)),
            (json!([{"id": 1, "line": 1}, {"id": 1, "line": 2}]), Some(Key::Whole)),
            (json!([{"id": 1}, {"name": 2}]), Some(Key::Whole)),
            (json!(["a", "b"]), Some(Key::Whole)),
            (json!([{"id": 1}, {"id": 1}]), None),
        ] {
            assert_eq!(Key::of(rows.as_array().unwrap()), expected, "{rows}");
        }
    }
}
