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

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use outcome::Trouble;
use poll::Patience;
use stand_in::StandIn;
use unattended::{Client, Credentials, Provider, SystemClock};

fn main() -> ExitCode {
    let Err(trouble) = run() else { return ExitCode::SUCCESS };
    eprintln!("import: {trouble}");
    trouble.exit_code().into()
}

fn run() -> Result<(), Trouble> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let mut arguments = env::args().skip(1);
    let file = arguments.next();
    let (provider, credentials) = match env::var_os("SNOW_ATLAS_CLIENT_ID") {
        Some(_) if file.is_none() => return Err(Trouble::Usage("which file is to be imported?")),
        Some(_) => {
            let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
            (Provider::snow_atlas(&region)?, Credentials::from_env("SNOW_ATLAS")?)
        }
        None => (stand_in.snow_atlas()?, stand_in.credentials()),
    };
    let client = Client::new(provider, credentials)?;

    let Ok(seconds) = arguments.next().map_or(Ok(1800), |text| text.parse()) else {
        return Err(Trouble::Usage("import [FILE [SECONDS]]"));
    };
    let patience = Patience::of(Duration::from_secs(seconds));
    let file = file.unwrap_or_else(|| SAMPLE.into());
    println!("imported: {}", job::import(&client, &SystemClock, file.as_ref(), &patience)?);
    Ok(())
}

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/import/licenses.csv");
