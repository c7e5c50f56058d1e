//! What can be asked next: a link that may be followed, a value that the answer holds, or the
//! next number.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::pages::ask::{Ask, Way};
use crate::pages::envelope::{Envelope, LINK_HEADER, Word};
use crate::pages::walk::Walk;
use crate::pages::words::{Role, is_link, link_text, says_something};
use crate::provider::pagination::Strategy;
use crate::response::Response;
use crate::url::{self, Origin};

impl Walk<'_> {
    /// What can be asked next, or why what the answer names cannot; none where it names
    /// nothing.
    pub(crate) fn following(
        &self,
        page: &Envelope,
        rows: u64,
        response: &Response,
    ) -> Option<Result<Ask>> {
        let pagination = &self.asker.pagination;
        let is_after = matches!(pagination.strategy, Strategy::AfterRow(..));
        // Of a row any number will do.
        let is_value = |value: &&Value| says_something(value) || is_after && value.is_number();
        let declared = page.declared.as_ref().filter(is_value);
        let link = |link: &str| self.target(link, page, response);
        let value = || Ask::new(self.asker.way(), declared?.clone()).map(Ok);
        let named = match (&pagination.strategy, declared) {
            (Strategy::PageNumbers(_), _) => return self.counted_on(1),
            (Strategy::Offset(_), _) => match self.step(page, rows) {
                Ok(step) => return self.counted_on(step),
                Err(why) => Err(why),
            },
            (Strategy::LinkHeader | Strategy::Detect, _) => {
                let text = link_text(&self.link_word(page)?.value);
                text.map(link).ok_or_else(|| UNREADABLE.to_owned())
            }
            (Strategy::NextLink(source), Some(value)) => match link_text(value).map(link) {
                // A list of links without the next one.
                None if value.is_array() => return None,
                link => link.ok_or_else(|| format!("{source} holds no link")),
            },
            (Strategy::Cursor(_, source), Some(_)) => value().ok_or_else(|| {
                format!(
                    "{source} holds no text or number: declare the member with the cursor itself"
                )
            }),
            (Strategy::AfterRow(_, field), _) if page.identity.is_some() => {
                value().ok_or_else(|| {
                    format!(
                        "the last row has no text or number in the field {:?}",
                        field.to_string()
                    )
                })
            }
            _ => return None,
        };
        Some(named.unwrap_or_else(|why| Err(Error::configuration(why))))
    }

    /// By how many rows an offset advances.
    fn step(&self, page: &Envelope, rows: u64) -> std::result::Result<u64, String> {
        let size = self.asker.page_size().filter(|_| self.asker.pagination.steps_by_size);
        let Some(size) = size else { return Ok(rows) };
        let mut sizes = page.number(Role::PageSize).into_iter().chain([rows.max(size)]);
        sizes.find(|other| *other != size).map_or(Ok(size), |other| {
            Err(format!(
                "stepping_by_size() steps over {size} rows, and the server cuts its pages at {other}: declare with_page_size with what it cuts at"
            ))
        })
    }

    /// None where a page without rows moves nothing.
    fn counted_on(&self, step: u64) -> Option<Result<Ask>> {
        let Ask { way, value } = &self.point.ask;
        let next = value.as_u64()?.checked_add(step).filter(|_| step > 0)?;
        Some(Ok(Ask { way: *way, value: next.into() }))
    }

    /// The first word with a link to the next page that is believed.
    pub(crate) fn link_word<'p>(&self, page: &'p Envelope) -> Option<&'p Word> {
        let detects = self.asker.pagination.strategy == Strategy::Detect;
        let mut words =
            page.words.iter().filter(|word| word.is_believed && word.role == Role::Next);
        words.find(|word| match word.path == LINK_HEADER {
            true => word.value != Value::Null,
            false => detects && link_text(&word.value).is_some_and(is_link),
        })
    }

    /// The absolute URL of a link, if it may be asked with the token.
    fn target(&self, link: &str, page: &Envelope, response: &Response) -> Result<Ask> {
        let first = self.asker.request.resolve(&self.client.provider.base_url)?;
        let target = match self.asker.pagination.takes_link_query_only {
            true => {
                let query = link.split_once('?').map(|(_, query)| query);
                let none = || Error::configuration("the next link has no query to take");
                url::resolve(&first, &format!("{}?{}", first.path(), query.ok_or_else(none)?))?
            }
            false => {
                let is_below = link.starts_with('/') && !link.starts_with("//");
                let base = page.links_base.as_deref().filter(|_| is_below).unwrap_or_default();
                let link = [base.trim_end_matches('/'), link].concat();
                let behind = if url::is_absolute(&link) { BEHIND_GATEWAY } else { "" };
                let target = url::resolve(&response.uri, &link);
                target.map_err(|error| Error::configuration(format!("{error}{behind}")))?
            }
        };
        // Without the token, the caller's own headers stay where the caller sent them.
        let (home, to) = (Origin::of(&first), Origin::of(&target));
        if to != home {
            return Err(Error::configuration(format!(
                "the next link leads to another origin, {to}: the token stays at {home}{BEHIND_GATEWAY}"
            )));
        }
        let missing = match self.asker.pagination.keeps_query {
            true => self.missing_query(target.query().unwrap_or_default()),
            false => Vec::new(),
        };
        let target = url::with_query(&target, &missing)?;
        Ok(Ask { way: Way::Link, value: target.to_string().into() })
    }

    /// What the first request asked for and a link does not.
    pub(crate) fn missing_query(&self, query: &str) -> Vec<(String, String)> {
        let first = self.asker.request_for(&Ask::FIRST);
        first.map(|first| url::missing_pairs(&first.query, query)).unwrap_or_default()
    }
}

const UNREADABLE: &str = "the Link header names a next page and cannot be read (RFC 8288 §3)";
const BEHIND_GATEWAY: &str =
    "; if a gateway stands before the server that wrote it, declare .link_query_only()";
