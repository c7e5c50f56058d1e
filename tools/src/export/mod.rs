//! Exports whole collections: complete, counted, or not at all.

mod collection;
mod copy;
mod format;
mod job;
mod reading;
mod rows;
mod since;
mod state;
mod target;

pub use collection::Collection;
pub use format::{Format, FormatOptions};
pub use job::{Job, exit_code};
pub use reading::Reading;
pub use rows::RowWriter;
pub use since::Since;
pub use state::Asked;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Command, CommandFactory, Parser};
use unattended::Pagination;

use crate::Given;
use crate::failure::Failure;
use crate::options::paging::Paging;
use crate::options::patience::number;
use crate::options::{Common, quoted};
use crate::profile::{self, Settings};
use crate::report::Report;
use crate::session::Session;
use crate::times;
use since::SinceOptions;

/// Exports whole collections to files, complete or not at all
///
/// FILE appears, or is replaced, when all rows are there. Until then they are in FILE.part, and
/// FILE.resume says where to go on. A run that fails, is killed or loses power leaves both;
/// --resume takes them up, and a run without it replaces them.
#[derive(Args)]
#[command(after_help = ABOUT)]
pub struct Arguments {
    /// The collections: paths, with a query if need be, or names of the profile's collections
    #[arg(value_name = "PATH|NAME")]
    paths: Vec<String>,
    /// For one path; else standard output. {date} and {time} are those of the run
    #[arg(long, value_name = "FILE", conflicts_with = "out_dir")]
    out: Option<String>,
    #[command(flatten)]
    directory: OutDir,
    /// Goes on where a run that failed has stopped
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    walk: WalkOptions,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
pub struct OutDir {
    /// For one path or several: DIR/computers.jsonl
    #[arg(long, value_name = "DIR")]
    out_dir: Option<String>,
}

/// What may differ from collection to collection.
#[derive(Args)]
pub struct WalkOptions {
    /// POST for a search that only reads
    #[arg(long, value_parser = ["GET", "POST"], default_value = "GET")]
    method: String,
    /// The body of the search: '{"open":true}', or @FILE for what is in a file
    #[arg(long)]
    json: Option<String>,
    #[command(flatten)]
    format: FormatOptions,
    #[command(flatten)]
    paging: Paging,
    /// How many pages are asked for while others are written: numbered pages and offsets
    #[arg(long, value_name = "PAGES", default_value = "0", value_parser = number::<usize>)]
    read_ahead: usize,
    #[command(flatten)]
    since: SinceOptions,
}

/// One collection, as a profile has it.
#[derive(Parser)]
#[command(no_binary_name = true)]
pub struct One {
    #[arg(long)]
    path: Option<String>,
    #[arg(long)]
    out: Option<String>,
    #[command(flatten)]
    walk: WalkOptions,
}

/// How one collection is read and written.
pub struct Plan {
    pub path: String,
    pub reading: Reading,
    /// How the API pages.
    pub pagination: Pagination,
    pub format: Format,
    /// All that decides which rows come and how they are written, but for the path.
    pub asked: Asked,
    pub read_ahead: usize,
    pub since: Option<Since>,
}

pub fn run(arguments: Arguments, given: &Given<'_>) -> (Arc<Report>, Result<u8, Failure>) {
    let to_stdout = arguments.out.is_none() && arguments.directory.out_dir.is_none();
    let shares_screen = to_stdout && io::stdout().is_terminal();
    let report = Report::of_walk("export", arguments.common.talk, shares_screen);
    let done = export(&arguments, given, &report);
    (report, done)
}

/// Returns the exit code.
fn export(arguments: &Arguments, given: &Given<'_>, report: &Arc<Report>) -> Result<u8, Failure> {
    let Arguments { paths, common, .. } = arguments;
    let options = OutDir::augment_args(One::command());
    let settings = profile::given(given.matches, &options);
    let ones = paths.iter().map(|name| Ok((name, One::of(name, &settings, given)?)));
    let ones = ones.collect::<Result<Vec<_>, Failure>>()?;
    arguments.check(&ones).map_err(Failure::Usage)?;
    let first = ones.first().and_then(|(_, one)| one.path.as_deref()).unwrap_or_default();
    let session = Session::new(common, first)?;
    let mut collections = Vec::new();
    let plan = |(name, one): (&String, One)| {
        let file = arguments.file(name, &one)?;
        Ok((name.clone(), one.plan(common, session.pagination())?, file))
    };
    let plans = ones.into_iter().map(plan).collect::<Result<Vec<_>, Failure>>()?;
    let client = session.connect(report)?;
    for (name, plan, file) in plans {
        collections.push(Collection::new(&name, plan, file, &collections)?);
    }
    report.say(&format!("reading {} from {}", paths.join(", "), common.api.name()));
    let wants_resume = arguments.resume;
    Job { client: &client, wants_resume, report }.run(&mut collections);
    if collections.iter().any(Collection::is_resumable) {
        let missing = collections.iter().filter(|collection| !collection.is_complete());
        let missing: Vec<&str> = missing.map(|collection| collection.name.as_str()).collect();
        report.tell(&format!("to go on: {}", to_go_on(given.words, paths, &missing)));
    }
    Ok(exit_code(&collections))
}

impl Arguments {
    fn check(&self, ones: &[(&String, One)]) -> Result<(), String> {
        let has_directory = self.directory.out_dir.is_some();
        let on_stdout = ones.iter().filter(|(_, one)| one.out.is_none() && !has_directory);
        match ones.len() {
            0 => Err("no path is given, such as /api/sam/estate/v1/computers".into()),
            2.. if self.out.is_some() || on_stdout.clone().count() > 0 => {
                Err("several paths need --out-dir".into())
            }
            _ if self.resume && on_stdout.count() > 0 => {
                Err("--resume needs --out or --out-dir".into())
            }
            _ => Ok(()),
        }
    }

