//! Processes: the server in one of its own, and this program once more.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The server in its process; it ends with the value.
pub struct Server(Child, pub String);

impl Server {
    pub fn start() -> Self {
        let mut child = this().arg("--server").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
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
pub fn this() -> Command {
    clean(Command::new(env::current_exe().unwrap()))
}

fn clean(mut command: Command) -> Command {
    for (name, _) in env::vars() {
        if name.to_lowercase().ends_with("_proxy") || name == "SSL_CERT_FILE" {
            command.env_remove(name);
        }
    }
    command
}

/// Ends this process with what the same does on one processor, if the system can do that.
pub fn pin(arguments: &[&str]) {
    let mut command = clean(Command::new("taskset"));
    command.args(["-c", "0"]).arg(env::current_exe().unwrap()).arg("--pinned").args(arguments);
    if let Ok(status) = command.status() {
        std::process::exit(status.code().unwrap_or(1));
    }
}

/// The most memory that this process had, in kB, where the system tells.
pub fn peak() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
