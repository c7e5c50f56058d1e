//! How far a walk over pages has come, and by what it knows that it is over.

use std::fmt;
use std::time::SystemTime;

use ureq::http::StatusCode;

/// How far a walk over pages has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The last cursor, or link, that an answer named: the watermark of a feed that is read
    /// [`until_empty`](crate::Pagination::until_empty).
    pub cursor: Option<String>,
    /// By what the walk knows that it is over; `None` before.
    pub proof: Option<Proof>,
}

/// By what a walk knows that it has seen everything; its `Display` is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The last page had no rows.
    EmptyPage,
    /// The answer said so, in this member or header.
    Word(String),
    /// As many rows as the server promised.
    Total(u64),
    /// As many pages as the server promised.
    PageCount(u64),
    /// A next link would stand here, and none does.
    NoLink(String),
    /// What was declared to hold the next link or cursor holds none.
    Declared(String),
    /// The refusal that was declared to be the end.
    Status(StatusCode),
    /// One answer was declared to hold everything.
    Single,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyPage => f.write_str("a page without rows"),
            Self::Word(target) => write!(f, "the word of the server in {}", shown(target)),
            Self::Total(1) => f.write_str("the 1 row that the server promised"),
            Self::Total(total) => write!(f, "the {total} rows that the server promised"),
            Self::PageCount(1) => f.write_str("the 1 page that the server promised"),
            Self::PageCount(pages) => write!(f, "the {pages} pages that the server promised"),
            Self::NoLink(target) => write!(f, "no next link in {}", shown(target)),
            Self::Declared(target) => write!(f, "nothing more in {}", shown(target)),
            Self::Status(status) => write!(f, "the declared answer {}", status.as_u16()),
            Self::Single => f.write_str("the declared single answer"),
        }
    }
}

/// A header by its name, a member by its path.
fn shown(target: &str) -> String {
    target.strip_prefix("header:").map_or(target.to_owned(), |name| format!("the {name} header"))
}
