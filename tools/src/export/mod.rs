//! Exports whole collections: complete, counted, or not at all.

mod collection;
mod copy;
mod format;
mod job;
mod reading;
mod rows;
mod state;
mod target;

pub use collection::Collection;
pub use format::{Format, FormatOptions};
pub use job::{Job, exit_code};
pub use reading::Reading;
pub use rows::RowWriter;
pub use state::Asked;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Command};

use crate::failure::Failure;
use crate::options::paging::Paging;
use crate::options::{Common, quoted};
use crate::report::Report;
use crate::session;

/// Exports whole collections to files, complete or not at all
///
/// FILE appears, or is replaced, when all rows are there. Until then they are in FILE.part, and
/// FILE.resume says where to go on. A run that fails, is killed or loses power leaves both;
/// --resume takes them up, and a run without it replaces them.
#[derive(Args)]
#[command(after_help = ABOUT)]
pub struct Arguments {
    /// The collections, with a query if need be
    paths: Vec<String>,
    /// POST for a search that only reads
    #[arg(long, value_parser = ["GET", "POST"], default_value = "GET")]
    method: String,
    /// The body of the search: '{"open":true}', or @FILE for what is in a file
    #[arg(long)]
    json: Option<String>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    format: FormatOptions,
    #[command(flatten)]
    paging: Paging,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
#[command(next_help_heading = "Where to write; standard output if neither is given")]
struct Place {
    /// For one path
    #[arg(long, value_name = "FILE", conflicts_with = "out_dir")]
    out: Option<String>,
    /// For one path or several: DIR/computers.jsonl
    #[arg(long, value_name = "DIR")]
    out_dir: Option<String>,
    /// Goes on where a run that failed has stopped
    #[arg(long)]
    resume: bool,
}

pub enum Destination {
    Stdout,
    File(PathBuf),
    Directory(PathBuf),
}

pub fn run(arguments: Arguments, words: &[OsString]) -> (Arc<Report>, Result<u8, Failure>) {
    let to_stdout = arguments.place.out.is_none() && arguments.place.out_dir.is_none();
    let shares_screen = to_stdout && io::stdout().is_terminal();
    let report = Report::of_walk("export", arguments.common.talk, shares_screen);
    let done = export(arguments, words, &report);
    (report, done)
}

/// Returns the exit code.
fn export(arguments: Arguments, words: &[OsString], report: &Arc<Report>) -> Result<u8, Failure> {
    let Arguments { paths, method, json, place, format, paging, common } = arguments;
    let reading = Reading::parse(&method, json.as_deref()).map_err(Failure::Usage)?;
    paging.check().map_err(Failure::Usage)?;
    let format = format.format().map_err(Failure::Usage)?;
    let destination = place.destination(&paths).map_err(Failure::Usage)?;
    if paging.has("paging-in-body") && matches!(reading, Reading::Get) {
        return Err(Failure::Usage("--paging-in-body needs --method POST".into()));
    }
    let first = paths.first().map_or("", String::as_str);
    let (client, pagination) = session::connect(&common, first, report)?;
    let pagination = paging.declare(pagination).map_err(Failure::Usage)?;
    let mut collections = Collection::all(&paths, &destination, &format)?;
    report.say(&format!("reading {} from {}", paths.join(", "), common.api.name()));
    let asked = common.api.asked().chain(reading.asked()).chain(format.asked());
    let job = Job {
        client: &client,
        reading: &reading,
        pagination: &pagination,
        format: &format,
        asked: asked.chain(paging.asked()).collect(),
        client_id: &common.api.client_id(),
        wants_resume: place.resume,
        report,
    };
    job.run(&mut collections);
    if collections.iter().any(Collection::is_resumable) {
        let missing = collections.iter().filter(|collection| !collection.is_complete());
        let missing: Vec<&str> = missing.map(|collection| collection.path.as_str()).collect();
        report.tell(&format!("to go on: {}", to_go_on(words, &paths, &missing)));
    }
    Ok(exit_code(&collections))
}

impl Place {
    fn destination(&self, paths: &[String]) -> Result<Destination, String> {
        match (&self.out, &self.out_dir, paths.len()) {
            (.., 0) => Err("no path is given, such as /api/sam/estate/v1/computers".into()),
            (_, None, 2..) => Err("several paths need --out-dir".into()),
            (None, None, _) if self.resume => Err("--resume needs --out or --out-dir".into()),
            (Some(file), ..) => Ok(Destination::File(file.into())),
            (None, Some(directory), _) => Ok(Destination::Directory(directory.into())),
            (None, None, _) => Ok(Destination::Stdout),
        }
    }
}

/// The command that goes on with the `missing` ones of the paths.
fn to_go_on(words: &[OsString], paths: &[String], missing: &[&str]) -> String {
    let options = Arguments::augment_args(Command::new(""));
    let takes_value = |word: &str| {
        let Some(name) = word.strip_prefix("--") else { return false };
        let mut known = options.get_arguments().filter(|it| it.get_action().takes_values());
        known.any(|option| option.get_long() == Some(name))
    };
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let is_path =
        |at: usize| paths.iter().any(|path| *path == words[at]) && !takes_value(&words[at - 1]);
    let kept = (0..words.len()).filter(|at| *at < 2 || !is_path(*at) && words[*at] != "--resume");
    let kept: Vec<String> = kept.map(|at| quoted(&words[at])).collect();
    let missing = missing.iter().map(|path| quoted(path));
    kept.into_iter().chain(missing).chain(["--resume".to_owned()]).collect::<Vec<_>>().join(" ")
}

const ABOUT: &str = "\
Rows and pages that contradict what came before, or a place that the server does not know any more
while it gives the beginning, leave FILE.part only: the next run begins anew. What was asked must
be the same. FILE.resume holds no secret, but where an API pages by links or cursors it holds the
next one.

Each path is resumed by itself: one with nothing to resume, because it was complete say, is read
anew. So a cron line may always carry --resume; the last words of a run that failed are the command
that reads only what is missing. A resumed file holds rows of two times. It is complete when all
its rows are as many as the server promises last; rows that moved to another page in between cannot
be seen. For the rows of one night, leave --resume out.

One run at a time writes FILE, which FILE.lock sees to: it is empty and may stay. If another program
holds FILE open, so that it cannot be replaced, the complete export is in FILE.complete.

Without --paging and without a preset, an export finds out how the API pages. It is complete only
with proof, and its last words have the option to declare from then on. Without proof it fails with
exit code 78: the message has the option to try, and what came is in FILE.part.

unattended export --provider snow-atlas --region westeurope /api/sam/estate/v1/computers --out computers.jsonl
unattended export --provider custom ... /v1/users --paging pages:page --page-size per_page=100
unattended export --provider custom ... /search --method POST --json @search.json --paging-in-body \\
    --paging cursor:start_cursor=next_cursor --rows results";
