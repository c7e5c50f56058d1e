//! A server's wish not to be called for a while, and what several of them say about a call.

use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use ureq::http::{Method, StatusCode, Uri};

use crate::clock::{Moment, from_millis, to_millis};
use crate::error::ErrorResponse;
use crate::retry::{LONGEST_KEPT, PROBE_EVERY};
use crate::url::Origin;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token,
    Api,
}

/// Which call: what is remembered about one depends on this.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CallKey {
    pub(crate) endpoint: Endpoint,
    origin: Origin,
    method: Method,
    pub(crate) path: String,
}

/// The same, as it is at hand: making the key of each call would cost a tenth of it.
pub(crate) type Asked<'a> = (Endpoint, &'a Method, &'a Uri);

/// A server's wish not to be called for a while, with its times on this process's clocks, or
/// on the wall clock alone where it is stored.
#[derive(Clone)]
pub(crate) struct Cooldown<T = Moment> {
    pub(crate) key: CallKey,
    since: T,
    pub(crate) wait: Duration,
    answer: ErrorResponse,
    /// When a call of this method and path was let through last.
    asked: T,
    /// When a call that it holds back for its origin was let through last.
    let_by: T,
}

/// What the remembered cooldowns say about a call.
pub(crate) enum CooldownState {
    Clear,
    Wait(Duration, ErrorResponse),
    TooLong(Box<Held>),
    /// It may find out whether a wait of more than a day still holds, once it has claimed
    /// that.
    Probe {
        /// The wait would fit into its deadline.
        fits: bool,
    },
}

/// A call is not sent now.
pub(crate) struct Held {
    pub(crate) wait: Duration,
    pub(crate) answer: ErrorResponse,
    /// When the next call is let through, where the wait is longer than a day.
    pub(crate) probe_in: Option<Duration>,
}

/// Whether a call may go now. A wait that fits is kept by every call to the origin. One that does
/// not fit holds back the same method and path only, because servers block single endpoints. Two of
/// them by a 429 hold back every call: the next path would hardly do better. A wait of more than a
/// day is likely a mistake: one call an hour finds out.
pub(crate) fn state(
    cooldowns: &[Cooldown],
    key: &CallKey,
    now: &Moment,
    time_left: Duration,
) -> CooldownState {
    let of_origin = cooldowns.iter().filter(|cooldown| cooldown.key.is_near(key));
    let live = of_origin.filter_map(|cooldown| Some((cooldown, cooldown.left(now)?)));
    let (long, short): (Vec<Live<'_>>, Vec<Live<'_>>) =
        live.partition(|(cooldown, left)| cooldown.is_overlong() || *left >= time_left);
    let short = short.into_iter().max_by_key(|(_, left)| *left);
    let own = long.iter().find(|(cooldown, _)| cooldown.key == *key);
    let hold = match own {
        Some(&(cooldown, left)) => {
            Some(Hold { cooldown, left, pause: cooldown.pause(left, &long, now) })
        }
        None => hold_of_all(&long, now),
    };
    match (hold, short) {
        (None, None) => CooldownState::Clear,
        (None | Some(Hold { pause: None, .. }), Some((cooldown, left))) => {
            CooldownState::Wait(left, cooldown.answer.clone())
        }
        (Some(Hold { pause: None, left, .. }), None) => {
            CooldownState::Probe { fits: left < time_left }
        }
        (Some(Hold { cooldown, left, pause: Some(pause) }), short) if left < time_left => {
            let wait = short.map_or(pause, |(_, left)| left.max(pause));
            CooldownState::Wait(wait, cooldown.answer.clone())
        }
        (Some(Hold { cooldown, left: wait, pause }), _) => {
            let probe_in = pause.filter(|_| cooldown.is_overlong());
            CooldownState::TooLong(Box::new(Held {
                wait,
                answer: cooldown.answer.clone(),
                probe_in,
            }))
        }
    }
}

/// One that is not over, and what is left of it.
type Live<'a> = (&'a Cooldown, Duration);

