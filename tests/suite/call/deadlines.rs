//! What the deadline of a call covers, and the end time of a client.

use std::time::{Duration, SystemTime};

use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Clock, Error, ManualClock, Request, RetryPolicy};

use super::{refusal, untold};
use crate::support::*;

#[test]
fn a_deadline_and_timeouts_without_end_do_not_panic() {
    let server =
        Server::with_api([refusal(&[("retry-after", "18446744073709551615")]), reply(200, "{}")]);
    let policy = RetryPolicy::default().with_deadline(Duration::MAX);
    let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
    let client = client
        .with_idle_timeout(Duration::MAX)
        .with_token_idle_timeout(Duration::MAX)
        .with_connect_timeout(Duration::MAX)
        .with_renewal_margin(Duration::MAX);
    client.get("/x").unwrap();
    let _ = client.stats();
}

#[test]
fn a_wait_that_does_not_fit_fails_at_once_with_the_wait_in_it() {
    for (wait, fits) in [(59, true), (60, false), (61, false), (3600, false)] {
        let refusal = reply(429, "").header("retry-after", wait.to_string());
        let server = Server::with_api([refusal, reply(200, "")]);
        let policy = RetryPolicy::default().with_deadline(secs(60));
        let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
        let result = client.get("/x");
        if fits {
            result.unwrap();
            assert_eq!(clock.sleeps(), [secs(wait)]);
            continue;
        }
        let error = result.unwrap_err();
        let text = format!(
            "429 Too Many Requests; a wait of {wait} s does not fit into the 60 s left of the call's deadline (RetryPolicy::with_deadline)"
        );
        assert!(error.to_string().ends_with(&text), "{error}");
        assert_eq!(error.retry_after(), Some(secs(wait)));
        assert!(clock.sleeps().is_empty());
        assert_eq!(server.api_requests().len(), 1);
    }
}

#[test]
fn the_wait_is_in_the_error_even_if_no_retry_is_left() {
    for wait in [900, 3600] {
        let server = Server::with_api([reply(429, "").header("retry-after", wait.to_string())]);
        let policy = RetryPolicy::default().with_retries(0);
        let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
        let error = client.get("/x").unwrap_err();
        assert_eq!(error.retry_after(), Some(secs(wait)));
        assert!(error.to_string().contains(&format!("a wait of {wait} s does not fit")), "{error}");
    }
}

#[test]
fn the_deadline_covers_the_sum_of_all_waits() {
    let server = Server::with_api([reply(429, "").header("retry-after", "20")]);
    let policy = RetryPolicy::default().with_deadline(secs(50));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(20), secs(20)]);
    let text = "after 3 attempts; a wait of 20 s does not fit into the 10 s left of the call's deadline (RetryPolicy::with_deadline)";
    assert!(error.to_string().ends_with(text), "{error}");
}

#[test]
fn the_deadline_covers_what_the_attempts_take() {
    let clock = ManualClock::new();
    let time = clock.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => {
            time.advance(secs(10));
            reply(429, "").header("retry-after", "10")
        }
    });
    let policy = RetryPolicy::default().with_deadline(secs(35));
    let error = server.client().with_retry_policy(policy).with_clock(clock.clone()).get("/x");
    let text = error.unwrap_err().to_string();
    assert!(text.contains("a wait of 10 s does not fit into the 5 s left"), "{text}");
    assert_eq!((clock.sleeps(), server.api_requests().len()), (vec![secs(10)], 2));
}

#[test]
fn a_back_off_keeps_to_the_deadline_as_well() {
    let server = Server::with_api([reply(503, "")]);
    let policy = RetryPolicy::default().with_deadline(secs(10));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    client.get("/x").unwrap_err();
    assert!(clock.slept() < secs(10), "{:?}", clock.sleeps());
}

#[test]
fn the_deadline_covers_the_token_request_and_its_waits() {
    let slow = reply(429, "").header("retry-after", "40");
    let server = Server::with_scripts([slow], [reply(429, "").header("retry-after", "30")]);
    let policy = RetryPolicy::default().with_deadline(secs(60));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(40)]);
    assert!(error.to_string().contains("30 s does not fit into the 20 s left"), "{error}");
}

#[test]
fn a_wait_of_the_token_endpoint_that_does_not_fit_is_an_error_at_once() {
    let server = Server::with_scripts([reply(429, "").header("retry-after", "7200")], []);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    assert!(matches!(error, Error::Token(_)));
    assert_eq!(error.retry_after(), Some(secs(7200)));
    assert_eq!(error.kind(), ErrorKind::Temporary);
    assert!(clock.sleeps().is_empty());
    assert!(server.api_requests().is_empty());
}

