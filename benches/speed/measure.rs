//! Paired rounds: the same machine, the same minute, one after the other.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One job, done both ways.
pub struct Job {
    pub name: &'static str,
    pub what: &'static str,
    /// How often it is done in one round.
    pub times: u32,
    pub here: Box<dyn FnMut()>,
    pub floor: Box<dyn FnMut()>,
    /// Time on the processor of the client alone.
    pub is_cpu: bool,
}

/// Runs the rounds and prints a line; returns the median ratio.
pub fn pairs(mut job: Job, rounds: u32) {
    let clock = if job.is_cpu { cpu } else { wall };
    (job.here)();
    (job.floor)();
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for round in 0..rounds {
        let mut here = || time(clock, job.times, &mut job.here);
        let mut floor = || time(clock, job.times, &mut job.floor);
        // Whoever comes first may find a warmer or a colder machine.
        let pair = match round.is_multiple_of(2) {
            true => {
                let here = here();
                (here, floor())
            }
            false => {
                let floor = floor();
                (here(), floor)
            }
        };
        taken.push(pair);
    }
    report(job.name, job.what, &taken);
}

pub fn report(name: &str, what: &str, taken: &[(f64, f64)]) {
    let ratios = sorted(taken.iter().map(|(here, floor)| here / floor));
    let quarter = ratios.len() / 4;
    println!(
        "{:<44} {:>11} {:>11}  {:>5.3}  {:.3} … {:.3}",
        format!("{name}: {what}"),
        shown(median(&sorted(taken.iter().map(|pair| pair.0)))),
        shown(median(&sorted(taken.iter().map(|pair| pair.1)))),
        median(&ratios),
        ratios[quarter],
        ratios[ratios.len() - 1 - quarter],
    );
}

fn time(clock: fn() -> f64, times: u32, work: &mut dyn FnMut()) -> f64 {
    let start = clock();
    (0..times).for_each(|_| work());
    (clock() - start) / f64::from(times)
}

fn wall() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

/// Of this thread, where the system tells; otherwise the wall's.
fn cpu() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()) {
        Some(nanos) => nanos / 1e9,
        None => wall(),
    }
}

pub fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

pub fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn shown(seconds: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(seconds))
}

/// Instructions of one call or page: what two runs of different length differ by.
pub fn instructions(origins: &str) {
    for (what, least, times) in [("call", 100, 1_000), ("page", 2, 20), ("items", 2, 20)] {
        let count = |who: &str, times: u32| counted(who, what, times, origins);
        let each =
            |who: &str| Some((count(who, least + times)? - count(who, least)?) / f64::from(times));
        match (each("here"), each("floor")) {
            (Some(here), Some(floor)) => println!(
                "{:<44} {here:>11.0} {floor:>11.0}  {:>5.3}",
                format!("instructions: {what}"),
                here / floor
            ),
            _ => return println!("instructions: not counted, valgrind is not there"),
        }
    }
}

fn counted(who: &str, what: &str, times: u32, origins: &str) -> Option<f64> {
    let out = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args(["--calls", who, what, &times.to_string(), origins])
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("I refs:") || line.contains("I   refs:"))?;
    line.split_whitespace().last()?.replace(',', "").parse().ok()
}
