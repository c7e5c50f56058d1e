//! Reading ahead changes nothing that comes out: random collections, ways to page and faults,
//! walked with and without.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use unattended::{ManualClock, Pagination};

use super::ahead::Overlapping;
use super::asked;
use crate::support::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Numbers,
    Offset,
    Cursor,
    Link,
    After,
}

const WAYS: [Way; 5] = [Way::Numbers, Way::Offset, Way::Cursor, Way::Link, Way::After];

/// What goes wrong at one page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    /// The first time that it is asked for.
    Once(u16),
    Always(u16),
    /// The first time, the connection is closed without an answer.
    Broken,
    NotJson,
    WrongRow,
    Empty,
    /// The page before once more.
    Again,
    OtherNumber,
    OtherTotal,
    /// It holds less than the others.
    Short,
    NoWords,
}

const FAULTS: [Fault; 19] = [
    Fault::None,
    Fault::None,
    Fault::Once(503),
    Fault::Once(429),
    Fault::Once(401),
    Fault::Always(404),
    Fault::Always(403),
    Fault::Always(500),
    Fault::Always(429),
    Fault::Broken,
    Fault::NotJson,
    Fault::WrongRow,
    Fault::Empty,
    Fault::Again,
    Fault::OtherNumber,
    Fault::OtherTotal,
    Fault::Short,
    Fault::Short,
    Fault::NoWords,
];

#[derive(Clone, Copy, Debug)]
struct Case {
    way: Way,
    rows: u64,
    size: u64,
    has_total: bool,
    has_pages: bool,
    fault: Fault,
    /// Counted from 0.
    faulty_page: u64,
}

impl Case {
    fn pagination(&self) -> Pagination {
        match self.way {
            Way::Numbers => Pagination::page_numbers("at"),
            Way::Offset => Pagination::offset("at"),
            Way::Cursor => Pagination::cursor("at", "next"),
            Way::Link => Pagination::next_link("next"),
            Way::After => Pagination::after_row("at", "id"),
        }
    }

    /// The row that a page begins with.
    fn first(&self, seen: &Seen) -> u64 {
        match (self.way, asked(seen, "at").map_or(0, |at| at.parse().unwrap())) {
            (Way::Numbers, page) => (page.max(1) - 1) * self.size,
            (_, row) => row,
        }
    }

    fn answer(&self, seen: &Seen, times: u64) -> Option<Reply> {
        let first = self.first(seen);
        let is_faulty = first / self.size == self.faulty_page;
        let fault = if is_faulty { self.fault } else { Fault::None };
        let (from, size) = match fault {
            Fault::Again => (first.saturating_sub(self.size), self.size),
            Fault::Short => (first, self.size.div_ceil(2)),
            Fault::Empty => (first, 0),
            _ => (first, self.size),
        };
        let end = (from + size).min(self.rows);
        let mut rows: Vec<Value> = (from..end).map(|row| json!({"id": row + 1})).collect();
        if let (Fault::WrongRow, Some(last)) = (fault, rows.last_mut()) {
            *last = json!("?");
        }
        let next = first + rows.len() as u64;
        let mut page = json!({"items": rows});
        let is_over = next >= self.rows;
        match self.way {
            Way::Cursor => page["next"] = if is_over { Value::Null } else { json!(next) },
            Way::Link if !is_over => page["next"] = json!(format!("{}?at={next}", seen.path())),
            Way::Link => page["next"] = Value::Null,
            Way::Numbers if fault == Fault::OtherNumber => page["page"] = json!(99),
            _ => {}
        }
        if self.has_total && fault != Fault::NoWords {
            page["total"] = json!(self.rows + u64::from(fault == Fault::OtherTotal));
        }
        if self.has_pages && self.way == Way::Numbers && fault != Fault::NoWords {
            page["total_pages"] = json!(self.rows.div_ceil(self.size));
        }
        let good = reply(200, page.to_string());
        match fault {
            Fault::Once(status) if times == 1 => Some(refusal(status)),
            Fault::Always(status) => Some(refusal(status)),
            Fault::Broken if times == 1 => None,
            Fault::NotJson => Some(reply(200, "{\"items\": [")),
            _ => Some(good),
        }
    }
}

