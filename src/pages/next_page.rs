//! One page of a walk: asked for, read, decided upon and counted.

use serde::de::DeserializeOwned;

use crate::encoding::fingerprint;
use crate::error::Result;
use crate::pages::ask::{Ask, Way};
use crate::pages::context::PageContext;
use crate::pages::decision::{next, refuse};
use crate::pages::envelope::Envelope;
use crate::pages::repeat::{Likeness, count};
use crate::pages::walk::{Stage, Walk};
use crate::pages::words::Role;
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
        let response = match self.client.answer(&request) {
            Ok(response) => response,
            Err(error) => return self.after_refusal(error).map(|()| None),
        };
        self.remember(&request, &response)?;
        let decoded = self.decode(&request, &response, rows);
        let all = count(rows.len());
        rows.drain(..rows.len().min(usize::try_from(self.point.skip).unwrap_or(usize::MAX)));
        let page = decoded?;
        self.is_resumed = false;
        self.begin_in_the_middle(&page);
        let context = self.context(&page, all, &response);
        let (refused, step) = (refuse(&context), next(&context));
        let PageContext { following, repeats, empty_pages, .. } = context;
        if let Some(step) = refused {
            rows.clear();
            return self.take_before(step, response.target()).map(|()| None);
        }
        (self.point.repeats, self.point.empty_pages) = (repeats, empty_pages);
        self.note(&response, &page, count(rows.len()));
        if let Some(Ok(ask)) = &following {
            self.note_following(ask, &page, &response);
        }
        let number = self.point.number;
        self.point.last.clone_from(&page.identity);
        self.error = self.take(step, response.target()).err();
        Ok(Some((number, page, response)))
    }

    fn context<'a>(
        &'a self,
        page: &'a Envelope,
        rows: u64,
        response: &Response,
    ) -> PageContext<'a> {
        let likeness = Likeness::of(page.identity.as_ref(), self.point.last.as_ref());
        let following = self.following(page, rows, response);
        let mark = following.as_ref().and_then(|following| following.as_ref().ok()?.mark());
        PageContext {
            asker: &self.asker,
            page,
            point: &self.point,
            rows,
            empty_pages: if rows == 0 { self.point.empty_pages.saturating_add(1) } else { 0 },
            likeness,
            repeats: match likeness {
                Likeness::None => 0,
                _ => self.point.repeats.saturating_add(1),
            },
            following,
            is_seen: mark.is_some_and(|mark| self.seen.contains(&mark)),
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
}
