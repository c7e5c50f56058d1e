//! Calls an API once: a small curl for shell scripts that has the token, waits when the
//! server says wait, and ends with an exit code that tells what to do next.
//!
//! Client id and secret come from the environment (`SNOW_ATLAS_CLIENT_ID`,
//! `SNOW_ATLAS_CLIENT_SECRET`, …: see `--help`). Without, a stand-in server on the loopback
//! answers:
//!
//! ```console
//! $ cargo run --example call -- /api/sam/estate/v1/computers --query page_size=2
//! ```

#[path = "../advice/mod.rs"]
mod advice;
mod arguments;
#[path = "../command_line/mod.rs"]
mod command_line;
#[path = "../destination/mod.rs"]
mod destination;
mod failure;
mod help;
mod output;
mod report;
mod request;
#[path = "../source/mod.rs"]
mod source;
#[path = "../stand_in/mod.rs"]
mod stand_in;

use std::cmp::Reverse;
use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use unattended::http::StatusCode;
use unattended::{Client, FileStore, Request};

use arguments::{Accepted, Arguments, Store, Task};
use failure::Failure;
use output::Output;
use report::Report;
use source::Source;
use stand_in::{SUBSCRIPTIONS, StandIn};

fn main() -> ExitCode {
    let mut report = Report::default();
    let task = Task::parse(env::args_os().skip(1)).map_err(Failure::Usage);
    let done = task.and_then(|task| match task {
        Task::Help => help(),
        Task::Call(arguments) => {
            report.is_verbose = arguments.is_verbose;
            call(&arguments, &mut report).inspect_err(|failure| report.excerpt(failure))
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report.say(&failure.to_string());
            failure.exit_code().into()
        }
    }
}

fn help() -> Result<(), Failure> {
    let printed = io::stdout().write_all(help::text().as_bytes());
    printed.map_err(|error| Failure::Output("the help".into(), error))
}

fn call(arguments: &Arguments, report: &mut Report) -> Result<(), Failure> {
    let request = arguments.request(&mut report.secrets)?;
    // One may be a part of another.
    report.secrets.sort_by_key(|secret| Reverse(secret.len()));
    let Some(source) = &arguments.source else {
        // It stops when it is dropped, so it must live as long as the client.
        let stand_in = StandIn::calm();
        report.say(&format!("no --provider, so a stand-in server answers: {}", stand_in.url("/")));
        let provider = match arguments.target.starts_with(SUBSCRIPTIONS) {
            true => stand_in.snapdocs_demo()?,
            false => stand_in.snow_atlas()?,
        };
        let client = Client::new(provider, stand_in.credentials())?;
        return deliver(&with_settings(client, arguments, report), &request, arguments, report);
    };
    let client = with_settings(client(source)?, arguments, report);
    let client = match &arguments.store {
        Store::OfTheUser => client.with_store(FileStore::default()),
        Store::At(folder) => client.with_store(FileStore::at(folder)),
        Store::Off => client,
    };
    deliver(&client, &request, arguments, report)
}

fn client(source: &Source) -> Result<Client, Failure> {
    let provider = source.provider()?;
    let credentials = source
        .credentials()
        .map_err(|(error, variables)| Failure::NoCredentials(error, variables))?;
    Ok(Client::new(provider, credentials)?)
}

fn with_settings(client: Client, arguments: &Arguments, report: &Report) -> Client {
    let client = client.with_retry_policy(arguments.policy);
    let report = report.clone();
    let client = client.with_observer(move |event| report.observe(event));
    match arguments.idle {
        Some(idle) => {
            let connection = client.connection().clone().with_idle_timeout(idle);
            client.with_connection(connection)
        }
        None => client,
    }
}

/// Where the answer goes is opened first: what cannot be written need not be asked for.
fn deliver(
    client: &Client,
    request: &Request,
    arguments: &Arguments,
    report: &Report,
) -> Result<(), Failure> {
    let mut output = Output::open(arguments.out.as_deref())?;
    let status = match arguments.accepted {
        Accepted::Content => content(client, request, &mut output)?,
        Accepted::Any => {
            let response = client.send(request)?;
            if arguments.includes_head {
                report.head(&response);
            }
            if response.status() != StatusCode::NOT_MODIFIED {
                output.write_all(response.bytes()).map_err(|error| output.failure(error))?;
            }
            response.status()
        }
    };
    if status == StatusCode::NOT_MODIFIED {
        report.say("304 Not Modified: nothing is written");
        return Ok(());
    }
    output.keep()
}

/// In constant memory, and only if it is all there. Tells 304 from other successes.
fn content(
    client: &Client,
    request: &Request,
    output: &mut Output,
) -> unattended::Result<StatusCode> {
    match client.download(request, output) {
        Ok(_) => Ok(StatusCode::OK),
        Err(error) if error.status() == Some(StatusCode::NOT_MODIFIED) => {
            Ok(StatusCode::NOT_MODIFIED)
        }
        Err(error) => Err(error),
    }
}
