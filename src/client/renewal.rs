//! How a client comes by a token, and by a newer one.

use std::time::Duration;

use ureq::http::HeaderMap;

use crate::call::cooldown;
use crate::call::state::Call;
use crate::client::{Arrival, Client};
use crate::clock::Moment;
use crate::credentials::Identity;
use crate::error::wait_header;
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::event::Event;
use crate::foreign::mask_repeated;
use crate::mask::mask;
use crate::response::Response;
use crate::retry::{Rejection, Verdict};
use crate::token::access_token::{self, AccessToken};
use crate::token::grant;
use crate::token::store::{self, StoreEntry};
use crate::wire::message::Outgoing;
use crate::wire::request_body::RequestBody;

impl Client {
    /// The client's token while it is fresh, else the store's, else a new one.
    pub(crate) fn token(
        &self,
        end: Duration,
        retries: u32,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken> {
        let own = self.token.borrow().clone();
        let now = self.now();
        let is_renewal = own.is_some();
        let mut wanted = Wanted { is_renewal, ..Wanted::other_than(refused, self.margin) };
        if let Some(token) = own.as_ref().filter(|token| wanted.is_usable(token, &now)) {
            return Ok(token.clone());
        }
        wanted.worn = own.as_ref();
        let mut call = Call::to_token_endpoint(&self.provider, retries, now, end);
        let old = own.clone().filter(|token| wanted.is_wanted(token));
        wanted.still_good = old.and_then(|old| old.left(&now).map(|left| (old, left)));
        if let Some((old, left)) = &wanted.still_good {
            if self.cooldowns.renewal_failed_lately(&now) {
                return Ok(old.clone());
            }
            // There is no hurry yet: one attempt, which ends while the old token lives.
            call.end = call.end.min(now.monotonic + *left / 2);
            call.retries_left = 0;
            call.is_patient = false;
        }
        let fetched = self.fetch(&mut call, &wanted);
        let kept = |error| self.keep_old(wanted.still_good, &error).ok_or(error);
        Ok(self.take(fetched.or_else(kept)?))
    }

    /// A token that is not there yet, whatever there is, which stays if it fails.
    pub(crate) fn new_token(&self, call: &mut Call<'_>) -> Result<AccessToken> {
        let is_renewal = self.token.borrow().is_some();
        let wanted = Wanted { is_new: true, is_renewal, ..Wanted::other_than(None, self.margin) };
        Ok(self.take(self.fetch(call, &wanted)?))
    }

    fn take(&self, (token, event): Obtained) -> AccessToken {
        *self.token.borrow_mut() = Some(token.clone());
        if let Some(event) = event {
            self.emit(|| event);
        }
        token
    }

    /// An early renewal that fails, for whatever reason, leaves the old token in use: it is
    /// as good as it was.
    fn keep_old(
        &self,
        still_good: Option<(AccessToken, Duration)>,
        error: &Error,
    ) -> Option<Obtained> {
        let (old, left) = still_good?;
        self.cooldowns.renewal_failed(self.now());
        let error = error.to_string();
        Some((old, Some(Event::OldTokenKept { left, error })))
    }

    fn fetch(&self, call: &mut Call<'_>, wanted: &Wanted<'_>) -> Result<Obtained> {
        let exchange = |call: &mut Call<'_>| loop {
            while self.keep_waits(call)? {}
            if let Some(arrival) = self.take_turn(call, wanted) {
                return Ok(arrival);
            }
        };
        self.run(call, exchange, |call, response| {
            self.read_token(call, &response, wanted.is_renewal)
        })
    }

