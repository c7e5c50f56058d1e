//! A walk over the pages of a collection: it asks, counts, and holds what came against what
//! was promised.

use serde::de::DeserializeOwned;
use std::collections::HashSet;

use crate::client::Client;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::pages::advice::looks_like_page_size;
use crate::pages::ask::{Ask, Asker};
use crate::pages::checks::{Check, check};
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::envelope::Envelope;
use crate::pages::identity::{Identity, Likeness};
use crate::pages::next::next;
use crate::pages::resume::{ResumePoint, count};
use crate::pagination::{Pagination, Strategy};
use crate::progress::{Progress, Proof};
use crate::request::Request;
use crate::response::Response;

/// A walk over pages, whatever is made of the rows.
pub(crate) struct Walk<'c> {
    pub(crate) client: &'c Client,
    pub(crate) asker: Asker,
    /// The page to ask for next; `None` after the last one.
    pub(crate) ask: Option<Ask>,
    /// Its number, counted from 1.
    pub(crate) number: u64,
    /// How many of its rows were delivered before.
    pub(crate) skip: u64,
    pub(crate) progress: Progress,
    pub(crate) promised: Option<(u64, u64)>,
    /// It began in the middle, by the caller's own number or cursor: totals say nothing.
    pub(crate) is_partial: bool,
    /// How much less than what was asked for the pages say that their number is.
    pub(crate) number_shift: u64,
    /// Where the last page begins, as it was asked for.
    pub(crate) before: Option<ResumePoint>,
    /// The point that it goes on from, until the first page was asked for.
    pub(crate) resumed: Option<ResumePoint>,
    /// What was asked for, by its mark.
    pub(crate) seen: HashSet<u128>,
    /// The last page.
    pub(crate) previous: Option<Identity>,
    /// The rows of the fullest page.
    pub(crate) largest: u64,
    /// Where next links stood.
    pub(crate) link_place: Option<String>,
    /// The walk may be over by this, and one more page is to confirm it.
    pub(crate) doubt: Option<Proof>,
    empty_pages: u32,
    pub(crate) has_begun: bool,
    /// A link lacked a part of the caller's query, and an event said so.
    pub(crate) lacks_query: bool,
    /// What ends the walk at the next step.
    pub(crate) error: Option<Error>,
    is_over: bool,
}

impl<'c> Walk<'c> {
    pub(crate) fn new(client: &'c Client, request: Request) -> Self {
        let pagination = client.provider.pagination.clone();
        Self {
            client,
            asker: Asker { request: request.accepting_json(), pagination },
            ask: Some(Ask::First),
            number: 1,
            skip: 0,
            progress: Progress::default(),
            promised: None,
            is_partial: false,
            number_shift: 0,
            before: None,
            resumed: None,
            seen: HashSet::new(),
            previous: None,
            largest: 0,
            link_place: None,
            doubt: None,
            empty_pages: 0,
            has_begun: false,
            lacks_query: false,
            error: None,
            is_over: false,
        }
    }

