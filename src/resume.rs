//! Where a walk over pages can be taken up again, as text.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use crate::error::{Error, Result};
use crate::form::{decode, encode_pairs};
use crate::url;

/// How far a walk over pages has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The number of the last page that was read, counted from 1; 0 before the first.
    pub page: u64,
    /// The rows that were handed out, those before a resume point included.
    pub delivered: u64,
    /// How many rows the server promised last, if it did.
    pub total_items: Option<u64>,
    /// How many pages the server promised last, if it did.
    pub total_pages: Option<u64>,
    /// The server's `Date` of the first answer: what changed since then was not seen, so
    /// it is the watermark for the next run.
    pub date: Option<SystemTime>,
}

impl Progress {
    pub(crate) fn date_seconds(&self) -> Option<u64> {
        let since_epoch = self.date?.duration_since(SystemTime::UNIX_EPOCH);
        since_epoch.ok().map(|since_epoch| since_epoch.as_secs())
    }
}

/// Where a walk over pages stands: everything before it was delivered.
///
/// Save its text (`to_string`) and take it up again with `parse` and
/// [`Items::resume`](crate::Items::resume), in this run or another. It holds the path
/// and, where an API pages by links, the link; so it is as confidential as the URL.
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
    /// A fingerprint of the query.
    pub(crate) query: String,
    pub(crate) ask: Ask,
    /// The number of the page that is asked for next, counted from 1.
    pub(crate) number: u64,
    /// The rows of that page that were delivered already.
    pub(crate) skip: u64,
    pub(crate) delivered: u64,
    pub(crate) promised: Option<(u64, u64)>,
    pub(crate) page_size: Option<u64>,
    /// The `Date` of the first answer, in Unix seconds.
    pub(crate) date: Option<u64>,
    /// The walk began in the middle, by the caller's own page number.
    pub(crate) is_partial: bool,
    /// The caller's own page number began at 0.
    pub(crate) is_from_zero: bool,
    /// A fingerprint of the rows before, if only the next page shows whether there is more.
    pub(crate) doubted: Option<String>,
}

/// How a page is asked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Ask {
    /// As the caller asked for the first one.
    First,
    Page(u64),
    /// The URL, or its path and query.
    Link(String),
}

impl ResumePoint {
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
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = self.promised.unzip();
        let (page, link) = match &self.ask {
            Ask::First => (None, None),
            Ask::Page(page) => (Some(*page), None),
            Ask::Link(link) => (None, Some(link.clone())),
        };
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let members = [
            ("path", Some(self.path.clone())),
            ("query", Some(self.query.clone())),
            ("page", number(page)),
            ("link", link),
            ("number", number(Some(self.number))),
            ("skip", number(Some(self.skip))),
            ("delivered", number(Some(self.delivered))),
            ("least", number(least)),
            ("most", number(most)),
            ("page_size", number(self.page_size)),
            ("date", number(self.date)),
            ("partial", self.is_partial.then(|| "1".to_owned())),
            ("zero", self.is_from_zero.then(|| "1".to_owned())),
            ("doubted", self.doubted.clone()),
            // The last, so that a text that was cut short is refused.
            ("version", Some(VERSION.to_owned())),
        ];
        let members = members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        f.write_str(&encode_pairs(members))
    }
}

impl FromStr for ResumePoint {
    type Err = Error;

    /// # Errors
    ///
    /// A configuration error if the text is not what `to_string` made.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = || Error::configuration("this is not the text of a resume point");
        let members: Vec<(&str, String)> = text
            .trim()
            .split('&')
            .map(|pair| pair.split_once('=').map(|(name, value)| (name, decode(value))))
            .collect::<Option<_>>()
            .ok_or_else(refuse)?;
        let text = |wanted: &str| {
            let member = members.iter().find(|(name, _)| *name == wanted);
            member.map(|(_, value)| value.clone())
        };
        let number = |wanted: &str| match text(wanted) {
            None => Ok(None),
            Some(value) => value.parse::<u64>().map(Some).map_err(|_| refuse()),
        };
        let is_whole =
            members.last().is_some_and(|(name, value)| *name == "version" && value == VERSION);
        if !is_whole || text("version").as_deref() != Some(VERSION) {
            return Err(refuse());
        }
        let ask = match (number("page")?, text("link")) {
            (Some(page), None) => Ask::Page(page),
            (None, Some(link)) => Ask::Link(link),
            (None, None) => Ask::First,
            (Some(_), Some(_)) => return Err(refuse()),
        };
        Ok(Self {
            path: text("path").ok_or_else(refuse)?,
            query: text("query").ok_or_else(refuse)?,
            ask,
            number: number("number")?.ok_or_else(refuse)?,
            skip: number("skip")?.unwrap_or(0),
            delivered: number("delivered")?.ok_or_else(refuse)?,
            promised: number("least")?.zip(number("most")?),
            page_size: number("page_size")?,
            date: number("date")?,
            is_partial: text("partial").is_some(),
            is_from_zero: text("zero").is_some(),
            doubted: text("doubted"),
        })
    }
}

pub(crate) fn count(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}

const VERSION: &str = "1";