/// What holds a call back, and until it may be let through.
struct Hold<'a> {
    cooldown: &'a Cooldown,
    left: Duration,
    pause: Option<Duration>,
}

/// What holds back a path that was not asked itself: two cooldowns at least, by a 429 each,
/// since other refusals are of single endpoints.
fn hold_of_all<'a>(long: &[Live<'a>], now: &Moment) -> Option<Hold<'a>> {
    let limits = || long.iter().filter(|(cooldown, _)| cooldown.is_limit());
    let mut pauses: Vec<Duration> = limits()
        .map(|(cooldown, left)| match cooldown.is_overlong() {
            true => cooldown.let_by.left_of(PROBE_EVERY, now).unwrap_or_default(),
            false => *left,
        })
        .collect();
    // One of them alone holds nobody back.
    pauses.sort_unstable();
    let pause = pauses.iter().rev().nth(1).copied()?;
    let &(cooldown, left) = limits().min_by_key(|(_, left)| *left)?;
    Some(Hold { cooldown, left, pause: Some(pause).filter(|pause| !pause.is_zero()) })
}

/// The hour of a probe begins: those that it asks about let nobody else through.
pub(crate) fn claim(cooldowns: &mut [Cooldown], key: &CallKey, now: &Moment) {
    if let Some(own) = cooldowns.iter_mut().find(|cooldown| cooldown.key == *key) {
        own.asked = *now;
        return;
    }
    for limit in cooldowns.iter_mut().filter(|it| it.key.is_near(key) && it.is_limit()) {
        limit.let_by = *now;
    }
}

/// What a call leaves behind for those to come.
#[derive(Clone)]
pub(crate) enum Change {
    Add(Box<Cooldown>),
    /// A probe was answered: what it asked about holds no more.
    EndProbe(CallKey),
}

impl Change {
    pub(crate) fn apply(self, cooldowns: &mut Vec<Cooldown>) {
        match self {
            Self::Add(cooldown) => put(cooldowns, *cooldown),
            Self::EndProbe(key) => match cooldowns.iter().position(|it| it.key == key) {
                Some(own) => drop(cooldowns.remove(own)),
                None => cooldowns
                    .retain(|it| !(it.key.is_near(&key) && it.is_limit() && it.is_overlong())),
            },
        }
    }
}

/// Puts a newer cooldown in the place of the one of the same call.
fn put(cooldowns: &mut Vec<Cooldown>, mut cooldown: Cooldown) {
    cooldowns.retain(|old| old.left(&cooldown.since).is_some());
    if let Some(at) = cooldowns.iter().position(|old| old.key == cooldown.key) {
        cooldown.let_by = cooldowns.remove(at).let_by;
    }
    if cooldowns.len() == MOST_COOLDOWNS {
        cooldowns.remove(0);
    }
    cooldowns.push(cooldown);
}

/// Takes up what others left in a store, where it says more than what is known here.
pub(crate) fn take_up(cooldowns: &mut Vec<Cooldown>, other: &Cooldown) {
    let Some(known) = cooldowns.iter_mut().find(|known| known.key == other.key) else {
        return cooldowns.push(other.clone());
    };
    let asked = known.asked.later(other.asked);
    let let_by = known.let_by.later(other.let_by);
    let ends = |it: &Cooldown| it.since.wall.checked_add(it.wait);
    if ends(known) < ends(other) {
        *known = other.clone();
    }
    (known.asked, known.let_by) = (asked, let_by);
}

impl CallKey {
    pub(crate) fn of((endpoint, method, uri): Asked<'_>) -> Self {
        let path = uri.path().to_owned();
        Self { endpoint, origin: Origin::of(uri), method: method.clone(), path }
    }

    /// Whether it is at the same server.
    pub(crate) fn is_near(&self, other: &Self) -> bool {
        self.endpoint == other.endpoint && self.origin == other.origin
    }
}

/// Paths tell calls apart well enough.
impl Hash for CallKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.path.hash(hasher);
    }
}

