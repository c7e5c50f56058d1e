//! What happens on the way: events, and how far a walk over pages has come.

use std::fmt;
use std::time::{Duration, SystemTime};

use ureq::http::StatusCode;

use crate::clock::http_date;
use crate::error::{ErrorResponse, RequestTarget};
use crate::pace::Pace;

/// Something that a person who watches would want to know; its `Display` is one line.
///
/// Given to the closure of [`Client::with_observer`](crate::Client::with_observer).
/// Holds no secret and no query.
///
/// ```
/// # fn run(client: unattended::Client) -> unattended::Client {
/// client.with_observer(|event| eprintln!("{event}"))
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A token came from the token endpoint.
    #[non_exhaustive]
    TokenFetched {
        /// The token endpoint.
        target: RequestTarget,
        /// How long the token lives; `None` if the server did not say.
        lifetime: Option<Duration>,
        /// Whether the client had one before.
        renewal: bool,
    },
    /// The client took a token from the store: another clone or process had fetched it.
    #[non_exhaustive]
    TokenReused {
        /// How long it still lives; `None` if the server did not say.
        left: Option<Duration>,
    },
    /// An early renewal failed. The old token is still good, so no call fails.
    #[non_exhaustive]
    OldTokenKept {
        /// How long the old token still lives.
        left: Duration,
        /// Why the renewal failed.
        error: String,
    },
    /// The token store failed; the client goes on without it.
    #[non_exhaustive]
    StoreFailed {
        /// Why.
        error: String,
    },
    /// The API refused the token; the client renews it once for this call.
    #[non_exhaustive]
    TokenRefused {
        /// The call.
        target: RequestTarget,
    },
    /// The client waits before it sends a call again, or for the first time.
    #[non_exhaustive]
    Waiting {
        /// The call.
        target: RequestTarget,
        /// How long.
        wait: Duration,
        /// Why.
        reason: WaitReason,
        /// Which attempt comes after it, counted from 1.
        attempt: u32,
    },
    /// A call is sent again; follows its wait.
    #[non_exhaustive]
    Retrying {
        /// The call.
        target: RequestTarget,
        /// Which attempt it is, counted from 1.
        attempt: u32,
    },
    /// A page was delivered.
    #[non_exhaustive]
    Page {
        /// Where it came from.
        target: RequestTarget,
        /// Its number, counted from 1.
        number: u64,
        /// The rows on it.
        rows: u64,
        /// All rows so far, those before a resume point included.
        delivered: u64,
        /// What the server promises, if it does.
        total_items: Option<u64>,
    },
    /// A walk over pages is over, and everything was delivered.
    #[non_exhaustive]
    WalkEnded {
        /// Where the last page came from.
        target: RequestTarget,
        /// All rows, those before a resume point included.
        rows: u64,
        /// All pages.
        pages: u64,
        /// How the client knows that.
        proof: Proof,
        /// Of a walk that found out how the API pages: the declaration for the next time,
        /// as [`Pagination`](crate::Pagination)'s `parse` takes it.
        declare: Option<String>,
    },
    /// A next link lacks a parameter that the request had. Links are followed as they stand;
    /// [`keeping_query`](crate::Pagination::keeping_query) adds it.
    #[non_exhaustive]
    QueryNotKept {
        /// Where the link came from.
        target: RequestTarget,
        /// The name of the parameter.
        name: String,
    },
    /// A walk ended on its first page, because that was declared to be
    /// [all there is](crate::Pagination::single), or has no link or cursor in the declared place.
    /// But it has as many rows as were asked for, as the answer says that a page has, or as servers
    /// like to put on a page.
    #[non_exhaustive]
    LooksLikeOnePage {
        /// Where it came from.
        target: RequestTarget,
        /// How many.
        rows: u64,
        /// Where the next link or cursor was looked for.
        missing: Option<String>,
    },
    /// The server says that this address is deprecated (RFC 9745), or that it will go (RFC 8594):
    /// told once for each method and path.
    #[non_exhaustive]
    Deprecated {
        /// The call.
        target: RequestTarget,
        /// Since when, if the server says so in a way that can be read; it may lie ahead.
        since: Option<SystemTime>,
        /// When the address is gone, if the server says so.
        sunset: Option<SystemTime>,
        /// Where people can read about it.
        link: Option<String>,
    },
    /// The server changed the number of rows that it promised during the walk.
    #[non_exhaustive]
    TotalChanged {
        /// Where.
        target: RequestTarget,
        /// Before.
        from: u64,
        /// Now.
        to: u64,
    },
}

