//! The shape of the source: one file per door, no drawers, few dependencies.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::source::{Files, codes, made, module, texts, texts_below};

/// Whoever reads the time or sleeps past the client's clock. `token::memory` waits for its turn on a
/// condition. A default is the system's clock, and handed over whole.
fn past_the_clock(files: &Files) -> Vec<String> {
    let doors = ["::now", ".elapsed()", "thread::sleep", "sleep(", "park_timeout", "recv_timeout"];
    let mut wrong = Vec::new();
    for (file, code) in files.iter().filter(|(file, _)| *file != "clock.rs") {
        for line in code.lines().filter(|line| !is_import(line)) {
            // The client's clock, and a word that ends like one of ours.
            let line = line.replace("clock.sleep(", "").replace("fn sleep(", "");
            let has_door = doors.iter().any(|door| line.contains(door));
            let waits = line.contains("wait_timeout") && file != "token/memory.rs";
            let named = line.matches("SystemClock").count();
            let is_default = named == line.matches("Arc::new(SystemClock)").count();
            if has_door || waits || !is_default {
                wrong.push(format!("{file}: {}", line.trim()));
            }
        }
    }
    wrong
}

fn is_import(line: &str) -> bool {
    line.trim_start().starts_with("use crate::") || line.starts_with("pub use ")
}

/// Whoever names ureq's agent, or something of ureq that is not of `http`.
fn near_ureq(files: &Files) -> [Vec<String>; 3] {
    let naming = |has: fn(&str) -> bool| {
        let found = files.iter().filter(|(_, code)| has(&code.to_lowercase()));
        found.map(|(file, _)| module(file)).collect()
    };
    [
        naming(|code| {
            let code = ["user_agent", "user agent", "user-agent"]
                .iter()
                .fold(code.to_owned(), |code, header| code.replace(header, ""));
            code.contains("agent")
        }),
        naming(|code| code.contains("unversioned")),
        naming(|code| code.replace("ureq::http", "").contains("ureq")),
    ]
}

/// The public methods of `Client`, in whatever file.
fn client_methods(files: &Files) -> Vec<&str> {
    let blocks = files.values().flat_map(|code| code.split("\nimpl Client {").skip(1));
    blocks
        .filter_map(|rest| rest.split("\n}").next())
        .flat_map(|block| block.split("\n    pub fn ").skip(1))
        .filter_map(|method| method.split(['(', '<']).next())
        .collect()
}

/// The files that are too long, or named like a drawer for anything.
fn shapeless(files: &Files) -> Vec<String> {
    let drawers = ["util", "types", "common", "helpers", "misc"];
    let is_wrong = |(file, text): &(&String, &String)| {
        text.lines().count() > 350
            || file.split('/').any(|name| drawers.iter().any(|drawer| name.starts_with(drawer)))
    };
    files.iter().filter(is_wrong).map(|(file, _)| file.clone()).collect()
}

/// The themes of the suite that import from each other. Here paths are texts.
fn entangled(files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, code) in files.iter().filter(|(file, _)| !file.starts_with("project/")) {
        let own = file.split(['/', '.']).next().unwrap();
        for path in code.split("crate::").skip(1) {
            let from = path.split("::").next().unwrap();
            if ![own, "support", "targets"].contains(&from) {
                wrong.push(format!("{file} imports from {from}"));
            }
        }
    }
    wrong
}

/// The crates of a tree, name and version: two versions of one crate are two.
fn crates(tree: &str) -> BTreeSet<(&str, &str)> {
    let crates = tree.lines().filter_map(|line| line.split_once(' '));
    let crates = crates.map(|(name, rest)| (name, rest.split(' ').next().unwrap()));
    crates.filter(|(name, _)| *name != "unattended").collect()
}

