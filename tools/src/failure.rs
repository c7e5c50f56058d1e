//! Why something did not end well, in words and as an exit code.

use std::fmt;
use std::io;
use std::path::PathBuf;

use unattended::Error;
use unattended::error::ErrorKind;

use crate::files::NotReplaced;
use crate::in_options::in_options;
use crate::options::quoted;

pub enum Failure {
    Usage(String),
    /// What the options say does not fit what came.
    Configuration(String),
    /// A task is not over in time.
    Late(String),
    /// The server says that a task failed.
    Refused(String),
    /// And the variables that should hold them.
    NoCredentials(Error, String),
    Api(Error),
    /// What could not be read, and why.
    Input(String, io::Error),
    /// What could not be written, and why.
    Output(String, io::Error),
    /// The target and its lock file, which another run holds.
    Busy(PathBuf, PathBuf),
    /// And what it is that is kept.
    NotReplaced(NotReplaced, &'static str),
    /// What was found, or what has come, is not what it should be.
    Unusable(String),
}

impl Failure {
    /// By the table of [`Error::exit_code`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::NoCredentials(error, _) | Self::Api(error) => error.exit_code(),
            // As the client says it of a file that it cannot read.
            Self::Input(..) | Self::Configuration(_) => 78,
            Self::Output(..) | Self::NotReplaced(..) => 73,
            Self::Refused(_) => 69,
            Self::Busy(..) | Self::Late(_) => 75,
            Self::Unusable(_) => 65,
        }
    }

    /// Whether the next collection would fail in the same way.
    pub fn concerns_all(&self) -> bool {
        match self {
            // How one collection pages says nothing of another.
            Self::Api(Error::Incomplete(_)) => false,
            Self::Api(error) => {
                let kinds = [ErrorKind::Credentials, ErrorKind::Configuration, ErrorKind::Stopped];
                kinds.contains(&error.kind())
            }
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
            Self::Api(error) => fmt_error(error, f),
            Self::Input(what, error) => write!(f, "{what} cannot be read: {error}"),
            Self::Output(what, error) => write!(f, "{what} cannot be written: {error}"),
            Self::Busy(target, lock) => {
                let (target, lock) = (target.display(), lock.display());
                write!(f, "another run is writing {target}: it holds {lock}")
            }
            Self::NotReplaced(what, kept) => what.tell(f, kept),
            Self::Unusable(text)
            | Self::Configuration(text)
            | Self::Late(text)
            | Self::Refused(text) => f.write_str(text),
        }
    }
}

fn fmt_error(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Debug adds the causes, each on a line of its own.
    let text = format!("{error:?}").replace("\n  caused by", "; caused by");
    f.write_str(&in_options(&text).text)?;
    let Some(options) = advice(error) else { return Ok(()) };
    write!(f, "; use {options}")?;
    match options.contains(PARAMETER) {
        true => write!(f, ", where {PARAMETER} is the name that the API's documentation has"),
        false => Ok(()),
    }
}

/// The options that may read the collection, where another way to page must be declared.
pub fn advice(error: &Error) -> Option<String> {
    let Error::Incomplete(incomplete) = error else { return None };
    let plain = format!("--paging {}", quoted(incomplete.declare.as_ref()?));
    let with_more = format!("{plain} ");
    let mut ways = in_options(&format!("{error:?}")).ways.into_iter();
    Some(ways.find(|it| *it == plain || it.starts_with(&with_more)).unwrap_or(plain))
}

/// Where the answer does not show a name.
pub const PARAMETER: &str = "<parameter>";
const OF_A_PLACE: [u16; 5] = [400, 404, 410, 416, 422];
