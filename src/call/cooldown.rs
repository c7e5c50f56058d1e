//! A server's cooldown not to be called for a while, and what several of them say about a call.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use ureq::http::{Method, StatusCode, Uri};

use crate::clock::{Moment, UNSETTLED, to_millis};
use crate::error::ErrorResponse;
use crate::retry::{Endpoint, LONGEST_KEPT, PROBE_EVERY};
use crate::url::Origin;

/// A server's cooldown not to be called for a while.
#[derive(Clone)]
pub(crate) struct Cooldown {
    pub(crate) endpoint: Endpoint,
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) since: Moment,
    pub(crate) wait: Duration,
    pub(crate) answer: ErrorResponse,
    /// When a call of this method and path was let through last.
    pub(crate) asked: Moment,
    /// When a call that it holds back for its origin was let through last.
    pub(crate) let_by: Moment,
}

/// Which call: what cooldowns depend on.
pub(crate) struct CooldownKey<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) origin: Origin,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
}

/// What the remembered cooldowns say about a call.
pub(crate) enum CooldownState {
    Clear,
    Wait(Duration, ErrorResponse),
    TooLong(Held),
    /// It may find out whether a wait of more than a day still holds, once it has claimed
    /// that.
    Probe {
        /// The wait would fit into its deadline.
        fits: bool,
    },
}

/// A call is not sent now.
pub(crate) struct Held {
    pub(crate) left: Duration,
    pub(crate) answer: ErrorResponse,
    /// When the next call is let through, where the wait is longer than a day.
    pub(crate) probe_in: Option<Duration>,
}

/// Whether a call may go now. A wait that fits is kept by every call to the origin;
/// one that does not fit holds back the same method and path only, because servers
/// block single endpoints; two of them by a 429 hold back every call, since the next path
/// would hardly fare better. A wait of more than a day is likely a mistake: one call an hour
/// finds out.
pub(crate) fn ahead(
    cooldowns: &[Cooldown],
    key: &CooldownKey<'_>,
    now: &Moment,
    time_left: Duration,
) -> CooldownState {
    let live: Vec<(&Cooldown, Duration)> = cooldowns
        .iter()
        .filter(|cooldown| cooldown.is_for(key))
        .filter_map(|cooldown| Some((cooldown, cooldown.since.left_of(cooldown.wait, now)?)))
        .collect();
    let is_long =
        |(cooldown, left): &(&Cooldown, Duration)| cooldown.is_overlong() || *left >= time_left;
    let longest = live.iter().filter(|it| !is_long(it)).max_by_key(|(_, left)| *left);
    let wait = longest.map(|(cooldown, left)| CooldownState::Wait(*left, cooldown.answer.clone()));
    let (own, others): (Vec<_>, Vec<_>) =
        live.iter().copied().filter(is_long).partition(|(cooldown, _)| cooldown.is_of(key));
    let hold = match own.first() {
        Some((cooldown, left)) => {
            Some(Hold { cooldown, left: *left, pause: cooldown.pause(*left, &live, now) })
        }
        None => hold_of_all(&others, now),
    };
    match hold {
        None => wait.unwrap_or(CooldownState::Clear),
        Some(Hold { left, pause: None, .. }) => {
            wait.unwrap_or(CooldownState::Probe { fits: left < time_left })
        }
        Some(Hold { cooldown, left, pause: Some(pause) }) if left < time_left => {
            CooldownState::Wait(
                pause.max(longest.map_or(pause, |it| it.1)),
                cooldown.answer.clone(),
            )
        }
        Some(Hold { cooldown, left, pause }) => {
            let probe_in = pause.filter(|_| cooldown.is_overlong());
            CooldownState::TooLong(Held { left, answer: cooldown.answer.clone(), probe_in })
        }
    }
}

/// What holds a call back, and until it may be let through.
struct Hold<'a> {
    cooldown: &'a Cooldown,
    left: Duration,
    pause: Option<Duration>,
}

