//! How errors read: for people in one line, and with the causes below it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::variants::{
    Cause, ConfigurationError, DecodeError, Error, IncompleteError, StatusError, TokenError,
    TransportError,
};

impl Error {
    fn payload(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Configuration(error) => &**error,
            Self::Transport(error) => &**error,
            Self::Token(error) => &**error,
            Self::Status(error) => &**error,
            Self::Decode(error) => &**error,
            Self::Incomplete(error) => &**error,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.payload(), f)
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
macro_rules! with_source {
    ($($error:ty: $source:expr),* $(,)?) => {$(
        impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                with_causes(self, f)
            }
        }

        impl StdError for $error {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                let source: fn(&Self) -> Option<&(dyn StdError + 'static)> = $source;
                source(self)
            }
        }
    )*};
}

with_source! {
    Error: |error| error.payload().source(),
    ConfigurationError: |error| source(error.cause.as_ref()),
    TransportError: |error| source(error.cause.as_ref()),
    DecodeError: |error| source(error.cause.as_ref()),
    TokenError: |_| None,
    StatusError: |_| None,
    IncompleteError: |_| None,
}

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

fn source(cause: Option<&Cause>) -> Option<&(dyn StdError + 'static)> {
    cause.map(|cause| &**cause as &(dyn StdError + 'static))
}
