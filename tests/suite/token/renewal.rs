//! How long an access token lives, and how it is renewed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Clock, Credentials, Error, Event, ManualClock, Request, RetryPolicy};

use crate::support::*;

/// A client whose first token lives for `life` seconds and is fetched already; then the
/// token endpoint answers `then` and after that hands out tokens.
fn with_old_token(
    life: u64,
    then: impl IntoIterator<Item = Reply>,
) -> (Server, Client, ManualClock) {
    let server =
        Server::with_scripts([token_reply("old", life)].into_iter().chain(then), [reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    client.access_token().unwrap();
    (server, client, clock)
}

#[test]
fn a_token_is_renewed_30_seconds_early_or_a_quarter_of_a_short_life() {
    let cases = [(HOUR, 3570.0), (120, 90.0), (119, 89.25), (100, 75.0), (20, 15.0), (1, 0.75)];
    for (life, renewal) in cases {
        assert_renewal(life, renewal, |client| client);
    }
}

#[test]
fn the_margin_can_be_set() {
    assert_renewal(HOUR, 2700.0, |client| client.with_renewal_margin(Duration::MAX));
    assert_renewal(HOUR, 3300.0, |client| client.with_renewal_margin(secs(300)));
    assert_renewal(HOUR, 3600.0, |client| client.with_renewal_margin(Duration::ZERO));
}

/// On either side of the boundary.
#[track_caller]
fn assert_renewal(life: u64, renewal: f64, set: impl Fn(Client) -> Client) {
    let (server, client, clock) = with_old_token(life, []);
    let client = set(client);
    clock.advance(at(renewal - 0.001));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1, "life {life}");
    clock.advance(at(0.001));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2, "life {life}");
}

#[test]
fn a_short_lived_token_is_not_bought_for_each_call() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 20),
        _ => reply(200, "{}"),
    });
    let (client, clock) = on_manual_clock(server.client());
    for _ in 0..60 {
        client.get("/x").unwrap();
        clock.advance(secs(1));
    }
    assert_eq!(server.token_requests().len(), 4);
}

#[test]
fn the_life_starts_when_the_request_was_sent() {
    let clock = ManualClock::new();
    let server_clock = clock.clone();
    let tokens = AtomicUsize::new(0);
    let server = Server::start(move |seen| match (seen.path(), tokens.load(Ordering::SeqCst)) {
        (TOKEN_PATH, 0) => {
            tokens.store(1, Ordering::SeqCst);
            reply(503, "").header("retry-after", "5")
        }
        (TOKEN_PATH, _) => {
            server_clock.advance(secs(50));
            token_reply("t", 100)
        }
        _ => reply(200, "{}"),
    });
    let client = server.client().with_clock(clock.clone());
    let start = clock.now();
    let token = client.access_token().unwrap();
    assert_eq!(token.expires_at(), Some(start + secs(5 + 100)));
    clock.advance(at(24.999));
    client.access_token().unwrap();
    assert_eq!(server.token_requests().len(), 2);
    clock.advance(at(0.001));
    client.access_token().unwrap();
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_wall_clock_that_jumps_forwards_or_runs_on_in_a_suspend_makes_a_token_stale() {
    let (server, client, clock) = with_old_token(HOUR, []);
    clock.set_now(clock.now() + secs(3569));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
    clock.set_now(clock.now() + secs(1));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    clock.set_now(clock.now() + secs(400 * DAY));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_wall_clock_that_is_set_back_neither_spoils_a_token_nor_keeps_it_alive() {
    let (server, client, clock) = with_old_token(HOUR, []);
    clock.set_now(clock.now() - secs(400 * DAY));
    client.get("/x").unwrap();
    clock.advance(secs(3569));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 1);
    clock.advance(secs(1));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_jump_there_and_back_costs_one_token() {
    let (server, client, clock) = with_old_token(HOUR, []);
    let now = clock.now();
    clock.set_now(now + secs(2 * HOUR));
    client.get("/x").unwrap();
    clock.set_now(now);
    for _ in 0..5 {
        clock.advance(secs(600));
        client.get("/x").unwrap();
    }
    assert_eq!(server.token_requests().len(), 2);
}

/// All that an early renewal may fail of and pass.
fn passing() -> Vec<Reply> {
    vec![
        reply(503, ""),
        reply(500, ""),
        reply(408, ""),
        reply(429, ""),
        reply(400, oauth("temporarily_unavailable")),
        reply(200, oauth("temporarily_unavailable")),
        reply(400, oauth("slow_down")),
        reply(403, oauth("server_error")),
    ]
}

#[test]
fn an_early_renewal_that_fails_for_a_passing_reason_leaves_the_old_token_in_use() {
    for failure in passing() {
        let what = format!("{failure:?}");
        let (server, client, clock) = with_old_token(100, [failure]);
        clock.advance(secs(80));
        client.get("/x").unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(server.api_requests()[0].header("authorization"), Some("Bearer old"), "{what}");
        assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0), "{what}");
        clock.advance(secs(20));
        client.get("/x").unwrap();
        assert_eq!(server.api_requests()[1].header("authorization"), Some("Bearer token-1"));
    }
}

