//! Whether a page is the one that was asked for, and what follows it: decided without IO.

use crate::event::Proof;
use crate::pages::advice;
use crate::pages::ask::Way;
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::envelope::name_of;
use crate::pages::repeat::Likeness;
use crate::pages::words::Role;
use crate::provider::pagination::{Source, Strategy};

/// Why the rows of a page are not delivered: it is not the one that was asked for, or the one
/// before once more. `None` for a good page.
pub(crate) fn refuse(page: &PageContext<'_>) -> Option<Step> {
    let before = page.point.delivered.saturating_sub(page.point.skip);
    let is_again = page.asker.way().counts() && page.likeness != Likeness::None;
    let reached = page.total().filter(|total| is_again && before >= *total);
    // A server may give its last page for any beyond.
    if let (Some(total), None) = (reached, advice::contradiction(page)) {
        return Some(Step::End(Proof::Total(total)));
    }
    let parameter = page.parameter();
    let told = told_place(page);
    if let Some((asked, told, what)) = told.filter(|(asked, told, _)| asked != told) {
        let knows = format!("does the server know the parameter {parameter:?}?");
        let hint = match (asked, told) {
            (1, 0) if page.is_first() => FROM_0,
            (0, 1) if page.is_first() => FROM_1,
            _ => &knows,
        };
        return Some(fail(format!(
            "{what} {asked} was asked for and the answer says that it is {what} {told}: {hint}"
        )));
    }
    let mut firsts = page.page.words.iter().filter(|word| word.role == Role::First);
    let is_by_number = page.point.ask.way == Way::Page && page.is_first();
    if is_by_number && firsts.any(|word| word.value == false) {
        return Some(fail(format!(
            "page {} was asked for and the answer says that it is not the first: {FROM_0}",
            page.asker.pagination.first().unwrap_or_default()
        )));
    }
    (!goes_on(page, before, told.is_some())).then(|| Step::Fail(Fault::to_declare(again(page))))
}

/// Some servers repeat their last page under every number, and some name another cursor or link
/// in each answer: the same rows are the same page.
fn goes_on(page: &PageContext<'_>, before: u64, is_told: bool) -> bool {
    let way = page.asker.way();
    let is_new = way == Way::Link || way == Way::Cursor && !page.is_seen;
    let is_bounded = page.point.stale_pages < MOST_STALE_PAGES;
    match page.likeness {
        Likeness::None => true,
        Likeness::Overlap => false,
        Likeness::Same => way == Way::Link && is_bounded,
        Likeness::SameIds => is_new && is_bounded,
        // Nothing tells one row from the other.
        Likeness::Anonymous => {
            let is_missed = page.total().is_some_and(|total| before < total);
            is_missed || (is_new || is_told) && is_bounded
        }
    }
}

/// How a page shows that it is not the next one.
fn again(page: &PageContext<'_>) -> String {
    let parameter = page.parameter();
    match (page.likeness, page.asker.way()) {
        (Likeness::Overlap, Way::After) => format!(
            "the page begins with the last row of the page before: the parameter {parameter:?} includes the row that it names"
        ),
        (Likeness::Overlap, _) => "the page begins with the last row of the page before: rows were added on the way, or rows count from 1: then declare .starting_at(1)".to_owned(),
        (_, Way::Link) => format!(
            "{MOST_STALE_PAGES} pages in a row are the one before once more, under new links"
        ),
        (_, way) => {
            let advice = match (way, page.asker.may_be_in_body()) {
                (_, true) => " If it belongs into the body, declare .in_body()",
                (Way::Cursor, _) => "",
                _ => " A collection without pages is read with Pagination::single()",
            };
            format!(
                "the page is the one before once more: does the server know the parameter {parameter:?}?{advice}"
            )
        }
    }
}

/// The number or offset that was asked for, the one that the answer says, and what it is.
fn told_place(page: &PageContext<'_>) -> Option<(u64, u64, &'static str)> {
    let asked = page.point.ask.number()?;
    if page.point.ask.way == Way::Offset {
        return Some((asked, page.page.number(Role::Offset)?, "offset"));
    }
    let (path, told) = page.page.numbers(Role::PageNumber).next()?;
    // Spring counts from 0 there, whatever its parameter does.
    let is_from_0 = name_of(path) == "number" && told < asked;
    (!is_from_0 || asked - told > 1).then_some((asked, told, "page"))
}

