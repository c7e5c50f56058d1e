//! README, crate docs and examples must not part.

use std::fs;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The first block of code between ``` fences of the given kind.
fn first_block(text: &str, fence: &str) -> String {
    let after = text.split_once(&format!("```{fence}\n")).unwrap().1;
    after.split_once("```").unwrap().0.trim().to_owned()
}

#[test]
fn readme_crate_docs_and_quickstart_show_the_same_ten_lines() {
    let example = read("examples/quickstart.rs");
    let code = example.lines().filter(|line| !line.starts_with("//!")).collect::<Vec<_>>();
    let code = code.join("\n").trim().to_owned();
    let docs = read("src/lib.rs");
    let docs = docs.lines().filter_map(|line| line.strip_prefix("//!"));
    let docs = docs.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>();
    assert_eq!(first_block(&read("README.md"), "rust,no_run"), code);
    assert_eq!(first_block(&docs.join("\n"), "no_run"), code);
    assert_eq!(code.lines().filter(|line| !line.is_empty()).count(), 9);
}

#[test]
fn every_example_that_the_readme_names_exists_and_every_example_is_named() {
    let readme = read("README.md");
    for entry in fs::read_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        let is_program =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if is_program {
            assert!(readme.contains(&format!("--example {name}`")), "{name}");
        }
    }
    for named in readme.split("--example ").skip(1) {
        let name = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let at = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
        assert!(fs::exists(format!("{at}.rs")).unwrap() || fs::exists(at).unwrap(), "{name}");
    }
}

#[test]
fn every_test_that_the_table_of_promises_names_exists() {
    let promises = read("docs/promises.md");
    let names: Vec<&str> =
        promises.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    assert!(names.len() >= 25, "the table was not understood: {names:?}");
    for name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        let file = read(&format!("tests/suite/{}.rs", module.replace("::", "/")));
        assert!(file.contains(&format!("#[test]\nfn {test}()")), "{name}");
    }
    assert!(promises.lines().count() <= 60, "more than a page");
}
