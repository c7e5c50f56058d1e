//! A token store in files, for the runs and processes of one user on one machine.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::{Clock, SystemClock};
use crate::encoding::fingerprint;
use crate::error::Cause;
use crate::token::store::{StoreEntry, TokenStore};

/// Keeps each entry in a file of its own, so that cron jobs and processes that run side by
/// side share one token.
///
/// On Unix the files can be read by their owner alone (mode 0600, in a folder of mode 0700
/// if it is made here). A file that others can read, a folder that others can write to, a
/// link, and what somebody else owns is not used.
/// Elsewhere the rights of the folder hold: on Windows those of the user's profile. It is
/// as safe as the file system: who can read the file has the token.
///
/// A separate lock file makes the token request single flight across processes; the
/// operating system frees it when a process is killed. It is waited for at most 10 s.
/// Entries are written beside and renamed; what cannot be read is replaced.
///
/// ```no_run
/// # use unattended::{Client, Credentials, FileStore, Provider};
/// # fn run(provider: Provider, credentials: Credentials) -> unattended::Result<()> {
/// let client = Client::new(provider, credentials)?.with_store(FileStore::default());
/// # Ok(()) }
/// ```
pub struct FileStore {
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

impl FileStore {
    /// A store in this folder, which is made when it is needed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), clock: Arc::new(SystemClock) }
    }

    /// The clock by which the lock is waited for; default [`SystemClock`].
    pub fn with_clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// In the cache folder of the user: `$XDG_CACHE_HOME/unattended`, else
/// `$HOME/.cache/unattended`, on Windows `%LOCALAPPDATA%\unattended`. Where none of these
/// variables is set, as under some service managers, the store fails and the client goes
/// on without it.
impl Default for FileStore {
    fn default() -> Self {
        let folder = cache_folder(|name| env::var_os(name));
        Self { folder, clock: Arc::new(SystemClock) }
    }
}

fn cache_folder(read: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The XDG rules: a path that is not absolute is to be ignored.
    let folder = |name| read(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = match cfg!(windows) {
        true => folder("LOCALAPPDATA"),
        false => {
            folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))
        }
    };
    folder.map(|folder| folder.join("unattended"))
}

fn no_folder(is_windows: bool) -> String {
    let variables = if is_windows { "LOCALAPPDATA" } else { "HOME or XDG_CACHE_HOME" };
    format!("no folder for it: set {variables}, or use FileStore::at")
}

impl TokenStore for FileStore {
    fn update(
        &self,
        key: &str,
        wait_at_most: Duration,
        change: &mut dyn FnMut(&mut StoreEntry),
    ) -> Result<(), Cause> {
        let Some(folder) = &self.folder else {
            return Err(no_folder(cfg!(windows)).into());
        };
        make_folder(folder).map_err(error_at(folder))?;
        // The whole key is in the file to compare.
        let name = format!("{:032x}", fingerprint(key));
        let path = folder.join(format!("{name}.json"));
        // Outlives `beside`, whose clean-up must not touch the file of the next holder.
        let _lock = self.lock(&folder.join(format!("{name}.lock")), wait_at_most)?;
        let beside = Beside::create(folder.join(format!("{name}.new")))?;
        beside.check_owner(folder)?;
        let stored = read(&path, &beside, key)?;
        let mut entry = stored.clone().unwrap_or_default();
        change(&mut entry);
        if stored.map(|stored| stored.to_text()).as_deref() != Some(&entry.to_text()) {
            let text = json!({ "key": key, "entry": entry.to_text() }).to_string();
            beside.replace(&path, &text).map_err(error_at(&path))?;
        }
        Ok(())
    }

    fn describe(&self) -> String {
        match &self.folder {
            Some(folder) => format!("the folder {}", folder.display()),
            None => "a folder that is not set".into(),
        }
    }
}

impl FileStore {
    /// The lock, held as long as the file is open.
    fn lock(&self, path: &Path, wait_at_most: Duration) -> Result<File, Cause> {
        let file = open_own(path).map_err(error_at(path))?;
        let mut left = wait_at_most.min(LONGEST_WAIT);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if left.is_zero() => {
                    return Err(
                        format!("{}: another process takes too long", path.display()).into()
                    );
                }
                Err(TryLockError::WouldBlock) => {
                    let pause = POLL.min(left);
                    self.clock.sleep(pause);
                    left -= pause;
                }
                Err(TryLockError::Error(error)) => return Err(error_at(path)(error)),
            }
        }
    }
}

