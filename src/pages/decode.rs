//! The page out of an answer, and why there may be none.

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::StatusCode;

use crate::error::{Error, Result};
use crate::json_text::JsonPath;
use crate::json_text::string_end;
use crate::pages::envelope::{Envelope, RowsFound};
use crate::pages::reading::read;
use crate::pages::repeat::Identity;
use crate::pages::resume::count;
use crate::pages::walk::Walk;
use crate::provider::pagination::{Source, Strategy};
use crate::response::Response;

impl Walk<'_> {
    /// Reads an answer; its rows are pushed to `rows`, also where the whole is no page.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        response: &Response,
        rows: &mut Vec<T>,
    ) -> Result<Envelope> {
        let pagination = &self.asker.pagination;
        let rows_at = pagination.rows_path();
        let source = source_of(&pagination.strategy);
        let declared = match source {
            Some(Source::Member(path)) => Some(path),
            _ => None,
        };
        let mut page = Envelope::default();
        let decoded = match response.status() {
            StatusCode::NO_CONTENT => {
                page.rows = RowsFound::Null;
                Ok(())
            }
            _ => response.json_text().and_then(|text| {
                let read = read(text, &rows_at, declared, rows, &mut page);
                read.map_err(|cause| response.not_json(text, cause))?;
                let end = page.rows_text.end.min(text.len());
                let text = text.get(page.rows_text.start..end).unwrap_or_default();
                let count = count(rows.len());
                page.identity = (count > 0).then(|| Identity::of(text, count));
                if let Strategy::AfterRow(_, field) = &pagination.strategy {
                    let row = last_element(text).and_then(|row| serde_json::from_str(row).ok());
                    page.declared = row.and_then(|row: Value| field.find(&row).cloned());
                }
                Ok(())
            }),
        };
        decoded.map_err(|error| self.at_row(error, &rows_at, rows.len()))?;
        page.add_headers(response.headers());
        if let Some(Source::Header(name)) = source {
            page.declared = response.header(name).map(Value::from);
        }
        let is_ignored =
            |path: &str| pagination.ignored.iter().any(|it| it.eq_ignore_ascii_case(path));
        page.words.retain(|word| !is_ignored(&word.path));
        match self.without_rows(response, &page, &rows_at) {
            None => Ok(page),
            Some(message) => Err(self.at_row(response.undecodable(message, None), &rows_at, 0)),
        }
    }

    /// The error with the page, and with the row if it is one that does not decode.
    fn at_row(&self, mut error: Error, rows_at: &JsonPath, row: usize) -> Error {
        if let Error::Decode(error) = &mut error {
            error.page = Some(self.point.number);
            let path = error.path.as_deref().unwrap_or_default();
            let path = path.strip_prefix(&rows_at.dotted()).unwrap_or(path);
            error.row = Some(row).filter(|_| path.starts_with('['));
        }
        error
    }

    /// Why there is nothing to deliver. Some servers refuse within a 200.
    fn without_rows(&self, response: &Response, page: &Envelope, at: &JsonPath) -> Option<String> {
        let trouble = page.error_text();
        if let (RowsFound::Null, Some(trouble)) = (page.rows, &trouble) {
            let told = response.words(trouble);
            return Some(format!("the answer has an error in the place of its rows: {told}"));
        }
        // A page beyond the last may have no place for rows.
        let (point, declared) = (&self.point, self.asker.pagination.rows_may_be_absent);
        let is_whole = |(_, most): (u64, u64)| !point.is_partial && point.delivered >= most;
        let may_be_absent = declared || point.promised.is_some_and(is_whole);
        let may_be_absent = may_be_absent && trouble.is_none();
        if page.rows != RowsFound::Missing || may_be_absent {
            return None;
        }
        if page.names.is_empty() {
            return Some(EMPTY_OBJECT.into());
        }
        let names = page.names.join(", ");
        let told = match page.trouble.is_empty() {
            true => String::new(),
            false => {
                format!(" ({})", response.words(&Value::from(page.trouble.clone()).to_string()))
            }
        };
        let longest = page.lists.iter().max_by_key(|(_, length)| *length);
        let advice = match longest {
            Some((path, length)) => format!(
                "the list {path:?} has the length {length}: if these are the rows, declare .with_rows_at({path:?})"
            ),
            None => "declare .with_rows_at, or .rows_may_be_absent() if that means no rows".into(),
        };
        let at = at.to_string();
        Some(format!("the answer has no member {at:?} with rows; it has: {names}{told}; {advice}"))
    }
}

/// Where an answer holds what comes next, if that was declared.
fn source_of(strategy: &Strategy) -> Option<&Source> {
    match strategy {
        Strategy::NextLink(source) | Strategy::Cursor(_, source) => Some(source),
        _ => None,
    }
}

/// The last element of the array that begins in this text.
fn last_element(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let (mut depth, mut start, mut last) = (0_u32, None, None);
    let mut at = text.find('[')?;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 || depth == 1 && *byte == b',' {
            last = start.and_then(|start| text.get(start..at)).or(last);
        }
        match (depth, byte) {
            (0, _) => return last.filter(|last| !last.trim().is_empty()),
            (1, b'[' | b',') => start = Some(at + 1),
            _ => {}
        }
        at += 1;
    }
    None
}

const EMPTY_OBJECT: &str = "the answer is an empty object: if that means that there are no rows, declare .rows_may_be_absent()";

#[cfg(test)]
mod tests {
    use super::last_element;

    #[test]
    fn the_last_row_is_found_in_the_text() {
        let cases = [
            (r#"[{"id":1},{"id":2}]"#, Some(r#"{"id":2}"#)),
            (r#": [ {"a":["]"]} , {"a":"],[{\\"} ],"#, Some(r#" {"a":"],[{\\"} "#)),
            ("[1,2,3]", Some("3")),
            (r#"["a,b"]}"#, Some(r#""a,b""#)),
            ("[]", None),
            ("[[1],[2,3]]", Some("[2,3]")),
            ("null", None),
            ("[1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(last_element(text), expected, "{text}");
        }
    }
}
