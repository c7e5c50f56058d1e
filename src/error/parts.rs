//! Where a call went and what came back, as errors and events show it.

use std::fmt;
use std::time::Duration;

use ureq::http::{Method, StatusCode, Uri};

use crate::mask::mask_user_info;

/// Where a call went: method, host and path, never the query.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestTarget {
    /// The method.
    pub method: Method,
    /// The host, with the port when the URL names one.
    pub host: String,
    /// The path, percent-encoded.
    pub path: String,
}

/// The answer of a server that refused.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ErrorResponse {
    /// The status.
    pub status: StatusCode,
    /// The server's own code: the `error` of RFC 6749 §5.2, the `code` of an API error, or
    /// else the `error` of a Bearer challenge (RFC 6750 §3).
    pub code: Option<String>,
    /// The server's own text, masked: that of a Bearer challenge with its scope, then that of
    /// the body, such as `error_description`.
    pub message: Option<String>,
    /// What the vendor's support asks for, such as `x-request-id`.
    pub request_id: Option<String>,
    /// How long the server asked to wait, if it did.
    pub retry_after: Option<Duration>,
    /// The body as text, its first 8 KiB, masked.
    pub body: String,
}

impl RequestTarget {
    pub(crate) fn new(method: &Method, uri: &Uri) -> Self {
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let path = match uri.path() {
            path if path.contains('@') => mask_user_info(path),
            path => path.to_owned(),
        };
        Self { method: method.clone(), host: host.to_owned(), path }
    }
}

impl fmt::Display for RequestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.host, self.path)
    }
}

/// `429 Too Many Requests: code: message (request id x)`.
impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        // Some APIs say the status once more, as their code or their text.
        let reason = self.status.canonical_reason().unwrap_or_default();
        let is_new = |words: &&String| **words != self.status.as_str() && **words != reason;
        let code = self.code.as_ref().filter(is_new);
        let message = self.message.as_ref().filter(is_new).filter(|words| Some(*words) != code);
        for words in [code, message].into_iter().flatten() {
            write!(f, ": {words}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request id {id})")?;
        }
        Ok(())
    }
}
