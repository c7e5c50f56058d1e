//! A token that will do: the client's own, the store's, or a new one that is fetched under
//! the store's lock.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::Method;

use crate::call::caller::Caller;
use crate::call::cooldown::{Change, Endpoint};
use crate::call::cooldowns::Next;
use crate::call::setback::{Attempt, Refusal, Setback};
use crate::call::verdict::Rejection;
use crate::call::{Call, Exchange};
use crate::clock::Moment;
use crate::credentials::Credentials;
use crate::credentials::identity::Identity;
use crate::error::{CallError, Delivery, Error, ErrorKind, Result};
use crate::event::Event;
use crate::provider::{AuthMethod, Provider};
use crate::retry::RetryPolicy;
use crate::token::access_token::{self, AccessToken};
use crate::token::diagnosis::unreadable;
use crate::token::form::{FormRequest, token_form};
use crate::token::kept::{Kept, LONGEST_TURN};
use crate::token::refusals::Refusals;
use crate::token::store::StoreEntry;

/// Where a client has its tokens from.
#[derive(Clone)]
pub(crate) struct TokenSource {
    pub(crate) kept: Kept,
    pub(crate) margin: Duration,
    pub(crate) refusals: Arc<Refusals>,
}

/// For what a token is wanted.
pub(crate) struct Purpose<'a> {
    /// When it must be there, on the monotonic clock.
    pub(crate) end: Duration,
    pub(crate) policy: RetryPolicy,
    /// Not this one, which the API refused.
    pub(crate) refused: Option<&'a AccessToken>,
    /// What the call that needs it may have done so far; `None` if there is none.
    pub(crate) acted: Option<Delivery>,
}

/// A token, and how the client came by it.
type Obtained = (AccessToken, Option<Event>);

impl TokenSource {
    pub(crate) fn new(credentials: Credentials) -> Self {
        let kept = Kept::new(credentials);
        Self { kept, margin: Duration::from_secs(30), refusals: Arc::default() }
    }

    /// The client's own token while it is fresh.
    pub(crate) fn fresh(&self, refused: Option<&AccessToken>, now: &Moment) -> Option<AccessToken> {
        let own = self.kept.own.borrow();
        let token = own.as_ref().filter(|token| token.is_fresh(self.margin, now))?;
        refused.is_none_or(|refused| !refused.is_same(token)).then(|| token.clone())
    }

    /// The client's token while it is fresh, else the store's, else a new one.
    pub(crate) fn token(&self, caller: &Caller, purpose: &Purpose<'_>) -> Result<AccessToken> {
        let mut call = self.call(caller, &purpose.policy);
        call.end = purpose.end;
        let (now, refused) = (call.now, purpose.refused);
        if let Some(token) = self.fresh(refused, &now) {
            return Ok(token);
        }
        let own = self.kept.own();
        let old = own.clone().filter(|own| refused.is_none_or(|refused| !refused.is_same(own)));
        let still_good = old.and_then(|old| old.left(&now).map(|left| (old, left)));
        if let Some((old, left)) = &still_good {
            if self.refusals.renewal_failed_lately(&now) {
                return Ok(old.clone());
            }
            // There is no hurry yet: one attempt, which ends while the old token lives.
            call.end = call.end.min(now.monotonic + *left / 2);
            call.retries_left = 0;
            call.may_wait = false;
        }
        let mut request =
            TokenRequest { refused, own, still_good, ..TokenRequest::new(self, caller) };
        call.reported = purpose.acted;
        let fetched = call.run(&mut request);
        // An early renewal that fails, for whatever reason, leaves the old token in use: it is
        // as good as it was.
        let obtained = match (fetched, request.still_good) {
            (Err(error), Some((old, left))) => {
                self.refusals.renewal_failed(caller.now());
                let error = error.to_string();
                Ok((old, Some(Event::OldTokenKept { left, error })))
            }
            (fetched, _) => fetched,
        };
        Ok(self.take(caller, obtained?))
    }