/// What holds back a path that was not asked itself: two cooldowns at least, by a 429 each,
/// since other refusals are of single endpoints.
fn hold_of_all<'a>(others: &[(&'a Cooldown, Duration)], now: &Moment) -> Option<Hold<'a>> {
    let limits = others.iter().filter(|(cooldown, _)| cooldown.is_of_all());
    let mut pauses: Vec<Duration> = limits
        .clone()
        .map(|(cooldown, left)| match cooldown.is_overlong() {
            true => cooldown.let_by.left_of(PROBE_EVERY, now).unwrap_or_default(),
            false => *left,
        })
        .collect();
    // One of them alone holds nobody back.
    pauses.sort_unstable();
    let pause = pauses.iter().rev().nth(1).copied()?;
    let (cooldown, left) = limits.min_by_key(|(_, left)| *left)?;
    Some(Hold { cooldown, left: *left, pause: Some(pause).filter(|pause| !pause.is_zero()) })
}

/// The hour of a probe begins: those that it asks about let nobody else through.
pub(crate) fn claim(cooldowns: &mut [Cooldown], key: &CooldownKey<'_>, now: &Moment) {
    match cooldowns.iter_mut().find(|cooldown| cooldown.is_of(key)) {
        Some(own) => own.asked = *now,
        None => {
            let limits = cooldowns
                .iter_mut()
                .filter(|cooldown| cooldown.is_for(key) && cooldown.is_of_all());
            limits.for_each(|cooldown| cooldown.let_by = *now);
        }
    }
}

/// A probe was answered: what it asked about holds no more.
pub(crate) fn drop_probed(cooldowns: &mut Vec<Cooldown>, key: &CooldownKey<'_>) {
    let has_own = cooldowns.iter().any(|cooldown| cooldown.is_of(key));
    cooldowns.retain(|cooldown| match has_own {
        true => !cooldown.is_of(key),
        false => !(cooldown.is_for(key) && cooldown.is_of_all() && cooldown.is_overlong()),
    });
}

/// Puts a newer cooldown in the place of the one of the same call.
pub(crate) fn put(cooldowns: &mut Vec<Cooldown>, mut cooldown: Cooldown, now: &Moment) {
    cooldowns.retain(|old| old.since.left_of(old.wait, now).is_some());
    if let Some(at) = cooldowns.iter().position(|old| old.is_like(&cooldown)) {
        cooldown.let_by = cooldowns.remove(at).let_by;
    }
    if cooldowns.len() == MOST_COOLDOWNS {
        cooldowns.remove(0);
    }
    cooldowns.push(cooldown);
}

/// Takes up what others left in a store, where it says more than what is known here.
pub(crate) fn take_up(cooldowns: &mut Vec<Cooldown>, other: &Cooldown, now: &Moment) {
    let latest = |one: Moment, other: Moment| {
        if one.monotonic < other.monotonic { other } else { one }
    };
    let Some(known) = cooldowns.iter_mut().find(|known| known.is_like(other)) else {
        return put(cooldowns, other.clone(), now);
    };
    let (asked, let_by) = (latest(known.asked, other.asked), latest(known.let_by, other.let_by));
    if !known.ends_after(other) {
        *known = other.clone();
    }
    (known.asked, known.let_by) = (asked, let_by);
}

impl<'a> CooldownKey<'a> {
    pub(crate) fn of(endpoint: Endpoint, method: &'a Method, uri: &'a Uri) -> Self {
        Self { endpoint, origin: Origin::of(uri), method, path: uri.path() }
    }
}

