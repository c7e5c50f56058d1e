//! How errors read: for people in one line, and with the causes below it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::variants::{
    Cause, ConfigurationError, DecodeError, Error, IncompleteError, StatusError, TokenError,
    TransportError,
};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Status(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Incomplete(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.message)?;
        ending(f, self.attempts, "")
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.target)?;
        if let Some(response) = &self.response {
            write!(f, ": {response}")?;
        }
        ending(f, self.attempts, &self.message)
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.response)?;
        ending(f, self.attempts, &self.message)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(target) = &self.target {
            write!(f, "{target}: ")?;
        }
        if let Some(page) = self.page {
            write!(f, "page {page}: ")?;
        }
        if let Some(row) = self.row {
            write!(f, "row {row}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl fmt::Display for IncompleteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: page {}: {}", self.target, self.page, self.message)?;
        write!(f, " ({} rows delivered", self.delivered)?;
        match self.promised {
            Some((least, most)) if least == most => write!(f, " of {most} promised)"),
            Some((least, most)) => write!(f, " of {least} to {most} promised)"),
            None => f.write_str(")"),
        }
    }
}

fn ending(f: &mut fmt::Formatter<'_>, attempts: u32, advice: &str) -> fmt::Result {
    if attempts > 1 {
        write!(f, ", after {attempts} attempts")?;
    }
    if advice.is_empty() { Ok(()) } else { write!(f, "; {advice}") }
}

/// The causes by their `Display`, each once: what a `Debug` of theirs holds is not known.
macro_rules! debug_with_causes {
    ($($error:ty),*) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                with_causes(self, f)
            }
        }
    )*};
}

debug_with_causes!(
    Error,
    ConfigurationError,
    TransportError,
    TokenError,
    StatusError,
    DecodeError,
    IncompleteError
);

fn with_causes(error: &dyn StdError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let told = next.to_string();
        // Some texts quote their cause.
        if !text.contains(&told) {
            text.push_str("\n  caused by: ");
            text.push_str(&told);
        }
        cause = next.source();
    }
    f.write_str(&text)
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Configuration(error) => error.source(),
            Self::Transport(error) => error.source(),
            Self::Decode(error) => error.source(),
            Self::Token(_) | Self::Status(_) | Self::Incomplete(_) => None,
        }
    }
}

impl StdError for ConfigurationError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        source(self.cause.as_ref())
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        source(self.cause.as_ref())
    }
}

impl StdError for DecodeError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        source(self.cause.as_ref())
    }
}

impl StdError for TokenError {}
impl StdError for StatusError {}
impl StdError for IncompleteError {}

fn source(cause: Option<&Cause>) -> Option<&(dyn StdError + 'static)> {
    cause.map(|cause| &**cause as &(dyn StdError + 'static))
}
