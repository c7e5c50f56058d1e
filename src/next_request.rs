//! How a walk asks for its next page, and what it does not follow.

use ureq::http::Uri;

use crate::error::{Error, Result};
use crate::facts::PageFacts;
use crate::form::{encode_pairs, fingerprint};
use crate::pagination::Next;
use crate::request::Request;
use crate::response::Response;
use crate::resume::Ask;
use crate::url::{self, Origin};
use crate::walk::Walk;

impl Walk<'_> {
    /// What is asked for but for the paging.
    pub(crate) fn query_fingerprint(&self) -> String {
        let paging = [
            self.pagination.page_parameter().unwrap_or_default(),
            self.pagination.page_size_parameter(),
        ];
        let mut pairs = self.request.query_pairs();
        pairs.retain(|(name, _)| !paging.contains(&name.as_str()));
        let text = encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        format!("{:x}", fingerprint(&text))
    }

    /// The request for a page: the caller's, with the number, or the link with the
    /// caller's query.
    pub(crate) fn request_for(&mut self, ask: &Ask) -> Result<Request> {
        if self.resumed_query.take().is_some_and(|query| query != self.query_fingerprint()) {
            let message = "the resume point is for the same path with another query";
            return Err(Error::configuration(message));
        }
        self.settle_page_size();
        let parameter = self.pagination.page_parameter();
        let own = parameter.and_then(|parameter| self.request.take_query(parameter));
        let page = match (ask, own) {
            (Ask::Link(link), _) => {
                return Ok(self.linked(link));
            }
            (Ask::Page(page), _) if parameter.is_none() => {
                return Err(Error::configuration(format!(
                    "the resume point is for page {page}, and this walk is not over numbered pages"
                )));
            }
            (Ask::Page(page), _) => Some(*page),
            (Ask::First, None) => self.pagination.first_page(),
            (Ask::First, Some(own)) => {
                self.number = own.parse().map_err(|_| {
                    let name = parameter.unwrap_or_default();
                    Error::configuration(format!("the query's {name:?} is not a number"))
                })?;
                self.is_partial = self.number > 1;
                self.is_from_zero = self.number == 0;
                self.ask = Some(Ask::Page(self.number));
                Some(self.number)
            }
        };
        Ok(self.request.with_missing_query(self.pagination.query(page)))
    }

    fn linked(&self, link: &str) -> Request {
        self.request.at(link).with_missing_query(self.pagination.query(None))
    }

    /// What was asked and what answered, which a redirect makes two.
    pub(crate) fn remember_links(
        &mut self,
        ask: &Ask,
        request: &Request,
        response: &Response,
    ) -> Result<()> {
        if matches!(ask, Ask::Link(_)) || self.pagination.page_parameter().is_none() {
            let asked = request.resolve(&self.client.provider.base_url)?;
            self.links.insert(asked.to_string());
            self.links.insert(response.uri.to_string());
        }
        Ok(())
    }

    /// The request's own page size wins over the setting, that of a resume point over both.
    fn settle_page_size(&mut self) {
        let parameter = self.pagination.page_size_parameter().to_owned();
        if let Some(own) = self.request.take_query(&parameter) {
            match own.parse() {
                Ok(rows) => self.pagination.set_page_size(Some(rows)),
                Err(_) => self.request = self.request.clone().query(parameter, own),
            }
        }
        if let Some(rows) = self.kept_size.take() {
            self.pagination.set_page_size(rows);
        }
    }

    /// Turns what the answer says about the next page into what is asked for.
    pub(crate) fn prepare(
        &mut self,
        next: Next,
        page: &PageFacts<'_>,
        response: &Response,
    ) -> std::result::Result<Option<(Ask, u64)>, String> {
        self.empty_pages = if page.rows == 0 { self.empty_pages + 1 } else { 0 };
        match next {
            Next::End => Ok(None),
            Next::Page(_) if self.empty_pages >= MOST_LED_ON && self.pagination.counts() => {
                match page.envelope.has_unknown_next && !self.is_all_delivered() {
                    true => Err(format!("{MOST_LED_ON} pages in a row were empty")),
                    false => Ok(None),
                }
            }
            _ if self.empty_pages > MOST_EMPTY_PAGES => {
                Err(format!("{MOST_EMPTY_PAGES} pages in a row were empty"))
            }
            Next::Page(page) => Ok(Some((Ask::Page(page), page))),
            Next::Link(link) => {
                let target =
                    url::resolve(&response.uri, &link).map_err(|error| error.to_string())?;
                self.check_link(&target)?;
                Ok(Some((Ask::Link(target.to_string()), self.number.saturating_add(1))))
            }
        }
    }

    fn check_link(&mut self, target: &Uri) -> std::result::Result<(), String> {
        let base = &self.client.provider.base_url;
        // Without the token, the caller's own headers stay where the caller sent them.
        let first = self.request.resolve(base).map_err(|error| error.to_string())?;
        let (home, to) = (Origin::of(&first), Origin::of(target));
        if to != home {
            return Err(format!(
                "the next link leads to another origin, {to}: the token stays at {home}"
            ));
        }
        // As it would be asked for: a link may lack the caller's own query.
        let asked = self.linked(&target.to_string()).resolve(base);
        let asked = asked.map_err(|error| error.to_string())?;
        if self.links.contains(&asked.to_string()) {
            return Err("the next link leads to a page that was read before".into());
        }
        Ok(())
    }
}

/// Filters may leave pages empty in APIs that page by links, but not for ever.
const MOST_EMPTY_PAGES: u32 = 1_000;
/// Some servers of numbered pages name the number after any, the last one included.
const MOST_LED_ON: u32 = 10;
