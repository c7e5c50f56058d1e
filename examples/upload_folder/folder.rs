//! What is to be uploaded: the PDFs right in a folder, by name.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::report;
use crate::snapdocs::{Failure, INCOMPLETE, USAGE};

/// A file of the folder. Its name is what the API shall call the document.
pub struct Candidate {
    pub name: String,
    pub path: PathBuf,
}

/// What a file holds, as far as one must know to see that it changed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub bytes: u64,
    pub checksum: String,
}

/// The PDFs right in `folder`, sorted by name; what else is there but the manifest is told.
pub fn pdfs(folder: &Path, manifest: &Path) -> Result<Vec<Candidate>, Failure> {
    let cannot_read = |error: io::Error| Failure::file(USAGE, folder, &error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot_read)? {
        let path = entry.map_err(cannot_read)?.path();
        let name = path.file_name().unwrap_or_default();
        // A link counts as what it leads to; one that leads nowhere shall be told later.
        let is_file = !path.is_dir();
        match is_pdf(&path) && is_file && !name.to_string_lossy().starts_with('.') {
            true => files.push(Candidate { name: sendable(&path)?.to_owned(), path }),
            false if path == manifest => {}
            false => report::left_out(&name.to_string_lossy()),
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// The manifest will be written to, and what was meant by a path like `scans/*.pdf` is not
/// known.
pub fn refuse_document(manifest: &Path, files: &[Candidate]) -> Result<(), Failure> {
    let real = fs::canonicalize(manifest).ok();
    let is_it = |file: &Candidate| real.is_some() && fs::canonicalize(&file.path).ok() == real;
    if !is_pdf(manifest) && !files.iter().any(is_it) {
        return Ok(());
    }
    let path = manifest.display();
    let text = format!("{path} is a document, not a manifest: it would be written to");
    Err(Failure::new(USAGE, text))
}

fn is_pdf(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("pdf"))
}

fn sendable(path: &Path) -> Result<&str, Failure> {
    path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        let text = format!("{} has a name that cannot be sent: rename it", path.display());
        Failure::new(INCOMPLETE, text)
    })
}

impl Content {
    /// # Errors
    ///
    /// If it cannot be read, or is no regular file: reading a pipe could block.
    pub fn of(path: &Path) -> io::Result<Self> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut file = File::open(path)?;
        let (mut buffer, mut bytes, mut hash) = (vec![0; 64 * 1024], 0, FNV_OFFSET);
        loop {
            let count = match file.read(&mut buffer) {
                Ok(0) => return Ok(Self { bytes, checksum: format!("{hash:016x}") }),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            bytes += count as u64;
            for byte in &buffer[..count] {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
            }
        }
    }
}

// FNV-1a: it tells another file from the same one, and is no protection against malice.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