#[test]
fn an_early_renewal_that_fails_is_told() {
    let (server, client, clock) = with_old_token(100, [reply(503, "")]);
    let (client, events) = observed(client);
    clock.advance(secs(80));
    client.get("/x").unwrap();
    let host = server.url("")[7..].to_owned();
    let events: Vec<String> = events.lock().unwrap().iter().map(Event::to_string).collect();
    assert_eq!(
        events,
        [format!(
            "renewal failed, the old token is good for another 20 s: no access token: POST {host}/oauth/token: 503 Service Unavailable"
        )]
    );
}

#[test]
fn a_token_endpoint_that_is_down_is_not_asked_by_every_call() {
    let (server, client, clock) = with_old_token(HOUR, vec![reply(503, ""); 99]);
    clock.advance(secs(3571));
    // Ten calls a second, of two clones, in the last 29 seconds of the token.
    let clone = client.clone();
    for _ in 0..140 {
        client.get("/x").unwrap();
        clone.get("/x").unwrap();
        clock.advance(at(0.2));
    }
    assert_eq!(server.api_requests().len(), 280);
    assert_eq!(server.token_requests().len(), 1 + 6);
    assert!(clock.sleeps().is_empty());
}

#[test]
fn an_early_renewal_keeps_the_wait_that_the_server_asked_for() {
    let wait = reply(429, "").header("retry-after", "60");
    let (server, client, clock) = with_old_token(100, [wait]);
    for _ in 0..4 {
        clock.advance(if server.token_requests().len() == 1 { secs(76) } else { secs(7) });
        client.get("/x").unwrap();
    }
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0));
    // Expired at 100, to be left alone until 136.
    clock.advance(secs(3));
    client.get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.slept()), (3, secs(36)));
}

#[test]
fn an_early_renewal_never_waits_while_the_old_token_is_good() {
    let wait = reply(429, "").header("retry-after", "8");
    let (server, client, clock) = with_old_token(HOUR, [wait]);
    for moment in [3571, 3577, 3578] {
        clock.advance(secs(moment) - clock.monotonic());
        client.get("/x").unwrap();
        assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0), "{moment}");
    }
    clock.advance(secs(5));
    client.get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (3, 0));
}

#[test]
fn an_early_renewal_that_loses_its_connection_leaves_the_old_token_in_use() {
    let tokens = Mutex::new(0);
    let origin = raw_server(move |mut stream, _| {
        while let Some(seen) = read_request(&mut stream) {
            let mut tokens = tokens.lock().unwrap();
            *tokens += usize::from(seen.path() == TOKEN_PATH);
            match (seen.path(), *tokens) {
                (TOKEN_PATH, 1) => write_reply(&mut stream, &token_reply("old", 100)),
                (TOKEN_PATH, _) => return,
                _ => write_reply(&mut stream, &reply(200, "{}")),
            }
        }
    });
    let (client, clock) = on_manual_clock(client_at(&origin));
    client.get("/x").unwrap();
    clock.advance(secs(80));
    client.get("/x").unwrap();
    assert!(clock.sleeps().is_empty());
}

