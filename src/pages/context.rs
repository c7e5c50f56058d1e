//! What is known of a page when it is decided what follows it.

use serde_json::Value;

use crate::error::Class;
use crate::pages::ask::Ask;
use crate::pages::envelope::{Envelope, Word};
use crate::pages::words::Role;
use crate::pagination::{Pagination, Strategy};
use crate::progress::Proof;

/// A page and the walk so far.
pub(crate) struct PageContext<'a> {
    pub(crate) pagination: &'a Pagination,
    pub(crate) page: &'a Envelope,
    /// What it was asked for by.
    pub(crate) ask: &'a Ask,
    /// Its place among the pages of the walk, counted from 1.
    pub(crate) position: u64,
    /// The walk began in the middle.
    pub(crate) is_partial: bool,
    pub(crate) rows: u64,
    /// All rows so far, those of this page included.
    pub(crate) delivered: u64,
    /// The total that holds now; none in a walk that began in the middle.
    pub(crate) total: Option<u64>,
    /// How many pages an answer before counted.
    pub(crate) counted_pages: Option<u64>,
    /// The page size that was asked for.
    pub(crate) asked_size: Option<u64>,
    /// The rows of the fullest page before.
    pub(crate) largest: u64,
    /// Pages without rows, one after the other, up to this one.
    pub(crate) empty_pages: u32,
    /// The values that the request for the page had in its query.
    pub(crate) sent: &'a [String],
    /// The link that it names, where links are followed, or why that cannot be followed.
    pub(crate) link: Option<Result<NextLink, String>>,
    /// Where the links before it stood.
    pub(crate) link_place: Option<&'a str>,
    /// The cursor that it names, where cursors are followed.
    pub(crate) cursor: Option<Result<Value, String>>,
    /// What it names next was asked for before.
    pub(crate) is_seen: bool,
}

/// A link, ready to be asked.
#[derive(Clone)]
pub(crate) struct NextLink {
    pub(crate) target: String,
    pub(crate) place: String,
}

/// What comes after a page.
pub(crate) enum Step {
    Ask(Ask),
    /// The walk may be over by this proof, which one more page is to confirm.
    AskBeyond(Ask, Proof),
    End(Proof),
    Fail(Fault),
}

/// Why a walk cannot be complete.
pub(crate) struct Fault {
    pub(crate) class: Class,
    pub(crate) message: String,
    /// A way to page that may do, as `Pagination` writes it.
    pub(crate) advice: Option<Pagination>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { class: Class::Incomplete, message: message.into(), advice: None }
    }

    /// Somebody must declare something else.
    pub(crate) fn to_declare(message: impl Into<String>) -> Self {
        Self { class: Class::Configuration, ..Self::new(message) }
    }
}

impl<'a> PageContext<'a> {
    /// The words that say that there is more. What repeats a value of the request is none.
    pub(crate) fn words_for_more(&self) -> impl Iterator<Item = &'a Word> {
        let sent = self.sent;
        let is_echo = move |word: &&Word| {
            word.value.as_str().is_some_and(|value| sent.iter().any(|sent| sent == value))
        };
        self.page.words.iter().filter(|word| word.says_more()).filter(move |word| !is_echo(word))
    }

    /// A word for the end. That there is no cursor says nothing where pages are counted.
    pub(crate) fn end_word(&self) -> Option<&'a Word> {
        let counts = matches!(
            self.pagination.strategy,
            Strategy::PageNumbers(_) | Strategy::Offset(_) | Strategy::AfterRow(..)
        );
        let is_mute = |word: &Word| counts && word.role == Role::Cursor;
        self.page.words.iter().find(|word| word.says_end() && !is_mute(word))
    }

    pub(crate) fn is_missed(&self) -> bool {
        self.total.is_some_and(|total| self.delivered < total)
    }

    pub(crate) fn is_total_reached(&self) -> bool {
        self.total.is_some_and(|total| self.delivered >= total)
    }

    /// How many pages there are. Fewer than were read is no such number.
    pub(crate) fn page_count(&self) -> Option<u64> {
        if self.is_partial && !matches!(self.ask, Ask::Page(_)) {
            return None;
        }
        let first = self.pagination.first().unwrap_or(1);
        let last = self.page.last_number();
        let count = self.page.page_count().or_else(|| last?.checked_sub(first)?.checked_add(1));
        count.filter(|count| *count >= self.position)
    }

    pub(crate) fn counts_more_pages(&self) -> bool {
        self.page_count().is_some_and(|count| self.position < count)
    }

    /// As long as pages can be, as far as is known: nothing says that it was cut short.
    pub(crate) fn is_full(&self) -> bool {
        match self.page.page_size().or(self.asked_size) {
            Some(size) => self.rows >= size,
            None => self.rows >= self.largest,
        }
    }
}
