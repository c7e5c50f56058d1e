//! Paired rounds: the same machine, the same minute, one after the other.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub type Work = Box<dyn FnMut()>;

/// One job, done in several ways: here, by hand on ureq (the floor), and as others do it.
pub struct Job {
    pub name: &'static str,
    pub what: &'static str,
    /// How often it is done in one round.
    pub times: u32,
    pub ways: Vec<Work>,
    /// Time on the processor of the client alone.
    pub is_cpu: bool,
}

impl Job {
    /// The seconds of each way, round by round.
    pub fn rounds(&mut self, rounds: u32) -> Vec<Vec<f64>> {
        let clock = if self.is_cpu { cpu } else { wall };
        self.ways.iter_mut().for_each(|work| work());
        let (ways, times) = (&mut self.ways, self.times);
        in_turn(rounds, ways.len(), |way| time(clock, times, &mut ways[way]))
    }
}

/// Whoever comes first may find a warmer or a colder machine: each does, in its turn.
pub fn in_turn(rounds: u32, ways: usize, mut take: impl FnMut(usize) -> f64) -> Vec<Vec<f64>> {
    let mut round = |round: u32| {
        let mut taken = vec![0.0; ways];
        for way in 0..ways {
            let way = (way + round as usize) % ways;
            taken[way] = take(way);
        }
        taken
    };
    (0..rounds).map(&mut round).collect()
}

/// Lower quartile, median and upper quartile of the ratios of one way to the floor.
pub fn ratios(taken: &[Vec<f64>], way: usize) -> [f64; 3] {
    let ratios = sorted(taken.iter().map(|round| round[way] / round[1]));
    let quarter = ratios.len() / 4;
    [ratios[quarter], median(&ratios), ratios[ratios.len() - 1 - quarter]]
}

pub fn seconds(taken: &[Vec<f64>], way: usize) -> f64 {
    median(&sorted(taken.iter().map(|round| round[way])))
}

pub fn report(name: &str, what: &str, taken: &[Vec<f64>]) {
    let [low, ratio, high] = ratios(taken, 0);
    println!(
        "{:<44} {:>11} {:>11}  {ratio:>5.3}  {low:.3} … {high:.3}",
        format!("{name}: {what}"),
        shown(seconds(taken, 0)),
        shown(seconds(taken, 1)),
    );
}

fn time(clock: fn() -> f64, times: u32, work: &mut Work) -> f64 {
    let start = clock();
    (0..times).for_each(|_| work());
    (clock() - start) / f64::from(times)
}

fn wall() -> f64 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

/// Of this thread, where the system tells; otherwise the wall's. It tells what was counted when the
/// thread last gave the processor away.
pub fn cpu() -> f64 {
    std::thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    match text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()) {
        Some(nanos) => nanos / 1e9,
        None => wall(),
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

pub fn shown(seconds: f64) -> String {
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
