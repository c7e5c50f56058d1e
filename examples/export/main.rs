//! Exports whole collections to files: complete, counted, or not at all.
//!
//! With arguments it calls a real API; client id and secret come from the environment
//! (`SNOW_ATLAS_CLIENT_ID`, `SNOW_ATLAS_CLIENT_SECRET`, …: see `--help`). Without, it
//! starts a stand-in server on the loopback and shows the whole job on that.

#[path = "../advice/mod.rs"]
mod advice;
mod arguments;
mod collection;
mod copy;
#[path = "../destination/mod.rs"]
mod destination;
mod failure;
mod in_options;
mod job;
mod output;
mod paging;
mod reading;
mod rehearsal;
mod report;
#[path = "../source/mod.rs"]
mod source;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod state;
mod target;

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use unattended::Client;

use arguments::{Arguments, Destination, Task};
use collection::Collection;
use failure::Failure;
use job::Job;
use report::Report;
use source::Source;

fn main() -> ExitCode {
    let parsed = Arguments::parse(env::args_os().skip(1)).map_err(Failure::Usage);
    let done = parsed.and_then(|arguments| match &arguments.task {
        Task::Help => help(),
        Task::Rehearsal => rehearsal::run(&arguments),
        Task::Export(source) => export(&arguments, source),
    });
    let code = done.unwrap_or_else(|failure| {
        // Nobody listens to a closed standard error, but the exit code still counts.
        let _ = writeln!(io::stderr(), "export: {failure}");
        failure.exit_code()
    });
    code.into()
}

fn help() -> Result<u8, Failure> {
    let printed = io::stdout().write_all(arguments::help().as_bytes());
    printed.map(|()| 0).map_err(|error| Failure::Output("the help".into(), error))
}

/// Returns the exit code.
fn export(arguments: &Arguments, source: &Source) -> Result<u8, Failure> {
    let mut collections = Collection::of(arguments)?;
    let provider = source.provider()?;
    let pagination =
        arguments.paging.declare(provider.pagination().clone()).map_err(Failure::Usage)?;
    let credentials = source
        .credentials()
        .map_err(|(error, variables)| Failure::NoCredentials(error, variables))?;
    let to_stdout = matches!(arguments.destination, Destination::Stdout);
    let report = Report::new(arguments.is_verbose, to_stdout && io::stdout().is_terminal());
    let watching = report.clone();
    let client =
        Client::new(provider, credentials)?.with_observer(move |event| watching.observe(event));
    report.say(&format!("reading {} from {}", arguments.paths.join(", "), source.name()));
    Job { client: &client, arguments, pagination: &pagination, report: &report }
        .run(&mut collections);
    Ok(job::exit_code(&collections))
}
