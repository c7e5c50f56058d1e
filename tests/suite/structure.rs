//! The shape of the source: data flows one way, one file per door, few dependencies.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The modules in the order of `lib.rs`, each with the code of its file: no comments, no
/// tests. Those of a folder, in the order of its `mod.rs`, stand before the folder's own.
fn modules() -> Vec<(String, String)> {
    let mut modules = Vec::new();
    for name in names_in("src/lib.rs") {
        let folder = format!("src/{name}");
        let root = format!("{folder}/mod.rs");
        if !exists(&root) {
            modules.push((name, code(&format!("{folder}.rs"))));
            continue;
        }
        for inner in names_in(&root) {
            let code = code(&format!("{folder}/{inner}.rs"));
            modules.push((format!("{name}::{inner}"), code));
        }
        modules.push((name, code(&root)));
    }
    modules
}

/// The modules that a file lists.
fn names_in(file: &str) -> Vec<String> {
    let file = read(file);
    let names = file.lines().filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    names.map(str::to_owned).collect()
}

fn exists(file: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists()
}

fn code(file: &str) -> String {
    let text = read(file);
    let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
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

/// The modules that contain any of `words`.
fn naming(words: &[&str]) -> Vec<String> {
    let names = modules().into_iter();
    let names = names.filter(|(_, code)| words.iter().any(|word| code.contains(word)));
    names.map(|(name, _)| name).collect()
}

#[test]
fn a_file_imports_only_files_above_it_and_nobody_imports_from_the_root() {
    let modules = modules();
    assert!(modules.len() > 20, "the list of modules was not understood");
    let mut imports = 0;
    for (at, (name, code)) in modules.iter().enumerate() {
        let above: Vec<&str> = modules[..at].iter().map(|(name, _)| name.as_str()).collect();
        for path in code.split("crate::").skip(1) {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let mut parts = path.split("::").map(|part| part.split(|c| !is_name(c)).next());
            let (first, second) = (parts.next().flatten().unwrap(), parts.next().flatten());
            // A type or function of the folder itself is named after nothing else.
            let inner = format!("{first}::{}", second.unwrap_or_default());
            let is_above = above.contains(&first) || above.contains(&inner.as_str());
            assert!(is_above, "{name} imports {inner}, which is not above it");
            imports += 1;
        }
        assert!(!code.contains("super::"), "{name} imports from the root");
    }
    assert!(imports > 100, "the imports were not understood");
}

#[test]
fn every_file_is_a_module_of_the_list() {
    let modules = modules();
    for file in files() {
        let name = file.strip_prefix("src/").and_then(|name| name.strip_suffix(".rs")).unwrap();
        // Tests of a module stand in a folder of its name.
        let name = name.trim_end_matches("/mod").trim_end_matches("/tests").replace('/', "::");
        let is_listed = name == "lib" || modules.iter().any(|(module, _)| *module == name);
        assert!(is_listed, "{file} is not listed in lib.rs");
    }
}

#[test]
fn only_the_clock_reads_the_time_and_sleeps() {
    let words = ["Instant::now", "SystemTime::now", "thread::sleep", ".elapsed()", "park_timeout"];
    assert_eq!(naming(&words), ["clock"]);
}

#[test]
fn only_the_transport_and_its_resolver_name_the_agent() {
    assert_eq!(naming(&["Agent"]), ["resolver", "transport"]);
    assert_eq!(naming(&["unversioned"]), ["resolver"]);
}

#[test]
fn no_file_is_long_and_none_is_a_drawer_for_anything() {
    for file in files() {
        let lines = read(&file).lines().count();
        assert!(lines <= 350, "{file} has {lines} lines");
        for drawer in ["util", "utils", "types", "common", "helpers", "misc"] {
            assert!(!file.contains(&format!("/{drawer}")), "{file}");
        }
    }
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
    // Name and version: two versions of one crate are two.
    let crates: BTreeSet<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap()))
        .filter(|(name, _)| *name != "unattended")
        .collect();
    assert!(crates.len() > 3 && crates.iter().any(|(name, _)| *name == "ureq"), "{tree}");
    assert!(crates.len() <= 33, "{} crates: {crates:#?}", crates.len());
    for (name, _) in crates {
        let is_derive = name.ends_with("_derive") || name.ends_with("-derive");
        assert!(!is_derive && !name.contains("tokio") && name != "syn", "{name}");
    }
}
