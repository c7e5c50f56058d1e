//! The page out of an answer, and why there may be none.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::json_path::JsonPath;
use crate::pages::envelope::{Envelope, RowsFound};
use crate::pages::identity::Identity;
use crate::pages::reading::{Places, read};
use crate::pages::resume::count;
use crate::pages::walk::Walk;
use crate::pagination::{Source, Strategy};
use crate::response::Response;

impl Walk<'_> {
    /// Reads an answer; its rows are pushed to `rows`, also where the whole is no page.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        response: &Response,
        rows: &mut Vec<T>,
    ) -> Result<Envelope> {
        let rows_at = self.pagination().rows_path();
        let declared = match &self.pagination().strategy {
            Strategy::NextLink(path) | Strategy::Cursor(_, Source::Member(path)) => Some(path),
            _ => None,
        };
        let mut envelope = Envelope::default();
        if response.status() == ureq::http::StatusCode::NO_CONTENT {
            envelope.rows = RowsFound::Null;
        } else {
            let decoded = response.json_text().and_then(|text| {
                let places = Places { rows: &rows_at, declared };
                read(text, &places, rows, &mut envelope)
                    .map_err(|cause| response.not_json(text, cause))?;
                // The rows alone: around them there may be a time or a number that changes.
                let text = text.get(envelope.rows_text.clone()).unwrap_or(text);
                let count = count(rows.len());
                envelope.identity = (count > 0).then(|| Identity::of(text, count));
                envelope.last_row = self.last_row(text);
                Ok(())
            });
            decoded.map_err(|error| self.at_row(error, &rows_at, rows.len()))?;
        }
        envelope.add_headers(response.headers());
        if let Strategy::Cursor(_, Source::Header(name)) = &self.pagination().strategy {
            envelope.declared = response.header(name).map(Value::from);
        }
        let ignored = &self.pagination().ignored;
        envelope
            .words
            .retain(|word| ignored.iter().all(|path| !path.eq_ignore_ascii_case(&word.path)));
        match self.without_rows(response, &envelope, &rows_at) {
            None => Ok(envelope),
            Some(message) => {
                let mut error = response.undecodable(message, None);
                if let Error::Decode(error) = &mut error {
                    error.page = Some(self.number);
                }
                Err(error)
            }
        }
    }

    /// The error with the page, and with the row if it is one that does not decode.
    fn at_row(&self, mut error: Error, rows_at: &JsonPath, row: usize) -> Error {
        if let Error::Decode(error) = &mut error {
            error.page = Some(self.number);
            let path = error.path.as_deref().unwrap_or_default();
            let path = path.strip_prefix(&rows_at.dotted()).unwrap_or(path);
            error.row = Some(row).filter(|_| path.starts_with('['));
        }
        error
    }

    /// Why there is nothing to deliver. Some servers refuse within a 200.
    fn without_rows(
        &self,
        response: &Response,
        envelope: &Envelope,
        rows_at: &JsonPath,
    ) -> Option<String> {
        let trouble = envelope.error_text();
        if let Some(trouble) = trouble.as_ref().filter(|_| envelope.rows == RowsFound::Null) {
            let told = response.words(trouble);
            return Some(format!("the answer has an error in the place of its rows: {told}"));
        }
        let may_be_absent = self.pagination().rows_may_be_absent && trouble.is_none();
        if envelope.rows != RowsFound::Missing || may_be_absent {
            return None;
        }
        if envelope.names.is_empty() {
            return Some(
                "the answer is an empty object: if that means that there are no rows, declare .rows_may_be_absent()".into(),
            );
        }
        let names = envelope.names.join(", ");
        let told = response.answer::<&str>(&[]).message;
        let told = told.filter(|_| TELLING.iter().any(|name| names.contains(name)));
        let told = told.map_or_else(String::new, |told| format!(" ({told})"));
        let most = envelope.arrays.iter().max_by_key(|(_, length)| *length);
        let advice = most.map_or_else(
            || "declare Pagination::with_rows_at".to_owned(),
            |(path, length)| {
                let rows = if *length == 1 { "1 element" } else { &format!("{length} elements") };
                format!("the list {path:?} has {rows}: if these are the rows, declare .with_rows_at({path:?})")
            },
        );
        Some(format!(
            "the answer has no member {:?} with rows; it has: {names}{told}; {advice}",
            rows_at.to_string()
        ))
    }

    /// The field of the last row that asks for the rows after it.
    fn last_row(&self, rows: &str) -> Option<std::result::Result<Value, String>> {
        let Strategy::AfterRow(_, field) = &self.pagination().strategy else { return None };
        let row = last_element(rows)?;
        let row: Value = serde_json::from_str(row).ok()?;
        Some(match field.find(&row) {
            Some(value @ (Value::String(_) | Value::Number(_))) => Ok(value.clone()),
            _ => Err(format!(
                "the last row has no text or number in the field {:?}",
                field.to_string()
            )),
        })
    }
}

/// The last element of the array that begins in this text.
fn last_element(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let (mut depth, mut start, mut last) = (0_u32, None, None);
    let mut at = text.find('[')?;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = crate::locate::string_end(bytes, at),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let is_end = depth == 0 || depth == 1 && *byte == b',';
        if is_end {
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

/// Members that hold a server's words.
const TELLING: [&str; 4] = ["error", "errors", "message", "failureReason"];

#[cfg(test)]
mod tests {
    use super::last_element;

    #[test]
    fn the_last_row_is_found_in_the_text() {
        let cases = [
            (r#"[{"id":1},{"id":2}]"#, Some(r#"{"id":2}"#)),
            (r#": [ {"a":["]"]} , {"a":"],[{\"} ],"#, Some(r#" {"a":"],[{\"} "#)),
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