#[test]
fn the_deadline_covers_the_renewal_after_a_401() {
    let wait = reply(429, "").header("retry-after", "40");
    let server =
        Server::with_scripts([token_reply("t", 3600), wait.clone()], [reply(401, ""), wait]);
    let policy = RetryPolicy::default().with_deadline(secs(60));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(40)]);
    assert!(error.to_string().contains("40 s does not fit into the 20 s left"), "{error}");
}

#[test]
fn no_call_passes_the_clients_end_time() {
    let server = Server::with_api([reply(429, "").header("retry-after", "20"), reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let start = clock.now();
    let policy = RetryPolicy::default().with_end_time(start + secs(30));
    let client = client.with_retry_policy(policy);
    client.get("/x").unwrap();
    let server = Server::with_api([reply(429, "").header("retry-after", "20")]);
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_end_time(clock.now() + secs(10));
    let client = client.with_retry_policy(policy);
    let error = client.get("/x").unwrap_err();
    assert!(error.to_string().contains("20 s does not fit into the 10 s left"), "{error}");
    assert!(clock.sleeps().is_empty());
}

#[test]
fn of_the_end_times_of_client_and_request_the_earlier_one_counts() {
    for (client_end, request_end) in [(Some(10), None), (Some(10), Some(30)), (Some(30), Some(10))]
    {
        let server = Server::with_api([reply(429, "").header("retry-after", "20")]);
        let (client, clock) = on_manual_clock(server.client());
        let policy = |end: Option<u64>| {
            let policy = RetryPolicy::default().with_retries(3);
            end.map_or(policy, |end| policy.with_end_time(clock.now() + secs(end)))
        };
        let client = client.with_retry_policy(policy(client_end));
        let request = Request::get("/x").with_retry_policy(policy(request_end));
        for request in [request.clone(), request.without_token()] {
            let error = client.send(&request).unwrap_err();
            assert!(error.to_string().contains("20 s does not fit into the 10 s left"), "{error}");
            assert!(clock.sleeps().is_empty());
            client.forget_cooldowns().unwrap();
        }
    }
}

#[test]
fn the_end_time_of_a_request_ends_its_token_request() {
    let busy = reply(429, "").header("retry-after", "20");
    let server = Server::with_scripts([busy], []);
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_end_time(clock.now() + secs(10));
    let error = client.send(Request::get("/x").with_retry_policy(policy)).unwrap_err();
    assert!(error.to_string().contains("20 s does not fit into the 10 s left"), "{error}");
    assert!(clock.sleeps().is_empty());
}

#[test]
fn after_the_end_time_nothing_is_sent() {
    let server = Server::with_api([]);
    let client = server.client().with_retry_policy(ended());
    for request in [Request::get("/x"), Request::post("/x"), untold(Method::POST)] {
        let error = client.send(&request).unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Temporary, Delivery::NotSent),
            "{error}"
        );
        assert!(error.to_string().contains("deadline"), "{error}");
    }
    // A request whose own policy has no end time is not sent either.
    let own = Request::get("/x").with_retry_policy(RetryPolicy::default());
    assert_eq!(client.send(own).unwrap_err().delivery(), Delivery::NotSent);
    assert!(server.seen().is_empty());
}

fn ended() -> RetryPolicy {
    RetryPolicy::default().with_end_time(SystemTime::UNIX_EPOCH)
}

#[test]
fn a_request_may_have_a_policy_of_its_own() {
    let server = Server::with_api([reply(503, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_retries(2);
    client.send(Request::get("/x").with_retry_policy(policy)).unwrap_err();
    assert_eq!(server.api_requests().len(), 3);
    let policy = RetryPolicy::default().with_deadline(Duration::from_millis(200));
    client.send(Request::get("/x").with_retry_policy(policy)).unwrap_err();
    assert_eq!(server.api_requests().len(), 4);
    assert_eq!(clock.sleeps().len(), 2);
}

#[test]
fn a_token_that_expires_during_a_wait_is_renewed_before_the_next_attempt() {
    let refusal = reply(429, "").header("retry-after", "300");
    let server = Server::with_scripts([token_reply("short", 60)], [refusal, reply(200, "")]);
    let (client, _) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    let seen = server.api_requests();
    assert_eq!(seen[0].header("authorization"), Some("Bearer short"));
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn a_call_is_not_sent_if_its_token_came_after_the_deadline() {
    let clock = ManualClock::new();
    let slow = clock.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            slow.advance(secs(11));
            token_reply("t", 3600)
        }
        _ => reply(200, "{}"),
    });
    let policy = RetryPolicy::default().with_deadline(secs(10));
    let client = server.client().with_clock(clock).with_retry_policy(policy);
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.api_requests().is_empty());
}
