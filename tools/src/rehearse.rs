//! The whole job against the stand-in, and a look at whether it was done right.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;
use unattended::{Client, Result};

use crate::export::{Asked, Collection, Format, FormatOptions, Job, Plan, Reading};
use crate::export::{RowWriter, exit_code};
use crate::failure::Failure;
use crate::files;
use crate::options::Talk;
use crate::report::Report;
use crate::stand_in::{COMPUTERS, SUBSCRIPTIONS, StandIn};

/// Exports a collection of a stand-in server in this process, on a bad day, and looks at the file
///
/// Offline and without credentials: tokens expire and are revoked, and the server asks to wait.
#[derive(Args)]
pub struct Arguments {
    /// Where to write; a temporary file, whose name is told, unless it is given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: FormatOptions,
    /// As text, or one JSON object on a line
    #[command(flatten)]
    talk: Talk,
}

pub fn run(arguments: Arguments) -> (Arc<Report>, std::result::Result<u8, Failure>) {
    let talk = Talk { verbose: !arguments.talk.quiet, ..arguments.talk };
    let report = Report::of_walk("rehearse", talk, false);
    let done = rehearse(arguments, &report);
    (report, done)
}

/// Returns the exit code.
fn rehearse(arguments: Arguments, report: &Arc<Report>) -> std::result::Result<u8, Failure> {
    let format = arguments.format.format().map_err(Failure::Usage)?;
    let file = arguments.out.unwrap_or_else(|| default_file(&format));
    let stand_in = StandIn::eventful();
    report.say(&format!("a stand-in server plays all providers at {}", stand_in.url("/")));
    visit_the_others(&stand_in, report)?;
    let watching = report.clone();
    let provider = stand_in.snow_atlas()?.with_scope("openid");
    let pagination = provider.pagination().clone();
    let client = Client::new(provider, stand_in.credentials())?
        .with_observer(move |event| watching.observe(event));
    say_tenant(&client, report)?;
    let plan = Plan {
        path: COMPUTERS.to_owned(),
        reading: Reading::Get,
        pagination,
        format,
        asked: Asked::new(),
        read_ahead: 0,
        since: None,
    };
    let mut collections = [Collection::new(COMPUTERS, plan, Some(file.clone()), &[])?];
    Job { client: &client, wants_resume: false, report }.run(&mut collections);
    let format = &collections[0].plan.format;
    if collections.iter().all(Collection::is_complete) {
        compare(&file, format, stand_in.computers())?;
        let rows: u64 = collections.iter().map(|collection| collection.rows).sum();
        report.say(&format!(
            "compared: the file holds the {rows} computers of the server, to the letter"
        ));
    }
    Ok(exit_code(&collections))
}

/// Snapdocs and Cognito: that each gets a token in its own way.
fn visit_the_others(stand_in: &StandIn, report: &Report) -> Result<()> {
    let snapdocs = Client::new(stand_in.snapdocs_demo()?, stand_in.credentials())?;
    let subscriptions = snapdocs.items::<Value>(SUBSCRIPTIONS).collect::<Result<Vec<_>>>()?;
    report.say(&format!(
        "snapdocs-demo: token by audience, {} subscriptions in {} pages",
        subscriptions.len(),
        snapdocs.stats().pages
    ));
    Client::new(stand_in.snapdocs()?, stand_in.credentials())?.access_token()?;
    report.say("snapdocs: token by the audience of production");
    let cognito = stand_in.cognito()?.with_scope("api/write");
    Client::new(cognito, stand_in.credentials())?.access_token()?;
    report.say("cognito: token by HTTP Basic for the scope api/write");
    Ok(())
}

fn say_tenant(client: &Client, report: &Report) -> Result<()> {
    let id_token = client.access_token()?.id_token()?;
    let tenant: String = id_token.claim("tenant")?;
    let name: String = id_token.claim("tenant_name")?;
    report.say(&format!("snow-atlas: the id_token names the tenant {tenant} ({name})"));
    Ok(())
}

/// Writes what the server holds in the same format, and looks for the first difference.
fn compare(file: &Path, format: &Format, rows: &[String]) -> std::result::Result<(), Failure> {
    let name = file.display();
    let mut expected = Vec::new();
    let unreadable = |error| Failure::Unusable(format!("{name} cannot be read again: {error}"));
    let mut writer = RowWriter::new(format, &mut expected).map_err(unreadable)?;
    for row in rows {
        let row: &RawValue = serde_json::from_str(row).map_err(|error| unreadable(error.into()))?;
        writer.write(row).map_err(unreadable)?;
    }
    writer.finish().map_err(unreadable)?;
    drop(writer);
    let found = fs::read(file).map_err(unreadable)?;
    if found == expected {
        return Ok(());
    }
    let lines =
        |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (found, expected) = (lines(&found), lines(&expected));
    let same =
        found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    Err(Failure::Unusable(format!(
        "{name} has {} lines where {} were expected, and differs from line {} on",
        found.len() - 1,
        expected.len() - 1,
        same + 1
    )))
}

/// Below `target`, beside this program: another run replaces it, and git ignores it. A program
/// that is installed has no such place.
fn default_file(format: &Format) -> PathBuf {
    let program = env::current_exe().ok();
    let folder = program.as_deref().and_then(Path::parent);
    let is_built = |folder: &&Path| folder.ends_with("debug") || folder.ends_with("release");
    let extension = format.extension();
    match folder.filter(is_built) {
        Some(folder) => folder.join(format!("computers.{extension}")),
        None => env::temp_dir().join(format!("computers-{}.{extension}", files::unique())),
    }
}
