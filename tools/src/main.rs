//! `unattended`: exports collections of an HTTP API, calls it once, and finds out what is
//! wrong. `--help` tells the rest.

mod call;
mod doctor;
mod export;
mod failure;
mod files;
mod in_options;
mod options;
mod rehearse;
mod report;
mod session;
#[path = "../../examples/stand_in/mod.rs"]
mod stand_in;

use std::env;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use options::usage;
use report::Report;

/// Command-line tools for HTTP APIs behind the OAuth 2.0 client-credentials grant.
#[derive(Parser)]
#[command(name = "unattended", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    Export(export::Arguments),
    Call(call::Arguments),
    Doctor(doctor::Arguments),
    Rehearse(rehearse::Arguments),
}

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().collect();
    let task = match Cli::try_parse_from(&words) {
        Ok(cli) => cli.command,
        Err(error) => return usage::end(&error, &words).into(),
    };
    let (report, done) = match task {
        Task::Export(arguments) => export::run(arguments, &words),
        Task::Call(arguments) => call::run(&arguments),
        Task::Doctor(arguments) => doctor::run(&arguments),
        Task::Rehearse(arguments) => rehearse::run(arguments),
    };
    ended(&report, done).into()
}

/// The exit code, after the last words.
fn ended(report: &Report, done: Result<u8, Failure>) -> u8 {
    done.unwrap_or_else(|failure| {
        report.fail(&failure);
        failure.exit_code()
    })
}

const EXIT_CODES: &str = "\
Exit codes: 0 complete, 64 usage, 65 incomplete, 69 refused by the server, 73 the output cannot
be written, 75 temporary: try again later, 77 credentials, 78 configuration. With any but 0,
what is on standard output is not all.";
