//! A mortgage closing at Snapdocs from its creation to its audit trail: warnings within a
//! 201, user data in the path, an upload, a PUT without a body, a download that appears
//! when it is complete, pages, and a read that is a POST.
//!
//! Reads `SNAPDOCS_CLIENT_ID` and `SNAPDOCS_CLIENT_SECRET` (or `…_SECRET_FILE`), and what
//! `--help` lists. Without them it calls a stand-in server.

mod arguments;
mod create;
mod download;
mod inputs;
mod sample;
#[path = "../snapdocs/mod.rs"]
mod snapdocs;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod steps;
#[path = "../tell/mod.rs"]
mod tell;

use std::process::ExitCode;

use arguments::{Arguments, HELP};
use snapdocs::Failure;
use stand_in::StandIn;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell::err(format_args!("closing: {failure}"));
            failure.code.into()
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(arguments) = Arguments::read()? else {
        return snapdocs::help(HELP);
    };
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::eventful();
    let client = snapdocs::connect(arguments.is_sample.then_some(&stand_in))?;
    steps::close(&client, &arguments)
}
