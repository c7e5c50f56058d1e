//! Tries the credentials, and one GET if a path is given.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;

use crate::failure::Failure;
use crate::in_options::in_options;
use crate::options::Common;
use crate::report::Report;
use crate::session::Session;

/// Tests what `call` would use, and prints a report for a support ticket
///
/// It tries the credentials, then one GET if a path is given. Nothing in the report is secret. It
/// asks for a new token, which some providers bill. The exit code is 0 if all is well, else that
/// of the error.
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
    let client = session.connect(report)?;
    let found = client.diagnose(path);
    let text = in_options(&found.to_string()).text;
    let printed = writeln!(io::stdout(), "{}", text.trim_end());
    printed.map_err(|error| Failure::Output("the report".into(), error))?;
    Ok(found.exit_code())
}
