//! Clones in threads: one token between them, counters of their own, nobody blocked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use unattended::{Client, Connection, Credentials, Event, RetryPolicy};

use crate::support::real_time::FOR_EVER;
use crate::support::*;

const CLONES: usize = 16;

/// Runs `job` on [`CLONES`] clones that start at once.
fn at_once<R: Send>(client: &Client, job: impl Fn(&Client) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(CLONES);
    thread::scope(|scope| {
        let start = |client: Client| {
            let (job, barrier) = (&job, &barrier);
            scope.spawn(move || {
                barrier.wait();
                job(&client)
            })
        };
        let threads: Vec<_> = (0..CLONES).map(|_| start(client.clone())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Tokens `token-1`, `token-2`, … that take a moment; `answer` is told which one it got.
fn slow_tokens(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    let tokens = AtomicUsize::new(0);
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            thread::sleep(Duration::from_millis(30));
            token_reply(&format!("token-{}", tokens.fetch_add(1, Ordering::SeqCst) + 1), 3600)
        }
        _ => answer(seen.header("authorization").unwrap_or_default()),
    })
}

#[test]
fn sixteen_clones_that_start_at_once_buy_one_token() {
    let server = slow_tokens(|_| reply(200, "{}"));
    at_once(&server.client(), |client| client.get("/x").unwrap());
    assert_eq!(server.token_requests().len(), 1);
    assert_eq!(server.api_requests().len(), CLONES);
}

#[test]
fn a_token_that_is_refused_in_all_clones_at_once_is_renewed_once() {
    let server = slow_tokens(|token| match token {
        "Bearer token-1" => reply(401, "{}"),
        _ => reply(200, "{}"),
    });
    let client = server.client();
    client.access_token().unwrap();
    at_once(&client, |client| client.get("/x").unwrap());
    assert_eq!(server.token_requests().len(), 2);
    assert_eq!(server.api_requests().len(), 2 * CLONES);
}

#[test]
fn a_token_that_expires_in_all_clones_at_once_is_renewed_once() {
    let server = slow_tokens(|_| reply(200, "{}"));
    let (client, clock) = on_manual_clock(server.client());
    for life in 1..=3 {
        at_once(&client, |client| client.get("/x").unwrap());
        assert_eq!(server.token_requests().len(), life);
        clock.advance(secs(3580));
    }
}

#[test]
fn a_wrong_secret_is_sent_once_by_all_clones_together() {
    let refusal = reply(401, r#"{"error":"invalid_client"}"#);
    let server = Server::with_scripts(vec![refusal; CLONES], []);
    let errors = at_once(&server.client(), |client| client.get("/x").unwrap_err().exit_code());
    assert_eq!(errors, [77; CLONES]);
    assert_eq!(server.token_requests().len(), 1);
}

#[test]
fn a_clone_takes_up_the_token_that_another_one_renewed() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    let (clone, events) = observed(client.clone());
    clock.advance(secs(3580));
    client.get("/x").unwrap();
    clone.get("/x").unwrap();
    assert_eq!(server.token_requests().len(), 2);
    assert_eq!(server.seen().last().unwrap().header("authorization"), Some("Bearer token-2"));
    let events: Vec<String> = events.lock().unwrap().iter().map(Event::to_string).collect();
    assert_eq!(events, ["token reused, good for another 60 min"]);
}

#[test]
fn each_clone_counts_for_itself() {
    let server = Server::with_api([]);
    let client = server.client();
    client.get("/x").unwrap();
    let clone = client.clone();
    assert_eq!(clone.stats(), unattended::Stats::default());
    clone.get("/x").unwrap();
    clone.get("/x").unwrap();
    assert_eq!((client.stats().requests, client.stats().tokens_fetched), (2, 1));
    assert_eq!((clone.stats().requests, clone.stats().tokens_fetched), (2, 0));
}

#[test]
fn the_counters_of_clones_add_up_to_what_the_server_saw() {
    let server = slow_tokens(|_| reply(200, "{}"));
    let stats = at_once(&server.client(), |client| {
        client.get("/x").unwrap();
        client.get("/x").unwrap();
        client.stats()
    });
    let requests: u64 = stats.iter().map(|stats| stats.requests).sum();
    assert_eq!(requests, u64::try_from(server.seen().len()).unwrap());
    assert_eq!(stats.iter().map(|stats| stats.tokens_fetched).sum::<u64>(), 1);
}

#[test]
fn an_early_renewal_that_fails_is_tried_once_by_all_clones_together() {
    let refused = vec![reply(503, ""); CLONES];
    let server = Server::with_scripts([token_reply("old", 100)].into_iter().chain(refused), []);
    let (client, clock) = on_manual_clock(server.client());
    client.access_token().unwrap();
    clock.advance(secs(80));
    at_once(&client, |client| client.get("/x").unwrap());
    assert_eq!((server.token_requests().len(), clock.sleeps().len()), (2, 0));
    assert!(server.api_requests().iter().all(|x| x.header("authorization") == Some("Bearer old")));
}

#[test]
fn what_a_server_asked_of_one_clone_is_kept_by_all() {
    let busy = reply(429, "").header("retry-after", "30");
    let server = Server::with_api([busy, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    let hasty = client.clone().with_retry_policy(RetryPolicy::default().with_retries(0));
    hasty.get("/x").unwrap_err();
    client.get("/y").unwrap();
    assert!(clock.slept() >= secs(30) && clock.slept() <= secs(31), "{:?}", clock.sleeps());
    assert_eq!((hasty.stats().waited, client.stats().waited), (secs(0), clock.slept()));
}

/// How many connections two calls take, one by a client and one by its clone.
fn connections(change: impl FnOnce(Client) -> Client) -> usize {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    let origin = raw_server(move |mut stream, _| {
        count.fetch_add(1, Ordering::SeqCst);
        while let Some(seen) = read_request(&mut stream) {
            let answer = match seen.path() {
                TOKEN_PATH => token_reply("t", 3600),
                _ => reply(200, "{}"),
            };
            write_reply(&mut stream, &answer);
        }
    });
    let client = client_at(&origin);
    let clone = change(client.clone());
    client.get("/x").unwrap();
    clone.get("/x").unwrap();
    connections.load(Ordering::SeqCst)
}

#[test]
fn clones_share_their_connections_until_one_is_told_to_connect_differently() {
    assert_eq!(connections(|clone| clone), 1);
    assert_eq!(connections(|clone| clone.with_body_limit(1000)), 1);
    assert_eq!(connections(|clone| clone.with_idle_timeout(secs(7))), 1);
    assert_eq!(connections(|clone| clone.with_connect_timeout(secs(7))), 1);
    assert_eq!(connections(|clone| clone.with_token_idle_timeout(secs(7))), 1);
    let patient = || Connection::new().with_idle_timeout(secs(7));
    assert_eq!(connections(|clone| clone.with_connection(patient())), 1);
    assert_eq!(connections(|clone| clone.with_connection(patient().without_proxy())), 2);
    assert_eq!(connections(|clone| clone.with_user_agent("other/1").unwrap()), 2);
    assert_eq!(connections(Client::without_proxy), 2);
}

#[test]
fn a_client_is_send_and_not_sync() {
    fn is_send<T: Send>() {}
    is_send::<Client>();

    // Does not compile once `Client` is `Sync`: then both implementations apply.
    trait NotSync<A> {
        fn holds() {}
    }
    struct IfSync;
    impl<T: ?Sized> NotSync<()> for T {}
    impl<T: ?Sized + Sync> NotSync<IfSync> for T {}
    <Client as NotSync<_>>::holds();
}

#[test]
fn an_observer_that_panics_during_a_token_request_does_not_block_the_others() {
    let server = Server::with_scripts([reply(503, "")], []);
    let (client, _) = on_manual_clock(server.client());
    let (inside, is_inside) = mpsc::channel();
    let inside = Mutex::new(inside);
    let panicking = client.clone().with_observer(move |event| {
        if matches!(event, Event::Waiting { .. }) {
            inside.lock().unwrap().send(()).unwrap();
            thread::sleep(Duration::from_millis(50));
            panic!("the observer's own trouble");
        }
    });
    let thread = thread::spawn(move || panicking.get("/x").is_ok());
    is_inside.recv().unwrap();
    // It waits for the other's token request, which never ends well.
    let started = Instant::now();
    client.get("/x").unwrap();
    assert!(started.elapsed() < FOR_EVER);
    assert!(thread.join().is_err());
}

#[test]
fn a_client_whose_observer_panicked_goes_on() {
    let server = Server::with_scripts([reply(503, "")], [reply(429, ""), reply(200, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    let client = client.with_observer(|event| {
        assert!(matches!(event, Event::Retrying { .. } | Event::TokenReused { .. }), "trouble");
    });
    for _ in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| client.get("/x").is_ok())).is_err());
    }
    client.get("/x").unwrap();
}

#[test]
fn a_credentials_function_that_panics_does_not_block_the_others() {
    let server = Server::with_api([]);
    let asked = AtomicUsize::new(0);
    let credentials = Credentials::from_fn(move || {
        assert!(asked.fetch_add(1, Ordering::SeqCst) > 0, "the vault's own trouble");
        Ok(("id".into(), "secret".into()))
    });
    let client = Client::new(server.provider(), credentials).unwrap();
    let clone = client.clone();
    assert!(thread::spawn(move || clone.get("/x").is_ok()).join().is_err());
    let started = Instant::now();
    client.get("/x").unwrap();
    assert!(started.elapsed() < FOR_EVER);
}

/// A client whose observer makes a call with a quiet clone of it at each event.
fn calling_observer(server: &Server) -> Client {
    let (client, _) = on_manual_clock(server.client());
    let slot: Arc<OnceLock<Mutex<Client>>> = Arc::default();
    slot.set(Mutex::new(client.clone())).ok().unwrap();
    client.with_observer(move |_| {
        slot.get().unwrap().lock().unwrap().get("/from-observer").unwrap();
    })
}

#[test]
fn an_observer_may_call_a_clone_of_the_client() {
    let server = Server::with_api([reply(429, "").header("retry-after", "1"), reply(200, "{}")]);
    let started = Instant::now();
    calling_observer(&server).get("/x").unwrap();
    assert!(started.elapsed() < FOR_EVER);
    assert!(server.api_requests().iter().any(|seen| seen.path() == "/from-observer"));
}

#[test]
fn an_observer_may_call_a_clone_of_the_client_in_the_middle_of_a_token_request() {
    let server = Server::with_scripts([reply(503, "").header("retry-after", "1")], []);
    let started = Instant::now();
    calling_observer(&server).get("/x").unwrap();
    assert!(started.elapsed() < FOR_EVER, "{:?}", started.elapsed());
    assert!(server.api_requests().iter().any(|seen| seen.path() == "/from-observer"));
}

#[test]
fn the_counters_of_a_client_and_its_clones_add_up() {
    let busy = reply(503, "").header("retry-after", "2");
    let server = Server::with_api([reply(200, "[1,2]"), busy, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    let clone = client.clone();
    client.items::<u8>("/rows").for_each(drop);
    clone.get("/busy").unwrap();
    let all: unattended::Stats = [&client, &clone].into_iter().map(Client::stats).sum();
    assert_eq!((all.requests as usize, all.tokens_fetched), (server.seen().len(), 1));
    assert_eq!((all.retries, all.waited, all.pages, all.rows), (1, clock.slept(), 1, 2));
    assert_eq!((all + all).rows, 4);
}

#[test]
fn clock_and_store_may_be_chosen_while_the_program_runs() {
    let server = Server::with_api([reply(200, "{}")]);
    let store: Box<dyn unattended::TokenStore> = Box::new(unattended::MemoryStore::new());
    let manual = unattended::ManualClock::new();
    let clock: std::sync::Arc<dyn unattended::Clock> = std::sync::Arc::new(manual.clone());
    let client = server.client().with_store(store).with_clock(clock);
    client.sleep(secs(7));
    client.get("/x").unwrap();
    assert_eq!(manual.slept(), secs(7));
}
