//! The headers by which servers ask to wait: one table of their names, and one way to read
//! their values.

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use ureq::http::StatusCode;
use ureq::http::header::{DATE, HeaderMap};

use crate::error::challenge::quoted_string;

/// Names of the wait itself, with the milliseconds of their unit. They count on every
/// answer.
const WAITS: [(&str, u128); 4] = [
    // RFC 9110 §10.2.3.
    ("retry-after", SECONDS),
    // better-auth sends only this one (its documentation, "Rate Limit").
    ("x-retry-after", SECONDS),
    // Azure OpenAI, and the retry policy of Azure's SDKs.
    ("retry-after-ms", 1),
    // Azure Cosmos DB (REST reference, "Common response headers").
    ("x-ms-retry-after-ms", 1),
];

/// Names of the time at which a quota is full again, with the names of what is left of it.
/// Many servers send them with every answer.
const RESETS: [(&str, &str); 4] = [
    // GitHub (REST API, "Rate limits"): Unix seconds. Others: seconds.
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    // Okta ("Rate limits", response headers): Unix seconds.
    ("x-rate-limit-reset", "x-rate-limit-remaining"),
    // draft-ietf-httpapi-ratelimit-headers-06 §5: seconds.
    ("ratelimit-reset", "ratelimit-remaining"),
    // Discord ("Rate limits"): seconds with a fraction, beside its reset in Unix seconds.
    ("x-ratelimit-reset-after", "x-ratelimit-remaining"),
];

/// draft-ietf-httpapi-ratelimit-headers: a dictionary until -07 (§5), a list of named
/// quotas in -11 (§4).
const RATE_LIMIT: &str = "ratelimit";

/// How long the server asks to wait. A wait that is named wins; else it is the longest
/// reset of a quota that is spent. What cannot be read does not count. A point in time is
/// measured against the answer's own `Date`: the server's clock is not ours.
pub(crate) fn asked_wait(
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Option<Duration> {
    let now = date(headers).unwrap_or(now);
    let waits = WAITS.iter().flat_map(|(name, unit)| values(headers, name, *unit));
    waits.map(|wait| wait.from(now).unwrap_or_default()).max().or_else(|| {
        let said_by_status = match status.as_u16() {
            429 | 503 => true,
            // Only a limit if the quota is said to be spent.
            400 | 403 | 420 | 430 => false,
            _ => return None,
        };
        let resets = RESETS
            .iter()
            .filter(|(_, remaining)| is_spent(texts(headers, remaining)).unwrap_or(said_by_status));
        let resets = resets.flat_map(|(name, _)| values(headers, name, SECONDS));
        // One that is over says nothing about the next one.
        let resets = resets.filter_map(|wait| wait.from(now));
        let quotas =
            texts(headers, RATE_LIMIT).filter_map(|field| spent_quota(field, said_by_status, now));
        resets.chain(quotas).max()
    })
}

/// Whether the answer says that a quota is spent and names its reset, even one in the past.
pub(crate) fn was_spent(headers: &HeaderMap) -> bool {
    RESETS.iter().any(|(reset, remaining)| {
        is_spent(texts(headers, remaining)) == Some(true)
            && !values(headers, reset, SECONDS).is_empty()
    })
}

fn texts<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> + use<'h> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// The answer's `Date` (RFC 9110 §6.6.1).
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

#[derive(Clone, Copy)]
enum Wait {
    For(Duration),
    Until(SystemTime),
}

impl Wait {
    /// `None` if it is over.
    fn from(self, now: SystemTime) -> Option<Duration> {
        match self {
            Self::For(wait) => Some(wait),
            Self::Until(time) => time.duration_since(now).ok().filter(|wait| !wait.is_zero()),
        }
    }
}

fn values(headers: &HeaderMap, name: &str, unit: u128) -> Vec<Wait> {
    let read = |text: &str| wait(text.trim(), unit);
    // Proxies merge several headers into one (RFC 9110 §5.3).
    let merged = |text: &str| text.split(',').filter_map(read).collect();
    let all = texts(headers, name);
    all.flat_map(|text| read(text).map_or_else(|| merged(text), |wait| vec![wait])).collect()
}

fn wait(text: &str, unit: u128) -> Option<Wait> {
    let number = number(text).map(|number| of_number(number, unit));
    let date = || http_date(text).or_else(|| iso_date(text)).map(Wait::Until);
    number.or_else(date).or_else(|| spans(text).map(Wait::For))
}

/// Digits; a fraction is rounded up, since early is too early.
fn number(text: &str) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let up = u128::from(fraction.bytes().any(|digit| digit != b'0'));
    Some(whole.parse().unwrap_or(u128::MAX).saturating_add(up))
}

/// The size of a number says what it is. Nobody is asked to wait for 31 years, so from there on it
/// is a Unix time, in the unit that puts it in our days.
fn of_number(number: u128, unit: u128) -> Wait {
    let nanos = match number.checked_ilog10().unwrap_or_default() {
        ..9 => return Wait::For(millis(number * unit)),
        9..12 => 1_000_000_000,
        12..15 => 1_000_000,
        15..18 => 1_000,
        _ => 1,
    };
    let time = SystemTime::UNIX_EPOCH.checked_add(duration(number * nanos));
    time.map_or(Wait::For(Duration::MAX), Wait::Until)
}