    /// One attempt under the store's lock: whoever comes next finds the token. Nobody
    /// waits there; `None` if there is a cooldown of the server's to be kept first.
    fn take_turn(&self, call: &mut Call<'_>, wanted: &Wanted<'_>) -> Option<Arrival<Obtained>> {
        let identity = match self.credentials.read() {
            Ok(identity) => identity,
            Err(why) => return Some(Arrival::Outcome(Err(call.unreadable(why)))),
        };
        call.now = self.now();
        let key = store::key(&self.provider, &identity.id);
        let began = call.now;
        let patience = match self.is_store_shared {
            // A turn of another is one exchange with the token endpoint; whoever takes longer
            // has died, or its store is stuck.
            true => (call.time_left() / 2).min(self.token_idle_timeout.saturating_add(SLACK)),
            // A clone's turn always ends.
            false => call.time_left() / 2,
        };
        *self.key.borrow_mut() = Some(key.as_str().into());
        let mut arrived = None;
        let stored = self.store.update(&key, patience, &mut |entry| {
            arrived = Some(self.attempt(call, wanted, &identity, entry));
        });
        if let Err(cause) = stored {
            let new = match &arrived {
                Some(Some(Arrival::Ready((token, _)))) => Some(token),
                _ => None,
            };
            call.store_error = Some(self.store_failed(&cause, new));
        }
        let waited = self.now().monotonic.saturating_sub(began.monotonic);
        match (arrived, &wanted.still_good) {
            (Some(arrival), _) => arrival,
            // Somebody else is likely renewing it at this moment.
            (None, Some((old, _))) if waited >= patience => {
                self.cooldowns.renewal_failed(self.now());
                Some(Arrival::Ready((old.clone(), None)))
            }
            (None, _) => self.attempt(call, wanted, &identity, &mut StoreEntry::default()),
        }
    }

    /// An accepted answer is read here, so that it is kept before the lock is given up; the
    /// loop gets to judge refusals only.
    fn attempt(
        &self,
        call: &mut Call<'_>,
        wanted: &Wanted<'_>,
        identity: &Identity,
        entry: &mut StoreEntry,
    ) -> Option<Arrival<Obtained>> {
        let now = self.now();
        call.now = now;
        entry.settle(&now);
        self.cooldowns.take_up(&entry.cooldowns, &now);
        if let Some(token) = entry.token.as_ref().filter(|token| wanted.is_usable(token, &now)) {
            let left = token.lifetime().and_then(|_| token.left(&now));
            return Some(Arrival::Ready((token.clone(), Some(Event::TokenReused { left }))));
        }
        if let Some((old, _)) = &wanted.still_good
            && self.cooldowns.renewal_failed_lately(&now)
        {
            // While this one waited for its turn.
            return Some(Arrival::Ready((old.clone(), None)));
        }
        if !self.may_ask(call, entry) {
            return None;
        }
        let is_renewal = wanted.is_renewal || entry.token.is_some();
        entry.token = entry.token.take().filter(|token| wanted.is_wanted(token));
        let outcome = self.ask_for_token(call, identity);
        call.now = self.now();
        let verdict = call.verdict(&outcome);
        if self.end_probe(call, &outcome, verdict) {
            cooldown::drop_probed(&mut entry.cooldowns, &call.cooldown_key());
        }
        if verdict != Verdict::Accept {
            self.note_refusal(call, wanted, identity, &outcome, entry);
            return Some(Arrival::Outcome(outcome));
        }
        let obtained = outcome.and_then(|response| self.read_token(call, &response, is_renewal));
        match &obtained {
            Ok((token, _)) => entry.token = Some(token.clone()),
            Err(_) if wanted.still_good.is_some() => self.cooldowns.renewal_failed(self.now()),
            Err(_) => {}
        }
        Some(obtained.map_or_else(|error| Arrival::Outcome(Err(error)), Arrival::Ready))
    }

    /// What the others who wait for their turn should know before they ask as well.
    fn note_refusal(
        &self,
        call: &Call<'_>,
        wanted: &Wanted<'_>,
        identity: &Identity,
        outcome: &Result<Response>,
        entry: &mut StoreEntry,
    ) {
        if wanted.still_good.is_some() {
            self.cooldowns.renewal_failed(self.now());
        }
        let Ok(response) = outcome else { return };
        if let Some(cooldown) = call.cooldown(response) {
            entry.add(cooldown);
        }
        let answer = call.answer(response);
        let error =
            call.refused_by_token_endpoint(answer, &self.provider, identity, Rejection::Final);
        if error.kind == ErrorKind::Credentials {
            self.cooldowns.refuse(identity.clone(), self.now(), error);
        }
    }

