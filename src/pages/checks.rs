//! Whether a page is the one that was asked for. If not, its rows are not delivered.

use crate::pages::ask::Ask;
use crate::pages::context::{Fault, PageContext};
use crate::pages::identity::Likeness;

/// What a page is, compared to the one before.
pub(crate) enum Check {
    /// It is the one that was asked for.
    Good,
    /// It is the one before once more, and the walk was over there.
    WasOver,
    Wrong(Box<Fault>),
}

pub(crate) fn check(
    page: &PageContext<'_>,
    likeness: Likeness,
    number_shift: u64,
    is_doubted: bool,
) -> Check {
    let parameter = page.pagination.parameter().unwrap_or_default();
    let told = told_place(page, number_shift);
    if let Some((asked, told, what)) = told.filter(|(asked, told, _)| asked != told) {
        if is_doubted && likeness != Likeness::None {
            return Check::WasOver;
        }
        return wrong(Fault::new(format!(
            "{what} {asked} was asked for and the answer says it is {what} {told}: does the server know the parameter {parameter:?}?"
        )));
    }
    if let Ask::Page(number) = page.ask
        && page.position == 1
        && page.page.says_not_first()
    {
        return wrong(Fault::new(format!(
            "page {number} was asked for and the answer says that it is not the first: do pages count from 0? Then declare .starting_at(0)"
        )));
    }
    if likeness == Likeness::None || page.rows == 0 {
        return Check::Good;
    }
    if is_doubted {
        return Check::WasOver;
    }
    if told.is_some() || shows_progress(page, likeness) {
        return Check::Good;
    }
    if page.pagination.follows_links() {
        // Each link is followed once. That its rows came before says something only where
        // the total says that they were all.
        let is_over = page.total.is_some_and(|total| page.delivered - page.rows >= total);
        return if is_over { Check::WasOver } else { Check::Good };
    }
    wrong(Fault::to_declare(format!(
        "the page is identical to the one before: does the server know the parameter {parameter:?}? A collection without pages is read with Pagination::single()"
    )))
}

fn wrong(fault: Fault) -> Check {
    Check::Wrong(Box::new(fault))
}

/// A cursor that goes on, or a total that wants more rows where rows have nothing that tells
/// one from the other.
fn shows_progress(page: &PageContext<'_>, likeness: Likeness) -> bool {
    let has_cursor = matches!(page.cursor, Some(Ok(_))) && !page.is_seen;
    let is_wanted = page.total.is_some_and(|total| page.delivered <= total);
    has_cursor || is_wanted && likeness == Likeness::Anonymous
}

/// The number or offset that was asked for, and the one that the answer says.
fn told_place(page: &PageContext<'_>, number_shift: u64) -> Option<(u64, u64, &'static str)> {
    match page.ask {
        Ask::Page(asked) => {
            let (told, _) = page.page.page_number()?;
            Some((*asked, told.saturating_add(number_shift), "page"))
        }
        Ask::Offset(asked) => Some((*asked, page.page.offset()?, "offset")),
        _ => None,
    }
}
