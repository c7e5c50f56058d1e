//! Counters.

use std::iter::Sum;
use std::ops::Add;
use std::time::Duration;

/// Plain counters of one client; a clone starts its own at zero. Those of several add up:
/// `clients.iter().map(Client::stats).sum::<Stats>()`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests sent, those to the token endpoint and repeated ones included.
    pub requests: u64,
    /// Tokens that came from the token endpoint.
    pub tokens_fetched: u64,
    /// How often the token store failed, and the client went on without it.
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
