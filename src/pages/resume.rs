//! Where a walk over pages can be taken up again, as text.

use std::fmt;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::pages::ask::{Ask, Way, plain};
use crate::pages::envelope::Envelope;
use crate::pages::repeat::Identity;
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
    /// How many pages the last answer counted that did.
    pub(crate) counted_pages: Option<u64>,
    /// The page before.
    pub(crate) last: Option<Identity>,
    /// The last pages, if they brought nothing new: without rows, or like the one before.
    pub(crate) stale_pages: u32,
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
            ask: Ask::FIRST,
            number: 1,
            skip: 0,
            delivered: 0,
            promised: None,
            counted_pages: None,
            last: None,
            stale_pages: 0,
            page_size: None,
            date: None,
            is_partial: false,
        }
    }

    /// What was promised, as far as it can be held against what was delivered.
    pub(crate) fn promise(&self) -> Option<(u64, u64)> {
        self.promised.filter(|_| !self.is_partial)
    }

    /// The total that a page tells, after which so many rows are delivered. One below that takes
    /// no promise back: it is that of an empty page, or of the rows that are left.
    pub(crate) fn told_total(&self, page: &Envelope, delivered: u64) -> Option<u64> {
        page.total().filter(|total| *total >= delivered || self.promised.is_none())
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
        if self.ask.way == Way::Link {
            debug.field("link", &url::shown(&plain(&self.ask.value)));
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
        let last = self.last.as_ref();
        let point = json!({
            "version": VERSION,
            "path": self.path,
            "query": self.query,
            "ask": { self.ask.way.name(): self.ask.value },
            "number": self.number,
            "skip": self.skip,
            "delivered": self.delivered,
            "promised": self.promised.map(|(least, most)| [least, most]),
            "counted_pages": self.counted_pages,
            "last": last.map(|page| json!([page.rows, page.ids, page.ends])),
            "stale_pages": self.stale_pages,
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
        read(text).ok_or_else(|| Error::configuration("this is not the text of a resume point"))
    }
}

/// An [`Identity`] as it is saved.
type SavedIdentity = (u64, Option<u64>, Option<(u64, u64)>);

fn read(text: &str) -> Option<ResumePoint> {
    let point: Value = serde_json::from_str(text).ok()?;
    let (way, value) = point.get("ask")?.as_object()?.iter().next()?;
    let page_size: Option<(String, u64)> = field(&point, "page_size")?;
    let last: Option<SavedIdentity> = field(&point, "last")?;
    let is_known = field::<u64>(&point, "version")? == VERSION;
    is_known.then_some(ResumePoint {
        path: field(&point, "path")?,
        query: field(&point, "query")?,
        ask: Ask::new(Way::named(way)?, value.clone())?,
        number: field(&point, "number")?,
        skip: field(&point, "skip")?,
        delivered: field(&point, "delivered")?,
        promised: field(&point, "promised")?,
        counted_pages: field(&point, "counted_pages")?,
        last: last.map(|(rows, ids, ends)| Identity { rows, ids, ends }),
        stale_pages: field(&point, "stale_pages")?,
        page_size: page_size.map(|(parameter, rows)| PageSize { parameter, rows }),
        date: field(&point, "date")?,
        is_partial: field(&point, "is_partial")?,
    })
}

fn field<T: DeserializeOwned>(point: &Value, name: &str) -> Option<T> {
    T::deserialize(point.get(name)?).ok()
}

const VERSION: u64 = 2;
