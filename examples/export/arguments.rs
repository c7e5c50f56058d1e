//! The command line, read by hand: it is short.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::output::Format;
use crate::source::{self, Source, credentials_in_environment};

const INTRO: &str = "\
Exports whole collections of an API to files, complete or not at all.

    export --provider snow-atlas --region westeurope /api/sam/estate/v1/computers --out computers.jsonl
    export --provider snapdocs /api/v1/subscriptions
    export                                             (a run against a stand-in server)
";

const REST: &str = "\
What to read:
    PATH...                the collections, with a query if need be
    --items-key KEY        the member of the answer that holds the rows
    --page-size ROWS       how many rows to ask for in a page
    --single               the collection comes in one answer, without pages

Where to write; without any of these the rows of one path go to standard output as they come,
and only exit code 0 says that they are complete:
    --out FILE             for one path
    --out-dir DIR          for one path or several: DIR/computers.jsonl
    --csv                  CSV instead of JSON lines, with
    --columns A,B.C        these columns; a dot leads into nested objects
    --delimiter CHAR       instead of a comma; 'tab' for a tab
    --bom                  a byte order mark first, for spreadsheets

    --verbose              tells every token, wait and page on standard error
    --help

Exit codes: 0 complete, 64 usage, 65 incomplete, 69 refused by the server, 73 cannot write,
75 temporary, 77 credentials, 78 configuration.
";

pub fn help() -> String {
    format!("{INTRO}\n{}\n{REST}", source::HELP)
}

/// What the command line asks for.
pub struct Arguments {
    pub task: Task,
    pub paths: Vec<String>,
    pub items_key: Option<String>,
    pub page_size: Option<u64>,
    pub is_single: bool,
    pub destination: Destination,
    pub format: Format,
    pub is_verbose: bool,
}

pub enum Task {
    Help,
    /// The whole job against the stand-in.
    Rehearsal,
    Export(Source),
}

pub enum Destination {
    Stdout,
    File(PathBuf),
    Directory(PathBuf),
}

type Parsed<T> = std::result::Result<T, String>;

impl Arguments {
    /// # Errors
    ///
    /// What is wrong with the command line, in words.
    pub fn parse(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Words::split(arguments)?;
        let parsed = Self {
            task: words.task()?,
            items_key: words.value("items-key"),
            page_size: words.value("page-size").map(|rows| page_size(&rows)).transpose()?,
            is_single: words.flag("single"),
            destination: words.destination()?,
            format: words.format()?,
            is_verbose: words.flag("verbose"),
            paths: words.paths,
        };
        if let (Some(name), false) = (words.options.keys().next(), parsed.wants_help()) {
            return Err(format!("--{name} does not go with the other arguments"));
        }
        parsed.check()
    }

    fn wants_help(&self) -> bool {
        matches!(self.task, Task::Help)
    }

    fn check(self) -> Parsed<Self> {
        use Destination::{Directory, File, Stdout};
        match (&self.task, self.paths.len(), &self.destination) {
            (Task::Rehearsal, 0, Directory(_)) => Err("the stand-in's run takes --out".into()),
            (Task::Rehearsal, 1.., _) => Err("a path needs a --provider".into()),
            (Task::Export(_), 0, _) => {
                Err("no path is given, such as /api/sam/estate/v1/computers".into())
            }
            (Task::Export(_), 2.., Stdout | File(_)) => Err("several paths need --out-dir".into()),
            _ => Ok(self),
        }
    }
}

/// The words of the command line, by what they are.
struct Words {
    paths: Vec<String>,
    /// Flags have the value `None`.
    options: BTreeMap<String, Option<String>>,
}

impl Words {
    fn split(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Self { paths: Vec::new(), options: BTreeMap::new() };
        let mut arguments = arguments.map(unicode);
        while let Some(word) = arguments.next().transpose()? {
            let word = if word == "-h" { "--help".to_owned() } else { word };
            let Some(option) = word.strip_prefix("--") else {
                words.paths.push(path(word)?);
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let has_value = VALUES.contains(&name) || source::OPTIONS.contains(&name);
            let value = match (FLAGS.contains(&name), has_value, value) {
                (true, _, None) => None,
                (true, _, Some(_)) => return Err(format!("--{name} takes no value")),
                (_, true, Some(value)) => Some(value),
                (_, true, None) => match arguments.next() {
                    Some(value) => Some(value?),
                    None => return Err(format!("--{name} needs a value")),
                },
                (false, false, _) => return Err(format!("--{name} is not known")),
            };
            if words.options.insert(name.to_owned(), value).is_some() {
                return Err(format!("--{name} is given twice"));
            }
        }
        Ok(words)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    fn value(&mut self, name: &str) -> Option<String> {
        self.options.remove(name).flatten()
    }

    fn required(&mut self, name: &str, why: &str) -> Parsed<String> {
        self.value(name).ok_or_else(|| format!("--{name} is missing: {why}"))
    }

    fn task(&mut self) -> Parsed<Task> {
        if self.flag("help") {
            return Ok(Task::Help);
        }
        if let Some(name) = self.value("provider") {
            return Source::parse(&name, |option| self.value(option)).map(Task::Export);
        }
        let wants_stand_in = self.flag("stand-in");
        match credentials_in_environment() {
            Some(variable) if !wants_stand_in && self.paths.is_empty() => Err(format!(
                "{variable} is set: say which API to read with --provider and a path, or --stand-in"
            )),
            _ => Ok(Task::Rehearsal),
        }
    }

    fn destination(&mut self) -> Parsed<Destination> {
        match (self.value("out"), self.value("out-dir")) {
            (Some(_), Some(_)) => Err("--out and --out-dir exclude each other".into()),
            (Some(file), None) => Ok(Destination::File(file.into())),
            (None, Some(directory)) => Ok(Destination::Directory(directory.into())),
            (None, None) => Ok(Destination::Stdout),
        }
    }

    fn format(&mut self) -> Parsed<Format> {
        if !self.flag("csv") {
            return Ok(Format::JsonLines);
        }
        let columns = self.required("columns", "--csv needs the names of the columns")?;
        let columns: Vec<String> = columns.split(',').map(|name| name.trim().to_owned()).collect();
        if columns.iter().any(String::is_empty) {
            return Err("--columns has an empty name".into());
        }
        let delimiter = self.value("delimiter").unwrap_or_else(|| ",".into());
        let delimiter = match (delimiter.as_bytes(), delimiter.as_str()) {
            (_, "tab" | "\\t") => b'\t',
            ([b'"' | b'\r' | b'\n'], _) => return Err("--delimiter cannot be that one".into()),
            ([byte], _) if byte.is_ascii() => *byte,
            _ => return Err("--delimiter takes one ASCII character, or 'tab'".into()),
        };
        Ok(Format::Csv { columns, delimiter, bom: self.flag("bom") })
    }
}

fn unicode(word: OsString) -> Parsed<String> {
    word.into_string().map_err(|word| format!("{} is not valid Unicode", word.display()))
}

fn path(word: String) -> Parsed<String> {
    match word.starts_with('-') {
        true => Err(format!("{word} is not known")),
        false => Ok(word),
    }
}

fn page_size(rows: &str) -> Parsed<u64> {
    match rows.parse() {
        Ok(0) | Err(_) => Err(format!("--page-size {rows} is not a number of rows")),
        Ok(rows) => Ok(rows),
    }
}

const FLAGS: [&str; 6] = ["bom", "csv", "help", "single", "stand-in", "verbose"];
const VALUES: [&str; 6] = ["columns", "delimiter", "items-key", "out", "out-dir", "page-size"];
