//! Where the file that `--out` names really is, and how it is replaced. The examples that are
//! tools share it.

mod patience;

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::SystemTime;

/// What is to be replaced, or to appear. A link stays one, also if what it leads to is not
/// there yet: the file is at its end.
///
/// # Errors
///
/// If no file can be there.
pub fn of(path: &Path) -> io::Result<PathBuf> {
    let mut end = path.to_owned();
    for _ in 0..MOST_LINKS {
        check(&end)?;
        match fs::read_link(&end) {
            // What it holds counts from where it is.
            Ok(next) => end = end.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(end),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// What has come is there, but `target` stays as it was.
pub struct NotReplaced {
    pub target: PathBuf,
    pub error: io::Error,
    /// Where it is.
    pub kept: PathBuf,
}

/// Gives `new` the name of `target`. If that cannot be, it is kept as `complete`.
pub fn replace(new: &Path, target: &Path, complete: &Path) -> Result<(), NotReplaced> {
    rename(new, target).map_err(|error| {
        let moved = fs::rename(new, complete);
        let kept = if moved.is_ok() { complete } else { new };
        NotReplaced { target: target.to_owned(), error, kept: kept.to_owned() }
    })
}

impl NotReplaced {
    /// What to say, where `what` is what has come.
    pub fn tell(&self, f: &mut fmt::Formatter<'_>, what: &str) -> fmt::Result {
        let (target, kept) = (self.target.display(), self.kept.display());
        write!(f, "{target} cannot be replaced: {}; the {what} is in {kept}", self.error)
    }
}

/// Renames, also while another program holds `target` open for a moment.
pub fn rename(new: &Path, target: &Path) -> io::Result<()> {
    patience::retry(|| fs::rename(new, target), thread::sleep)
}

/// A name in the same directory, hence on the same file system, as renaming requires.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{ending}"));
    path.with_file_name(name)
}

/// Part of a name that is never another run's.
pub fn unique() -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
    format!("{}-{now}", process::id())
}

fn check(path: &Path) -> io::Result<()> {
    let whole = path.as_os_str().as_encoded_bytes();
    match path.file_name() {
        _ if path.exists() && !path.is_file() => {
            Err(io::Error::other("it is there already, and not a file"))
        }
        // As `name/` and `name/.`, which a file cannot be called.
        Some(name) if whole.ends_with(name.as_encoded_bytes()) => Ok(()),
        _ => Err(io::Error::other("it is not the name of a file")),
    }
}

/// As Linux has it.
const MOST_LINKS: usize = 40;
