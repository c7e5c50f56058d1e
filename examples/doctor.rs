//! Tries the credentials, then one GET if a path is given (`doctor /api/health`), and prints
//! a report for a support ticket: nothing in it is secret. It asks for a new token, which
//! some providers bill.
//!
//! The first of these whose client id is set, each with `…_CLIENT_SECRET` (or
//! `…_CLIENT_SECRET_FILE`); without any it asks a stand-in server:
//!
//! * `SNOW_ATLAS_CLIENT_ID`, with `SNOW_ATLAS_REGION` (default `westeurope`);
//! * `SNAPDOCS_CLIENT_ID`, with `SNAPDOCS_DEMO=1` for the demo environment;
//! * `API_CLIENT_ID`, with `API_TOKEN_ENDPOINT`, `API_BASE_URL` and perhaps
//!   `API_SCOPE`: Amazon Cognito and all others that take HTTP Basic.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use stand_in::StandIn;
use unattended::{Client, Credentials, Provider, Result};

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let path = match &words[..] {
        [] => Some(None),
        [word] => word.to_str().filter(|path| path.starts_with('/')).map(Some),
        _ => None,
    };
    let Some(path) = path else {
        eprintln!("doctor [PATH], a path of the API, such as /api/health");
        return ExitCode::from(64);
    };
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let client = match client(&stand_in) {
        Ok(client) => client,
        Err(error) => {
            eprintln!("doctor: {error:?}");
            return error.exit_code().into();
        }
    };
    let report = path.map_or_else(|| client.check(), |path| client.check_with(path));
    println!("{report}");
    report.exit_code().into()
}

fn client(stand_in: &StandIn) -> Result<Client> {
    let is_set = |name: &str| env::var_os(name).is_some();
    let text = |name: &str, default: &str| env::var(name).unwrap_or(default.into());
    let (provider, prefix) = if is_set("SNOW_ATLAS_CLIENT_ID") {
        (Provider::snow_atlas(&text("SNOW_ATLAS_REGION", "westeurope"))?, "SNOW_ATLAS")
    } else if is_set("SNAPDOCS_CLIENT_ID") {
        let is_demo = is_set("SNAPDOCS_DEMO");
        (if is_demo { Provider::snapdocs_demo() } else { Provider::snapdocs() }, "SNAPDOCS")
    } else if is_set("API_CLIENT_ID") {
        let provider = Provider::new(&text("API_TOKEN_ENDPOINT", ""), &text("API_BASE_URL", ""))?;
        let scope = env::var("API_SCOPE").ok();
        (scope.into_iter().fold(provider, Provider::with_scope), "API")
    } else {
        return Client::new(stand_in.snow_atlas()?, stand_in.credentials());
    };
    Client::new(provider, Credentials::from_env(prefix)?)
}
