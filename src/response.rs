//! A buffered answer.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use ureq::http::header::{HeaderMap, HeaderValue, LOCATION};
use ureq::http::{Method, StatusCode, Uri};

use crate::error::challenge::{Bearer, TokenRefusal};
use crate::error::rate_limit::Limit;
use crate::error::server_message;
use crate::error::wait_header;
use crate::error::{DecodeError, Error, ErrorResponse, RequestTarget, Result};
use crate::json_text::path_at;
use crate::mask::{Mask, is_secret_header};
use crate::retry;
use crate::url;

/// An answer with its whole body: a success, or one that the caller asked for (304).
///
/// ```no_run
/// # fn run(client: &unattended::Client) -> unattended::Result<()> {
/// let response = client.get("/api/health")?;
/// println!("{} {:?}", response.status(), response.header("content-type"));
/// let health: serde_json::Value = response.json()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// When it arrived.
    pub(crate) now: SystemTime,
    /// Over what was sent, since a server may repeat it.
    pub(crate) mask: Mask,
}

impl Response {
    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The URL that answered, which redirects may have led to.
    pub fn url(&self) -> &Uri {
        &self.uri
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `ETag` as it stands (RFC 9110 §8.8.3), for
    /// [`Request::if_none_match`](crate::Request::if_none_match).
    pub fn etag(&self) -> Option<&str> {
        self.header("etag")
    }

    /// Whether nothing has changed since what a conditional request named: a 304 (RFC 9110
    /// §15.4.5), which has no body.
    pub fn is_not_modified(&self) -> bool {
        self.status == StatusCode::NOT_MODIFIED
    }

    /// The body, decoded from gzip if it was sent so; may be empty.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as owned bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.body).map_err(|cause| {
            let message = format!("the body is not UTF-8 at byte {}", cause.valid_up_to());
            self.undecodable(message, Some(cause.into()))
        })
    }

    /// The body as JSON, whatever its content type says.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`] if it is not JSON, or not such a `T`; it names the field.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let text = self.json_text()?;
        serde_json::from_str(text).map_err(|cause| self.not_json(text, cause))
    }

    /// How long the server asks to wait: `Retry-After` (RFC 9110 §10.2.3), or one of its spellings
    /// `X-Retry-After`, `retry-after-ms` and `x-ms-retry-after-ms`; the longest counts. Without
    /// these, it is the longest reset of a spent quota: `X-RateLimit-Reset`, `X-Rate-Limit-Reset`,
    /// `RateLimit-Reset`, `RateLimit`, `X-RateLimit-Reset-After`. Resets count on a 429 or 503, and
    /// on a 400, 403, 420 or 430 that says that the quota is spent.
    ///
    /// The value may be a number, a date, an ISO 8601 time, or a span such as `2s`. A number
    /// from 10⁹ on is a Unix time, in seconds, milli-, micro- or nanoseconds by its size. Times
    /// are measured against the answer's own `Date`.
    ///
    /// On a success, such as a 202, the client does not wait. Call
    /// [`Client::sleep`](crate::Client::sleep) yourself.
    pub fn retry_after(&self) -> Option<Duration> {
        wait_header::asked_wait(self.status, &self.headers, self.now)
    }

    /// The server's `Date`: a better watermark for the next run than the local clock.
    pub fn date(&self) -> Option<SystemTime> {
        wait_header::date(&self.headers)
    }

    /// The limit that a refusal names by a code of its own.
    pub(crate) fn limit(&self) -> Option<Limit> {
        Limit::of(self.status, &self.headers, &self.body)
    }

    /// Whether the token is what was refused: by the status, or by a challenge whatever the
    /// status (RFC 6750 §3.1 has 401, some servers have 400 and 403).
    pub(crate) fn token_refusal(&self) -> Option<TokenRefusal> {
        if !self.status.is_client_error() {
            return None;
        }
        let challenge = Bearer::of(&self.headers).unwrap_or_default();
        if self.status != StatusCode::UNAUTHORIZED && !challenge.refuses_token() {
            return None;
        }
        let (_, message) = self.said(&String::from_utf8_lossy(&self.body), None);
        let words: Vec<String> = challenge.description.into_iter().chain(message).collect();
        Some(TokenRefusal::of(&words.join(" ")))
    }

    /// The body as UTF-8 without the byte order mark that some servers put in front.
    pub(crate) fn json_text(&self) -> Result<&str> {
        let text = self.text()?;
        Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    pub(crate) fn target(&self) -> RequestTarget {
        RequestTarget::new(&self.method, &self.uri)
    }

    pub(crate) fn not_json(&self, text: &str, cause: serde_json::Error) -> Error {
        if text.trim().is_empty() {
            return self.undecodable("the body is empty where JSON was expected".into(), None);
        }
        let path = path_at(text, cause.line(), cause.column());
        let is_secret = cause.is_data() && is_secret_header(&path.replace('_', "-"));
        let message = match (cause.is_data(), path.as_str()) {
            (true, "") => format!("the JSON is not as expected: {cause}"),
            (true, path) if is_secret => {
                format!("the JSON is not as expected at {path} (what is there is not shown)")
            }
            (true, path) => format!("the JSON is not as expected at {path}: {cause}"),
            (false, _) => {
                let content_type = self.header("content-type").unwrap_or("no content type");
                let (_, words) = self.said(text, Some(&self.mask));
                let words = words.unwrap_or_default();
                format!("the body is not valid JSON ({content_type}): {cause}: {words}")
            }
        };
        let mut error = self.undecodable(message, (!is_secret).then(|| cause.into()));
        if let Error::Decode(error) = &mut error {
            error.path = Some(self.bounded(&path)).filter(|path| !path.is_empty());
        }
        error
    }

    /// An [`Error::Decode`]; its cause is left out where it would show a secret or, as
    /// serde's can, repeat a value of any length.
    pub(crate) fn undecodable(&self, message: String, cause: Option<crate::error::Cause>) -> Error {
        let is_clean = |cause: &crate::error::Cause| {
            let text = cause.to_string();
            self.bounded(&text) == text
        };
        Error::Decode(Box::new(DecodeError {
            target: Some(self.target()),
            message: self.bounded(&message),
            path: None,
            page: None,
            row: None,
            body: self.excerpt(&self.mask),
            cause: cause.filter(is_clean),
        }))
    }

    /// The `error` of RFC 6749 §5.2, or a refusal's registered code in another place.
    pub(crate) fn oauth_code(&self) -> Option<String> {
        let body = String::from_utf8_lossy(&self.body);
        server_message::oauth_code(&body).or_else(|| {
            let elsewhere = || self.said(&body, None).0;
            let code = (!self.status.is_success()).then(elsewhere).flatten();
            code.filter(|code| is_final(code) || retry::is_passing(code))
        })
    }

    /// What an error says about this answer, and of the address that it leads to, which
    /// may be a presigned one.
    pub(crate) fn answer(&self) -> ErrorResponse {
        let location = self.headers.get(LOCATION).map_or(&[][..], HeaderValue::as_bytes);
        let location = String::from_utf8_lossy(location);
        let query = location.split_once('?').map_or("", |(_, query)| query);
        let mask = &self.mask.and(url::long_values(query));
        let (code, message) = self.said(&String::from_utf8_lossy(&self.body), Some(mask));
        // A registered code is no secret, even if a secret happens to be a part of it.
        let registered = self.oauth_code().filter(|code| is_final(code));
        // Gateways say the status once more in HTML.
        let status = self.status.to_string();
        let message = message.filter(|message| *message != status);
        let quote = |text: &Option<String>| server_message::quoted(text.as_ref()?, Some(mask));
        let challenge = Bearer::of(&self.headers).unwrap_or_default();
        let challenge = Bearer {
            error: quote(&challenge.error),
            description: quote(&challenge.description),
            scope: quote(&challenge.scope),
        };
        let code = registered.or(code).or_else(|| challenge.error.clone());
        let reason = self.status.canonical_reason();
        let said = message.as_deref().filter(|message| Some(*message) != reason);
        let words = challenge.words(code.as_deref(), said);
        ErrorResponse {
            status: self.status,
            code,
            message: words.or(message),
            request_id: REQUEST_IDS
                .iter()
                .find_map(|name| self.header(name))
                .map(|id| mask.hide(id)),
            retry_after: self.retry_after(),
            body: self.excerpt(mask),
        }
    }

    /// What this part of the body says about an error, in one line.
    pub(crate) fn words(&self, part: &str) -> String {
        let (code, message) = self.said(part, Some(&self.mask));
        let message = message.filter(|message| code.as_ref() != Some(message));
        server_message::joined([code, message], ": ").unwrap_or_default()
    }

    fn said(&self, text: &str, mask: Option<&Mask>) -> (Option<String>, Option<String>) {
        server_message::words(text, self.header("content-type"), mask)
    }

    /// One line, masked and cut.
    fn bounded(&self, text: &str) -> String {
        let text = self.mask.hide(server_message::start(text, EXCERPT));
        let text = text.replace(char::is_control, " ");
        match server_message::start(&text, MESSAGE) {
            start if start.len() < text.len() => format!("{start}…"),
            _ => text,
        }
    }

    /// The first part of the body. It is masked before it is cut: half a secret would not
    /// be recognized. What is left of one at the end is cut off as well.
    fn excerpt(&self, mask: &Mask) -> String {
        let whole = self.body.get(..2 * EXCERPT);
        let text = String::from_utf8_lossy(whole.unwrap_or(&self.body));
        let mut text = mask.hide(&text);
        let rest = whole.map_or(0, |_| mask.longest() * LONGEST_ESCAPE);
        let length = text.len().saturating_sub(rest).min(EXCERPT);
        while text.len() > length {
            text.pop();
        }
        text
    }
}

fn is_final(code: &str) -> bool {
    retry::is_final(server_message::registered(code))
}

/// Status and length: headers and body are the caller's to print.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("place", &format_args!("{}", self.target()))
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish()
    }
}

/// How much of a body an error keeps.
const EXCERPT: usize = 8 * 1024;
/// How long a message may be.
const MESSAGE: usize = 1024;
/// `\u002B` for one character.
const LONGEST_ESCAPE: usize = 6;

/// Under these names vendors' support staff look a call up.
const REQUEST_IDS: [&str; 8] = [
    "x-request-id",
    "x-amz-cognito-request-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "request-id",
    "cf-ray",
];
