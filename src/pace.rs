//! How many calls may go out in which time: a decision without a clock of its own.

use std::fmt;
use std::time::Duration;

use crate::clock::seconds;

/// At most so many calls in any period of time, so that a server need not refuse one for a rate
/// limit.
///
/// Given to a client by [`Client::with_pace`](crate::Client::with_pace). Take the numbers from the
/// vendor's documentation.
///
/// Calls of several threads may overtake each other on the way. So with [`evenly`](Self::evenly)
/// and [`restarting`](Self::restarting) a server may still refuse a few calls of clones that call
/// at the same time. One client alone gets no refusal.
///
/// ```
/// use unattended::Pace;
///
/// assert_eq!(Pace::per_minute(25).to_string(), "25 calls in 60 s");
/// assert_eq!(Pace::per_second(5).evenly().to_string(), "5 calls in 1 s, evenly");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a pace does nothing until a client has it"]
pub struct Pace {
    calls: u32,
    period: Duration,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Window,
    Even,
    Restarting,
}

impl Pace {
    /// At most `calls` in any `period`. The first of them may go at once, one after the other:
    /// that fits servers that count calls in a window, and those that fill a bucket. No calls,
    /// or no period, is a configuration error of the first call.
    pub fn new(calls: u32, period: Duration) -> Self {
        Self { calls, period, shape: Shape::Window }
    }

    /// At most `calls` in any second.
    pub fn per_second(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(1))
    }

    /// At most `calls` in any minute.
    pub fn per_minute(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(60))
    }

    /// At most `calls` in any hour.
    pub fn per_hour(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(60 * 60))
    }

    /// At most `calls` in any 24 hours.
    pub fn per_day(calls: u32) -> Self {
        Self::new(calls, Duration::from_secs(24 * 60 * 60))
    }

    /// Each call waits for its share of the period after the answer to the one before, instead of
    /// going at once: for servers that allow no burst, such as nginx with `limit_req` alone.
    pub fn evenly(self) -> Self {
        Self { shape: Shape::Even, ..self }
    }

    /// After `calls` a whole period passes without any: for servers whose window begins again
    /// with each call that they allow, such as the rate limit of better-auth.
    pub fn restarting(self) -> Self {
        Self { shape: Shape::Restarting, ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls == 0 || self.period.is_zero()
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// When the next call may go, not before `now`.
    pub(crate) fn next(&self, sent: &[Sent], now: Duration) -> Duration {
        let Some(Sent { last, .. }) = sent.last() else { return now };
        // Such a server counts whole milliseconds, and wants more than the period.
        let rested = last.saturating_add(self.period).saturating_add(Duration::from_millis(1));
        let earliest = match self.shape {
            Shape::Even => last.saturating_add(self.period / self.calls.max(1)),
            Shape::Window => {
                let full = self.full_since(sent);
                full.map_or(now, |since| since.saturating_add(self.period))
            }
            Shape::Restarting if now < rested && self.full_since(sent).is_some() => rested,
            Shape::Restarting => now,
        };
        earliest.max(*last).max(now)
    }

    /// When that call was sent since which there is no room for another one.
    fn full_since(&self, sent: &[Sent]) -> Option<Duration> {
        let mut room = self.calls;
        sent.iter().rev().find_map(|sent| {
            room = room.saturating_sub(sent.calls);
            (room == 0).then_some(sent.last)
        })
    }

    /// Keeps in mind a call that goes at this time, and forgets those that count no longer.
    pub(crate) fn record(&self, sent: &mut Vec<Sent>, at: Duration) {
        sent.retain(|sent| sent.last.saturating_add(self.period) > at);
        let joins = |first: Duration| match self.shape {
            Shape::Even | Shape::Restarting => true,
            // Counted as if all of them had gone with the last one: a little too careful.
            Shape::Window => {
                self.calls > MOST_RECORDS && at.saturating_sub(first) < self.period / MOST_RECORDS
            }
        };
        match sent.last_mut().filter(|sent| joins(sent.first)) {
            Some(sent) => *sent = Sent { last: at, calls: sent.calls.saturating_add(1), ..*sent },
            None => sent.push(Sent { first: at, last: at, calls: 1 }),
        }
    }
}

/// Calls that were sent within a short time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sent {
    pub(crate) first: Duration,
    pub(crate) last: Duration,
    pub(crate) calls: u32,
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.shape {
            Shape::Window => "",
            Shape::Even => ", evenly",
            Shape::Restarting => ", restarting",
        };
        write!(f, "{} calls in {}{how}", self.calls, seconds(self.period))
    }
}

const MOST_RECORDS: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// When so many calls go that are made one after the other, each of which takes so long.
    fn times(pace: Pace, calls: u32, took: Duration) -> Vec<Duration> {
        let (mut sent, mut now) = (Vec::<Sent>::new(), Duration::ZERO);
        let next = |_| {
            if let Some(sent) = sent.last_mut() {
                sent.last = now;
            }
            let at = pace.next(&sent, now);
            pace.record(&mut sent, at);
            now = at + took;
            at
        };
        (0..calls).map(next).collect()
    }

    #[test]
    fn no_period_has_more_calls_than_its_pace_has() {
        for (pace, took) in [
            (Pace::per_minute(25), 1),
            (Pace::per_minute(25).restarting(), 1_500),
            (Pace::per_second(5).evenly(), 30),
            (Pace::per_day(10_000), 200),
            (Pace::per_hour(700).restarting(), 10),
            (Pace::per_second(1), 0),
        ] {
            let times = times(pace, pace.calls * 3 + 2, Duration::from_millis(took));
            for (first, last) in times.iter().zip(&times[pace.calls as usize..]) {
                assert!(*last >= *first + pace.period, "{pace}: {first:?} {last:?}");
            }
        }
    }

    #[test]
    fn a_pace_costs_no_time_that_it_need_not() {
        let ms = Duration::from_millis;
        let full = times(Pace::per_minute(25), 50, ms(1));
        assert!(full[24] < ms(30) && full[49] < ms(60_100), "{full:?}");
        // Merged records make it a little later.
        let (hour, period) = (times(Pace::per_hour(1_000), 2_000, ms(3_000)), ms(60 * 60 * 1_000));
        assert!(
            hour[999] < period && hour[1_999] < (period * 2).mul_f64(1.02),
            "{:?}",
            hour[1_999]
        );
    }

    #[test]
    fn each_shape_has_its_times() {
        let seconds = |pace: Pace, took| -> Vec<u64> {
            let times = times(pace, 6, Duration::from_secs(took));
            times.iter().map(Duration::as_secs).collect()
        };
        assert_eq!(seconds(Pace::per_minute(2), 1), [0, 1, 61, 62, 122, 123]);
        assert_eq!(seconds(Pace::per_minute(2).evenly(), 1), [0, 31, 62, 93, 124, 155]);
        assert_eq!(seconds(Pace::per_minute(2).restarting(), 1), [0, 1, 62, 63, 124, 125]);
        assert_eq!(seconds(Pace::per_minute(2), 70), [0, 70, 140, 210, 280, 350]);
    }

    #[test]
    fn memory_is_small_whatever_the_pace() {
        let (pace, mut sent) = (Pace::per_day(u32::MAX), Vec::new());
        for second in 0..5_000 {
            pace.record(&mut sent, Duration::from_secs(second * 17));
        }
        assert!(sent.len() <= MOST_RECORDS as usize + 1);
        assert_eq!(sent.iter().map(|sent| sent.calls).sum::<u32>(), 5_000);
    }
}
