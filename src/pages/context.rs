//! What is known of a page when it is decided what follows it.

use crate::error::{ErrorKind, Result};
use crate::event::Proof;
use crate::pages::ask::{Ask, Asker, Way};
use crate::pages::envelope::{Envelope, Word};
use crate::pages::repeat::Likeness;
use crate::pages::resume::ResumePoint;
use crate::pages::words::Role;
use crate::provider::pagination::Pagination;

/// A page and the walk so far.
pub(crate) struct PageContext<'a> {
    pub(crate) asker: &'a Asker,
    pub(crate) page: &'a Envelope,
    /// What it was asked for by, and what came and was promised before.
    pub(crate) point: &'a ResumePoint,
    /// All of its rows, those included that were delivered before a resume point.
    pub(crate) rows: u64,
    /// How much it is like the page before.
    pub(crate) likeness: Likeness,
    /// What can be asked next, or why what the page names cannot.
    pub(crate) following: Option<Result<Ask>>,
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
    /// A way to page that may do, as it is parsed.
    pub(crate) declare: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Incomplete, message: message.into(), declare: None }
    }

    /// Somebody must declare something else.
    pub(crate) fn to_declare(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Configuration, ..Self::new(message) }
    }
}

impl<'a> PageContext<'a> {
    /// The first word that says that there is more.
    pub(crate) fn word_for_more(&self) -> Option<&'a Word> {
        self.page.words.iter().find(|word| word.says_more())
    }

    /// A word for the end. That there is no cursor says nothing where pages are counted, and a link
    /// to later changes says nothing beside a next page.
    pub(crate) fn end_word(&self) -> Option<&'a Word> {
        let is_counted = self.asker.way().counts();
        let has_next = is_counted || self.following.is_some();
        let is_heard = |word: &Word| match word.role {
            Role::Cursor => !is_counted,
            Role::Delta => !has_next,
            _ => true,
        };
        self.page.words.iter().find(|word| word.says_end() && is_heard(word))
    }

    pub(crate) fn is_first(&self) -> bool {
        self.point.number == 1
    }

    /// All rows so far, those of this page included.
    pub(crate) fn delivered(&self) -> u64 {
        self.point.delivered.saturating_add(self.rows.saturating_sub(self.point.skip))
    }

    /// How many rows there are; nothing in a walk that began in the middle.
    pub(crate) fn total(&self) -> Option<u64> {
        let told = self.point.told_total(self.page, self.delivered());
        let known = told.or(self.point.promised.map(|(_, most)| most));
        known.filter(|_| !self.point.is_partial)
    }

    /// The largest total that was promised, if more rows came.
    pub(crate) fn exceeded(&self) -> Option<u64> {
        let most = self.total().max(self.point.promise().map(|(_, most)| most));
        most.filter(|most| self.delivered() > *most)
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.total().is_some_and(|total| self.delivered() < total)
    }

    /// The total, if it is reached.
    pub(crate) fn reached(&self) -> Option<u64> {
        self.total().filter(|total| self.delivered() >= *total)
    }

    /// How many pages there are. Fewer than were read is no such number.
    pub(crate) fn page_count(&self) -> Option<u64> {
        if self.point.is_partial && self.point.ask.way != Way::Page {
            return None;
        }
        let before_first = self.asker.pagination.first().unwrap_or(1);
        let last = || self.page.number(Role::LastPage)?.checked_sub(before_first)?.checked_add(1);
        let count = self.page.number(Role::PageCount).or_else(last);
        count.filter(|count| *count >= self.point.number)
    }

    /// The page size that the answer states. One that was only asked for need not be kept.
    pub(crate) fn size(&self) -> Option<u64> {
        self.page.number(Role::PageSize).filter(|size| *size > 0)
    }

    /// The size that was asked for, where offsets advance by it and every page so far has the same
    /// smaller number of rows: filters leave one more and the other less.
    pub(crate) fn capped(&self) -> Option<u64> {
        let Pagination { page_size, steps_by_size, .. } = &self.asker.pagination;
        let size = page_size.as_ref().filter(|_| *steps_by_size)?.rows;
        let is_alike =
            self.rows > 0 && self.delivered() == self.rows.checked_mul(self.point.number)?;
        (is_alike && self.point.number > 1 && self.rows < size && self.reached().is_none())
            .then_some(size)
    }

    pub(crate) fn parameter(&self) -> &'a str {
        self.asker.pagination.parameter().unwrap_or_default()
    }
}
