//! The one door to real time in these tests. A limit of time is the socket's, so that no
//! manual clock can show it: a server is slow on purpose, by a few milliseconds.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// Runs `test` with the factor for all its times. A busy machine makes a server slower than it
/// means to be: then the test is made again at a slower pace. What is wrong by itself is
/// wrong at every pace.
pub fn at_some_pace(test: impl Fn(u32)) {
    let at = |pace| catch_unwind(AssertUnwindSafe(|| test(pace)));
    if let Err(panic) = first_ok(at) {
        resume_unwind(panic);
    }
}

/// What comes at the first pace at which it is no error, or else at the slowest.
pub fn first_ok<T, E>(at: impl Fn(u32) -> Result<T, E>) -> Result<T, E> {
    PACES.into_iter().map(&at).find(Result::is_ok).unwrap_or_else(|| at(SLOWEST))
}

/// What a machine with nothing else to do needs, and one with far too much.
const PACES: [u32; 2] = [1, 8];
const SLOWEST: u32 = 64;
/// More than anything takes that comes at all, on any machine: who waits for so long waits
/// for ever.
pub const FOR_EVER: Duration = Duration::from_secs(120);
