//! Giving a token back (RFC 7009).

use crate::call::setback::{Attempt, Setback};
use crate::call::{Call, Exchange};
use crate::client::Client;
use crate::error::{CallError, Error, Result};
use crate::token::access_token::AccessToken;
use crate::token::form::{FormRequest, revocation_form};

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
        let Some(endpoint) = self.caller.revocation_endpoint() else {
            return Err(Error::configuration(
                "the provider has no revocation endpoint: set Provider::with_revocation_endpoint",
            ));
        };
        let mut call = self.tokens.call(&self.caller, &self.policy);
        call.uri = endpoint.clone();
        let patience = |call: &Call<'_>| self.caller.token_idle_timeout().min(call.time_left() / 2);
        let Some(token) = self.tokens.kept.any(&self.caller, patience(&call)) else {
            return Ok(());
        };
        let form = FormRequest::new(&self.tokens.kept, &self.caller, CallError::NOT_REVOKED);
        let mut revocation = Revocation { client: self, form, token };
        call.run(&mut revocation)?;
        self.tokens.kept.forget(&self.caller, &revocation.token, patience(&call));
        Ok(())
    }
}

struct Revocation<'a> {
    client: &'a Client,
    form: FormRequest<'a>,
    token: AccessToken,
}

impl Exchange for Revocation<'_> {
    type Answer = ();

    fn attempt(&mut self, call: &mut Call<'_>) -> Attempt<()> {
        while !self.client.tokens.kept.may_go(call)? {}
        let identity = self.form.authenticate()?;
        // A server may repeat it.
        self.form.mask = self.form.mask.and([self.token.as_str().to_owned()]);
        let result = self.form.post(call, &identity, &revocation_form(&self.token));
        match &result {
            Ok(_) => call.note(None),
            Err(Setback::Refused(refusal)) => call.note(Some(refusal)),
            Err(_) => None,
        };
        result.map(drop)
    }

    fn error(&self, error: CallError) -> Error {
        self.form.error(error)
    }
}
