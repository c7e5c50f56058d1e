//! How a job ends when it does not end well, and the exit code for it.

use std::fmt;
use std::io;

use unattended::Error;

pub enum Trouble {
    /// A call failed; its own exit code.
    Call(Error),
    /// The server says in an answer of success that the job failed: 69.
    Failed(String),
    /// A part went in and a part did not: 65.
    Partly(String),
    /// The job is not over at the deadline: 75.
    Late(String),
    /// Arguments: 64.
    Usage(&'static str),
    /// A file that cannot be read, and why: 78, as the client says it.
    Input(String, io::Error),
    /// All is done, but nobody can be told: 73.
    Output(io::Error),
}

impl Trouble {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Call(error) => error.exit_code(),
            Self::Failed(_) => 69,
            Self::Partly(_) => 65,
            Self::Late(_) => 75,
            Self::Usage(_) => 64,
            Self::Input(..) => 78,
            Self::Output(_) => 73,
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Debug adds the causes.
            Self::Call(error) => write!(f, "{error:?}"),
            Self::Failed(text) | Self::Partly(text) | Self::Late(text) => f.write_str(text),
            Self::Usage(text) => f.write_str(text),
            Self::Input(file, error) => write!(f, "{file} cannot be read: {error}"),
            Self::Output(error) => {
                write!(f, "all is imported, but the result cannot be written: {error}")
            }
        }
    }
}
