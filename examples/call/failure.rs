//! How a call can end other than well.

use std::fmt;
use std::io;

use unattended::Error;

use crate::advice::in_options;
use crate::destination::NotReplaced;

pub enum Failure {
    Usage(String),
    /// And the variables that should hold them.
    NoCredentials(Error, String),
    Api(Error),
    /// What could not be read, and why.
    Input(String, io::Error),
    /// What could not be written, and why.
    Output(String, io::Error),
    NotReplaced(NotReplaced),
}

impl Failure {
    /// By the table of [`Error::exit_code`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::NoCredentials(error, _) | Self::Api(error) => error.exit_code(),
            Self::Output(..) | Self::NotReplaced(_) => 73,
            // As the client says it of a file that it cannot read.
            Self::Input(..) => 78,
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
                f.write_str(&in_options(&text, &OPTIONS))
            }
            Self::Input(what, error) => write!(f, "{what} cannot be read: {error}"),
            Self::Output(what, error) => write!(f, "{what} cannot be written: {error}"),
            Self::NotReplaced(what) => what.tell(f, "answer"),
        }
    }
}

const OPTIONS: [(&str, &str); 8] = [
    ("RetryPolicy::with_deadline, RetryPolicy::with_end_time", "--deadline"),
    ("RetryPolicy::with_deadline", "--deadline"),
    ("Connection::with_idle_timeout", "--idle"),
    ("Client::with_body_limit", "--accept content has no limit"),
    ("mark the request safe_to_repeat()", "give --safe-to-repeat"),
    ("remove yours, or make the request without_token()", "remove yours, or give --without-token"),
    ("make the request without_token() if it needs none", "--without-token if it needs none"),
    ("or use FileStore::at", "or give --store or --no-store"),
];
