//! The only file that reads the time or sleeps.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use httpdate::fmt_http_date;

/// Where the client reads the time and waits. Only the wait for a store that another thread or
/// process has locked does not use it.
///
/// The default is [`SystemClock`]. Give the client a [`ManualClock`] with
/// [`Client::with_clock`](crate::Client::with_clock) to test the waits of your own
/// program in no time. Two readings are needed because neither is enough alone: the
/// wall clock jumps, the monotonic clock stands still while a laptop sleeps.
pub trait Clock: Send + Sync {
    /// The wall-clock time.
    fn now(&self) -> SystemTime;

    /// Time since a fixed but arbitrary start; never goes backwards. The start should lie long
    /// ago, so that a token which another process fetched has a time on this clock.
    fn monotonic(&self) -> Duration;

    /// Blocks for `duration`.
    fn sleep(&self, duration: Duration);
}

/// One clock for several clients.
impl<T: Clock + ?Sized> Clock for Arc<T> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }

    fn sleep(&self, duration: Duration) {
        (**self).sleep(duration);
    }
}

/// The operating system's clocks; the default [`Clock`].
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed() + EPOCH
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A [`Clock`] for tests: time passes only when somebody sleeps or says so.
///
/// Clones share the time.
///
/// ```
/// use std::time::Duration;
/// use unattended::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// clock.sleep(Duration::from_secs(3600)); // returns at once
/// assert_eq!(clock.slept(), Duration::from_secs(3600));
/// ```
#[derive(Clone, Default)]
pub struct ManualClock {
    time: Arc<Mutex<ManualTime>>,
}

#[derive(Debug, Clone)]
struct ManualTime {
    now: SystemTime,
    monotonic: Duration,
    sleeps: Vec<Duration>,
}

impl ManualClock {
    /// A clock that stands at 2026-01-01 00:00:00 UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `duration` pass on both clocks, without counting as a sleep.
    pub fn advance(&self, duration: Duration) {
        self.change(|time| time.pass(duration));
    }

    /// Sets the wall clock alone, as an administrator or NTP would: a jump.
    pub fn set_now(&self, now: SystemTime) {
        self.change(|time| time.now = now);
    }

    /// Every sleep so far, in order.
    pub fn sleeps(&self) -> Vec<Duration> {
        self.change(|time| time.sleeps.clone())
    }

    /// The sum of all sleeps so far.
    pub fn slept(&self) -> Duration {
        self.change(|time| {
            time.sleeps.iter().copied().fold(Duration::ZERO, Duration::saturating_add)
        })
    }

    fn change<R>(&self, change: impl FnOnce(&mut ManualTime) -> R) -> R {
        change(&mut self.time.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ManualTime {
    /// As far as the clocks go: a test may sleep for ever.
    fn pass(&mut self, duration: Duration) {
        self.now = self.now.checked_add(duration).unwrap_or(self.now);
        self.monotonic = self.monotonic.saturating_add(duration);
    }
}

impl Default for ManualTime {
    fn default() -> Self {
        Self {
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
            monotonic: Duration::ZERO,
            sleeps: Vec::new(),
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        self.change(|time| time.now)
    }

    fn monotonic(&self) -> Duration {
        self.change(|time| time.monotonic)
    }

    fn sleep(&self, duration: Duration) {
        self.change(|time| {
            time.pass(duration);
            time.sleeps.push(duration);
        });
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.change(|time| time.clone());
        f.debug_struct("ManualClock").field("now", &time.now).field("sleeps", &time.sleeps).finish()
    }
}

/// One instant on both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) wall: SystemTime,
    pub(crate) monotonic: Duration,
}

impl Moment {
    pub(crate) fn read(clock: &dyn Clock) -> Self {
        Self { wall: clock.now(), monotonic: clock.monotonic() }
    }

    pub(crate) fn later(self, other: Self) -> Self {
        if self.monotonic < other.monotonic { other } else { self }
    }

    /// How much of `span`, which began at this moment, is left at `now`: by the clock
    /// that has less of it. `None` once either clock says that it is over.
    pub(crate) fn left_of(&self, span: Duration, now: &Moment) -> Option<Duration> {
        let by_monotonic = span.checked_sub(now.monotonic.saturating_sub(self.monotonic))?;
        // A wall clock that was set back says nothing about the time that passed.
        let on_wall = now.wall.duration_since(self.wall).unwrap_or_default();
        let by_wall = span.checked_sub(on_wall)?;
        Some(by_monotonic.min(by_wall)).filter(|left| !left.is_zero())
    }

    /// A stored moment, of which only the wall-clock time is known, at its place on the
    /// monotonic clock: as long ago as the wall clock says.
    pub(crate) fn at(wall: SystemTime, now: &Moment) -> Self {
        let age = now.wall.duration_since(wall).unwrap_or_default();
        Self { wall, monotonic: now.monotonic.saturating_sub(age) }
    }
}

/// Unix milliseconds: what a stored time is written as.
pub(crate) fn to_millis(time: SystemTime) -> Option<u64> {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    since_epoch.as_millis().try_into().ok()
}

/// What [`to_millis`] wrote.
pub(crate) fn from_millis(millis: u64) -> Option<SystemTime> {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis))
}

/// So that what happened before this process began has a place on the monotonic clock.
const EPOCH: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Waits for something that does not run on the client's clock, such as another program; returns
/// whether it was done within the limit.
pub(crate) fn poll(limit: Duration, mut is_done: impl FnMut() -> bool) -> bool {
    let (clock, began) = (SystemClock, SystemClock.monotonic());
    loop {
        if is_done() {
            return true;
        }
        if clock.monotonic().saturating_sub(began) >= limit {
            return false;
        }
        clock.sleep(Duration::from_millis(5));
    }
}

/// A time as HTTP writes it (RFC 9110 §5.6.7), in the years in which it can.
pub(crate) fn http_date(time: SystemTime) -> Option<String> {
    let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    (since_epoch.as_secs() < YEAR_10_000).then(|| fmt_http_date(time))
}

const YEAR_10_000: u64 = 253_402_300_800;

/// A duration as errors show it: `0.25 s`, `3600 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    if duration.subsec_nanos() == 0 {
        return format!("{} s", duration.as_secs());
    }
    let text = format!("{:.3}", duration.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned() + " s"
}
