//! The job against the stand-in, on a bad day: two runs over a folder that is made up.

use std::fs;
use std::io;
use std::path::Path;

use crate::job;
use crate::snapdocs::{self, CANNOT_WRITE, Failure, INCOMPLETE};
use crate::stand_in::StandIn;
use crate::stand_in::closings::Trouble;
use crate::tell::say;

/// Returns the exit code.
pub fn run() -> Result<u8, Failure> {
    let stand_in = StandIn::calm();
    let client = snapdocs::connect(Some(&stand_in))?;
    let closings = stand_in.closings();
    let folder = snapdocs::sample_folder("upload_folder-sample");
    let cannot_write = |error: io::Error| Failure::file(CANNOT_WRITE, &folder, &error);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(cannot_write)?;
    let pdf = |name: &str, length| fs::write(folder.join(name), sample(name, length));
    pdf("appraisal.pdf", 5_000_000).map_err(cannot_write)?;
    pdf("closing disclosure (final).pdf", 40_000).map_err(cannot_write)?;
    pdf("deed of trust.pdf", 90_000).map_err(cannot_write)?;
    fs::write(folder.join("note.pdf"), "a scan that went wrong").map_err(cannot_write)?;

    let manifest = folder.join("manifest.jsonl");
    let closing = closings.open();
    closings.arm("appraisal.pdf", Trouble::Limited);
    closings.arm("deed of trust.pdf", Trouble::AnswerLost);
    say("the first run: a wait, an answer that is lost, a file that is no PDF");
    let code = job::upload(&client, &folder, &closing, &manifest)?;
    say(format_args!("exit code {code}\n\nthe second run, after note.pdf was scanned again"));
    pdf("note.pdf", 20_000).map_err(cannot_write)?;
    let code = job::upload(&client, &folder, &closing, &manifest)?;
    let told = told(&folder, &closings.documents(&closing))?;
    say(format_args!("exit code {code}\n\n{told}"));
    Ok(code)
}

/// A file that calls itself PDF.
fn sample(name: &str, length: usize) -> Vec<u8> {
    let mut bytes = format!("%PDF-1.7\n% {name}\n").into_bytes();
    bytes.extend((0..=250_u8).cycle().take(length));
    bytes
}

/// Whether the closing has each file once, to the byte.
fn told(folder: &Path, documents: &[(String, Vec<u8>)]) -> Result<String, Failure> {
    let is_same = |(name, bytes): &(String, Vec<u8>)| {
        fs::read(folder.join(name)).is_ok_and(|file| file == *bytes)
    };
    match documents.len() == 4 && documents.iter().all(is_same) {
        true => Ok("compared: the closing has each of the 4 files once, to the byte".into()),
        false => Err(Failure::new(INCOMPLETE, "the closing does not have each file once")),
    }
}
