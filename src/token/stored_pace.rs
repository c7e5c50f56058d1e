//! What a pace has counted, on the wall clock, as a store keeps it for all processes.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::clock::{Moment, from_millis, to_millis};
use crate::pace::{Pace, Sent};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredPace {
    /// The pace in words.
    pace: String,
    until: SystemTime,
    /// When the first and the last of calls were sent, and how many.
    sent: Vec<(SystemTime, SystemTime, u32)>,
}

impl StoredPace {
    pub(crate) fn of(pace: &Pace, sent: &[Sent], now: &Moment) -> Self {
        let on_wall = |at: Duration| match at.checked_sub(now.monotonic) {
            Some(ahead) => now.wall.checked_add(ahead),
            None => now.wall.checked_sub(now.monotonic.saturating_sub(at)),
        };
        let both = |it: &Sent| Some((on_wall(it.first)?, on_wall(it.last)?, it.calls));
        let sent: Vec<_> = sent.iter().filter_map(both).collect();
        let last = sent.last().map_or(now.wall, |(_, last, _)| *last);
        let until = last.checked_add(pace.period()).unwrap_or(last);
        Self { pace: pace.to_string(), until, sent }
    }

    pub(crate) fn is_of(&self, pace: &Pace) -> bool {
        self.pace == pace.to_string()
    }

    /// On the clocks of this process. What is later than anybody can have planned was left by a
    /// clock that has been set back since.
    pub(crate) fn rebased(&self, now: &Moment) -> Vec<Sent> {
        let on_monotonic = |at: SystemTime| match at.duration_since(now.wall) {
            Ok(ahead) if ahead > FARTHEST => None,
            Ok(ahead) => Some(now.monotonic.saturating_add(ahead)),
            Err(ago) => Some(now.monotonic.saturating_sub(ago.duration())),
        };
        let sent = self.sent.iter().filter_map(|(first, last, calls)| {
            let (first, last) = (on_monotonic(*first)?, on_monotonic(*last)?);
            Some(Sent { first, last, calls: *calls })
        });
        sent.collect()
    }

    pub(crate) fn useful_until(&self) -> SystemTime {
        self.until
    }

    pub(crate) fn to_json(&self) -> Value {
        let sent = self.sent.iter().filter_map(|(first, last, calls)| {
            Some((to_millis(*first)?, to_millis(*last)?, calls))
        });
        json!({
            "pace": self.pace,
            "until": to_millis(self.until),
            "sent": sent.collect::<Vec<_>>(),
        })
    }

    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let sent = value.get("sent")?.as_array()?.iter().filter_map(|triple| {
            let time = |at| from_millis(triple.get(at)?.as_u64()?);
            Some((time(0)?, time(1)?, u32::try_from(triple.get(2)?.as_u64()?).ok()?))
        });
        Some(Self {
            pace: value.get("pace")?.as_str()?.to_owned(),
            until: from_millis(value.get("until")?.as_u64()?)?,
            sent: sent.collect(),
        })
    }
}

/// A call waits for its turn within its deadline, which few make longer than this.
const FARTHEST: Duration = Duration::from_secs(24 * 60 * 60);
