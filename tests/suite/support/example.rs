//! The examples as processes, and the server that they start themselves.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

#[path = "../../../examples/stand_in/mod.rs"]
pub mod stand_in;

use stand_in::{CLIENT_ID, CLIENT_SECRET};

/// A built example, with nothing in its environment that could lead it elsewhere.
pub fn example(name: &str) -> Command {
    let suite = env::current_exe().unwrap();
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = suite.ancestors().nth(2).unwrap().join("examples").join(file);
    assert!(path.exists(), "{name} is not built: cargo build --examples");
    let mut command = Command::new(path);
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy().to_uppercase();
        if name.ends_with("_PROXY") || name.contains("_CLIENT_") || name == "SSL_CERT_FILE" {
            command.env_remove(variable);
        }
    }
    command
}

pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

pub fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// An example, with the variables that lead it to a server of the test.
pub fn snapdocs_example(name: &str, base_url: &str, token_endpoint: &str) -> Command {
    let mut command = example(name);
    command.env("SNAPDOCS_CLIENT_ID", CLIENT_ID).env("SNAPDOCS_CLIENT_SECRET", CLIENT_SECRET);
    command.env("SNAPDOCS_BASE_URL", base_url).env("SNAPDOCS_TOKEN_ENDPOINT", token_endpoint);
    command
}

/// An empty directory with this name, which no other test uses.
pub fn directory(name: &str) -> PathBuf {
    // Built on another system, it has no drive.
    let path = std::path::absolute(env!("CARGO_TARGET_TMPDIR")).unwrap().join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).unwrap();
    path
}

/// The files of a directory; lock files, which stay, are left out.
pub fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with(".lock"));
    names.sort();
    names
}
