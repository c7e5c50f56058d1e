//! What became of each file, on the disk before and after each upload: JSON lines, of
//! which the last one about a file counts.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::folder::Content;
use crate::snapdocs::{CANNOT_WRITE, Failure, INCOMPLETE, TEMPORARY};

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Uploaded,
    /// It is not there, and another run tries it again.
    Failed,
    /// It had failed, and its file is not in the folder any more.
    Gone,
    /// It may be there: the document list of the closing tells.
    Unknown,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Line {
    closing: String,
    file: String,
    pub state: State,
    bytes: u64,
    checksum: String,
    /// The server's, or those of whoever knows better.
    pub words: String,
}

/// The manifest of one run at a time; what it says about other closings stays.
pub struct Manifest {
    file: File,
    pub path: PathBuf,
    closing: String,
    lines: BTreeMap<String, Line>,
    /// How long ago the last run wrote its last line.
    pub age: Duration,
}

impl Manifest {
    /// Reads what earlier runs wrote. A last line without an end was torn when its run was
    /// killed, and is cut off: what happened to its file, the line before it tells, since a
    /// file is unknown from before it is sent.
    pub fn open(path: &Path, closing: &str) -> Result<Self, Failure> {
        let cannot_write = |error: io::Error| Failure::file(CANNOT_WRITE, path, &error);
        let mut options = File::options();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(cannot_write)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("{} is in use by another run", path.display());
                return Err(Failure::new(TEMPORARY, text));
            }
            Err(TryLockError::Error(error)) => return Err(cannot_write(error)),
        }
        let metadata = file.metadata().map_err(cannot_write)?;
        if !metadata.is_file() {
            return Err(cannot_write(io::Error::other("it is not a regular file")));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(cannot_write)?;
        // All of it first: what is no manifest stays as it is.
        let (all, end) = parse(&bytes)
            .map_err(|why| Failure::new(INCOMPLETE, format!("{}: {why}", path.display())))?;
        if end < bytes.len() {
            file.set_len(end as u64).map_err(cannot_write)?;
            file.seek(SeekFrom::Start(end as u64)).map_err(cannot_write)?;
        }
        let own = all.into_iter().filter(|line| line.closing == closing);
        let lines = own.map(|line| (line.file.clone(), line)).collect();
        let age = metadata.modified().ok().and_then(|then| then.elapsed().ok());
        let (path, closing) = (path.to_owned(), closing.to_owned());
        Ok(Self { file, path, closing, lines, age: age.unwrap_or_default() })
    }

    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.get(name)
    }

    /// The files of which another run has something to find out or to do.
    pub fn open_ends(&self) -> Vec<(String, Line)> {
        let is_open = |state| matches!(state, State::Failed | State::Unknown);
        let lines = self.lines.iter().filter(|(_, line)| is_open(line.state));
        lines.map(|(name, line)| (name.clone(), line.clone())).collect()
    }

    /// Adds a line and returns once it is on the disk.
    pub fn record(
        &mut self,
        name: &str,
        content: &Content,
        state: State,
        words: &str,
    ) -> Result<(), Failure> {
        let line = Line {
            closing: self.closing.clone(),
            file: name.to_owned(),
            state,
            bytes: content.bytes,
            checksum: content.checksum.clone(),
            words: words.to_owned(),
        };
        let text = serde_json::to_string(&line).map_err(io::Error::from);
        let written = text.and_then(|text| {
            self.file.write_all(format!("{text}\n").as_bytes())?;
            self.file.sync_data()
        });
        written.map_err(|error| Failure::file(CANNOT_WRITE, &self.path, &error))?;
        self.lines.insert(name.to_owned(), line);
        Ok(())
    }
}

impl Line {
    pub fn content(&self) -> Content {
        Content { bytes: self.bytes, checksum: self.checksum.clone() }
    }
}

/// The lines, and where they end: what follows them is torn.
///
/// # Errors
///
/// Which line shows that this is something else.
fn parse(bytes: &[u8]) -> Result<(Vec<Line>, usize), String> {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let (whole, torn) = bytes.split_at(end);
    let mut lines = Vec::new();
    for (at, text) in whole.split(|byte| *byte == b'\n').enumerate() {
        if !text.is_empty() {
            let wrong = |error| format!("line {} is not of a manifest: {error}", at + 1);
            lines.push(serde_json::from_slice(text).map_err(wrong)?);
        }
    }
    // With no whole line before it, at least it must begin as one, and be cut off.
    let is_whole = || serde_json::from_slice::<IgnoredAny>(torn).is_ok();
    let begins_as_one = torn.starts_with(START) || START.starts_with(torn);
    if lines.is_empty() && (!begins_as_one || is_whole()) {
        let at = whole.split(|byte| *byte == b'\n').count();
        return Err(format!("line {at} is not of a manifest"));
    }
    Ok((lines, end))
}

const START: &[u8] = b"{\"closing\":";
