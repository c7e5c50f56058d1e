//! Where the answer goes: standard output, or a file that appears when it is complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::files::{self, NotReplaced};

pub enum Output {
    Stdout(io::Stdout),
    File(PartialFile),
}

impl Output {
    /// # Errors
    ///
    /// Where the file could not be written in the end.
    pub fn open(file: Option<&Path>) -> Result<Self, Failure> {
        match file {
            None => Ok(Self::Stdout(io::stdout())),
            Some(target) => match PartialFile::create(target) {
                Ok(file) => Ok(Self::File(file)),
                Err(error) => Err(Failure::Output(target.display().to_string(), error)),
            },
        }
    }

    /// All is written.
    pub fn keep(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut stdout) => {
                stdout.flush().map_err(|error| Self::Stdout(stdout).failure(error))
            }
            Self::File(file) => file.keep().map_err(|kept| Failure::NotReplaced(kept, "answer")),
        }
    }

    pub fn failure(&self, error: io::Error) -> Failure {
        let what = match self {
            Self::Stdout(_) => "standard output".into(),
            Self::File(file) => file.target.display().to_string(),
        };
        Failure::Output(what, error)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File(file) => file.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File(file) => file.file.flush(),
        }
    }
}

/// A file beside its final name. It is removed if it is dropped before it is
/// [kept](Self::keep).
pub struct PartialFile {
    file: File,
    partial: PathBuf,
    target: PathBuf,
    is_kept: bool,
}

impl PartialFile {
    fn create(target: &Path) -> io::Result<Self> {
        let target = files::of(target)?;
        let partial = files::beside(&target, &format!("{}.partial", files::unique()));
        let file = File::options().write(true).create_new(true).open(&partial)?;
        let partial = Self { file, partial, target, is_kept: false };
        // Who could not read the file before is not to read it now.
        if let Ok(metadata) = partial.target.metadata() {
            partial.file.set_permissions(metadata.permissions())?;
        }
        Ok(partial)
    }

    /// Gives it its final name. It stays in any case: the server will not act once more.
    fn keep(mut self) -> Result<(), NotReplaced> {
        self.is_kept = true;
        let complete = files::beside(&self.target, "complete");
        // What an earlier call left there may be the only copy.
        let kept = if complete.exists() { &self.partial } else { &complete };
        match self.file.sync_all() {
            Ok(()) => files::replace(&self.partial, &self.target, kept),
            Err(error) => {
                Err(NotReplaced { target: self.target.clone(), error, kept: self.partial.clone() })
            }
        }
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // There is nobody left to tell.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
