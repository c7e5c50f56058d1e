//! Every fault met by a call, by a token request, and by the call after it; on the manual
//! clock.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::{AccessToken, Client, Event, Request, Response};

use super::stage::*;
use super::*;
use crate::support::real_time::{FOR_EVER, first_ok};
use crate::support::*;

/// A client of an API with a fault, and one of a token endpoint with it: a silence is
/// short, and 256 kiB is too much.
pub fn api_client(fault: &Fault, stage: &Stage) -> Client {
    client_of(Stage::good(), &stage.origin).with_idle_timeout(idle(fault)).with_body_limit(1 << 18)
}

pub fn token_client(fault: &Fault, stage: &Stage) -> Client {
    client_of(&stage.origin, Stage::good()).with_token_idle_timeout(idle(fault))
}

fn idle(fault: &Fault) -> Duration {
    if fault.is_silent { Duration::from_millis(500) * fault.pace } else { FOR_EVER }
}

/// Runs `check` for every fault that ends without a clock, many at a time, and tells of all
/// that went wrong.
pub fn for_all(check: impl Fn(&Fault) -> Result<(), String> + Sync) {
    let faults = table();
    // Those that wait go first.
    let (silent, quick): (Vec<_>, Vec<_>) =
        faults.iter().filter(|fault| !fault.is_endless).partition(|fault| fault.is_silent);
    let told = Mutex::new(String::new());
    let run = |fault: &Fault| {
        let outcome = first_ok(|pace| {
            let fault = Fault { pace, ..fault.clone() };
            catch_unwind(AssertUnwindSafe(|| check(&fault))).unwrap_or(Err("it panicked".into()))
        });
        if let Err(why) = outcome {
            writeln!(told.lock().unwrap(), "{}: {why}", fault.name).unwrap();
        }
    };
    thread::scope(|scope| {
        for fault in silent {
            drop(scope.spawn(|| run(fault)));
        }
        quick
            .chunks(QUICK)
            .for_each(|faults| drop(scope.spawn(|| faults.iter().for_each(|fault| run(fault)))));
    });
    let told = told.into_inner().unwrap();
    assert!(told.is_empty(), "\n{told}");
}

/// How many of those that end by themselves are run one after the other.
const QUICK: usize = 20;

/// No secret is in what may be printed.
pub fn check_clean<T>(result: &Result<T, Error>, events: &[Event]) -> Result<(), String> {
    let mut text = format!("{events:?}");
    if let Err(error) = result {
        text.push_str(&printed(error));
    }
    match ["t0ken", "s3cret"].iter().any(|track| text.contains(track)) {
        true => Err(format!("a secret shows: {text}")),
        false => Ok(()),
    }
}

fn is_right(response: &Response) -> bool {
    let json = response.json::<serde_json::Value>();
    json.is_ok_and(|json| json["a"] == "right")
}

/// Compares what came of it, and how many requests the server got.
pub fn compare(
    (expected, requests): (Come, usize),
    come: Come,
    stage: &Stage,
    told: impl std::fmt::Debug,
) -> Result<(), String> {
    let got = stage.requests(requests);
    match (come, got) == (expected, requests) {
        true => Ok(()),
        false => Err(format!(
            "{come:?} after {got} requests, not {expected:?} after {requests}: {told:?}"
        )),
    }
}

fn check_call(fault: &Fault, request: &Request, expected: (Come, usize)) -> Result<(), String> {
    let stage = Stage::new(fault, always);
    let (client, _) = on_manual_clock(api_client(fault, &stage));
    let (client, events) = observed(client);
    let result = client.send(request);
    check_clean(&result, &events.lock().unwrap())?;
    compare(expected, Come::of(&result, is_right), &stage, result.err())
}

#[test]
fn a_get_that_meets_a_fault_ends_as_the_table_says() {
    for_all(|fault| check_call(fault, &Request::get("/x"), fault.get));
}

#[test]
fn a_post_that_meets_a_fault_is_not_sent_again_unless_the_server_did_not_act() {
    for_all(|fault| {
        let is_safe = |sent| sent <= Delivery::Rejected;
        match fault.post {
            (Come::Transport(_, sent) | Come::Status(_, sent), requests) => {
                assert!(requests <= 1 || is_safe(sent), "{}: wrong in the table", fault.name);
            }
            (_, requests) => assert_eq!(requests, 1, "{}: wrong in the table", fault.name),
        }
        check_call(fault, &Request::post("/x").bytes("x"), fault.post)
    });
}

#[test]
fn a_post_that_is_safe_to_repeat_meets_a_fault_as_a_get_does() {
    for_all(|fault| {
        let request = Request::post("/x").bytes("x").safe_to_repeat();
        match fault.get {
            // Of redirects only those of a GET are followed.
            (Come::Status(ErrorKind::Refused, _), _)
            | (Come::Transport(_, Delivery::NotSent), 1) => Ok(()),
            expected => check_call(fault, &request, expected),
        }
    });
}

