//! What a walk reads out of an answer, and why that may not be a page.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::envelope::Envelope;
use crate::error::{Error, Result};
use crate::form::fingerprint;
use crate::locate::member;
use crate::response::Response;
use crate::walk::Walk;

impl Walk<'_> {
    pub(crate) fn decode<T: DeserializeOwned>(
        &self,
        response: &Response,
        rows: &mut Vec<T>,
    ) -> Result<Envelope> {
        let key = self.pagination.items_key();
        let decoded = response.json_text().and_then(|text| {
            Envelope::read(text, key, rows).map_err(|cause| response.not_json(text, cause))
        });
        let mut envelope = decoded.map_err(|mut error| {
            if let Error::Decode(error) = &mut error {
                error.page = Some(self.number);
                let path = error.path.as_deref().unwrap_or_default();
                let path = path.strip_prefix(key).unwrap_or(path);
                error.row = Some(rows.len()).filter(|_| path.starts_with('['));
            }
            error
        })?;
        envelope.add_headers(response.headers());
        match self.without_rows(response, &envelope) {
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

    /// Why there is nothing to deliver. Some servers refuse within a 200.
    fn without_rows(&self, response: &Response, envelope: &Envelope) -> Option<String> {
        if let Some(trouble) = envelope.trouble().filter(|_| envelope.has_null_items()) {
            let told = response.words(&trouble);
            return Some(format!("the answer has an error in the place of its rows: {told}"));
        }
        let (key, names) = (self.pagination.items_key(), envelope.without_items()?);
        let told = response.answer::<&str>(&[]).message;
        let told = told.filter(|_| TELLING.iter().any(|name| names.contains(name)));
        let told = told.map_or_else(String::new, |told| format!(" ({told})"));
        Some(format!(
            "the answer has no member {key:?} with rows; it has: {names}{told}; set Pagination::with_items_key"
        ))
    }

    /// Where an answer does not say which page it is, it must at least be another one; and
    /// where it was asked for in doubt.
    pub(crate) fn is_repeated(
        &mut self,
        response: &Response,
        envelope: &Envelope,
        rows: u64,
    ) -> bool {
        let has_number = envelope.page.is_some();
        // Of links each is followed once.
        let has_name = self.pagination.page_parameter().is_none() || has_number;
        if rows == 0 || has_name && self.doubted.is_none() {
            return false;
        }
        if self.doubted.as_ref().is_some_and(|doubted| *doubted == self.rows_name(response)) {
            return true;
        }
        let rows = self.rows_text(response);
        let is_same = self.previous.as_deref() == Some(rows) && !has_number;
        self.previous = Some(rows.to_owned());
        is_same
    }

    /// A short name for the rows of a page: by their ids where it is a bare array of rows that
    /// have some, since what else is in them may change from one reading to the next.
    pub(crate) fn rows_name(&self, response: &Response) -> String {
        let rows = self.rows_text(response);
        let whole = response.json_text().unwrap_or_default();
        let ids = (rows.len() == whole.len()).then(|| ids(rows)).flatten();
        format!("{:x}", fingerprint(ids.as_deref().unwrap_or(rows)))
    }

    /// The rows alone: around them there may be a time or a number that changes.
    fn rows_text<'r>(&self, response: &'r Response) -> &'r str {
        let text = response.json_text().unwrap_or_default();
        member(text, self.pagination.items_key()).unwrap_or(text)
    }
}

/// The ids of all rows, if each has one.
fn ids(rows: &str) -> Option<String> {
    let rows: Vec<Value> = serde_json::from_str(rows).ok()?;
    let ids: Option<Vec<&Value>> =
        rows.iter().map(|row| IDS.iter().find_map(|name| row.get(name))).collect();
    ids.map(|ids| json!(ids).to_string())
}

const IDS: [&str; 4] = ["id", "_id", "uuid", "guid"];

/// Members that hold a server's words.
const TELLING: [&str; 4] = ["error", "errors", "message", "failureReason"];
