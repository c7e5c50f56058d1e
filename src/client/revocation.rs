//! Giving a token back (RFC 7009).

use std::time::Duration;

use crate::call::state::Call;
use crate::client::{Arrival, Client};
use crate::error::{Error, Result, TokenError};
use crate::response::Response;
use crate::token::access_token::AccessToken;
use crate::token::grant;
use crate::token::store;

impl Client {
    /// Revokes the client's token, or the one that its store holds, and forgets it; does
    /// nothing if there is none.
    ///
    /// For providers that limit how many tokens are alive. Never done by itself: **whoever
    /// shares the token loses it too**, and buys a new one at the next call.
    ///
    /// # Errors
    ///
    /// A configuration error if the provider has no
    /// [revocation endpoint](crate::Provider::with_revocation_endpoint); otherwise as for
    /// a token request. The token is kept if it could not be revoked.
    pub fn revoke(&self) -> Result<()> {
        let Some(endpoint) = &self.provider.revocation_endpoint else {
            return Err(Error::configuration(
                "the provider has no revocation endpoint: set Provider::with_revocation_endpoint",
            ));
        };
        let now = self.now();
        let end = self.end_of(self.policy.deadline, &now);
        let own = self.token.borrow().clone();
        let Some(token) = own.or_else(|| self.stored_token(None, end)) else {
            return Ok(());
        };
        let mut call = Call::to_token_endpoint(&self.provider, self.policy.retries, now, end);
        call.uri = endpoint.clone();
        call.token = Some(token.clone());
        let exchange = |call: &mut Call<'_>| {
            while self.wait_for_cooldown(call)? {}
            Ok(Arrival::Outcome(self.ask_to_revoke(call, &token)))
        };
        let revoked = self.run(&mut call, exchange, |_, _| Ok(()));
        revoked.map_err(|mut error| {
            if let Error::Token(error) = &mut error {
                error.what = TokenError::NOT_REVOKED;
            }
            error
        })?;
        *self.token.borrow_mut() = None;
        self.stored_token(Some(&token), end);
        Ok(())
    }

    fn ask_to_revoke(&self, call: &mut Call<'_>, token: &AccessToken) -> Result<Response> {
        let identity = self.credentials.read().map_err(|why| call.unreadable(why))?;
        // A wait may have taken it off, and it must not show in an error.
        call.token = Some(token.clone());
        self.post_form(call, &identity, grant::revocation(&self.provider, &identity, token)?)
    }

    /// The token that the store holds, and which it forgets if it is `revoked`.
    fn stored_token(&self, revoked: Option<&AccessToken>, end: Duration) -> Option<AccessToken> {
        let identity = self.credentials.read().ok()?;
        let mut stored = None;
        let key = store::key(&self.provider, &identity.id);
        let left = end.saturating_sub(self.now().monotonic);
        let patience = self.token_idle_timeout.min(left / 2);
        let updated = self.store.update(&key, patience, &mut |entry| {
            entry.settle(&self.now());
            stored.clone_from(&entry.token);
            if entry.token.as_ref().zip(revoked).is_some_and(|(token, it)| token.is_same(it)) {
                entry.token = None;
            }
        });
        if let Err(cause) = updated {
            self.store_failed(&cause, stored.as_ref());
        }
        stored
    }
}
