//! Imports a file into Snow Atlas: by a presigned upload to a storage at another origin,
//! then by a task that is polled until it is over.
//!
//! `import [FILE [SECONDS]]`; SECONDS is how long the task may take, 1800 by default. Reads
//! `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and
//! `SNOW_ATLAS_REGION` (default `westeurope`). Without them it asks a stand-in server.

mod ended;
mod job;
mod outcome;
mod poll;
#[path = "../stand_in/mod.rs"]
mod stand_in;
#[path = "../tell/mod.rs"]
mod tell;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use outcome::Trouble;
use poll::Patience;
use stand_in::StandIn;
use unattended::{Client, Credentials, Provider, SystemClock};

fn main() -> ExitCode {
    let Err(trouble) = run() else { return ExitCode::SUCCESS };
    tell::err(format_args!("import: {trouble}"));
    trouble.exit_code().into()
}

fn run() -> Result<(), Trouble> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let (file, patience) = arguments().ok_or(Trouble::Usage("import [FILE [SECONDS]]"))?;
    let (provider, credentials) = match env::var_os("SNOW_ATLAS_CLIENT_ID") {
        Some(_) if file.is_none() => return Err(Trouble::Usage("which file is to be imported?")),
        Some(_) => {
            let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
            (Provider::snow_atlas(&region)?, Credentials::from_env("SNOW_ATLAS")?)
        }
        None => (stand_in.snow_atlas()?, stand_in.credentials()),
    };
    let client = Client::new(provider, credentials)?;
    let file = file.unwrap_or_else(|| SAMPLE.into());
    let result = job::import(&client, &SystemClock, file.as_ref(), &patience)?;
    tell::result(format_args!("imported: {result}")).map_err(Trouble::Output)
}

fn arguments() -> Option<(Option<String>, Patience)> {
    let words = env::args_os().skip(1).map(OsString::into_string).collect::<Result<Vec<_>, _>>();
    let (file, seconds) = match words.ok()?.as_slice() {
        [] => (None, 1800),
        [option, ..] if option.starts_with('-') => return None,
        [file] => (Some(file.clone()), 1800),
        [file, seconds] => (Some(file.clone()), seconds.parse().ok()?),
        _ => return None,
    };
    Some((file, Patience::of(Duration::from_secs(seconds))))
}

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/import/licenses.csv");
