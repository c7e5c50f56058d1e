//! Thousands of calls by many clones at once: one token, one memory of what the server
//! asked for, no connection too many.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use unattended::{Client, Clock, ManualClock, RetryPolicy};

use crate::support::*;

/// A clock on which another clone is refused anew at the end of each of the first waits.
#[derive(Clone, Default)]
struct Unlucky {
    time: ManualClock,
    refusals_left: Arc<AtomicUsize>,
    other: Arc<OnceLock<Mutex<Client>>>,
}

impl Clock for Unlucky {
    fn now(&self) -> SystemTime {
        self.time.now()
    }

    fn monotonic(&self) -> Duration {
        self.time.monotonic()
    }

    fn sleep(&self, duration: Duration) {
        self.time.sleep(duration);
        let take = |left: usize| left.checked_sub(1);
        if self.refusals_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            self.other.get().unwrap().lock().unwrap().get("/busy").unwrap_err();
        }
    }
}

#[test]
fn a_wait_that_others_are_asked_for_again_and_again_is_kept_each_time() {
    let unlucky = Unlucky::default();
    unlucky.refusals_left.store(40, Ordering::SeqCst);
    let arrived: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let (clock, log) = (unlucky.time.clone(), arrived.clone());
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/busy" => reply(429, "").header("retry-after", "10"),
        _ => {
            log.lock().unwrap().push(clock.monotonic());
            reply(200, "{}")
        }
    });
    let client = server.client().with_clock(unlucky.clone());
    let impatient = RetryPolicy::default().with_retries(0);
    let other = client.clone().with_retry_policy(impatient);
    other.get("/busy").unwrap_err();
    unlucky.other.set(Mutex::new(other)).ok().unwrap();
    client.get("/x").unwrap();
    assert_eq!(server.api_requests().len(), 42);
    assert!(arrived.lock().unwrap()[0] >= secs(410), "{arrived:?}");
}

/// A clock on which no time passes: a mistake of the caller's.
struct Stuck;

impl Clock for Stuck {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + secs(1_800_000_000)
    }

    fn monotonic(&self) -> Duration {
        secs(1_000)
    }

    fn sleep(&self, _: Duration) {}
}

#[test]
fn a_wait_on_a_clock_that_stands_still_comes_to_an_end() {
    for busy in [TOKEN_PATH, "/x"] {
        let refuse_once = AtomicUsize::new(1);
        let server = Server::start(move |seen| match seen.path() {
            path if path == busy && refuse_once.swap(0, Ordering::SeqCst) == 1 => {
                reply(429, "").header("retry-after", "10")
            }
            TOKEN_PATH => token_reply("t", 3600),
            _ => reply(200, "{}"),
        });
        server.client().with_clock(Stuck).get("/x").unwrap();
        assert_eq!(server.seen().len(), 3);
    }
}
