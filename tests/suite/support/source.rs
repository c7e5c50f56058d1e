//! The files of `src` as texts, without comments and without the tests at their end.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Files by their path below a folder of the project.
pub type Files = BTreeMap<String, String>;

/// Every file under `src` as it is, tests of modules included.
pub fn texts() -> Files {
    texts_below("src")
}

/// The same for another folder of the project.
pub fn texts_below(root: &str) -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(root);
    let mut folders = vec![root.clone()];
    let mut files = Files::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.insert(below, fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

/// The code of every file: no comments, no tests.
pub fn codes() -> Files {
    let mut files = texts();
    files.retain(|file, _| !file.ends_with("tests.rs"));
    for text in files.values_mut() {
        *text = code(text);
    }
    files
}

fn code(text: &str) -> String {
    // Only the tests at the end: what else is for tests is looked at.
    let tests = text.find("\nmod tests").map(|tests| text[..tests].rfind("\n\n").unwrap());
    let code = &text[..tests.unwrap_or(text.len())];
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// A file's name as a module: `error::kind`, and `error` for `error/mod.rs`.
pub fn module(file: &str) -> String {
    let name = file.strip_suffix(".rs").unwrap();
    name.strip_suffix("/mod").unwrap_or(name).replace('/', "::")
}

/// Files that a test makes up.
pub fn made(files: &[(&str, &str)]) -> Files {
    files.iter().map(|(file, code)| ((*file).to_owned(), (*code).to_owned())).collect()
}
