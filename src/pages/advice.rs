//! What to declare, where an answer shows that the way to page is another one.

use std::mem::discriminant;

use serde_json::Value;

use crate::pages::context::{Fault, PageContext};
use crate::pages::envelope::{LINK_HEADER, Word, name_of};
use crate::pages::words::{Role, is_link, link_text};
use crate::provider::pagination::{Pagination, Strategy};

/// Why a walk cannot be over at a page.
pub(crate) fn contradiction(page: &PageContext<'_>) -> Option<Fault> {
    if let Some(word) = page.word_for_more() {
        return Some(unread(page, word));
    }
    let counts = page.page.numbers(Role::Count).max_by_key(|(_, count)| *count);
    let seen = match (page.page_count(), counts) {
        (Some(count), _) if count > page.point.number => format!("the answer counts {count} pages"),
        (_, Some((path, count))) if count > page.delivered() => {
            format!("the answer has {path} = {count}, which is more than came")
        }
        _ => return None,
    };
    Some(advise(&seen, by_counting(page)))
}

/// A word says that there is more, and the way to page does not read it.
fn unread(page: &PageContext<'_>, word: &Word) -> Fault {
    let seen = format!("the answer has {}, which says that there is more", shown(word));
    let mut fault = advise(&seen, for_word(page, word).unwrap_or_else(|| by_counting(page)));
    if page.asker.pagination.strategy != Strategy::Detect {
        let path = &word.path;
        fault
            .message
            .push_str(&format!("; if it means something else, declare .ignoring({path:?})"));
    }
    fault
}

/// Nothing says whether there is more.
pub(crate) fn unproved(page: &PageContext<'_>) -> Fault {
    let mut hints = page.page.words.iter().filter(|word| word.role == Role::Hint);
    let hint = hints.find(|word| word.value.is_string() || word.value.is_number());
    let counting = by_counting(page);
    let is_counted =
        [Role::Offset, Role::PageNumber, Role::Total].map(|role| page.page.number(role));
    let (seen, advice) = match (hint, page.total().filter(|_| page.is_missed())) {
        (_, Some(total)) => return advise(&format!("the server promises {total} rows"), counting),
        (Some(word), _) => (shown(word), Pagination::cursor(PARAMETER, &word.path)),
        _ if looks_like_page_size(page.rows) => (format!("{} rows", page.rows), counting.clone()),
        _ if is_counted.iter().any(Option::is_some) => ("what it counts".into(), counting.clone()),
        _ => ("rows alone".into(), counting.clone()),
    };
    let others = [
        counting,
        Pagination::offset(PARAMETER),
        Pagination::link_header(),
        Pagination::cursor(PARAMETER, "<member>"),
        Pagination::single(),
    ];
    let is_other =
        |other: &&Pagination| discriminant(&other.strategy) != discriminant(&advice.strategy);
    let others = others.iter().filter(is_other);
    let others: Vec<String> = others.map(|other| format!("{other:?}")).collect();
    let seen = format!("nothing in the answer shows whether this page is the last ({seen})");
    let mut fault = advise(&seen, advice);
    fault.message.push_str(&format!(", or what the API documents: {}", others.join(", ")));
    fault
}

fn advise(seen: &str, advice: Pagination) -> Fault {
    let when = match advice.strategy {
        Strategy::Cursor(..) => "if the next page is asked for with a parameter, ",
        _ => "",
    };
    let message = format!("{seen}: {when}declare {advice:?}");
    Fault { declare: Some(advice.to_string()), ..Fault::to_declare(message) }
}

/// Sizes that servers choose for their pages.
pub(crate) fn looks_like_page_size(rows: u64) -> bool {
    matches!(rows, 10 | 15 | 20 | 25 | 30 | 50 | 100 | 200 | 250 | 500 | 1_000)
}

/// By the place and the kind of a word for more.
fn for_word(page: &PageContext<'_>, word: &Word) -> Option<Pagination> {
    let cursor = |path: &str| Some(Pagination::cursor(PARAMETER, path));
    match (word.role, &word.value) {
        (Role::Next | Role::Cursor, value) if link_text(value).is_some_and(is_link) => {
            let is_header = word.path == LINK_HEADER;
            Some(if is_header {
                Pagination::link_header()
            } else {
                Pagination::next_link(&word.path)
            })
        }
        (Role::Next | Role::Cursor, Value::String(_) | Value::Number(_)) => cursor(&word.path),
        (Role::Next | Role::Cursor, Value::Object(map)) => {
            let scalars = map.iter().filter(|(_, value)| value.is_string() || value.is_number());
            let (name, _) = scalars.max_by_key(|(name, value)| {
                (Role::of(name) == Some(Role::Hint), value.is_string())
            })?;
            cursor(&format!("{}.{name}", word.path))
        }
        // A cursor in the same object, which stands on the last page as well.
        _ => {
            let folder = |path: &str| path.rsplit_once('.').map(|(folder, _)| folder.to_owned());
            let mut words = page.page.words.iter().filter(|other| other.role == Role::Hint);
            cursor(&words.find(|other| folder(&other.path) == folder(&word.path))?.path)
        }
    }
}

/// By the names that the answer has for numbers and offsets, which parameters often have too.
fn by_counting(page: &PageContext<'_>) -> Pagination {
    let word = |role: Role| page.page.numbers(role).next();
    let (pagination, first, usual) = match (word(Role::Offset), word(Role::PageNumber)) {
        (Some((path, first)), _) => (Pagination::offset(name_of(path)), first, 0),
        (None, Some((path, first))) => {
            let is_parameter = matches!(name_of(path), "page" | "page_number" | "pageNumber");
            let name = if is_parameter { name_of(path) } else { PARAMETER };
            (Pagination::page_numbers(name), first, 1)
        }
        (None, None) => return Pagination::page_numbers(PARAMETER),
    };
    let is_other = page.is_first() && first != usual && first < 2;
    if is_other { pagination.starting_at(first) } else { pagination }
}

/// A word with its value, as far as that may be shown: a link can hold what must not be.
fn shown(word: &Word) -> String {
    let value = match &word.value {
        Value::Number(_) | Value::Bool(_) => &word.value.to_string(),
        Value::String(_) => "…",
        _ => "{…}",
    };
    format!("{} = {value}", word.path)
}

/// Stands where only the API's documentation has the name.
const PARAMETER: &str = "<parameter>";
