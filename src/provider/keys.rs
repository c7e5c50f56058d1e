//! The settings about the keys of requests that a server is to know again.

use ureq::http::header::HeaderName;

use crate::error::{Error, Result};
use crate::provider::endpoints::Provider;

impl Provider {
    /// The header that takes the key of a request that is
    /// [`idempotent`](crate::Request::idempotent); default: `Idempotency-Key`.
    ///
    /// # Errors
    ///
    /// A configuration error if it is not the name of a header.
    ///
    /// ```
    /// # use unattended::Provider;
    /// # fn run(provider: Provider) -> unattended::Result<()> {
    /// let provider = provider.with_idempotency_header("X-Request-Id")?;
    /// # Ok(()) }
    /// ```
    pub fn with_idempotency_header(mut self, name: &str) -> Result<Self> {
        let wrong = |_| Error::configuration("the idempotency header is not a header name");
        self.idempotency_header.name = HeaderName::from_bytes(name.as_bytes()).map_err(wrong)?;
        Ok(self)
    }

    /// Sends these keys in quotes, as the draft of the IETF has them
    /// (draft-ietf-httpapi-idempotency-key-header-07 §2.1); default: bare, as most vendors take
    /// them.
    pub fn with_quoted_idempotency_keys(mut self) -> Self {
        self.idempotency_header.is_quoted = true;
        self
    }
}