    /// Changes a setting. Rows of two settings would not fit together.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Self)) {
        match self.has_begun {
            false => change(self),
            true => {
                self.is_over = false;
                self.error = Some(Error::configuration(
                    "the settings of a walk over pages cannot change after its first page was asked for",
                ));
            }
        }
    }

    pub(crate) fn pagination(&self) -> &Pagination {
        &self.asker.pagination
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
        if self.ask.is_none() {
            self.is_over = true;
            return None;
        }
        let page = self.read_page(rows);
        self.is_over = !matches!(page, Ok(Some(_)));
        page.transpose()
    }

    /// None where the answer shows that the walk was over before it.
    fn read_page<T: DeserializeOwned>(
        &mut self,
        rows: &mut Vec<T>,
    ) -> Result<Option<(u64, Envelope, Response)>> {
        if !self.has_begun {
            self.begin()?;
        }
        let Some(ask) = self.ask.clone() else { return Ok(None) };
        let request = self.asker.request_for(&ask)?;
        self.before = self.resume_point();
        let response = match self.client.send(&request) {
            Ok(response) => response,
            Err(error) => return self.after_refusal(error).map(|()| None),
        };
        self.resumed = None;
        self.remember_asked(&ask, &request, &response)?;
        let decoded = self.decode(&response, rows);
        let all = count(rows.len());
        rows.drain(..rows.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX)));
        let envelope = decoded?;
        self.take_up_number(&ask, &envelope);
        let sent: Vec<String> = request.query_pairs().into_iter().map(|(_, value)| value).collect();
        let facts = PageFacts { ask: &ask, rows: all, sent: &sent };
        if let Some(page) = self.refuse_page(&facts, &envelope, &response) {
            rows.clear();
            return page;
        }
        self.previous.clone_from(&envelope.identity);
        self.note(&response, &envelope, count(rows.len()));
        let number = self.number;
        self.take_step(&facts, &envelope, &response);
        Ok(Some((number, envelope, response)))
    }

    /// What is left to say of a page whose rows are not delivered; `None` for a good one.
    fn refuse_page(
        &mut self,
        facts: &PageFacts<'_>,
        envelope: &Envelope,
        response: &Response,
    ) -> Option<Result<Option<(u64, Envelope, Response)>>> {
        let likeness = match (&envelope.identity, &self.previous) {
            (Some(identity), Some(previous)) => identity.likeness(previous),
            _ => Likeness::None,
        };
        let is_doubted = self.doubt.is_some();
        let delivered = self.progress.delivered.saturating_add(facts.rows);
        let page = self.context(facts, envelope, response, delivered);
        let checked = check(&page, likeness, self.number_shift, is_doubted);
        match checked {
            Check::Good => None,
            Check::Wrong(fault) => Some(Err(self.incomplete(response.place(), *fault))),
            Check::WasOver => {
                let total = Proof::Total(self.progress.delivered);
                let proof = self.doubt.take().unwrap_or(total);
                self.number = self.number.saturating_sub(1);
                Some(self.finish(response.place(), proof).map(|()| None))
            }
        }
    }

    pub(crate) fn context<'a>(
        &'a self,
        facts: &PageFacts<'a>,
        envelope: &'a Envelope,
        response: &Response,
        delivered: u64,
    ) -> PageContext<'a> {
        let total = envelope.total().or(self.progress.total_items);
        let (link, cursor) = (self.next_link(envelope, response), self.next_cursor(envelope));
        let mark = match (&link, &cursor, &envelope.last_row) {
            (Some(Ok(link)), ..) => Some(link.target.clone()),
            (_, Some(Ok(value)), _) | (.., Some(Ok(value))) => Some(value.to_string()),
            _ => None,
        };
        PageContext {
            pagination: self.pagination(),
            page: envelope,
            ask: facts.ask,
            position: self.number,
            is_partial: self.is_partial,
            rows: facts.rows,
            delivered,
            total: total.filter(|_| !self.is_partial),
            counted_pages: self.progress.total_pages.filter(|_| !self.is_partial),
            asked_size: self.asker.page_size(),
            largest: self.largest,
            empty_pages: if facts.rows == 0 { self.empty_pages + 1 } else { 0 },
            sent: facts.sent,
            is_seen: mark.is_some_and(|mark| self.was_seen(&mark)),
            link,
            link_place: self.link_place.as_deref(),
            cursor,
        }
    }

    fn take_step(&mut self, facts: &PageFacts<'_>, envelope: &Envelope, response: &Response) {
        let place = response.place();
        (self.skip, self.ask, self.doubt) = (0, None, None);
        let page = self.context(facts, envelope, response, self.progress.delivered);
        let step = match envelope.error_text() {
            Some(error) => Step::Fail(Fault::new(format!(
                "the answer has an error beside its rows: {}",
                response.words(&error)
            ))),
            // Rows that come again and again, changed a little, are not asked for without end.
            None if self.is_overfull() && page.words_for_more().next().is_none() => {
                Step::End(Proof::Total(self.progress.delivered))
            }
            None => next(&page),
        };
        let link = page.link.clone().and_then(std::result::Result::ok);
        let cursor = page.cursor.clone().and_then(std::result::Result::ok);
        let empty_pages = page.empty_pages;
        self.empty_pages = empty_pages;
        self.largest = self.largest.max(facts.rows);
        self.note_next(link, cursor, &place);
        match step {
            Step::Ask(ask) => self.go_on(ask),
            Step::AskBeyond(ask, proof) => {
                self.doubt = Some(proof);
                self.go_on(ask);
            }
            Step::Fail(fault) => self.error = Some(self.incomplete(place, fault)),
            Step::End(proof) => {
                let is_single = self.pagination().strategy == Strategy::Single;
                if is_single && looks_like_page_size(facts.rows) {
                    let (place, rows) = (place.clone(), facts.rows);
                    self.client.emit(|| Event::LooksLikeOnePage { place, rows });
                }
                self.error = self.finish(place, proof).err();
            }
        }
    }

    fn go_on(&mut self, ask: Ask) {
        self.number = match &ask {
            Ask::Page(number) => self.position_of(*number),
            _ => self.number.saturating_add(1),
        };
        self.ask = Some(ask);
    }
}

/// A page as far as it is not in its envelope.
#[derive(Clone)]
pub(crate) struct PageFacts<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) rows: u64,
    /// The values of the request's query.
    pub(crate) sent: &'a [String],
}
