//! What another program prints: keyrings, password managers and vaults have one.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::clock::{poll, seconds};
use crate::credentials::identity::Unreadable;
use crate::error::Error;
use crate::mask::{is_prose, shown_path};

type Result<T> = std::result::Result<T, Unreadable>;

/// Runs a program without a shell. Of a failure only its status is told: its words may hold the
/// secret.
pub(crate) fn output(words: &[OsString]) -> Result<Vec<u8>> {
    output_within(LIMIT, words)
}

/// The program and its arguments.
pub(crate) fn split(words: &[OsString]) -> std::result::Result<(&OsString, &[OsString]), Error> {
    let empty = || Error::configuration("the command for the client secret is empty");
    words.split_first().ok_or_else(empty)
}

fn output_within(limit: Duration, words: &[OsString]) -> Result<Vec<u8>> {
    let (program, arguments) = split(words)?;
    let what = format!("the command {}", name(program));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|cause| {
            Error::configuration_caused(format!("{what} cannot be started"), Some(cause.into()))
        })?;
    let reader = child.stdout.take().map(read_in_thread);
    let failed = |why: String| Unreadable::Failed(format!("{what} {why}"));
    let status = wait(limit, &mut child, reader.as_ref());
    let Some(status) = status else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(failed(format!("took longer than {}, and was ended", seconds(limit))));
    };
    let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    match status.success() {
        // It may have been ended by that.
        _ if bytes.len() > LONGEST => Err(failed(format!("printed more than {LONGEST} bytes"))),
        true => Ok(bytes),
        false => Err(failed(format!("failed ({status})"))),
    }
}

/// The program, unless it may be the secret itself, set in its place.
pub(crate) fn name(program: &OsStr) -> String {
    let text = program.to_string_lossy();
    if is_prose(&text) { text.into_owned() } else { shown_path(program.as_ref()) }
}

/// Reads a little more than is allowed, and then lets go of the pipe, which ends most programs.
fn read_in_thread(output: ChildStdout) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LONGEST + 1).unwrap_or(u64::MAX);
        let _ = output.take(limit).read_to_end(&mut bytes);
        bytes
    })
}

/// Until it has ended and its output is read: a program that it left behind may hold that open.
fn wait(
    limit: Duration,
    child: &mut Child,
    reader: Option<&JoinHandle<Vec<u8>>>,
) -> Option<ExitStatus> {
    let mut status = None;
    let is_over = poll(limit, || {
        status = child.try_wait().ok().flatten();
        status.is_some() && reader.is_none_or(JoinHandle::is_finished)
    });
    status.filter(|_| is_over)
}

const LIMIT: Duration = Duration::from_secs(30);
const LONGEST: usize = 64 * 1024;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_ended_whatever_it_left_behind() {
        for script in ["sleep 60", "sleep 60 & echo hush", "exec >&-; sleep 60"] {
            let words = ["sh", "-c", script].map(OsString::from);
            let Err(Unreadable::Failed(why)) = output_within(Duration::from_millis(200), &words)
            else {
                panic!("{script}");
            };
            assert_eq!(why, "the command sh took longer than 0.2 s, and was ended");
        }
    }
}
