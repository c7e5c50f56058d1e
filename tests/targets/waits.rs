//! `Retry-After`, `Date` and `x-ratelimit-reset`: how long the server asks to wait, and
//! how long is waited.

use std::time::{Duration, SystemTime};

use unattended::{Clock, Event};

use super::check_error;
use super::oracle::http_date;
use super::server::{Answer, Server};

/// The input is an answer, which the API gives again and again.
pub fn check(data: &[u8]) {
    let answer = Answer { body: Vec::new(), ..Answer::read(data) };
    let server = Server::here();
    server.play(None, &[], &answer);
    let (client, clock) = server.client();
    let longest = std::sync::Arc::new(std::sync::Mutex::new(Duration::ZERO));
    let log = longest.clone();
    let client = client.with_observer(move |event| {
        if let Event::Waiting { wait, .. } = event {
            let mut longest = log.lock().unwrap();
            *longest = (*longest).max(*wait);
        }
    });
    let before = asked(&answer, clock.now());
    let outcome = client.get("/waits");
    let after = asked(&answer, clock.now());
    // Nine attempts, a renewed token, and no wait that was not asked for or is not a
    // back-off of at most half a minute.
    let attempts = server.seen().len();
    assert!((1..=10).contains(&attempts), "{attempts}");
    assert!(clock.slept() < Duration::from_secs(15 * 60), "{:?}", clock.sleeps());
    assert!(clock.sleeps().len() < attempts.max(2), "{attempts}: {:?}", clock.sleeps());
    for sleep in clock.sleeps() {
        let stated = before.unwrap_or_default().max(Duration::from_secs(30));
        assert!(sleep <= stated, "{sleep:?}, where {before:?} was asked");
    }
    assert_eq!(clock.sleeps().into_iter().max().unwrap_or_default(), *longest.lock().unwrap());
    match outcome {
        Ok(response) => {
            assert_eq!(response.retry_after(), after);
            assert_eq!(response.date(), date(&answer));
        }
        Err(error) => {
            check_error(&error);
            assert_eq!(error.retry_after(), after, "{error}");
        }
    }
    // What is remembered is kept: the next call asks nobody, or waits for it.
    let (known, slept) = (server.seen().len(), clock.slept());
    let lasting = [501, 505, 506, 508, 510, 511].contains(&answer.status);
    if let (403 | 429 | 408 | 500.., Some(wait), false) = (answer.status, after, lasting)
        && !wait.is_zero()
        && client.get("/waits").is_err()
    {
        let waited = clock.slept() - slept;
        assert!(server.seen().len() == known || waited >= wait, "{waited:?} of {wait:?}");
    }
}

/// RFC 9110 §10.2.3, and on a 429 the header that has no RFC.
fn asked(answer: &Answer, now: SystemTime) -> Option<Duration> {
    let now = date(answer).unwrap_or(now);
    let until = |then: SystemTime| then.duration_since(now).unwrap_or_default();
    let asked = values(answer, "retry-after")
        .filter_map(|text| {
            let merged = || text.split(',').filter_map(|text| seconds(text.trim())).max();
            seconds(text).or_else(|| in_any_name_of_gmt(text).map(until)).or_else(merged)
        })
        .max();
    let reset = |text: &str| match seconds(text)? {
        wait if wait.as_secs() < 1_000_000_000 => Some(wait),
        reset => match SystemTime::UNIX_EPOCH.checked_add(reset) {
            Some(reset) => Some(until(reset)).filter(|wait| !wait.is_zero()),
            None => Some(Duration::MAX),
        },
    };
    let reset = || values(answer, "x-ratelimit-reset").filter_map(reset).max();
    asked.or_else(|| reset().filter(|_| answer.status == 429))
}

fn date(answer: &Answer) -> Option<SystemTime> {
    let date = answer.headers.iter().find(|(name, _)| name == "date")?;
    in_any_name_of_gmt(std::str::from_utf8(&date.1).ok()?)
}

fn in_any_name_of_gmt(text: &str) -> Option<SystemTime> {
    let gmt = |zone| text.strip_suffix(zone).map(|date| format!("{date}GMT"));
    http_date(text).or_else(|| http_date(&gmt("UTC").or(gmt("+0000"))?))
}

fn values<'a>(answer: &'a Answer, name: &'a str) -> impl Iterator<Item = &'a str> {
    let values = answer.headers.iter().filter(move |(header, _)| header == name);
    values.filter_map(|(_, value)| std::str::from_utf8(value).ok().map(str::trim))
}

/// Whole seconds, rounded up.
fn seconds(text: &str) -> Option<Duration> {
    let mut parts = text.splitn(2, '.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or("0"));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let up = u64::from(fraction.contains(|c| c != '0'));
    Some(Duration::from_secs(whole.parse().unwrap_or(u64::MAX).saturating_add(up)))
}
