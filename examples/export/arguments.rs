//! The command line, read by hand: it is short.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::output::Format;
use crate::paging::{self, Paging};
use crate::reading::Reading;
use crate::source::{self, Source, credentials_in_environment};
use crate::state::{Asked, CLIENT_ID, JSON, QUERY, fingerprint};

pub fn help() -> String {
    let help = include_str!("help.txt").replace("{source}\n", source::HELP);
    help.replace("{paging}\n", &paging::help())
}

/// What the command line asks for.
pub struct Arguments {
    pub task: Task,
    pub paths: Vec<String>,
    pub reading: Reading,
    pub paging: Paging,
    pub destination: Destination,
    pub format: Format,
    pub is_verbose: bool,
    pub wants_resume: bool,
    /// The words as they were given, without the paths and `--resume`.
    words: Vec<String>,
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
            reading: Reading::parse(words.value("method"), words.value("json"))?,
            paging: Paging::parse(|name| words.options.remove(name))?,
            destination: words.destination()?,
            format: words.format()?,
            is_verbose: words.flag("verbose"),
            wants_resume: words.flag("resume"),
            paths: words.paths,
            words: words.given,
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
            (Task::Export(_), 1, Stdout) if self.wants_resume => {
                Err("--resume needs --out or --out-dir".into())
            }
            _ if self.paging.has("paging-in-body") && matches!(self.reading, Reading::Get) => {
                Err("--paging-in-body needs --method POST".into())
            }
            _ => Ok(self),
        }
    }

    /// All that decides which rows of `path` come, and how they are written.
    pub fn asked(&self, path: &str) -> Asked {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut asked = vec![("path", path.to_owned()), (QUERY, fingerprint(query))];
        match &self.task {
            Task::Export(source) => {
                let client_id = env::var(format!("{}_CLIENT_ID", source.variables()));
                asked.push((CLIENT_ID, fingerprint(&client_id.unwrap_or_default())));
                let options = source.options();
                asked.extend(options.iter().map(|(name, value)| (*name, value.to_string())));
            }
            _ => asked.push(("--provider", "stand-in".into())),
        }
        if let Reading::Post(json) = &self.reading {
            asked.push(("--method", "POST".into()));
            let json = json.as_deref().map(String::from_utf8_lossy);
            asked.extend(json.map(|json| (JSON, fingerprint(&json))));
        }
        asked.push(("the format", self.format.extension().to_owned()));
        if let Format::Csv { columns, delimiter, bom } = &self.format {
            asked.push(("--columns", columns.join(",")));
            asked.push(("--delimiter", char::from(*delimiter).escape_default().to_string()));
            asked.push(("--bom", bom.to_string()));
        }
        let asked = asked.into_iter().map(|(name, value)| (name.to_owned(), value));
        asked.chain(self.paging.asked()).collect()
    }

    /// The command that goes on with these paths.
    pub fn to_go_on<'a>(&'a self, paths: impl Iterator<Item = &'a str>) -> String {
        let program = env::args_os().next().unwrap_or_else(|| "export".into());
        let program = program.to_string_lossy();
        let words = self.words.iter().map(String::as_str);
        let words = words.chain(paths.filter(|_| !self.paths.is_empty())).chain(["--resume"]);
        words.fold(quoted(&program), |command, word| command + " " + &quoted(word))
    }
}

/// The words of the command line, by what they are.
struct Words {
    paths: Vec<String>,
    /// All others as they were given, apart from `--resume`.
    given: Vec<String>,
    /// With their values; that of a flag is empty.
    options: BTreeMap<String, Vec<String>>,
}

impl Words {
    fn split(arguments: impl Iterator<Item = OsString>) -> Parsed<Self> {
        let mut words = Self { paths: Vec::new(), given: Vec::new(), options: BTreeMap::new() };
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
            let of_paging = paging::option(name);
            let is_flag =
                FLAGS.contains(&name) || of_paging.is_some_and(|option| option.value.is_none());
            let has_value =
                VALUES.contains(&name) || source::OPTIONS.contains(&name) || of_paging.is_some();
            let value = match (is_flag, has_value, value) {
                (true, _, None) => None,
                (true, _, Some(_)) => return Err(format!("--{name} takes no value")),
                (_, true, Some(value)) => Some(value),
                (_, true, None) => match arguments.next() {
                    Some(value) => Some(value?),
                    None => return Err(format!("--{name} needs a value")),
                },
                (false, false, _) => return Err(format!("--{name} is not known")),
            };
            if name != "resume" {
                let following = value.clone().filter(|_| !option.contains('='));
                words.given.extend([word.clone()].into_iter().chain(following));
            }
            let values = words.options.entry(name.to_owned()).or_default();
            if !values.is_empty() && !of_paging.is_some_and(|option| option.is_repeatable) {
                return Err(format!("--{name} is given twice"));
            }
            values.push(value.unwrap_or_default());
        }
        Ok(words)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.options.remove(name).is_some()
    }

    fn value(&mut self, name: &str) -> Option<String> {
        self.options.remove(name)?.pop()
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

/// As a shell takes it for one word.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    match (!word.is_empty() && word.chars().all(is_plain), cfg!(windows)) {
        (true, _) => word.to_owned(),
        (false, true) => format!("\"{word}\""),
        (false, false) => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

const FLAGS: [&str; 6] = ["bom", "csv", "help", "resume", "stand-in", "verbose"];
const VALUES: [&str; 6] = ["columns", "delimiter", "json", "method", "out", "out-dir"];
