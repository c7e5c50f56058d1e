//! Where a walk over pages can be taken up again, as text.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::form::{decode, encode_pairs};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    pub(crate) path: String,
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
}

/// How a page is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
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
            ("version", Some(VERSION.to_owned())),
            ("path", Some(self.path.clone())),
            ("page", number(page)),
            ("link", link),
            ("number", number(Some(self.number))),
            ("skip", number(Some(self.skip))),
            ("delivered", number(Some(self.delivered))),
            ("least", number(least)),
            ("most", number(most)),
            ("page_size", number(self.page_size)),
            ("date", number(self.date)),
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
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, decode(value)))
            .collect();
        let text = |wanted: &str| {
            let member = members.iter().find(|(name, _)| *name == wanted);
            member.map(|(_, value)| value.clone())
        };
        let number = |wanted: &str| match text(wanted) {
            None => Ok(None),
            Some(value) => value.parse::<u64>().map(Some).map_err(|_| refuse()),
        };
        if text("version").as_deref() != Some(VERSION) {
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
            ask,
            number: number("number")?.ok_or_else(refuse)?,
            skip: number("skip")?.unwrap_or(0),
            delivered: number("delivered")?.ok_or_else(refuse)?,
            promised: number("least")?.zip(number("most")?),
            page_size: number("page_size")?,
            date: number("date")?,
        })
    }
}

const VERSION: &str = "1";
