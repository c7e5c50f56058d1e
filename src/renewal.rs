//! How a client comes by its token, keeps it and renews it.

use std::time::Duration;

use crate::call::Call;
use crate::client::Client;
use crate::credentials::Unreadable;
use crate::error::{Class, Error, Result, Sent, TokenError};
use crate::event::Event;
use crate::response::Response;
use crate::secret::mask_opaque;
use crate::token::{self, AccessToken};
use crate::transport::Outgoing;

impl Client {
    /// The token that the next call would use: fetched if there is none, renewed if it is
    /// about to expire.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn access_token(&self) -> Result<AccessToken> {
        self.token(self.end_of(self.policy.deadline), None)
    }

    /// Puts a token to the call: the client's, or a newer one than was refused.
    pub(crate) fn authorise(&self, call: &mut Call<'_>) -> Result<()> {
        if !call.with_token || call.token.is_some() {
            return Ok(());
        }
        let token = match &call.refused {
            None => self.token(call.end, None)?,
            Some((refused, refusal)) => {
                let token = self.token(call.end, Some(refused))?;
                if refused.is_same(&token) {
                    // Gateways cache token answers: asking again would not help.
                    return Err(call.same_token_again(refusal));
                }
                token
            }
        };
        call.token = Some(token);
        Ok(())
    }

    pub(crate) fn reauthorize(&self, call: &mut Call<'_>, response: Response) {
        self.emit(|| Event::TokenRefused { place: call.place() });
        if let Some(token) = call.token.take() {
            call.refused = Some((token, response));
        }
    }

    /// The client's token while it is fresh, else the store's, else a new one.
    fn token(&self, end: Duration, refused: Option<&AccessToken>) -> Result<AccessToken> {
        let now = self.now();
        let is_wanted = |token: &AccessToken| refused.is_none_or(|refused| !refused.is_same(token));
        let is_usable = |token: &AccessToken| is_wanted(token) && token.is_fresh(self.margin, &now);
        let own = self.token.borrow().clone();
        if let Some(token) = own.as_ref().filter(|token| is_usable(token)) {
            return Ok(token.clone());
        }
        let patience = end.saturating_sub(now.monotonic) / 2;
        let (token, event) = self.store.update(patience.min(LONGEST_TURN), |stored| {
            if let Some(token) = stored.as_ref().filter(|token| is_usable(token)) {
                let left = token.lifetime().and_then(|_| token.left(&now));
                let event = Some(Event::TokenReused { left });
                return (stored.clone(), Ok((token.clone(), event)));
            }
            let is_renewal = own.is_some() || stored.is_some();
            // The stored one may be younger: by now another clone may have renewed it.
            let old = stored.or(own).filter(|token| is_wanted(token));
            let renewed = self.renew(end, old.clone(), is_renewal);
            let kept = renewed.as_ref().map_or(old, |(token, _)| Some(token.clone()));
            (kept, renewed)
        })?;
        *self.token.borrow_mut() = Some(token.clone());
        if let Some(event) = event {
            self.emit(|| event);
        }
        Ok(token)
    }

    /// A new token; or the old one, if it is still good and the renewal fails for a
    /// passing reason.
    fn renew(
        &self,
        end: Duration,
        old: Option<AccessToken>,
        is_renewal: bool,
    ) -> Result<(AccessToken, Option<Event>)> {
        let now = self.now();
        let mut call = Call::to_token_endpoint(&self.provider, self.policy.retries, end);
        let still_good = old.and_then(|old| old.left(&now).map(|left| (old, left)));
        let Some((old, left)) = still_good else {
            return self.fetch(call, is_renewal);
        };
        if self.store.renewal_failed_lately(&now) {
            return Ok((old, None));
        }
        // There is no hurry yet: one attempt, which ends while the old token lives.
        call.end = call.end.min(now.monotonic + left / 2);
        call.retries_left = 0;
        call.is_patient = false;
        match self.fetch(call, is_renewal) {
            Err(error) if error.is_temporary() => {
                self.store.renewal_failed(now);
                let error = error.to_string();
                Ok((old, Some(Event::OldTokenKept { left, error })))
            }
            fetched => fetched,
        }
    }

    fn fetch(&self, mut call: Call<'_>, renewal: bool) -> Result<(AccessToken, Option<Event>)> {
        let response = self.run(&mut call)?;
        let token = token::read(&response, call.sent_at, &call.secrets())?;
        self.count(|stats| stats.tokens_fetched += 1);
        let event =
            Event::TokenFetched { place: call.place(), lifetime: token.lifetime(), renewal };
        Ok((token, Some(event)))
    }

    /// The token request, with the credentials as they are now.
    pub(crate) fn ask_for_token(&self, call: &mut Call<'_>) -> Result<Response> {
        let identity = self.credentials.read().map_err(|why| self.unreadable(call, why))?;
        let now = self.now();
        if let Some(error) = self.store.was_refused(&identity, &now) {
            return Err(Error::Token(Box::new(error)));
        }
        let (headers, body) = token::request(&self.provider, &identity)?;
        call.sent_at = now;
        call.identity = Some(identity);
        let outgoing = Outgoing {
            method: &call.method,
            uri: &call.uri,
            headers,
            body: Some(body.as_bytes()),
            time_left: call.time_left(&now),
            idle_timeout: self.token_idle_timeout,
            idle_setting: "Client::with_token_idle_timeout",
            body_limit: TOKEN_ANSWER_LIMIT,
            body_setting: "the limit of a token answer",
        };
        self.send_out(call, outgoing)
    }

    fn unreadable(&self, call: &Call<'_>, why: Unreadable) -> Error {
        match why {
            Unreadable::Wrong(error) => error,
            Unreadable::Failed(cause) => Error::Token(Box::new(TokenError {
                place: call.place(),
                message: format!(
                    "the credentials function failed: {}",
                    mask_opaque::<&str>(&cause.to_string(), &[])
                ),
                answer: None,
                sent: Sent::No,
                class: Class::Temporary,
                attempts: 1,
            })),
        }
    }
}

const TOKEN_ANSWER_LIMIT: u64 = 1024 * 1024;
/// How long a clone waits at most for another clone's token request.
const LONGEST_TURN: Duration = Duration::from_secs(60);
