//! What was delivered, held against what was promised.

use crate::error::{Error, IncompleteError, Place, Result};
use crate::event::Event;
use crate::pages::context::Fault;
use crate::pages::envelope::{Envelope, LINK_HEADER};
use crate::pages::walk::Walk;
use crate::pages::words::Role;
use crate::pagination::{HEADER, Pagination, Strategy};
use crate::progress::Proof;
use crate::response::Response;

impl Walk<'_> {
    /// The end, unless what was delivered contradicts what was promised.
    pub(crate) fn finish(&mut self, place: Place, proof: Proof) -> Result<()> {
        self.ask = None;
        if let Some(fault) = self.shortfall() {
            return Err(self.incomplete(place, fault));
        }
        self.progress.proof = Some(proof.clone());
        let (rows, pages) = (self.progress.delivered, self.number);
        let declare = self.found_pagination(&proof).map(|pagination| pagination.to_string());
        self.client.emit(|| Event::WalkEnded { place, rows, pages, proof, declare });
        Ok(())
    }

    /// The declaration that does what `detect()` found out, if one page shows that.
    fn found_pagination(&self, proof: &Proof) -> Option<Pagination> {
        if self.pagination().strategy != Strategy::Detect {
            return None;
        }
        let place = match (&self.link_place, proof) {
            (Some(place), _) | (None, Proof::NoLink(place)) => place.as_str(),
            (None, Proof::Word(place)) => match Role::of(place.rsplit('.').next()?) {
                Some(Role::Next) => place,
                _ => return None,
            },
            _ => return None,
        };
        Some(match place {
            "header:link" | LINK_HEADER => Pagination::link_header(),
            "@odata.context" => Pagination::next_link("@odata.nextLink"),
            "links" | "_links" => Pagination::next_link(format!("{place}.next")),
            place if place.starts_with(HEADER) => return None,
            place => Pagination::next_link(place),
        })
    }

    /// Whether what was delivered contradicts what was promised.
    fn shortfall(&self) -> Option<Fault> {
        let (least, most) = self.promised.filter(|_| !self.is_partial)?;
        let delivered = self.progress.delivered;
        if delivered < least {
            return Some(Fault::new("fewer rows were delivered than promised"));
        }
        let hint = "if the total is no number of these rows, or is capped, declare .ignoring with its path";
        (delivered > most)
            .then(|| Fault::new(format!("more rows were delivered than promised; {hint}")))
    }

    pub(crate) fn is_overfull(&self) -> bool {
        let most = self.promised.filter(|_| !self.is_partial).map(|(_, most)| most);
        most.is_some_and(|most| self.progress.delivered > most)
    }

    /// Counts and reports a page.
    pub(crate) fn note(&mut self, response: &Response, envelope: &Envelope, rows: u64) {
        let place = response.place();
        let progress = &mut self.progress;
        progress.page = self.number;
        progress.delivered = progress.delivered.saturating_add(rows);
        progress.total_pages = envelope.page_count().or(progress.total_pages);
        progress.date = progress.date.or_else(|| response.date());
        let before = progress.total_items;
        progress.total_items = envelope.total().or(before);
        if let Some(total) = envelope.total() {
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
        self.client.emit(|| Event::Page { place, number, rows, delivered, total_items });
    }

    pub(crate) fn incomplete(&self, place: Place, fault: Fault) -> Error {
        Error::Incomplete(Box::new(IncompleteError {
            place,
            message: fault.message,
            class: fault.class,
            declare: fault.advice.map(|pagination| pagination.to_string()),
            promised: self.promised,
            delivered: self.progress.delivered,
            page: self.number,
        }))
    }
}
