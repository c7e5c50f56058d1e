//! Every fault met by a download, on the manual clock: what was written is told to the byte,
//! and nothing is asked for again once a byte was.

use unattended::error::ErrorKind;
use unattended::{Request, RetryPolicy};

use super::calls::*;
use super::stage::*;
use super::*;
use crate::support::real_time::FOR_EVER;
use crate::support::*;

/// What is sent in good order by the table's faults.
fn is_right(written: &[u8]) -> bool {
    let json = serde_json::from_slice::<serde_json::Value>(written);
    json.is_ok_and(|json| json["a"] == "right")
}

/// What must come of it: as of a GET, but a download needs content, and not too little of it.
fn expected(fault: &Fault, result: &Result<u64, Error>) -> Come {
    match (fault.get.0, result) {
        // 205 and 304: a success that brings no content.
        (Come::Odd, Err(error)) => Come::Status(ErrorKind::Refused, error.delivery()),
        (come, _) => come,
    }
}

#[test]
fn a_download_that_meets_a_fault_tells_what_was_written_and_is_not_repeated_after_a_byte() {
    for_all(|fault| {
        if fault.is_too_much() {
            return Ok(());
        }
        let stage = Stage::new(fault, always);
        let (client, _) = on_manual_clock(api_client(fault, &stage));
        let (client, events) = observed(client);
        let mut written = Vec::new();
        let result = client.download(Request::get("/x"), &mut written);
        check_clean(&result, &events.lock().unwrap())?;
        let come = Come::of(&result, |_| is_right(&written));
        let told = match &result {
            Ok(count) => *count,
            Err(Error::Transport(error)) => error.received,
            Err(_) => 0,
        };
        if told != written.len() as u64 {
            return Err(format!("{told} bytes are told, {} were written", written.len()));
        }
        let requests = if written.is_empty() { fault.get.1 } else { 1 };
        compare((expected(fault, &result), requests), come, &stage, result.err())
    });
}

#[test]
fn a_download_without_end_is_ended_by_the_end_time() {
    let faults = table().into_iter().filter(|fault| fault.is_too_much() || fault.is_endless);
    std::thread::scope(|scope| {
        for fault in faults {
            scope.spawn(move || {
                let stage = Stage::new(&fault, always);
                let (client, clock) = on_manual_clock(api_client(&fault, &stage));
                let end = unattended::Clock::now(&clock) + std::time::Duration::from_millis(500);
                let policy = RetryPolicy::default().with_end_time(end);
                let client = client.with_retry_policy(policy);
                let start = std::time::Instant::now();
                let result = client.download(Request::get("/x"), &mut std::io::sink());
                let took = start.elapsed();
                let is_bomb = fault.name.contains("bomb");
                assert!(is_bomb || result.is_err(), "{}: {result:?}", fault.name);
                assert!(took < FOR_EVER, "{}: {took:?}", fault.name);
            });
        }
    });
}