/// What follows a good page.
pub(crate) fn next(page: &PageContext<'_>) -> Step {
    if let Some(error) = &page.page.error {
        return fail(format!("the answer has an error beside its rows: {error}"));
    }
    if let Some(word) = page.page.words.iter().find(|word| word.says_incomplete()) {
        let path = &word.path;
        return fail(format!(
            "the answer has {path} = {}, which says that rows are missing in it: ask for less at once; if it means something else, declare .ignoring({path:?})",
            word.value
        ));
    }
    match (&page.asker.pagination.strategy, page.exceeded()) {
        // Rows that come again and again, changed a little, are not asked for without end.
        (_, Some(most)) if page.word_for_more().is_none() => Step::End(Proof::Total(most)),
        (Strategy::Single, _) => end(page, Proof::Single),
        _ if page.asker.way().counts() => counted(page),
        _ => named(page),
    }
}

/// The end, unless the answer contradicts it. Whether a total is reached is held against all
/// that the walk has seen.
fn end(page: &PageContext<'_>, proof: Proof) -> Step {
    advice::contradiction(page).map_or(Step::End(proof), Step::Fail)
}

fn fail(message: impl Into<String>) -> Step {
    Step::Fail(Fault::new(message))
}

/// Where the answer itself names what comes next: by a link or a cursor.
fn named(page: &PageContext<'_>) -> Step {
    let ask = match &page.following {
        None => return unnamed(page),
        Some(Err(why)) => return Step::Fail(Fault::to_declare(why.to_string())),
        Some(Ok(ask)) => ask,
    };
    let is_empty = page.rows == 0;
    // Beside a cursor a word ends the walk; a link is followed once more, to a page that says
    // so again.
    let is_cursor = ask.way == Way::Cursor && !page.is_missed();
    // That another link or cursor is not there says nothing beside this one.
    let word = page.end_word().filter(|word| !matches!(word.role, Role::Next | Role::Cursor));
    let is_over = is_empty && (page.is_seen || page.asker.pagination.is_until_empty);
    match (word, page.reached()) {
        (Some(word), _) if is_empty || is_cursor || page.is_seen => {
            Step::End(Proof::Word(word.path.clone()))
        }
        _ if is_over => Step::End(Proof::EmptyPage),
        (_, Some(total)) if page.is_seen => Step::End(Proof::Total(total)),
        _ if page.is_seen => fail(match ask.way {
            Way::Link => "the next link leads to a page that was read before".to_owned(),
            _ => format!(
                "the cursor came before: does the server know the parameter {:?}?",
                page.parameter()
            ),
        }),
        _ => after_empty(page).unwrap_or_else(|| Step::Ask(ask.clone())),
    }
}

/// A page that names nothing next.
fn unnamed(page: &PageContext<'_>) -> Step {
    let strategy = &page.asker.pagination.strategy;
    let is_list = page.rows > 0 && page.page.names.is_empty();
    let proof = match (strategy, strategy.source()) {
        (_, Some(Source::Member(path))) if is_list => {
            return Step::Fail(Fault::to_declare(format!(
                "the answer is a list, and has no place for {path}: declare how the next page is asked for"
            )));
        }
        _ if page.rows == 0 => Some(Proof::EmptyPage),
        (_, Some(source)) => Some(Proof::Declared(source.to_string())),
        (Strategy::LinkHeader, _) => Some(Proof::Declared("the Link header".into())),
        _ => undeclared(page),
    };
    match proof {
        Some(proof) => end(page, proof),
        None => Step::Fail(advice::contradiction(page).unwrap_or_else(|| advice::unproved(page))),
    }
}

/// By what a page is known to be the last where nothing was declared.
fn undeclared(page: &PageContext<'_>) -> Option<Proof> {
    let is_link = page.point.ask.way == Way::Link;
    let target = page.page.empty_link_place.clone();
    // The total of a first page may be the page's own count; in a header nobody puts that.
    let in_header = page.page.numbers(Role::Total).any(|(path, _)| path.starts_with("header:"));
    let is_short = page.size().map_or(in_header, |size| page.rows < size);
    let total = page.reached().filter(|total| !page.is_first() || is_short && !is_round(*total));
    let word = page.end_word().map(|word| Proof::Word(word.path.clone()));
    word.or_else(|| page.page_count().map(Proof::PageCount))
        .or_else(|| total.map(Proof::Total))
        .or_else(|| is_link.then(|| Proof::NoLink("the answer".into())))
        .or_else(|| target.map(Proof::NoLink))
}

