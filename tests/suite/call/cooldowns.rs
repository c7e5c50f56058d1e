//! What a server asked for is remembered by the calls to come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};

use unattended::error::{Delivery, ErrorKind};
use unattended::{
    Client, Clock, Credentials, Event, ManualClock, Request, RetryPolicy, WaitReason,
};

use crate::support::*;

fn untold(path: &str) -> Request {
    Request::get(path).without_token()
}

/// A server that refuses everything below `/slow` and asks for a wait of `seconds`.
fn slow_server(seconds: u64) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        path if path.starts_with("/slow") => {
            reply(429, "").header("retry-after", seconds.to_string())
        }
        _ => reply(200, "{}"),
    })
}

/// Calls `/slow` without patience, so that the cooldown is left to others.
fn provoke(client: &Client) {
    let policy = RetryPolicy::default().with_retries(0);
    client.send(untold("/slow").with_retry_policy(policy)).unwrap_err();
}

#[test]
fn a_wait_that_fits_is_kept_by_every_later_call_to_the_origin() {
    for request in [untold("/slow/other"), untold("/x"), Request::post("/x").without_token()] {
        let server = slow_server(40);
        let (client, clock) = on_manual_clock(server.client());
        provoke(&client);
        clock.advance(secs(10));
        let policy = RetryPolicy::default().with_retries(0);
        let _ = client.send(request.with_retry_policy(policy));
        assert_eq!(clock.sleeps(), [secs(30)]);
        assert_eq!(server.seen().len(), 2);
    }
}

#[test]
fn the_wait_for_an_earlier_answer_says_so() {
    let server = slow_server(40);
    let (client, _clock) = on_manual_clock(server.client());
    let (client, events) = observed(client);
    provoke(&client);
    client.send(untold("/x")).unwrap();
    let events = events.lock().unwrap();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        events.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!(
            "waiting 40 s before attempt 1 of GET {host}/x: the server asked for it earlier (429 Too Many Requests)"
        )]
    );
    let Event::Waiting { reason: WaitReason::Remembered(answer), .. } = &events[0] else {
        panic!("{events:?}");
    };
    assert_eq!(answer.retry_after, Some(secs(40)));
}

#[test]
fn clones_keep_the_wait_with_a_jitter_after_it_and_never_before() {
    let server = slow_server(40);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    let mut jitters = Vec::new();
    for _ in 0..8 {
        let clone = client.clone();
        let before = clock.sleeps().len();
        clone.send(untold("/x")).unwrap();
        let waits = clock.sleeps().split_off(before);
        assert_eq!(waits.len(), 1);
        assert!(waits[0] >= secs(40) && waits[0] <= secs(41), "{waits:?}");
        jitters.push(waits[0]);
        provoke(&client);
    }
    jitters.dedup();
    assert!(jitters.len() > 4, "{jitters:?}");
}

#[test]
fn a_lone_client_waits_to_the_second() {
    let server = slow_server(40);
    let (client, clock) = on_manual_clock(server.client());
    drop(client.clone());
    provoke(&client);
    client.send(untold("/x")).unwrap();
    assert_eq!(clock.sleeps(), [secs(40)]);
}

#[test]
fn a_jitter_that_does_not_fit_is_left_out() {
    let server = slow_server(40);
    let deadline = secs(40) + Duration::from_millis(300);
    let policy = RetryPolicy::default().with_deadline(deadline);
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let clone = client.clone();
    for _ in 0..10 {
        provoke(&client);
        let before = clock.slept();
        // Rarely, what the jitter leaves is too short for the call itself.
        let _ = clone.send(untold("/x"));
        let slept = clock.slept() - before;
        assert!(slept >= secs(40) && slept < deadline, "{slept:?}");
    }
}

