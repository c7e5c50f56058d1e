//! Whole collections: iterators over pages and rows that end only when all was seen.
//!
//! An answer is read once (`reading`), into the rows and the `words` around them. What follows
//! is decided without IO (`decision`, with `advice` where there is no telling). `next_page` does
//! one after the other, and holds what came against what was promised.

pub(crate) mod words;
pub(crate) mod link_header;
pub(crate) mod repeat;
pub(crate) mod envelope;
pub(crate) mod reading;
pub(crate) mod ask;
pub(crate) mod ahead;
pub(crate) mod resume;
pub(crate) mod walk;
pub(crate) mod decode;
pub(crate) mod context;
pub(crate) mod advice;
pub(crate) mod decision;
pub(crate) mod next_page;

use std::fmt;
use std::iter::FusedIterator;
use std::marker::PhantomData;
use std::vec;

use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::error::Result;
use crate::event::Progress;
use crate::pages::ahead::Ahead;
use crate::pages::envelope::Envelope;
use crate::pages::repeat::count;
use crate::pages::resume::ResumePoint;
use crate::pages::walk::Walk;
use crate::pages::words::Role;
use crate::provider::pagination::Pagination;
use crate::request::Request;
use crate::response::Response;

impl Client {
    /// All rows of a collection, page by page, each decoded as a `T`. Name the type:
    /// `items::<serde_json::Value>(…)`, or one of yours.
    ///
    /// Takes a path or a [`Request`], whose query is sent with every page that is asked for by
    /// a parameter; links are followed as they stand. How the API pages is a setting of the
    /// provider, or [of this walk](Items::with_pagination); by default it is
    /// [found out](Pagination::detect) as far as the answers show it. The token is checked for
    /// every page, so a walk may outlive many tokens. An error is an item, after which the
    /// iterator ends. **It never ends in silence before everything was delivered**: see
    /// [`Pagination`] for what proves an end, and [`Error::Incomplete`](crate::Error::Incomplete) for what happens
    /// without.
    ///
    /// ```no_run
    /// # fn run(client: &unattended::Client) -> unattended::Result<()> {
    /// for computer in client.items::<serde_json::Value>("/api/sam/estate/v1/computers") {
    ///     let computer = computer?;
    ///     let id = computer["id"].as_str().unwrap_or_default();
    ///     let details = client.get(&format!("/api/sam/estate/v1/computers/{id}"))?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn items<T: DeserializeOwned>(&self, request: impl Into<Request>) -> Items<'_, T> {
        Items { walk: Walk::new(self, request.into()), rows: Vec::new().into_iter(), capacity: 0 }
    }

    /// All pages of a collection, with their numbers, totals and raw bodies; otherwise as
    /// [`items`](Self::items).
    pub fn pages<T: DeserializeOwned>(&self, request: impl Into<Request>) -> Pages<'_, T> {
        Pages { walk: Walk::new(self, request.into()), rows: PhantomData }
    }
}

/// One page, decoded.
#[derive(Clone)]
pub struct Page<T> {
    items: Vec<T>,
    number: u64,
    envelope: Envelope,
    response: Response,
}

impl<T> Page<T> {
    /// Its rows.
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// Its rows, owned.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// Its number, counted from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many rows the collection has, if the page says so.
    pub fn total_items(&self) -> Option<u64> {
        self.envelope.total()
    }

    /// How many pages the collection has, if the page says so.
    pub fn total_pages(&self) -> Option<u64> {
        self.envelope.number(Role::PageCount)
    }

    /// The answer that it came from, with its headers and raw body.
    pub fn response(&self) -> &Response {
        &self.response
    }
}

/// Rows and numbers: a link to the next page may hold what must not be printed.
impl<T: fmt::Debug> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("number", &self.number)
            .field("total_items", &self.total_items())
            .field("total_pages", &self.total_pages())
            .field("response", &self.response)
            .finish_non_exhaustive()
    }
}

/// An iterator over pages: see [`Client::pages`].
#[must_use = "an iterator does nothing until it is walked"]
pub struct Pages<'c, T> {
    walk: Walk<'c>,
    rows: PhantomData<fn() -> T>,
}

