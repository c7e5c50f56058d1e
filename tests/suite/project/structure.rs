//! The shape of the source: data flows one way, one file per door, few dependencies.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The modules in the order of `lib.rs`, each with the code of its file: no comments, no
/// tests. Those of a folder stand in the order of its `mod.rs`. That comes before them, or
/// after them where it imports one of them.
fn modules() -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for name in named(&read("src/lib.rs")) {
        let file = format!("src/{name}.rs");
        if exists(&file) {
            modules.push((name, code(&file)));
            continue;
        }
        let root = code(&format!("src/{name}/mod.rs"));
        let inner = named(&root).into_iter();
        let inner = inner
            .map(|inner| (format!("{name}::{inner}"), code(&format!("src/{name}/{inner}.rs"))));
        modules.extend(in_order(&name, root.clone(), inner.collect()));
    }
    modules
}

fn in_order(name: &str, root: String, inner: Vec<(String, String)>) -> Vec<(String, String)> {
    let is_last = root.contains(&format!("crate::{name}::"));
    let root = vec![(name.to_owned(), root)];
    if is_last { [inner, root].concat() } else { [root, inner].concat() }
}

/// The modules that a text has.
fn named(text: &str) -> Vec<String> {
    let names = text.lines().filter_map(|line| {
        let line = ["pub ", "pub(crate) "]
            .iter()
            .fold(line, |line, seen| line.strip_prefix(seen).unwrap_or(line));
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    names.map(str::to_owned).collect()
}

fn exists(file: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists()
}

fn code(file: &str) -> String {
    let text = read(file);
    // Only the tests at the end: what else is for tests is looked at.
    let tests = text.find("\nmod tests").map(|tests| text[..tests].rfind("\n\n").unwrap());
    let code = &text[..tests.unwrap_or(text.len())];
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Every file under `src`, tests of modules included.
fn files() -> Vec<String> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
                files.push(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    files
}

type Modules = [(String, String)];

/// What is wrong with the imports: a file imports only files above it, and nobody imports
/// from the root.
fn wrong_imports(modules: &Modules) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, (name, code)) in modules.iter().enumerate() {
        let above: Vec<&str> = modules[..at].iter().map(|(name, _)| name.as_str()).collect();
        for imported in imports(code, modules) {
            if !above.contains(&imported.as_str()) {
                wrong.push(format!("{name} imports {imported}, which is not above it"));
            }
        }
        if code.contains("super::") {
            wrong.push(format!("{name} imports from the root"));
        }
    }
    wrong
}

/// Also those of `use crate::{a, b}`: of these nothing is read, and so they are wrong. A file
/// of a folder is named with it.
fn imports(code: &str, modules: &Modules) -> Vec<String> {
    let word = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        text[..end].to_owned()
    };
    let paths = code.split("crate::").skip(1).map(|path| {
        let first = word(path);
        let second = path[first.len()..].strip_prefix("::").map(word).unwrap_or_default();
        let whole = format!("{first}::{second}");
        if modules.iter().any(|(name, _)| *name == whole) { whole } else { first }
    });
    paths.collect()
}

/// The files that no module of the list has.
fn unlisted<'f>(files: &'f [String], modules: &Modules) -> Vec<&'f str> {
    let is_listed = |file: &&str| {
        let name = file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let name = name.strip_suffix("/mod").unwrap_or(name).replace('/', "::");
        let name = name.strip_suffix("::tests").unwrap_or(&name);
        name == "lib" || modules.iter().any(|(module, _)| module == name)
    };
    files.iter().map(String::as_str).filter(|file| !is_listed(file)).collect()
}

/// Whoever reads the time or sleeps past the client's clock. `token::memory` waits for its turn on a
/// condition. A default is the system's clock, and handed over whole.
fn past_the_clock(modules: &Modules) -> Vec<String> {
    let doors = ["::now", ".elapsed()", "thread::sleep", "sleep(", "park_timeout", "recv_timeout"];
    let mut wrong = Vec::new();
    for (name, code) in modules.iter().filter(|(name, _)| name != "clock") {
        for line in code.lines().filter(|line| !line.trim_start().starts_with("use crate::")) {
            // The client's clock, and a word that ends like one of ours.
            let line = line.replace("clock.sleep(", "").replace("fn sleep(", "");
            let has_door = doors.iter().any(|door| line.contains(door));
            let waits = line.contains("wait_timeout") && name != "token::memory";
            let named = line.matches("SystemClock").count();
            let is_default = named == line.matches("Arc::new(SystemClock)").count();
            if has_door || waits || !is_default {
                wrong.push(format!("{name}: {}", line.trim()));
            }
        }
    }
    wrong
}

