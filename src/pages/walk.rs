//! A walk over the pages of a collection: it asks, and holds what came against what was
//! promised.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::encoding::fingerprint;
use crate::error::{Error, Result};
use crate::event::{Progress, Proof};
use crate::pages::ask::{Ask, Asker};
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::envelope::Envelope;
use crate::pages::next::{next, refuse};
use crate::pages::repeat::{Identity, Likeness};
use crate::pages::resume::{ResumePoint, count};
use crate::pages::words::Role;
use crate::provider::pagination::Pagination;
use crate::request::Request;
use crate::response::Response;
use crate::url;

/// A walk over pages, whatever is made of the rows.
pub(crate) struct Walk<'c> {
    pub(crate) client: &'c Client,
    pub(crate) asker: Asker,
    /// The page to ask for next, and all that came before it.
    pub(crate) point: ResumePoint,
    /// Where the last page begins.
    pub(crate) before: Option<ResumePoint>,
    /// What the point does not say.
    pub(crate) progress: Progress,
    /// What was asked for, by its mark.
    pub(crate) seen: HashSet<u128>,
    last: Option<Identity>,
    /// Where next links stood.
    pub(crate) link_place: Option<String>,
    pub(crate) empty_pages: u32,
    /// Pages that were like the one before, one after the other.
    repeats: u32,
    pub(crate) stage: Stage,
    /// It goes on from a point, and no page has come since.
    pub(crate) is_resumed: bool,
    /// What ends the walk at the next step.
    error: Option<Error>,
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
            progress: Progress::default(),
            seen: HashSet::new(),
            last: None,
            link_place: None,
            empty_pages: 0,
            repeats: 0,
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
            delivered: self.point.delivered,
            date: date.and_then(|date| SystemTime::UNIX_EPOCH.checked_add(date)),
            ..self.progress.clone()
        }
    }

    pub(crate) fn resume_point(&self) -> Option<ResumePoint> {
        let query = self.asker.fingerprint();
        let page_size = self.asker.pagination.page_size.clone();
        (self.stage != Stage::Ended).then(|| ResumePoint { query, page_size, ..self.point.clone() })
    }

    /// The next page, its rows pushed to `rows`; `None` once the walk is over.
    pub(crate) fn next_page<T: DeserializeOwned>(
        &mut self,
        rows: &mut Vec<T>,
    ) -> Option<Result<(u64, Envelope, Response)>> {
        if let Some(error) = self.error.take() {
            return Some(Err(error));
        }
        if !matches!(self.stage, Stage::New | Stage::Begun) {
            return None;
        }
        let page = self.read_page(rows);
        if page.is_err() && self.stage != Stage::Ended {
            self.stage = Stage::Stopped;
        }
        page.transpose()
    }

    /// None where the answer shows that the walk was over before it.
    fn read_page<T: DeserializeOwned>(
        &mut self,
        rows: &mut Vec<T>,
    ) -> Result<Option<(u64, Envelope, Response)>> {
        if self.stage == Stage::New {
            self.begin()?;
        }
        let request = self.asker.request_for(&self.point.ask)?;
        self.before = self.resume_point();
        let response = match self.client.answer(&request) {
            Ok(response) => response,
            Err(error) => return self.after_refusal(error).map(|()| None),
        };
        self.remember(&request, &response)?;
        let decoded = self.decode(&response, rows);
        let all = count(rows.len());
        rows.drain(..rows.len().min(usize::try_from(self.point.skip).unwrap_or(usize::MAX)));
        let page = decoded?;
        self.is_resumed = false;
        let sent: Vec<String> =
            url::pairs(&request.query).into_iter().map(|(_, value)| value).collect();
        let likeness = page.identity.as_ref().map(|it| it.likeness(self.last.as_ref()));
        let likeness = likeness.unwrap_or(Likeness::None);
        self.repeats = if likeness == Likeness::None { 0 } else { self.repeats + 1 };
        let (named, target) = self.named(&page, &response).unzip();
        let delivered = self.point.delivered.saturating_sub(self.point.skip).saturating_add(all);
        self.begin_in_the_middle(&page);
        let context = self.context(&page, all, delivered, &sent, named.clone());
        if let Some(step) = refuse(&context, likeness) {
            rows.clear();
            return self.take_before(step, response.target()).map(|()| None);
        }
        self.note(&response, &page, count(rows.len()));
        if let (Some(Ok(ask)), Some(target)) = (&named, target) {
            self.note_next(ask, target, &response);
        }
        let number = self.point.number;
        self.empty_pages = if all == 0 { self.empty_pages + 1 } else { 0 };
        let step = self.step(&page, all, &sent, named, &response);
        self.last.clone_from(&page.identity);
        self.error = self.take(step, response.target());
        Ok(Some((number, page, response)))
    }

    fn step(
        &self,
        page: &Envelope,
        rows: u64,
        sent: &[String],
        named: Option<std::result::Result<Ask, String>>,
        response: &Response,
    ) -> Step {
        if let Some(error) = page.error_text() {
            let words = response.words(&error);
            let message = format!("the answer has an error beside its rows: {words}");
            return Step::Fail(Fault::new(message));
        }
        let context = self.context(page, rows, self.point.delivered, sent, named);
        let most = self.point.promised.filter(|_| !self.point.is_partial).map(|(_, most)| most);
        match most {
            // Rows that come again and again, changed a little, are not asked for without end.
            Some(most) if self.point.delivered > most && context.word_for_more().is_none() => {
                Step::End(Proof::Total(most))
            }
            _ => next(&context),
        }
    }

    fn context<'a>(
        &'a self,
        page: &'a Envelope,
        rows: u64,
        delivered: u64,
        sent: &'a [String],
        named: Option<std::result::Result<Ask, String>>,
    ) -> PageContext<'a> {
        let mark = named.as_ref().and_then(|named| named.as_ref().ok()?.mark());
        PageContext {
            pagination: &self.asker.pagination,
            page,
            point: &self.point,
            rows,
            delivered,
            asked_size: self.asker.page_size(),
            counted_pages: self.progress.total_pages.filter(|_| !self.point.is_partial),
            empty_pages: self.empty_pages,
            repeats: self.repeats,
            sent,
            is_seen: mark.is_some_and(|mark| self.seen.contains(&fingerprint(&mark))),
            named,
        }
    }

    /// What the first page is asked for by.
    fn begin(&mut self) -> Result<()> {
        self.stage = Stage::Begun;
        let (first, is_own) = self.asker.begin()?;
        let point = &mut self.point;
        if self.is_resumed && (point.ask != Ask::First || point.skip > 0) {
            // By another page size the pages would begin elsewhere.
            self.asker.set_page_size(point.page_size.clone())?;
            if let Ask::Page(number) = point.ask {
                // Where its pages count from.
                let start = number.saturating_add(1).saturating_sub(point.number);
                self.asker.pagination.start = Some(start);
            }
        }
        if self.is_resumed {
            let has_other_query = point.query != self.asker.fingerprint();
            let why = match () {
                () if has_other_query => "the resume point is for the same path with another query",
                () if !point.ask.fits(&self.asker.pagination.strategy) => {
                    "the resume point is of a walk that pages in another way"
                }
                () => "",
            };
            if !why.is_empty() {
                return Err(Error::configuration(why));
            }
        }
        if self.point.ask == Ask::First {
            // An API whose pages count from 0, as the caller's own 0 shows.
            let start = self.asker.pagination.first();
            if let (Ask::Page(0), Some(1)) = (&first, start) {
                self.asker.pagination.start = Some(0);
            }
            self.point.is_partial = is_own
                && match first {
                    Ask::Page(own) | Ask::Offset(own) => start.is_some_and(|start| own > start),
                    _ => true,
                };
            self.point.number = self.number_of(&first, 1);
            self.point.ask = first;
        }
        Ok(())
    }

    /// The number of a page among those of the walk, counted from 1.
    pub(crate) fn number_of(&self, ask: &Ask, other: u64) -> u64 {
        let first = self.asker.pagination.first().unwrap_or(1);
        match ask {
            Ask::Page(number) => number.saturating_sub(first).saturating_add(1),
            _ => other,
        }
    }

    /// A walk over links may begin in the middle, if the caller's own query says so.
    fn begin_in_the_middle(&mut self, page: &Envelope) {
        let told = page.number(Role::PageNumber).filter(|told| *told > 1);
        let is_linked = self.asker.pagination.strategy.follows_links();
        if let (Some(told), Ask::First, true) = (told, &self.point.ask, is_linked) {
            self.point.number = told;
            self.point.is_partial = true;
        }
    }

    /// What was asked and what answered, which a redirect makes two.
    fn remember(&mut self, request: &Request, response: &Response) -> Result<()> {
        if self.asker.pagination.strategy.follows_links() {
            let asked = request.resolve(&self.client.provider.base_url)?;
            self.seen.insert(fingerprint(&asked.to_string()));
            self.seen.insert(fingerprint(&response.uri.to_string()));
        } else if let Some(mark) = self.point.ask.mark() {
            self.seen.insert(fingerprint(&mark));
        }
        Ok(())
    }
}

const TOO_LATE: &str =
    "the settings of a walk over pages cannot change after its first page was asked for";
