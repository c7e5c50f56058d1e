//! What was delivered, held against what was promised, and how a walk ends.

use std::time::SystemTime;

use crate::error::{Error, IncompleteError, RequestTarget, Result};
use crate::event::{Event, Proof};
use crate::pages::advice::{looks_like_page_size, name_of};
use crate::pages::ask::{Ask, Way, plain};
use crate::pages::context::{Fault, Step};
use crate::pages::envelope::{Envelope, LINK_HEADER};
use crate::pages::walk::{Stage, Walk};
use crate::pages::words::Role;
use crate::provider::pagination::{Pagination, Strategy};
use crate::response::Response;

impl Walk<'_> {
    /// The end, where it was declared or is confirmed by the refusal of the page; else the
    /// error, with what to do about it.
    pub(crate) fn after_refusal(&mut self, mut error: Error) -> Result<()> {
        let Error::Status(refused) = &mut error else { return Err(error) };
        let (status, target) = (refused.response.status, refused.target.clone());
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
    pub(crate) fn take_before(&mut self, step: Step, target: RequestTarget) -> Result<()> {
        let is_end = matches!(step, Step::End(_));
        self.point.number = self.point.number.saturating_sub(is_end.into());
        self.take(step, target)
    }

    /// Counts and reports a page of so many new rows.
    pub(crate) fn note(&mut self, response: &Response, page: &Envelope, rows: u64) {
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
    pub(crate) fn note_following(&mut self, ask: &Ask, page: &Envelope, response: &Response) {
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
    pub(crate) fn take(&mut self, step: Step, target: RequestTarget) -> Result<()> {
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
        if proof == Proof::Single && looks_like_page_size(rows) {
            self.client.emit(|| Event::LooksLikeOnePage { target: target.clone(), rows });
        }
        let declare = self.found_pagination(&proof).map(|pagination| pagination.to_string());
        self.client.emit(|| Event::WalkEnded { target, rows, pages, proof, declare });
        Ok(())
    }

    /// Whether what was delivered contradicts what was promised.
    fn shortfall(&self) -> Option<&'static str> {
        let (least, most) = self.point.promise()?;
        match self.point.delivered {
            delivered if delivered < least => Some("fewer rows were delivered than promised"),
            delivered if delivered > most => Some(TOO_MANY),
            _ => None,
        }
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