/// What is stored, if it can be read and is for this key.
fn read(path: &Path, beside: &Beside, key: &str) -> Result<Option<StoreEntry>, Cause> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error_at(path)(error)),
        Ok(_) => beside.check_file(path)?,
    }
    let mut text = String::new();
    let file = open_own(path).map_err(error_at(path))?;
    if file.take(LARGEST).read_to_string(&mut text).is_err() {
        return Ok(None);
    }
    let stored: Value = serde_json::from_str(&text).unwrap_or_default();
    let is_ours = stored.get("key").and_then(Value::as_str) == Some(key);
    let entry = stored.get("entry").and_then(Value::as_str).filter(|_| is_ours);
    Ok(entry.and_then(|entry| StoreEntry::from_text(entry).ok()))
}

/// The file that is written beside the target; its owner is who we are.
struct Beside {
    path: PathBuf,
    file: File,
}

impl Beside {
    fn create(path: PathBuf) -> Result<Self, Cause> {
        // The lock is held: what is there was left by a process that was killed.
        let _ = fs::remove_file(&path);
        let file = new_own(&path).map_err(error_at(&path))?;
        Ok(Self { path, file })
    }

    fn replace(&self, target: &Path, text: &str) -> io::Result<()> {
        (&self.file).write_all(text.as_bytes())?;
        fs::rename(&self.path, target)
    }

    /// Nobody else may put files into the folder.
    #[cfg(unix)]
    fn check_owner(&self, folder: &Path) -> Result<(), Cause> {
        use std::os::unix::fs::MetadataExt;
        let metadata = folder.metadata().map_err(error_at(folder))?;
        let is_ours = metadata.uid() == self.uid()?;
        let is_open = metadata.mode() & 0o022 != 0;
        refuse_unless(is_ours && !is_open, folder, "others can write to it, or it is not yours")
    }

    /// A file of ours, which nobody else can read, and no link.
    #[cfg(unix)]
    #[expect(clippy::verbose_bit_mask, reason = "rights are read in octal")]
    fn check_file(&self, path: &Path) -> Result<(), Cause> {
        use std::os::unix::fs::MetadataExt;
        let metadata = path.symlink_metadata().map_err(error_at(path))?;
        refuse_unless(metadata.is_file(), path, "it is not a file")?;
        refuse_unless(metadata.uid() == self.uid()?, path, "somebody else owns it")?;
        refuse_unless(metadata.mode() & 0o077 == 0, path, "others can read it")
    }

    #[cfg(unix)]
    fn uid(&self) -> Result<u32, Cause> {
        use std::os::unix::fs::MetadataExt;
        Ok(self.file.metadata().map_err(error_at(&self.path))?.uid())
    }

    #[cfg(not(unix))]
    fn check_owner(&self, _: &Path) -> Result<(), Cause> {
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_file(&self, path: &Path) -> Result<(), Cause> {
        let metadata = path.symlink_metadata().map_err(error_at(path))?;
        refuse_unless(metadata.is_file(), path, "it is not a file")
    }
}

/// Gone if it was not renamed.
impl Drop for Beside {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn refuse_unless(is_good: bool, path: &Path, why: &str) -> Result<(), Cause> {
    if is_good { Ok(()) } else { Err(format!("{} is not used: {why}", path.display()).into()) }
}

fn error_at(path: &Path) -> impl Fn(io::Error) -> Cause {
    move |error| format!("{}: {error}", path.display()).into()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens or makes a file of ours; never what a link leads to.
fn open_own(path: &Path) -> io::Result<File> {
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::other("it is not a file"));
    }
    own(OpenOptions::new().read(true).write(true).create(true)).open(path)
}

fn new_own(path: &Path) -> io::Result<File> {
    own(OpenOptions::new().write(true).create_new(true)).open(path)
}

fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

const LONGEST_WAIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
const LARGEST: u64 = 4 * 1024 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_told_with_the_variables_of_the_system() {
        let text = "no folder for it: set LOCALAPPDATA, or use FileStore::at";
        assert_eq!(no_folder(true), text);
        assert_eq!(no_folder(false), text.replace("LOCALAPPDATA", "HOME or XDG_CACHE_HOME"));
    }

    #[test]
    fn the_folder_is_that_of_the_xdg_rules() {
        fn folder(pairs: &[(&str, &str)]) -> Option<PathBuf> {
            cache_folder(|name| {
                let pair = pairs.iter().find(|(key, _)| *key == name);
                pair.map(|(_, value)| OsString::from(value))
            })
        }
        let home = ("HOME", "/home/me");
        assert_eq!(folder(&[]), None);
        assert_eq!(folder(&[home]), Some("/home/me/.cache/unattended".into()));
        assert_eq!(folder(&[home, ("XDG_CACHE_HOME", "/c")]), Some("/c/unattended".into()));
        assert_eq!(
            folder(&[home, ("XDG_CACHE_HOME", "relative")]),
            Some("/home/me/.cache/unattended".into())
        );
    }
}