fn refusal(status: u16) -> Reply {
    let refusal = reply(status, "{}");
    if status == 429 { refusal.header("retry-after", "1") } else { refusal }
}

/// xorshift64 (Marsaglia 2003), from a fixed seed: what fails, fails again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 1) % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// Plays one case after another, each under a path of its own: what is still under way of one
/// does not meet the next.
struct Stage {
    server: Overlapping,
    case: Arc<Mutex<(usize, Option<Case>)>>,
}

/// All that can be seen of a walk, step by step.
type Steps = Vec<String>;

impl Stage {
    fn new() -> Self {
        let case: Arc<Mutex<(usize, Option<Case>)>> = Arc::default();
        let (played, times) = (case.clone(), Mutex::new(HashMap::<String, u64>::new()));
        let server = Overlapping::start(move |seen| {
            let (number, case) = *played.lock().unwrap_or_else(PoisonError::into_inner);
            let case = case.filter(|_| seen.path() == format!("/rows/{number}"))?;
            let times = {
                let mut times = times.lock().unwrap();
                let times = times.entry(seen.target.clone()).or_default();
                *times += 1;
                *times
            };
            case.answer(seen, times)
        });
        Self { server, case }
    }

    /// What comes out, and what was asked for.
    fn walk(&self, case: Case, number: usize, ahead: usize) -> (Steps, Vec<String>) {
        *self.case.lock().unwrap() = (number, Some(case));
        self.server.seen.lock().unwrap().clear();
        let path = format!("/rows/{number}");
        let client = self.server.client().with_clock(ManualClock::new());
        let pagination = case.pagination();
        let mut items = client.items::<Row>(path.as_str()).with_pagination(pagination);
        items = items.with_read_ahead(ahead);
        let mut steps = Vec::new();
        while let Some(row) = items.next() {
            let row = row.map(|row| row.id).map_err(|error| error.to_string());
            let point = items.resume_point().map(|point| point.to_string());
            steps.push(format!("{row:?} {:?} {point:?}", items.progress()));
        }
        steps.push(format!("{:?}", items.progress()));
        let shown = |text: &String| text.replace(&path, "/rows").replace(&self.server.origin, "");
        let targets = self.server.targets();
        let is_own = |target: &&String| target.split('?').next() == Some(path.as_str());
        let targets = targets.iter().filter(is_own);
        (steps.iter().map(shown).collect(), targets.map(shown).collect())
    }
}

#[derive(Deserialize)]
struct Row {
    id: u64,
}

#[track_caller]
fn is_the_same_with_and_without(stage: &Stage, case: Case, number: &mut usize) {
    let mut walked = |ahead| {
        *number += 1;
        stage.walk(case, *number, ahead)
    };
    let (steps, targets) = walked(0);
    for ahead in [1, 4, 8] {
        let (steps_ahead, targets_ahead) = walked(ahead);
        let other = steps_ahead.iter().zip(&steps).find(|(with, without)| with != without);
        assert_eq!(other, None, "{ahead} ahead, {case:?}");
        assert_eq!(steps_ahead.len(), steps.len(), "{ahead} ahead, {case:?}");
        if case.fault == Fault::None {
            assert_eq!(targets_ahead, targets, "{ahead} ahead, {case:?}");
        }
    }
}

#[test]
fn rows_errors_totals_and_resume_points_are_those_of_a_walk_that_does_not_read_ahead() {
    let (stage, mut number) = (Stage::new(), 0);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..CASES {
        let case = Case {
            way: random.of(&WAYS),
            rows: random.below(30),
            size: 1 + random.below(5),
            has_total: random.below(2) == 0,
            has_pages: random.below(2) == 0,
            fault: random.of(&FAULTS),
            faulty_page: random.below(6),
        };
        is_the_same_with_and_without(&stage, case, &mut number);
    }
}

/// In a moment of a debug build.
const CASES: usize = 150;
