//! How a page is asked for.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::form::encode_pairs;
use crate::pages::words::whole;
use crate::pagination::{PageSize, Pagination, Strategy};
use crate::query::{set_member, take_member};
use crate::request::{Body, Request};

/// What a page is asked for by.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The caller's request as it is.
    First,
    Page(u64),
    Offset(u64),
    /// A text or a number.
    Cursor(Value),
    After(Value),
    /// The absolute URL.
    Link(String),
}

/// The caller's request without what asks for a page, and how its pages are cut.
pub(crate) struct Asker {
    pub(crate) request: Request,
    pub(crate) pagination: Pagination,
}

impl Asker {
    /// Takes what asks for a page out of the request: the first page by it, if it is there.
    pub(crate) fn begin(&mut self) -> Result<Option<Ask>> {
        if let Some(why) = self.pagination.fault() {
            return Err(Error::configuration(why));
        }
        self.settle_page_size()?;
        let Some(parameter) = self.pagination.parameter().map(str::to_owned) else {
            return Ok(None);
        };
        let own = match self.pagination.is_in_body {
            false => self.request.take_query(&parameter).map(Value::from),
            true => self.take_member(&parameter)?,
        };
        let Some(own) = own else { return Ok(None) };
        let number = || match &own {
            Value::String(text) => whole(text),
            other => other.as_u64(),
        };
        let number = || {
            let refuse =
                || Error::configuration(format!("the query's {parameter:?} is not a number"));
            number().ok_or_else(refuse)
        };
        Ok(Some(match self.pagination.strategy {
            Strategy::PageNumbers(_) => Ask::Page(number()?),
            Strategy::Offset(_) => Ask::Offset(number()?),
            Strategy::AfterRow(..) => Ask::After(own),
            _ => Ask::Cursor(own),
        }))
    }

    /// The first page by its number, where pages or rows have one.
    pub(crate) fn first(&self) -> Ask {
        match (&self.pagination.strategy, self.pagination.first()) {
            (Strategy::PageNumbers(_), Some(first)) => Ask::Page(first),
            (Strategy::Offset(_), Some(first)) => Ask::Offset(first),
            _ => Ask::First,
        }
    }

    /// The request's own page size wins over the setting.
    fn settle_page_size(&mut self) -> Result<()> {
        let Some(PageSize { parameter, .. }) = self.pagination.page_size.clone() else {
            return Ok(());
        };
        let own = match self.pagination.is_in_body {
            false => self.request.take_query(&parameter).map(Value::from),
            true => self.take_member(&parameter)?,
        };
        let rows = own.as_ref().and_then(|own| match own {
            Value::String(text) => whole(text),
            other => other.as_u64(),
        });
        match (own, rows) {
            (None, _) => {}
            (Some(_), Some(rows)) => self.pagination.page_size = Some(PageSize { parameter, rows }),
            // `max`, say.
            (Some(own), None) => {
                self.pagination.page_size = None;
                self.request = match self.pagination.is_in_body {
                    false => self.request.clone().query(parameter, plain(&own)),
                    true => self.with_members([(parameter, own)])?,
                };
            }
        }
        Ok(())
    }

    pub(crate) fn page_size(&self) -> Option<u64> {
        self.pagination.page_size.as_ref().map(|size| size.rows)
    }

    pub(crate) fn set_page_size(&mut self, rows: Option<u64>) {
        match (&mut self.pagination.page_size, rows) {
            (Some(size), Some(rows)) => size.rows = rows,
            (size, None) => *size = None,
            (None, Some(_)) => {}
        }
    }

    /// The request for a page.
    pub(crate) fn request_for(&self, ask: &Ask) -> Result<Request> {
        let value = match ask {
            Ask::Link(link) => return Ok(self.request.at(link)),
            Ask::First => None,
            Ask::Page(number) | Ask::Offset(number) => Some(Value::from(*number)),
            Ask::Cursor(value) | Ask::After(value) => Some(value.clone()),
        };
        let own = self.pagination.parameter().map(str::to_owned).zip(value);
        let size = self.pagination.page_size.as_ref();
        let size = size.map(|size| (size.parameter.clone(), Value::from(size.rows)));
        let members = own.into_iter().chain(size);
        match self.pagination.is_in_body {
            true => self.with_members(members),
            false => Ok(members.fold(self.request.clone(), |request, (name, value)| {
                request.query(name, plain(&value))
            })),
        }
    }

    fn with_members(&self, members: impl IntoIterator<Item = (String, Value)>) -> Result<Request> {
        let mut map = self.request.json_object().map_err(Error::configuration)?;
        members.into_iter().for_each(|(path, value)| set_member(&mut map, &path, value));
        Ok(self.request.clone().json(&map))
    }

    fn take_member(&mut self, path: &str) -> Result<Option<Value>> {
        let mut map = self.request.json_object().map_err(Error::configuration)?;
        let value = take_member(&mut map, path);
        self.request = self.request.clone().json(&map);
        Ok(value)
    }

    /// What is asked for, apart from the paging, as text.
    pub(crate) fn query_text(&self) -> String {
        let size = self.pagination.page_size.as_ref().map(|size| size.parameter.as_str());
        let paging = [self.pagination.parameter(), size];
        let mut pairs = self.request.query_pairs();
        pairs.retain(|(name, _)| !paging.contains(&Some(name.as_str())));
        let text = encode_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        match &self.request.body {
            Body::Bytes(body) => text + "\n" + &String::from_utf8_lossy(body),
            Body::Empty | Body::File(_) => text,
        }
    }

    /// Whether a page of this walk can be asked for so.
    pub(crate) fn fits(&self, ask: &Ask) -> bool {
        match ask {
            Ask::First => true,
            Ask::Page(_) => matches!(self.pagination.strategy, Strategy::PageNumbers(_)),
            Ask::Offset(_) => matches!(self.pagination.strategy, Strategy::Offset(_)),
            Ask::Cursor(_) => matches!(self.pagination.strategy, Strategy::Cursor(..)),
            Ask::After(_) => matches!(self.pagination.strategy, Strategy::AfterRow(..)),
            Ask::Link(_) => self.pagination.follows_links(),
        }
    }
}

/// A text or number as it stands in a query.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl Ask {
    /// Under which it is remembered that it was asked; none where numbers only grow.
    pub(crate) fn mark(&self) -> Option<String> {
        match self {
            Self::Cursor(value) | Self::After(value) => Some(value.to_string()),
            Self::Link(link) => Some(link.clone()),
            Self::First | Self::Page(_) | Self::Offset(_) => None,
        }
    }
}