#[test]
fn an_early_renewal_whose_credentials_cannot_be_fetched_leaves_the_old_token_in_use() {
    let server = Server::with_scripts([token_reply("old", 100)], []);
    let asked = AtomicUsize::new(0);
    let credentials = Credentials::from_fn(move || match asked.fetch_add(1, Ordering::SeqCst) {
        1 => Err("the vault is sealed".into()),
        _ => Ok(("id".into(), "secret".into())),
    });
    let (client, clock) = on_manual_clock(Client::new(server.provider(), credentials).unwrap());
    client.get("/x").unwrap();
    clock.advance(secs(80));
    client.get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (1, 0));
    clock.advance(secs(10));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn an_early_renewal_that_is_refused_for_good_is_no_error_until_the_old_token_is_over() {
    let html = |status, words| reply(status, words).header("content-type", "text/html");
    let cases = [
        (reply(400, oauth("invalid_client")), 77),
        (reply(400, oauth("access_denied")), 77),
        (reply(400, oauth("invalid_scope")), 78),
        (html(404, "<h1>Not Found</h1>"), 69),
        (html(200, "<h1>Maintenance</h1>"), 69),
        (html(403, "<h1>Blocked by the firewall</h1>"), 69),
        (reply(302, "").header("location", "https://login.example.com/"), 69),
    ];
    for (failure, exit_code) in cases {
        let what = format!("{failure:?}");
        let (server, client, clock) = with_old_token(100, vec![failure; 9]);
        let (client, events) = observed(client);
        clock.advance(secs(80));
        let clone = client.clone();
        for client in [&client, &clone, &client] {
            client.get("/x").unwrap_or_else(|error| panic!("{what}: {error}"));
        }
        assert!(matches!(events.lock().unwrap()[..], [Event::OldTokenKept { .. }]), "{what}");
        assert_eq!(server.api_requests()[2].header("authorization"), Some("Bearer old"), "{what}");
        assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0), "{what}");
        clock.advance(secs(20));
        let error = client.get("/x").unwrap_err();
        assert!(matches!(error, Error::Token(_)), "{what}: {error}");
        assert_eq!((error.exit_code(), error.delivery()), (exit_code, Delivery::NotSent), "{what}");
        assert_eq!(server.api_requests().len(), 3, "{what}");
    }
}

