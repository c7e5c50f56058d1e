//! One upload: what is on the disk before and after it, and what its failure means for the
//! files that come after.

use unattended::Error;
use unattended::error::{Delivery, ErrorKind};

use crate::folder::{Candidate, Content};
use crate::job::{Job, unreadable};
use crate::manifest::State;
use crate::report::Outcome;
use crate::snapdocs::{self, Failure, TEMPORARY};

impl Job<'_> {
    /// It is unknown from before it is sent: this program may be killed meanwhile.
    pub fn send(
        &mut self,
        file: &Candidate,
        content: &Content,
        was_unknown: bool,
    ) -> Result<Outcome, Failure> {
        let name = &file.name;
        self.manifest.record(name, content, State::Unknown, "being sent")?;
        let request = snapdocs::upload(self.closing, name, &file.path);
        let error = match self.client.send(&request) {
            Ok(answer) => {
                self.lost = 0;
                let words = answer.status().to_string();
                self.manifest.record(name, content, State::Uploaded, &words)?;
                return Ok(Outcome::Uploaded(words));
            }
            Err(error) => error,
        };
        let state = match error.delivery() {
            Delivery::Accepted => State::Uploaded,
            Delivery::Unknown => State::Unknown,
            // What an earlier run left open is open still.
            Delivery::NotSent if was_unknown => State::Unknown,
            _ => State::Failed,
        };
        self.manifest.record(name, content, state, &error.to_string())?;
        self.judge(file, content, state, error)
    }

    /// Whether the next file would fare any better.
    fn judge(
        &mut self,
        file: &Candidate,
        content: &Content,
        state: State,
        error: Error,
    ) -> Result<Outcome, Failure> {
        // A file that vanished or changed meanwhile is no trouble of the others.
        match Content::of(&file.path) {
            Err(error) => return Ok(Outcome::Unsendable(unreadable(&error))),
            Ok(now) if now != *content && error.status().is_none() => {
                return Ok(Outcome::Unsendable(error.to_string()));
            }
            Ok(_) => {}
        }
        let is_lost = error.delivery() == Delivery::Unknown;
        self.lost = if is_lost { self.lost + 1 } else { 0 };
        if self.lost == MOST_LOST {
            let text = format!("{MOST_LOST} uploads in a row were lost, the last one by: {error}");
            return Err(Failure::new(TEMPORARY, text));
        }
        if !is_lost && concerns_all(&error) {
            return Err(error.into());
        }
        Ok(match state {
            State::Uploaded => Outcome::Uploaded(error.to_string()),
            State::Unknown => Outcome::Unknown(error.to_string()),
            State::Failed | State::Gone => Outcome::Refused(error.to_string()),
        })
    }
}

/// Trouble that outlasted the call's deadline, or a refusal that is not about the file:
/// the credentials, the permission, the closing.
fn concerns_all(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Credentials | ErrorKind::Configuration | ErrorKind::Temporary => true,
        _ => error.status().is_some_and(|status| matches!(status.as_u16(), 403 | 404 | 405 | 410)),
    }
}

/// One answer that is lost is bad luck; after this many another run should look first.
const MOST_LOST: u32 = 3;
