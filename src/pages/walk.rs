//! A walk over the pages of a collection: what it is to ask for, and what came so far.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::event::Progress;
use crate::pages::ask::{Ask, Asker, Way};
use crate::pages::resume::ResumePoint;
use crate::provider::pagination::Pagination;
use crate::request::Request;
use crate::url;

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
    /// Where next links stood.
    pub(crate) link_place: Option<String>,
    pub(crate) stage: Stage,
    /// It goes on from a point, and no page has come since.
    pub(crate) is_resumed: bool,
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
            link_place: None,
            stage: Stage::New,
            is_resumed: false,
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
}

const TOO_LATE: &str =
    "the settings of a walk over pages cannot change after its first page was asked for";
const OTHER_QUERY: &str = "the resume point is for the same path with another query";
const OTHER_WAY: &str = "the resume point is of a walk that pages in another way";
