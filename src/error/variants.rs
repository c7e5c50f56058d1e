//! The type and what each way to fail holds.

use std::error::Error as StdError;
use std::time::Duration;

use ureq::http::StatusCode;

use crate::error::kind::{Delivery, ErrorKind};
use crate::error::parts::{ErrorResponse, RequestTarget};

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

/// What went wrong, where, with the server's own words and what to do next.
///
/// Never holds a secret and never shows a query. Its [`Debug`](std::fmt::Debug) reads as its
/// `Display` followed by the causes, because that is what a
/// `fn main() -> unattended::Result<()>` prints. The methods answer what a program needs to know,
/// for all variants alike; match on the variant for the rest.
///
/// ```
/// # use unattended::{error::ErrorKind, Client, Credentials, Provider};
/// # fn run(client: &Client) {
/// if let Err(error) = client.get("/api/health") {
///     eprintln!("{error}");
///     if error.kind() == ErrorKind::Temporary {
///         eprintln!("worth another run; the server asked for {:?}", error.retry_after());
///     }
///     std::process::exit(error.exit_code().into());
/// }
/// # }
/// ```
#[non_exhaustive]
pub enum Error {
    /// A setting, credential, request or issuer is wrong, so nothing was sent; or something that
    /// a second attempt needs is gone, such as a file: see [`Error::delivery`].
    Configuration(Box<ConfigurationError>),
    /// There is no usable answer: name look-up, connection, TLS, timeout, broken body.
    Transport(Box<CallError>),
    /// The token endpoint answered, but not with a token (RFC 6749 §5.2).
    Token(Box<CallError>),
    /// The API answered with something other than success.
    Status(Box<CallError>),
    /// The answer is a success but cannot be read as what was asked for.
    Decode(Box<DecodeError>),
    /// A walk over pages ended where it cannot have seen everything, or cannot go on.
    Incomplete(Box<IncompleteError>),
}

/// The payload of [`Error::Configuration`].
#[non_exhaustive]
pub struct ConfigurationError {
    /// What is wrong, and what would be right.
    pub message: String,
    /// Whether the server may have acted, on an attempt before.
    pub delivery: Delivery,
    pub(crate) cause: Option<Cause>,
}

/// The payload of [`Error::Transport`], [`Error::Token`] and [`Error::Status`]: how a call ended
/// without what it was for.
#[non_exhaustive]
pub struct CallError {
    /// Where.
    pub target: RequestTarget,
    /// The answer, always there in [`Error::Status`]: the remembered one if the call was not
    /// sent because of it.
    pub response: Option<ErrorResponse>,
    /// What happened, with the setting that governs it; beside an answer what to do next, which
    /// may be empty.
    pub message: String,
    /// Whether the server may have acted.
    pub delivery: Delivery,
    /// What kind of trouble it is.
    pub kind: ErrorKind,
    /// How often it was tried.
    pub attempts: u32,
    /// How many bytes of the body had arrived, decoded from gzip.
    pub received: u64,
    /// What the caller has not got, of a call to the authorization server.
    pub(crate) missing: &'static str,
    pub(crate) cause: Option<Cause>,
}

/// The payload of [`Error::Decode`].
#[non_exhaustive]
pub struct DecodeError {
    /// Where; none for a token that was read locally.
    pub target: Option<RequestTarget>,
    /// What could not be read, with the path of the field where that is known.
    pub message: String,
    /// The path of the field, such as `items[17].name`, where that is known.
    pub path: Option<String>,
    /// The page, counted from 1, in a walk.
    pub page: Option<u64>,
    /// The row on its page, counted from 0, in a walk.
    pub row: Option<usize>,
    /// The body as text, its first 8 KiB, masked.
    pub body: String,
    pub(crate) cause: Option<Cause>,
}

/// The payload of [`Error::Incomplete`].
#[non_exhaustive]
pub struct IncompleteError {
    /// Where the last page came from.
    pub target: RequestTarget,
    /// What contradicts or is missing, and what to do next.
    pub message: String,
    /// [`ErrorKind::Configuration`] if another [`Pagination`](crate::Pagination) must be declared,
    /// else [`ErrorKind::Incomplete`].
    pub kind: ErrorKind,
    /// A way to page that may do, as [`Pagination`](crate::Pagination)'s `parse` takes it;
    /// `<parameter>` stands where only the API's documentation has the name.
    pub declare: Option<String>,
    /// The smallest and the largest number of rows that the server promised on the way.
    pub promised: Option<(u64, u64)>,
    /// The rows that were delivered, those before a resume point included.
    pub delivered: u64,
    /// The last page, counted from 1.
    pub page: u64,
}

