//! What was delivered, held against what was promised, and how a walk ends.

use std::time::SystemTime;

use crate::error::{Error, IncompleteError, RequestTarget, Result};
use crate::event::{Event, Proof};
use crate::pages::advice::looks_like_page_size;
use crate::pages::ask::Ask;
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
        let is_of_place = OF_A_PLACE.contains(&status.as_u16());
        let is_later = self.progress.page > 0 || self.is_resumed;
        let point = &self.point;
        let most = point.promised.filter(|_| !point.is_partial).map(|(_, most)| most);
        let proof = match most.filter(|most| point.delivered >= *most) {
            _ if self.asker.pagination.end_statuses.contains(&status) => Proof::Status(status),
            // The page beyond was only to confirm the total.
            Some(total) if is_of_place => Proof::Total(total),
            _ => {
                let hint = match point.ask {
                    _ if !is_later || !is_of_place => return Err(error),
                    Ask::Cursor(_) | Ask::Link(_) | Ask::After(_) if self.is_resumed => EXPIRED,
                    Ask::Page(_) | Ask::Offset(_) => BEYOND,
                    _ => return Err(error),
                };
                let gap = if refused.message.is_empty() { "" } else { "; " };
                refused.message.push_str(&format!("{gap}{}", hint.replace("404", status.as_str())));
                return Err(error);
            }
        };
        if !is_later {
            return Err(error);
        }
        self.take_before(Step::End(proof), target)
    }

    /// The end, where the last page came before, or an error about this one.
    pub(crate) fn take_before(&mut self, step: Step, target: RequestTarget) -> Result<()> {
        let is_end = matches!(step, Step::End(_));
        self.point.number = self.point.number.saturating_sub(is_end.into());
        self.take(step, target).map_or(Ok(()), Err)
    }

    /// Counts and reports a page.
    pub(crate) fn note(&mut self, response: &Response, page: &Envelope, rows: u64) {
        let target = response.target();
        let (point, progress) = (&mut self.point, &mut self.progress);
        let (number, before) = (point.number, progress.total_items);
        point.delivered = point.delivered.saturating_add(rows);
        let date = || response.date()?.duration_since(SystemTime::UNIX_EPOCH).ok();
        point.date = point.date.or_else(|| date().map(|date| date.as_secs()));
        progress.page = number;
        progress.total_pages = page.number(Role::PageCount).or(progress.total_pages);
        progress.total_items = page.total().or(before);
        if let Some(total) = page.total() {
            let (least, most) = point.promised.unwrap_or((total, total));
            point.promised = Some((least.min(total), most.max(total)));
        }
        let (delivered, total_items) = (point.delivered, progress.total_items);
        if let (Some(from), Some(to)) = (before, total_items)
            && from != to
        {
            self.client.emit(|| Event::TotalChanged { target: target.clone(), from, to });
        }
        self.client.count(|stats| {
            stats.pages += 1;
            stats.rows += rows;
        });
        self.client.emit(|| Event::Page { target, number, rows, delivered, total_items });
    }

    /// Goes on, or ends the walk: with the error, if it cannot be complete.
    pub(crate) fn take(&mut self, step: Step, target: RequestTarget) -> Option<Error> {
        self.point.skip = 0;
        let (proof, fault) = match step {
            Step::Ask(ask) => {
                self.point.number = self.number_of(&ask, self.point.number.saturating_add(1));
                self.point.ask = ask;
                return None;
            }
            Step::Fail(fault) => (None, Some(fault)),
            Step::End(proof) => (Some(proof), self.shortfall()),
        };
        self.stage = Stage::Ended;
        if let Some(fault) = fault {
            return Some(self.incomplete(target, fault));
        }
        let proof = proof?;
        self.progress.proof = Some(proof.clone());
        let (rows, pages) = (self.point.delivered, self.point.number);
        if proof == Proof::Single && looks_like_page_size(rows) {
            self.client.emit(|| Event::LooksLikeOnePage { target: target.clone(), rows });
        }
        let declare = self.found_pagination(&proof).map(|pagination| pagination.to_string());
        self.client.emit(|| Event::WalkEnded { target, rows, pages, proof, declare });
        None
    }

    /// Whether what was delivered contradicts what was promised.
    fn shortfall(&self) -> Option<Fault> {
        let (least, most) = self.point.promised.filter(|_| !self.point.is_partial)?;
        match self.point.delivered {
            delivered if delivered < least => {
                Some(Fault::new("fewer rows were delivered than promised"))
            }
            delivered if delivered > most => Some(Fault::new(TOO_MANY)),
            _ => None,
        }
    }

    fn incomplete(&self, target: RequestTarget, fault: Fault) -> Error {
        Error::Incomplete(Box::new(IncompleteError {
            target,
            message: fault.message,
            kind: fault.kind,
            declare: fault.advice.map(|pagination| pagination.to_string()),
            promised: self.point.promised,
            delivered: self.point.delivered,
            page: self.point.number,
        }))
    }

    /// The declaration that does what `detect()` found out, if one page shows that.
    fn found_pagination(&self, proof: &Proof) -> Option<Pagination> {
        let target = match (&self.link_place, proof) {
            (Some(target), _) | (None, Proof::NoLink(target)) => target.as_str(),
            (None, Proof::Word(target)) => {
                let role = Role::of(target.rsplit('.').next()?);
                Some(target.as_str()).filter(|_| role == Some(Role::Next))?
            }
            _ => return None,
        };
        let pagination = match target {
            LINK_HEADER => Pagination::link_header(),
            "@odata.context" => Pagination::next_link("@odata.nextLink"),
            // An object without the link; where one was followed, it is a list.
            "links" | "_links" if self.link_place.is_none() => {
                Pagination::next_link(format!("{target}.next"))
            }
            target => Pagination::next_link(target),
        };
        (self.asker.pagination.strategy == Strategy::Detect).then_some(pagination)
    }
}

/// With which servers refuse a page that is not there, and nothing else.
const OF_A_PLACE: [u16; 5] = [400, 404, 410, 416, 422];
const TOO_MANY: &str = "more rows were delivered than promised; if the total is no number of these rows, or is capped, declare .ignoring(\"<path>\")";
const EXPIRED: &str =
    "the server may not know the place of the resume point any more: begin again without it";
const BEYOND: &str = "if the API answers so beyond its last page, declare .end_status(404)";