#[test]
fn an_expired_token_is_renewed_with_all_patience() {
    let (server, client, clock) = with_old_token(100, vec![reply(503, ""); 3]);
    clock.advance(secs(100));
    client.get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (5, 3));
    assert_eq!(server.api_requests()[0].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn a_token_that_expired_during_a_wait_is_renewed_before_the_call_is_repeated() {
    let busy = reply(429, "").header("retry-after", "200");
    let server = Server::with_scripts([token_reply("old", 100)], [busy, reply(200, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    let tokens = server.api_requests();
    let tokens: Vec<_> = tokens.iter().map(|seen| seen.header("authorization")).collect();
    assert_eq!(tokens, [Some("Bearer old"), Some("Bearer token-1")]);
}

#[test]
fn a_401_renews_the_token_once_whatever_the_method() {
    let requests = [
        Request::get("/x"),
        Request::head("/x"),
        Request::post("/x").json(&1),
        Request::put("/x").bytes(*b"1"),
        Request::patch("/x").form(&[("a", "1")]),
        Request::delete("/x").json(&1),
    ];
    for request in requests {
        let server = Server::with_api([reply(401, ""), reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(&request).unwrap();
        let seen = server.api_requests();
        assert_eq!(seen.len(), 2, "{request:?}");
        assert_eq!((&seen[0].method, &seen[0].body), (&seen[1].method, &seen[1].body));
        assert_eq!(seen[0].header("authorization"), Some("Bearer token-1"));
        assert_eq!(seen[1].header("authorization"), Some("Bearer token-2"));
        assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0));
    }
}

#[test]
fn a_renewal_after_a_401_does_not_count_as_a_retry() {
    let server = Server::with_api([reply(401, ""), reply(200, "{}")]);
    let client = server.client().with_retry_policy(RetryPolicy::default().with_retries(0));
    client.get("/x").unwrap();
    assert_eq!(client.stats().retries, 0);
}

#[test]
fn a_401_for_the_renewed_token_is_the_error() {
    let server = Server::with_api([reply(401, r#"{"code":"E1","message":"go away"}"#)]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    let host = server.url("")[7..].to_owned();
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/x: 401 Unauthorized: E1: go away; a renewed token was refused as well: some APIs answer a wrong path like this"
        )
    );
    assert_eq!((error.exit_code(), error.delivery()), (77, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (2, 2));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn the_401_repeat_is_one_per_call_even_with_waits_in_between() {
    let busy = || reply(429, "").header("retry-after", "1");
    let server =
        Server::with_api([busy(), reply(401, ""), busy(), reply(401, ""), reply(200, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    assert_eq!(client.get("/x").unwrap_err().exit_code(), 77);
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (4, 2));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_renewal_that_returns_the_refused_token_is_the_error() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("cached", HOUR),
        _ => reply(401, r#"{"message":"token revoked"}"#),
    });
    let client = server.client();
    let error = client.get("/x").unwrap_err();
    let host = server.url("")[7..].to_owned();
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/x: 401 Unauthorized: token revoked; the token endpoint returned the same token that was refused: a gateway may have cached its answer"
        )
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 2));
}

#[test]
fn a_renewal_after_a_401_that_is_refused_is_the_error() {
    let server = Server::with_scripts(
        [token_reply("old", HOUR), reply(401, oauth("invalid_client"))],
        [reply(401, "")],
    );
    let error = server.client().get("/x").unwrap_err();
    assert!(matches!(error, Error::Token(_)), "{error}");
    assert_eq!((error.exit_code(), error.delivery()), (77, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 2));
}

#[test]
fn a_renewal_after_a_401_waits_out_a_token_endpoint_that_is_down() {
    let server = Server::with_scripts(
        [token_reply("old", HOUR), reply(503, ""), reply(503, "")],
        [reply(401, ""), reply(200, "{}")],
    );
    let (client, clock) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (4, 2));
}

#[test]
fn a_401_for_a_call_without_token_buys_none() {
    let server = Server::with_api([reply(401, "")]);
    let error = server.client().send(Request::get("/x").without_token()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_403_that_names_no_wait_is_not_retried_and_never_renews() {
    let server = Server::with_api([reply(403, "")]);
    let (client, clock) = on_manual_clock(server.client());
    assert_eq!(client.get("/x").unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 1));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_cooldown_of_the_token_endpoints_is_told_once_and_not_with_each_call_that_uses_the_old_token() {
    let refusal = reply(429, "{}").header("retry-after", "20");
    let server = Server::with_scripts([token_reply("old", 100), refusal], []);
    let (client, clock) = on_manual_clock(server.client());
    let (client, events) = observed(client);
    client.get("/x").unwrap();
    clock.advance(secs(80));
    for _ in 0..10 {
        client.get("/x").unwrap();
    }
    let kept = |event: &&Event| matches!(event, Event::OldTokenKept { .. });
    assert_eq!(events.lock().unwrap().iter().filter(kept).count(), 1);
    clock.advance(secs(6));
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2, "the endpoint is left alone for 20 s");
    assert_eq!(events.lock().unwrap().iter().filter(kept).count(), 2);
}

#[test]
fn a_vault_that_is_sealed_is_not_asked_by_every_call_while_the_old_token_is_good() {
    let server = Server::with_scripts([token_reply("old", HOUR)], []);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let credentials = Credentials::from_fn(move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => Ok(("id".into(), "secret".into())),
        _ => Err("the vault is sealed".into()),
    });
    let (client, clock) = on_manual_clock(Client::new(server.provider(), credentials).unwrap());
    client.get("/x").unwrap();
    clock.advance(secs(3571));
    for _ in 0..9 {
        client.get("/x").unwrap();
        clock.advance(secs(1));
    }
    assert_eq!((asked.load(Ordering::SeqCst), server.api_requests().len()), (1 + 2, 10));
}

/// An API that accepts the last token, apart from calls below `/bad`; `revoke` counts up.
fn revocable() -> (Server, Arc<AtomicUsize>) {
    let (revoked, bought) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let limit = revoked.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            let number = bought.fetch_add(1, Ordering::SeqCst) + 1;
            token_reply(&format!("token-{number}"), HOUR)
        }
        path if path.starts_with("/bad") => reply(401, "{}"),
        _ => {
            let token = seen.header("authorization").unwrap().rsplit('-').next().unwrap();
            let is_good = token.parse::<usize>().unwrap() > limit.load(Ordering::SeqCst);
            let found = if seen.path().starts_with("/none") { 404 } else { 200 };
            reply(if is_good { found } else { 401 }, "{}")
        }
    });
    (server, revoked)
}

#[test]
fn paths_that_all_answer_401_cost_one_renewal_in_all() {
    let (server, _) = revocable();
    let (client, clock) = on_manual_clock(server.client());
    let clone = client.clone();
    for number in 0..20 {
        let client = if number % 3 == 0 { &clone } else { &client };
        let error = client.get(format!("/bad/{number}")).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
        clock.advance(secs(1));
    }
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_401_that_is_not_worth_a_renewal_says_why() {
    let (server, _) = revocable();
    let client = server.client();
    client.get("/bad/1").unwrap_err();
    let error = client.get("/bad/2").unwrap_err();
    let host = server.url("")[7..].to_owned();
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/bad/2: 401 Unauthorized; a renewed token was refused as well a moment ago, so this one is not renewed: some APIs answer a wrong path like this"
        )
    );
}