    /// A token that is not there yet, whatever there is, which stays if it fails.
    pub(crate) fn new_token(
        &self,
        call: &mut Call<'_>,
        request: &mut TokenRequest<'_>,
    ) -> Result<AccessToken> {
        request.is_new = true;
        request.own = self.kept.own();
        let obtained = call.run(request)?;
        Ok(self.take(call.caller, obtained))
    }

    fn take(&self, caller: &Caller, (token, event): Obtained) -> AccessToken {
        *self.kept.own.borrow_mut() = Some(token.clone());
        if let Some(event) = event {
            caller.emit(|| event);
        }
        token
    }

    /// A call to the token endpoint.
    pub(crate) fn call<'c>(&self, caller: &'c Caller, policy: &RetryPolicy) -> Call<'c> {
        let uri = caller.token_endpoint().clone();
        Call::new(caller, Endpoint::Token, (Method::POST, uri), policy)
    }

    /// How the client proves who it is, if it can do so for this provider.
    pub(crate) fn method(&self, provider: &Provider) -> Option<AuthMethod> {
        provider.method_for(&self.kept.credentials.proof()).ok()
    }

    pub(crate) fn forget_cooldowns(&self, caller: &Caller) -> Result<()> {
        if !self.kept.has_key() {
            let call = self.call(caller, &RetryPolicy::default());
            let mut request = TokenRequest::new(self, caller);
            let identity = request.form.authenticate();
            let identity = identity.map_err(|why| call.end(&request, why, Rejection::Final))?;
            self.kept.key_of(caller, &identity);
        }
        let forgotten = self.kept.update(caller, LONGEST_TURN, |entry| entry.cooldowns.clear());
        forgotten.map_err(|error| {
            let holder = self.kept.store.describe();
            Error::configuration(format!("the waits in {holder} are not forgotten: {error}"))
        })
    }
}

/// A token request, and which token will do.
pub(crate) struct TokenRequest<'a> {
    source: &'a TokenSource,
    pub(crate) form: FormRequest<'a>,
    /// Not this one, which the API refused.
    refused: Option<&'a AccessToken>,
    /// Nor this one, the client's own, which is stale: the store's copy of it knows the wall
    /// clock alone.
    own: Option<AccessToken>,
    /// The old one and what is left of it: this is an early renewal.
    still_good: Option<(AccessToken, Duration)>,
    /// None of those that there are.
    is_new: bool,
    /// Why the store was done without.
    pub(crate) store_error: Option<String>,
}

impl<'a> TokenRequest<'a> {
    pub(crate) fn new(source: &'a TokenSource, caller: &'a Caller) -> Self {
        Self {
            source,
            form: FormRequest::new(&source.kept, caller, CallError::NO_TOKEN),
            refused: None,
            own: None,
            still_good: None,
            is_new: false,
            store_error: None,
        }
    }

    /// One attempt under the store's lock: whoever comes next finds the token. Nobody
    /// waits there; `None` if there is a cooldown to be waited for first.
    fn take_turn(&mut self, call: &mut Call<'_>) -> Attempt<Option<Obtained>> {
        let identity = self.form.authenticate()?;
        call.now = call.caller.now();
        let began = call.now.monotonic;
        let (source, caller) = (self.source, call.caller);
        let mut patience = call.time_left() / 2;
        if caller.is_store_shared {
            // A turn of another is one exchange with the token endpoint; whoever takes longer
            // has died, or its store is stuck. A clone's turn always ends.
            patience = patience.min(caller.token_idle_timeout().saturating_add(SLACK));
            *caller.kept_in.borrow_mut() = Some(source.kept.store.describe().into());
        }
        let key = source.kept.key_of(caller, &identity);
        let mut outcome = None;
        let stored = source.kept.store.update(&key, patience, &mut |entry| {
            outcome = Some(self.attempt_with(call, &identity, entry));
        });
        if let Err(cause) = stored {
            let new = match &outcome {
                Some(Ok(Some((token, _)))) => Some(token),
                _ => None,
            };
            self.store_error = Some(source.kept.store_failed(caller, &cause, new));
        }
        let now = caller.now();
        match (outcome, &self.still_good) {
            (Some(outcome), _) => outcome,
            // Somebody else is likely renewing it at this moment.
            (None, Some((old, _))) if now.monotonic.saturating_sub(began) >= patience => {
                source.refusals.renewal_failed(now);
                Ok(Some((old.clone(), None)))
            }
            (None, _) => self.attempt_with(call, &identity, &mut StoreEntry::default()),
        }
    }

