//! What a call costs, against bare ureq in the same run: `cargo bench --bench speed`.
//!
//! Each job is done by this crate and by hand on ureq with its defaults (the *floor*: URL
//! and header parsed beforehand, the body into a `Vec`, `from_slice`, no look at the
//! token's life), in paired rounds against a server in a process of its own. The ratio is
//! the median of the rounds' ratios, since machines are noisy and drift; client and server
//! are pinned to one processor where `taskset` is there, and instructions are counted
//! where `valgrind` is there. Arguments: names of jobs (default all), `--rounds N`; or `growth`:
//! what a page, a row, a call and a token cost where there are many.

mod cold;
mod floor;
mod growth;
mod jobs;
mod measure;
mod path;
mod process;
mod server;

use std::env;

use process::{Server, pin};

fn main() {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = env::args().skip(1).filter(|it| it != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--server"] => server::run(),
        ["--cold", who, tls, origin] => cold::once(who, tls, origin),
        ["--calls", who, what, count, origin] => {
            jobs::calls(who, what, count.parse().unwrap(), origin);
        }
        ["--path", what, origins] => path::once(what, origins),
        ["--pinned", ref rest @ ..] => run(rest),
        ["--grow", what, count, origins] => growth::once(what, count.parse().unwrap(), origins),
        // Threads want more than one processor.
        ["growth"] => growth::run(),
        ref rest => {
            pin(rest);
            run(rest);
        }
    }
}

fn run(arguments: &[&str]) {
    let mut rounds = 15;
    let mut wanted = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
            name => wanted.push(name),
        }
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    let server = Server::start();
    println!("{:<44} {:>11} {:>11}  {:>5}  {:>13}", "job", "here", "floor", "ratio", "rounds");
    for mut job in jobs::all(&server.1) {
        if is_wanted(job.name) {
            let taken = job.rounds(rounds);
            measure::report(job.name, job.what, &taken);
        }
    }
    if is_wanted("cold") {
        for (tls, what) in [("plain", "start, token, one call"), ("tls", "the same over TLS")] {
            let taken = cold::rounds(&["here", "floor"], tls, &server.1, rounds.max(30));
            measure::report("cold", what, &taken);
        }
    }
    if is_wanted("instructions") {
        measure::instructions(&server.1);
    }
    if is_wanted("connections") {
        jobs::connections(&server.1);
    }
}
