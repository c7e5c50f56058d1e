//! `Retry-After`, `Date`, and the other names of a wait: how long the server asks to wait,
//! and how long is waited.

use std::time::{Duration, SystemTime};

use unattended::{Clock, Event};

use super::check_error;
use super::oracle::http_date;
use super::server::{Answer, Server};

/// The input is an answer, which the API gives again and again.
pub fn check(data: &[u8]) {
    let mut answer = Answer { body: Vec::new(), ..Answer::read(data) };
    // Its grammar has no second reading here.
    answer.headers.retain(|(name, _)| name != "ratelimit");
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

/// The wait that is named, or else the longest reset of a spent quota.
fn asked(answer: &Answer, now: SystemTime) -> Option<Duration> {
    let now = date(answer).unwrap_or(now);
    let until = |time: SystemTime| time.duration_since(now).unwrap_or_default();
    let named = WAITS.iter().flat_map(|(name, unit)| times(answer, name, *unit));
    let named = named.map(|time| time.map_or_else(|wait| wait, until)).max();
    let resets = || {
        let is_left = |name: &&str| {
            let remaining = values(answer, name).filter_map(|text| {
                text.split([',', ';']).next().unwrap().trim().parse::<f64>().ok()
            });
            let least = remaining.fold(f64::NAN, f64::min);
            if least.is_nan() { [403, 400, 420, 430].contains(&answer.status) } else { least > 0.0 }
        };
        let counts = RESETS.iter().filter(|(_, remaining)| !is_left(remaining));
        let times = counts.flat_map(|(name, _)| times(answer, name, 1_000));
        let waits = times.filter_map(|time| match time {
            Ok(time) => Some(until(time)).filter(|wait| !wait.is_zero()),
            Err(wait) => Some(wait),
        });
        waits.max().filter(|_| [400, 403, 420, 429, 430, 503].contains(&answer.status))
    };
    named.or_else(resets)
}

const WAITS: [(&str, u64); 4] = [
    ("retry-after", 1_000),
    ("x-retry-after", 1_000),
    ("retry-after-ms", 1),
    ("x-ms-retry-after-ms", 1),
];

const RESETS: [(&str, &str); 4] = [
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("x-rate-limit-reset", "x-rate-limit-remaining"),
    ("ratelimit-reset", "ratelimit-remaining"),
    ("x-ratelimit-reset-after", "x-ratelimit-remaining"),
];

/// A point in time, or a wait.
type Time = Result<SystemTime, Duration>;

fn times(answer: &Answer, name: &str, unit: u64) -> Vec<Time> {
    let read = |text: &str| {
        let date = || in_any_name_of_gmt(text).or_else(|| iso_time(text)).map(Ok);
        number(text, unit).or_else(date).or_else(|| span(text).map(Err))
    };
    let all = |text: &str| match read(text) {
        Some(time) => vec![time],
        None => text.split(',').filter_map(|part| read(part.trim())).collect(),
    };
    values(answer, name).flat_map(all).collect()
}

/// By the number of digits: 10 of them are Unix seconds, until 2286.
fn number(text: &str, unit: u64) -> Option<Time> {
    let whole = rounded_up(text)?;
    let wait = match whole.to_string().len() {
        ..10 => return Some(Err(Duration::from_millis(u64::try_from(whole).unwrap() * unit))),
        10..13 => Duration::from_secs(u64::try_from(whole).unwrap()),
        13..16 => Duration::from_millis(u64::try_from(whole).unwrap()),
        16..19 => Duration::from_micros(u64::try_from(whole).unwrap()),
        _ => match u64::try_from(whole / 1_000_000_000) {
            Ok(secs) => Duration::new(secs, u32::try_from(whole % 1_000_000_000).unwrap()),
            Err(_) => return Some(Err(Duration::MAX)),
        },
    };
    Some(SystemTime::UNIX_EPOCH.checked_add(wait).ok_or(Duration::MAX))
}

fn rounded_up(text: &str) -> Option<u128> {
    let mut parts = text.splitn(2, '.');
    let (whole, fraction) = (parts.next()?, parts.next().unwrap_or("0"));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let up = u128::from(fraction.contains(|c| c != '0'));
    Some(whole.parse().unwrap_or(u128::MAX).saturating_add(up))
}

/// RFC 3339 §5.6, also without a zone.
fn iso_time(text: &str) -> Option<SystemTime> {
    let (date, rest) = (text.get(..text.find(['T', 't', ' '])?)?, text);
    let rest = &rest[date.len() + 1..];
    let (clock, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let ints = |text: &str, sign: char| -> Option<Vec<u16>> {
        let is_number = |part: &&str| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
        text.split(sign).map(|part| Some(part).filter(is_number)?.parse().ok()).collect()
    };
    let [year, month, day] = ints(date, '-')?[..] else { return None };
    let [hour, minute, second] = ints(clock, ':')?[..] else { return None };
    let small = |number: u16| u8::try_from(number).ok();
    let month = time::Month::try_from(small(month)?).ok()?;
    let date = time::Date::from_calendar_date(i32::from(year), month, small(day)?).ok()?;
    // A leap second is the first one of the next minute.
    let (second, leap) = if second == 60 { (59, 1) } else { (second, 0) };
    let clock = time::Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let up = i64::from(fraction.bytes().any(|b| b != b'0'));
    let digits: String = zone.chars().skip(1).filter(|c| *c != ':').collect();
    let offset = match (zone, digits.len()) {
        ("" | "Z" | "z", _) => 0,
        (_, 4) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            let minutes =
                digits[..2].parse::<i64>().ok()? * 60 + digits[2..].parse::<i64>().ok()?;
            if zone.starts_with('-') { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = time::UtcDateTime::new(date, clock).unix_timestamp() + leap + up - offset * 60;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.try_into().ok()?))
}

/// `1m30s`, and `PT1M30S`.
fn span(text: &str) -> Option<Duration> {
    let text = match text.strip_prefix("PT") {
        Some(iso) => iso.to_ascii_lowercase(),
        None => text.to_owned(),
    };
    let letters = |c: char| c.is_ascii_alphabetic();
    let counts: Vec<&str> = text.split(letters).filter(|part| !part.is_empty()).collect();
    let units: Vec<&str> =
        text.split(|c: char| !letters(c)).filter(|part| !part.is_empty()).collect();
    if counts.is_empty() || counts.len() != units.len() || text.starts_with(letters) {
        return None;
    }
    let spans = counts.iter().zip(units).map(|(count, unit)| {
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let millis = rounded_up(count)?.saturating_mul(unit);
        let seconds = u64::try_from(millis / 1_000);
        Some(seconds.map_or(Duration::MAX, |seconds| {
            Duration::from_secs(seconds)
                .saturating_add(Duration::from_millis((millis % 1_000) as u64))
        }))
    });
    spans.sum::<Option<Sum>>().map(|sum| sum.0)
}

/// A sum of durations that stays where they end.
struct Sum(Duration);

impl std::iter::Sum<Duration> for Sum {
    fn sum<I: Iterator<Item = Duration>>(all: I) -> Self {
        Self(all.fold(Duration::ZERO, Duration::saturating_add))
    }
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
