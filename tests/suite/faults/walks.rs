//! Every fault met by a walk over pages, on the manual clock: each row once, and an end that
//! is either complete or an error.

use super::calls::*;
use super::stage::*;
use super::*;
use crate::support::*;

/// The rows of a walk, and the error that ended it.
fn walk(client: &unattended::Client) -> (Vec<usize>, Option<Error>) {
    let (mut rows, mut error) = (Vec::new(), None);
    for row in client.items::<usize>("/rows") {
        assert!(error.is_none(), "a row after the error");
        match row {
            Ok(row) => rows.push(row),
            Err(why) => error = Some(why),
        }
    }
    (rows, error)
}

fn on_second_page(_: usize, seen: Option<&Seen>) -> bool {
    seen.is_none_or(|seen| page_of(seen) == 2)
}

fn on_second_page_once(number: usize, seen: Option<&Seen>) -> bool {
    number == 0 && on_second_page(number, seen)
}

/// Each row once, from the first on, and all of them or an error.
fn check_promise(rows: &[usize], error: Option<&Error>) -> Result<(), String> {
    let all: Vec<usize> = (0..PAGES * ROWS).collect();
    if !all.starts_with(rows) {
        return Err(format!("the rows {rows:?}"));
    }
    match (error, rows.len() == all.len()) {
        (None, false) => Err(format!("a silent end after {rows:?}")),
        _ => Ok(()),
    }
}

#[test]
fn a_walk_that_meets_a_fault_on_its_second_page_is_complete_or_an_error() {
    for_all(|fault| {
        let stage = Stage::new(fault, on_second_page);
        let (client, _) = on_manual_clock(api_client(fault, &stage));
        let (client, events) = observed(client);
        let (rows, error) = walk(&client);
        check_promise(&rows, error.as_ref())?;
        check_clean(&error.as_ref().map_or(Ok(()), |_| Ok(())), &events.lock().unwrap())?;
        if fault.is_before_requests() && fault.get.0 == Come::Right {
            return Ok(());
        }
        let delivered = if fault.is_before_requests() { 0 } else { ROWS };
        match (fault.get.0, error) {
            (Come::Right, None) => Ok(()),
            // What can be read of a page is handed out before the error; no rows, where
            // some were promised, are one as well.
            (Come::Odd, Some(Error::Decode(_) | Error::Incomplete(_)))
                if rows.len() >= delivered =>
            {
                Ok(())
            }
            (expected, Some(error)) => {
                let result: Result<(), Error> = Err(error);
                check_clean(&result, &[])?;
                let come = Come::of(&result, |()| true);
                match come == expected && rows.len() == delivered {
                    true => Ok(()),
                    false => Err(format!("{rows:?}, not {expected:?}: {result:?}")),
                }
            }
            (expected, None) => Err(format!("{rows:?}, not {expected:?}")),
        }
    });
}

#[test]
fn a_walk_that_meets_a_passing_fault_delivers_every_row_once() {
    for_all(|fault| {
        if fault.refuses_connections() {
            return Ok(());
        }
        let stage = Stage::new(fault, on_second_page_once);
        let (client, _) = on_manual_clock(api_client(fault, &stage));
        let (rows, error) = walk(&client);
        check_promise(&rows, error.as_ref())?;
        let is_stray = fault.is_before_requests() && fault.get.0 == Come::Right;
        let is_survived = (fault.get.0 == Come::Right && !is_stray) || fault.get.1 > 1;
        match is_survived == error.is_none() {
            true => Ok(()),
            false => Err(format!("{rows:?}: {error:?}")),
        }
    });
}
