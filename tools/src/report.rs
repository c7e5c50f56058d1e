//! What a person, or the log of a nightly job, wants to know on the way: on standard error,
//! since standard output carries data only.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use time::OffsetDateTime;
use unattended::Event;

use crate::failure::Failure;
use crate::in_options::in_options;
use crate::options::{Log, Talk};
use crate::times;

/// A progress bar on a terminal, lines elsewhere.
pub struct Report {
    /// The subcommand.
    name: &'static str,
    talk: Talk,
    /// Lines begin with the time, not with the name.
    is_timed: bool,
    bar: Option<ProgressBar>,
    standing: Mutex<Standing>,
    /// What came from files because it is secret; the client knows its own secrets only, and
    /// a server may repeat these.
    secrets: Mutex<Vec<String>>,
}

/// How far the collection has come that is being read.
#[derive(Default)]
struct Standing {
    path: String,
    page: u64,
    rows: u64,
    promised: Option<u64>,
    /// The way to page that the walk found out.
    declare: Option<String>,
}

impl Report {
    /// For a program that is done soon.
    pub fn short(name: &'static str, talk: Talk) -> Arc<Self> {
        let (standing, secrets) = (Mutex::default(), Mutex::default());
        Arc::new(Self { name, talk, is_timed: false, bar: None, standing, secrets })
    }

