//! A walk over the pages of a collection: what came so far, and what can be asked next. That is a
//! link, a value that the answer holds, or the next number.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::event::Progress;
use crate::pages::ahead::Ahead;
use crate::pages::ask::{Ask, Asker, Way};
use crate::pages::envelope::{Envelope, LINK_HEADER, Word};
use crate::pages::resume::ResumePoint;
use crate::pages::words::{Role, is_link, link_text, says_something};
use crate::provider::pagination::{Pagination, Strategy};
use crate::request::Request;
use crate::response::Response;
use crate::url::{self, Origin};

/// A walk over pages, whatever is made of the rows.
pub(crate) struct Walk<'c> {
    pub(crate) client: &'c Client,
    pub(crate) asker: Asker,
    /// The page to ask for next, and all that came before it.
    pub(crate) point: ResumePoint,
    /// Where the last page begins.
    pub(crate) before: Option<ResumePoint>,
    /// The rows of the last page that are not handed out.
    pub(crate) held: u64,
    /// What the point does not say.
    pub(crate) progress: Progress,
    /// What was asked for, by its mark.
    pub(crate) seen: HashSet<u128>,
    /// The last page has as many rows as it says that a page has.
    pub(crate) is_full: bool,
    /// Where next links stood.
    pub(crate) link_place: Option<String>,
    pub(crate) stage: Stage,
    /// It goes on from a point, and no page has come since.
    pub(crate) is_resumed: bool,
    pub(crate) ahead: Ahead,
    /// What ends the walk at the next step.
    pub(crate) error: Option<Error>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was asked for.
    New,
    Begun,
    /// There is no next page.
    Ended,
    /// The iterator is over; another walk may go on.
    Stopped,
}

impl<'c> Walk<'c> {
    pub(crate) fn new(client: &'c Client, request: Request) -> Self {
        let point = ResumePoint::start(&request.path);
        let pagination = client.provider.pagination.clone();
        Self {
            client,
            asker: Asker { request: request.accepting_json(), pagination },
            point,
            before: None,
            held: 0,
            progress: Progress::default(),
            seen: HashSet::new(),
            is_full: false,
            link_place: None,
            stage: Stage::New,
            is_resumed: false,
            ahead: Ahead::default(),
            error: None,
        }
    }

    /// Changes how pages are asked for. Rows of two settings would not fit together.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Pagination)) {
        if self.stage != Stage::New {
            return self.fail_at_once(TOO_LATE);
        }
        change(&mut self.asker.pagination);
    }

    pub(crate) fn resume(&mut self, point: &ResumePoint) {
        if self.stage != Stage::New {
            return self.fail_at_once(TOO_LATE);
        }
        if point.path != self.point.path {
            let [wanted, own] = [&point.path, &self.point.path].map(|path| url::shown(path));
            self.fail_at_once(&format!("the resume point is for {wanted}, not for {own}"));
        }
        self.point = point.clone();
        self.is_resumed = true;
    }

    fn fail_at_once(&mut self, why: &str) {
        (self.stage, self.error) = (Stage::Ended, Some(Error::configuration(why)));
    }

    pub(crate) fn progress(&self) -> Progress {
        let date = self.point.date.map(Duration::from_secs);
        Progress {
            delivered: self.point.delivered.saturating_sub(self.held),
            total_pages: self.point.counted_pages,
            is_partial: self.point.is_partial,
            date: date.and_then(|date| SystemTime::UNIX_EPOCH.checked_add(date)),
            ..self.progress.clone()
        }
    }

    pub(crate) fn resume_point(&self) -> Option<ResumePoint> {
        // An error that is still to come is found once more at the end of the last page.
        let is_pending = self.error.is_some();
        let begun = self.before.as_ref().filter(|_| self.held > 0 || is_pending);
        let point = match begun {
            None if self.stage == Stage::Ended && !is_pending => return None,
            None => self.point.clone(),
            Some(before) => {
                let (promised, date) = (self.point.promised, self.point.date);
                let delivered = self.point.delivered.saturating_sub(self.held);
                let new = delivered.saturating_sub(before.delivered);
                let skip = before.skip.saturating_add(new);
                ResumePoint { skip, delivered, promised, date, ..before.clone() }
            }
        };
        let query = self.asker.fingerprint();
        Some(ResumePoint { query, page_size: self.asker.pagination.page_size.clone(), ..point })
    }

    /// Ends the walk with this error, once the rows that came before it are handed out.
    pub(crate) fn fail_after(&mut self, rows: u64, error: Error) {
        self.point.skip = self.point.skip.saturating_add(rows);
        self.point.delivered = self.point.delivered.saturating_add(rows);
        self.error = Some(error);
    }

    /// What the first page is asked for by.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.stage = Stage::Begun;
        let (first, is_partial) = self.asker.begin()?;
        if self.is_resumed {
            self.begin_at_point()?;
        }
        if self.point.ask == Ask::FIRST {
            self.point.is_partial = is_partial;
            self.point.number = self.number_of(&first, 1);
            self.point.ask = first;
        }
        Ok(())
    }

    fn begin_at_point(&mut self) -> Result<()> {
        let point = &self.point;
        if point.ask != Ask::FIRST || point.skip > 0 {
            // By another page size the pages would begin elsewhere.
            self.asker.set_page_size(point.page_size.clone())?;
        }
        if let (Way::Page, Some(number)) = (point.ask.way, point.ask.number()) {
            // Where its pages count from.
            let start = number.saturating_add(1).saturating_sub(point.number);
            self.asker.pagination.start = Some(start);
        }
        if point.query != self.asker.fingerprint() {
            return Err(Error::configuration(OTHER_QUERY));
        }
        match [Way::First, self.asker.way()].contains(&point.ask.way) {
            true => Ok(()),
            false => Err(Error::configuration(OTHER_WAY)),
        }
    }

    /// The number of a page among those of the walk, counted from 1.
    pub(crate) fn number_of(&self, ask: &Ask, other: u64) -> u64 {
        let first = self.asker.pagination.first().unwrap_or(1);
        let number = ask.number().filter(|_| ask.way == Way::Page);
        number.map_or(other, |number| number.saturating_sub(first).saturating_add(1))
    }

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
        self.point.ask.plus(step).filter(|_| step > 0).map(Ok)
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

const TOO_LATE: &str =
    "the settings of a walk over pages cannot change after its first page was asked for";
const OTHER_QUERY: &str = "the resume point is for the same path with another query";
const OTHER_WAY: &str = "the resume point is of a walk that pages in another way";
const UNREADABLE: &str = "the Link header names a next page and cannot be read (RFC 8288 §3)";
const BEHIND_GATEWAY: &str =
    "; if a gateway stands before the server that wrote it, declare .link_query_only()";
