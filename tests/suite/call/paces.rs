//! A pace: calls wait for their turn, clones and processes keep one pace together.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Clock, Event, FileStore, MemoryStore, Pace, Request, RetryPolicy, WaitReason};

use crate::support::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn calls_wait_for_their_turn_and_say_so() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(2)));
    let (client, events) = observed(client);
    (0..5).for_each(|_| drop(client.get("/a").unwrap()));
    assert_eq!(clock.sleeps(), [MINUTE, MINUTE]);
    assert_eq!(client.stats().waited, 2 * MINUTE);
    let events = events.lock().unwrap();
    let reasons: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { reason: WaitReason::Pace(pace), .. } => {
                assert_eq!(*pace, Pace::per_minute(2));
                Some(event.to_string())
            }
            _ => None,
        })
        .collect();
    let host = &server.url("")[7..];
    let line = format!(
        "waiting 60 s before attempt 1 of GET {host}/a: the pace of this client is 2 calls in 60 s"
    );
    assert_eq!(reasons, [line.clone(), line]);
}

#[test]
fn every_attempt_counts_and_a_token_does_not() {
    let server = Server::with_api([reply(401, ""), reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(1)));
    client.get("/a").unwrap();
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (2, 2));
    assert_eq!(clock.sleeps(), [MINUTE]);
}

#[test]
fn of_several_paces_the_slowest_counts() {
    let server = Server::with_api([]);
    let client = server.client().with_pace(Pace::per_second(2)).with_pace(Pace::per_minute(3));
    let (client, clock) = on_manual_clock(client);
    (0..4).for_each(|_| drop(client.get("/a").unwrap()));
    assert_eq!(clock.sleeps(), [secs(1), secs(59)]);
}

#[test]
fn a_turn_that_does_not_fit_into_the_deadline_is_an_error_at_once_and_takes_no_room() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(1)));
    client.get("/a").unwrap();
    let hasty = RetryPolicy::default().with_deadline(secs(20));
    for _ in 0..3 {
        let error = client.send(Request::get("/a").with_retry_policy(hasty)).unwrap_err();
        let said = "not sent: the pace of 1 calls in 60 s has no room for another 60 s, which does not fit into the 20 s left of the call's deadline (RetryPolicy::with_deadline)";
        assert!(error.to_string().ends_with(said), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::NotSent));
    }
    assert!(clock.sleeps().is_empty());
    client.get("/a").unwrap();
    assert_eq!(clock.sleeps(), [MINUTE]);
}

#[test]
fn clones_keep_one_pace() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(4)));
    let began = clock.monotonic();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let client = client.clone();
            thread::spawn(move || (0..4).for_each(|_| drop(client.get("/a").unwrap())))
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(server.api_requests().len(), 12);
    // The last of twelve goes two minutes after the first, on a clock that all move.
    assert!(clock.monotonic() - began >= 2 * MINUTE);
}

#[test]
fn programs_that_share_a_store_keep_one_pace() {
    let server = Server::with_api([]);
    let folder = format!("{}/paces", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_dir_all(&folder);
    let shared = Arc::new(MemoryStore::new());
    let program = |at: u32| {
        let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(2)));
        let client = match at {
            0..4 => client.with_store(FileStore::at(&folder)),
            _ => client.with_store(shared.clone()),
        };
        client.get("/a").unwrap();
        clock.sleeps()
    };
    for first in [0, 4] {
        let sleeps: Vec<_> = (first..first + 4).map(program).collect();
        // Each has a clock of its own, which stands where all began.
        assert_eq!(sleeps, [vec![], vec![], vec![MINUTE], vec![MINUTE]], "{first}");
    }
}

#[test]
fn a_call_elsewhere_is_not_paced() {
    let server = Server::with_api([]);
    let elsewhere = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_minute(1)));
    for _ in 0..3 {
        client.send(Request::get(elsewhere.url("/x")).without_token()).unwrap();
    }
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_pace_of_nothing_is_a_mistake() {
    let server = Server::with_api([]);
    for pace in [Pace::per_minute(0), Pace::new(1, Duration::ZERO)] {
        let error = server.client().with_pace(pace).get("/a").unwrap_err();
        assert_eq!(error.to_string(), "a pace of no calls, or of no time, lets no call through");
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    assert!(server.api_requests().is_empty());
}

/// A server that refuses what comes too early, by its own clock.
fn strict(
    allows: impl Fn(Duration) -> bool + Send + Sync + 'static,
    clock: unattended::ManualClock,
) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 100_000),
        _ if allows(clock.monotonic()) => reply(200, "{}"),
        _ => reply(429, "{}"),
    })
}

#[test]
fn servers_of_each_kind_refuse_none_of_a_thousand_calls() {
    use std::sync::Mutex;
    // No burst at all, as nginx has it without `burst`.
    let even = |last: Mutex<Option<Duration>>| {
        move |now: Duration| {
            let mut last = last.lock().unwrap();
            let ok = last.is_none_or(|last| now - last >= Duration::from_millis(200));
            *last = Some(now);
            ok
        }
    };
    // A window that begins again with each request that is allowed, as better-auth has it.
    let restarting = |state: Mutex<(Duration, u32)>| {
        move |now: Duration| {
            let mut state = state.lock().unwrap();
            let count = if now - state.0 > MINUTE { 0 } else { state.1 };
            let ok = count < 25;
            if ok {
                *state = (now, count + 1);
            }
            ok
        }
    };
    // At most 25 in any minute.
    let sliding = |log: Mutex<Vec<Duration>>| {
        move |now: Duration| {
            let mut log = log.lock().unwrap();
            log.retain(|at| now - *at < MINUTE);
            log.push(now);
            log.len() <= 25
        }
    };
    let clock = unattended::ManualClock::new();
    let servers = [
        (strict(even(Mutex::default()), clock.clone()), Pace::per_second(5).evenly()),
        (strict(restarting(Mutex::default()), clock.clone()), Pace::per_minute(25).restarting()),
        (strict(sliding(Mutex::default()), clock.clone()), Pace::per_minute(25)),
    ];
    for (server, pace) in servers {
        let client = server.client().with_clock(clock.clone()).with_pace(pace);
        let never = RetryPolicy::default().with_retries(0);
        for number in 0..1_000 {
            clock.advance(Duration::from_millis(number % 7));
            let answer = client.send(Request::get("/a").with_retry_policy(never));
            assert!(answer.is_ok(), "{pace}, call {number}: {answer:?}");
        }
    }
}
