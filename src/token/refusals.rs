//! What clones of a client remember together about refused credentials and refused tokens, so that
//! none of them repeats a futile request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::call::cooldown::CallKey;
use crate::call::setback::Refusal;
use crate::clock::Moment;
use crate::credentials::identity::Identity;
use crate::token::access_token::AccessToken;

#[derive(Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
    /// Spares a warm call the lock.
    has_futile_renewals: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Credentials that the token endpoint does not know or grants nothing.
    client: Option<(Identity, Refusal, Moment)>,
    /// When an early renewal failed last.
    renewal: Option<Moment>,
    /// A token that was bought because another had been refused, was refused as well, and
    /// has not been accepted by any call.
    speculative: Option<(AccessToken, Moment)>,
    /// What refused such a token.
    futile: Vec<(CallKey, Moment)>,
}

impl Refusals {
    pub(crate) fn renewal_failed(&self, now: Moment) {
        self.state().renewal = Some(now);
    }

    /// Whether an early renewal failed so short ago that the old token is better used
    /// without asking again at each call.
    pub(crate) fn renewal_failed_lately(&self, now: &Moment) -> bool {
        self.state().renewal.is_some_and(|failed| failed.left_of(RENEWAL_PAUSE, now).is_some())
    }

    /// Remembers that the token endpoint does not know `identity`, or grants it nothing.
    pub(crate) fn client_refused(&self, identity: Identity, refusal: Refusal, now: Moment) {
        self.state().client = Some((identity, refusal, now));
    }

    /// The refusal of before, if these very credentials were refused a moment ago: asking
    /// again would get the client locked out, not in.
    pub(crate) fn of_client(&self, identity: &Identity, now: &Moment) -> Option<Refusal> {
        let state = self.state();
        let (_, refusal, since) = state.client.as_ref().filter(|(known, ..)| known == identity)?;
        since.left_of(REFUSAL_HOLDS, now)?;
        Some(refusal.clone())
    }

    /// The API rejected `token`, which was fetched for this very call (`is_renewed`) or before.
    /// Returns whether it would likely reject a newer one as well: this one was new and no call has
    /// been accepted with it, or the same method and path rejected a new one.
    pub(crate) fn token_refused(
        &self,
        token: &AccessToken,
        is_renewed: bool,
        key: CallKey,
        now: &Moment,
    ) -> bool {
        let mut state = self.state();
        state.drop_old(now);
        let known =
            state.speculative.as_ref().filter(|(speculative, _)| speculative.is_same(token));
        // A token that is refused by call after call is for all that not speculative for ever.
        let Some(since) = known.map(|(_, since)| *since).or(is_renewed.then_some(*now)) else {
            return state.futile.iter().any(|(known, _)| *known == key);
        };
        state.futile.retain(|(known, _)| *known != key);
        state.futile.push((key, since));
        state.speculative = Some((token.clone(), since));
        self.has_futile_renewals.store(true, Ordering::Release);
        true
    }

    /// A call was accepted with this token.
    pub(crate) fn token_accepted(
        &self,
        token: &AccessToken,
        key: impl FnOnce() -> CallKey,
        now: &Moment,
    ) {
        if !self.has_futile_renewals.load(Ordering::Acquire) {
            return;
        }
        let (mut state, key) = (self.state(), key());
        state.drop_old(now);
        state.futile.retain(|(known, _)| *known != key);
        state.speculative.take_if(|(speculative, _)| speculative.is_same(token));
        let has_any = state.speculative.is_some() || !state.futile.is_empty();
        self.has_futile_renewals.store(has_any, Ordering::Release);
    }

    /// A panic of the caller's leaves no half-written value behind the lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn drop_old(&mut self, now: &Moment) {
        let is_old = |since: &Moment| since.left_of(REFUSAL_HOLDS, now).is_none();
        self.speculative.take_if(|(_, since)| is_old(since));
        self.futile.retain(|(_, since)| !is_old(since));
    }
}

const RENEWAL_PAUSE: Duration = Duration::from_secs(5);
const REFUSAL_HOLDS: Duration = Duration::from_secs(60);
