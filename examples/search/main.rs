//! Searches: filtered reads of Snow Atlas, with what a filter and a date need on the way,
//! a file behind a redirect; and a read that is a POST, of an API behind Amazon Cognito.
//!
//! `search [NAME [FILE]]`, a part of a user's name and a file's id. Reads
//! `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and
//! `SNOW_ATLAS_REGION` (default `westeurope`); `COGNITO_CLIENT_ID` and
//! `COGNITO_CLIENT_SECRET`, `COGNITO_PREFIX`, `COGNITO_AWS_REGION`, `COGNITO_API` (such as
//! `https://api.example.com`) and `COGNITO_SEARCH` (a path). Where there are no
//! credentials it asks a stand-in server.

mod filter;
mod filtered;
mod posts;
#[path = "../stand_in/mod.rs"]
mod stand_in;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use stand_in::StandIn;

fn main() -> ExitCode {
    let Err(error) = run() else { return ExitCode::SUCCESS };
    eprintln!("search: {error}");
    // The other errors are about variables: 78, a configuration error.
    error.downcast_ref().map_or(78, unattended::Error::exit_code).into()
}

fn run() -> Result<(), Box<dyn Error>> {
    // It stops when it is dropped, so it must live as long as the clients.
    let stand_in = StandIn::calm();
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "O'Brien".into());
    filtered::run(&stand_in, &name, arguments.next().as_deref())?;
    posts::run(&stand_in)
}
