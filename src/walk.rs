//! A walk over the pages of a collection: what was asked, delivered and promised.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::envelope::Envelope;
use crate::error::{Error, IncompleteError, Place, Result};
use crate::event::Event;
use crate::facts::PageFacts;
use crate::pagination::Pagination;
use crate::request::Request;
use crate::response::Response;
use crate::resume::{Ask, Progress, ResumePoint, count};
use crate::url;

/// A walk over pages, whatever is made of the rows.
pub(crate) struct Walk<'c> {
    pub(crate) client: &'c Client,
    pub(crate) request: Request,
    pub(crate) pagination: Pagination,
    /// The page to ask for next; `None` after the last one.
    pub(crate) ask: Option<Ask>,
    /// Its number.
    pub(crate) number: u64,
    /// How many of its rows were delivered before.
    skip: u64,
    pub(crate) progress: Progress,
    pub(crate) promised: Option<(u64, u64)>,
    /// It began in the middle, by the caller's own page number: totals say nothing.
    pub(crate) is_partial: bool,
    /// The caller's own page number is 0: so is that of the first page.
    pub(crate) is_from_zero: bool,
    /// The page size of before a resume point: by another the pages would begin elsewhere.
    #[expect(clippy::option_option, reason = "that page size may be none")]
    pub(crate) kept_size: Option<Option<u64>>,
    /// Where the last page begins, as it was asked for.
    pub(crate) before: Option<ResumePoint>,
    /// The query that a resume point is for, until it was compared.
    pub(crate) resumed_query: Option<String>,
    pub(crate) links: HashSet<String>,
    /// The rows of the last page, where pages do not say their number.
    pub(crate) previous: Option<String>,
    /// A fingerprint of the rows of the last page, if it may turn out to be the very last.
    pub(crate) doubted: Option<String>,
    pub(crate) empty_pages: u32,
    /// What ends the walk at the next step.
    error: Option<Error>,
    is_over: bool,
}

impl<'c> Walk<'c> {
    pub(crate) fn new(client: &'c Client, request: Request) -> Self {
        Self {
            client,
            request: request.accepting_json(),
            pagination: client.provider.pagination.clone(),
            ask: Some(Ask::First),
            number: 1,
            skip: 0,
            progress: Progress::default(),
            promised: None,
            is_partial: false,
            is_from_zero: false,
            kept_size: None,
            before: None,
            resumed_query: None,
            links: HashSet::new(),
            previous: None,
            doubted: None,
            empty_pages: 0,
            error: None,
            is_over: false,
        }
    }

