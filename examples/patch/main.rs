//! Changes a part of something in Snow Atlas: by a merge patch (RFC 7396), by a JSON Patch
//! (RFC 6902), and by a DELETE with a body; and which of them may be sent twice.
//!
//! `patch USER LICENSE`, by their ids. Reads `SNOW_ATLAS_CLIENT_ID` and
//! `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and `SNOW_ATLAS_REGION` (default
//! `westeurope`). Without them it asks a stand-in server, which loses some answers.

mod changes;
#[allow(dead_code, reason = "nothing is polled here")]
#[path = "../import/ended.rs"]
mod ended;
#[allow(dead_code, reason = "nothing is polled here")]
#[path = "../import/outcome.rs"]
mod outcome;
#[path = "../stand_in/mod.rs"]
mod stand_in;
#[path = "../tell/mod.rs"]
mod tell;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use outcome::Trouble;
use stand_in::StandIn;
use unattended::{Client, Credentials, Provider};

fn main() -> ExitCode {
    let Err(trouble) = run() else { return ExitCode::SUCCESS };
    tell::err(format_args!("patch: {trouble}"));
    trouble.exit_code().into()
}

fn run() -> Result<(), Trouble> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let ids: Vec<OsString> = env::args_os().skip(1).collect();
    let ids: Option<Vec<&str>> = ids.iter().map(|id| id.to_str()).collect();
    let Some(ids) = ids else { return Err(Trouble::Usage("an id that is no text")) };
    let is_real = env::var_os("SNOW_ATLAS_CLIENT_ID").is_some();
    let (provider, credentials, user, license) = match (is_real, &ids[..]) {
        (true, [user, license]) => {
            let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
            let credentials = Credentials::from_env("SNOW_ATLAS")?;
            (Provider::snow_atlas(&region)?, credentials, *user, *license)
        }
        (false, []) => (stand_in.snow_atlas()?, stand_in.credentials(), "u-1", "l-1"),
        _ => return Err(Trouble::Usage("patch USER LICENSE; nothing without credentials")),
    };
    let client = Client::new(provider, credentials)?;
    changes::review(&client, user)?;
    changes::tag(&client, license)?;
    changes::untag(&client, license)
}