/// Whoever names ureq's agent, or something of ureq that is not of `http`.
fn near_ureq(modules: &Modules) -> [Vec<&str>; 3] {
    let naming = |has: fn(&str) -> bool| {
        let names = modules.iter().filter(|(_, code)| has(&code.to_lowercase()));
        names.map(|(name, _)| name.as_str()).collect()
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

/// The files that are too long, or named like a drawer for anything.
fn shapeless(files: &[(String, String)]) -> Vec<String> {
    let drawers = ["util", "types", "common", "helpers", "misc"];
    let is_wrong = |(file, text): &&(String, String)| {
        text.lines().count() > 350
            || drawers.iter().any(|drawer| file.contains(&format!("/{drawer}")))
    };
    files.iter().filter(is_wrong).map(|(file, _)| file.clone()).collect()
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
fn a_file_imports_only_files_above_it_and_nobody_imports_from_the_root() {
    let modules = modules();
    assert!(modules.len() > 20, "the list of modules was not understood");
    let count: usize = modules.iter().map(|(_, code)| imports(code, &modules).len()).sum();
    assert!(count > 100, "the imports were not understood");
    assert_eq!(wrong_imports(&modules), NOTHING);
}

#[test]
fn every_file_is_a_module_of_the_list() {
    assert_eq!(unlisted(&files(), &modules()), NOTHING);
}

#[test]
fn only_the_clock_reads_the_time_and_sleeps() {
    assert_eq!(past_the_clock(&modules()), NOTHING);
}

#[test]
fn only_the_files_of_the_wire_know_ureq_and_few_of_them_its_agent() {
    let modules = modules();
    let [agent, unversioned, ureq] = near_ureq(&modules);
    assert_eq!(agent, ["wire::resolver", "wire::transport", "wire::exchange"]);
    assert_eq!(unversioned, ["wire::connection", "wire::resolver"]);
    let others: Vec<&str> = ureq.into_iter().filter(|name| !name.starts_with("wire::")).collect();
    assert_eq!(others, NOTHING);
}

#[test]
fn no_file_is_long_and_none_is_a_drawer_for_anything() {
    let files: Vec<_> = files().into_iter().map(|file| (file.clone(), read(&file))).collect();
    assert_eq!(shapeless(&files), NOTHING);
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

/// Modules of two lines each, as they would be read.
fn made(modules: &[(&str, &str)]) -> Vec<(String, String)> {
    modules.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect()
}

#[test]
fn a_wrong_import_is_found() {
    for (code, expected) in [
        ("use crate::c::C;", "b imports c, which is not above it"),
        ("fn f() -> crate::b::B {}", "b imports b, which is not above it"),
        ("use crate::{a, c};", "b imports , which is not above it"),
        ("use super::Client;", "b imports from the root"),
    ] {
        assert_eq!(wrong_imports(&made(&[("a", ""), ("b", code), ("c", "")])), [expected]);
    }
    assert_eq!(wrong_imports(&made(&[("a", ""), ("b", "use crate::a::A;")])), NOTHING);
    let folder = |first: &str, second: &str, root: &str| {
        made(&[("a", ""), ("f::x", first), ("f::y", second), ("f", root), ("b", "")])
    };
    let inner = folder("use crate::f::y::Y;", "use crate::f::x::X;", "use crate::f::y::Y;");
    assert_eq!(wrong_imports(&inner), ["f::x imports f::y, which is not above it"]);
    let outer = folder("use crate::a::A;", "use crate::f::Root;", "use crate::b::B;");
    assert_eq!(
        wrong_imports(&outer),
        ["f::y imports f, which is not above it", "f imports b, which is not above it"]
    );
}

#[test]
fn a_file_that_is_not_listed_is_found() {
    let files = ["lib.rs", "a.rs", "a/tests.rs", "b.rs", "f/mod.rs", "f/x.rs", "f/y.rs"];
    let files = files.map(|file| format!("src/{file}"));
    let listed = made(&[("a", ""), ("f::x", ""), ("f", "")]);
    assert_eq!(unlisted(&files, &listed), ["src/b.rs", "src/f/y.rs"]);
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
        assert!(!past_the_clock(&made(&[("exchange", code)])).is_empty(), "{code}");
        assert_eq!(past_the_clock(&made(&[("clock", code)])), NOTHING);
    }
    for code in [
        "use crate::clock::{Clock, SystemClock};",
        "Arc::new(SystemClock)",
        "self.clock.sleep(wait)",
    ] {
        assert_eq!(past_the_clock(&made(&[("exchange", code)])), NOTHING);
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
        let modules = made(&[("pages", code)]);
        assert_eq!(near_ureq(&modules).map(|names| names.len()), expected, "{code}");
    }
}

#[test]
fn a_long_file_and_a_drawer_are_found() {
    let long = "\n".repeat(351);
    let files = [
        ("src/a.rs", &long[..350]),
        ("src/b.rs", &long),
        ("src/utils.rs", ""),
        ("src/a/common.rs", ""),
    ];
    assert_eq!(shapeless(&made(&files)), ["src/b.rs", "src/utils.rs", "src/a/common.rs"]);
}

#[test]
fn a_second_version_a_runtime_and_a_derive_macro_are_found() {
    let tree = "unattended v0.1.0 (/x)\nureq v3.5.2\nureq v2.0.0\nureq v3.5.2 (*)\ntokio-rustls v1.0.0\nserde_derive v1.0.0 (proc-macro)\nsyn v2.0.0\n";
    let crates = crates(tree);
    assert_eq!(crates.len(), 5);
    assert_eq!(heavy(&crates), ["serde_derive", "syn", "tokio-rustls"]);
}