/// Why the client waits.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WaitReason {
    /// The server refused for now. It may have named the wait.
    Refused(ErrorResponse),
    /// The server asked for the wait in its answer to an earlier call.
    Remembered(ErrorResponse),
    /// There was no usable answer.
    Broken(String),
    /// The credentials function failed.
    Credentials(String),
    /// The [pace](crate::Client::with_pace) of the client has no room yet.
    Pace(Pace),
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer) => match answer.retry_after {
                Some(_) => write!(f, "the server asked for it ({answer})"),
                None => write!(f, "{answer}"),
            },
            Self::Remembered(answer) => write!(f, "the server asked for it earlier ({answer})"),
            Self::Broken(error) => f.write_str(error),
            Self::Pace(pace) => write!(f, "the pace of this client is {pace}"),
            Self::Credentials(error) => write!(f, "the credentials could not be read: {error}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenFetched { target, lifetime, renewal } => {
                let what = if *renewal { "token renewed" } else { "token fetched" };
                let end = lifetime.map(|life| format!("for {}", span(life)));
                let end = end.as_deref().unwrap_or("until it is refused");
                write!(f, "{what} from {}, good {end}", target.host)
            }
            Self::TokenReused { left: Some(left) } => {
                write!(f, "token reused, good for another {}", span(*left))
            }
            Self::TokenReused { left: None } => f.write_str("token reused"),
            Self::OldTokenKept { left, error } => {
                let left = span(*left);
                write!(f, "renewal failed, the old token is good for another {left}: {error}")
            }
            Self::StoreFailed { error } => write!(f, "token store not used: {error}"),
            Self::TokenRefused { target } => write!(f, "token refused: {target}"),
            Self::Waiting { target, wait, reason, attempt } => {
                write!(f, "waiting {} before attempt {attempt} of {target}: {reason}", span(*wait))
            }
            Self::Retrying { target, attempt } => write!(f, "attempt {attempt} of {target}"),
            Self::Deprecated { target, since, sunset, link } => {
                write!(f, "{target}: deprecated")?;
                for (what, date) in [(" since ", since), (", gone after ", sunset)] {
                    if let Some(date) = date.and_then(http_date) {
                        write!(f, "{what}{date}")?;
                    }
                }
                link.as_ref().map_or(Ok(()), |link| write!(f, ": see {link}"))
            }
            event => event.fmt_walk(f),
        }
    }
}

impl Event {
    /// What happens on a walk over pages.
    fn fmt_walk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page { number, rows, delivered, total_items, .. } => {
                let total = total_items.map(|total| format!("of {total}"));
                let total = total.as_deref().unwrap_or("so far");
                write!(f, "page {number}: {rows} rows, {delivered} {total}")
            }
            Self::WalkEnded { target, rows, pages, proof, declare } => {
                write!(f, "{target}: complete, {rows} rows on {pages} pages, by {proof}")?;
                match declare {
                    Some(declare) => write!(f, "; to declare it: {declare}"),
                    None => Ok(()),
                }
            }
            Self::QueryNotKept { target, name } => {
                write!(f, "{target}: the next link lacks the parameter {name:?} of the request")
            }
            Self::LooksLikeOnePage { target, rows, missing } => {
                match missing {
                    None => write!(f, "{target}: declared as the only page")?,
                    Some(place) => write!(f, "{target}: no next page in {place}")?,
                }
                write!(f, ", but {rows} rows look like one of several")
            }
            Self::TotalChanged { target, from, to } => {
                write!(f, "{target}: the server now promises {to} rows instead of {from}")
            }
            _ => Ok(()),
        }
    }
}

/// `750 ms`, `12 s`, `3 min 20 s`: exact enough for a person.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        _ if duration < Duration::from_secs(10) && duration.subsec_millis() > 0 => {
            format!("{} ms", duration.as_millis())
        }
        0..=119 => format!("{seconds} s"),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

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
    /// The walk began behind the first row, by the request's own query: what is promised counts
    /// rows before it as well.
    pub is_partial: bool,
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
