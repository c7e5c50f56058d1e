//! Whether a page is the one that was asked for, and what follows it: decided without IO.

use crate::event::Proof;
use crate::pages::advice;
use crate::pages::ask::Ask;
use crate::pages::context::{Fault, PageContext, Step};
use crate::pages::repeat::Likeness;
use crate::pages::words::Role;
use crate::provider::pagination::{Source, Strategy};

/// Why the rows of a page are not delivered: it is not the one that was asked for, or the one
/// before once more. `None` for a good page.
pub(crate) fn refuse(page: &PageContext<'_>, likeness: Likeness) -> Option<Step> {
    let is_over = page.total().filter(|total| page.delivered - page.rows >= *total);
    // A server may give its last page for any beyond.
    if let (Some(total), true) = (is_over, likeness != Likeness::None) {
        return Some(Step::End(Proof::Total(total)));
    }
    let parameter = page.parameter();
    let told = told_place(page);
    if let Some((asked, told, what)) = told.filter(|(asked, told, _)| asked != told) {
        let is_from_0 = page.is_first() && told == 0 && asked == 1;
        let knows = format!("does the server know the parameter {parameter:?}?");
        let hint = if is_from_0 { FROM_0 } else { &knows };
        return Some(fail(format!(
            "{what} {asked} was asked for and the answer says that it is {what} {told}: {hint}"
        )));
    }
    let mut firsts = page.page.words.iter().filter(|word| word.role == Role::First);
    let is_by_number = matches!(page.point.ask, Ask::Page(_)) && page.is_first();
    if is_by_number && firsts.any(|word| word.value == false) {
        return Some(fail(format!(
            "page {} was asked for and the answer says that it is not the first: {FROM_0}",
            page.pagination.first().unwrap_or_default()
        )));
    }
    // Some servers repeat their last page under every number, and some name another cursor in
    // each answer: the same rows are the same page. Links are asked once each.
    let is_by_cursor = matches!(page.pagination.strategy, Strategy::Cursor(..));
    let goes_on = match likeness {
        _ if page.pagination.strategy.follows_links() => true,
        Likeness::None => true,
        Likeness::Same => false,
        Likeness::SameIds => is_by_cursor && !page.is_seen,
        // Nothing tells one row from the other.
        Likeness::Anonymous => {
            let is_told = told.is_some() && page.repeats < MOST_EMPTY_PAGES;
            is_by_cursor && !page.is_seen || page.total().is_some() || is_told
        }
    };
    if goes_on {
        return None;
    }
    Some(Step::Fail(Fault::to_declare(format!(
        "the page is the one before once more: does the server know the parameter {parameter:?}? A collection without pages is read with Pagination::single()"
    ))))
}

/// The number or offset that was asked for, the one that the answer says, and what it is.
fn told_place(page: &PageContext<'_>) -> Option<(u64, u64, &'static str)> {
    let told = |role: Role| page.page.numbers(role).next();
    match page.point.ask {
        Ask::Page(asked) => {
            let (path, told) = told(Role::PageNumber)?;
            // Spring counts from 0 there, whatever its parameter does.
            let is_from_0 = path.rsplit('.').next() == Some("number") && told < asked;
            (!is_from_0 || asked - told > 1).then_some((asked, told, "page"))
        }
        Ask::Offset(asked) => Some((asked, told(Role::Offset)?.1, "offset")),
        _ => None,
    }
}

