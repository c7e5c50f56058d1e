//! What a page tells of the pages around it.

use crate::envelope::Envelope;
use crate::names::NextPage;

/// What is known of a page when its successor is decided.
#[derive(Clone, Copy)]
pub(crate) struct PageFacts<'a> {
    /// By which it was asked for.
    pub(crate) number: u64,
    /// Its place among the pages, counted from 1 even where numbers begin at 0.
    pub(crate) position: u64,
    pub(crate) rows: u64,
    pub(crate) envelope: &'a Envelope,
    /// Its rows are those of the page before.
    pub(crate) is_repeated: bool,
    /// A total says that there are more rows than were delivered.
    pub(crate) is_missed: bool,
}

impl PageFacts<'_> {
    /// Whether the answer says that another page follows.
    pub(crate) fn says_more(&self) -> bool {
        let told = self.envelope;
        let names_page = told.next_page.as_ref().is_some_and(|next| *next != NextPage::Number(0));
        self.counts_more() || names_page || told.next_link.is_some() || told.has_unknown_next
    }

    /// A count below the page's own number is none.
    pub(crate) fn counts_more(&self) -> bool {
        self.last_position().is_some_and(|last| self.position < last)
    }

    /// How many pages there are, as far as the answer tells.
    pub(crate) fn last_position(&self) -> Option<u64> {
        let told = self.envelope;
        let before = self.position - self.number;
        told.total_pages.or_else(|| told.last_page?.checked_add(before))
    }
}
