//! The page out of an answer, and why there may be none.

use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::StatusCode;
use ureq::http::header::RANGE;

use crate::error::{Error, Result};
use crate::pages::ask::Way;
use crate::pages::envelope::{Envelope, RowsFound, Word};
use crate::pages::reading::read;
use crate::pages::walk::Walk;
use crate::pages::words::{Role, is_link};
use crate::provider::pagination::Source;
use crate::request::Request;
use crate::response::Response;
use crate::url;

impl Walk<'_> {
    /// Reads an answer; its rows are pushed to `rows`, also where the whole is no page.
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        request: &Request,
        response: &Response,
        rows: &mut Vec<T>,
    ) -> Result<Envelope> {
        let pagination = &self.asker.pagination;
        let mut page = Envelope::default();
        let decoded = if response.status() == StatusCode::NO_CONTENT {
            page.rows = RowsFound::Null;
            Ok(())
        } else {
            response.json_text().and_then(|text| {
                let read = read(text, pagination, rows, &mut page);
                read.map_err(|cause| response.not_json(text, cause))
            })
        };
        decoded.map_err(|error| self.at_row(error, rows.len()))?;
        page.add_headers(response.headers());
        let is_part = response.status() == StatusCode::PARTIAL_CONTENT;
        if is_part && !request.headers.contains_key(RANGE) {
            page.add(Role::More, "status".into(), response.status().as_u16().into(), true);
        }
        if let Some(Source::Header(name)) = pagination.strategy.source() {
            page.declared = response.header(name).map(Value::from);
        }
        let sent = url::pairs(&request.query);
        page.words.retain(|word| !self.is_ignored(word) && !self.is_echo(word, &sent));
        match self.without_rows(response, &mut page) {
            None => Ok(page),
            Some(message) => Err(self.at_row(response.undecodable(message, None), 0)),
        }
    }

    fn is_ignored(&self, word: &Word) -> bool {
        self.asker.pagination.ignored.iter().any(|path| path.eq_ignore_ascii_case(&word.path))
    }

    /// Whether a cursor only repeats a value of the request. A link that could be followed is
    /// none.
    fn is_echo(&self, word: &Word, sent: &[(String, String)]) -> bool {
        let is_cursor = |value: &&str| self.asker.way() != Way::Link || !is_link(value);
        let value = word.value.as_str().filter(is_cursor);
        let is_of_next = matches!(word.role, Role::Next | Role::Cursor);
        is_of_next && value.is_some_and(|value| sent.iter().any(|(_, sent)| sent == value))
    }

    /// The error with the page, and with the row if it is one that does not decode.
    fn at_row(&self, mut error: Error, row: usize) -> Error {
        if let Error::Decode(error) = &mut error {
            error.page = Some(self.point.number);
            let path = error.path.as_deref().unwrap_or_default();
            let rows_path = self.asker.pagination.rows_path().dotted();
            let path = path.strip_prefix(&rows_path).unwrap_or(path);
            error.row = Some(row).filter(|_| path.starts_with('['));
        }
        error
    }

    /// Why there is nothing to deliver. Some servers refuse within a 200.
    fn without_rows(&self, response: &Response, page: &mut Envelope) -> Option<String> {
        let told = (!page.trouble.is_empty())
            .then(|| response.words(&Value::from(page.trouble.clone()).to_string()));
        let is_error = ["error", "errors"].iter().any(|name| page.trouble.contains_key(*name));
        page.error = told.clone().filter(|_| is_error);
        if let (RowsFound::Null, Some(told)) = (page.rows, &page.error) {
            return Some(format!("the answer has an error in the place of its rows: {told}"));
        }
        // A page beyond the last may have no place for rows.
        let promise = self.point.promise();
        let may_be_absent = self.asker.pagination.rows_may_be_absent
            || promise.is_some_and(|(_, most)| self.point.delivered >= most);
        if page.rows != RowsFound::Missing || may_be_absent && !is_error {
            return None;
        }
        if page.names.is_empty() {
            return Some(EMPTY_OBJECT.into());
        }
        let names = page.names.join(", ");
        let told = told.map(|told| format!(" ({told})")).unwrap_or_default();
        let longest = page.lists.iter().max_by_key(|(_, length)| *length);
        let advice = match longest {
            Some((path, length)) => format!(
                "the list {path:?} has the length {length}: if these are the rows, declare .with_rows_at({path:?})"
            ),
            None if is_error => "declare .with_rows_at if the rows are elsewhere".into(),
            None => "declare .with_rows_at, or .rows_may_be_absent() if that means no rows".into(),
        };
        let at = self.asker.pagination.rows_path().to_string();
        Some(format!("the answer has no member {at:?} with rows; it has: {names}{told}; {advice}"))
    }
}

const EMPTY_OBJECT: &str = "the answer is an empty object: if that means that there are no rows, declare .rows_may_be_absent()";
