//! Where the crates below this one come from, and under which licences: the rules of
//! `deny.toml`, for this platform and without cargo-deny.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Name, version and licence of what users get.
fn tree() -> BTreeSet<(String, String, String)> {
    let tree = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "-e", "normal", "--prefix", "none", "--format", "{p}|{l}"])
        .args(["--offline", "--locked"])
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let crates = tree.lines().map(|line| {
        let (package, licence) = line.split_once('|').unwrap();
        let mut words = package.split(' ');
        let mut word = || words.next().unwrap().to_owned();
        (word(), word(), licence.trim_end_matches(" (*)").to_owned())
    });
    let crates: BTreeSet<_> = crates.collect();
    assert!(crates.iter().any(|(name, ..)| name == "ureq"), "the tree was not understood");
    crates
}

/// The licences that `deny.toml` allows.
fn allowed() -> BTreeSet<String> {
    let rules = read("deny.toml");
    let list = rules.split_once("allow = [").unwrap().1.split_once(']').unwrap().0;
    let lines = list.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let names = lines.flat_map(|line| line.split(',')).map(|name| name.trim().trim_matches('"'));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Whether an SPDX expression, choices within obligations, can be met.
fn is_met(expression: &str, allowed: &BTreeSet<String>) -> bool {
    expression.split(" AND ").all(|part| {
        let choices = part.trim_matches(['(', ')']).replace('/', " OR ");
        choices.split(" OR ").any(|choice| allowed.contains(choice.trim()))
    })
}

#[test]
fn an_expression_is_met_by_one_of_its_choices_and_all_of_its_obligations() {
    let allowed = ["MIT", "ISC"].map(str::to_owned).into();
    for met in ["MIT", "Zlib OR MIT", "MIT/Apache-2.0", "(MIT OR Zlib) AND ISC"] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in ["", "Zlib", "MITX", "MIT AND Zlib", "(MIT OR Zlib) AND Unicode-3.0"] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn every_licence_is_on_the_list_and_the_list_has_no_others() {
    let allowed = allowed();
    assert_eq!(allowed.len(), 5, "{allowed:?}");
    for (name, version, licence) in tree() {
        assert!(is_met(&licence, &allowed), "{name} {version}: {licence:?}");
    }
    for name in &allowed {
        let fewer = allowed.iter().filter(|other| *other != name).cloned().collect();
        // Most crates offer the choice of these two.
        let is_needed = tree().iter().any(|(.., licence)| !is_met(licence, &fewer));
        assert!(is_needed || name == "Apache-2.0", "nothing needs {name}");
    }
}

#[test]
fn no_crate_is_there_in_two_versions() {
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for (name, version, _) in tree() {
        versions.entry(name).or_default().insert(version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    assert!(versions.is_empty(), "{versions:?}");
}

#[test]
fn every_crate_of_the_lock_file_comes_from_one_registry_with_its_checksum() {
    let lock = read("Cargo.lock");
    let packages: Vec<&str> = lock.split("[[package]]\n").skip(1).collect();
    assert!(packages.len() > 33, "the lock file was not understood");
    let mut sources = BTreeSet::new();
    for package in packages {
        let value = |key: &str| {
            let mut lines = package.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = ").map(str::to_owned))
        };
        if value("name").as_deref() == Some("\"unattended\"") {
            continue;
        }
        let source = value("source").unwrap_or_default();
        assert!(
            source.starts_with("\"registry+https://") && value("checksum").is_some(),
            "{package}"
        );
        sources.insert(source);
    }
    assert_eq!(sources.len(), 1, "{sources:?}");
}

#[test]
fn nothing_of_its_own_runs_when_it_is_built() {
    let manifest = read("Cargo.toml");
    // A package says so itself.
    let lines = manifest.lines().filter(|line| *line != "build = false");
    let keys = lines.map(|line| line.split('=').next().unwrap().trim());
    let found: Vec<&str> =
        keys.filter(|key| ["build", "links", "proc-macro"].contains(key)).collect();
    assert!(found.is_empty() && !manifest.contains("build-dependencies"), "{found:?}");
    assert!(!Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs").exists());
}
