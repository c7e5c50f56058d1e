//! What a person, or the log of a nightly job, wants to know on the way: on standard
//! error, since standard output carries data only.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use time::OffsetDateTime;
use unattended::Event;

/// A progress bar on a terminal, plain lines with the time elsewhere.
pub struct Report {
    bar: Option<ProgressBar>,
    is_verbose: bool,
    standing: Mutex<Standing>,
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
    /// `shares_screen`: the rows go to the same terminal, where a bar would be in the way.
    pub fn new(is_verbose: bool, shares_screen: bool) -> Arc<Self> {
        let bar = (io::stderr().is_terminal() && !shares_screen).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style(COUNTING));
            bar
        });
        let report = Arc::new(Self { bar, is_verbose, standing: Mutex::default() });
        report.tell_each_minute();
        report
    }

    /// A line that stays.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| write(text)),
            None => write(&format!("{}  {text}", utc(OffsetDateTime::now_utc()))),
        }
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

    /// The observer of the client.
    pub fn observe(&self, event: &Event) {
        match event {
            Event::Page { number, delivered, total_items, .. } => {
                self.advance(*number, *delivered, *total_items);
                // On a terminal the bar says it.
                if self.is_verbose && self.bar.is_none() {
                    self.say(&event.to_string());
                }
            }
            Event::Waiting { wait, .. } => {
                if self.is_verbose || *wait > LONG_WAIT {
                    self.say(&event.to_string());
                }
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("waiting {} s", wait.as_secs_f64().ceil()));
                }
            }
            // Rows may be missing, or others than were asked for.
            Event::QueryNotKept { .. } => {
                self.say(&format!("warning: {event} (--keeping-query adds it)"));
            }
            Event::LooksLikeOnePage { .. } => self.say(&format!("warning: {event}")),
            Event::WalkEnded { declare, .. } => {
                self.standing().declare.clone_from(declare);
                if self.is_verbose {
                    self.say(&event.to_string());
                }
            }
            _ if self.is_verbose => self.say(&event.to_string()),
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
        if self.bar.is_some() {
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
    // A closed standard error is no reason to lose an export.
    let _ = writeln!(io::stderr(), "{line}");
}

fn utc(now: OffsetDateTime) -> String {
    let (hour, minute, second) = now.to_hms();
    format!("{} {hour:02}:{minute:02}:{second:02} UTC", now.date())
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants; a wrong one is no reason to lose an export.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

const COUNTING: &str = "{spinner} {prefix}  {pos} rows  {elapsed}  {wide_msg}";
const MEASURED: &str =
    "{spinner} {prefix}  {bar:30} {pos}/{len} rows  {elapsed}, {eta} left  {wide_msg}";
const LONG_WAIT: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);
