//! What became of each file, on the disk before and after each upload: JSON lines, of
//! which the last one about a file counts.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::folder::Content;
use crate::snapdocs::{CANNOT_WRITE, Failure, INCOMPLETE, TEMPORARY};

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Uploaded,
    /// It is not there, and another run tries it again.
    Failed,
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
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(cannot_write)?;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(end);
        file.set_len(end as u64).map_err(cannot_write)?;
        file.seek(SeekFrom::Start(end as u64)).map_err(cannot_write)?;

        let mut lines = BTreeMap::new();
        for (at, text) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if text.is_empty() {
                continue;
            }
            let line: Line = serde_json::from_slice(text).map_err(|error| {
                let (path, at) = (path.display(), at + 1);
                Failure::new(INCOMPLETE, format!("{path}: line {at} is not of a manifest: {error}"))
            })?;
            if line.closing == closing {
                lines.insert(line.file.clone(), line);
            }
        }
        Ok(Self { file, path: path.to_owned(), closing: closing.to_owned(), lines })
    }

    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.get(name)
    }

    /// The files that are not known to be uploaded.
    pub fn open_ends(&self) -> Vec<(String, Line)> {
        let lines = self.lines.iter().filter(|(_, line)| line.state != State::Uploaded);
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
