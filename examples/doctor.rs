//! Tries the credentials, then one GET if a path is given (`doctor /api/health`), and prints
//! a report for a support ticket: nothing in it is secret. It asks for a new token, which
//! some providers bill.
//!
//! It takes the options of `call` that say which API is meant (`--provider custom
//! --token-endpoint …`: see `--help`). Client id and secret come from the environment
//! (`CUSTOM_CLIENT_ID`, `CUSTOM_CLIENT_SECRET`, …). Without any it asks a stand-in server, and
//! says so:
//!
//! ```console
//! $ cargo run --example doctor -- --provider snow-atlas --region westeurope /api/health
//! ```

#[path = "advice/mod.rs"]
mod advice;
#[path = "command_line/mod.rs"]
mod command_line;
#[allow(dead_code, reason = "it writes no file")]
#[path = "destination/mod.rs"]
mod destination;
#[allow(dead_code, reason = "it reads nothing")]
#[path = "call/failure.rs"]
mod failure;
#[path = "source/mod.rs"]
mod source;
#[path = "stand_in/mod.rs"]
mod stand_in;
#[path = "tell/mod.rs"]
mod tell;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use advice::in_options;
use command_line::{Known, Parsed, Words};
use failure::Failure;
use source::Source;
use stand_in::StandIn;
use unattended::Client;

fn main() -> ExitCode {
    let task = Task::parse(env::args_os().skip(1)).map_err(Failure::Usage);
    let done = task.and_then(|task| match task {
        Task::Help => print(format!("{HELP}\n{}", source::HELP)).map(|()| 0),
        Task::Check(source, path) => check(source.as_ref(), path.as_deref()),
    });
    let code = done.unwrap_or_else(|failure| {
        tell::err(format_args!("doctor: {failure}"));
        failure.exit_code()
    });
    code.into()
}

/// What the command line asks for.
enum Task {
    Help,
    /// Of this API, or the stand-in, and with a GET or without.
    Check(Option<Source>, Option<String>),
}

impl Task {
    fn parse(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let known = Known { flags: &[], values: &[], repeatable: &[] };
        let mut words = Words::split(arguments, &known)?;
        if words.flag("help") {
            return Ok(Self::Help);
        }
        let source = words.source()?;
        words.end()?;
        match &words.free[..] {
            [] => Ok(Self::Check(source, None)),
            [path] if path.starts_with('/') => Ok(Self::Check(source, Some(path.clone()))),
            _ => Err("one path of the API is what there may be, such as /api/health".into()),
        }
    }
}

/// Returns the exit code.
fn check(source: Option<&Source>, path: Option<&str>) -> Result<u8, Failure> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let client = match source {
        Some(source) => {
            let credentials = source
                .credentials()
                .map_err(|(error, variables)| Failure::NoCredentials(error, variables))?;
            Client::new(source.provider()?, credentials)?
        }
        None => {
            let url = stand_in.url("/");
            tell::err(format_args!("doctor: no --provider, so a stand-in server answers: {url}"));
            Client::new(stand_in.snow_atlas()?, stand_in.credentials())?
        }
    };
    let report = client.diagnose(path);
    print(in_options(&format!("{report}\n"), &[]))?;
    Ok(report.exit_code())
}

fn print(text: String) -> Result<(), Failure> {
    tell::result(text.trim_end()).map_err(|error| Failure::Output("the report".into(), error))
}

const HELP: &str = "\
Tries the credentials, then one GET if a path is given, and prints a report for a support
ticket: nothing in it is secret. It asks for a new token, which some providers bill.

    doctor [OPTIONS] [PATH]

    doctor --provider snow-atlas --region westeurope /api/health
    doctor                                             (checked against a stand-in server)

The exit code is 0 if all is well, else that of the error; 64 usage.
";
