//! What the example tells in the end.

use std::io::{BufWriter, Write};
use std::time::Duration;

use serde_json::Value;
use unattended::{Client, Stats};

use crate::failure::Failure;
use crate::walk::Walk;

/// One line for each, in their order; `promised` is how many there must be.
pub fn print(out: &mut impl Write, details: &[Value], promised: usize) -> Result<(), Failure> {
    if details.len() != promised {
        return Err(Failure::new(format!("{} of {promised} computers", details.len()), 65));
    }
    let mut out = BufWriter::new(out);
    let written = details.iter().try_for_each(|line| writeln!(out, "{line}"));
    let flushed = written.and_then(|()| out.flush());
    flushed.map_err(|error| Failure::new(format!("cannot write: {error}"), 73))
}

/// `list` is the client that read the list; its clones count for themselves.
pub fn summary(list: &Client, done: &Walk<Value>) {
    let all = list.stats() + done.stats.iter().copied().sum::<Stats>();
    let waits = done.stats.iter().filter(|stats| !stats.waited.is_zero()).count();
    eprintln!(
        "{} rows by {} threads in {:.2} s: tokens fetched {}, requests {}, sent again {}; {waits} threads waited, {:.2} s at most",
        done.results.len(),
        done.stats.len(),
        done.elapsed.as_secs_f64(),
        all.tokens_fetched,
        all.requests,
        all.retries,
        longest_wait(done).as_secs_f64(),
    );
}

/// Against one thread, which read fewer rows. The wait is the server's doing.
pub fn speed_up(many: &Walk<Value>, one: &Walk<Value>) {
    let rate = |walk: &Walk<Value>| {
        let busy = walk.elapsed.saturating_sub(longest_wait(walk));
        walk.results.len() as f64 / busy.as_secs_f64()
    };
    let (many, one) = (rate(many), rate(one));
    eprintln!(
        "{many:.0} rows a second without the wait, {one:.0} by one thread: {:.1} times",
        many / one
    );
}

fn longest_wait(done: &Walk<Value>) -> Duration {
    done.stats.iter().map(|stats| stats.waited).max().unwrap_or_default()
}