#[test]
fn a_path_that_refuses_every_token_is_not_bought_one_again_and_again() {
    let (server, _) = revocable();
    let (client, _) = on_manual_clock(server.client());
    for _ in 0..10 {
        client.get("/good").unwrap();
        client.get("/bad").unwrap_err();
    }
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn every_path_that_refused_a_new_token_is_remembered() {
    let (server, _) = revocable();
    let (client, _) = on_manual_clock(server.client());
    for _ in 0..5 {
        for number in 0..10 {
            client.get(format!("/bad/{number}")).unwrap_err();
        }
        client.get("/good").unwrap();
    }
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_token_that_the_token_endpoint_returns_again_is_not_asked_for_by_every_call() {
    let server = Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("cached", HOUR),
        _ => reply(401, "{}"),
    });
    let (client, _) = on_manual_clock(server.client());
    for number in 0..20 {
        client.get(format!("/{number}")).unwrap_err();
    }
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (2, 20));
}

#[test]
fn a_token_that_was_accepted_is_renewed_at_once_each_time_that_it_is_revoked() {
    let (server, revoked) = revocable();
    let (client, clock) = on_manual_clock(server.client());
    client.get("/good").unwrap();
    client.get("/bad").unwrap_err();
    client.get("/good").unwrap();
    for times in 1..=5 {
        revoked.store(times + 1, Ordering::SeqCst);
        client.get("/good").unwrap();
        assert_eq!(server.token_requests().len(), 2 + times);
    }
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_token_that_finds_nothing_was_accepted_all_the_same() {
    let (server, revoked) = revocable();
    let (client, _) = on_manual_clock(server.client());
    client.get("/bad").unwrap_err();
    assert_eq!(client.get("/none").unwrap_err().status().unwrap(), 404);
    revoked.store(2, Ordering::SeqCst);
    assert_eq!(client.get("/none/2").unwrap_err().status().unwrap(), 404);
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_minute_after_a_renewal_in_vain_the_next_401_renews_again() {
    let (server, _) = revocable();
    let (client, clock) = on_manual_clock(server.client());
    // Calls in between do not put it off.
    for (seconds, tokens) in [(0, 2), (30, 2), (29, 2), (1, 3), (30, 3), (30, 4)] {
        clock.advance(secs(seconds));
        client.get("/bad/1").unwrap_err();
        client.get("/bad/2").unwrap_err();
        assert_eq!(server.token_requests().len(), tokens);
    }
}

#[test]
fn a_path_that_accepts_a_token_again_is_trusted_again() {
    let server = Server::with_api([401, 401, 200, 401, 200].map(|status| reply(status, "{}")));
    let (client, _) = on_manual_clock(server.client());
    client.get("/x").unwrap_err();
    client.get("/x").unwrap();
    client.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 3);
}

#[test]
fn a_401_for_want_of_scope_is_not_worth_a_renewal() {
    let challenge = r#"Basic realm="x", Bearer error="insufficient_scope", scope="admin""#;
    let server = Server::with_api([reply(401, "").header("www-authenticate", challenge)]);
    let error = server.client().get("/x").unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 1));
}

