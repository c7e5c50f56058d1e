//! A call as a value: nothing happens until a client sends it, and it can be sent again.

pub(crate) mod conditional;
pub(crate) mod idempotency;
pub(crate) mod sending;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use ureq::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use ureq::http::{HeaderMap, Method};

use crate::encoding::{encode_pairs, encode_query, encode_segment, push_pair};
use crate::mask::mask_foreign;
use crate::retry::RetryPolicy;
use crate::url;

/// A request: method, path, query, headers, body, and how it may be treated.
///
/// Build it once, and send it any number of times with [`Client::send`](crate::Client::send). A
/// mistake in it, such as a header with a line break, is reported when it is sent, as a
/// configuration error.
///
/// ```
/// use unattended::Request;
///
/// let search = Request::post("/api/search")
///     .query("filter", "name eq 'a b'") // leaves as name%20eq%20%27a%20b%27
///     .header("X-Reason", "nightly export")
///     .json(&serde_json::json!({ "open": true }))
///     .safe_to_repeat(); // a POST that only reads
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) method: Method,
    /// Without its query.
    pub(crate) path: String,
    /// Encoded where the client added to it.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) repeatable: bool,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) with_token: bool,
    pub(crate) policy: Option<RetryPolicy>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) wrong: Option<String>,
}

/// What a request says about the key by which a server knows it again.
#[derive(Clone)]
pub(crate) enum IdempotencyKey {
    /// One for each call, the same for all its attempts.
    Random,
    /// That of the caller, for whatever calls it is sent with.
    Given(String),
}

/// What a request carries.
#[derive(Clone)]
pub(crate) enum Body {
    /// Nothing; for POST, PUT and PATCH with `Content-Length: 0`.
    Empty,
    /// Shared, so that a copy of a request costs little.
    Bytes(Arc<Vec<u8>>),
    /// Opened for each attempt.
    File(PathBuf),
}

