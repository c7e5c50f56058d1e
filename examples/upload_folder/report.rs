//! What a run tells: a line for each file, the sum, the exit code.

use std::path::Path;

use crate::snapdocs::{Failure, INCOMPLETE, REFUSED, TEMPORARY};
use crate::tell::{self, plain, say};

pub const HELP: &str = "\
Uploads the PDFs of a folder to a Snapdocs closing, and none again that is known to be there.

    upload_folder FOLDER CLOSING [MANIFEST]
    upload_folder                                      (a run against a stand-in server)

    FOLDER                 its *.pdf are sent by name; folders in it are left out
    CLOSING                the closing_uuid
    MANIFEST               what became of each file; default FOLDER/manifest.jsonl

Run it again with the same manifest until it ends with 0: what is uploaded is skipped, what
failed is tried again, and what is unknown, because its answer was lost or the run was killed,
is looked up in the document list first, and once more when the manifest is a minute old. A
server that lists a document only later than that can get it twice.

Exit codes: 0 all uploaded, 64 usage, 65 files that cannot be sent, 69 refused by the server,
73 no manifest can be written, 75 temporary or unknown: run it again, 77 credentials,
78 configuration.

";

/// What became of a file in this run.
pub enum Outcome {
    /// By the server's words.
    Uploaded(String),
    /// An earlier run had uploaded it, which nobody knew.
    Found,
    /// An earlier run had uploaded it.
    Known,
    Refused(String),
    /// Nothing that the server could change.
    Unsendable(String),
    Unknown(String),
    /// What another run could not upload was taken away or renamed.
    Gone,
}

#[derive(Default)]
pub struct Tally {
    uploaded: u32,
    found: u32,
    known: u32,
    refused: u32,
    unsendable: u32,
    unknown: u32,
}

impl Tally {
    pub fn count(&mut self, name: &str, outcome: &Outcome) {
        let (count, text) = match outcome {
            Outcome::Uploaded(words) => (&mut self.uploaded, format!("uploaded: {words}")),
            Outcome::Found => (&mut self.found, "found in the document list".into()),
            Outcome::Known => (&mut self.known, "uploaded before".into()),
            Outcome::Refused(words) => (&mut self.refused, format!("failed: {words}")),
            Outcome::Unsendable(words) => (&mut self.unsendable, format!("failed: {words}")),
            Outcome::Unknown(words) => (&mut self.unknown, format!("unknown: {words}")),
            Outcome::Gone => {
                let text = "it failed before, and is not there any more";
                return say(format_args!("{}: gone: {text}", plain(name)));
            }
        };
        *count += 1;
        say(format_args!("{}: {text}", plain(name)));
    }

    pub fn tell(&self, manifest: &Path) {
        say(format_args!(
            "{} uploaded, {} found, {} before, {} failed, {} unknown; {}",
            self.uploaded,
            self.found,
            self.known,
            self.refused + self.unsendable,
            self.unknown,
            manifest.display()
        ));
    }

    /// 75 says that another run may do, which is true only if nothing failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self { refused: 1.., .. } => REFUSED,
            Self { unsendable: 1.., .. } => INCOMPLETE,
            Self { unknown: 1.., .. } => TEMPORARY,
            _ => 0,
        }
    }
}

pub fn left_out(name: &str) {
    tell::err(format_args!("{}: left out, not a PDF", plain(name)));
}

/// Returns the exit code.
pub fn ended(failure: &Failure) -> u8 {
    tell::err(format_args!("upload_folder: {failure}"));
    failure.code
}
