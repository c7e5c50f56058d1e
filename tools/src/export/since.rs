//! Only what changed since the last complete run, as a file beside the rows remembers it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use unattended::{Request, Response};

use super::reading::Reading;
use super::state::{Asked, fingerprint};
use super::target::Target;
use crate::failure::Failure;
use crate::member::{member, text};
use crate::options::patience::number;
use crate::times;

/// Rows are committed late, so the runs overlap: rows may come twice.
#[derive(Args)]
#[command(next_help_heading = "Only what changed since the last complete run; rows may come twice")]
pub struct SinceOptions {
    /// The parameter that asks for it, such as 'updated_since={time}',
    /// '$filter=modified gt {time}' or 'syncToken={cursor}'; or '{link}', where the last page has
    /// a link to later changes
    #[arg(long, value_name = "NAME=TEMPLATE", value_parser = template, requires = "watermark")]
    since: Option<String>,
    /// The file that remembers time, cursor or link; it moves on only after a complete run
    #[arg(long, value_name = "FILE", requires = "since")]
    watermark: Option<PathBuf>,
    /// Where the last page has {cursor} or {link}: nextSyncToken, '@odata.deltaLink', header:NAME
    #[arg(long, value_name = "PATH", requires = "since")]
    cursor_at: Option<String>,
    /// How {time} is written; rfc3339 unless it is given
    #[arg(long, value_enum)]
    since_format: Option<Kind>,
    /// How much earlier than the last run it asks, since rows are committed late; 300 unless it is
    /// given
    #[arg(long, value_name = "SECONDS", value_parser = number::<u64>)]
    since_overlap: Option<u64>,
    /// Where the first run begins: 2026-01-01, or 2026-01-01T12:00:00Z; else with all rows
    #[arg(long, value_name = "TIME", value_parser = times::parse)]
    since_first: Option<SystemTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Rfc3339,
    Date,
    Unix,
    UnixMs,
}

/// What is asked for, and where that of the next run is kept. No other run has it meanwhile.
pub struct Since {
    template: String,
    /// What it is filled with: none at a first run.
    begin: Option<String>,
    /// Where the last page has the cursor; the time is that of the first one.
    cursor_at: Option<String>,
    file: Target,
    asked: Asked,
}

/// The watermark file, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watermark {
    version: u32,
    asked: Asked,
    /// Of the last complete run: the server's time at its first answer, or the cursor of its last.
    last: String,
}

impl SinceOptions {
    /// # Errors
    ///
    /// If the file cannot be read or is of another export, or if another run holds it.
    pub fn open(self, mut asked: Asked) -> Result<Option<Since>, Failure> {
        let (Some(template), Some(watermark)) = (self.since.clone(), &self.watermark) else {
            return Ok(None);
        };
        let is_timed = template.contains(TIME);
        self.check(is_timed).map_err(Failure::Usage)?;
        asked.insert("--since".into(), template.clone());
        let file = Target::open(watermark)?;
        file.lock()?;
        let last = read(watermark, &asked)?;
        let begin = if is_timed { self.from(last, watermark)? } else { last };
        Ok(Some(Since { template, begin, cursor_at: self.cursor_at, file, asked }))
    }

    fn check(&self, is_timed: bool) -> Result<(), String> {
        let timed = [
            (self.since_format.is_some(), "since-format"),
            (self.since_overlap.is_some(), "since-overlap"),
            (self.since_first.is_some(), "since-first"),
        ];
        match timed.iter().find(|(is_given, _)| *is_given && !is_timed) {
            Some((_, option)) => Err(format!("--{option} needs {TIME} in --since")),
            None => match (self.cursor_at.is_some(), is_timed) {
                (true, true) => Err(format!("--cursor-at needs {CURSOR} or {LINK} in --since")),
                (false, false) => Err("--cursor-at is missing: nextSyncToken, say".into()),
                _ => Ok(()),
            },
        }
    }

    /// When the rows begin that are asked for.
    fn from(&self, last: Option<String>, file: &Path) -> Result<Option<String>, Failure> {
        let wrong = |why| unreadable(file, &format!("its time {why}"));
        let last = last.map(|last| times::parse(&last).map_err(wrong)).transpose()?;
        let overlap = Duration::from_secs(self.since_overlap.unwrap_or(OVERLAP));
        let from = last.and_then(|last| last.checked_sub(overlap)).or(self.since_first);
        Ok(from.map(|from| self.since_format.unwrap_or(Kind::Rfc3339).text(from)))
    }
}

impl Since {
    pub fn request(&self, reading: &Reading, path: &str) -> Request {
        match (&self.begin, self.template.split_once('=')) {
            (None, _) => reading.request(path),
            (Some(link), None) => reading.request(link),
            (Some(begin), Some((name, value))) => {
                let value = value.replace(TIME, begin).replace(CURSOR, begin);
                reading.request(path).query(name, value)
            }
        }
    }

