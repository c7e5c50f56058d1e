//! How a page is asked for.

use serde_json::Value;

use crate::encoding::{encode_pairs, fingerprint};
use crate::error::{Error, Result};
use crate::json_text::{set_member, take_member};
use crate::pages::words::whole;
use crate::provider::pagination::{PageSize, Pagination, Strategy};
use crate::request::{Body, Request};
use crate::url;

/// By what kind of value a page is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The caller's request as it is.
    First,
    Page,
    Offset,
    /// A text or a number that the answer before held.
    Cursor,
    /// That of its last row.
    After,
    /// An absolute URL.
    Link,
}

impl Way {
    /// Pages are asked for by counting on.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Self::Page | Self::Offset | Self::After)
    }

    /// As it is saved.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(way, _)| *way == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(way, _)| *way)
    }
}

/// What a page is asked for by: a value for the parameter, or a link.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) way: Way,
    pub(crate) value: Value,
}

impl Ask {
    /// The caller's request as it is.
    pub(crate) const FIRST: Self = Self { way: Way::First, value: Value::Null };

    /// None if nobody can ask for such a value in this way.
    pub(crate) fn new(way: Way, value: Value) -> Option<Self> {
        let fits = match way {
            Way::First => true,
            Way::Page | Way::Offset => value.is_u64(),
            Way::Cursor | Way::After => value.is_string() || value.is_number(),
            Way::Link => value.is_string(),
        };
        fits.then_some(Self { way, value })
    }

    /// The page, or the first of its rows, as far as these are counted.
    pub(crate) fn number(&self) -> Option<u64> {
        self.value.as_u64().filter(|_| matches!(self.way, Way::Page | Way::Offset))
    }

    /// What is asked for so many pages or rows behind it, if these are counted.
    pub(crate) fn plus(&self, step: u64) -> Option<Self> {
        match self.number() {
            _ if step == 0 => Some(self.clone()),
            number => Some(Self { way: self.way, value: number?.checked_add(step)?.into() }),
        }
    }

    /// Under which it is remembered that it was asked; none where numbers only grow.
    pub(crate) fn mark(&self) -> Option<u128> {
        match self.way {
            Way::First | Way::Page | Way::Offset => None,
            Way::Cursor | Way::After => Some(fingerprint(&self.value.to_string())),
            Way::Link => Some(fingerprint(&plain(&self.value))),
        }
    }
}

/// The caller's request without what asks for a page, and how its pages are cut.
pub(crate) struct Asker {
    pub(crate) request: Request,
    pub(crate) pagination: Pagination,
}

impl Asker {
    /// By what all pages but the first are asked for.
    pub(crate) fn way(&self) -> Way {
        match &self.pagination.strategy {
            Strategy::Detect | Strategy::LinkHeader | Strategy::NextLink(_) => Way::Link,
            Strategy::PageNumbers(_) => Way::Page,
            Strategy::Offset(_) => Way::Offset,
            Strategy::Cursor(..) => Way::Cursor,
            Strategy::AfterRow(..) => Way::After,
            Strategy::Single => Way::First,
        }
    }

    /// The request has a body, and what asks for a page is not in it.
    pub(crate) fn may_be_in_body(&self) -> bool {
        !self.pagination.is_in_body && !matches!(self.request.body, Body::Empty)
    }

    /// What the first page is asked for by; `true` if the caller's own word for it begins in
    /// the middle. Takes it out of the request.
    pub(crate) fn begin(&mut self) -> Result<(Ask, bool)> {
        if let Some(why) = self.pagination.fault() {
            return Err(Error::configuration(why));
        }
        self.settle_page_size()?;
        let (way, first) = (self.way(), self.pagination.first());
        let parameter = self.pagination.parameter().unwrap_or_default().to_owned();
        let own = if parameter.is_empty() { None } else { self.take(&parameter)? };
        let Some(own) = own else {
            let first = first.map(|first| Ask { way, value: first.into() });
            return Ok((first.unwrap_or(Ask::FIRST), false));
        };
        let Some(first) = first else {
            // What some APIs want to see before the first cursor.
            let is_start = matches!(plain(&own).as_str(), "" | "*");
            return Ok((Ask { way, value: own }, !is_start));
        };
        let refuse =
            || Error::configuration(format!("the request's {parameter:?} is not a number"));
        let number = whole(&plain(&own)).ok_or_else(refuse)?;
        // An API whose pages count from 0, as the caller's own 0 shows.
        if (way, number, first) == (Way::Page, 0, 1) {
            self.pagination.start = Some(0);
        }
        Ok((Ask { way, value: number.into() }, number > first))
    }

