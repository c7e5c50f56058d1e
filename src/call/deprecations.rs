//! What a server says of an address that will go (RFC 9745, RFC 8594): told once for each.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;
use ureq::http::HeaderName;

use crate::call::cooldown::CallKey;
use crate::error::RequestTarget;
use crate::event::Event;
use crate::links::links;
use crate::response::Response;
use crate::url;

/// Clones share it.
#[derive(Default)]
pub(crate) struct Deprecations {
    told: Mutex<HashSet<CallKey>>,
}

impl Deprecations {
    /// The event of an answer that speaks of it for the first time.
    pub(crate) fn first(
        &self,
        key: impl FnOnce() -> CallKey,
        target: impl FnOnce() -> RequestTarget,
        response: &Response,
    ) -> Option<Event> {
        let text = |name: &HeaderName| response.headers.get(name)?.to_str().ok();
        let (deprecation, sunset) = (text(&DEPRECATION), text(&SUNSET));
        if deprecation.is_none() && sunset.is_none() {
            return None;
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST || !told.insert(key()) {
            return None;
        }
        Some(Event::Deprecated {
            target: target(),
            since: deprecation.and_then(date),
            sunset: sunset.and_then(date),
            link: link(response),
        })
    }
}

/// A date as RFC 9651 §3.3.7 has it, or as HTTP does: drafts had that, and `true`.
fn date(value: &str) -> Option<SystemTime> {
    match value.trim().strip_prefix('@') {
        Some(seconds) => {
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.parse().ok()?))
        }
        None => parse_http_date(value.trim()).ok(),
    }
}

/// Where people can read about it, without a query.
fn link(response: &Response) -> Option<String> {
    let values = response.headers.get_all("link").into_iter();
    let values = values.filter_map(|value| value.to_str().ok());
    let is_about = |relation: &str| ["deprecation", "sunset"].contains(&relation);
    let mut found = values.flat_map(links).filter(|link| link.relations().any(is_about));
    let target = found.find_map(|link| link.target)?;
    Some(response.mask.hide(&url::shown(target)))
}

const MOST: usize = 1_000;
/// Made beforehand: every answer is looked at.
static DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
static SUNSET: HeaderName = HeaderName::from_static("sunset");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_standard_and_of_its_drafts_are_read() {
        let seconds = |value| {
            let since = date(value)?.duration_since(SystemTime::UNIX_EPOCH);
            Some(since.unwrap().as_secs())
        };
        assert_eq!(seconds("@1688169599"), Some(1_688_169_599));
        assert_eq!(seconds("Sat, 01 Jul 2023 00:00:00 GMT"), Some(1_688_169_600));
        for value in ["true", "", "@", "@-1", "@99999999999999999999", "1688169599"] {
            assert_eq!(seconds(value), None, "{value}");
        }
    }
}