/// Runtimes and derive macros.
fn heavy<'t>(crates: &BTreeSet<(&'t str, &'t str)>) -> Vec<&'t str> {
    let is_heavy = |name: &&str| {
        let is_derive = name.ends_with("_derive") || name.ends_with("-derive");
        is_derive || name.contains("tokio") || *name == "syn"
    };
    crates.iter().map(|(name, _)| *name).filter(is_heavy).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn only_the_clock_reads_the_time_and_sleeps() {
    assert_eq!(past_the_clock(&codes()), NOTHING);
}

#[test]
fn only_the_files_of_the_wire_know_ureq_and_few_of_them_its_agent() {
    let [agent, unversioned, ureq] = near_ureq(&codes());
    assert_eq!(agent, ["wire::connector", "wire::exchange", "wire::transport"]);
    assert_eq!(unversioned, ["wire::connector", "wire::resolver", "wire::socket", "wire::tcp"]);
    let others = ureq.into_iter().filter(|name| !name.starts_with("wire::"));
    assert_eq!(others.collect::<Vec<_>>(), NOTHING);
}

#[test]
fn no_file_is_long_and_none_is_a_drawer_for_anything() {
    assert_eq!(shapeless(&texts()), NOTHING);
}

#[test]
fn a_client_has_at_most_26_methods() {
    let files = codes();
    let methods = client_methods(&files);
    assert!(methods.contains(&"get") && methods.contains(&"items"), "{methods:?}");
    assert!(methods.len() <= 26, "{}: {methods:?}", methods.len());
}

#[test]
fn what_themes_share_is_in_the_support_of_the_suite() {
    assert_eq!(entangled(&texts_below("tests/suite")), NOTHING);
}

#[test]
fn at_most_33_crates_are_below_it_without_a_runtime_and_without_derive_macros() {
    let tree = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "-e", "normal", "--prefix", "none", "--offline", "--locked"])
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&tree.stderr).into_owned();
    assert!(tree.status.success(), "{complaint}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates = crates(&tree);
    assert!(crates.len() > 3 && crates.iter().any(|(name, _)| *name == "ureq"), "{tree}");
    assert!(crates.len() <= 33, "{} crates: {crates:#?}", crates.len());
    assert_eq!(heavy(&crates), NOTHING);
}

#[test]
fn whoever_reads_the_time_or_sleeps_past_the_clock_is_found() {
    for code in [
        "let now = Instant::now();",
        "let now = std::time::SystemTime::now();",
        "START.get_or_init(Instant::now)",
        "let took = start.elapsed();",
        "std::thread::sleep(wait);",
        "use std::thread::sleep;\nsleep(wait);",
        "thread::park_timeout(wait);",
        "receiver.recv_timeout(wait)",
        "condition.wait_timeout(guard, wait)",
        "let now = SystemClock.monotonic();",
        "let clock: &dyn Clock = &SystemClock;",
        "Self { clock: Arc::new(SystemClock), now: SystemClock.now() }",
    ] {
        assert!(!past_the_clock(&made(&[("exchange.rs", code)])).is_empty(), "{code}");
        assert_eq!(past_the_clock(&made(&[("clock.rs", code)])), NOTHING);
    }
    for code in [
        "use crate::clock::{Clock, SystemClock};",
        "Arc::new(SystemClock)",
        "self.clock.sleep(wait)",
    ] {
        assert_eq!(past_the_clock(&made(&[("exchange.rs", code)])), NOTHING);
    }
}

#[test]
fn whoever_comes_near_ureq_is_found() {
    for (code, expected) in [
        ("built.agent.run(request)", [1, 0, 0]),
        ("ureq::Agent::new_with_defaults()", [1, 0, 1]),
        ("ureq::get(url).call()", [0, 0, 1]),
        ("use ureq as http;", [0, 0, 1]),
        ("use ureq::unversioned::transport::Transport;", [0, 1, 1]),
        ("use ureq::http::{self, Uri};\nself.user_agent", [0, 0, 0]),
    ] {
        let files = made(&[("pages/mod.rs", code)]);
        assert_eq!(near_ureq(&files).map(|names| names.len()), expected, "{code}");
    }
}

#[test]
fn a_long_file_and_a_drawer_are_found() {
    let long = "\n".repeat(351);
    let files = [("a.rs", &long[..350]), ("b.rs", &long), ("utils.rs", ""), ("a/common.rs", "")];
    assert_eq!(shapeless(&made(&files)), ["a/common.rs", "b.rs", "utils.rs"]);
}

#[test]
fn a_theme_that_imports_from_another_is_found() {
    let files = [
        ("wire/tls.rs", "use crate::support::*;\nuse crate::wire::say;\n"),
        ("wire/proxy.rs", "use crate::support::*;\nuse crate::client::secrets::printed;\n"),
        ("properties.rs", "use crate::targets::TARGETS;"),
    ];
    assert_eq!(entangled(&made(&files)), ["wire/proxy.rs imports from client"]);
}

#[test]
fn a_second_version_a_runtime_and_a_derive_macro_are_found() {
    let tree = "unattended v0.1.0 (/x)\nureq v3.5.2\nureq v2.0.0\nureq v3.5.2 (*)\ntokio-rustls v1.0.0\nserde_derive v1.0.0 (proc-macro)\nsyn v2.0.0\n";
    let crates = crates(tree);
    assert_eq!(crates.len(), 5);
    assert_eq!(heavy(&crates), ["serde_derive", "syn", "tokio-rustls"]);
}
