//! Where the file that `--out` names really is. The examples that are tools share it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
