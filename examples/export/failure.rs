//! Why something is not complete, in words and as an exit code.

use std::fmt;
use std::io;
use std::path::PathBuf;

use unattended::Error;
use unattended::error::Class;

/// Why a run, or one collection of it, is not complete.
pub enum Failure {
    Usage(String),
    /// And the variables that should hold them.
    NoCredentials(Error, String),
    Api(Error),
    /// What could not be written, and why.
    Output(String, io::Error),
    /// The target and its lock file, which another run holds.
    Busy(PathBuf, PathBuf),
    /// The target that stays as it was, why, and where all rows are.
    NotReplaced(PathBuf, io::Error, PathBuf),
    /// What was found, or what has come, is not what it should be.
    Unusable(String),
}

impl Failure {
    /// By the table of [`Error::exit_code`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::NoCredentials(error, _) | Self::Api(error) => error.exit_code(),
            Self::Output(..) | Self::NotReplaced(..) => 73,
            Self::Busy(..) => 75,
            Self::Unusable(_) => 65,
        }
    }

    /// Whether the next collection would fail in the same way.
    pub fn concerns_all(&self) -> bool {
        match self {
            Self::Api(error) => matches!(error.class(), Class::Credentials | Class::Configuration),
            _ => false,
        }
    }

    /// Whether the pages do not fit together, so that nothing can follow those that came.
    pub fn is_of_walk(&self) -> bool {
        matches!(self, Self::Api(Error::Incomplete(_)) | Self::Unusable(_))
    }

    /// Whether the server may have refused the place in the collection, and nothing else:
    /// a page that is not there any more, a link that is over.
    pub fn may_be_of_place(&self) -> bool {
        match self {
            Self::Api(error) => {
                error.status().is_some_and(|status| OF_A_PLACE.contains(&status.as_u16()))
            }
            _ => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => write!(f, "{text} (see --help)"),
            Self::NoCredentials(error, variables) => {
                write!(f, "{error}; the credentials are read from {variables} (see --help)")
            }
            // Debug adds the causes, each on a line of its own.
            Self::Api(error) => {
                let text = format!("{error:?}").replace("\n  caused by", "; caused by");
                f.write_str(&in_options(text))
            }
            Self::Output(what, error) => write!(f, "{what} cannot be written: {error}"),
            Self::Busy(target, lock) => write!(
                f,
                "another run is writing {}: it holds {}",
                target.display(),
                lock.display()
            ),
            Self::NotReplaced(target, error, complete) => write!(
                f,
                "{} cannot be replaced: {error}; the complete export is in {}",
                target.display(),
                complete.display()
            ),
            Self::Unusable(text) => f.write_str(text),
        }
    }
}

/// The settings that an error names, as they are called here; some cannot be changed.
fn in_options(text: String) -> String {
    OPTIONS.iter().fold(text, |text, (setting, option)| text.replace(setting, option))
}

const OPTIONS: [(&str, &str); 13] = [
    (" (RetryPolicy::with_deadline, Client::with_end_time)", ""),
    (" (RetryPolicy::with_deadline)", ""),
    (" (Client::with_connect_timeout)", ""),
    (" (Client::with_idle_timeout)", ""),
    (" (Client::with_token_idle_timeout)", ""),
    (" (Client::with_body_limit)", ""),
    (" (Client::with_client_certificate)", ""),
    ("Client::with_root_certificates or SSL_CERT_FILE", "SSL_CERT_FILE"),
    ("Pagination::with_rows_at", "--items-key"),
    ("Pagination::single()", "--single"),
    ("Provider::with_auth_method", "--auth"),
    ("Provider::with_resource", "--resource"),
    ("Provider::with_scope", "--scope"),
];
const OF_A_PLACE: [u16; 5] = [400, 404, 410, 416, 422];
