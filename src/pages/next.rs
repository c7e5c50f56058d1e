//! What follows a page: one decision for each way to page, without IO.

use crate::pages::advice;
use crate::pages::ask::Ask;
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::words::Role;
use crate::pagination::Strategy;
use crate::progress::Proof;

pub(crate) fn next(page: &PageContext<'_>) -> Step {
    match &page.pagination.strategy {
        Strategy::Single => end(page, Proof::Single),
        Strategy::Detect | Strategy::LinkHeader | Strategy::NextLink(_) => linked(page),
        Strategy::Cursor(_, source) => by_cursor(page, &source.to_string()),
        Strategy::PageNumbers(_) | Strategy::Offset(_) | Strategy::AfterRow(..) => counted(page),
    }
}

/// The end, unless the answer contradicts it.
fn end(page: &PageContext<'_>, proof: Proof) -> Step {
    match contradiction(page) {
        Some(fault) => Step::Fail(fault),
        None => Step::End(proof),
    }
}

/// Why the walk cannot be over here. Whether a total is reached is held against all that the
/// walk has seen, where it ends.
fn contradiction(page: &PageContext<'_>) -> Option<Fault> {
    if let Some(word) = page.words_for_more().next() {
        return Some(advice::unread(page, word));
    }
    if let Some(count) = page.page_count().filter(|_| page.counts_more_pages()) {
        let message = format!("the answer counts {count} pages");
        return Some(advice::counted(page, &message));
    }
    let (place, count) = page.page.largest_count()?;
    (count > page.delivered).then(|| {
        let message =
            format!("the answer has {place} = {count}, which is more than were delivered");
        advice::counted(page, &message)
    })
}

fn linked(page: &PageContext<'_>) -> Step {
    let link = match &page.link {
        Some(Err(why)) => return Step::Fail(Fault::new(why.as_str())),
        Some(Ok(link)) => link,
        None => return unlinked(page),
    };
    let said = page.end_word().filter(|word| page.rows == 0 || word.role != Role::Next);
    let is_empty = page.rows == 0;
    let is_over = is_empty && (said.is_some() || page.pagination.is_until_empty);
    if is_over || page.is_seen && (is_empty || said.is_some() || page.is_total_reached()) {
        return Step::End(match (said, page.total) {
            (Some(word), _) => Proof::Word(word.path.clone()),
            (None, Some(total)) if !is_empty => Proof::Total(total),
            _ => Proof::EmptyPage,
        });
    }
    if page.is_seen {
        return Step::Fail(Fault::new("the next link leads to a page that was read before"));
    }
    after_empty(page).unwrap_or_else(|| Step::Ask(Ask::Link(link.target.clone())))
}

/// A page that names no next link.
fn unlinked(page: &PageContext<'_>) -> Step {
    if page.pagination.strategy != Strategy::Detect {
        let place = match &page.pagination.strategy {
            Strategy::NextLink(path) => path.to_string(),
            _ => "the Link header".to_owned(),
        };
        let proof = if page.rows == 0 { Proof::EmptyPage } else { Proof::Declared(place) };
        return end(page, proof);
    }
    match proof_without_link(page) {
        Some(proof) => end(page, proof),
        None => Step::Fail(contradiction(page).unwrap_or_else(|| advice::unproved(page))),
    }
}

/// By what a page is known to be the last where nothing was declared.
fn proof_without_link(page: &PageContext<'_>) -> Option<Proof> {
    if page.rows == 0 {
        return Some(Proof::EmptyPage);
    }
    if let Some(word) = page.end_word() {
        return Some(Proof::Word(word.path.clone()));
    }
    if let Some(count) = page.page_count() {
        return Some(Proof::PageCount(count));
    }
    let total = page.total.filter(|total| page.delivered == *total);
    if let Some(total) = total.filter(|total| !is_doubtful(page, *total)) {
        return Some(Proof::Total(total));
    }
    if let Some(place) = page.link_place {
        return Some(Proof::NoLink(place.to_owned()));
    }
    page.page.empty_link_place.clone().map(Proof::NoLink)
}

/// Whether the total of a first page may be the page's own count, or a cap.
fn is_doubtful(page: &PageContext<'_>, total: u64) -> bool {
    let is_full = match page.page.page_size().or(page.asked_size) {
        Some(size) => page.rows >= size,
        None => !page.page.has_total_in_header(),
    };
    page.position == 1 && (is_full || is_round(total))
}