pub(crate) fn next(page: &PageContext<'_>) -> Step {
    match &page.pagination.strategy {
        Strategy::Single => end(page, Proof::Single),
        strategy if strategy.counts() => counted(page),
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
    let ask = match &page.named {
        None => return unnamed(page),
        Some(Err(why)) => return Step::Fail(Fault::to_declare(why.as_str())),
        Some(Ok(ask)) => ask,
    };
    let is_empty = page.rows == 0;
    // Beside a cursor a word ends the walk; a link is followed once more, to a page that says
    // so again.
    let is_cursor = matches!(ask, Ask::Cursor(_)) && !page.is_missed();
    // That another link or cursor is not there says nothing beside this one.
    let word = page.end_word().filter(|word| !matches!(word.role, Role::Next | Role::Cursor));
    let is_over = is_empty && (page.is_seen || page.pagination.is_until_empty);
    match (word, page.reached()) {
        (Some(word), _) if is_empty || is_cursor || page.is_seen => {
            Step::End(Proof::Word(word.path.clone()))
        }
        _ if is_over => Step::End(Proof::EmptyPage),
        (_, Some(total)) if page.is_seen => Step::End(Proof::Total(total)),
        _ if page.is_seen => fail(match ask {
            Ask::Link(_) => "the next link leads to a page that was read before".to_owned(),
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
    let is_list = page.rows > 0 && page.page.names.is_empty();
    if let (
        Strategy::NextLink(Source::Member(path)) | Strategy::Cursor(_, Source::Member(path)),
        true,
    ) = (&page.pagination.strategy, is_list)
    {
        return Step::Fail(Fault::to_declare(format!(
            "the answer is a list, and has no place for {path}: declare how the next page is asked for"
        )));
    }
    let proof = match &page.pagination.strategy {
        _ if page.rows == 0 => Some(Proof::EmptyPage),
        Strategy::NextLink(path) => Some(Proof::Declared(path.to_string())),
        Strategy::Cursor(_, source) => Some(Proof::Declared(source.to_string())),
        Strategy::LinkHeader => Some(Proof::Declared("the Link header".into())),
        _ => undeclared(page),
    };
    match proof {
        Some(proof) => end(page, proof),
        None => Step::Fail(advice::contradiction(page).unwrap_or_else(|| advice::unproved(page))),
    }
}

/// By what a page is known to be the last where nothing was declared.
fn undeclared(page: &PageContext<'_>) -> Option<Proof> {
    let is_link = matches!(page.point.ask, Ask::Link(_));
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
    if page.empty_pages < MOST_EMPTY_PAGES {
        return None;
    }
    let path = page.word_for_more().map_or("the answer", |word| &word.path);
    Some(match page.reached() {
        Some(total) => Step::End(Proof::Total(total)),
        None => fail(format!(
            "{MOST_EMPTY_PAGES} pages in a row were empty, and {path} still says that there is more; if it always does, declare .ignoring({path:?})"
        )),
    })
}

/// Pages that are asked for by counting on.
fn counted(page: &PageContext<'_>) -> Step {
    let (says_more, count) = (page.word_for_more().is_some(), page.page_count());
    let is_counted_on = count.is_some_and(|count| page.point.number < count);
    if page.rows == 0 && !says_more {
        return counted_empty(page);
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

fn counted_empty(page: &PageContext<'_>) -> Step {
    let number = page.point.number;
    let counted = page.page_count().or(page.counted_pages).filter(|count| *count >= number);
    match counted {
        Some(count) if count > 1 => {
            let is_from_1 = page.pagination.first() == Some(1);
            let hint = if is_from_1 { format!(": {FROM_0}") } else { String::new() };
            fail(format!("page {number} of {count} pages is empty{hint}"))
        }
        _ => end(page, Proof::EmptyPage),
    }
}

/// The next number, offset or row.
fn go_on(page: &PageContext<'_>) -> Step {
    let next = match (&page.point.ask, &page.named) {
        (Ask::Page(number), _) => number.checked_add(1).map(Ask::Page),
        (Ask::Offset(offset), _) => {
            let size = page.asked_size.filter(|_| page.pagination.steps_by_size);
            let next = offset.checked_add(size.unwrap_or(page.rows));
            next.filter(|next| next > offset).map(Ask::Offset)
        }
        (_, Some(Err(why))) => return Step::Fail(Fault::to_declare(why.as_str())),
        (_, Some(Ok(ask))) if !page.is_seen => Some(ask.clone()),
        _ => None,
    };
    next.map_or_else(
        || {
            fail(format!(
                "there is more, and nothing to ask for it by: does the server know the parameter {:?}? If it filters pages after they were cut, declare with_page_size and .stepping_by_size()",
                page.parameter()
            ))
        },
        Step::Ask,
    )
}

/// Servers cap totals at such numbers.
fn is_round(total: u64) -> bool {
    total > 0 && total.is_multiple_of(1000)
}

/// After as many pages without anything new, one after the other, no walk goes on.
const MOST_EMPTY_PAGES: u32 = 10;
const FROM_0: &str = "do pages count from 0? Then declare .starting_at(0)";
