//! Why an exchange failed, until the call is over: then it becomes the error that is shown.

use ureq::Proxy;

use crate::error::{
    CallError, Cause, ConfigurationError, Delivery, Error, ErrorKind, RequestTarget,
};

pub(crate) type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    /// Whether the server may have acted on this attempt.
    pub(crate) delivery: Delivery,
    pub(crate) message: String,
    pub(crate) cause: Option<Cause>,
    /// How many bytes of the body had arrived, decoded from gzip.
    pub(crate) received: u64,
    /// A setting, or a file that the request names: the message alone says it all.
    pub(crate) is_setting: bool,
    /// Nothing came within the idle limit.
    pub(crate) idle: bool,
    /// The answer is not HTTP as ureq reads it.
    pub(crate) misread: bool,
    /// A writer has a part of the content: another attempt would write that again.
    pub(crate) begun: bool,
    /// A long body asked for permission, and no answer to that could be read: another
    /// attempt does better without asking.
    pub(crate) unpermitted: bool,
}

impl Failure {
    pub(crate) fn new(delivery: Delivery, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            delivery,
            message: message.into(),
            cause: None,
            received: 0,
            is_setting: false,
            idle: false,
            misread: false,
            begun: false,
            unpermitted: false,
        }
    }

    pub(crate) fn setting(message: impl Into<String>) -> Self {
        let failure = Self::new(Delivery::NotSent, ErrorKind::Configuration, message);
        Self { is_setting: true, ..failure }
    }

    pub(crate) fn setting_caused(message: impl Into<String>, cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), ..Self::setting(message) }
    }

    /// Which proxy was on the way.
    pub(crate) fn through(self, proxy: &Proxy) -> Self {
        if self.is_setting {
            return self;
        }
        let (host, port) = (proxy.host(), proxy.port());
        Self { message: format!("{}, through the proxy {host}:{port}", self.message), ..self }
    }

    /// The error of a call to `target` that ends with this one of its `attempts`.
    pub(crate) fn into_error(self, target: RequestTarget, attempts: u32) -> Error {
        if self.is_setting {
            let (message, delivery, cause) = (self.message, self.delivery, self.cause);
            let error = ConfigurationError { message, delivery, cause };
            return Error::Configuration(Box::new(error));
        }
        Error::Transport(Box::new(CallError {
            message: self.message,
            delivery: self.delivery,
            kind: self.kind,
            received: self.received,
            cause: self.cause,
            ..CallError::new(target, attempts)
        }))
    }

    /// The error of a setting that is refused when it is made.
    pub(crate) fn into_setting_error(self) -> Error {
        Error::configuration_caused(self.message, self.cause)
    }
}