impl Cooldown {
    pub(crate) fn of(
        key: &CooldownKey<'_>,
        since: Moment,
        wait: Duration,
        answer: ErrorResponse,
    ) -> Self {
        Self {
            endpoint: key.endpoint,
            origin: key.origin.clone(),
            method: key.method.clone(),
            path: key.path.to_owned(),
            since,
            wait,
            answer,
            asked: since,
            let_by: since,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let wait = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
        json!({
            "endpoint": if self.endpoint == Endpoint::Token { "token" } else { "api" },
            "origin": self.origin.to_string(),
            "method": self.method.as_str(),
            "path": self.path,
            "since": to_millis(self.since.wall),
            "asked": to_millis(self.asked.wall),
            "let_by": to_millis(self.let_by.wall),
            "wait": wait,
            "status": self.answer.status.as_u16(),
            "code": self.answer.code,
            "message": self.answer.message,
        })
    }

    /// What [`to_json`](Self::to_json) wrote; its monotonic times are not settled.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        let number = |name: &str| value.get(name)?.as_u64();
        let moment = |name: &str| {
            let since_epoch = Duration::from_millis(number(name)?);
            let wall = SystemTime::UNIX_EPOCH.checked_add(since_epoch)?;
            Some(Moment { wall, monotonic: UNSETTLED })
        };
        let wait = Duration::from_millis(number("wait")?);
        let since = moment("since")?;
        let endpoint = match text("endpoint")? {
            "token" => Endpoint::Token,
            _ => Endpoint::Api,
        };
        Some(Self {
            endpoint,
            origin: Origin::of(&text("origin")?.parse().ok()?),
            method: text("method")?.parse().ok()?,
            path: text("path")?.to_owned(),
            since,
            wait,
            answer: ErrorResponse {
                status: StatusCode::from_u16(number("status")?.try_into().ok()?).ok()?,
                code: text("code").map(str::to_owned),
                message: text("message").map(str::to_owned),
                request_id: None,
                retry_after: Some(wait),
                body: String::new(),
            },
            asked: moment("asked").unwrap_or(since),
            let_by: moment("let_by").unwrap_or(since),
        })
    }

    /// Gives the times of a cooldown out of a store their place on the monotonic clock. `None`
    /// for one that is over, or that was left more than a day ago, or by a clock that has
    /// been set back since: how old it is cannot be known.
    pub(crate) fn settled(mut self, now: &Moment, latest: Option<SystemTime>) -> Option<Self> {
        let is_past = |moment: &Moment| latest.is_some_and(|latest| moment.wall <= latest);
        if !is_past(&self.since) {
            return None;
        }
        for moment in [&mut self.asked, &mut self.let_by] {
            *moment = if is_past(moment) { moment.settled(now) } else { self.since.settled(now) };
        }
        self.since = self.since.settled(now);
        self.since.left_of(self.wait.min(LONGEST_KEPT), now)?;
        Some(self)
    }

    /// Until when a store has to keep it.
    pub(crate) fn stored_until(&self) -> Option<SystemTime> {
        self.since.wall.checked_add(self.wait.min(LONGEST_KEPT))
    }

    /// What is left until its own path may be let through.
    fn pause(&self, left: Duration, live: &[(&Self, Duration)], now: &Moment) -> Option<Duration> {
        if !self.is_overlong() {
            return Some(left);
        }
        // Two of an origin have an hour each; where there are more of them they take turns.
        let limits = live
            .iter()
            .filter(|(cooldown, _)| cooldown.is_overlong() && cooldown.is_of_all())
            .count();
        let turns = u32::try_from(limits).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let turns = if self.is_of_all() { turns } else { 1 };
        self.asked.left_of(PROBE_EVERY.saturating_mul(turns), now)
    }

    fn is_overlong(&self) -> bool {
        self.wait > LONGEST_KEPT
    }

    /// Other refusals are of single endpoints.
    fn is_of_all(&self) -> bool {
        self.answer.status == StatusCode::TOO_MANY_REQUESTS
    }

    fn ends_after(&self, other: &Self) -> bool {
        let end = |cooldown: &Self| cooldown.since.wall.checked_add(cooldown.wait);
        end(self) >= end(other)
    }

    /// Of the same call.
    fn is_like(&self, other: &Self) -> bool {
        self.is_of(&CooldownKey {
            endpoint: other.endpoint,
            origin: other.origin.clone(),
            method: &other.method,
            path: &other.path,
        })
    }

    fn is_of(&self, key: &CooldownKey<'_>) -> bool {
        self.is_for(key) && self.method == *key.method && self.path == key.path
    }

    fn is_for(&self, key: &CooldownKey<'_>) -> bool {
        self.endpoint == key.endpoint && self.origin == key.origin
    }
}

pub(crate) const MOST_COOLDOWNS: usize = 1_000;
