//! How a page is asked for.

use serde_json::Value;

use crate::encoding::{encode_pairs, fingerprint};
use crate::error::{Error, Result};
use crate::json_text::{set_member, take_member};
use crate::pages::words::whole;
use crate::provider::pagination::{PageSize, Pagination, Strategy};
use crate::request::{Body, Request};
use crate::url;

/// What a page is asked for by.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// The caller's request as it is.
    First,
    Page(u64),
    Offset(u64),
    /// A text or a number that the answer before held.
    Cursor(Value),
    /// That of its last row.
    After(Value),
    /// The absolute URL.
    Link(String),
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

    /// Whether a page can be asked for so.
    pub(crate) fn fits(&self, strategy: &Strategy) -> bool {
        match (self, strategy) {
            (Self::First, _)
            | (Self::Page(_), Strategy::PageNumbers(_))
            | (Self::Offset(_), Strategy::Offset(_))
            | (Self::Cursor(_), Strategy::Cursor(..))
            | (Self::After(_), Strategy::AfterRow(..)) => true,
            (Self::Link(_), strategy) => strategy.follows_links(),
            _ => false,
        }
    }
}

/// The caller's request without what asks for a page, and how its pages are cut.
pub(crate) struct Asker {
    pub(crate) request: Request,
    pub(crate) pagination: Pagination,
}

impl Asker {
    /// What the first page is asked for by; `true` if that is by the caller's own word. Takes
    /// it out of the request.
    pub(crate) fn begin(&mut self) -> Result<(Ask, bool)> {
        if let Some(why) = self.pagination.fault() {
            return Err(Error::configuration(why));
        }
        self.settle_page_size()?;
        let parameter = self.pagination.parameter().map(str::to_owned);
        let own = parameter.as_deref().map(|parameter| self.take(parameter)).transpose()?;
        let number = |own: &Value| {
            let name = parameter.as_deref().unwrap_or_default();
            let refuse = || Error::configuration(format!("the request's {name:?} is not a number"));
            whole(&plain(own)).ok_or_else(refuse)
        };
        let first = self.pagination.first().unwrap_or_default();
        Ok(match (&self.pagination.strategy, own.flatten()) {
            (Strategy::PageNumbers(_), Some(own)) => (Ask::Page(number(&own)?), true),
            (Strategy::Offset(_), Some(own)) => (Ask::Offset(number(&own)?), true),
            (Strategy::AfterRow(..), Some(own)) => (Ask::After(own), true),
            (_, Some(own)) => (Ask::Cursor(own), true),
            (Strategy::PageNumbers(_), None) => (Ask::Page(first), false),
            (Strategy::Offset(_), None) => (Ask::Offset(first), false),
            (_, None) => (Ask::First, false),
        })
    }

    /// The request's own page size wins over the setting; `max` is one, but no number.
    fn settle_page_size(&mut self) -> Result<()> {
        let Some(PageSize { parameter, .. }) = self.pagination.page_size.clone() else {
            return Ok(());
        };
        if let Some(own) = self.take(&parameter)? {
            let rows = whole(&plain(&own));
            self.pagination.page_size =
                rows.map(|rows| PageSize { parameter: parameter.clone(), rows });
            if rows.is_none() {
                self.request = self.with(&self.request, [(parameter, own)])?;
            }
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
        let value = match ask {
            Ask::Link(link) => return Ok(self.request.at(link)),
            Ask::First => None,
            Ask::Page(number) | Ask::Offset(number) => Some(Value::from(*number)),
            Ask::Cursor(value) | Ask::After(value) => Some(value.clone()),
        };
        let own = self.pagination.parameter().map(str::to_owned).zip(value);
        let size = self.pagination.page_size.clone();
        let size = size.map(|size| (size.parameter, Value::from(size.rows)));
        self.with(&self.request, own.into_iter().chain(size))
    }

    fn with(
        &self,
        request: &Request,
        pairs: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Request> {
        if !self.pagination.is_in_body {
            let pairs = pairs.into_iter();
            return Ok(
                pairs.fold(request.clone(), |it, (name, value)| it.query(name, plain(&value)))
            );
        }
        let mut map = request.json_object()?;
        pairs.into_iter().for_each(|(path, value)| set_member(&mut map, &path, value));
        Ok(request.clone().json(&map))
    }

    /// Takes the caller's own value out of the request.
    fn take(&mut self, parameter: &str) -> Result<Option<Value>> {
        if !self.pagination.is_in_body {
            return Ok(url::take_pair(&mut self.request.query, parameter).map(Value::from));
        }
        let mut map = self.request.json_object()?;
        let value = take_member(&mut map, parameter);
        self.request = self.request.clone().json(&map);
        Ok(value)
    }

    /// A name for what is asked for, apart from the paging.
    pub(crate) fn fingerprint(&self) -> String {
        let size = self.pagination.page_size.as_ref().map(|size| size.parameter.as_str());
        let paging = [self.pagination.parameter(), size];
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
