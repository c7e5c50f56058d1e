//! The file that is to be written, and those that stand beside it until all is there.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::collection::Left;
use crate::failure::Failure;
use crate::files::{self, beside};

/// A target that no other run writes to once it is locked, as long as this lives.
pub struct Target {
    /// As it was given.
    pub name: String,
    path: PathBuf,
    pub part: PathBuf,
    pub resume: PathBuf,
    /// The system frees it, also when this process is killed.
    lock: File,
    /// What the file system takes the name of the lock for, however it is spelt.
    identity: Identity,
}

#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

impl Target {
    /// Fails where the target could not be written in the end.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let cannot_write = |error| Failure::Output(name.clone(), error);
        let path = files::of(path).map_err(cannot_write)?;
        let lock_name = beside(&path, "lock");
        // Never removed: whoever waits for it must meet the same file.
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let lock = options.open(&lock_name).map_err(cannot_write)?;
        let identity = identity(&lock, &lock_name).map_err(cannot_write)?;
        let (part, resume) = (beside(&path, "part"), beside(&path, "resume"));
        Ok(Self { name, path, part, resume, lock, identity })
    }

    /// Whether both are one file.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identity == other.identity
    }

    /// Fails at once where another run writes to it.
    pub fn lock(&self) -> Result<(), Failure> {
        let cannot_write = |error| Failure::Output(self.name.clone(), error);
        match self.lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::Busy(self.path.clone(), beside(&self.path, "lock")));
            }
            // Some network file systems know no locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(cannot_write(error)),
        }
        // Of a run that was killed while it wrote it.
        remove(&beside(&self.path, "resume.new")).map_err(cannot_write)
    }

    /// An empty part file, in place of what another run left.
    pub fn begin(&self) -> io::Result<File> {
        // In this order, or a resume file might stand beside rows that it is not about.
        if self.resume.exists() {
            remove(&self.resume)?;
            self.sync_directory();
        }
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
        self.put_at(&self.resume, text)
    }

    /// The target itself, at once.
    pub fn put(&self, text: &str) -> io::Result<()> {
        self.put_at(&self.path, text)
    }

    fn put_at(&self, at: &Path, text: &str) -> io::Result<()> {
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
        files::rename(&new, at)
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
        let complete = beside(&self.path, "complete");
        let done = files::replace(&self.part, &self.path, &complete);
        // Without its part file the resume file means nothing, should it stay.
        let _ = remove(&self.resume);
        self.sync_directory();
        done.map_err(|kept| Failure::NotReplaced(kept, "complete export"))
    }

    /// Names are on the disk only when their directory is. Not every system can do it.
    fn sync_directory(&self) {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|open| open.sync_all());
    }
}

#[cfg(unix)]
fn identity(file: &File, _name: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// The name as the file system has it.
#[cfg(not(unix))]
fn identity(_file: &File, name: &Path) -> io::Result<Identity> {
    name.canonicalize()
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
