//! What ends the example early, and its command line, which may.

use std::env;
use std::process::ExitCode;

use unattended::Error;

/// What is told, and the exit code.
pub struct Failure(String, u8);

impl Failure {
    pub fn new(text: String, exit_code: u8) -> Self {
        Self(text, exit_code)
    }

    pub fn tell(self) -> ExitCode {
        eprintln!("threads: {}", self.0);
        self.1.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // Debug adds the causes.
        Self(format!("{error:?}"), error.exit_code())
    }
}

/// The id that it was about, and what happened.
impl From<(String, Error)> for Failure {
    fn from((id, error): (String, Error)) -> Self {
        Self(format!("computer {id}: {error:?}"), error.exit_code())
    }
}

/// The number at `place` of the command line, or `default`.
pub fn argument(place: usize, default: usize) -> Result<usize, Failure> {
    let Some(text) = env::args_os().nth(place) else { return Ok(default) };
    let text = text.to_string_lossy();
    let number = text.parse().ok().filter(|number| *number > 0);
    let usage = "usage: threads [THREADS] [COMPUTERS], numbers above 0";
    number.ok_or_else(|| Failure::new(format!("{text:?} is not a number above 0; {usage}"), 64))
}
