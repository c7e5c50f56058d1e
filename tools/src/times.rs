//! Points in time as text.

use std::time::SystemTime;

use time::{Date, Month, OffsetDateTime, Time};

/// As RFC 3339 has it, in UTC: `2026-01-01T12:00:00Z`.
pub fn rfc3339(time: OffsetDateTime) -> String {
    let (hour, minute, second) = time.to_hms();
    format!("{}T{hour:02}:{minute:02}:{second:02}Z", time.date())
}

/// A name in which `{date}` and `{time}` are those of now, in UTC.
pub fn in_name(name: &str) -> String {
    let now = rfc3339(OffsetDateTime::now_utc());
    name.replace("{date}", &now[..10]).replace("{time}", &now.replace(':', ""))
}

/// # Errors
///
/// What it takes instead.
pub fn parse(text: &str) -> Result<SystemTime, &'static str> {
    let (date, clock) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let clock = clock.strip_suffix('Z').unwrap_or_default();
    let time = three(date, '-').zip(three(clock, ':')).and_then(|(date, clock)| {
        let small = |number: u16| u8::try_from(number).ok();
        let ([year, month, day], [hour, minute, second]) = (date, clock);
        let month = Month::try_from(small(month)?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, small(day)?).ok()?;
        let clock = Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
        Some(OffsetDateTime::new_utc(date, clock))
    });
    time.map(SystemTime::from).ok_or("takes 2026-01-01, or 2026-01-01T12:00:00Z in UTC")
}

fn three(text: &str, separator: char) -> Option<[u16; 3]> {
    let numbers: Option<Vec<u16>> =
        text.split(separator).map(|part| part.parse::<u16>().ok()).collect();
    numbers?.try_into().ok()
}
