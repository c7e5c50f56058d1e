//! A program that asks to stop: what ends, how soon, and what is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Clock, ManualClock, Request};

use crate::support::*;

const WHY: &str = "not sent: the program asked to stop";

/// A manual clock that sets the flag after so many sleeps.
#[derive(Clone)]
struct Interrupting {
    clock: ManualClock,
    flag: Arc<AtomicBool>,
    after: usize,
}

impl Clock for Interrupting {
    fn now(&self) -> std::time::SystemTime {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
        if self.clock.sleeps().len() == self.after {
            self.flag.store(true, Ordering::Relaxed);
        }
    }
}

/// A client that is asked to stop after so many sleeps of a tenth of a second.
fn stopping(client: Client, after: usize) -> (Client, ManualClock) {
    let (clock, flag) = (ManualClock::new(), Arc::new(AtomicBool::new(after == 0)));
    let interrupting = Interrupting { clock: clock.clone(), flag: flag.clone(), after };
    (client.with_clock(interrupting).with_stop(flag), clock)
}

#[test]
fn nothing_is_sent_once_the_flag_is_set() {
    let server = Server::with_api([]);
    let (client, _) = stopping(server.client(), 0);
    let error = client.post("/a", &1).unwrap_err();
    assert_eq!(error.to_string(), format!("POST {}/a: {WHY}", &server.url("")[7..]));
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Stopped, 75));
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(!error.is_temporary());
    assert!(client.access_token().is_err());
    assert!(server.seen().is_empty());
}

#[test]
fn a_wait_between_attempts_ends_within_a_tenth_of_a_second() {
    let busy = reply(503, "").header("retry-after", "60");
    let server = Server::with_api([busy]);
    let (client, clock) = stopping(server.client(), 7);
    let error = client.send(Request::post("/a").safe_to_repeat()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
    // The server may have acted on the attempt before.
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(clock.sleeps(), [Duration::from_millis(100); 7]);
    assert_eq!(client.stats().waited, Duration::from_millis(700));
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn a_wait_for_the_token_endpoint_ends_as_well() {
    let busy = reply(429, oauth("slow_down")).header("retry-after", "60");
    let server = Server::with_scripts([busy], []);
    let (client, clock) = stopping(server.client(), 3);
    let error = client.get("/a").unwrap_err();
    assert_eq!((error.kind(), clock.sleeps().len()), (ErrorKind::Stopped, 3));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_wait_for_a_remembered_cooldown_ends_as_well() {
    let server = Server::with_api([reply(429, "").header("retry-after", "60")]);
    let (client, clock) = stopping(server.client(), 5);
    let hasty = unattended::RetryPolicy::default().with_retries(0);
    client.send(Request::get("/a").with_retry_policy(hasty)).unwrap_err();
    let error = client.get("/b").unwrap_err();
    assert_eq!((error.kind(), clock.sleeps().len()), (ErrorKind::Stopped, 5));
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn a_walk_hands_out_the_rows_that_it_has_and_can_be_taken_up() {
    let page = |number: u64| {
        let body = format!(r#"{{"items":[{{"id":{number}}}],"page":{number},"total_pages":3}}"#);
        reply(200, body)
    };
    let server = Server::with_api([page(1), page(2), page(3)]);
    let flag = Arc::new(AtomicBool::new(false));
    let client = server.client().with_stop(flag.clone());
    let mut rows = client.items::<serde_json::Value>("/a");
    rows.next().unwrap().unwrap();
    flag.store(true, Ordering::Relaxed);
    let error = rows.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped);
    assert!(rows.next().is_none());
    let point = rows.resume_point().unwrap();
    flag.store(false, Ordering::Relaxed);
    let rest = client.items::<serde_json::Value>("/a").resume(&point);
    assert_eq!(rest.map(|row| row.unwrap()["id"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn a_pause_of_the_program_ends_early_too() {
    let (client, clock) = stopping(Server::with_api([]).client(), 2);
    client.sleep(Duration::from_secs(60));
    assert_eq!(clock.sleeps(), [Duration::from_millis(100); 2]);
}

#[test]
fn without_a_flag_a_wait_is_one_sleep() {
    let (client, clock) = on_manual_clock(Server::with_api([]).client());
    client.sleep(Duration::from_secs(60));
    assert_eq!(clock.sleeps(), [Duration::from_secs(60)]);
}