    pub(crate) fn resume(&mut self, point: &ResumePoint) {
        if point.path != self.request.path() {
            self.error = Some(Error::configuration(format!(
                "the resume point is for {}, not for {}",
                url::shown(&point.path),
                url::shown(self.request.path())
            )));
        }
        self.resumed_query = Some(point.query.clone());
        let is_start = point.ask == Ask::First && point.skip == 0;
        self.kept_size = (!is_start).then_some(point.page_size);
        self.is_partial = point.is_partial;
        self.is_from_zero = point.is_from_zero;
        self.doubted.clone_from(&point.doubted);
        self.ask = Some(point.ask.clone());
        self.number = point.number;
        self.skip = point.skip;
        self.promised = point.promised;
        self.progress.delivered = point.delivered;
        self.progress.date = point
            .date
            .and_then(|date| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(date)));
    }

    pub(crate) fn resume_point(&self) -> Option<ResumePoint> {
        Some(ResumePoint {
            path: self.request.path().to_owned(),
            query: self.query_fingerprint(),
            ask: self.ask.clone()?,
            number: self.number,
            skip: self.skip,
            delivered: self.progress.delivered,
            promised: self.promised,
            page_size: self.pagination.page_size(),
            date: self.progress.date_seconds(),
            is_partial: self.is_partial,
            is_from_zero: self.is_from_zero,
            doubted: self.doubted.clone(),
        })
    }

    /// The next page, its rows pushed to `rows`; `None` once the walk is over.
    pub(crate) fn next_page<T: DeserializeOwned>(
        &mut self,
        rows: &mut Vec<T>,
    ) -> Option<Result<(u64, Envelope, Response)>> {
        if self.is_over {
            return None;
        }
        if let Some(error) = self.error.take() {
            self.is_over = true;
            return Some(Err(error));
        }
        let Some(ask) = self.ask.clone() else {
            self.is_over = true;
            return None;
        };
        let page = self.read_page(&ask, rows);
        self.is_over = !matches!(page, Ok(Some(_)));
        page.transpose()
    }

    /// None where the page shows that the walk was over before it.
    fn read_page<T: DeserializeOwned>(
        &mut self,
        ask: &Ask,
        rows: &mut Vec<T>,
    ) -> Result<Option<(u64, Envelope, Response)>> {
        let request = self.request_for(ask)?;
        self.before = self.resume_point();
        let response = self.client.send(&request)?;
        self.remember_links(ask, &request, &response)?;
        let decoded = self.decode(&response, rows);
        let place = response.place();
        let all = count(rows.len());
        rows.drain(..rows.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX)));
        let envelope = decoded?;
        self.take_up_number(ask, &envelope);
        let is_repeated = self.is_repeated(&response, &envelope, all);
        let facts = self.facts(&envelope, all, is_repeated);
        if self.pagination.was_over(&facts) {
            rows.clear();
            self.ask = None;
            self.number = self.number.saturating_sub(1);
            return self.shortfall(place).map_or(Ok(None), Err);
        }
        if let Err(why) = self.pagination.check(&facts) {
            rows.clear();
            return Err(self.incomplete(place, why));
        }
        self.note(&place, &envelope, &response, count(rows.len()));
        let number = self.number;
        self.take_next_ask(place, &self.facts(&envelope, all, false), &response);
        Ok(Some((number, envelope, response)))
    }

    fn take_next_ask(&mut self, place: Place, page: &PageFacts<'_>, response: &Response) {
        self.skip = 0;
        self.ask = None;
        self.doubted = None;
        match self.after(page, response) {
            Ok(Some((ask, number))) => {
                let is_doubtful = self.pagination.is_doubtful(page);
                self.doubted = is_doubtful.then(|| self.rows_name(response));
                self.ask = Some(ask);
                self.number = number;
            }
            Ok(None) => self.error = self.shortfall(place),
            Err(why) => self.error = Some(self.incomplete(place, why)),
        }
    }

    fn facts<'a>(&self, envelope: &'a Envelope, rows: u64, is_repeated: bool) -> PageFacts<'a> {
        let (progress, least) = (&self.progress, self.promised.map(|(least, _)| least));
        let total = envelope.total_items.or(progress.total_items).or(least);
        let total = total.filter(|_| !self.is_partial);
        PageFacts {
            number: self.number,
            position: self.number.saturating_add(self.is_from_zero.into()),
            rows,
            envelope,
            is_repeated,
            is_missed: total.is_some_and(|total| progress.delivered < total),
        }
    }

    /// What follows a page, unless the server itself says that something is wrong with it.
    fn after(
        &mut self,
        page: &PageFacts<'_>,
        response: &Response,
    ) -> std::result::Result<Option<(Ask, u64)>, String> {
        if let Some(trouble) = page.envelope.trouble() {
            return Err(format!(
                "the answer has an error beside its rows: {}",
                response.words(&trouble)
            ));
        }
        if self.is_overfull() && !page.says_more() {
            // Rows that come again and again, changed a little, are not asked for without end.
            return Ok(None);
        }
        let next = self.pagination.next(page)?;
        self.prepare(next, page, response)
    }

    /// A walk over links may begin in the middle, if the caller's own query says so.
    fn take_up_number(&mut self, ask: &Ask, envelope: &Envelope) {
        let told = envelope.page.filter(|page| *page > 1 && *ask == Ask::First);
        if let (Some(page), None) = (told, self.pagination.page_parameter()) {
            self.number = page;
            self.is_partial = true;
        }
    }

    /// Counts and reports a page.
    fn note(&mut self, place: &Place, envelope: &Envelope, response: &Response, rows: u64) {
        let progress = &mut self.progress;
        progress.page = self.number;
        progress.delivered = progress.delivered.saturating_add(rows);
        progress.total_pages = envelope.page_count().or(progress.total_pages);
        progress.date = progress.date.or_else(|| response.date());
        let before = progress.total_items;
        progress.total_items = envelope.total_items.or(before);
        if let Some(total) = envelope.total_items {
            let (least, most) = self.promised.unwrap_or((total, total));
            self.promised = Some((least.min(total), most.max(total)));
        }
        let (number, delivered, total_items) =
            (self.number, progress.delivered, progress.total_items);
        if let (Some(from), Some(to)) = (before, total_items)
            && from != to
        {
            self.client.emit(|| Event::TotalChanged { place: place.clone(), from, to });
        }
        self.client.count(|stats| {
            stats.pages += 1;
            stats.rows += rows;
        });
        let place = place.clone();
        self.client.emit(|| Event::Page { place, number, rows, delivered, total_items });
    }

    /// As far as a total tells.
    pub(crate) fn is_all_delivered(&self) -> bool {
        self.promised.is_some_and(|(least, _)| self.progress.delivered >= least)
    }

    fn is_overfull(&self) -> bool {
        let most = self.promised.filter(|_| !self.is_partial).map(|(_, most)| most);
        most.is_some_and(|most| self.progress.delivered > most)
    }

    /// Whether what was delivered contradicts what was promised.
    fn shortfall(&self, place: Place) -> Option<Error> {
        let (least, most) = self.promised.filter(|_| !self.is_partial)?;
        let delivered = self.progress.delivered;
        if (least..=most).contains(&delivered) {
            return None;
        }
        let what = if delivered < least { "fewer" } else { "more" };
        Some(self.incomplete(place, format!("{what} rows were delivered than promised")))
    }

    fn incomplete(&self, place: Place, message: String) -> Error {
        Error::Incomplete(Box::new(IncompleteError {
            place,
            message,
            promised: self.promised,
            delivered: self.progress.delivered,
            page: self.number,
        }))
    }
}