fn millis(millis: u128) -> Duration {
    duration(millis.saturating_mul(1_000_000))
}

fn duration(nanos: u128) -> Duration {
    let rest = u32::try_from(nanos % 1_000_000_000).unwrap_or_default();
    let seconds = u64::try_from(nanos / 1_000_000_000);
    seconds.map_or(Duration::MAX, |seconds| Duration::new(seconds, rest))
}

/// RFC 9110 §5.6.7; some servers call GMT by another name, or have another zone (RFC 5322
/// §3.3).
fn http_date(text: &str) -> Option<SystemTime> {
    let in_gmt = || {
        let (date, zone) = text.rsplit_once(' ')?;
        let date = match date.split_once(", ")? {
            // The day of the month may have one digit there.
            (name, rest) if rest.find(' ') == Some(1) => format!("{name}, 0{rest}"),
            _ => date.to_owned(),
        };
        let zone = if matches!(zone, "GMT" | "UTC") { "" } else { zone };
        at(parse_http_date(&format!("{date} GMT")).ok()?, zone)
    };
    parse_http_date(text).ok().or_else(in_gmt)
}

/// RFC 3339 §5.6, read leniently (ISO 8601): without a zone it is UTC, without seconds the
/// minute begins, and nothing need be between the digits. A fraction is rounded up.
fn iso_date(text: &str) -> Option<SystemTime> {
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let (clock, zone) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, "0"));
    let (date, clock) = (date.replace('-', ""), clock.replace(':', ""));
    let (year, month, day) = (date.get(..4)?, date.get(4..6)?, date.get(6..)?);
    let (hour, minute) = (clock.get(..2)?, clock.get(2..4)?);
    let second = clock.get(4..).filter(|second| !second.is_empty()).unwrap_or("00");
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    // `httpdate` knows the calendar, and accepts a date only with its day of the week.
    let day = format!("{day} {month} {year} {hour}:{minute}:{second} GMT");
    let mut dates = WEEKDAYS.iter().map(|name| format!("{name}, {day}"));
    let time = dates.find_map(|date| parse_http_date(&date).ok())?;
    let up = millis(number(&format!("0.{fraction}"))? * SECONDS);
    at(time.checked_add(up)?, zone)
}

/// A time of this zone.
fn at(time: SystemTime, zone: &str) -> Option<SystemTime> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(time);
    }
    let digits = zone.get(1..)?.replace(':', "");
    let number = number(&digits)?;
    let minutes = match digits.len() {
        2 => number * 60,
        4 => number / 100 * 60 + number % 100,
        _ => return None,
    };
    let offset = millis(minutes * 60 * SECONDS);
    match zone.get(..1)? {
        "+" => time.checked_sub(offset),
        "-" => time.checked_add(offset),
        _ => None,
    }
}

/// `2s`, `1m30s` and `250ms` as Go prints them, and `P1DT30S` (ISO 8601, without its years,
/// months and weeks).
fn spans(text: &str) -> Option<Duration> {
    let text = text.to_ascii_lowercase();
    let (days, mut rest) = match text.strip_prefix('p') {
        Some(iso) => iso.split_once('t').unwrap_or((iso, "")),
        None => ("", text.as_str()),
    };
    let mut total = match days {
        "" => None,
        days => Some(millis(number(days.strip_suffix('d')?)?.saturating_mul(86_400_000))),
    };
    while !rest.is_empty() {
        let (count, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let span = millis(number(count)?.saturating_mul(unit));
        total = Some(span.saturating_add(total.unwrap_or_default()));
        rest = after;
    }
    total
}

/// Whether nothing is left of a quota, if anything is said about it.
fn is_spent<'a>(remaining: impl Iterator<Item = &'a str>) -> Option<bool> {
    let left = remaining.flat_map(|text| text.split(',')).filter_map(|it| it.split(';').next());
    let left = left.filter_map(|text| text.trim().parse::<f64>().ok());
    left.reduce(f64::min).map(|least| least <= 0.0)
}

/// The longest reset of what is spent in a `RateLimit` header: `limit=10, remaining=0,
/// reset=4`, or `"name";r=0;t=4` for each quota.
fn spent_quota(field: &str, said_by_status: bool, now: SystemTime) -> Option<Duration> {
    let field = without_quoted(field);
    let spent = |members: &str, remaining: &str, reset: &str| {
        let member = |name: &str| {
            let mut pairs = members.split([',', ';']).filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
        };
        let is_spent = is_spent(member(remaining).into_iter()).unwrap_or(said_by_status);
        wait(member(reset)?, SECONDS).filter(|_| is_spent)?.from(now)
    };
    let quotas = field.split(',').filter_map(|quota| spent(quota, "r", "t"));
    // Several lines of one quota each may be merged into one.
    let merged = field.split("limit=").filter_map(|quota| spent(quota, "remaining", "reset"));
    quotas.chain(merged).max()
}

/// What is in quotes (RFC 9651 §3.3.3) is a name.
fn without_quoted(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once('"') {
        plain.push_str(before);
        rest = quoted_string(quoted).1;
    }
    plain + rest
}

const SECONDS: u128 = 1_000;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests;