    /// The token request, with the credentials as they are now.
    fn ask_for_token(&self, call: &mut Call<'_>, identity: &Identity) -> Result<Response> {
        let now = self.now();
        if let Some(error) = self.cooldowns.was_refused(identity, &now) {
            return Err(Error::Token(Box::new(error)));
        }
        call.sent_at = now;
        self.post_form(call, identity, grant::request(&self.provider, identity)?)
    }

    /// A form to the authorization server.
    pub(crate) fn post_form(
        &self,
        call: &mut Call<'_>,
        identity: &Identity,
        (headers, body): (HeaderMap, String),
    ) -> Result<Response> {
        call.identity = Some(identity.clone());
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers,
            body: Some(RequestBody::Bytes(body.as_bytes())),
            sink: None,
            expects: false,
            time_left: call.time_left(),
            end_left: None,
            idle_timeout: self.token_idle_timeout,
            idle_setting: "Client::with_token_idle_timeout",
            body_limit: TOKEN_ANSWER_LIMIT,
            body_setting: "the limit of a token answer",
        };
        let response = self.send_out(call, outgoing)?;
        call.date = wait_header::date(&response.headers).map(|date| (date, response.now));
        Ok(response)
    }

    fn read_token(&self, call: &Call<'_>, response: &Response, renewal: bool) -> Result<Obtained> {
        let token = access_token::read(response, call.sent_at, &call.secrets())?;
        self.count(|stats| stats.tokens_fetched += 1);
        let (target, lifetime) = (call.target(), token.lifetime());
        Ok((token, Some(Event::TokenFetched { target, lifetime, renewal })))
    }

    /// The failure as it may be told: it may repeat the token that could not be kept.
    pub(crate) fn store_failed(&self, cause: &Cause, new: Option<&AccessToken>) -> String {
        self.count(|stats| stats.store_failures += 1);
        let own = self.token.borrow().clone();
        let known: Vec<&str> = own.iter().chain(new).map(AccessToken::as_str).collect();
        let error = mask_repeated(&mask(&cause.to_string(), &known));
        self.emit(|| Event::StoreFailed { error: error.clone() });
        error
    }
}

/// A token, and how the client came by it.
type Obtained = (AccessToken, Option<Event>);

/// Which token will do.
pub(crate) struct Wanted<'a> {
    /// Not this one, which the API refused.
    refused: Option<&'a AccessToken>,
    /// Nor this one, the client's own: the store's copy of it knows the wall clock alone.
    worn: Option<&'a AccessToken>,
    margin: Duration,
    /// There was one before.
    is_renewal: bool,
    /// The old one and what is left of it: this is an early renewal.
    still_good: Option<(AccessToken, Duration)>,
    /// None of those that there are.
    is_new: bool,
}

impl<'a> Wanted<'a> {
    pub(crate) fn other_than(refused: Option<&'a AccessToken>, margin: Duration) -> Self {
        Self { refused, worn: None, margin, is_renewal: false, still_good: None, is_new: false }
    }

    fn is_wanted(&self, token: &AccessToken) -> bool {
        self.refused.is_none_or(|refused| !refused.is_same(token))
    }

    pub(crate) fn is_usable(&self, token: &AccessToken, now: &Moment) -> bool {
        let is_worn = self.worn.is_some_and(|worn| worn.is_same(token));
        !self.is_new && !is_worn && self.is_wanted(token) && token.is_fresh(self.margin, now)
    }
}

const TOKEN_ANSWER_LIMIT: u64 = 1024 * 1024;
/// What a turn takes besides the exchange.
const SLACK: Duration = Duration::from_secs(10);
