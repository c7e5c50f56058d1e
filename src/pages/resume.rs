//! Where a walk over pages can be taken up again, as text.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::form::{decode, encode_pairs};
use crate::pages::ask::Ask;
use crate::pages::identity::Identity;
use crate::progress::Proof;
use crate::url;

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
    pub(crate) number_shift: u64,
    /// The last page.
    pub(crate) previous: Option<Identity>,
    /// The rows of the fullest page.
    pub(crate) largest: u64,
    /// Where next links stood.
    pub(crate) link_place: Option<String>,
    /// The walk may be over already.
    pub(crate) doubt: Option<Proof>,
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
        let ask = match &self.ask {
            Ask::First => None,
            Ask::Page(number) => Some((PAGE, number.to_string())),
            Ask::Offset(number) => Some((OFFSET, number.to_string())),
            Ask::Cursor(value) => Some((CURSOR, value.to_string())),
            Ask::After(value) => Some((AFTER, value.to_string())),
            Ask::Link(link) => Some((LINK, link.clone())),
        };
        let (ask_name, ask) = ask.unzip();
        let doubt = self.doubt.as_ref().and_then(|doubt| match doubt {
            Proof::Total(total) => Some(format!("{total}")),
            Proof::Word(place) => Some(format!(".{place}")),
            _ => None,
        });
        let number = |value: Option<u64>| value.map(|value| value.to_string());
        let members = [
            ("path", Some(self.path.clone())),
            ("query", Some(self.query.clone())),
            (ask_name.unwrap_or_default(), ask),
            ("number", number(Some(self.number))),
            ("skip", number(Some(self.skip))),
            ("delivered", number(Some(self.delivered))),
            ("least", number(least)),
            ("most", number(most)),
            ("page_size", number(self.page_size)),
            ("date", number(self.date)),
            ("partial", self.is_partial.then(|| "1".to_owned())),
            ("shift", number(Some(self.number_shift).filter(|shift| *shift > 0))),
            ("previous", self.previous.as_ref().map(Identity::to_text)),
            ("largest", number(Some(self.largest))),
            ("place", self.link_place.clone()),
            ("doubt", doubt),
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
        let members = Members::read(text)?;
        let doubt = members.text("doubt").map(|text| match text.strip_prefix('.') {
            Some(place) => Ok(Proof::Word(place.to_owned())),
            None => text.parse().map(Proof::Total).map_err(|_| refuse()),
        });
        let previous = members.text("previous");
        let previous = previous.map(|text| Identity::from_text(&text).ok_or_else(refuse));
        Ok(Self {
            path: members.text("path").ok_or_else(refuse)?,
            query: members.text("query").ok_or_else(refuse)?,
            ask: members.ask()?,
            number: members.number("number")?.ok_or_else(refuse)?,
            skip: members.number("skip")?.unwrap_or(0),
            delivered: members.number("delivered")?.ok_or_else(refuse)?,
            promised: members.number("least")?.zip(members.number("most")?),
            page_size: members.number("page_size")?,
            date: members.number("date")?,
            is_partial: members.text("partial").is_some(),
            number_shift: members.number("shift")?.unwrap_or(0),
            previous: previous.transpose()?,
            largest: members.number("largest")?.unwrap_or(0),
            link_place: members.text("place"),
            doubt: doubt.transpose()?,
        })
    }
}

/// What a text holds, by name.
struct Members<'t>(Vec<(&'t str, String)>);

impl<'t> Members<'t> {
    fn read(text: &'t str) -> Result<Self> {
        let pairs = text.trim().split('&');
        let pairs = pairs.map(|pair| pair.split_once('=').map(|(name, it)| (name, decode(it))));
        let members: Vec<_> = pairs.collect::<Option<_>>().ok_or_else(refuse)?;
        let is_version = |(name, value): &&(&str, String)| *name == "version" && value == VERSION;
        let is_whole = members.last().is_some_and(|last| is_version(&last));
        let versions = members.iter().filter(|(name, _)| *name == "version").count();
        if is_whole && versions == 1 { Ok(Self(members)) } else { Err(refuse()) }
    }

    fn text(&self, wanted: &str) -> Option<String> {
        let member = self.0.iter().find(|(name, _)| *name == wanted);
        member.map(|(_, value)| value.clone())
    }

    fn number(&self, wanted: &str) -> Result<Option<u64>> {
        self.text(wanted).map(|value| value.parse().map_err(|_| refuse())).transpose()
    }

    /// What the next page is asked for by: one thing at most.
    fn ask(&self) -> Result<Ask> {
        let scalar = |text: String| match serde_json::from_str(&text) {
            Ok(value @ (Value::String(_) | Value::Number(_))) => Ok(value),
            _ => Err(refuse()),
        };
        let mut asks = [PAGE, OFFSET, CURSOR, AFTER, LINK].into_iter().filter_map(|name| {
            let text = self.text(name)?;
            Some(match name {
                PAGE => text.parse().map(Ask::Page).map_err(|_| refuse()),
                OFFSET => text.parse().map(Ask::Offset).map_err(|_| refuse()),
                CURSOR => scalar(text).map(Ask::Cursor),
                AFTER => scalar(text).map(Ask::After),
                _ => Ok(Ask::Link(text)),
            })
        });
        match (asks.next(), asks.next()) {
            (None, _) => Ok(Ask::First),
            (Some(ask), None) => ask,
            (Some(_), Some(_)) => Err(refuse()),
        }
    }
}

fn refuse() -> Error {
    Error::configuration("this is not the text of a resume point")
}

pub(crate) fn count(length: usize) -> u64 {
    length.try_into().unwrap_or(u64::MAX)
}

const PAGE: &str = "page";
const OFFSET: &str = "offset";
const CURSOR: &str = "cursor";
const AFTER: &str = "after";
const LINK: &str = "link";
const VERSION: &str = "2";
