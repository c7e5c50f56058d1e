//! How errors read: for people in one line, and with the causes below it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::variants::{
    CallError, Cause, ConfigurationError, DecodeError, Error, IncompleteError,
};

impl Error {
    fn payload(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::Configuration(error) => &**error,
            Self::Transport(error) | Self::Token(error) | Self::Status(error) => &**error,
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

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (said, advice) = match &self.response {
            Some(response) => (format!(": {response}"), self.message.as_str()),
            None if self.missing.is_empty() => (format!(": {}", self.message), ""),
            None => (String::new(), self.message.as_str()),
        };
        write!(f, "{}{}{said}", self.missing, self.target)?;
        if self.attempts > 1 {
            write!(f, ", after {} attempts", self.attempts)?;
        }
        if advice.is_empty() { Ok(()) } else { write!(f, "; {advice}") }
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
    CallError: |error| source(error.cause.as_ref()),
    DecodeError: |error| source(error.cause.as_ref()),
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
