//! Events as lines of a log. A process has one logger, so this is a program of its own; what it
//! shows needs the features `log` and `tracing`.
#![cfg(all(feature = "log", feature = "tracing"))]

use std::fmt;
use std::sync::{Arc, Mutex};

use httpmock::MockServer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use unattended::{Client, Credentials, Event, ManualClock, Provider};

/// What was written, whichever way.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        if record.target() == "unattended" {
            LOGGED.lock().unwrap().push(format!("{} {}", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

impl tracing::Subscriber for Lines {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "unattended"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                self.0 = format!("{value:?}");
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(format!("{} {}", event.metadata().level(), message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A call that is refused for a second first.
fn call(observer: fn(&Event)) {
    let server = MockServer::start();
    server.mock(|when, then| {
        when.path("/token");
        then.status(200).body(r#"{"access_token":"hush-hush","expires_in":60}"#);
    });
    let mut busy = server.mock(|when, then| {
        when.path("/a");
        then.status(429).header("retry-after", "1");
    });
    let provider = Provider::new(&server.url("/token"), &server.base_url()).unwrap();
    let client = Client::new(provider, Credentials::new("me", "s3cret")).unwrap();
    let client = client.with_clock(ManualClock::new()).with_observer(observer);
    let policy = unattended::RetryPolicy::default().with_retries(1);
    client.with_retry_policy(policy).get("/a?key=hush").unwrap_err();
    busy.delete();
}

#[track_caller]
fn check(lines: &[String]) {
    let levels = lines.iter().map(|line| line.split(' ').next().unwrap());
    assert_eq!(levels.collect::<Vec<_>>(), ["INFO", "WARN", "DEBUG"], "{lines:?}");
    assert!(lines[1].contains("waiting 1 s before attempt 2 of GET"), "{lines:?}");
    assert!(!lines.concat().contains("hush"), "{lines:?}");
}

#[test]
fn events_are_lines_with_a_level_by_kind() {
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Debug);
    call(unattended::log_events);
    check(&LOGGED.lock().unwrap());

    let lines = Lines::default();
    with_default(lines.clone(), || call(unattended::trace_events));
    check(&lines.0.lock().unwrap());
}