#[test]
fn a_wait_that_does_not_fit_fails_unsent_for_the_same_method_and_path_only() {
    let server = slow_server(7200);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    clock.advance(secs(200));
    let error = client.send(untold("/slow?page=2")).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/slow: 429 Too Many Requests; not sent: the wait that the server asked for has another 7000 s to run, and this call has 900 s left (RetryPolicy::with_deadline)"
        )
    );
    assert_eq!(error.retry_after(), Some(secs(7000)));
    assert_eq!((error.delivery(), error.kind()), (Delivery::NotSent, ErrorKind::Temporary));
    assert_eq!(server.seen().len(), 1);

    client.send(untold("/x")).unwrap();
    client.send(Request::post("/slow").without_token()).unwrap_err();
    assert_eq!(server.seen().len(), 3);
    client.send(Request::post("/slow").without_token()).unwrap_err();
    client.send(untold("/slow")).unwrap_err();
    assert_eq!(server.seen().len(), 3);
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_wait_that_did_not_fit_is_kept_by_every_call_once_it_fits() {
    for (later, waits) in [(0, vec![]), (6299, vec![]), (6301, vec![secs(899)]), (7200, vec![])] {
        let server = slow_server(7200);
        let (client, clock) = on_manual_clock(server.client());
        provoke(&client);
        // What is found out now does not hold for ever.
        (0..3).for_each(|_| drop(client.send(untold("/x")).unwrap()));
        clock.advance(secs(later));
        client.send(untold("/y")).unwrap();
        assert_eq!(clock.sleeps(), waits, "{later}");
    }
}

#[test]
fn a_call_with_a_longer_deadline_keeps_a_wait_that_others_need_not_keep() {
    let server = slow_server(7200);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    client.send(untold("/x")).unwrap();
    let patient = RetryPolicy::default().with_deadline(secs(3 * HOUR));
    client.send(untold("/x").with_retry_policy(patient)).unwrap();
    assert_eq!(clock.sleeps(), [secs(7200)]);
}

