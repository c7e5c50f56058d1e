//! Tries the credentials, and one GET if a path is given.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use serde::de::IgnoredAny;
use unattended::{Client, Error, Pagination};

use crate::failure::Failure;
use crate::in_options::in_options;
use crate::options::{Common, quoted};
use crate::report::Report;
use crate::session::Session;

/// Tests what `call` would use, and prints a report for a support ticket
///
/// It tries the credentials, then one GET if a path is given, and says how that collection pages.
/// Nothing in the report is secret. It asks for a new token, which some providers bill. The exit
/// code is 0 if all is well, else that of the error.
#[derive(Args)]
#[command(after_help = "unattended doctor --provider snow-atlas --region westeurope /api/health")]
pub struct Arguments {
    /// Such as /api/health
    path: Option<String>,
    #[command(flatten)]
    common: Common,
}

pub fn run(arguments: &Arguments) -> (Arc<Report>, Result<u8, Failure>) {
    let report = Report::short("doctor", arguments.common.talk);
    let done = check(arguments, &report);
    (report, done)
}

fn check(arguments: &Arguments, report: &Arc<Report>) -> Result<u8, Failure> {
    let path = arguments.path.as_deref();
    if path.is_some_and(|path| !path.starts_with('/')) {
        return Err(Failure::Usage("one path of the API is what there may be: /api/health".into()));
    }
    let session = Session::new(&arguments.common, path.unwrap_or_default())?;
    let pagination = session.pagination().clone();
    let client = session.connect(report)?;
    let found = client.diagnose(path);
    let mut text = in_options(&found.to_string()).text.trim_end().to_owned();
    if let Some(path) = path.filter(|_| found.is_ok()) {
        text.push_str(&format!("\n{}", paging(&client, path, &pagination, report)));
    }
    let printed = writeln!(io::stdout(), "{text}");
    printed.map_err(|error| Failure::Output("the report".into(), error))?;
    Ok(found.exit_code())
}

/// How the collection at `path` pages, by its first two pages, and what a profile needs for it.
fn paging(client: &Client, path: &str, known: &Pagination, report: &Report) -> String {
    let tell = |what: &str| format!("paging             {what}");
    if *known != Pagination::detect() {
        return tell("as the provider's preset declares it");
    }
    let mut pages = client.pages::<IgnoredAny>(path);
    let error = pages.by_ref().take(2).find_map(Result::err);
    let found = match error {
        Some(Error::Incomplete(incomplete)) if incomplete.declare.is_some() => incomplete.declare,
        // The words of the server, and what to declare to see the rows at all.
        Some(error) => return tell(&format!("unknown: {}", Failure::Api(error))),
        None => report.declaration(),
    };
    let Some(way) = found else {
        return tell("by links that are recognised; the last line of an export names them");
    };
    let name = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
    let name = name.rsplit('/').next().unwrap_or(name).replace(|c: char| !c.is_alphanumeric(), "_");
    let block = format!("[collections.{name}]\npath = {path:?}\npaging = {way:?}");
    tell(&format!("--paging {}; in a profile:\n\n{block}", quoted(&way)))
}
