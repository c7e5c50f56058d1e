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
use std::ffi::OsString;
use std::process::ExitCode;

use stand_in::StandIn;

fn main() -> ExitCode {
    let words: Result<Vec<String>, OsString> =
        env::args_os().skip(1).map(OsString::into_string).collect();
    let Some(words) = words.ok().filter(|words| words.len() < 3) else {
        eprintln!("search [NAME [FILE]]");
        return ExitCode::from(64);
    };
    let Err(error) = run(&words) else { return ExitCode::SUCCESS };
    match error.downcast_ref::<unattended::Error>() {
        // Debug adds the causes.
        Some(error) => {
            eprintln!("search: {error:?}");
            error.exit_code().into()
        }
        // The others are about variables: 78, a configuration error.
        None => {
            eprintln!("search: {error}");
            ExitCode::from(78)
        }
    }
}

fn run(words: &[String]) -> Result<(), Box<dyn Error>> {
    // It stops when it is dropped, so it must live as long as the clients.
    let stand_in = StandIn::calm();
    let name = words.first().map_or("O'Brien", String::as_str);
    filtered::run(&stand_in, name, words.get(1).map(String::as_str))?;
    posts::run(&stand_in)
}
