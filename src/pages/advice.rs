//! What to declare, where an answer shows that the way to page is another one.

use serde_json::Value;

use crate::pages::context::{Fault, PageContext};
use crate::pages::envelope::Word;
use crate::pages::words::{Role, count, is_link, link_text};
use crate::pagination::{HEADER, Pagination, Strategy};

/// A word says that there is more, and the way to page does not read it.
pub(crate) fn unread(page: &PageContext<'_>, word: &Word) -> Fault {
    let place = place_of(word);
    if word.role == Role::Cut {
        return Fault::new(format!("the answer has {place}, which says that rows are missing"));
    }
    let seen = format!("the answer has {place}, which says that there is more");
    let advice = for_word(page, word);
    let text = match &advice {
        Some(advice) if is_cursor(advice) => {
            format!("if the next page is asked for with a parameter, declare {advice:?}")
        }
        Some(advice) => format!("declare {advice:?}"),
        None => "declare how the next page is asked for".to_owned(),
    };
    Fault { advice, ..Fault::to_declare(format!("{seen}: {text}{}", silencing(page, &word.path))) }
}

/// A number says that there is more.
pub(crate) fn counted(page: &PageContext<'_>, seen: &str) -> Fault {
    let advice = by_counting(page);
    let message = format!("{seen}: declare {advice:?}");
    Fault { advice: Some(advice), ..Fault::to_declare(message) }
}

/// Nothing says whether there is more.
pub(crate) fn unproved(page: &PageContext<'_>) -> Fault {
    if let Some(total) = page.total.filter(|_| page.is_missed()) {
        return counted(page, &format!("the server promises {total} rows"));
    }
    let rows = page.rows;
    let is_text = |word: &&Word| word.value.is_string() || word.value.is_number();
    let mut hints = page.page.words.iter().filter(|word| word.role == Role::Hint).filter(is_text);
    let by_counting = by_counting(page);
    let (seen, advice) = match hints.next() {
        Some(word) => {
            (format!("it has {}", place_of(word)), Pagination::cursor(PARAMETER, &word.path))
        }
        None if looks_like_page_size(rows) => {
            (format!("{rows} rows look like a page"), by_counting.clone())
        }
        None if names_count(page) => ("it counts rows or pages".into(), by_counting.clone()),
        None => ("nothing but rows".into(), Pagination::single()),
    };
    let others = [
        by_counting,
        Pagination::page_numbers(PARAMETER),
        Pagination::offset(PARAMETER),
        Pagination::link_header(),
        Pagination::cursor(PARAMETER, "<member>"),
        Pagination::single(),
    ];
    let mut others: Vec<String> =
        others.iter().filter(|other| **other != advice).map(|other| format!("{other:?}")).collect();
    others.dedup();
    let message = format!(
        "nothing in the answer shows whether this page is the last ({seen}): declare {advice:?}{}; or what else the API documents: {}",
        if advice == Pagination::single() { " if that is all" } else { "" },
        others.join(", ")
    );
    Fault { advice: Some(advice), ..Fault::to_declare(message) }
}

/// Whether the answer says which rows or which page it is.
fn names_count(page: &PageContext<'_>) -> bool {
    let mut words = page.page.words.iter();
    words.any(|word| matches!(word.role, Role::Offset | Role::PageNumber) && word.is_exact)
}

/// Sizes that servers choose for their pages.
pub(crate) fn looks_like_page_size(rows: u64) -> bool {
    matches!(rows, 10 | 20 | 25 | 50 | 100 | 200 | 250 | 500 | 1_000)
}

/// By the place and the kind of a word for more.
fn for_word(page: &PageContext<'_>, word: &Word) -> Option<Pagination> {
    if word.path == format!("{HEADER}link") {
        return word.value.is_string().then(Pagination::link_header);
    }
    match (&word.role, &word.value) {
        (Role::Next | Role::Cursor, Value::String(text)) if is_link(text) => {
            Some(Pagination::next_link(&word.path))
        }
        (Role::Next, Value::Object(_) | Value::Array(_))
            if link_text(&word.value).is_some_and(is_link) =>
        {
            Some(Pagination::next_link(&word.path))
        }
        (Role::Next | Role::Cursor, Value::String(_) | Value::Number(_)) => {
            Some(Pagination::cursor(PARAMETER, &word.path))
        }
        (Role::Next | Role::Cursor, Value::Object(map)) => {
            let is_scalar = |value: &&Value| value.is_string() || value.is_number();
            let texts = map.iter().filter(|(_, value)| is_scalar(value));
            let best = texts.max_by_key(|(name, value)| {
                (Role::of(name) == Some(Role::Hint), value.is_string())
            })?;
            Some(Pagination::cursor(PARAMETER, format!("{}.{}", word.path, best.0)))
        }
        (Role::More | Role::Last, _) => Some(match cursor_beside(page, word) {
            Some(path) => Pagination::cursor(PARAMETER, path),
            None => by_counting(page),
        }),
        _ => None,
    }
}

/// A cursor in the same object, which stands on the last page as well.
fn cursor_beside<'a>(page: &PageContext<'a>, word: &Word) -> Option<&'a str> {
    let folder = |path: &str| path.rsplit_once('.').map_or(String::new(), |(it, _)| it.to_owned());
    let mut hints =
        page.page.words.iter().filter(|other| {
            matches!(other.role, Role::Hint | Role::Cursor) && other.value.is_string()
        });
    hints.find(|other| folder(&other.path) == folder(&word.path)).map(|it| it.path.as_str())
}

/// By the names that the answer has for numbers and offsets, which parameters often have too.
fn by_counting(page: &PageContext<'_>) -> Pagination {
    let word = |role: Role| {
        let word = page.page.words.iter().find(|word| word.role == role && word.is_exact)?;
        Some((word.path.rsplit('.').next()?, count(&word.value)?))
    };
    let from = |pagination: Pagination, first: u64, usual: u64| match page.position == 1 {
        true if first != usual && first < 2 => pagination.starting_at(first),
        _ => pagination,
    };
    match (word(Role::Offset), word(Role::PageNumber)) {
        (Some((name, first)), _) => from(Pagination::offset(name), first, 0),
        (None, Some((name, first))) => {
            let is_parameter = matches!(name, "page" | "page_number" | "pageNumber");
            let name = if is_parameter { name } else { PARAMETER };
            from(Pagination::page_numbers(name), first, 1)
        }
        (None, None) => Pagination::page_numbers(PARAMETER),
    }
}

fn is_cursor(pagination: &Pagination) -> bool {
    matches!(pagination.strategy, Strategy::Cursor(..))
}

/// A word with its value, as far as that may be shown: a link can hold what must not be.
fn place_of(word: &Word) -> String {
    let value = match &word.value {
        Value::String(_) => "…".to_owned(),
        Value::Number(_) | Value::Bool(_) => word.value.to_string(),
        _ => "{…}".to_owned(),
    };
    format!("{} = {value}", word.path)
}

fn silencing(page: &PageContext<'_>, path: &str) -> String {
    match page.pagination.strategy {
        Strategy::Detect => String::new(),
        _ => format!("; if it means something else, declare .ignoring({path:?})"),
    }
}

/// Stands where only the API's documentation has the name.
const PARAMETER: &str = "<parameter>";
