//! Keys by which a server knows a request that it has seen before
//! (draft-ietf-httpapi-idempotency-key-header-07).

use crate::encoding::random_name;
use crate::request::{IdempotencyKey, Request};

impl Request {
    /// Sends an `Idempotency-Key` with a random value, and so may be repeated like a GET: the
    /// server acts once, however many attempts it takes. Each call has a key of its own, all
    /// attempts of one call have the same; default: no key.
    ///
    /// For servers that know this header. One that does not know it acts twice if an answer is
    /// lost. [`Provider::with_idempotency_header`](crate::Provider::with_idempotency_header) gives
    /// it another name. A 409 with `Retry-After` means that an attempt before is still being worked
    /// on, and is waited out.
    ///
    /// ```
    /// # use unattended::Request;
    /// let order = Request::post("/orders").json(&serde_json::json!({ "item": 7 })).idempotent();
    /// ```
    pub fn idempotent(self) -> Self {
        self.keyed(IdempotencyKey::Random)
    }

    /// As [`idempotent`](Self::idempotent), with a key of your own: what is sent again by the
    /// next run of the program is known as well. Each operation needs its own key, such as the
    /// number of the order.
    pub fn with_idempotency_key(self, key: impl Into<String>) -> Self {
        self.keyed(IdempotencyKey::Given(key.into()))
    }

    fn keyed(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self.safe_to_repeat()
    }

    /// The key of a call that begins now.
    pub(crate) fn key_of_call(&self) -> Option<String> {
        Some(match self.idempotency_key.as_ref()? {
            IdempotencyKey::Random => random_name(),
            IdempotencyKey::Given(key) => key.clone(),
        })
    }
}
