//! Tests about variables of the environment: each runs once more, in a process of its own.
#![cfg(any(feature = "rustls", feature = "native-tls"))]

use std::env;
use std::process::Command;

use super::this_program;

/// Runs the test named `test` once more, in a process with these variables and no others
/// about proxies or certificates. In there [`is_child`] is true.
pub fn run_in_child(test: &str, variables: &[(&str, &str)]) {
    let mut child = this_program();
    clean_environment(&mut child);
    child.args([test, "--exact", "--nocapture"]).env(CHILD, "1").envs(variables.iter().copied());
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

pub fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

pub fn clean_environment(command: &mut Command) {
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
    for name in proxies.into_iter().chain(["SSL_CERT_FILE", "SSL_CERT_DIR"]) {
        command.env_remove(name).env_remove(name.to_ascii_lowercase());
    }
}

const CHILD: &str = "UNATTENDED_TEST_CHILD";
