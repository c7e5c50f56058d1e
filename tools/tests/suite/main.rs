//! The program as a process: what a person, a script and a cron job see of it.
#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::cast_possible_truncation,
    clippy::format_collect,
    clippy::items_after_statements,
    clippy::too_many_lines,
    reason = "a test is read from top to bottom"
)]

mod call;
mod doctor;
mod export;
mod profile;
#[allow(dead_code, reason = "the library's tests use more of it")]
#[path = "../../../tests/suite/support/server.rs"]
mod server;
#[allow(dead_code, reason = "the library's tests use more of it")]
#[path = "../../../tests/suite/support/source.rs"]
mod source;
mod stand_in;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

/// A subcommand, with nothing in its environment that could lead it elsewhere.
fn unattended(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_unattended"));
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy().to_uppercase();
        if name.ends_with("_PROXY") || name.contains("_CLIENT_") || name == "SSL_CERT_FILE" {
            command.env_remove(variable);
        }
    }
    for folder in ["HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA", "APPDATA"] {
        command.env_remove(folder);
    }
    command.arg(subcommand);
    command
}

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// An empty directory with this name, which no other test uses.
fn directory(name: &str) -> PathBuf {
    // Built on another system, it has no drive.
    let path = std::path::absolute(env!("CARGO_TARGET_TMPDIR")).unwrap().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).unwrap();
    path
}

/// The files of a directory; lock files, which stay, are left out.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".lock"));
    names.sort();
    names
}
