//! What an answer names next: a link that may be followed, a cursor, or its last row.

use serde_json::Value;
use ureq::http::Uri;

use crate::error::Error;
use crate::event::Event;
use crate::pages::ask::{Ask, plain};
use crate::pages::envelope::{Envelope, LINK_HEADER};
use crate::pages::walk::Walk;
use crate::pages::words::{Role, is_link, link_text, says_something};
use crate::provider::pagination::Strategy;
use crate::response::Response;
use crate::url::{self, Origin};

impl Walk<'_> {
    /// What can be asked next, and where it stood; none where nothing is named.
    pub(crate) fn named(
        &self,
        page: &Envelope,
        response: &Response,
    ) -> Option<(std::result::Result<Ask, String>, String)> {
        let declared = page.declared.as_ref().filter(|value| says_something(value));
        let strategy = &self.asker.pagination.strategy;
        let target = match strategy {
            Strategy::NextLink(path) => path.to_string(),
            Strategy::Cursor(_, source) => source.to_string(),
            Strategy::AfterRow(_, field) => field.to_string(),
            _ => LINK_HEADER.to_owned(),
        };
        let scalar = |value: &Value| value.is_string() || value.is_number();
        let link = |link: &str| self.target(link, page, response).map(Ask::Link);
        let named = match (strategy, declared) {
            (Strategy::LinkHeader | Strategy::Detect, _) => return self.found_link(page, response),
            (Strategy::Cursor(..), Some(value)) if scalar(value) => Ok(Ask::Cursor(value.clone())),
            (Strategy::AfterRow(..), Some(value)) if scalar(value) => Ok(Ask::After(value.clone())),
            (Strategy::NextLink(_), Some(value)) => match link_text(value) {
                Some(text) => link(text),
                // A list of links without the next one.
                None if value.is_array() => return None,
                None => Err(format!("{target} holds no link")),
            },
            (Strategy::Cursor(..), Some(_)) => Err(format!(
                "{target} holds no text or number: declare the member with the cursor itself"
            )),
            (Strategy::AfterRow(..), _) if page.identity.is_some() => {
                Err(format!("the last row has no text or number in the field {target:?}"))
            }
            _ => return None,
        };
        Some((named, target))
    }

    /// The first link to the next page among the words that are believed.
    fn found_link(
        &self,
        page: &Envelope,
        response: &Response,
    ) -> Option<(std::result::Result<Ask, String>, String)> {
        let detects = self.asker.pagination.strategy == Strategy::Detect;
        let words = page.words.iter().filter(|word| word.is_believed && word.role == Role::Next);
        words.into_iter().find_map(|word| {
            let in_header = word.path == LINK_HEADER;
            let named = match (link_text(&word.value), &word.value) {
                (Some(link), _) if in_header || detects && is_link(link) => {
                    self.target(link, page, response).map(Ask::Link)
                }
                (None, Value::Bool(true)) if in_header => Err(UNREADABLE.to_owned()),
                _ => return None,
            };
            Some((named, word.path.clone()))
        })
    }

    /// The absolute URL of a link, if it may be asked with the token.
    fn target(
        &self,
        link: &str,
        page: &Envelope,
        response: &Response,
    ) -> std::result::Result<String, String> {
        let pagination = &self.asker.pagination;
        let text = |error: Error| error.to_string();
        let first = self.asker.request.resolve(&self.client.provider.base_url).map_err(text)?;
        if pagination.takes_link_query_only {
            let (_, query) = link.split_once('?').ok_or("the next link has no query to take")?;
            let target = url::resolve(&first, &format!("{}?{query}", first.path()));
            return self.with_own_query(target.map_err(text)?);
        }
        let is_below = link.starts_with('/') && !link.starts_with("//");
        let base = page.links_base.as_deref().filter(|_| is_below).unwrap_or_default();
        let link = [base.trim_end_matches('/'), link].concat();
        let behind = if url::is_absolute(&link) { BEHIND_GATEWAY } else { "" };
        let target =
            url::resolve(&response.uri, &link).map_err(|error| format!("{error}{behind}"))?;
        // Without the token, the caller's own headers stay where the caller sent them.
        let (home, to) = (Origin::of(&first), Origin::of(&target));
        if to != home {
            return Err(format!(
                "the next link leads to another origin, {to}: the token stays at {home}{BEHIND_GATEWAY}"
            ));
        }
        self.with_own_query(target)
    }

    /// A link with those parameters of the caller's that it lacks, if that was declared.
    fn with_own_query(&self, target: Uri) -> std::result::Result<String, String> {
        let missing = match self.asker.pagination.keeps_query {
            true => self.missing_query(target.query().unwrap_or_default()),
            false => Vec::new(),
        };
        let target = url::with_query(&target, &missing);
        target.map(|target| target.to_string()).map_err(|error| error.to_string())
    }

    /// What the first request asked for and a link does not.
    fn missing_query(&self, query: &str) -> Vec<(String, String)> {
        let first = self.asker.request_for(&Ask::First);
        first.map(|first| url::missing_pairs(&first.query, query)).unwrap_or_default()
    }

    /// Keeps in mind what goes on from here, and says once what a link has lost.
    pub(crate) fn note_next(&mut self, ask: &Ask, target: String, response: &Response) {
        match ask {
            Ask::Cursor(value) => self.progress.cursor = Some(plain(value)),
            Ask::Link(link) => {
                let (_, query) = link.split_once('?').unwrap_or_default();
                let missing = self.missing_query(query).into_iter().next();
                if let Some((name, _)) = missing.filter(|_| self.link_place.is_none()) {
                    self.client.emit(|| Event::QueryNotKept { target: response.target(), name });
                }
                self.link_place = Some(target);
                self.progress.cursor = Some(link.clone());
            }
            _ => {}
        }
    }
}

const UNREADABLE: &str = "the Link header names a next page and cannot be read (RFC 8288 §3)";
const BEHIND_GATEWAY: &str =
    "; if a gateway stands before the server that wrote it, declare .link_query_only()";
