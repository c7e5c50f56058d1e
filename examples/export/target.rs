//! The file that is to be written, and those that stand beside it until all is there.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;

use crate::collection::Left;
use crate::destination;
use crate::failure::Failure;
use crate::replace;

/// A target that no other run writes to as long as this lives.
pub struct Target {
    path: PathBuf,
    pub part: PathBuf,
    pub resume: PathBuf,
    /// The system frees it, also when this process is killed.
    _lock: File,
}

impl Target {
    /// Fails at once where the target could not be written in the end.
    pub fn lock(path: &Path) -> Result<Self, Failure> {
        let cannot_write = |error| Failure::Output(path.display().to_string(), error);
        let path = destination::of(path).map_err(cannot_write)?;
        let name = beside(&path, "lock");
        // Never removed: whoever waits for it must meet the same file.
        let mut options = File::options();
        let lock = options.read(true).write(true).create(true).truncate(false).open(&name);
        let lock = lock.map_err(cannot_write)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::Busy(path, name)),
            // Some network file systems know no locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(cannot_write(error)),
        }
        // Of a run that was killed while it wrote it.
        remove(&beside(&path, "resume.new")).map_err(cannot_write)?;
        let (part, resume) = (beside(&path, "part"), beside(&path, "resume"));
        Ok(Self { path, part, resume, _lock: lock })
    }

    /// An empty part file, in place of what another run left.
    pub fn begin(&self) -> io::Result<File> {
        // In this order, or a resume file might stand beside rows that it is not about.
        remove(&self.resume)?;
        self.sync_directory();
        remove(&self.part)?;
        let file = File::options().write(true).create_new(true).open(&self.part)?;
        // Who could not read the last export is not to read this one.
        #[cfg(unix)]
        if let Ok(metadata) = self.path.metadata() {
            use std::os::unix::fs::PermissionsExt;
            let mode = metadata.permissions().mode() | OWNER_WRITES;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(file)
    }

    /// The part file, with its first `length` bytes: what follows them is of a page that
    /// will be read again.
    pub fn go_on(&self, length: u64) -> Result<File, Failure> {
        let (part, resume) = (self.part.display(), self.resume.display());
        let cannot_write = |error| Failure::Output(part.to_string(), error);
        let mut file = File::options().write(true).open(&self.part).map_err(cannot_write)?;
        let found = file.metadata().map_err(cannot_write)?.len();
        if found < length {
            return Err(Failure::Unusable(format!(
                "{part} has {found} bytes where {resume} counts on {length}; a run without --resume replaces both"
            )));
        }
        file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0))).map_err(cannot_write)?;
        Ok(file)
    }

    /// What the resume file says, if there is one with a part file.
    pub fn saved(&self) -> Option<io::Result<String>> {
        let has_part = self.part.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        let is_there = has_part && self.resume.exists();
        is_there.then(|| fs::read_to_string(&self.resume))
    }

    /// Makes the rows last, and then the text that counts on them: whatever instant the
    /// program is killed at, the resume file is about bytes that are on the disk.
    pub fn save(&self, part: &File, text: &str) -> io::Result<()> {
        part.sync_data()?;
        let new = beside(&self.path, "resume.new");
        remove(&new)?;
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        drop(file);
        replace::with_patience(|| fs::rename(&new, &self.resume), thread::sleep)
    }

    /// What stays of a run that failed: with nothing to go on with, rows to look at, if any.
    pub fn leave(&self, can_go_on: bool, has_rows: bool) -> Left {
        let has_part = self.part.exists();
        if can_go_on && has_part && self.resume.exists() {
            return Left::Resumable(self.part.clone(), self.resume.clone());
        }
        // There is nobody left to tell: what cannot be removed now is removed later.
        let _ = remove(&self.resume);
        if has_part && has_rows {
            return Left::Part(self.part.clone());
        }
        let _ = remove(&self.part);
        Left::Nothing
    }

    /// Gives the part file the name of the target, once its bytes are on the disk.
    pub fn complete(&self, part: &File) -> Result<(), Failure> {
        let cannot_write = |error| Failure::Output(self.path.display().to_string(), error);
        if let Some(metadata) = self.path.metadata().ok().filter(Metadata::is_file) {
            part.set_permissions(metadata.permissions()).map_err(cannot_write)?;
        }
        part.sync_all().map_err(cannot_write)?;
        let renamed = replace::with_patience(|| fs::rename(&self.part, &self.path), thread::sleep);
        let done = renamed.map_err(|error| {
            let complete = beside(&self.path, "complete");
            let moved = fs::rename(&self.part, &complete);
            let place = if moved.is_ok() { complete } else { self.part.clone() };
            Failure::NotReplaced(self.path.clone(), error, place)
        });
        // Without its part file the resume file means nothing, should it stay.
        let _ = remove(&self.resume);
        self.sync_directory();
        done
    }

    /// Names are on the disk only when their directory is. Not every system can do it.
    fn sync_directory(&self) {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|open| open.sync_all());
    }
}

/// A name in the same directory, hence on the same file system, as renaming requires.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
const OWNER_WRITES: u32 = 0o200;
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;
