//! Second readings of what the crate reads, written from the RFCs and in another way.

use std::time::{Duration, SystemTime};

use time::{Date, Month, Time, UtcDateTime, Weekday};

/// A date of RFC 9110 §5.6.7, in all three formats, whose day of the week is right.
pub fn http_date(text: &str) -> Option<SystemTime> {
    let words: Vec<&str> = text.split(' ').collect();
    let (weekday, day, month, year, clock) = match words[..] {
        [weekday, day, month, year, clock, "GMT"] if day.len() == 2 && year.len() == 4 => {
            (short(weekday.strip_suffix(',')?)?, day, month, number(year)?, clock)
        }
        [weekday, date, clock, "GMT"] => {
            let parts: Vec<&str> = date.split('-').collect();
            let [day, month, year] = parts[..] else { return None };
            if day.len() != 2 || year.len() != 2 {
                return None;
            }
            let year = number(year)?;
            let year = if year < 70 { 2000 + year } else { 1900 + year };
            (long(weekday.strip_suffix(',')?)?, day, month, year, clock)
        }
        [weekday, month, day, clock, year] if day.len() == 2 && year.len() == 4 => {
            (short(weekday)?, day, month, number(year)?, clock)
        }
        // One digit for the day, after two spaces.
        [weekday, month, "", day, clock, year] if day.len() == 1 && year.len() == 4 => {
            (short(weekday)?, day, month, number(year)?, clock)
        }
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = Month::try_from(u8::try_from(month).ok()? + 1).ok()?;
    let date =
        Date::from_calendar_date(i32::from(year), month, u8::try_from(number(day)?).ok()?).ok()?;
    let parts: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = parts[..] else { return None };
    let two = |text: &str| number(text).filter(|_| text.len() == 2)?.try_into().ok();
    let time = Time::from_hms(two(hour)?, two(minute)?, two(second)?).ok()?;
    let seconds = UtcDateTime::new(date, time).unix_timestamp();
    let since_epoch = Duration::from_secs(u64::try_from(seconds).ok()?);
    (date.weekday() == weekday).then(|| SystemTime::UNIX_EPOCH + since_epoch)
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Monday),
    ("Tuesday", Weekday::Tuesday),
    ("Wednesday", Weekday::Wednesday),
    ("Thursday", Weekday::Thursday),
    ("Friday", Weekday::Friday),
    ("Saturday", Weekday::Saturday),
    ("Sunday", Weekday::Sunday),
];

fn short(name: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(long, _)| long.get(..3) == Some(name)).map(|(_, weekday)| *weekday)
}

fn long(name: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(long, _)| *long == name).map(|(_, weekday)| *weekday)
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The target of the first link with the relation `next` (RFC 8288 §3), read as appendix
/// B.2 has it: character by character.
pub fn next_link(header: &str) -> Option<String> {
    let mut rest: Vec<char> = header.chars().rev().collect();
    loop {
        while rest.pop()? != '<' {}
        let target = take_until(&mut rest, &['>'])?;
        let mut relation = None;
        while rest.last() == Some(&';') || rest.last().is_some_and(|c| *c == ' ' || *c == '\t') {
            if rest.pop() != Some(';') {
                continue;
            }
            let (name, value) = parameter(&mut rest);
            // Only the first one counts (RFC 8288 §3.3).
            if name.eq_ignore_ascii_case("rel") && relation.is_none() {
                relation = Some(value);
            }
        }
        // Not of the RFC, and met nevertheless: `rel='next'`.
        let relations = relation.unwrap_or_default().trim_matches('\'').to_ascii_lowercase();
        if relations.split_ascii_whitespace().any(|relation| relation == "next") {
            return Some(target.trim().to_owned());
        }
        while !matches!(rest.last(), None | Some(',')) {
            rest.pop();
        }
    }
}

/// A name and its value, unquoted (RFC 8288 appendix B.3).
fn parameter(rest: &mut Vec<char>) -> (String, String) {
    let mut name = String::new();
    while let Some(c) = rest.pop_if(|c| !matches!(c, '=' | ';' | ',')) {
        name.push(c);
    }
    let mut value = String::new();
    if rest.pop_if(|c| *c == '=').is_some() {
        while rest.pop_if(|c| *c == ' ' || *c == '\t').is_some() {}
        if rest.pop_if(|c| *c == '"').is_some() {
            while let Some(c) = rest.pop().filter(|c| *c != '"') {
                value.push(if c == '\\' { rest.pop().unwrap_or(c) } else { c });
            }
            while rest.pop_if(|c| !matches!(c, ';' | ',')).is_some() {}
        } else {
            while let Some(c) = rest.pop_if(|c| !matches!(c, ';' | ',')) {
                value.push(c);
            }
        }
    }
    (name.trim().to_owned(), value.trim().to_owned())
}

fn take_until(rest: &mut Vec<char>, ends: &[char]) -> Option<String> {
    let mut taken = String::new();
    loop {
        match rest.pop()? {
            c if ends.contains(&c) => return Some(taken),
            c => taken.push(c),
        }
    }
}