const INVALID: &str =
    r#"Bearer realm="api", error="invalid_token", error_description="It was revoked""#;

#[test]
fn a_token_that_is_refused_by_its_words_is_renewed_once_at_whatever_4xx() {
    for status in [400, 401, 403, 404, 418] {
        for request in [Request::get("/x"), Request::post("/x").json(&1)] {
            let refusal = reply(status, "").header("www-authenticate", INVALID);
            let server = Server::with_api([refusal, reply(200, "{}")]);
            let (client, clock) = on_manual_clock(server.client());
            client.send(&request).unwrap_or_else(|error| panic!("{status}: {error}"));
            let seen = server.api_requests();
            assert_eq!(seen[0].header("authorization"), Some("Bearer token-1"), "{status}");
            assert_eq!(seen[1].header("authorization"), Some("Bearer token-2"), "{status}");
            assert_eq!((seen.len(), server.token_requests().len()), (2, 2), "{status}");
            assert!(clock.sleeps().is_empty());
        }
    }
}

#[test]
fn a_renewed_token_that_is_refused_by_its_words_is_the_error_and_is_not_bought_by_every_call() {
    let server = Server::with_api([reply(403, "").header("www-authenticate", INVALID)]);
    let client = server.client();
    let error = client.post("/x", &1).unwrap_err();
    let host = server.url("")[7..].to_owned();
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: 403 Forbidden: invalid_token: It was revoked; a renewed token was refused as well: check whether this API takes tokens of this token endpoint, with this audience and scope"
        )
    );
    assert_eq!((error.exit_code(), error.delivery()), (77, Delivery::Rejected));
    for number in 0..9 {
        let error = client.get(format!("/{number}")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
    }
    assert_eq!(server.token_requests().len(), 2);
}

#[test]
fn a_refusal_in_other_words_renews_nothing() {
    let challenges = [
        "Bearer",
        r#"Bearer error="invalid_request""#,
        r#"Bearer error="insufficient_scope", scope="a""#,
        r#"DPoP error="invalid_token""#,
    ];
    for challenge in challenges {
        let server = Server::with_api([reply(403, "").header("www-authenticate", challenge)]);
        server.client().get("/x").unwrap_err();
        let asked = (server.api_requests().len(), server.token_requests().len());
        assert_eq!(asked, (1, 1), "{challenge}");
    }
    // The server's own trouble, whatever it says of the token.
    let server = Server::with_api([reply(500, "").header("www-authenticate", INVALID)]);
    let error = server.client().post("/x", &1).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 1));
}

/// An API that accepts a token only `skew` seconds after it was bought, and says why.
fn behind(skew: u64, words: &'static str) -> (Server, Client, ManualClock) {
    let clock = ManualClock::new();
    let (server_clock, bought) = (clock.clone(), Mutex::new(Duration::ZERO));
    let tokens = AtomicUsize::new(0);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            *bought.lock().unwrap() = server_clock.monotonic();
            let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            token_reply(&format!("token-{number}"), 100)
        }
        _ if server_clock.monotonic() < *bought.lock().unwrap() + secs(skew) => {
            let challenge = format!(r#"Bearer error="invalid_token", error_description="{words}""#);
            reply(401, "").header("www-authenticate", challenge)
        }
        _ => reply(200, "{}"),
    });
    let client = server.client().with_clock(clock.clone());
    (server, client, clock)
}

