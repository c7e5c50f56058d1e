//! A server's wish not to be called for a while, and what several of them say about a call.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use ureq::http::{Method, StatusCode, Uri};

use crate::clock::{Moment, UNSETTLED, to_millis};
use crate::error::Answer;
use crate::retry::{Endpoint, LONGEST_KEPT, PROBE_EVERY};
use crate::url::Origin;

/// A server's wish not to be called for a while.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) endpoint: Endpoint,
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) since: Moment,
    pub(crate) wait: Duration,
    pub(crate) answer: Answer,
    /// When a call of this method and path was let through last.
    pub(crate) asked: Moment,
    /// When a call that it holds back for its origin was let through last.
    pub(crate) let_by: Moment,
}

/// Which call: what wishes depend on.
pub(crate) struct Target<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) origin: Origin,
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
}

/// What the remembered wishes say about a call.
pub(crate) enum Ahead {
    Clear,
    Wait(Duration, Answer),
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
    pub(crate) answer: Answer,
    /// When the next call is let through, where the wait is longer than a day.
    pub(crate) probe_in: Option<Duration>,
}

/// Whether a call may go now. A wait that fits is kept by every call to the origin;
/// one that does not fit holds back the same method and path only, because servers
/// block single endpoints; two of them by a 429 hold back every call, since the next path
/// would hardly fare better. A wait of more than a day is likely a mistake: one call an hour
/// finds out.
pub(crate) fn ahead(
    wishes: &[Wish],
    target: &Target<'_>,
    now: &Moment,
    time_left: Duration,
) -> Ahead {
    let live: Vec<(&Wish, Duration)> = wishes
        .iter()
        .filter(|wish| wish.is_for(target))
        .filter_map(|wish| Some((wish, wish.since.left_of(wish.wait, now)?)))
        .collect();
    let is_long = |(wish, left): &(&Wish, Duration)| wish.is_overlong() || *left >= time_left;
    let longest = live.iter().filter(|it| !is_long(it)).max_by_key(|(_, left)| *left);
    let wait = longest.map(|(wish, left)| Ahead::Wait(*left, wish.answer.clone()));
    let (own, others): (Vec<_>, Vec<_>) =
        live.iter().copied().filter(is_long).partition(|(wish, _)| wish.is_of(target));
    let hold = match own.first() {
        Some((wish, left)) => {
            Some(Hold { wish, left: *left, pause: wish.pause(*left, &live, now) })
        }
        None => hold_of_all(&others, now),
    };
    match hold {
        None => wait.unwrap_or(Ahead::Clear),
        Some(Hold { left, pause: None, .. }) => {
            wait.unwrap_or(Ahead::Probe { fits: left < time_left })
        }
        Some(Hold { wish, left, pause: Some(pause) }) if left < time_left => {
            Ahead::Wait(pause.max(longest.map_or(pause, |it| it.1)), wish.answer.clone())
        }
        Some(Hold { wish, left, pause }) => {
            let probe_in = pause.filter(|_| wish.is_overlong());
            Ahead::TooLong(Held { left, answer: wish.answer.clone(), probe_in })
        }
    }
}

/// What holds a call back, and until it may be let through.
struct Hold<'a> {
    wish: &'a Wish,
    left: Duration,
    pause: Option<Duration>,
}

/// What holds back a path that was not asked itself: two wishes at least, by a 429 each,
/// since other refusals are of single endpoints.
fn hold_of_all<'a>(others: &[(&'a Wish, Duration)], now: &Moment) -> Option<Hold<'a>> {
    let limits = others.iter().filter(|(wish, _)| wish.is_of_all());
    let mut pauses: Vec<Duration> = limits
        .clone()
        .map(|(wish, left)| match wish.is_overlong() {
            true => wish.let_by.left_of(PROBE_EVERY, now).unwrap_or_default(),
            false => *left,
        })
        .collect();
    // One of them alone holds nobody back.
    pauses.sort_unstable();
    let pause = pauses.iter().rev().nth(1).copied()?;
    let (wish, left) = limits.min_by_key(|(_, left)| *left)?;
    Some(Hold { wish, left: *left, pause: Some(pause).filter(|pause| !pause.is_zero()) })
}

/// The hour of a probe begins: those that it asks about let nobody else through.
pub(crate) fn claim(wishes: &mut [Wish], target: &Target<'_>, now: &Moment) {
    match wishes.iter_mut().find(|wish| wish.is_of(target)) {
        Some(own) => own.asked = *now,
        None => {
            let limits = wishes.iter_mut().filter(|wish| wish.is_for(target) && wish.is_of_all());
            limits.for_each(|wish| wish.let_by = *now);
        }
    }
}

/// A probe was answered: what it asked about holds no more.
pub(crate) fn drop_probed(wishes: &mut Vec<Wish>, target: &Target<'_>) {
    let has_own = wishes.iter().any(|wish| wish.is_of(target));
    wishes.retain(|wish| match has_own {
        true => !wish.is_of(target),
        false => !(wish.is_for(target) && wish.is_of_all() && wish.is_overlong()),
    });
}

/// Puts a newer wish in the place of the one of the same call.
pub(crate) fn put(wishes: &mut Vec<Wish>, mut wish: Wish, now: &Moment) {
    wishes.retain(|old| old.since.left_of(old.wait, now).is_some());
    if let Some(at) = wishes.iter().position(|old| old.is_like(&wish)) {
        wish.let_by = wishes.remove(at).let_by;
    }
    if wishes.len() == MOST_WISHES {
        wishes.remove(0);
    }
    wishes.push(wish);
}

/// Takes up what others left in a store, where it says more than what is known here.
pub(crate) fn take_up(wishes: &mut Vec<Wish>, other: &Wish, now: &Moment) {
    let latest = |one: Moment, other: Moment| {
        if one.monotonic < other.monotonic { other } else { one }
    };
    let Some(known) = wishes.iter_mut().find(|known| known.is_like(other)) else {
        return put(wishes, other.clone(), now);
    };
    let (asked, let_by) = (latest(known.asked, other.asked), latest(known.let_by, other.let_by));
    if !known.ends_after(other) {
        *known = other.clone();
    }
    (known.asked, known.let_by) = (asked, let_by);
}

impl<'a> Target<'a> {
    pub(crate) fn of(endpoint: Endpoint, method: &'a Method, uri: &'a Uri) -> Self {
        Self { endpoint, origin: Origin::of(uri), method, path: uri.path() }
    }
}

impl Wish {
    pub(crate) fn of(target: &Target<'_>, since: Moment, wait: Duration, answer: Answer) -> Self {
        Self {
            endpoint: target.endpoint,
            origin: target.origin.clone(),
            method: target.method.clone(),
            path: target.path.to_owned(),
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
            answer: Answer {
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

    /// Gives the times of a wish out of a store their place on the monotonic clock. `None`
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
        let limits = live.iter().filter(|(wish, _)| wish.is_overlong() && wish.is_of_all()).count();
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
        let end = |wish: &Self| wish.since.wall.checked_add(wish.wait);
        end(self) >= end(other)
    }

    /// Of the same call.
    fn is_like(&self, other: &Self) -> bool {
        self.is_of(&Target {
            endpoint: other.endpoint,
            origin: other.origin.clone(),
            method: &other.method,
            path: &other.path,
        })
    }

    fn is_of(&self, target: &Target<'_>) -> bool {
        self.is_for(target) && self.method == *target.method && self.path == target.path
    }

    fn is_for(&self, target: &Target<'_>) -> bool {
        self.endpoint == target.endpoint && self.origin == target.origin
    }
}

pub(crate) const MOST_WISHES: usize = 1_000;