impl Request {
    /// A request with any method. `path` is relative to the provider's base URL and may have a
    /// query. An absolute URL must have the origin of the base URL unless the request is
    /// [`without_token`](Self::without_token).
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        let (path, query) = url::split_query(path.into());
        Self {
            repeatable: method.is_idempotent(),
            idempotency_key: None,
            method,
            path,
            query,
            headers: HeaderMap::new(),
            body: Body::Empty,
            with_token: true,
            policy: None,
            idle_timeout: None,
            wrong: None,
        }
    }

    /// A GET request.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A HEAD request.
    pub fn head(path: impl Into<String>) -> Self {
        Self::new(Method::HEAD, path)
    }

    /// A POST request. It is not sent twice unless the server refused it or it never
    /// left: see [`safe_to_repeat`](Self::safe_to_repeat).
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// A PUT request.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// A PATCH request. Like a POST it is not sent twice by itself.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// A DELETE request; it may have a body.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// Adds one segment to the path, percent-encoded: for user data, slashes included.
    ///
    /// ```
    /// # use unattended::Request;
    /// let closing = Request::get("/api/v1/closings").segment("loan").segment("a/b c");
    /// assert!(format!("{closing:?}").contains("/api/v1/closings/loan/a%2Fb%20c"));
    /// ```
    pub fn segment(mut self, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        if matches!(value, "" | "." | "..") {
            // A server or proxy would read these as another path.
            return self.wrong(format!("{value:?} cannot be a segment of a path"));
        }
        let path = self.path.trim_end_matches('/');
        self.path = format!("{path}/{}", encode_segment(value));
        self
    }

    /// Adds a pair to the query, percent-encoded (a space is `%20`). The same name may be
    /// added several times.
    pub fn query(mut self, name: impl AsRef<str>, value: impl ToString) -> Self {
        push_pair(&mut self.query, name.as_ref(), &value.to_string(), encode_query);
        self
    }

    /// Adds a header. `Authorization` is refused unless the request is
    /// [`without_token`](Self::without_token); `Host`, `Content-Length` and `Transfer-Encoding`
    /// are always refused, since the client sets them. If the name says that the value is secret,
    /// as `X-Api-Key` does, errors show it masked.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(header), _) if FRAMING.contains(&header) => {
                self.wrong(format!("the client sets the header {header} itself: remove yours"))
            }
            (Ok(header), Ok(value)) => {
                // The one that came with the body is only a default.
                if header == CONTENT_TYPE {
                    self.headers.remove(CONTENT_TYPE);
                }
                self.headers.append(header, value);
                self
            }
            (Ok(_), Err(_)) => self.wrong(format!(
                "the value of the header {name} has a character that is not allowed there"
            )),
            // Not shown: it may be the value.
            (Err(_), _) => self.wrong(BAD_NAME.into()),
        }
    }

    /// A JSON body, with `Content-Type: application/json` unless one is set.
    pub fn json(self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.content("application/json", Body::Bytes(bytes.into())),
            Err(error) => {
                let why = mask_foreign(&error.to_string());
                self.wrong(format!("the body cannot be serialized as JSON: {why}"))
            }
        }
    }

    /// A form body, with `Content-Type: application/x-www-form-urlencoded` unless one is
    /// set.
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        let form = encode_pairs(pairs.iter().copied());
        self.content("application/x-www-form-urlencoded", Body::Bytes(form.into_bytes().into()))
    }

    /// A body of bytes; set its `Content-Type` with [`header`](Self::header), otherwise it
    /// is `application/octet-stream`.
    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.content("application/octet-stream", Body::Bytes(Arc::new(bytes.into())))
    }

    /// A file as the body, streamed in constant memory with its length announced; its
    /// `Content-Type` as for [`bytes`](Self::bytes).
    ///
    /// Each attempt opens it again. A file that cannot be read is a configuration
    /// error, and nothing is sent; one that shrinks or grows while it is sent is an error
    /// at once. The time that sending takes does not count against the call's deadline:
    /// the idle limit holds, 120 s without progress by default.
    ///
    /// ```no_run
    /// # fn run(client: &unattended::Client) -> unattended::Result<()> {
    /// use unattended::Request;
    ///
    /// let upload = Request::post("/api/v1/closings/42/documents")
    ///     .query("filename", "deed of trust.pdf")
    ///     .header("Content-Type", "application/pdf")
    ///     .file("scans/deed.pdf");
    /// client.send(&upload)?;
    /// # Ok(()) }
    /// ```
    ///
    /// Any body of more than 1 MiB asks for permission first (`Expect: 100-continue`, RFC 9110
    /// §10.1.1): a server that refuses does so before it has to take the body. A server that says
    /// nothing within a second gets the body anyway.
    pub fn file(self, path: impl Into<PathBuf>) -> Self {
        self.content("application/octet-stream", Body::File(path.into()))
    }

    fn content(mut self, content_type: &'static str, body: Body) -> Self {
        self.body = body;
        let default = HeaderValue::from_static(content_type);
        self.headers.entry(CONTENT_TYPE).or_insert(default);
        self
    }

    /// Told when it is sent.
    fn wrong(self, why: String) -> Self {
        Self { wrong: Some(why), ..self }
    }

    /// Says that sending this twice does no harm, so that it is repeated like a GET: for
    /// a POST that only reads (RFC 9110 §9.2.2). [`idempotent`](Self::idempotent) is for one that
    /// acts.
    pub fn safe_to_repeat(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Sends no token: for public or presigned URLs. Only such a request may go to another
    /// origin. Errors show long values of its query, such as signatures, masked.
    pub fn without_token(mut self) -> Self {
        self.with_token = false;
        self
    }

    /// Retries and deadline for this request; default: those of the client.
    pub fn with_retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// How long the server may send nothing; default: that of the client, 120 s.
    pub fn with_idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }
}

/// A GET request for the path or URL.
impl<T: Into<String>> From<T> for Request {
    fn from(path: T) -> Self {
        Self::get(path)
    }
}

impl From<&Request> for Request {
    fn from(request: &Request) -> Self {
        request.clone()
    }
}

/// Of queries and headers only the names, and nothing of the body: the rest must not be printed.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        let query: Vec<_> = url::pairs(&self.query).into_iter().map(|(name, _)| name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &url::shown(&self.path))
            .field("query", &query)
            .field("headers", &names)
            .field("body", &self.body)
            .field("repeatable", &self.repeatable)
            .field("with_token", &self.with_token)
            .finish()
    }
}

/// How much it is, or which file.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("none"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

/// With wrong values of these a request goes elsewhere with its token, or its body ends early,
/// and ureq would wait for ever.
const FRAMING: [HeaderName; 3] = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING];
const BAD_NAME: &str =
    "the name of a header is empty, or has a character that is not allowed there";
