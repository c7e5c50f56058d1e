//! What a call costs, against bare ureq in the same run: `cargo bench --bench speed`.
//!
//! Each job is done by this crate and by hand on ureq with its defaults (the *floor*: URL
//! and header parsed beforehand, the body into a `Vec`, `from_slice`, no look at the
//! token's life), in paired rounds against a server in a process of its own. The ratio is
//! the median of the rounds' ratios, since machines are noisy and drift; client and server
//! are pinned to one processor where `taskset` is there, and instructions are counted
//! where `valgrind` is there. Arguments: names of jobs (default all), `--rounds N`.

mod cold;
mod floor;
mod jobs;
mod measure;
mod path;
mod server;

use std::env;
use std::process::{Child, Command, Stdio};

/// The server in its process; it ends with the value.
struct Server(Child, String);

impl Server {
    fn start() -> Self {
        let mut child = this().arg("--server").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        Self(child, line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This program once more, without the variables that lead through a proxy.
fn this() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    for name in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"]
    {
        command.env_remove(name);
    }
    command.env_remove("SSL_CERT_FILE");
    command
}

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
        ref rest => pinned(rest),
    }
}

/// The same on one processor, if the system can do that.
fn pinned(arguments: &[&str]) {
    let program = env::current_exe().unwrap();
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program).arg("--pinned").args(arguments);
    for (name, _) in env::vars() {
        if name.to_lowercase().ends_with("_proxy") || name == "SSL_CERT_FILE" {
            command.env_remove(name);
        }
    }
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(_) => run(arguments),
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
    for job in jobs::all(&server.1) {
        if is_wanted(job.name) {
            measure::pairs(job, rounds);
        }
    }
    if is_wanted("cold") {
        cold::measure(&server.1, rounds.max(30));
    }
    if is_wanted("instructions") {
        measure::instructions(&server.1);
    }
    if is_wanted("connections") {
        jobs::connections(&server.1);
    }
}
