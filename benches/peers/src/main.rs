//! The jobs of the table in the README, done by this crate, by hand on ureq (the floor), by
//! `oauth2` with its ureq, and by minreq, in paired rounds. One line for each job and way: its
//! median time, and the quartiles of its ratio to the floor. The same server and the same code
//! for the first two as in `cargo bench --bench speed`.

#[path = "../../speed/cold.rs"]
mod cold;
#[path = "../../speed/floor.rs"]
mod floor;
#[path = "../../speed/growth.rs"]
mod growth;
#[path = "../../speed/jobs.rs"]
#[allow(dead_code, reason = "`cargo bench` uses the rest")]
mod jobs;
#[path = "../../speed/measure.rs"]
#[allow(dead_code, reason = "`cargo bench` uses the rest")]
mod measure;
#[path = "../../speed/path.rs"]
mod path;
mod peer;
#[path = "../../speed/process.rs"]
mod process;
#[path = "../../speed/server.rs"]
mod server;

use std::env;
use std::process::Command;

use jobs::{Page, walk};
use peer::{Minreq, Oauth2, Peer};
use process::{Server, pin};
use serde_json::Value;

/// In the order of the columns.
const WAYS: [&str; 4] = ["here", "floor", "oauth2", "minreq"];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--server"] => server::run(),
        ["--cold", who @ ("here" | "floor"), tls, origins] => cold::once(who, tls, origins),
        ["--cold", "oauth2", _, origins] => start::<Oauth2>(origins),
        ["--cold", _, _, origins] => start::<Minreq>(origins),
        ["--calls", who, what, count, origin] => {
            jobs::calls(who, what, count.parse().unwrap(), origin);
        }
        ["--path", what, origins] => path::once(what, origins),
        ["--ten", way, origins] => ten(way.parse().unwrap(), origins),
        ["--grow", what, count, origins] => growth::once(what, count.parse().unwrap(), origins),
        ["growth"] => growth::run(),
        ["--pinned", ref rest @ ..] => run(rest),
        ref rest => {
            pin(rest);
            run(rest);
        }
    }
}

/// The first argument is the number of rounds, the others are the jobs; default all.
fn run(arguments: &[&str]) {
    let rounds: u32 = arguments.first().map_or(15, |rounds| rounds.parse().unwrap());
    let wanted = arguments.get(1..).unwrap_or_default();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    let server = Server::start();
    for mut job in jobs::all(&server.1).into_iter().filter(|job| is_wanted(job.name)) {
        let origin = format!("http://{}", server.1.split_once(' ').unwrap().0);
        job.ways.extend(work::<Oauth2>(job.name, &origin));
        job.ways.extend(work::<Minreq>(job.name, &origin));
        // minreq takes a port for each call.
        job.times = job.times.min(200);
        // What other programs do meanwhile, and what the server does, is left out where it can be.
        job.is_cpu |= !matches!(job.name, "threads" | "ahead4" | "ahead8");
        let taken = job.rounds(rounds);
        report(job.name, &taken);
    }
    if is_wanted("cold") {
        report("cold", &cold::rounds(&WAYS, "plain", &server.1, 10 * rounds));
        // minreq knows the built-in roots alone.
        report("cold-tls", &cold::rounds(&WAYS[..2], "tls", &server.1, 4 * rounds));
    }
    if is_wanted("heap") {
        for (way, name) in WAYS.iter().enumerate() {
            println!("heap\t{name}\t{}", heap(way, &server.1));
        }
    }
}

/// How many bytes a process that reads 10 MB of JSON has at once, as valgrind counts them.
fn heap(way: usize, origins: &str) -> u64 {
    let out = Command::new("valgrind")
        .args(["--tool=dhat", "--dhat-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["--ten", &way.to_string(), origins])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stderr).into_owned();
    let (_, peak) = text.split_once("At t-gmax: ").unwrap();
    peak.split_once(" bytes").unwrap().0.replace(',', "").parse().unwrap()
}

fn report(name: &str, taken: &[Vec<f64>]) {
    for (way, told) in WAYS.iter().enumerate().take(taken[0].len()) {
        let [low, ratio, high] = measure::ratios(taken, way);
        let seconds = measure::seconds(taken, way);
        println!("{name}\t{told}\t{seconds:e}\t{ratio:.3}\t{low:.3}\t{high:.3}");
    }
}

/// How a peer does a job, if that can be compared.
fn work<P: Peer + 'static>(name: &str, origin: &str) -> Option<measure::Work> {
    let mut peer = P::new(origin);
    let origin = origin.to_owned();
    let url = move |path: &str| format!("{origin}{path}");
    Some(match name {
        "warm" => Box::new(move || drop(peer.get::<Value>(&url("/small")).unwrap())),
        "page" | "items" => Box::new(move || drop(peer.get::<Page>(&url("/page")).unwrap())),
        "ten" => Box::new(move || drop(peer.get::<Page>(&url("/ten")).unwrap())),
        "export" => Box::new(move || walk(&url(""), |url| peer.get(url).unwrap())),
        "refused" => Box::new(move || while peer.get::<Value>(&url("/flaky")).is_none() {}),
        _ => return None,
    })
}

/// Start, token, one call.
fn start<P: Peer>(origins: &str) {
    let origin = format!("http://{}", origins.split_once(' ').unwrap().0);
    let row: Value = P::new(&origin).get(&format!("{origin}/small")).unwrap();
    assert!(row["id"].is_string());
}

/// Reads 10 MB of JSON once.
fn ten(way: usize, origins: &str) {
    let origin = format!("http://{}", origins.split_once(' ').unwrap().0);
    let mut job = jobs::all(origins).into_iter().find(|job| job.name == "ten").unwrap();
    job.ways.extend(work::<Oauth2>("ten", &origin));
    job.ways.extend(work::<Minreq>("ten", &origin));
    job.ways[way]();
}
