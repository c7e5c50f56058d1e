//! Where a walk ends: what the answers say, and what it makes of them. One table of answers and
//! ends, in parts: words and totals under numbered pages, words that only raise an alarm, the
//! last page of well-known APIs, walks without a declaration; and whole servers.

mod alarms;
mod apis;
mod numbered;
mod servers;
mod undeclared;

use serde_json::Value;
use unattended::Pagination;
use unattended::error::ErrorKind;

use super::{Stage, up_to};
use crate::support::*;

/// How a walk ends, after the rows 1, 2, 3, …
#[derive(Debug, Clone, Copy)]
enum End<'e> {
    /// By this proof, with one request for each page.
    By(&'e str),
    /// By whatever proof, without a request beyond the pages.
    Complete,
    /// With this error.
    Fails(&'e str),
    /// With some error.
    Stops,
    /// With an error whose text has this, after the first page: a setting is missing, this one.
    Asks(&'e str, &'e str),
}
use End::{Asks, By, Complete, Fails, Stops};

/// Answers, how many rows come of them, and how the walk ends.
type Case<'e> = (Vec<Reply>, u64, End<'e>);

/// Walks over the answers of each case. No walk that declares nothing ends in silence before
/// the rows that are there.
#[track_caller]
fn hold<'e>(paging: &Pagination, cases: impl IntoIterator<Item = Case<'e>>) {
    hold_at("items", paging, cases);
}

/// The same where rows are at another place.
#[track_caller]
fn hold_at<'e>(rows_at: &str, paging: &Pagination, cases: impl IntoIterator<Item = Case<'e>>) {
    let stage = Stage::new();
    let paging = paging.clone().with_rows_at(rows_at);
    let undeclared = Pagination::detect().with_rows_at(rows_at);
    for (pages, rows, end) in cases {
        check(&stage, &paging, &pages, rows, end);
        let outcome = stage.walk_values(&pages, &undeclared);
        let is_complete = ids(&outcome.rows) == up_to(rows);
        assert!(is_complete || outcome.error.is_some(), "undeclared: {pages:#?}\n{outcome:#?}");
    }
}

#[track_caller]
fn check(stage: &Stage, paging: &Pagination, pages: &[Reply], rows: u64, end: End) {
    let outcome = stage.walk_values(pages, paging);
    let told = format!("{paging:?}\n{pages:#?}\n{outcome:#?}");
    assert_eq!(ids(&outcome.rows), up_to(rows), "{told}");
    assert_eq!(outcome.error.is_none(), outcome.proof.is_some(), "{told}");
    assert!(outcome.events.is_empty() || matches!(end, Fails(_)), "{told}");
    let error = outcome.error.as_deref();
    match end {
        By(proof) => {
            assert_eq!(outcome.proof.as_deref(), Some(proof), "{told}");
            assert_eq!(outcome.requests, pages.len(), "{told}");
        }
        Complete => {
            assert_eq!(error, None, "{told}");
            assert!(outcome.requests <= pages.len(), "{told}");
        }
        Fails(expected) => assert_eq!(error, Some(expected), "{told}"),
        Stops => assert!(error.is_some(), "{told}"),
        Asks(expected, declare) => {
            assert!(error.is_some_and(|error| error.contains(expected)), "{told}");
            assert!(outcome.declare.as_deref().is_some_and(|it| it.contains(declare)), "{told}");
            let found = (outcome.class, outcome.requests);
            assert_eq!(found, (Some(ErrorKind::Configuration), 1), "{told}");
        }
    }
}

/// Pages of JSON.
macro_rules! pages {
    ($($page:tt),* $(,)?) => { vec![$(body(&json!($page))),*] };
}
use pages;

fn bare(rows: &str) -> Reply {
    reply(200, rows)
}

/// Rows are numbers, or objects with a number for their id.
fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row.get("id").unwrap_or(row).as_u64().unwrap()).collect()
}