    /// The request's own page size wins over the setting; `max` is one, but no number.
    fn settle_page_size(&mut self) -> Result<()> {
        let Some(PageSize { parameter, .. }) = self.pagination.page_size.clone() else {
            return Ok(());
        };
        if let Some(own) = self.take(&parameter)? {
            let rows = whole(&plain(&own));
            if rows.is_none() {
                self.request = self.with([(parameter.clone(), own)])?;
            }
            self.pagination.page_size = rows.map(|rows| PageSize { parameter, rows });
        }
        Ok(())
    }

    /// The page size of another walk, in place of this one's.
    pub(crate) fn set_page_size(&mut self, size: Option<PageSize>) -> Result<()> {
        if let Some(PageSize { parameter, .. }) = &size {
            self.take(parameter)?;
        }
        self.pagination.page_size = size;
        Ok(())
    }

    pub(crate) fn page_size(&self) -> Option<u64> {
        self.pagination.page_size.as_ref().map(|size| size.rows)
    }

    /// The request for a page.
    pub(crate) fn request_for(&self, ask: &Ask) -> Result<Request> {
        if ask.way == Way::Link {
            return Ok(self.request.at(&plain(&ask.value)));
        }
        let own = self.pagination.parameter().filter(|_| ask.way != Way::First);
        let own = own.map(|parameter| (parameter.to_owned(), ask.value.clone()));
        let size = self.pagination.page_size.clone();
        self.with(own.into_iter().chain(size.map(|size| (size.parameter, size.rows.into()))))
    }

    fn with(&self, pairs: impl IntoIterator<Item = (String, Value)>) -> Result<Request> {
        let (request, pairs) = (self.request.clone(), pairs.into_iter());
        if !self.pagination.is_in_body {
            return Ok(pairs.fold(request, |it, (name, value)| it.query(name, plain(&value))));
        }
        let mut map = request.json_object()?;
        pairs.for_each(|(path, value)| set_member(&mut map, &path, value));
        Ok(request.json(&map))
    }

    /// Takes the caller's own value out of the request; `null` is none and stays.
    fn take(&mut self, parameter: &str) -> Result<Option<Value>> {
        if !self.pagination.is_in_body {
            return Ok(url::take_pair(&mut self.request.query, parameter).map(Value::from));
        }
        let mut map = self.request.json_object()?;
        let value = take_member(&mut map, parameter).filter(|value| !value.is_null());
        if value.is_some() {
            self.request = self.request.clone().json(&map);
        }
        Ok(value)
    }

    /// A name for what is asked for, apart from the paging.
    pub(crate) fn fingerprint(&self) -> String {
        let paging = [self.pagination.parameter(), self.pagination.page_size_parameter()];
        let mut pairs = url::pairs(&self.request.query);
        pairs.retain(|(name, _)| !paging.contains(&Some(name.as_str())));
        let text = encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let body = match &self.request.body {
            Body::Bytes(body) => String::from_utf8_lossy(body),
            Body::Empty | Body::File(_) => "".into(),
        };
        format!("{:x}", fingerprint(&[&text, "\n", &*body].concat()))
    }
}

/// A text or number as it stands in a query.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const NAMES: [(Way, &str); 6] = [
    (Way::First, "first"),
    (Way::Page, "page"),
    (Way::Offset, "offset"),
    (Way::Cursor, "cursor"),
    (Way::After, "after"),
    (Way::Link, "link"),
];
