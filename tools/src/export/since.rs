//! Only what changed since the last complete run, as a file beside the rows remembers it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use unattended::{Request, Response};

use super::state::Asked;
use super::target::Target;
use super::times;
use crate::failure::Failure;

/// Rows are committed late, so the runs overlap: rows may come twice.
#[derive(Args)]
#[command(next_help_heading = "Only what changed since the last complete run; rows may come twice")]
pub struct SinceOptions {
    /// The parameter that asks for it, such as 'updated_since={time}' or
    /// '$filter=modified gt {time}'
    #[arg(long, value_name = "NAME=TEMPLATE", value_parser = template, requires = "watermark")]
    since: Option<(String, String)>,
    /// The file that remembers the time; it moves on only after a complete run
    #[arg(long, value_name = "FILE", requires = "since")]
    watermark: Option<PathBuf>,
    /// How {time} is written
    #[arg(long, value_enum, default_value_t = Kind::Rfc3339)]
    since_format: Kind,
    /// How much earlier than the last run it asks, since rows are committed late
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    since_overlap: u64,
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

/// What is asked for, and where the next run's time is kept. No other run has it meanwhile.
pub struct Since {
    pub query: Option<(String, String)>,
    file: Target,
    asked: Asked,
}

/// The watermark file, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Watermark {
    version: u32,
    asked: Asked,
    /// The server's, of the first answer of the last complete run.
    time: String,
}

impl SinceOptions {
    /// # Errors
    ///
    /// If the file cannot be read or is of another export, or if another run holds it.
    pub fn open(self, mut asked: Asked) -> Result<Option<Since>, Failure> {
        let (Some((name, value)), Some(watermark)) = (self.since, self.watermark) else {
            return Ok(None);
        };
        asked.insert("--since".into(), format!("{name}={value}"));
        let file = Target::open(&watermark)?;
        file.lock()?;
        let last = read(&watermark, &asked)?;
        let from = last.and_then(|last| last.checked_sub(Duration::from_secs(self.since_overlap)));
        let from = from.or(self.since_first);
        let query = from.map(|from| (name, value.replace(TIME, &self.since_format.text(from))));
        Ok(Some(Since { query, file, asked }))
    }
}

impl Since {
    pub fn ask(&self, request: Request) -> Request {
        match &self.query {
            Some((name, value)) => request.query(name, value),
            None => request,
        }
    }

    /// # Errors
    ///
    /// If the file cannot be written: the next run asks for the same rows again.
    pub fn move_on(&self, time: &str) -> Result<(), Failure> {
        let (asked, time) = (self.asked.clone(), time.to_owned());
        let watermark = Watermark { version: VERSION, asked, time };
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
pub fn server_time(answer: &Response) -> Result<String, Failure> {
    let header = |name: &str| answer.headers().get(name)?.to_str().ok();
    let date = header("date").and_then(|date| httpdate::parse_http_date(date).ok());
    let age = header("age").and_then(|age| age.trim().parse().ok()).unwrap_or(0);
    let time = date.and_then(|date| date.checked_sub(Duration::from_secs(age)));
    let missing = "the answer has no Date, so --watermark cannot tell the server's time";
    let time = time.ok_or_else(|| Failure::Configuration(missing.into()))?;
    Ok(times::rfc3339(OffsetDateTime::from(time)))
}

fn read(file: &Path, asked: &Asked) -> Result<Option<SystemTime>, Failure> {
    let name = file.display();
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::Input(name.to_string(), error)),
    };
    let wrong = |why: String| Failure::Unusable(format!("{name} cannot be read: {why}"));
    let watermark: Watermark =
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let time = times::parse(&watermark.time).map_err(|why| wrong(format!("its time {why}")))?;
    match (watermark.version, watermark.asked == *asked) {
        (VERSION, true) => Ok(Some(time)),
        (VERSION, false) => Err(Failure::Usage(format!(
            "{name} is the watermark of another export: without it, this one begins anew"
        ))),
        (version, _) => Err(wrong(format!("version {version} is not known"))),
    }
}

fn template(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if value.contains(TIME) => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("takes NAME=VALUE with {TIME} in the value")),
    }
}

const TIME: &str = "{time}";
const VERSION: u32 = 1;
