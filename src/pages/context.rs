//! What is known of a page when it is decided what follows it.

use crate::error::ErrorKind;
use crate::event::Proof;
use crate::pages::ask::Ask;
use crate::pages::envelope::{Envelope, Word};
use crate::pages::resume::ResumePoint;
use crate::pages::words::Role;
use crate::provider::pagination::Pagination;

/// A page and the walk so far.
pub(crate) struct PageContext<'a> {
    pub(crate) pagination: &'a Pagination,
    pub(crate) page: &'a Envelope,
    /// What it was asked for by, and what was promised before.
    pub(crate) point: &'a ResumePoint,
    pub(crate) rows: u64,
    /// All rows so far, those of this page included.
    pub(crate) delivered: u64,
    /// The page size that was asked for.
    pub(crate) asked_size: Option<u64>,
    /// How many pages an answer before counted.
    pub(crate) counted_pages: Option<u64>,
    /// Pages without rows, one after the other, up to this one.
    pub(crate) empty_pages: u32,
    /// Pages that were like the one before, one after the other, up to this one.
    pub(crate) repeats: u32,
    /// The values that the request for the page had in its query.
    pub(crate) sent: &'a [String],
    /// What it names next by a link, a cursor or its last row, or why that cannot be asked.
    pub(crate) named: Option<Result<Ask, String>>,
    /// That was asked for before.
    pub(crate) is_seen: bool,
}

/// What comes after a page.
pub(crate) enum Step {
    Ask(Ask),
    End(Proof),
    Fail(Fault),
}

/// Why a walk cannot be complete.
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    /// A way to page that may do.
    pub(crate) advice: Option<Pagination>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Incomplete, message: message.into(), advice: None }
    }

    /// Somebody must declare something else.
    pub(crate) fn to_declare(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Configuration, ..Self::new(message) }
    }
}

impl<'a> PageContext<'a> {
    /// The words that say that there is more. What repeats a value of the request is none.
    pub(crate) fn word_for_more(&self) -> Option<&'a Word> {
        let is_echo = |word: &Word| {
            word.value.as_str().is_some_and(|value| self.sent.iter().any(|sent| sent == value))
        };
        self.page.words.iter().find(|word| word.says_more() && !is_echo(word))
    }

    /// A word for the end. That there is no cursor says nothing where pages are counted.
    pub(crate) fn end_word(&self) -> Option<&'a Word> {
        let is_counted = self.pagination.strategy.counts();
        let is_heard = |word: &Word| !is_counted || word.role != Role::Cursor;
        self.page.words.iter().find(|word| word.says_end() && is_heard(word))
    }

    pub(crate) fn is_first(&self) -> bool {
        self.point.number == 1
    }

    /// How many rows there are; nothing in a walk that began in the middle.
    pub(crate) fn total(&self) -> Option<u64> {
        let known = self.page.total().or(self.point.promised.map(|(_, most)| most));
        known.filter(|_| !self.point.is_partial)
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.total().is_some_and(|total| self.delivered < total)
    }

    /// The total, if it is reached.
    pub(crate) fn reached(&self) -> Option<u64> {
        self.total().filter(|total| self.delivered >= *total)
    }

    /// How many pages there are. Fewer than were read is no such number.
    pub(crate) fn page_count(&self) -> Option<u64> {
        if self.point.is_partial && !matches!(self.point.ask, Ask::Page(_)) {
            return None;
        }
        let before_first = self.pagination.first().unwrap_or(1);
        let last = || self.page.number(Role::Last)?.checked_sub(before_first)?.checked_add(1);
        let count = self.page.number(Role::PageCount).or_else(last);
        count.filter(|count| *count >= self.point.number)
    }

    /// The page size, as far as it is known.
    pub(crate) fn size(&self) -> Option<u64> {
        self.page.number(Role::PageSize).filter(|size| *size > 0).or(self.asked_size)
    }

    pub(crate) fn parameter(&self) -> &'a str {
        self.pagination.parameter().unwrap_or_default()
    }
}
