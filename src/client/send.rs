//! The calls: a request is sent until there is an answer or an error.

use serde::Serialize;
use ureq::http::StatusCode;

use crate::call::cooldown::CooldownState;
use crate::call::setback::{Attempt, Setback};
use crate::call::{Call, Exchange};
use crate::client::Client;
use crate::client::auth::ApiCall;
use crate::error::{CallError, Error, Result};
use crate::event::Event;
use crate::mask::Mask;
use crate::request::Request;
use crate::response::Response;
use crate::url;

impl Client {
    /// Sends a request and returns the answer once it is a success.
    ///
    /// # Errors
    ///
    /// See [`Error`]. [`Error::delivery`] says whether the server may have acted.
    pub fn send(&self, request: impl Into<Request>) -> Result<Response> {
        self.answer(&request.into())
    }

    pub(crate) fn answer(&self, request: &Request) -> Result<Response> {
        let (mut call, mut api_call) = self.call(request, None)?;
        call.run(&mut api_call)
    }

    /// The answer to what can be asked again: sent once, now, with the token that is there, or
    /// not at all. It claims no probe of a cooldown.
    pub(crate) fn answer_at_once(&self, request: &Request) -> Option<Response> {
        let (mut call, mut api_call) = self.call(request, None).ok()?;
        (call.retries_left, call.may_wait) = (0, false);
        if request.with_token {
            api_call.pin(self.tokens.fresh(None, &call.now)?, Mask::default());
        }
        match self.caller.cooldowns.state(call.asked(), &call.now, call.time_left()) {
            CooldownState::Clear => call.run(&mut api_call).ok(),
            _ => None,
        }
    }

    /// GET, by path or URL; [`send`](Self::send) for more.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn get(&self, path: impl Into<String>) -> Result<Response> {
        self.answer(&Request::get(path))
    }

    /// DELETE, by path or URL.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn delete(&self, path: impl Into<String>) -> Result<Response> {
        self.answer(&Request::delete(path))
    }

    /// POST with a JSON body; [`send`](Self::send) for other bodies or none.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn post(&self, path: impl Into<String>, json: &impl Serialize) -> Result<Response> {
        self.answer(&Request::post(path).json(json))
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn put(&self, path: impl Into<String>, json: &impl Serialize) -> Result<Response> {
        self.answer(&Request::put(path).json(json))
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn patch(&self, path: impl Into<String>, json: &impl Serialize) -> Result<Response> {
        self.answer(&Request::patch(path).json(json))
    }
}

impl Exchange for ApiCall<'_, '_> {
    type Answer = Response;

    fn attempt(&mut self, call: &mut Call<'_>) -> Attempt<Response> {
        self.make_ready(call)?;
        let response = self.exchange(call)?;
        self.tell_deprecation(call, &response);
        // Only a conditional request gets a 304, and its sender wants to see it.
        if response.status.is_success() || response.status == StatusCode::NOT_MODIFIED {
            self.token_accepted(call);
            self.note(call, None);
            return Ok(response);
        }
        let refusal = self.refusal(call, &response);
        self.note(call, Some(&refusal));
        Err(refusal.into())
    }

    /// Without the token once the origin changes.
    fn follow(&mut self, call: &mut Call<'_>) {
        let Some(target) = self.location.take() else { return };
        if !url::is_same_origin(&call.uri, &target) {
            self.has_left = true;
            self.with_token = false;
            self.token = None;
        }
        self.redirects += 1;
        call.uri = target;
    }

    fn renew(&mut self, call: &Call<'_>, setback: Setback) {
        call.caller.emit(|| Event::TokenRefused { target: call.target() });
        if let (Some(token), Setback::Refused(refusal)) = (self.token.take(), setback) {
            self.refused = Some((token, *refusal));
        }
    }

    fn error(&self, error: CallError) -> Error {
        match error.response {
            Some(_) => Error::Status(Box::new(error)),
            None => Error::configuration(error.message),
        }
    }
}
