//! Pages that are asked for before their turn, by clones of the client on threads of their own.
//!
//! What comes ahead is a good answer or nothing: no wait, no retry, no token request. Where
//! nothing came, the walk asks in turn. So waits, tokens and errors are those of a walk that
//! does not read ahead, and no thread needs to be waited for.

use std::collections::VecDeque;
use std::thread::{self, JoinHandle};

use crate::client::Client;
use crate::pages::ask::Ask;
use crate::request::Request;
use crate::response::Response;

/// What came of a request: one that was not sent has not failed.
struct Outcome {
    answer: Option<Response>,
    is_sent: bool,
}

/// The answers that are under way, in the order of the walk.
#[derive(Default)]
pub(crate) struct Ahead {
    /// How many at most.
    most: usize,
    /// How many now: what failed may have been too much for the server.
    limit: usize,
    /// Pages since that changed.
    good: u32,
    /// Answers that were under way when one failed: more of these may fail for the same reason.
    suspects: usize,
    answers: VecDeque<(Ask, JoinHandle<Outcome>)>,
    /// The rows of the longest page.
    pub(crate) longest: u64,
    /// Offsets did not come as they were planned.
    is_uneven: bool,
}

impl Ahead {
    pub(crate) fn new(pages: usize) -> Self {
        let most = pages.min(MOST);
        Self { most, limit: most, ..Self::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.most > 0
    }

    /// The answer to `ask`, if it was asked for and came.
    pub(crate) fn take(&mut self, ask: &Ask) -> Option<Response> {
        let (_, answer) = self.answers.pop_front().filter(|(asked, _)| asked == ask)?;
        let (outcome, was_suspect) = (answer.join().ok(), self.suspects > 0);
        self.suspects = self.suspects.saturating_sub(1);
        let Outcome { answer, is_sent } = outcome?;
        if answer.is_none() && is_sent && !was_suspect {
            (self.limit, self.good, self.suspects) = (self.limit / 2, 0, self.answers.len());
        }
        answer
    }

    /// What to ask for now: `next`, and those that follow it by `step`, of so many pages that
    /// are `left`. What was asked for and does not fit is thrown away.
    pub(crate) fn plan(&mut self, next: &Ask, step: u64, left: u64) -> Vec<Ask> {
        if self.answers.front().is_some_and(|(asked, _)| asked != next) {
            self.clear();
            self.is_uneven = true;
        }
        self.good = self.good.saturating_add(1);
        if self.good >= RECOVERY && self.limit < self.most {
            (self.limit, self.good) = (self.limit + 1, 0);
        }
        let left = if self.is_uneven { 1 } else { usize::try_from(left).unwrap_or(usize::MAX) };
        let places = self.answers.len()..self.limit.min(left.max(1));
        places.map_while(|place| next.plus(step.checked_mul(place.try_into().ok()?)?)).collect()
    }

    /// Asks, and tells whether there is a thread for it.
    pub(crate) fn ask(&mut self, client: &Client, ask: Ask, request: Request) -> bool {
        let (helper, counters) = (client.clone(), client.caller.helpers.clone());
        let thread = thread::Builder::new().name("read-ahead".into()).spawn(move || {
            let answer = helper.answer_at_once(&request);
            counters.add(helper.stats());
            Outcome { answer, is_sent: helper.stats().requests > 0 }
        });
        let is_asked = thread.is_ok();
        self.answers.extend(thread.ok().map(|thread| (ask, thread)));
        is_asked
    }

    pub(crate) fn clear(&mut self) {
        self.answers.clear();
        self.suspects = 0;
    }
}

/// As many connections as are kept.
const MOST: usize = 64;
/// So many pages are good before one more is asked for ahead than when one failed.
const RECOVERY: u32 = 100;
