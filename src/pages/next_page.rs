//! One page of a walk: asked for, read, decided upon, and held against what was promised.

use std::time::SystemTime;

use serde::de::DeserializeOwned;

use crate::encoding::fingerprint;
use crate::error::{Error, IncompleteError, RequestTarget, Result};
use crate::event::{Event, Proof};
use crate::pages::advice::looks_like_page_size;
use crate::pages::ask::{Ask, Way, plain};
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::decision::{FROM_0, next, refuse};
use crate::pages::envelope::{Envelope, LINK_HEADER, name_of};
use crate::pages::repeat::{Likeness, count};
use crate::pages::walk::{Stage, Walk};
use crate::pages::words::Role;
use crate::provider::pagination::{Pagination, Strategy};
use crate::request::Request;
use crate::response::Response;

impl Walk<'_> {
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
        self.before = Some(self.point.clone());
        let ahead = self.ahead.take(&self.point.ask);
        match ahead.map_or_else(|| self.client.answer(&request), Ok) {
            Ok(response) => self.read_answer(&request, response, rows),
            Err(error) => self.after_refusal(error).map(|()| None),
        }
    }

    fn read_answer<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        response: Response,
        rows: &mut Vec<T>,
    ) -> Result<Option<(u64, Envelope, Response)>> {
        self.remember(request, &response)?;
        let decoded = self.decode(request, &response, rows);
        let all = count(rows.len());
        rows.drain(..rows.len().min(usize::try_from(self.point.skip).unwrap_or(usize::MAX)));
        let page = decoded?;
        self.is_resumed = false;
        self.begin_in_the_middle(&page);
        let likeness = Likeness::of(page.identity.as_ref(), self.point.last.as_ref());
        self.point.stale_pages = match likeness {
            Likeness::None if all > 0 => 0,
            _ => self.point.stale_pages.saturating_add(1),
        };
        let following = self.following(&page, all, &response);
        let mark = following.as_ref().and_then(|following| following.as_ref().ok()?.mark());
        let context = PageContext {
            asker: &self.asker,
            page: &page,
            point: &self.point,
            rows: all,
            likeness,
            following,
            is_seen: mark.is_some_and(|mark| self.seen.contains(&mark)),
        };
        let (refused, step) = (refuse(&context), next(&context));
        let counted = self.ahead.is_on().then(|| (context.page_count(), context.total()));
        self.is_full = context.size() == Some(all);
        let following = context.following;
        if let Some(step) = refused {
            rows.clear();
            return self.take_before(step, response.target()).map(|()| None);
        }
        self.note(&response, &page, count(rows.len()));
        if let Some(Ok(ask)) = &following {
            self.note_following(ask, &page, &response);
        }
        let number = self.point.number;
        self.point.last.clone_from(&page.identity);
        self.error = self.take(step, response.target()).err();
        self.read_ahead(all, counted);
        Ok(Some((number, page, response)))
    }

    /// Has pages asked for that the walk will ask for in any case: the next one, and those
    /// behind it as far as the answer counts pages or rows.
    fn read_ahead(&mut self, rows: u64, counted: Option<(Option<u64>, Option<u64>)>) {
        let Some((page_count, total)) = counted else { return };
        if self.stage != Stage::Begun || self.error.is_some() || !self.asker.request.repeatable {
            return self.ahead.clear();
        }
        let next = &self.point.ask;
        let before = self.before.as_ref().and_then(|before| before.ask.number());
        let step =
            next.number().zip(before).map_or(0, |(next, before)| next.saturating_sub(before));
        self.ahead.longest = self.ahead.longest.max(rows);
        let size = if next.way == Way::Offset { step } else { self.ahead.longest };
        let by_rows = total.filter(|_| size > 0).map(|total| total.div_ceil(size));
        let pages = page_count.or(by_rows).filter(|_| step > 0);
        let left =
            pages.map_or(1, |pages| pages.saturating_add(1).saturating_sub(self.point.number));
        for ask in self.ahead.plan(next, step, left) {
            let Ok(request) = self.asker.request_for(&ask) else { return };
            if !self.ahead.ask(self.client, ask, request) {
                return;
            }
        }
    }

    /// A walk over links may begin in the middle, if the caller's own query says so.
    fn begin_in_the_middle(&mut self, page: &Envelope) {
        let told = page.number(Role::PageNumber).filter(|told| *told > 1);
        let is_linked = self.asker.way() == Way::Link && self.point.ask == Ask::FIRST;
        if let Some(told) = told.filter(|_| is_linked) {
            self.point.number = told;
            self.point.is_partial = true;
        }
    }

    /// What was asked and what answered, which a redirect makes two.
    fn remember(&mut self, request: &Request, response: &Response) -> Result<()> {
        if self.asker.way() == Way::Link {
            let asked = request.resolve(&self.client.provider.base_url)?;
            let both = [asked.to_string(), response.uri.to_string()];
            self.seen.extend(both.map(|url| fingerprint(&url)));
        } else {
            self.seen.extend(self.point.ask.mark());
        }
        Ok(())
    }

    /// The end, where it was declared or is confirmed by the refusal of the page; else the
    /// error, with what to do about it.
    fn after_refusal(&mut self, mut error: Error) -> Result<()> {
        let Error::Status(refused) = &mut error else { return Err(error) };
        let Some(answer) = &refused.response else { return Err(error) };
        let (status, target) = (answer.status, refused.target.clone());
        if self.progress.page == 0 && !self.is_resumed {
            return Err(error);
        }
        let is_of_place = OF_A_PLACE.contains(&status.as_u16());
        let total = self.point.promise().map(|(_, most)| most);
        match total.filter(|total| is_of_place && self.point.delivered >= *total) {
            _ if self.asker.pagination.end_statuses.contains(&status) => {
                return self.take_before(Step::End(Proof::Status(status)), target);
            }
            // The page beyond was only to confirm the total.
            Some(total) => return self.take_before(Step::End(Proof::Total(total)), target),
            None => {}
        }
        let hint = match self.point.ask.way {
            _ if !is_of_place => "",
            Way::Cursor | Way::Link | Way::After if self.is_resumed => EXPIRED,
            Way::Page | Way::Offset => BEYOND,
            _ => "",
        };
        let is_alone = refused.message.is_empty() || hint.is_empty();
        let gap = if is_alone { "" } else { "; " };
        refused.message.push_str(&format!("{gap}{}", hint.replace("404", status.as_str())));
        Err(error)
    }

    /// The end, where the last page came before, or an error about this one.
    fn take_before(&mut self, step: Step, target: RequestTarget) -> Result<()> {
        let is_end = matches!(step, Step::End(_));
        self.point.number = self.point.number.saturating_sub(is_end.into());
        self.take(step, target)
    }

    /// Counts and reports a page of so many new rows.
    fn note(&mut self, response: &Response, page: &Envelope, rows: u64) {
        let target = response.target();
        let (point, progress) = (&mut self.point, &mut self.progress);
        let (number, before) = (point.number, progress.total_items);
        point.delivered = point.delivered.saturating_add(rows);
        let date = || response.date()?.duration_since(SystemTime::UNIX_EPOCH).ok();
        point.date = point.date.or_else(|| date().map(|date| date.as_secs()));
        progress.page = number;
        let (delivered, told) = (point.delivered, point.told_total(page, point.delivered));
        point.counted_pages = page.number(Role::PageCount).or(point.counted_pages);
        progress.total_items = told.or(before);
        let total_items = progress.total_items;
        if let Some(to) = told {
            let (least, most) = point.promised.unwrap_or((to, to));
            point.promised = Some((least.min(to), most.max(to)));
            if let Some(from) = before.filter(|from| *from != to) {
                self.client.emit(|| Event::TotalChanged { target: target.clone(), from, to });
            }
        }
        self.client.count(|stats| {
            stats.pages += 1;
            stats.rows += rows;
        });
        self.client.emit(|| Event::Page { target, number, rows, delivered, total_items });
    }

    /// Keeps in mind what goes on from a page, and says once what a link has lost.
    fn note_following(&mut self, ask: &Ask, page: &Envelope, response: &Response) {
        if !matches!(ask.way, Way::Cursor | Way::Link) {
            return;
        }
        let cursor = plain(&ask.value);
        if ask.way == Way::Link {
            self.link_place = self.link_word(page).map(|word| word.path.clone());
            let (_, query) = cursor.split_once('?').unwrap_or_default();
            let missing = self.missing_query(query).into_iter().next();
            if let Some((name, _)) = missing.filter(|_| self.progress.cursor.is_none()) {
                self.client.emit(|| Event::QueryNotKept { target: response.target(), name });
            }
        }
        self.progress.cursor = Some(cursor);
    }

    /// Goes on, or ends the walk: with the error, if it cannot be complete.
    fn take(&mut self, step: Step, target: RequestTarget) -> Result<()> {
        self.point.skip = 0;
        let proof = match step {
            Step::Ask(ask) => {
                self.point.number = self.number_of(&ask, self.point.number.saturating_add(1));
                self.point.ask = ask;
                return Ok(());
            }
            Step::Fail(fault) => Err(fault),
            Step::End(proof) => self.shortfall().map_or(Ok(proof), |why| Err(Fault::new(why))),
        };
        self.stage = Stage::Ended;
        let proof = proof.map_err(|fault| self.incomplete(target.clone(), fault))?;
        self.progress.proof = Some(proof.clone());
        let (rows, pages) = (self.point.delivered, self.point.number);
        if self.looks_like_one_page(&proof) {
            let place = || match &proof {
                Proof::Declared(place) | Proof::NoLink(place) => Some(place.clone()),
                _ => None,
            };
            let target = target.clone();
            self.client.emit(|| Event::LooksLikeOnePage { target, rows, missing: place() });
        }
        let declare = self.found_pagination(&proof).map(|pagination| pagination.to_string());
        self.client.emit(|| Event::WalkEnded { target, rows, pages, proof, declare });
        Ok(())
    }

    /// Whether a walk that ended on its first page may have missed others.
    fn looks_like_one_page(&self, proof: &Proof) -> bool {
        let is_first = match proof {
            Proof::Single => true,
            // The caller may have begun by a value of their own.
            Proof::Declared(_) | Proof::NoLink(_) => {
                self.point.ask == Ask::FIRST || self.point.number == 1
            }
            _ => false,
        };
        let (rows, asked) = (self.point.delivered, self.asker.page_size());
        is_first && (self.is_full || asked == Some(rows) || looks_like_page_size(rows))
    }

    /// Whether what was delivered contradicts what was promised.
    fn shortfall(&self) -> Option<String> {
        let (least, most) = self.point.promise()?;
        let delivered = self.point.delivered;
        if delivered > most {
            return Some(TOO_MANY.into());
        }
        let missing = least.checked_sub(delivered).filter(|missing| *missing > 0)?;
        let is_before =
            self.point.ask.way == Way::Offset && self.asker.pagination.first() == Some(missing);
        let hint = if is_before { format!(": {FROM_0}") } else { String::new() };
        Some(format!("fewer rows were delivered than promised{hint}"))
    }

    fn incomplete(&self, target: RequestTarget, fault: Fault) -> Error {
        Error::Incomplete(Box::new(IncompleteError {
            target,
            message: fault.message,
            kind: fault.kind,
            declare: fault.declare,
            promised: self.point.promised,
            delivered: self.point.delivered,
            page: self.point.number,
        }))
    }

    /// The declaration that does what `detect()` found out, if one page shows that.
    fn found_pagination(&self, proof: &Proof) -> Option<Pagination> {
        let place = match (&self.link_place, proof) {
            _ if self.asker.pagination.strategy != Strategy::Detect => return None,
            (Some(place), _) | (None, Proof::NoLink(place)) => place.as_str(),
            (None, Proof::Word(place)) if Role::of(name_of(place)) == Some(Role::Next) => place,
            _ => return None,
        };
        Some(match place {
            LINK_HEADER => Pagination::link_header(),
            "@odata.context" => Pagination::next_link("@odata.nextLink"),
            // An object without the link; where one was followed, it is a list.
            "links" | "_links" if self.link_place.is_none() => {
                Pagination::next_link(format!("{place}.next"))
            }
            place => Pagination::next_link(place),
        })
    }
}

/// With which servers refuse a page that is not there, and nothing else.
const OF_A_PLACE: [u16; 5] = [400, 404, 410, 416, 422];
const TOO_MANY: &str = "more rows were delivered than promised; if the total is no number of these rows, or is capped, declare .ignoring(\"<path>\")";
const EXPIRED: &str =
    "the server may not know the place of the resume point any more: begin again without it";
const BEYOND: &str = "if the API answers so beyond its last page, declare .end_status(404)";