    /// For a long walk. `shares_screen`: the rows go to the same terminal, where a bar would be
    /// in the way.
    pub fn of_walk(name: &'static str, talk: Talk, shares_screen: bool) -> Arc<Self> {
        let is_plain = talk.quiet || talk.log == Log::Json || shares_screen;
        let bar = (io::stderr().is_terminal() && !is_plain).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style(COUNTING));
            bar
        });
        let (standing, secrets) = (Mutex::default(), Mutex::default());
        let report = Arc::new(Self { name, talk, is_timed: true, bar, standing, secrets });
        report.tell_each_minute();
        report
    }

    /// Masks these from now on.
    pub fn hide(&self, secrets: Vec<String>) {
        let mut all = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(secrets);
        // One may be a part of another.
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    pub fn is_verbose(&self) -> bool {
        self.talk.verbose
    }

    /// A line that stays.
    pub fn say(&self, text: &str) {
        if !self.talk.quiet {
            self.write(INFO, text);
        }
    }

    /// Said also to who wants quiet.
    pub fn warn(&self, text: &str) {
        self.write(WARNING, text);
    }

    /// What has gone wrong: one of several things, or the whole.
    pub fn tell(&self, failed: &str) {
        self.write(ERROR, failed);
    }

    /// The last words.
    pub fn fail(&self, failure: &Failure) {
        match self.talk.log {
            Log::Text => self.print(&format!("{}: {failure}", self.name)),
            Log::Json => self.write(ERROR, &failure.to_string()),
        }
    }

    /// A line as it is, but for what must not be shown. What a server says must not steer a
    /// terminal.
    pub fn print(&self, line: &str) {
        let line = self.masked(line);
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        match &self.bar {
            Some(bar) => bar.suspend(|| write(&line)),
            None => write(&line),
        }
    }

    fn masked(&self, line: &str) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        secrets.iter().fold(line.to_owned(), |line, secret| line.replace(secret, MASK))
    }

    fn write(&self, level: &str, text: &str) {
        let now = OffsetDateTime::now_utc();
        let mark = if level == WARNING { "warning: " } else { "" };
        match self.talk.log {
            Log::Json => write(&self.json(level, now, text)),
            Log::Text if self.is_timed && self.bar.is_none() => {
                self.print(&format!("{}  {mark}{text}", utc(now)));
            }
            Log::Text if self.is_timed => self.print(&format!("{mark}{text}")),
            Log::Text => self.print(&format!("{}: {mark}{text}", self.name)),
        }
    }

    fn json(&self, level: &str, now: OffsetDateTime, text: &str) -> String {
        let time = times::rfc3339(now);
        let message = self.masked(text);
        let mut line =
            json!({ "time": time, "level": level, "command": self.name, "message": message });
        let standing = self.standing();
        if !standing.path.is_empty() {
            line["path"] = standing.path.clone().into();
            line["rows"] = standing.rows.into();
        }
        line.to_string()
    }

    /// The rows of `path` come next.
    pub fn begin(&self, path: &str) {
        *self.standing() = Standing { path: path.to_owned(), ..Standing::default() };
        if let Some(bar) = &self.bar {
            bar.set_style(style(COUNTING));
            bar.set_prefix(path.to_owned());
            bar.set_message("");
            bar.unset_length();
            bar.reset();
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    /// No more rows come for now.
    pub fn end(&self) {
        *self.standing() = Standing::default();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// The observer of the client. Long waits are told always: they look like a hang. So is a
    /// store that fails: each run would buy a token.
    pub fn observe(&self, event: &Event) {
        match event {
            Event::Page { number, delivered, total_items, .. } => {
                self.advance(*number, *delivered, *total_items);
                // On a terminal the bar says it.
                if self.talk.verbose && self.bar.is_none() {
                    self.say(&event.to_string());
                }
            }
            Event::Waiting { wait, .. } => {
                if self.talk.verbose || *wait > LONG_WAIT {
                    self.say(&event.to_string());
                }
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("waiting {} s", wait.as_secs_f64().ceil()));
                }
            }
            // Rows may be missing, or others than were asked for.
            Event::QueryNotKept { .. } => self.warn(&format!("{event} (--keeping-query adds it)")),
            Event::LooksLikeOnePage { .. }
            | Event::StoreFailed { .. }
            | Event::Deprecated { .. } => {
                self.warn(&in_options(&event.to_string()).text);
            }
            Event::WalkEnded { declare, .. } => {
                self.standing().declare.clone_from(declare);
                if self.talk.verbose {
                    self.say(&event.to_string());
                }
            }
            _ if self.talk.verbose => self.say(&event.to_string()),
            _ => {}
        }
    }

    /// How the API pages, if the walk that ended last found it out.
    pub fn declaration(&self) -> Option<String> {
        self.standing().declare.clone()
    }

    fn advance(&self, page: u64, rows: u64, promised: Option<u64>) {
        let mut standing = self.standing();
        (standing.page, standing.rows, standing.promised) = (page, rows, promised);
        if let Some(bar) = &self.bar {
            if let Some(promised) = promised {
                bar.set_style(style(MEASURED));
                bar.set_length(promised.max(rows));
            }
            bar.set_message("");
            bar.set_position(rows);
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page may take minutes, so this cannot be left to the events.
    fn tell_each_minute(self: &Arc<Self>) {
        if self.bar.is_some() || self.talk.quiet {
            return;
        }
        let report: Weak<Self> = Arc::downgrade(self);
        thread::spawn(move || {
            loop {
                thread::sleep(MINUTE);
                let Some(report) = report.upgrade() else { return };
                let line = report.standing().line();
                if let Some(line) = line {
                    report.say(&line);
                }
            }
        });
    }
}

impl Standing {
    /// None while no collection is being read.
    fn line(&self) -> Option<String> {
        let Self { path, page, rows, promised, .. } = self;
        if path.is_empty() {
            return None;
        }
        Some(match promised {
            Some(promised) => format!("{path}: {rows} of {promised} rows, page {page}"),
            None => format!("{path}: {rows} rows so far, page {page}"),
        })
    }
}

fn write(line: &str) {
    // A closed standard error is no reason to lose an export; the exit code still counts.
    let _ = writeln!(io::stderr(), "{line}");
}

fn utc(now: OffsetDateTime) -> String {
    times::rfc3339(now).replace('T', " ").replace('Z', " UTC")
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a wrong one is no reason to lose an export.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

const INFO: &str = "info";
const WARNING: &str = "warning";
const ERROR: &str = "error";
const COUNTING: &str = "{spinner} {prefix}  {pos} rows  {elapsed}  {wide_msg}";
const MEASURED: &str =
    "{spinner} {prefix}  {bar:30} {pos}/{len} rows  {elapsed}, {eta} left  {wide_msg}";
const LONG_WAIT: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);
pub const MASK: &str = "***";