#[test]
fn a_new_token_that_is_not_valid_yet_is_worth_one_wait_of_two_seconds_and_not_a_second_token() {
    for skew in [1, 2] {
        let (server, client, clock) = behind(skew, "The token is not yet valid (nbf)");
        let (client, events) = observed(client);
        client.post("/x", &1).unwrap();
        assert_eq!((clock.sleeps(), server.token_requests().len()), (vec![secs(2)], 1), "{skew}");
        let told: Vec<String> = events.lock().unwrap().iter().map(Event::to_string).collect();
        assert!(told[1].starts_with("waiting 2 s before"), "{told:?}");
        assert!(
            told[1].ends_with("401 Unauthorized: invalid_token: The token is not yet valid (nbf)")
        );
        // A renewal is no different.
        clock.advance(secs(90));
        client.get("/x").unwrap();
        assert_eq!((clock.sleeps().len(), server.token_requests().len()), (2, 2), "{skew}");
    }
}

#[test]
fn a_new_token_that_stays_invalid_tells_of_the_clocks() {
    let (server, client, clock) = behind(60, "Jwt is not yet valid");
    let error = client.get("/x").unwrap_err();
    let host = server.url("")[7..].to_owned();
    assert_eq!(
        error.to_string(),
        format!(
            "GET {host}/x: 401 Unauthorized: invalid_token: Jwt is not yet valid, after 2 attempts; the token is new, and by the clock of this API it is not valid yet: the clocks of the API and of the authorization server differ"
        )
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
    assert_eq!((clock.sleeps(), server.token_requests().len()), (vec![secs(2)], 1));
    // Neither a wait nor a token for each call.
    for _ in 0..50 {
        client.get("/x").unwrap_err();
    }
    let (tokens, waits) = (server.token_requests().len(), clock.sleeps().len());
    assert!(tokens < 4 && waits < 15, "{tokens} tokens, {waits} waits");
}

#[test]
fn a_wait_for_a_new_token_stays_within_the_deadline() {
    let (server, client, clock) = behind(1, "token used before issued");
    let policy = RetryPolicy::default().with_deadline(secs(2));
    let error = client.with_retry_policy(policy).get("/x").unwrap_err();
    assert!(error.to_string().ends_with(
        "; a wait of 2 s does not fit into the 2 s left of the call's deadline (RetryPolicy::with_deadline)"
    ), "{error}");
    assert_eq!((clock.sleeps().len(), server.token_requests().len()), (0, 1));
}

#[test]
fn an_older_token_that_is_not_valid_is_renewed_at_once() {
    let server = Server::with_api([
        reply(200, "{}"),
        reply(401, r#"{"message":"Token is not active"}"#),
        reply(200, "{}"),
    ]);
    let (client, clock) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    clock.advance(secs(60));
    client.get("/x").unwrap();
    assert_eq!((clock.sleeps().len(), server.token_requests().len()), (0, 2));
}

/// A token that is revoked as soon as there is a newer one of the same client. `Token is not
/// active` is what Keycloak says of an expired one, too (and RFC 7662 §2.2 of a revoked one).
#[test]
fn a_first_token_that_does_not_ripen_is_renewed_once() {
    let cases =
        ["Token is not active", "Account is not active", "issued prior to the last sign-out"];
    for words in cases {
        let refusal = format!(r#"{{"error":"invalid_token","error_description":"{words}"}}"#);
        let tokens = std::sync::atomic::AtomicU32::new(0);
        let server = Server::start(move |seen| match (seen.path(), seen.header("authorization")) {
            (TOKEN_PATH, _) => {
                let number = tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                token_reply(&format!("token-{number}"), 3600)
            }
            (_, Some("Bearer token-0")) => reply(401, refusal.clone()),
            _ => reply(200, "{}"),
        });
        let (client, _) = on_manual_clock(server.client());
        let outcome = client.get("/x").map(|response| response.status().as_u16());
        assert!(matches!(outcome, Ok(200)), "{words}: {outcome:?}");
        assert_eq!(server.token_requests().len(), 2);
    }
}
