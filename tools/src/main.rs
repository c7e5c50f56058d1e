//! `unattended`: exports collections of an HTTP API, calls it once, and finds out what is
//! wrong. `--help` tells the rest.

mod call;
mod doctor;
mod export;
mod failure;
mod files;
mod in_options;
mod interrupt;
mod member;
mod options;
mod profile;
mod rehearse;
mod report;
mod session;
#[path = "../../examples/stand_in/mod.rs"]
mod stand_in;
mod times;

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, Parser, Subcommand};

use failure::Failure;
use options::{Talk, usage};
use profile::Profile;
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
    run(&words).unwrap_or_else(|error| usage::end(&error, &words)).into()
}

/// Returns the exit code.
fn run(words: &[OsString]) -> Result<u8, clap::Error> {
    let command = Cli::command();
    let given = command.clone().try_get_matches_from(words)?;
    let Some((name, matches)) = given.subcommand() else { return Ok(USAGE) };
    let expanded = Profile::load(matches).and_then(|profile| {
        let of = command.find_subcommand(name);
        let expanded = of.map(|of| profile.expand(words, of, matches)).unwrap_or_default();
        let cli = Cli::try_parse_from(expanded).map_err(|error| profile.wrong(&error))?;
        Ok((cli, profile))
    });
    let (cli, profile) = match expanded {
        Ok(both) => both,
        Err(failure) => {
            let report = Report::short(usage::program(words), Talk::default());
            return Ok(ended(&report, Err(failure)));
        }
    };
    let (report, done) = match cli.command {
        Task::Export(arguments) => export::run(arguments, &Given { words, matches, profile }),
        Task::Call(arguments) => call::run(&arguments),
        Task::Doctor(arguments) => doctor::run(&arguments),
        Task::Rehearse(arguments) => rehearse::run(arguments),
    };
    Ok(ended(&report, done))
}

/// The command line as it was given, and the profile.
struct Given<'a> {
    words: &'a [OsString],
    matches: &'a ArgMatches,
    profile: Profile,
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
const USAGE: u8 = 64;