#[test]
fn a_token_request_that_meets_a_fault_ends_as_the_table_says() {
    for_all(|fault| {
        let stage = Stage::new(fault, always);
        let (client, _) = on_manual_clock(token_client(fault, &stage));
        let (client, events) = observed(client);
        let result = client.access_token();
        check_clean(&result, &events.lock().unwrap())?;
        let is_right = |token: &AccessToken| token.as_str().starts_with("t0ken");
        compare(fault.token, Come::of(&result, is_right), &stage, result.err())
    });
}

#[test]
fn a_call_that_gets_no_token_is_not_sent_whatever_came_of_the_token_request() {
    for_all(|fault| {
        let expected = match fault.token.0 {
            Come::Transport(class, _) => Come::Transport(class, Delivery::NotSent),
            Come::Token(class, _) => Come::Token(class, Delivery::NotSent),
            come => come,
        };
        for request in [Request::get("/x"), Request::post("/x").bytes("x")] {
            let stage = Stage::new(fault, always);
            let (client, _) = on_manual_clock(token_client(fault, &stage));
            let result = client.send(&request);
            compare((expected, fault.token.1), Come::of(&result, is_right), &stage, result.err())?;
        }
        Ok(())
    });
}

/// What passes is survived, if it may be sent twice.
fn after_once(expected: (Come, usize)) -> Come {
    match expected.0 {
        Come::Transport(..) | Come::Status(..) | Come::Token(..) if expected.1 > 1 => Come::Right,
        come => come,
    }
}

#[test]
fn a_fault_that_passes_is_survived_where_it_may_be() {
    for_all(|fault| {
        let calls = [(Request::get("/x"), fault.get), (Request::post("/x"), fault.post)];
        for (request, expected) in calls.into_iter().filter(|_| !fault.refuses_connections()) {
            let stage = Stage::new(fault, once);
            let (client, _) = on_manual_clock(api_client(fault, &stage));
            let result = client.send(&request);
            compare((after_once(expected), 1), Come::of(&result, is_right), &stage, result.err())?;
        }
        let stage = Stage::new(fault, once);
        if !fault.refuses_connections() && fault.token.1 > 1 {
            let (client, _) = on_manual_clock(token_client(fault, &stage));
            let result = client.send(Request::get("/x"));
            let expected = (after_once(fault.token), 1);
            compare(expected, Come::of(&result, is_right), &stage, result.err())?;
        }
        Ok(())
    });
}

/// The first request and five redirects.
const REDIRECTS: usize = 6;

/// Once, and only to the first call: a request may be read when its client is gone.
fn first_x(number: usize, seen: Option<&Seen>) -> bool {
    number == 0 && seen.is_none_or(|seen| seen.path() == "/x")
}

#[test]
fn the_call_after_a_fault_gets_its_own_answer() {
    for_all(|fault| {
        if fault.refuses_connections() {
            return Ok(());
        }
        let stage = Stage::new(fault, first_x);
        let (client, _) = on_manual_clock(api_client(fault, &stage));
        let _ = client.send(Request::post("/x"));
        // A server that closes a connection needs a moment for it.
        thread::sleep(Duration::from_millis(100) * fault.pace);
        for path in ["/next", "/last"] {
            let patient = Request::post(path).with_idle_timeout(FOR_EVER);
            let response = client.send(&patient).map_err(|error| format!("{path}: {error:?}"))?;
            let json: serde_json::Value = response.json().map_err(|error| format!("{error:?}"))?;
            if json["path"] != path {
                return Err(format!("{path} got {json}"));
            }
        }
        Ok(())
    });
}

#[test]
fn a_fault_between_two_calls_on_a_kept_connection_costs_no_get() {
    for_all(|fault| {
        let is_followed = fault.get.1 == REDIRECTS;
        if fault.is_before_requests() || fault.is_silent || is_followed {
            return Ok(());
        }
        let second: For = |_, seen| seen.is_some_and(|seen| seen.path() == "/x");
        let stage = Stage::new(fault, second);
        let (client, _) = on_manual_clock(api_client(fault, &stage));
        client.get("/first").map_err(|error| error.to_string())?;
        let result = client.send(Request::get("/x"));
        compare(fault.get, Come::of(&result, is_right), &stage, result.err())
    });
}

#[test]
fn a_token_that_is_no_header_value_is_an_error_that_does_not_show_it() {
    let breaks = ["\\r\\nx: y", "\\u0000", "\\u001b[2J", " ", "\\t", "\u{e4}", "\\u007f"];
    for odd in breaks {
        let answer = format!(r#"{{"access_token":"t0ken{odd}t0ken","token_type":"Bearer"}}"#);
        let server = Server::with_scripts([reply(200, answer)], []);
        let (client, events) = observed(server.client());
        let result = client.get("/x");
        check_clean(&result, &events.lock().unwrap()).unwrap();
        let error = result.unwrap_err();
        let text = "the access_token has characters that would break a header";
        assert!(error.to_string().contains(text), "{odd}: {error}");
        assert!(server.api_requests().is_empty());
    }
}
