//! How a call gets its token, and what its answer tells about that token.

use crate::call::state::Call;
use crate::client::Client;
use crate::client::renewal::Wanted;
use crate::error::challenge::Bearer;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::response::Response;
use crate::token::access_token::AccessToken;

impl Client {
    /// The token that the next call would use: fetched if there is none, renewed if it is
    /// about to expire.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn access_token(&self) -> Result<AccessToken> {
        let end = self.end_of(self.policy.deadline, &self.now());
        self.token(end, self.policy.retries, None)
    }

    /// Puts a token to the call: the client's, or a newer one than was refused.
    pub(crate) fn authorize(&self, call: &mut Call<'_>) -> Result<()> {
        if !call.with_token || call.token.is_some() {
            return Ok(());
        }
        let refused = call.refused.as_ref().map(|(token, _)| token);
        let wanted = Wanted::other_than(refused, self.margin);
        if let Some(token) = self.token.borrow().as_ref()
            && wanted.is_usable(token, &call.now)
        {
            call.token = Some(token.clone());
            return Ok(());
        }
        let token = self.token(call.end, call.retries, refused).map_err(Error::before_sending)?;
        if let Some((refused, refusal)) = &call.refused
            && refused.is_same(&token)
        {
            // Gateways cache token answers: asking again would not help.
            self.cooldowns.token_refused(&token, true, &call.method, &call.uri, &self.now());
            return Err(call.same_token_again(refusal));
        }
        call.now = self.now();
        call.token = Some(token);
        Ok(())
    }

    pub(crate) fn reauthorize(&self, call: &mut Call<'_>, response: Response) {
        self.emit(|| Event::TokenRefused { target: call.target() });
        if let Some(token) = call.token.take() {
            call.refused = Some((token, response));
        }
    }

    /// Keeps in mind what an answer tells about the token, for this call and for those to
    /// come: a renewal that was in vain is not bought again by each of them.
    pub(crate) fn note_token_outcome(&self, call: &mut Call<'_>, outcome: &Result<Response>) {
        let (Some(token), Ok(response)) = (&call.token, outcome) else { return };
        let (method, uri, now) = (&call.method, &call.uri, &call.now);
        if response.token_refusal().is_some() {
            if call.is_too_early(response) && !call.has_ripened {
                return;
            }
            let is_renewed = call.refused.is_some();
            let is_vain = self.cooldowns.token_refused(token, is_renewed, method, uri, now);
            let lacks_scope = Bearer::of(&response.headers).is_some_and(|it| it.lacks_scope());
            call.renewal_is_vain = is_vain || lacks_scope;
        } else if matches!(response.status.as_u16(), ..400 | 404 | 409..=422) {
            self.cooldowns.accepted(token, method, uri, now);
        }
    }
}