    /// Where the collection goes; none is standard output.
    fn file(&self, name: &str, one: &One) -> Result<Option<PathBuf>, Failure> {
        match (&one.out, &self.directory.out_dir) {
            (Some(file), _) => Ok(Some(times::in_name(file).into())),
            (None, Some(directory)) => {
                collection::in_directory(directory.as_ref(), name, &one.walk.format).map(Some)
            }
            (None, None) => Ok(None),
        }
    }
}

impl One {
    /// The collection of that name, or at that path.
    fn of(name: &str, settings: &Settings, given: &Given<'_>) -> Result<Self, Failure> {
        let settings = given.profile.collection(name, settings);
        let words = profile::to_words(&settings);
        let one = Self::try_parse_from(words.collect::<Vec<_>>());
        let mut one = one.map_err(|error| given.profile.wrong(&error))?;
        one.path.get_or_insert_with(|| name.to_owned());
        Ok(one)
    }

    fn plan(self, common: &Common, provider: &Pagination) -> Result<Plan, Failure> {
        let WalkOptions { method, json, format, paging, read_ahead, since } = self.walk;
        let usage = Failure::Usage;
        let reading = Reading::parse(&method, json.as_deref()).map_err(usage)?;
        if paging.has("paging-in-body") && matches!(reading, Reading::Get) {
            return Err(Failure::Usage("--paging-in-body needs --method POST".into()));
        }
        let format = format.format().map_err(usage)?;
        let pagination = paging.declare(provider.clone()).map_err(usage)?;
        let path = self.path.unwrap_or_default();
        let rows = common.api.asked().chain(reading.asked()).chain(state::secretly(common, &path));
        let mut asked: Asked = rows.collect();
        let since = since.open(asked.clone())?;
        asked.extend(format.asked().into_iter().chain(paging.asked()));
        asked.extend(since.as_ref().and_then(Since::asked));
        Ok(Plan { path, reading, pagination, format, asked, read_ahead, since })
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
exit code 78: the message has the option to try, and what was saved is in FILE.part.

unattended export --provider snow-atlas --region westeurope /api/sam/estate/v1/computers --out computers.jsonl
unattended export --provider custom ... /v1/users --paging pages:page --page-size per_page=100
unattended export --provider custom ... /search --method POST --json @search.json --paging-in-body \\
    --paging cursor:start_cursor=next_cursor --rows results";
