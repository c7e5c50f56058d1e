//! What a client keeps: its copy of the token, and its place in the store.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::call::caller::Caller;
use crate::call::cooldowns::Next;
use crate::call::paces::Turn;
use crate::call::setback::{Attempt, Setback};
use crate::clock::seconds;
use crate::credentials::Credentials;
use crate::credentials::identity::Identity;
use crate::error::{Cause, Delivery, ErrorKind};
use crate::event::{Event, WaitReason};
use crate::mask::{Mask, mask_repeated};
use crate::pace::Pace;
use crate::token::access_token::AccessToken;
use crate::token::memory::MemoryStore;
use crate::token::store::{self, StoreEntry, TokenStore};
use crate::wire::failure::Failure;

#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<dyn TokenStore>,
    /// The copy in use; each clone has its own.
    pub(crate) own: RefCell<Option<AccessToken>>,
    /// Under which the store keeps the token; known after the first look at it.
    key: RefCell<Option<Arc<str>>>,
}

impl Kept {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            store: Arc::new(MemoryStore::new()),
            own: RefCell::default(),
            key: RefCell::default(),
        }
    }

    pub(crate) fn own(&self) -> Option<AccessToken> {
        self.own.borrow().clone()
    }

    /// Begins anew, with nothing of the client that it was cloned from.
    pub(crate) fn forget_own(&self) {
        *self.own.borrow_mut() = None;
        *self.key.borrow_mut() = None;
    }

    /// The client's token, or else the store's.
    pub(crate) fn any(&self, caller: &Caller, patience: Duration) -> Option<AccessToken> {
        self.own().or_else(|| {
            let mut stored = None;
            let _ = self.update(caller, patience, |entry| stored = entry.token(&caller.now()));
            stored
        })
    }

    /// Forgets a token that was given back.
    pub(crate) fn forget(&self, caller: &Caller, revoked: &AccessToken, patience: Duration) {
        *self.own.borrow_mut() = None;
        let _ = self.update(caller, patience, |entry| {
            entry.token.take_if(|token| token.is_same(revoked));
        });
    }

    pub(crate) fn has_key(&self) -> bool {
        self.key.borrow().is_some()
    }

    /// Waits for a cooldown of a call, or makes the call the probe of this hour for all who share
    /// the store. Returns whether it may go now.
    pub(crate) fn may_go(&self, call: &mut Call<'_>) -> Attempt<bool> {
        match call.wait_for_cooldown()? {
            Next::Go => return Ok(true),
            Next::Again => return Ok(false),
            Next::Claim => {}
        }
        let mut is_claimed = None;
        self.share(call.caller, call.time_left(), |entry| {
            call.now = call.caller.now();
            let now = call.now;
            is_claimed = Some(entry.with_cooldowns(&now, |stored| call.claim(stored)));
        });
        Ok(is_claimed.unwrap_or_else(|| call.claim(&mut [])))
    }

    /// Waits for the turn that the paces of the client give a call: tells whether it waited.
    pub(crate) fn keep_pace(&self, call: &mut Call<'_>) -> Attempt<bool> {
        let caller = call.caller;
        let Some(paces) = &caller.paces else { return Ok(false) };
        if paces.all.iter().any(Pace::is_empty) {
            return Err(Failure::setting(EMPTY_PACE).into());
        }
        let left = if call.may_wait { call.time_left() } else { Duration::ZERO };
        let mut turn = None;
        self.share(caller, call.time_left(), |entry| {
            call.now = caller.now();
            turn = entry.claim(paces, &call.now, left);
        });
        call.now = caller.now();
        let Some(turn) = turn.or_else(|| paces.claim(call.now.monotonic, left, None)) else {
            return Ok(false);
        };
        let (wait, pace) = match turn {
            Turn::After(wait, pace) => (wait, pace),
            Turn::TooLong(wait, pace) => {
                let (wait, left) = (seconds(wait), seconds(call.time_left()));
                let why = format!(
                    "not sent: the pace of {pace} has no room for another {wait}, which does not fit into the {left} left of the call's deadline (RetryPolicy::with_deadline)"
                );
                let failure = Failure::new(Delivery::NotSent, ErrorKind::Temporary, why);
                return Err(Setback::Ended(failure.into_error(call.target(), call.attempt - 1)));
            }
        };
        call.pause(wait, || WaitReason::Pace(pace));
        call.now = caller.now();
        match caller.is_stopped() {
            true => Err(Setback::stopped()),
            false => Ok(!wait.is_zero()),
        }
    }

    /// Changes what others look at before they call the API; `left` is left of the deadline.
    pub(crate) fn share(
        &self,
        caller: &Caller,
        left: Duration,
        change: impl FnMut(&mut StoreEntry),
    ) {
        if caller.is_store_shared && self.has_key() {
            // An event says that it failed.
            let _ = self.update(caller, LONGEST_TURN.min(left / 2), change);
        }
    }

    pub(crate) fn key_of(&self, caller: &Caller, identity: &Identity) -> Arc<str> {
        let certificate = caller.transport.connection.client_certificate_name();
        let key: Arc<str> = store::key(&caller.provider, identity, certificate.as_deref()).into();
        *self.key.borrow_mut() = Some(key.clone());
        key
    }

    /// A turn in the store for something else than a token request, or why there is none.
    pub(crate) fn update(
        &self,
        caller: &Caller,
        patience: Duration,
        mut change: impl FnMut(&mut StoreEntry),
    ) -> std::result::Result<(), String> {
        let known = self.key.borrow().clone();
        let read = || Some(self.key_of(caller, &self.credentials.read().ok()?));
        let Some(key) = known.or_else(read) else { return Ok(()) };
        let stored = self.store.update(&key, patience, &mut change);
        stored.map_err(|cause| self.store_failed(caller, &cause, None))
    }

    /// The failure as it may be told: it may repeat the token that could not be kept.
    pub(crate) fn store_failed(
        &self,
        caller: &Caller,
        cause: &Cause,
        new: Option<&AccessToken>,
    ) -> String {
        caller.count(|stats| stats.store_failures += 1);
        let own = self.own();
        let known = own.iter().chain(new).map(|token| token.as_str().to_owned());
        let error = mask_repeated(&Mask::of(known).hide(&cause.to_string()));
        caller.emit(|| Event::StoreFailed { error: error.clone() });
        error
    }
}

const EMPTY_PACE: &str = "a pace of no calls, or of no time, lets no call through";
/// How long a busy store is waited for.
pub(crate) const LONGEST_TURN: Duration = Duration::from_secs(10);