#[test]
fn a_path_that_is_refused_after_another_could_go_is_held_back() {
    let server = slow_server(7200);
    let (client, _) = on_manual_clock(server.client());
    provoke(&client);
    client.send(untold("/x")).unwrap();
    client.send(untold("/slow")).unwrap_err();
    client.send(untold("/slow/other")).unwrap_err();
    client.send(untold("/x")).unwrap_err();
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn of_several_waits_that_fit_the_longest_is_kept() {
    for waits in [["600", "30"], ["30", "600"]] {
        let server = Server::start(move |seen| match seen.path() {
            "/first" => reply(429, "").header("retry-after", waits[0]),
            "/second" => reply(429, "").header("retry-after", waits[1]),
            _ => reply(200, "{}"),
        });
        let (client, clock) = on_manual_clock(server.client());
        let hasty = RetryPolicy::default().with_deadline(secs(5));
        for path in ["/first", "/second"] {
            client.send(untold(path).with_retry_policy(hasty)).unwrap_err();
        }
        assert_eq!(server.seen().len(), 2);
        client.send(untold("/x")).unwrap();
        assert_eq!(clock.sleeps(), [secs(600)], "{waits:?}");
    }
}

#[test]
fn another_path_is_asked_once() {
    let server = slow_server(7200);
    let (client, _) = on_manual_clock(server.client());
    provoke(&client);
    for _ in 0..3 {
        client.send(untold("/slow/other")).unwrap_err();
        client.send(untold("/slow")).unwrap_err();
    }
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_server_that_refuses_two_paths_for_long_is_not_asked_by_any() {
    let waits = AtomicUsize::new(0);
    let server = Server::start(move |_| {
        let wait = 7200 - 600 * waits.fetch_add(1, Ordering::SeqCst);
        reply(429, "").header("retry-after", wait.to_string())
    });
    let other = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client());
    for path in ["/1", "/2", "/3", "/4"] {
        client.clone().send(untold(path)).unwrap_err();
    }
    assert_eq!(server.seen().len(), 2);
    let error = client.send(untold("/5")).unwrap_err();
    assert_eq!((error.delivery(), error.retry_after()), (Delivery::NotSent, Some(secs(6600))));
    // Its own wait is the one that a path is told.
    let own = client.send(untold("/1")).unwrap_err();
    assert_eq!((own.delivery(), own.retry_after()), (Delivery::NotSent, Some(secs(7200))));
    client.send(untold(&other.url("/x"))).unwrap();

    clock.advance(secs(6600));
    client.send(untold("/5")).unwrap_err();
    assert_eq!((server.seen().len(), clock.slept()), (3, secs(600)));
}

#[test]
fn two_paths_that_are_down_for_long_do_not_hold_back_the_others() {
    for status in [403, 503] {
        let server = Server::start(move |seen| match seen.path() {
            "/ok" => reply(200, "{}"),
            _ => reply(status, "").header("retry-after", "3600"),
        });
        let (client, _) = on_manual_clock(server.client());
        for path in ["/1", "/2"] {
            client.send(untold(path)).unwrap_err();
        }
        client.send(untold("/ok")).unwrap();
    }
}

#[test]
fn two_methods_of_one_path_that_are_refused_for_long_stand_for_all() {
    let server = slow_server(7200);
    let (client, _) = on_manual_clock(server.client());
    provoke(&client);
    client.send(Request::post("/slow").without_token()).unwrap_err();
    assert_eq!(client.send(untold("/x")).unwrap_err().delivery(), Delivery::NotSent);
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_clone_does_not_ask_again_what_was_refused_for_long() {
    let server = slow_server(7200);
    let (client, _) = on_manual_clock(server.client());
    provoke(&client);
    let error = client.clone().send(untold("/slow")).unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_cooldown_expires() {
    let server = slow_server(7200);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    clock.advance(secs(7199));
    client.send(untold("/x")).unwrap();
    assert_eq!(clock.sleeps(), [secs(1)]);
    client.send(untold("/x")).unwrap();
    client.send(untold("/slow")).unwrap_err();
    assert_eq!(clock.sleeps(), [secs(1)]);
    assert_eq!(server.seen().len(), 4);
}

#[test]
fn a_cooldown_ends_when_either_clock_says_so() {
    let server = slow_server(7200);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    // A laptop slept: only the wall clock moved.
    clock.set_now(clock.now() + secs(8000));
    client.send(untold("/x")).unwrap();
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_cooldown_is_per_origin() {
    let (slow, other) = (slow_server(40), Server::with_api([]));
    let (client, clock) = on_manual_clock(slow.client());
    provoke(&client);
    client.send(untold(&other.url("/slow"))).unwrap();
    assert!(clock.sleeps().is_empty());
    client.send(untold(&slow.url("/x"))).unwrap();
    assert_eq!(clock.sleeps(), [secs(40)]);
}

#[test]
fn the_api_s_cooldown_does_not_hold_back_the_token_endpoint() {
    for seconds in [40, 7200] {
        let server = slow_server(seconds);
        let (client, clock) = on_manual_clock(server.client());
        provoke(&client);
        client.access_token().unwrap();
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_short_cooldown_of_the_token_endpoint_s_does_not_hold_back_the_api() {
    let server = Server::with_scripts([reply(429, "").header("retry-after", "40")], []);
    let (client, clock) = on_manual_clock(server.client());
    let hasty = client.with_retry_policy(RetryPolicy::default().with_retries(0));
    hasty.get("/x").unwrap_err();
    hasty.send(untold("/x")).unwrap();
    assert!(clock.sleeps().is_empty());
    hasty.get("/x").unwrap();
    assert_eq!(clock.sleeps(), [secs(40)]);
}

#[test]
fn the_token_endpoint_s_cooldown_does_not_hold_back_the_api() {
    let refusal = reply(429, "").header("retry-after", "7200");
    let server = Server::with_scripts([refusal], []);
    let (client, clock) = on_manual_clock(server.client());
    client.get("/x").unwrap_err();
    client.send(untold("/x")).unwrap();
    let error = client.get("/y").unwrap_err();
    assert_eq!((error.delivery(), error.retry_after()), (Delivery::NotSent, Some(secs(7200))));
    let text = "/oauth/token: 429 Too Many Requests; not sent: the wait that the server asked for has another 7200 s to run, and this call has 900 s left (RetryPolicy::with_deadline)";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!(server.token_requests().len(), 1);
    assert!(clock.sleeps().is_empty());
    clock.advance(secs(7200));
    client.get("/x").unwrap();
}

#[test]
fn a_clone_keeps_the_token_endpoint_s_cooldown() {
    let refusal = reply(503, "").header("retry-after", "60");
    let server = Server::with_scripts([refusal], []);
    let (client, clock) = on_manual_clock(server.client());
    let hasty = client.clone().with_retry_policy(RetryPolicy::default().with_retries(0));
    hasty.get("/x").unwrap_err();
    client.get("/x").unwrap();
    assert!(clock.slept() >= secs(60) && clock.slept() <= secs(61), "{:?}", clock.sleeps());
}

#[test]
fn which_answers_are_cooldowns() {
    let cases = [429, 503, 500, 408, 403, 420, 430, 507, 520, 529].map(|status| (status, true));
    let others = [200, 201, 202, 204, 301, 304, 400, 404, 409, 423, 425, 501, 505];
    let others = others.map(|status| (status, false));
    for (status, is_cooldown) in cases.into_iter().chain(others) {
        let server =
            Server::with_api([reply(status, "").header("retry-after", "60"), reply(200, "")]);
        let (client, clock) = on_manual_clock(server.client());
        let _ = client.send(untold("/a").with_retry_policy(RetryPolicy::default().with_retries(0)));
        client.send(untold("/b")).unwrap();
        assert_eq!(clock.slept() == secs(60), is_cooldown, "{status}");
    }
}

#[test]
fn a_post_that_is_not_repeated_still_leaves_its_cooldown() {
    let server = Server::with_api([reply(503, "").header("retry-after", "60"), reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    client.send(Request::post("/x").without_token()).unwrap_err();
    assert!(clock.sleeps().is_empty());
    client.send(Request::post("/x").without_token()).unwrap();
    assert_eq!(clock.sleeps(), [secs(60)]);
}

#[test]
fn two_clients_share_nothing() {
    let server = slow_server(7200);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    let other = Client::new(server.provider(), Credentials::new("my-client", SECRET)).unwrap();
    other.with_clock(clock).send(untold("/slow")).unwrap_err();
    assert_eq!(server.seen().len(), 2);
}

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

#[test]
fn a_remembered_wait_as_long_as_the_deadline_does_not_fit() {
    let server = slow_server(40);
    let policy = RetryPolicy::default().with_retries(0).with_deadline(secs(40));
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    let error = client.send(untold("/slow").with_retry_policy(policy)).unwrap_err();
    assert_eq!((error.retry_after(), error.delivery()), (Some(secs(40)), Delivery::NotSent));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn clones_keep_the_wait_of_their_own_call_with_a_jitter_after_it() {
    let refusal = reply(429, "").header("retry-after", "40");
    let server = Server::with_api([refusal, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    let _clone = client.clone();
    client.send(untold("/x")).unwrap();
    let waits = clock.sleeps();
    assert!(waits.len() == 1 && waits[0] > secs(40) && waits[0] <= secs(41), "{waits:?}");
}

#[test]
fn a_jitter_that_does_not_fit_is_left_out_of_the_wait_of_a_call_itself() {
    for _ in 0..10 {
        let refusal = reply(429, "").header("retry-after", "40");
        let server = Server::with_api([refusal, reply(200, "{}")]);
        let deadline = secs(40) + Duration::from_millis(300);
        let policy = RetryPolicy::default().with_deadline(deadline);
        let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
        let _clone = client.clone();
        let _ = client.send(untold("/x"));
        assert!(clock.slept() >= secs(40) && clock.slept() < deadline, "{:?}", clock.slept());
    }
}

#[test]
fn a_token_that_goes_stale_in_a_remembered_wait_is_renewed_before_the_call() {
    let refusal = reply(429, "").header("retry-after", "90");
    let server = Server::with_scripts([token_reply("old", 100)], [refusal, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_retries(0);
    client.send(Request::get("/slow").with_retry_policy(policy)).unwrap_err();
    client.get("/x").unwrap();
    assert_eq!(clock.sleeps(), [secs(90)]);
    let tokens: Vec<_> = server.api_requests();
    let tokens: Vec<_> = tokens.iter().map(|seen| seen.header("authorization").unwrap()).collect();
    assert_eq!(tokens, ["Bearer old", "Bearer token-1"]);
}

const DAY: u64 = 24 * 60 * 60;
const HOUR: u64 = 60 * 60;
/// Twenty years: what a server asks for by mistake.
const FAR: u64 = 20 * 365 * DAY;

#[test]
fn a_wait_of_a_day_is_kept_to_the_second() {
    let server = slow_server(DAY);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    for _ in 0..47 {
        clock.advance(secs(HOUR / 2));
        client.send(untold("/slow")).unwrap_err();
    }
    assert_eq!(server.seen().len(), 1);
    clock.advance(secs(HOUR / 2));
    client.send(untold("/slow")).unwrap_err();
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn of_a_wait_of_more_than_a_day_one_call_an_hour_finds_out_whether_it_holds() {
    let server = slow_server(FAR);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    let day = 24 * 6;
    for minutes in 1..=30 * day {
        clock.advance(secs(600));
        let error = client.clone().send(untold("/slow")).unwrap_err();
        let is_sent = error.delivery() != Delivery::NotSent;
        assert_eq!(is_sent, minutes % 6 == 0, "{minutes}0 minutes: {error}");
        assert_eq!(error.kind(), ErrorKind::Temporary);
    }
    assert_eq!(server.seen().len(), 1 + 30 * 24);
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_call_that_is_held_back_for_more_than_a_day_says_when_one_is_let_through() {
    let server = slow_server(FAR);
    let (client, clock) = on_manual_clock(server.client());
    provoke(&client);
    clock.advance(secs(600));
    let error = client.send(untold("/slow")).unwrap_err();
    let text = format!(
        "not sent: the wait that the server asked for has another {} s to run, more than a day: one call an hour is sent to find out whether it still holds, the next one in 3000 s; the wait is kept in the memory of this client and its clones, and Client::forget_cooldowns clears it",
        FAR - 600
    );
    assert!(error.to_string().ends_with(&text), "{error}");
    assert_eq!(error.retry_after(), Some(secs(FAR - 600)));
}

#[test]
fn one_wrong_header_is_forgotten_by_the_first_answer_an_hour_later() {
    let why = "; a wait of 630720000 s is more than a day: one call an hour is sent to find out whether it still holds";
    for (status, method) in [(200, "GET"), (404, "GET"), (200, "POST")] {
        let wrong = reply(429, "").header("retry-after", FAR.to_string());
        let server = Server::with_api([wrong, reply(status, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        let request = || Request::new(method.parse().unwrap(), "/x").without_token();
        let error = client.send(request()).unwrap_err();
        assert!(error.to_string().ends_with(why), "{error}");
        clock.advance(secs(HOUR - 1));
        assert_eq!(client.send(request()).unwrap_err().delivery(), Delivery::NotSent);
        clock.advance(secs(1));
        for _ in 0..3 {
            let _ = client.send(request());
        }
        assert_eq!(server.seen().len(), 4, "{status} {method}");
    }
}

#[test]
fn a_probe_that_is_refused_without_a_wait_or_not_answered_is_not_repeated_within_the_hour() {
    for after in [reply(429, ""), reply(503, "")] {
        let wrong = reply(429, "").header("retry-after", FAR.to_string());
        let server = Server::with_api([wrong, after.clone(), reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(untold("/x")).unwrap_err();
        clock.advance(secs(HOUR));
        let error = client.send(untold("/x")).unwrap_err();
        assert_ne!(error.delivery(), Delivery::NotSent);
        assert_eq!((error.status().unwrap().as_u16(), server.seen().len()), (after.status, 2));
        clock.advance(secs(HOUR - 1));
        client.send(untold("/x")).unwrap_err();
        assert_eq!((server.seen().len(), clock.sleeps().len()), (2, 0));
        clock.advance(secs(1));
        client.send(untold("/x")).unwrap();
        client.send(untold("/x")).unwrap();
    }
}

#[test]
fn two_wrong_headers_hold_back_paths_that_were_never_asked_for_an_hour_at_most() {
    let server = Server::start(|seen| match seen.path() {
        "/1" | "/2" => reply(429, "").header("retry-after", FAR.to_string()),
        _ => reply(200, "{}"),
    });
    let (client, clock) = on_manual_clock(server.client());
    for path in ["/1", "/2"] {
        client.send(untold(path)).unwrap_err();
    }
    clock.advance(secs(HOUR - 1));
    let error = client.send(untold("/3")).unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(error.to_string().contains("the next one in 1 s"), "{error}");
    clock.advance(secs(1));
    // Those that are refused again do not take its place.
    for path in ["/1", "/2"] {
        assert_ne!(client.send(untold(path)).unwrap_err().delivery(), Delivery::NotSent);
    }
    client.send(untold("/3")).unwrap();
    client.send(untold("/4")).unwrap();
}

#[test]
fn a_server_that_refuses_everything_for_long_is_asked_about_once_an_hour() {
    let server = slow_server(FAR);
    let (client, clock) = on_manual_clock(server.client());
    let days = 10;
    for _ in 0..days * 24 * 6 {
        for path in ["/slow/1", "/slow/2", "/slow/3", "/slow/4", "/slow/5", "/slow/6"] {
            client.send(untold(path)).unwrap_err();
        }
        clock.advance(secs(600));
    }
    let mut asked: Vec<_> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert!(asked.len() < days * 24 * 3 / 2, "{}", asked.len());
    // None of them is left out.
    asked.sort_unstable();
    for path in asked.chunk_by(|one, other| one == other) {
        assert!(path.len() > days * 4, "{} for {}", path.len(), path[0]);
    }
}

#[test]
fn a_call_with_a_deadline_of_years_is_sent_again_each_hour() {
    let server = Server::with_api([
        reply(429, "").header("retry-after", FAR.to_string()),
        reply(429, "").header("retry-after", FAR.to_string()),
        reply(200, "{}"),
    ]);
    let policy = RetryPolicy::default().with_deadline(Duration::MAX);
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    client.send(untold("/x")).unwrap();
    assert_eq!(clock.sleeps(), [secs(HOUR); 2]);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn a_token_endpoint_that_asks_for_years_is_asked_once_an_hour() {
    let wrong = reply(429, "").header("retry-after", FAR.to_string());
    let server = Server::with_scripts([wrong.clone(), wrong], []);
    let (client, clock) = on_manual_clock(server.client());
    for hours in 0..2 {
        assert_eq!(server.seen().len(), hours);
        client.get("/x").unwrap_err();
        clock.advance(secs(HOUR - 1));
        let error = client.clone().get("/x").unwrap_err();
        assert!(error.to_string().contains("the next one in 1 s"), "{error}");
        clock.advance(secs(1));
    }
    client.get("/x").unwrap();
    client.clone().get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (3, 0));
    clock.advance(secs(2 * HOUR));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 4);
}

#[test]
fn what_a_server_asked_for_can_be_forgotten() {
    for wait in [2 * HOUR, FAR] {
        let wrong = || reply(429, "").header("retry-after", wait.to_string());
        let server = Server::with_scripts([wrong()], [wrong(), wrong(), reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.get("/x").unwrap_err();
        client.get("/x").unwrap_err();
        client.clone().forget_cooldowns().unwrap();
        for path in ["/1", "/2"] {
            client.get(path).unwrap_err();
        }
        client.get("/3").unwrap_err();
        assert_eq!(server.seen().len(), 4);
        client.forget_cooldowns().unwrap();
        for path in ["/1", "/2", "/3"] {
            client.get(path).unwrap();
        }
        assert!(clock.sleeps().is_empty());
    }
}

/// As two of them by 429 do.
#[test]
fn limits_by_statuses_of_vendors_hold_back_paths_that_were_never_asked() {
    for status in [420, 430] {
        let server = Server::with_api([reply(status, "").header("retry-after", "3000")]);
        let (client, _) = on_manual_clock(server.client());
        for item in 0..50 {
            client.get(format!("/items/{item}")).unwrap_err();
        }
        assert_eq!(server.api_requests().len(), 2, "{status}");
    }
}
