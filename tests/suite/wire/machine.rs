//! Connections that this machine does not make.

use std::env;
use std::fs::File;
use std::process::Command;

use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Provider};

use crate::support::child::{clean_environment, is_child};
use crate::support::*;

/// Runs this very test once more, in a process that may have few files open.
fn run_with_few_files(test: &str) {
    let mut child = Command::new("sh");
    clean_environment(&mut child);
    let output = child
        .args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("UNATTENDED_TEST_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn a_call_without_a_free_file_is_told_at_once() {
    if !is_child() {
        return run_with_few_files("wire::machine::a_call_without_a_free_file_is_told_at_once");
    }
    // Asks the system for what it needs once.
    let _ = on_manual_clock(client_at("http://127.0.0.1:1")).0.get("/a");
    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(!files.is_empty());
    // Each C library has words of its own.
    let words = std::io::Error::from_raw_os_error(24);
    let named = Provider::new("https://api.vendor.test/token", "https://api.vendor.test").unwrap();
    let named = Client::new(named, Credentials::new("my-client", SECRET)).unwrap();
    for (client, place) in [
        (client_at("http://127.0.0.1:1"), "127.0.0.1:1/oauth/token"),
        (named, "api.vendor.test/token"),
    ] {
        let (client, clock) = on_manual_clock(client);
        let error = client.get("/a").unwrap_err();
        let expected = format!(
            "POST {place}: no connection: {words}: close what this program keeps open, or raise its limit (ulimit -n)"
        );
        assert_eq!(format!("{error:?}"), expected);
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
        assert!(clock.sleeps().is_empty());
    }
}
