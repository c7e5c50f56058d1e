//! Where a walk begins: at the first page, at the caller's own, or where another stopped.

use std::time::{Duration, SystemTime};

use crate::error::{Error, Result};
use crate::form::fingerprint;
use crate::pages::ask::Ask;
use crate::pages::envelope::Envelope;
use crate::pages::resume::ResumePoint;
use crate::pages::walk::Walk;
use crate::url;

impl Walk<'_> {
    pub(crate) fn resume(&mut self, point: &ResumePoint) {
        if point.path != self.asker.request.path() {
            self.error = Some(Error::configuration(format!(
                "the resume point is for {}, not for {}",
                url::shown(&point.path),
                url::shown(self.asker.request.path())
            )));
        }
        self.resumed = Some(point.clone());
        self.is_partial = point.is_partial;
        self.number_shift = point.number_shift;
        self.previous.clone_from(&point.previous);
        self.largest = point.largest;
        self.link_place.clone_from(&point.link_place);
        self.doubt.clone_from(&point.doubt);
        self.ask = Some(point.ask.clone());
        self.number = point.number;
        self.skip = point.skip;
        self.promised = point.promised;
        self.progress.delivered = point.delivered;
        self.progress.total_items = point.promised.map(|(_, most)| most);
        self.progress.date = point
            .date
            .and_then(|date| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(date)));
    }

    /// What the first page is asked for by.
    pub(crate) fn begin(&mut self) -> Result<()> {
        self.has_begun = true;
        let own = self.asker.begin()?;
        if let Some(point) = &self.resumed {
            // By another page size the pages would begin elsewhere.
            if point.ask != Ask::First || point.skip > 0 {
                self.asker.set_page_size(point.page_size);
            }
            if point.query != self.query_fingerprint() {
                let message = "the resume point is for the same path with another query";
                return Err(Error::configuration(message));
            }
            if !self.asker.fits(&point.ask) {
                let message = "the resume point is of a walk that pages in another way";
                return Err(Error::configuration(message));
            }
            if point.ask != Ask::First {
                return Ok(());
            }
        }
        let first = self.asker.first();
        self.is_partial = match (&own, &first) {
            (Some(Ask::Page(own)), Ask::Page(first))
            | (Some(Ask::Offset(own)), Ask::Offset(first)) => own > first,
            (own, _) => own.is_some(),
        };
        let ask = own.unwrap_or(first);
        if let Ask::Page(number) = &ask {
            // An API whose pages count from 0, as the caller's own 0 shows.
            if *number == 0 && self.asker.pagination.start.is_none() {
                self.asker.pagination.start = Some(0);
            }
            self.number = self.position_of(*number);
        }
        self.ask = Some(ask);
        Ok(())
    }

    pub(crate) fn query_fingerprint(&self) -> String {
        format!("{:x}", fingerprint(&self.asker.query_text()))
    }

    pub(crate) fn position_of(&self, number: u64) -> u64 {
        let first = self.pagination().first().unwrap_or(1);
        number.saturating_sub(first).saturating_add(1)
    }

    /// A walk over links may begin in the middle, if the caller's own query says so.
    pub(crate) fn take_up_number(&mut self, ask: &Ask, envelope: &Envelope) {
        if !matches!(ask, Ask::Page(_) | Ask::First) || self.progress.page > 0 {
            return;
        }
        let Some((told, may_count_from_0)) = envelope.page_number() else { return };
        match ask {
            Ask::Page(asked) if may_count_from_0 && told.checked_add(1) == Some(*asked) => {
                self.number_shift = 1;
            }
            Ask::First if self.pagination().follows_links() && told > 1 && !may_count_from_0 => {
                self.number = told;
                self.is_partial = true;
            }
            _ => {}
        }
    }
}

impl Walk<'_> {
    pub(crate) fn resume_point(&self) -> Option<ResumePoint> {
        Some(ResumePoint {
            path: self.asker.request.path().to_owned(),
            query: self.query_fingerprint(),
            ask: self.ask.clone()?,
            number: self.number,
            skip: self.skip,
            delivered: self.progress.delivered,
            promised: self.promised,
            page_size: self.asker.page_size(),
            date: self.progress.date_seconds(),
            is_partial: self.is_partial,
            number_shift: self.number_shift,
            previous: self.previous.clone(),
            largest: self.largest,
            link_place: self.link_place.clone(),
            doubt: self.doubt.clone(),
        })
    }
}
