//! The job itself: each collection to its place, and an account of all of them.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;
use unattended::error::Class;
use unattended::{Client, Error, Pagination, Request};

use crate::arguments::{Arguments, Destination};
use crate::output::{Format, PartialFile, RowWriter};
use crate::report::Report;

/// Why a run, or one collection of it, is not complete.
pub enum Failure {
    Usage(String),
    /// And the variables that should hold them.
    NoCredentials(Error, String),
    Api(Error),
    /// What could not be written, and why.
    Output(String, io::Error),
    /// The file is not what the stand-in holds.
    Different(String),
}

impl Failure {
    /// By the table of [`Error::exit_code`].
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::NoCredentials(error, _) | Self::Api(error) => error.exit_code(),
            Self::Output(..) => 73,
            Self::Different(_) => 65,
        }
    }

    /// Whether the next collection would fail in the same way.
    fn concerns_all(&self) -> bool {
        match self {
            Self::Api(error) => matches!(error.class(), Class::Credentials | Class::Configuration),
            _ => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text) => write!(f, "{text} (see --help)"),
            Self::NoCredentials(error, variables) => {
                write!(f, "{error}; the credentials are read from {variables} (see --help)")
            }
            // Debug adds the causes, each on a line of its own.
            Self::Api(error) => {
                f.write_str(&format!("{error:?}").replace("\n  caused by", "; caused by"))
            }
            Self::Output(what, error) => write!(f, "{what} cannot be written: {error}"),
            Self::Different(text) => f.write_str(text),
        }
    }
}

/// One collection and what became of it.
pub struct Collection {
    path: String,
    /// `None` is standard output.
    file: Option<PathBuf>,
    rows: u64,
    promised: Option<u64>,
    outcome: Outcome,
}

enum Outcome {
    NotTried,
    Complete,
    Failed(Failure),
}

pub struct Job<'a> {
    pub client: &'a Client,
    pub arguments: &'a Arguments,
    pub report: &'a Report,
}

impl Job<'_> {
    /// Exports all collections and tells how each of them ended.
    pub fn run(&self, collections: &mut [Collection]) {
        for collection in collections.iter_mut() {
            self.report.begin(&collection.path);
            let result = self.export(collection);
            self.report.end();
            collection.outcome = match result {
                Ok(()) => Outcome::Complete,
                Err(failure) => Outcome::Failed(failure),
            };
            if collection.failure().is_some_and(Failure::concerns_all) {
                break;
            }
        }
        for collection in collections {
            self.report.say(&collection.to_string());
        }
    }

    fn export(&self, collection: &mut Collection) -> Result<(), Failure> {
        let Some(target) = collection.file.clone() else {
            return self.write(collection, io::stdout().lock(), "standard output");
        };
        let name = target.display().to_string();
        let cannot_write = |error| Failure::Output(name.clone(), error);
        let file = PartialFile::create(&target).map_err(cannot_write)?;
        self.write(collection, file.writer(), &name)?;
        file.keep().map_err(cannot_write)
    }

    /// Every row goes out as it comes. The walk itself counts them against what the
    /// server promised, and ends with an error if they do not match.
    fn write(
        &self,
        collection: &mut Collection,
        out: impl Write,
        name: &str,
    ) -> Result<(), Failure> {
        let cannot_write = |error| Failure::Output(name.to_owned(), error);
        let mut writer = RowWriter::new(&self.arguments.format, out).map_err(cannot_write)?;
        let mut rows = self.client.items::<Box<RawValue>>(Request::get(&collection.path));
        if self.arguments.is_single {
            rows = rows.with_pagination(Pagination::single());
        }
        if let Some(key) = &self.arguments.items_key {
            rows = rows.with_items_key(key);
        }
        if let Some(size) = self.arguments.page_size {
            rows = rows.with_page_size(size);
        }
        let written = rows.by_ref().try_for_each(|row| writer.write(&row?).map_err(cannot_write));
        let progress = rows.progress();
        (collection.rows, collection.promised) = (progress.delivered, progress.total_items);
        // What has come goes out in any case: to standard output, say.
        let missing = writer.finish().map_err(cannot_write);
        written?;
        for column in missing? {
            self.report.say(&format!("warning: no row of {} has {column:?}", collection.path));
        }
        Ok(())
    }
}

impl Collection {
    /// The collections that the arguments name, each with its file.
    pub fn of(arguments: &Arguments) -> Result<Vec<Self>, Failure> {
        let file = |path: &str| match &arguments.destination {
            Destination::Stdout => Ok(None),
            Destination::File(file) => Ok(Some(file.clone())),
            Destination::Directory(directory) => {
                file_name(path, &arguments.format).map(|name| Some(directory.join(name)))
            }
        };
        let mut collections: Vec<Self> = Vec::new();
        for path in &arguments.paths {
            let file = file(path)?;
            if let Some(other) =
                collections.iter().find(|other| file.is_some() && other.file == file)
            {
                return Err(Failure::Usage(format!(
                    "{} and {path} would be one file: export them in two runs",
                    other.path
                )));
            }
            collections.push(Self::new(path, file));
        }
        if let Destination::Directory(directory) = &arguments.destination {
            create(directory)?;
        }
        Ok(collections)
    }

    pub fn new(path: &str, file: Option<PathBuf>) -> Self {
        Self { path: path.to_owned(), file, rows: 0, promised: None, outcome: Outcome::NotTried }
    }

    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = counted(self.rows, "row");
        let rows = match self.promised {
            Some(promised) => format!("{rows} of {promised} promised"),
            None => format!("{rows}, no number promised"),
        };
        match (&self.outcome, &self.file) {
            (Outcome::NotTried, _) => write!(f, "{}: not tried", self.path),
            (Outcome::Failed(failure), _) => write!(f, "{}: failed, {rows}: {failure}", self.path),
            (Outcome::Complete, Some(file)) => {
                write!(f, "{}: complete, {rows}, in {}", self.path, file.display())
            }
            (Outcome::Complete, None) => write!(f, "{}: complete, {rows}", self.path),
        }
    }
}

/// What the counters of the client tell at the end.
pub fn summary(client: &Client) -> String {
    let stats = client.stats();
    format!(
        "{}, {}, {}, {}, {:.1} s of waiting",
        counted(stats.rows, "row"),
        counted(stats.pages, "page"),
        counted(stats.requests, "request"),
        counted(stats.tokens_fetched, "token"),
        stats.waited.as_secs_f64()
    )
}

/// `1 row`, `2 rows`.
fn counted(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// The exit code of a run: 75 says that another run may do, which is true only if no
/// collection failed for another reason.
pub fn exit_code(collections: &[Collection]) -> u8 {
    let codes = || collections.iter().filter_map(Collection::failure).map(Failure::exit_code);
    codes().find(|code| *code != TEMPORARY).or_else(|| codes().next()).unwrap_or(0)
}

/// `computers.jsonl` for `/api/sam/estate/v1/computers?filter=x`.
fn file_name(path: &str, format: &Format) -> Result<String, Failure> {
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = last.replace(|c| !is_plain(c), "_");
    match name.trim_start_matches('.') {
        "" => Err(Failure::Usage(format!("{path} gives no name for a file: use --out"))),
        name => Ok(format!("{name}.{}", format.extension())),
    }
}

fn create(directory: &Path) -> Result<(), Failure> {
    let cannot_write = |error| Failure::Output(directory.display().to_string(), error);
    fs::create_dir_all(directory).map_err(cannot_write)
}

const TEMPORARY: u8 = 75;
