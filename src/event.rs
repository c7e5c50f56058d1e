//! What happened on the way: events as they happen, counters for the end.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::time::Duration;

use crate::error::{ErrorResponse, RequestTarget};
use crate::progress::Proof;

/// Something that a person watching would want to know; its `Display` is one line.
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
    /// An answer that was declared to be [all there is](crate::Pagination::single) has as many
    /// rows as servers like to put on a page.
    #[non_exhaustive]
    LooksLikeOnePage {
        /// Where it came from.
        target: RequestTarget,
        /// How many.
        rows: u64,
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
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(answer) => match answer.retry_after {
                Some(_) => write!(f, "the server asked for it ({answer})"),
                None => write!(f, "{answer}"),
            },
            Self::Remembered(answer) => write!(f, "the server asked for it before ({answer})"),
            Self::Broken(error) => f.write_str(error),
            Self::Credentials(error) => write!(f, "the credentials could not be read: {error}"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TokenFetched { target, lifetime, renewal } => {
                let what = if *renewal { "token renewed" } else { "token fetched" };
                write!(f, "{what} from {}", target.host)?;
                match lifetime {
                    Some(life) => write!(f, ", good for {}", span(*life)),
                    None => f.write_str(", good until it is refused"),
                }
            }
            Self::TokenReused { left: Some(left) } => {
                write!(f, "token reused, good for another {}", span(*left))
            }
            Self::TokenReused { left: None } => f.write_str("token reused"),
            Self::OldTokenKept { left, error } => {
                write!(
                    f,
                    "renewal failed, the old token is good for another {}: {error}",
                    span(*left)
                )
            }
            Self::StoreFailed { error } => write!(f, "token store not used: {error}"),
            Self::TokenRefused { target } => write!(f, "token refused: {target}"),
            Self::Waiting { target, wait, reason, attempt } => {
                write!(f, "waiting {} before attempt {attempt} of {target}: {reason}", span(*wait))
            }
            Self::Retrying { target, attempt } => write!(f, "attempt {attempt} of {target}"),
            event => event.fmt_walk(f),
        }
    }
}

impl Event {
    /// What happens on a walk over pages.
    fn fmt_walk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page { number, rows, delivered, total_items, .. } => {
                write!(f, "page {number}: {rows} rows, {delivered}")?;
                match total_items {
                    Some(total) => write!(f, " of {total}"),
                    None => f.write_str(" so far"),
                }
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
            Self::LooksLikeOnePage { target, rows } => {
                write!(f, "{target}: declared to be all there is, and {rows} rows look like a page")
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

/// Plain counters of one client; a clone starts its own at zero. Those of several add up:
/// `clients.iter().map(Client::stats).sum::<Stats>()`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent, those to the token endpoint and repeated ones included.
    pub requests: u64,
    /// Tokens that came from the token endpoint.
    pub tokens_fetched: u64,
    /// How often the token store failed, and was done without.
    pub store_failures: u64,
    /// Requests that were sent again after a wait.
    pub retries: u64,
    /// The sum of all waits.
    pub waited: Duration,
    /// Pages delivered.
    pub pages: u64,
    /// Rows delivered, page by page.
    pub rows: u64,
}

impl Add for Stats {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            tokens_fetched: self.tokens_fetched + other.tokens_fetched,
            store_failures: self.store_failures + other.store_failures,
            retries: self.retries + other.retries,
            waited: self.waited.saturating_add(other.waited),
            pages: self.pages + other.pages,
            rows: self.rows + other.rows,
        }
    }
}

/// Of a client and its clones.
impl Sum for Stats {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}