/// Filters may leave pages empty, but not for ever.
fn after_empty(page: &PageContext<'_>) -> Option<Step> {
    if page.rows > 0 || page.point.stale_pages < MOST_STALE_PAGES {
        return None;
    }
    let path = page.word_for_more().map_or("the answer", |word| &word.path);
    Some(match page.reached().filter(|total| *total > 0) {
        Some(total) => Step::End(Proof::Total(total)),
        None => fail(format!(
            "{MOST_STALE_PAGES} pages in a row were empty, and {path} still says that there is more; if it always does, declare .ignoring({path:?})"
        )),
    })
}

/// Pages that are asked for by counting on.
fn counted(page: &PageContext<'_>) -> Step {
    if let Some(size) = page.capped() {
        let rows = page.rows;
        let parameter = page.asker.pagination.page_size_parameter().unwrap_or_default();
        return Step::Fail(Fault::to_declare(format!(
            "each page has {rows} rows, and {size} were asked for: the steps of {size} leave rows out if the server gives no more: declare .with_page_size({parameter:?}, {rows})"
        )));
    }
    let (says_more, count) = (page.word_for_more().is_some(), page.page_count());
    let is_counted_on = count.is_some_and(|count| page.point.number < count);
    if page.rows == 0 && !says_more {
        return after_filtered(page).unwrap_or_else(|| counted_empty(page));
    }
    if says_more || is_counted_on {
        return after_empty(page).unwrap_or_else(|| go_on(page));
    }
    if let Some(count) = count {
        // Many servers refuse a page beyond.
        return end(page, Proof::PageCount(count));
    }
    if page.is_missed() {
        return go_on(page);
    }
    if let Some(word) = page.end_word() {
        return end(page, Proof::Word(word.path.clone()));
    }
    // It may be the page's own count, or a cap.
    let is_full = page.size().map_or(page.is_first(), |size| page.rows >= size);
    match page.reached() {
        Some(total) if !is_full && !is_round(total) => end(page, Proof::Total(total)),
        _ => go_on(page),
    }
}

/// The server may have left out all rows of a page that steps go by.
fn after_filtered(page: &PageContext<'_>) -> Option<Step> {
    let is_filtered = page.asker.pagination.steps_by_size
        && page.reached().is_none()
        && page.end_word().is_none();
    (is_filtered && page.point.stale_pages < MOST_STALE_PAGES).then(|| go_on(page))
}

fn counted_empty(page: &PageContext<'_>) -> Step {
    let number = page.point.number;
    let before = page.point.counted_pages.filter(|_| !page.point.is_partial);
    let counted = page.page_count().or(before).filter(|count| *count >= number);
    match counted {
        Some(count) if count > 1 => {
            let is_from_1 = page.asker.pagination.first() == Some(1);
            let hint = if is_from_1 { format!(": {FROM_0}") } else { String::new() };
            fail(format!("page {number} of {count} pages is empty{hint}"))
        }
        _ => end(page, Proof::EmptyPage),
    }
}

/// The next number, offset or row.
fn go_on(page: &PageContext<'_>) -> Step {
    match &page.following {
        Some(Err(why)) => Step::Fail(Fault::to_declare(why.to_string())),
        Some(Ok(ask)) if !page.is_seen => Step::Ask(ask.clone()),
        _ => fail(format!(
            "there is more, and nothing to ask for it by: does the server know the parameter {:?}? If it filters pages after they were cut, declare with_page_size and .stepping_by_size()",
            page.parameter()
        )),
    }
}

/// Servers cap totals at such numbers.
fn is_round(total: u64) -> bool {
    total > 0 && total.is_multiple_of(1000)
}

/// After as many pages without anything new, one after the other, no walk goes on.
const MOST_STALE_PAGES: u32 = 10;
pub(crate) const FROM_0: &str = "does the API count from 0? Then declare .starting_at(0)";
const FROM_1: &str = "does the API count from 1? Then declare .starting_at(1)";