fn by_cursor(page: &PageContext<'_>, source: &str) -> Step {
    let cursor = match &page.cursor {
        Some(Err(why)) => return Step::Fail(Fault::to_declare(why.as_str())),
        None if page.rows == 0 => return end(page, Proof::EmptyPage),
        None => return end(page, Proof::Declared(source.to_owned())),
        Some(Ok(cursor)) => cursor,
    };
    let is_empty = page.rows == 0;
    let said = page.end_word().filter(|_| !page.is_missed());
    let is_over = is_empty && page.pagination.is_until_empty;
    if let Some(word) = said {
        return Step::End(Proof::Word(word.path.clone()));
    }
    if is_over || page.is_seen && is_empty {
        return Step::End(Proof::EmptyPage);
    }
    if page.is_seen {
        return match page.total.filter(|_| page.is_total_reached()) {
            Some(total) => Step::End(Proof::Total(total)),
            None => Step::Fail(Fault::new(format!(
                "the cursor in {source} came before: does the server know the parameter {:?}?",
                page.pagination.parameter().unwrap_or_default()
            ))),
        };
    }
    after_empty(page).unwrap_or_else(|| Step::Ask(Ask::Cursor(cursor.clone())))
}

/// Filters may leave pages empty, but not for ever.
fn after_empty(page: &PageContext<'_>) -> Option<Step> {
    if page.empty_pages < MOST_EMPTY_PAGES {
        return None;
    }
    Some(match page.total.filter(|_| page.is_total_reached()) {
        Some(total) => Step::End(Proof::Total(total)),
        None => {
            let word = page.words_for_more().next().map_or("the answer", |word| &word.path);
            Step::Fail(Fault::new(format!(
                "{MOST_EMPTY_PAGES} pages in a row were empty, and {word} still says that there is more; if it always does, declare .ignoring({word:?})"
            )))
        }
    })
}

/// Pages that are asked for by counting on.
fn counted(page: &PageContext<'_>) -> Step {
    let says_more = page.words_for_more().next().is_some();
    if page.rows == 0 {
        return counted_empty(page, says_more);
    }
    if page.counts_more_pages() {
        return go_on(page);
    }
    if let Some(count) = page.page_count().filter(|_| !says_more) {
        // Many servers refuse a page beyond.
        return end(page, Proof::PageCount(count));
    }
    if says_more || page.is_missed() {
        return go_on(page);
    }
    if let Some(word) = page.end_word() {
        let proof = Proof::Word(word.path.clone());
        // A server that never names a next page says the same on a full first one.
        let is_doubtful =
            word.role == Role::Next && page.position == 1 && page.total.is_none() && page.is_full();
        return if is_doubtful { go_beyond(page, proof) } else { end(page, proof) };
    }
    match page.total.filter(|total| page.delivered == *total) {
        Some(total) if page.is_full() || is_round(total) => go_beyond(page, Proof::Total(total)),
        Some(total) => end(page, Proof::Total(total)),
        None => go_on(page),
    }
}

fn counted_empty(page: &PageContext<'_>, says_more: bool) -> Step {
    if says_more {
        return after_empty(page).unwrap_or_else(|| go_on(page));
    }
    let counted = page.counted_pages.filter(|count| *count >= page.position);
    match page.page_count().or(counted) {
        Some(count) if count > 1 => {
            let mut message = format!(
                "page {} is empty, although the answer counts {count} pages",
                page.position
            );
            if page.pagination.first() == Some(1) && page.position == count {
                message.push_str(": do pages count from 0? Then declare .starting_at(0)");
            }
            Step::Fail(Fault::new(message))
        }
        _ => end(page, Proof::EmptyPage),
    }
}

fn go_beyond(page: &PageContext<'_>, proof: Proof) -> Step {
    match go_on(page) {
        Step::Ask(ask) => Step::AskBeyond(ask, proof),
        step => step,
    }
}

/// The next number, offset or row.
fn go_on(page: &PageContext<'_>) -> Step {
    let none = || Step::Fail(Fault::new("there is no higher number to ask for"));
    match (page.ask, &page.page.last_row) {
        (Ask::Page(number), _) => match number.checked_add(1) {
            Some(number) => Step::Ask(Ask::Page(number)),
            None => none(),
        },
        (Ask::Offset(offset), _) => {
            let size = page.asked_size.filter(|_| page.pagination.steps_by_size);
            match offset.checked_add(size.unwrap_or(page.rows)) {
                Some(next) if next > *offset => Step::Ask(Ask::Offset(next)),
                // A page without rows that says that there is more.
                Some(_) => Step::Fail(Fault::new(
                    "a page without rows says that there is more: if the server filters pages after they were cut, declare with_page_size and .stepping_by_size()",
                )),
                None => none(),
            }
        }
        (_, Some(Ok(_))) if page.is_seen => Step::Fail(Fault::new(format!(
            "the last row is the one that was asked for: does the server know the parameter {:?}?",
            page.pagination.parameter().unwrap_or_default()
        ))),
        (_, Some(Ok(value))) => Step::Ask(Ask::After(value.clone())),
        (_, Some(Err(why))) => Step::Fail(Fault::to_declare(why.as_str())),
        (_, None) => Step::Fail(Fault::new(
            "a page without rows says that there is more, and no row to go on from",
        )),
    }
}

/// Servers cap totals at such numbers.
fn is_round(total: u64) -> bool {
    total > 0 && total.is_multiple_of(1000)
}

/// After as many pages without rows, one after the other, no walk goes on.
const MOST_EMPTY_PAGES: u32 = 10;
