//! Uploads the PDFs of a folder to a Snapdocs closing: a manifest tells what became of each
//! file, and another run goes on from there. What may have arrived is looked for in the
//! document list before it is sent again; only a server that lists it late can get it twice.
//!
//! Reads `SNAPDOCS_CLIENT_ID` and `SNAPDOCS_CLIENT_SECRET` (or `…_SECRET_FILE`), and what
//! `--help` lists. Without them it makes up a folder and calls a stand-in server.

mod folder;
mod job;
mod manifest;
mod rehearsal;
mod report;
mod sending;
#[path = "../snapdocs/mod.rs"]
mod snapdocs;
#[path = "../stand_in/mod.rs"]
mod stand_in;
#[path = "../tell/mod.rs"]
mod tell;

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use report::HELP;
use snapdocs::{Failure, USAGE};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    run(&words).unwrap_or_else(|failure| report::ended(&failure)).into()
}

/// Returns the exit code.
fn run(words: &[OsString]) -> Result<u8, Failure> {
    match words {
        [help] if help == "--help" || help == "-h" => snapdocs::help(HELP).map(|()| 0),
        [] if !snapdocs::has_credentials() => rehearsal::run(),
        [folder, closing, manifest @ ..] if manifest.len() < 2 => {
            let folder = Path::new(folder);
            let default = folder.join("manifest.jsonl");
            let manifest = manifest.first().map_or(default.as_path(), Path::new);
            let closing = closing.to_string_lossy();
            job::upload(&snapdocs::connect(None)?, folder, &closing, manifest)
        }
        _ => Err(Failure::new(USAGE, format!("a folder and a closing are needed\n\n{HELP}"))),
    }
}