impl Cooldown {
    pub(crate) fn of(key: CallKey, since: Moment, wait: Duration, answer: ErrorResponse) -> Self {
        Self { key, since, wait, answer, asked: since, let_by: since }
    }

    /// As it is stored.
    pub(crate) fn stored(self) -> Cooldown<SystemTime> {
        self.map(|moment| moment.wall)
    }

    /// How much of it is left, if it is not over.
    pub(crate) fn left(&self, now: &Moment) -> Option<Duration> {
        self.since.left_of(self.wait, now)
    }

    /// What is left until its own path may be let through.
    fn pause(&self, left: Duration, long: &[Live<'_>], now: &Moment) -> Option<Duration> {
        if !self.is_overlong() {
            return Some(left);
        }
        // Two of an origin have an hour each; where there are more of them they take turns.
        let limits = long.iter().filter(|(it, _)| it.is_overlong() && it.is_limit()).count();
        let turns = u32::try_from(limits).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let turns = if self.is_limit() { turns } else { 1 };
        self.asked.left_of(PROBE_EVERY.saturating_mul(turns), now)
    }
}

impl<T> Cooldown<T> {
    fn map<U>(self, on: impl Fn(T) -> U) -> Cooldown<U> {
        let Self { key, since, wait, answer, asked, let_by } = self;
        let (since, asked, let_by) = (on(since), on(asked), on(let_by));
        Cooldown { key, since, wait, answer, asked, let_by }
    }

    pub(crate) fn is_overlong(&self) -> bool {
        self.wait > LONGEST_KEPT
    }

    /// Other refusals are of single endpoints.
    fn is_limit(&self) -> bool {
        matches!(self.answer.status.as_u16(), 420 | 429 | 430)
    }
}

impl Cooldown<SystemTime> {
    /// With its place on the monotonic clock. `None` for one that is over, or was left more than a
    /// day ago. Also for one of after `latest`, by a clock that has been set back since: nobody
    /// knows how old it is.
    pub(crate) fn rebased(mut self, now: &Moment, latest: SystemTime) -> Option<Cooldown> {
        for time in [&mut self.asked, &mut self.let_by] {
            if *time > latest {
                *time = self.since;
            }
        }
        let is_past = self.since <= latest;
        let cooldown = self.map(|wall| Moment::at(wall, now));
        cooldown.since.left_of(cooldown.wait.min(LONGEST_KEPT), now)?;
        is_past.then_some(cooldown)
    }

    /// Until when a store has to keep it.
    pub(crate) fn useful_until(&self) -> Option<SystemTime> {
        self.since.checked_add(self.wait.min(LONGEST_KEPT))
    }

    pub(crate) fn to_json(&self) -> Value {
        let wait = u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX);
        json!({
            "endpoint": if self.key.endpoint == Endpoint::Token { "token" } else { "api" },
            "origin": self.key.origin.to_string(),
            "method": self.key.method.as_str(),
            "path": self.key.path,
            "since": to_millis(self.since),
            "asked": to_millis(self.asked),
            "let_by": to_millis(self.let_by),
            "wait": wait,
            "status": self.answer.status.as_u16(),
            "code": self.answer.code,
            "message": self.answer.message,
        })
    }

    /// What [`to_json`](Self::to_json) wrote.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str();
        let number = |name: &str| value.get(name)?.as_u64();
        let time = |name: &str| from_millis(number(name)?);
        let (since, wait) = (time("since")?, Duration::from_millis(number("wait")?));
        Some(Self {
            key: CallKey {
                endpoint: if text("endpoint")? == "token" {
                    Endpoint::Token
                } else {
                    Endpoint::Api
                },
                origin: Origin::of(&text("origin")?.parse().ok()?),
                method: text("method")?.parse().ok()?,
                path: text("path")?.to_owned(),
            },
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
            asked: time("asked").unwrap_or(since),
            let_by: time("let_by").unwrap_or(since),
        })
    }
}

const MOST_COOLDOWNS: usize = 1_000;
