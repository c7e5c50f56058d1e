//! Where a walk over pages can be taken up again, as text.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::pages::ask::Ask;
use crate::provider::pagination::PageSize;
use crate::url;

/// Where a walk over pages stands: everything before it was delivered.
///
/// Save its text (`to_string`) and take it up again with `parse` and
/// [`Items::resume`](crate::Items::resume), in this run or another. It holds the path
/// and, where an API pages by links or cursors, these; so it is as confidential as the URL.
///
/// ```no_run
/// # fn run(client: &unattended::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let mut rows = client.items::<serde_json::Value>("/api/computers");
/// while let Some(row) = rows.next() {
///     match row {
///         Ok(row) => println!("{row}"),
///         Err(error) => {
///             if let Some(point) = rows.resume_point() {
///                 std::fs::write("computers.resume", point.to_string())?;
///             }
///             return Err(error.into());
///         }
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ResumePoint {
    pub(crate) path: String,
    /// A fingerprint of the query and the body.
    pub(crate) query: String,
    pub(crate) ask: Ask,
    /// The number of the page that is asked for next, counted from 1.
    pub(crate) number: u64,
    /// The rows of that page that were delivered already.
    pub(crate) skip: u64,
    pub(crate) delivered: u64,
    /// The smallest and the largest total that the server promised on the way.
    pub(crate) promised: Option<(u64, u64)>,
    pub(crate) page_size: Option<PageSize>,
    /// The `Date` of the first answer, in Unix seconds.
    pub(crate) date: Option<u64>,
    /// The walk began in the middle, by the caller's own number or cursor: totals say nothing.
    pub(crate) is_partial: bool,
}

impl ResumePoint {
    pub(crate) fn start(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            query: String::new(),
            ask: Ask::First,
            number: 1,
            skip: 0,
            delivered: 0,
            promised: None,
            page_size: None,
            date: None,
            is_partial: false,
        }
    }

    /// How many rows were delivered before it.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }
}

/// Path and link without their queries.
impl fmt::Debug for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ResumePoint");
        debug.field("path", &url::shown(&self.path));
        if let Ask::Link(link) = &self.ask {
            debug.field("link", &url::shown(link));
        }
        debug
            .field("number", &self.number)
            .field("skip", &self.skip)
            .field("delivered", &self.delivered)
            .field("promised", &self.promised)
            .field("page_size", &self.page_size.as_ref().map(|size| size.rows))
            .finish_non_exhaustive()
    }
}

/// A JSON text in one line.
impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, ask) = match &self.ask {
            Ask::First => (FIRST, Value::Null),
            Ask::Page(number) => (PAGE, (*number).into()),
            Ask::Offset(number) => (OFFSET, (*number).into()),
            Ask::Cursor(value) => (CURSOR, value.clone()),
            Ask::After(value) => (AFTER, value.clone()),
            Ask::Link(link) => (LINK, link.as_str().into()),
        };
        let point = json!({
            "version": VERSION,
            "path": self.path,
            "query": self.query,
            "ask": { name: ask },
            "number": self.number,
            "skip": self.skip,
            "delivered": self.delivered,
            "promised": self.promised.map(|(least, most)| [least, most]),
            "page_size": self.page_size.as_ref().map(|size| json!([size.parameter, size.rows])),
            "date": self.date,
            "is_partial": self.is_partial,
        });
        write!(f, "{point}")
    }
}

impl FromStr for ResumePoint {
    type Err = Error;

    /// # Errors
    ///
    /// A configuration error if the text is not what `to_string` made.
    fn from_str(text: &str) -> Result<Self> {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let point = value.as_ref().and_then(read);
        point.ok_or_else(|| Error::configuration("this is not the text of a resume point"))
    }
}

fn read(value: &Value) -> Option<ResumePoint> {
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    let number = |name: &str| value.get(name)?.as_u64();
    let optional = |name: &str| match value.get(name)? {
        Value::Null => Some(None),
        value => value.as_u64().map(Some),
    };
    if number("version") != Some(VERSION) {
        return None;
    }
    let promised = match value.get("promised")? {
        Value::Null => None,
        value => Some((value.get(0)?.as_u64()?, value.get(1)?.as_u64()?)),
    };
    let page_size = match value.get("page_size")? {
        Value::Null => None,
        value => Some(PageSize {
            parameter: value.get(0)?.as_str()?.to_owned(),
            rows: value.get(1)?.as_u64()?,
        }),
    };
    Some(ResumePoint {
        path: text("path")?,
        query: text("query")?,
        ask: read_ask(value.get("ask")?)?,
        number: number("number")?,
        skip: number("skip")?,
        delivered: number("delivered")?,
        promised,
        page_size,
        date: optional("date")?,
        is_partial: value.get("is_partial")?.as_bool()?,
    })
}

fn read_ask(ask: &Value) -> Option<Ask> {
    let (name, value) = ask.as_object()?.iter().next()?;
    let scalar = || Some(value.clone()).filter(|value| value.is_string() || value.is_number());
    match name.as_str() {
        FIRST => Some(Ask::First),
        PAGE => value.as_u64().map(Ask::Page),
        OFFSET => value.as_u64().map(Ask::Offset),
        CURSOR => scalar().map(Ask::Cursor),
        AFTER => scalar().map(Ask::After),
        LINK => value.as_str().map(|link| Ask::Link(link.to_owned())),
        _ => None,
    }
}

pub(crate) fn count(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}

const FIRST: &str = "first";
const PAGE: &str = "page";
const OFFSET: &str = "offset";
const CURSOR: &str = "cursor";
const AFTER: &str = "after";
const LINK: &str = "link";
const VERSION: u64 = 2;
