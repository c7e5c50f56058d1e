//! A download that appears under its name when it is complete, or not at all.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use unattended::{Client, Request};

use crate::snapdocs::{CANNOT_WRITE, Failure};

/// Writes beside `target`, then renames. Returns the length.
pub fn to_file(client: &Client, request: &Request, target: &Path) -> Result<u64, Failure> {
    let mut part = target.to_owned().into_os_string();
    part.push(".part");
    let cannot_write = |error: io::Error| Failure::file(CANNOT_WRITE, target, &error);
    let mut file = File::create(&part).map_err(cannot_write)?;
    let length = client.download(request, &mut file).inspect_err(|_| {
        // There is nobody left to tell.
        let _ = fs::remove_file(&part);
    })?;
    file.sync_all().and_then(|()| fs::rename(&part, target)).map_err(cannot_write)?;
    Ok(length)
}