    fn attempt_with(
        &mut self,
        call: &mut Call<'_>,
        identity: &Identity,
        entry: &mut StoreEntry,
    ) -> Attempt<Option<Obtained>> {
        call.now = call.caller.now();
        let (now, refusals) = (call.now, &self.source.refusals);
        let stored = entry.token(&now);
        if let Some(token) = stored.as_ref().filter(|token| self.will_do(token, &now)) {
            entry.with_cooldowns(&now, |stored| call.caller.cooldowns.take_up(stored));
            let left = token.lifetime().and_then(|_| token.left(&now));
            return Ok(Some((token.clone(), Some(Event::TokenReused { left }))));
        }
        if let Some((old, _)) = &self.still_good
            && refusals.renewal_failed_lately(&now)
        {
            // While this one waited for its turn.
            return Ok(Some((old.clone(), None)));
        }
        if !entry.with_cooldowns(&now, |stored| call.claim(stored)) {
            return Ok(None);
        }
        if let Some(refusal) = refusals.of_client(identity, &now) {
            return Err(refusal.into());
        }
        let is_renewal = self.own.is_some() || stored.is_some();
        // A token that was refused is not left for others.
        entry.token.take_if(|token| self.refused.is_some_and(|refused| token.is_same(refused)));
        let outcome = self.ask(call, identity, is_renewal);
        let change = match &outcome {
            Ok((token, _)) => {
                entry.token = Some(token.stored());
                call.note(None)
            }
            Err(setback) => self.note_failure(call, identity, setback),
        };
        if let Some(change) = change {
            entry.with_cooldowns(&call.now, |stored| change.apply(stored));
        }
        outcome.map(Some)
    }

    /// The token request.
    fn ask(
        &mut self,
        call: &mut Call<'_>,
        identity: &Identity,
        renewal: bool,
    ) -> Attempt<Obtained> {
        let issued = call.now;
        let response = self.form.post(call, identity, &token_form(&call.caller.provider))?;
        let token = access_token::read(&response, issued);
        let token = token.map_err(|why| unreadable(&response, &why))?;
        call.caller.count(|stats| stats.tokens_fetched += 1);
        let (target, lifetime) = (call.target(), token.lifetime());
        Ok((token, Some(Event::TokenFetched { target, lifetime, renewal })))
    }

    /// What the others who wait for their turn should know before they ask as well.
    fn note_failure(
        &self,
        call: &mut Call<'_>,
        identity: &Identity,
        setback: &Setback,
    ) -> Option<Change> {
        let refusals = &self.source.refusals;
        if self.still_good.is_some() {
            refusals.renewal_failed(call.now);
        }
        let Setback::Refused(refusal) = setback else { return None };
        if refusal.kind == ErrorKind::Credentials {
            refusals.client_refused(identity.clone(), Refusal::clone(refusal), call.now);
        }
        call.note(Some(refusal))
    }

    fn will_do(&self, token: &AccessToken, now: &Moment) -> bool {
        let mut others = self.refused.into_iter().chain(&self.own);
        !self.is_new
            && token.is_fresh(self.source.margin, now)
            && !others.any(|other| other.is_same(token))
    }
}

impl Exchange for TokenRequest<'_> {
    type Answer = Obtained;

    fn attempt(&mut self, call: &mut Call<'_>) -> Attempt<Obtained> {
        loop {
            while call.wait_for_cooldown()? == Next::Again {}
            if let Some(obtained) = self.take_turn(call)? {
                return Ok(obtained);
            }
        }
    }

    fn error(&self, error: CallError) -> Error {
        self.form.error(error)
    }
}

/// What a turn takes besides the exchange.
const SLACK: Duration = Duration::from_secs(10);