    /// What is asked for, so that a run is resumed by the same alone. Cursors are confidential.
    pub fn asked(&self) -> Option<(String, String)> {
        let begin = self.begin.as_ref()?;
        let what = match &self.cursor_at {
            None => self.template.replace(TIME, begin),
            Some(_) => fingerprint(begin),
        };
        Some(("--since".into(), what))
    }

    /// What the next run begins with, as far as this answer knows: the cursor is that of the last
    /// page, the time that of the first.
    ///
    /// # Errors
    ///
    /// If the first answer has no time.
    pub fn last(
        &self,
        answer: &Response,
        before: Option<String>,
    ) -> Result<Option<String>, Failure> {
        match (&self.cursor_at, before) {
            (None, None) => server_time(answer).map(Some),
            (None, before) => Ok(before),
            (Some(path), _) => Ok(cursor(answer, path).filter(|cursor| !cursor.is_empty())),
        }
    }

    /// # Errors
    ///
    /// If rows came, and nothing says where the next run begins.
    pub fn check(&self, last: Option<&String>, rows: u64) -> Result<(), Failure> {
        match (&self.cursor_at, last) {
            (Some(path), None) if rows > 0 => Err(Failure::Configuration(format!(
                "the last page has no {path} (--cursor-at), so the next run could not go on from here"
            ))),
            _ => Ok(()),
        }
    }

    /// What to do if the server does not know the cursor any more.
    pub fn advice(&self) -> Option<String> {
        let file = &self.file.name;
        let is_cursor = self.cursor_at.is_some() && self.begin.is_some();
        is_cursor.then(|| {
            format!("if the cursor in {file} is over: without it, the next run begins anew")
        })
    }

    /// # Errors
    ///
    /// If the file cannot be written: the next run asks for the same rows again.
    pub fn move_on(&self, last: &str) -> Result<(), Failure> {
        let (asked, last) = (self.asked.clone(), last.to_owned());
        let watermark = Watermark { version: VERSION, asked, last };
        // Texts are always JSON.
        let text = serde_json::to_string_pretty(&watermark).unwrap_or_default() + "\n";
        self.file.put(&text).map_err(|error| Failure::Output(self.file.name.clone(), error))
    }
}

impl Kind {
    fn text(self, time: SystemTime) -> String {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        match self {
            Self::Rfc3339 => times::rfc3339(OffsetDateTime::from(time)),
            Self::Date => OffsetDateTime::from(time).date().to_string(),
            Self::Unix => since.as_secs().to_string(),
            Self::UnixMs => since.as_millis().to_string(),
        }
    }
}

/// The server's time at the first answer: its `Date`, less how long a cache has held it
/// (RFC 9110 §6.6.1, RFC 9111 §5.1).
///
/// # Errors
///
/// If the answer has no date.
fn server_time(answer: &Response) -> Result<String, Failure> {
    let date = header(answer, "date").and_then(|date| httpdate::parse_http_date(date).ok());
    let age = header(answer, "age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    let time = date.and_then(|date| date.checked_sub(Duration::from_secs(age)));
    let missing = "the answer has no Date, so --watermark cannot tell the server's time";
    let time = time.ok_or_else(|| Failure::Configuration(missing.into()))?;
    Ok(times::rfc3339(OffsetDateTime::from(time)))
}

fn cursor(answer: &Response, path: &str) -> Option<String> {
    match path.strip_prefix("header:") {
        Some(name) => header(answer, name).map(str::to_owned),
        None => match member(&answer.json().ok()?, path)? {
            Value::Null => None,
            value => Some(text(value)),
        },
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

fn read(file: &Path, asked: &Asked) -> Result<Option<String>, Failure> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::Input(file.display().to_string(), error)),
    };
    let watermark: Watermark =
        serde_json::from_str(&text).map_err(|error| unreadable(file, &error.to_string()))?;
    match (watermark.version, watermark.asked == *asked) {
        (VERSION, true) => Ok(Some(watermark.last)),
        (VERSION, false) => Err(Failure::Usage(format!(
            "{} is the watermark of another export: without it, this one begins anew",
            file.display()
        ))),
        (version, _) => Err(unreadable(file, &format!("version {version} is not known"))),
    }
}

fn unreadable(file: &Path, why: &str) -> Failure {
    Failure::Unusable(format!("{} cannot be read: {why}", file.display()))
}

fn template(text: &str) -> Result<String, String> {
    let holds = |value: &str| value.contains(TIME) || value.contains(CURSOR);
    match text == LINK || text.split_once('=').is_some_and(|(_, value)| holds(value)) {
        true => Ok(text.to_owned()),
        false => Err(format!("takes NAME=VALUE with {TIME} or {CURSOR} in the value, or {LINK}")),
    }
}

const TIME: &str = "{time}";
const CURSOR: &str = "{cursor}";
const LINK: &str = "{link}";
const OVERLAP: u64 = 300;
const VERSION: u32 = 1;
