//! What the client saw, held against what the server counted.

use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs};

use unattended::{Client, Error};

use crate::faults::{FAULTS, Fault};
use crate::state::{ROWS, State};

pub struct Tally {
    pub pages: u64,
    /// After so many pages a tenth is done.
    tenth: u64,
    rows: u64,
    /// Rows that were not the next one.
    misplaced: u64,
    placed: u64,
    unknown: u64,
    /// KiB at the tenth; `None` where the system does not tell.
    memory: Option<u64>,
}

type Check = (&'static str, String, bool);

/// What is told, and the exit code.
pub struct Failure(String, u8);

impl Failure {
    pub fn tell(self) -> ExitCode {
        eprintln!("soak: {}", self.0);
        self.1.into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        // Debug adds the causes.
        Self(format!("{error:?}"), error.exit_code())
    }
}

/// The number at `place` of the command line, or `default`.
pub fn argument(place: usize, default: u64) -> Result<u64, Failure> {
    // Cargo adds an option of its own.
    let mut words = env::args_os().skip(1).filter(|word| word != "--bench");
    let Some(text) = words.nth(place - 1) else { return Ok(default) };
    let number = text.to_str().and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    let usage = "usage: soak [CALLS] [SEED], numbers above 0";
    number
        .ok_or_else(|| Failure(format!("{} is not a number above 0; {usage}", text.display()), 64))
}

impl Tally {
    pub fn new(pages: u64) -> Self {
        Self {
            pages: 0,
            tenth: pages.div_ceil(10),
            rows: 0,
            misplaced: 0,
            placed: 0,
            unknown: 0,
            memory: None,
        }
    }

    pub fn page(&mut self, ids: impl Iterator<Item = u64>) {
        for id in ids {
            self.rows += 1;
            self.misplaced += u64::from(id != self.rows);
        }
        self.pages += 1;
        if self.pages == self.tenth {
            self.memory = memory();
        }
    }

    pub fn order(&mut self, is_placed: bool) {
        match is_placed {
            true => self.placed += 1,
            false => self.unknown += 1,
        }
    }

    /// Prints the figures; 65 if one of them is wrong.
    pub fn tell(&self, client: &Client, server: &State, elapsed: Duration) -> ExitCode {
        let (calls, seconds) = (2 * self.pages, elapsed.as_secs_f64());
        println!("{calls} calls in {seconds:.1} s, {:.0} a second", calls as f64 / seconds);
        let faults = FAULTS.map(|fault| format!("{fault:?} {}", server.count(fault)));
        let share = 100.0 * server.faults.iter().sum::<u64>() as f64 / server.requests as f64;
        println!("faults in {share:.2} % of {} requests: {}", server.requests, faults.join(", "));
        let mut is_right = true;
        for (what, figures, holds) in self.checks(client, server) {
            println!("{:<5} {what:<12} {figures}", if holds { "ok" } else { "WRONG" });
            is_right &= holds;
        }
        if is_right { ExitCode::SUCCESS } else { ExitCode::from(65) }
    }

    fn checks(&self, client: &Client, server: &State) -> [Check; 6] {
        [
            self.rows(server),
            self.orders(server),
            tokens(client, server),
            waits(client, server),
            connections(server),
            self.memory(),
        ]
    }

    fn rows(&self, server: &State) -> Check {
        let promised = server.pages * ROWS;
        let figures = format!("{} of {promised}, {} out of place", self.rows, self.misplaced);
        ("rows", figures, self.rows == promised && self.misplaced == 0)
    }

    fn orders(&self, server: &State) -> Check {
        let figures = format!(
            "{} placed, {} whose answer was lost, {} at the server, {} of them twice",
            self.placed, self.unknown, server.orders, server.doubles
        );
        let holds = self.placed + self.unknown == self.pages
            && server.orders == self.pages
            && server.doubles == 0;
        ("orders", figures, holds)
    }

    fn memory(&self) -> Check {
        let (Some(before), Some(after)) = (self.memory, memory()) else {
            return ("memory", "not known on this system".into(), true);
        };
        let figures = format!("{before} KiB at 10 %, {after} KiB at the end");
        ("memory", figures, after <= before + MOST_GROWTH)
    }
}

/// The first, one for each life that was over, and one for each that was revoked.
fn tokens(client: &Client, server: &State) -> Check {
    let (fetched, lives) = (client.stats().tokens_fetched, server.lives);
    let revoked = server.count(Fault::Revoked);
    let figures = format!(
        "{fetched} = 1 + {lives} lives + {revoked} revoked, {} too early, {} requests with a bad one",
        server.wasted, server.strangers
    );
    let holds = fetched == 1 + lives + revoked
        && fetched == server.tokens
        && server.wasted + server.strangers == 0;
    ("tokens", figures, holds)
}

fn waits(client: &Client, server: &State) -> Check {
    let stats = client.stats();
    let minutes = stats.waited.as_secs() / 60;
    let figures = format!(
        "{} h {} min, {} requests again, {} before the time that was asked for",
        minutes / 60,
        minutes % 60,
        stats.retries,
        server.early
    );
    ("waits", figures, server.early == 0 && stats.requests == server.requests)
}

fn connections(server: &State) -> Check {
    let broken = server.count(Fault::Closed) + server.count(Fault::Cut);
    let figures = format!("{} = 1 + {broken} that the server closed", server.connections);
    ("connections", figures, server.connections == 1 + broken)
}

/// What this process holds in memory, in KiB.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// KiB: eleven bytes for each of 90,000 calls would be more.
const MOST_GROWTH: u64 = 1024;