/// An iterator over rows: see [`Client::items`].
#[must_use = "an iterator does nothing until it is walked"]
pub struct Items<'c, T> {
    walk: Walk<'c>,
    rows: vec::IntoIter<T>,
    capacity: usize,
}

/// What [`Pages`] and [`Items`] have in common: the settings and readings of a walk.
macro_rules! walk_over {
    ($name:ident) => {
        impl<T: DeserializeOwned> $name<'_, T> {
            /// How to page, for this walk; default: as the provider does.
            ///
            /// This and the settings below belong before the first page: later they end the walk
            /// with a configuration error, since rows of two settings would not fit together.
            pub fn with_pagination(mut self, pagination: Pagination) -> Self {
                self.walk.set(|it| *it = pagination);
                self
            }

            /// How many rows to ask for in a page, and by which parameter, for this walk.
            pub fn with_page_size(mut self, parameter: impl Into<String>, rows: u64) -> Self {
                self.walk.set(|it| *it = it.clone().with_page_size(parameter, rows));
                self
            }

            /// The member of the answer that holds the rows, for this walk:
            /// [`Pagination::with_rows_at`].
            pub fn with_rows_at(mut self, path: impl AsRef<str>) -> Self {
                self.walk.set(|it| *it = it.clone().with_rows_at(path));
                self
            }

            /// How many pages to ask for before their turn, while the program works on one;
            /// default 0, at most 64. See
            /// [pages ahead of time](crate::guide::paging#pages-ahead-of-time).
            ///
            /// Clones of the client ask, on threads of their own. Rows, totals, errors, resume
            /// points and the end are those of a walk that does not read ahead. Numbered pages and
            /// offsets have this many requests under way at a time, if the answers say how many
            /// pages or rows there are. Everything else has one.
            ///
            /// A request ahead waits for nothing and is not repeated. If it fails, the page is
            /// asked for again in its turn, with all its retries. A request that may not be sent
            /// twice is never sent ahead. Dropping the iterator waits for nothing.
            ///
            /// ```no_run
            /// # fn run(client: &unattended::Client) -> unattended::Result<()> {
            /// for order in client.items::<serde_json::Value>("/orders").with_read_ahead(4) {
            ///     println!("{}", order?);
            /// }
            /// # Ok(()) }
            /// ```
            pub fn with_read_ahead(mut self, pages: usize) -> Self {
                self.walk.ahead = Ahead::new(pages);
                self
            }

            /// Goes on where another walk over the same path stopped. The page size is that
            /// of before.
            pub fn resume(mut self, point: &ResumePoint) -> Self {
                self.walk.resume(point);
                self
            }

            /// How far the walk has come.
            pub fn progress(&self) -> Progress {
                self.walk.progress()
            }

            /// Where to go on after what was handed out last, a row or a page; `None` when there
            /// is nothing left.
            pub fn resume_point(&self) -> Option<ResumePoint> {
                self.walk.resume_point()
            }
        }

        impl<T: DeserializeOwned> FusedIterator for $name<'_, T> {}

        impl<T> fmt::Debug for $name<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let name = stringify!($name);
                f.debug_struct(name)
                    .field("progress", &self.walk.progress())
                    .finish_non_exhaustive()
            }
        }
    };
}

walk_over!(Pages);
walk_over!(Items);

impl<T: DeserializeOwned> Iterator for Pages<'_, T> {
    type Item = Result<Page<T>>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut items = Vec::new();
        let page = self.walk.next_page(&mut items)?;
        Some(page.map(|(number, envelope, response)| Page { items, number, envelope, response }))
    }
}

impl<T: DeserializeOwned> Iterator for Items<'_, T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                self.walk.held = count(self.rows.len());
                return Some(Ok(row));
            }
            // As many as on the last page: a page is seldom longer.
            let mut rows = Vec::with_capacity(self.capacity);
            match self.walk.next_page(&mut rows)? {
                Err(error) if rows.is_empty() => return Some(Err(error)),
                // The rows before one that does not decode are handed out first.
                Err(error) => self.walk.fail_after(count(rows.len()), error),
                Ok(_) => {}
            }
            self.walk.held = count(rows.len());
            self.capacity = rows.len();
            self.rows = rows.into_iter();
        }
    }
}