impl Error {
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self::configuration_caused(message, None)
    }

    pub(crate) fn configuration_caused(message: impl Into<String>, cause: Option<Cause>) -> Self {
        let message = message.into();
        Self::Configuration(Box::new(ConfigurationError {
            message,
            delivery: Delivery::NotSent,
            cause,
        }))
    }

    pub(crate) fn decode(target: Option<RequestTarget>, message: impl Into<String>) -> Self {
        Self::Decode(Box::new(DecodeError {
            target,
            message: message.into(),
            path: None,
            page: None,
            row: None,
            body: String::new(),
            cause: None,
        }))
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Configuration(_) => ErrorKind::Configuration,
            Self::Transport(error) | Self::Token(error) | Self::Status(error) => error.kind,
            Self::Incomplete(error) => error.kind,
            Self::Decode(_) => ErrorKind::Incomplete,
        }
    }

    /// Whether the same call may succeed later, without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        self.kind() == ErrorKind::Temporary
    }

    /// How long the server asked to wait, if it did; the client did not wait for it.
    pub fn retry_after(&self) -> Option<Duration> {
        self.response()?.retry_after
    }

    /// Whether the server may have acted on the request: the call's own, not the token
    /// request that it may have needed. A call that gets no token is [`Delivery::NotSent`].
    ///
    /// For [`access_token`](crate::Client::access_token) and similar methods it is the request to
    /// the authorization server.
    ///
    /// ```
    /// use unattended::error::Delivery;
    ///
    /// # fn record(state: &str) {}
    /// # fn run(client: &unattended::Client) {
    /// match client.post("/orders", &serde_json::json!({"sku": "A1"})) {
    ///     Ok(_) => record("done"),
    ///     Err(error) => match error.delivery() {
    ///         Delivery::NotSent | Delivery::Rejected => record("not done"),
    ///         Delivery::Accepted => record("done, but the answer cannot be read"),
    ///         _ => record("unknown: look it up before it is sent again"),
    ///     },
    /// }
    /// # }
    /// ```
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Configuration(error) => error.delivery,
            Self::Transport(error) | Self::Token(error) | Self::Status(error) => error.delivery,
            // A text that was read on this side.
            Self::Decode(error) if error.target.is_none() => Delivery::NotSent,
            Self::Decode(_) | Self::Incomplete(_) => Delivery::Accepted,
        }
    }

    /// The exit code for a program that ends because of this error, after BSD's
    /// `sysexits`:
    ///
    /// | code | meaning |
    /// |---|---|
    /// | 0 | complete (never from an error) |
    /// | 64 | usage (a program's own; never from an error) |
    /// | 65 | incomplete, or cannot be decoded |
    /// | 69 | refused by the server |
    /// | 73 | the output cannot be written |
    /// | 75 | temporary: try again later |
    /// | 77 | credentials |
    /// | 78 | configuration |
    pub fn exit_code(&self) -> u8 {
        self.kind().exit_code()
    }

    /// The answer that is the reason, if there is one: the API's or the token endpoint's.
    pub fn response(&self) -> Option<&ErrorResponse> {
        match self {
            Self::Token(error) | Self::Status(error) => error.response.as_ref(),
            _ => None,
        }
    }

    /// The status of the API's answer, if that is the reason.
    ///
    /// `None` if the token endpoint refused: its 404 does not mean that the resource is missing.
    /// Its status is in [`response`](Self::response).
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(error) => Some(error.response.as_ref()?.status),
            _ => None,
        }
    }

    /// Where it happened, if it was a call.
    pub fn target(&self) -> Option<&RequestTarget> {
        match self {
            Self::Configuration(_) => None,
            Self::Transport(error) | Self::Token(error) | Self::Status(error) => {
                Some(&error.target)
            }
            Self::Decode(error) => error.target.as_ref(),
            Self::Incomplete(error) => Some(&error.target),
        }
    }
}

impl CallError {
    pub(crate) const NO_TOKEN: &'static str = "no access token: ";
    pub(crate) const NOT_REVOKED: &'static str = "the token is not revoked: ";

    /// Of a call that was not sent, and may be another time.
    pub(crate) fn new(target: RequestTarget, attempts: u32) -> Self {
        Self {
            target,
            response: None,
            message: String::new(),
            delivery: Delivery::NotSent,
            kind: ErrorKind::Temporary,
            attempts,
            received: 0,
            missing: "",
            cause: None,
        }
    }
}
