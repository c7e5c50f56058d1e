//! README, crate docs and examples must not part, and no link may be dead.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The blocks of code between fences of the given kind.
fn blocks(text: &str, fence: &str) -> Vec<String> {
    let fence = format!("```{fence}\n");
    text.split(&fence)
        .skip(1)
        .map(|block| block.split("```").next().unwrap().trim().to_owned())
        .collect()
}

/// A file without the comment at its head.
fn program(path: &str) -> String {
    let text = read(path);
    let code = text.lines().filter(|line| !line.starts_with("//!")).collect::<Vec<_>>();
    code.join("\n").trim().to_owned()
}

/// The texts for people, by their paths below the root.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    for folder in [".", "docs"] {
        for entry in fs::read_dir(format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"))).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.ends_with(".md") {
                pages.push(format!("{folder}/{name}").trim_start_matches("./").to_owned());
            }
        }
    }
    pages
}

/// The lines outside of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// What `[label]: target` defines.
fn definitions(text: &str) -> Vec<(&str, &str)> {
    let lines = prose(text).filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    lines.map(|(label, target)| (label, target.trim())).collect()
}

/// Those of items: pictures are defined for all pages in one place (see `pictures.rs`).
fn labels(text: &str) -> Vec<&str> {
    let items = definitions(text).into_iter().filter(|(_, target)| !target.ends_with(".svg"));
    items.map(|(label, _)| label).collect()
}

/// Where a page leads: by definitions and by `[text](target)`.
fn targets(text: &str) -> Vec<&str> {
    let inline = prose(text).flat_map(|line| line.split("](").skip(1));
    let inline = inline.map(|rest| rest.split(')').next().unwrap());
    definitions(text).into_iter().map(|(_, target)| target).chain(inline).collect()
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The sentences of a page with so many words that a reader loses the thread. Code counts as one
/// word; a list item, a cell of a table and a link in a row of links stand by themselves.
fn long_sentences(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in prose(text) {
        let item = line.trim_start().trim_start_matches(['*', '#', '-', '|', '[']);
        if item.is_empty() || item.len() < line.trim_start().len() {
            blocks.push(String::new());
        }
        *blocks.last_mut().unwrap() += &format!("{} ", item.trim());
    }
    let mut found = Vec::new();
    for block in blocks {
        let words = block.split('`').enumerate().map(|(at, part)| [part, " code "][at % 2]);
        let text = words.collect::<String>().replace(['|', '·'], "\n");
        let text = [". ", "? ", "! ", ".** ", "?** "]
            .iter()
            .fold(text, |text, end| text.replace(end, "\n"));
        let sentences = text.split('\n');
        let is_word = |word: &&str| word.contains(char::is_alphanumeric);
        let is_long = |sentence: &&str| sentence.split(' ').filter(is_word).count() > 30;
        found.extend(sentences.filter(is_long).map(str::to_owned));
    }
    found
}

#[test]
fn no_sentence_of_a_page_has_more_than_thirty_words() {
    for page in pages() {
        let found = long_sentences(&read(&page));
        assert!(found.is_empty(), "{page}: {found:#?}");
    }
    assert_eq!(long_sentences(&"word ".repeat(31)).len(), 1);
    assert!(long_sentences(&format!("{0}. {0}", "`a b` ".repeat(30))).is_empty());
}

#[test]
fn the_picture_of_the_folders_has_them_all_in_their_order() {
    let (picture, library) = (blocks(&read("docs/design.md"), "text"), read("src/lib.rs"));
    let names = picture[0].lines().filter_map(|line| line.strip_prefix("  "));
    let names = names.filter(|line| !line.starts_with(' '));
    let names: Vec<&str> = names
        .flat_map(|line| line.split("  ").next().unwrap().split(' '))
        .map(|name| name.trim_end_matches('/'))
        .collect();
    let modules = library.lines().filter_map(|line| {
        line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ")?.strip_suffix(';')
    });
    assert_eq!(names, modules.filter(|name| *name != "guide").collect::<Vec<_>>());
}

#[test]
fn readme_crate_docs_quickstart_and_script_show_the_same_ten_lines() {
    let code = program("examples/quickstart.rs");
    assert_eq!(blocks(&read("README.md"), "rust,no_run")[0], code);
    assert_eq!(code.lines().filter(|line| !line.is_empty()).count(), 9);
    // The same as a script: its manifest is in front of it.
    let script = read("examples/script/orders.rs");
    assert_eq!(script.splitn(3, "---\n").last().unwrap().trim(), code);
    // The README is the whole of the crate docs: nothing before it but definitions.
    let lib = read("src/lib.rs");
    let (head, _) = lib.split_once("\n#![doc = include_str!(\"../README.md\")]\n").unwrap();
    let pictures = "#![doc = include_str!(\"../docs/pictures/inline.md\")]";
    for line in head.lines().filter(|line| *line != pictures) {
        assert!(line.starts_with("// ") || line.starts_with("//! ["), "{line}");
    }
    assert!(!lib[head.len()..].contains("//!"), "crate docs that the README does not have");
}

#[test]
fn the_readme_is_read_in_a_few_minutes() {
    let words = read("README.md").split_whitespace().count();
    assert!(words <= 1100, "{words} words: move something to a page in docs");
}

#[test]
fn the_test_that_the_page_on_testing_shows_is_one_that_runs() {
    let shown = blocks(&read("docs/testing.md"), "rust,no_run");
    assert_eq!(shown, [program("tests/suite/client/own_program.rs")]);
}

#[test]
fn every_relative_link_leads_to_a_file_that_is_there() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for target in targets(&text).into_iter().filter(|target| !target.contains("://")) {
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let beside = Path::new(&page).parent().unwrap().join(file);
            let path = if file.is_empty() { page.clone() } else { beside.display().to_string() };
            let at = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
            assert!(at.exists(), "{page} links to {target}");
            if !heading.is_empty() {
                let text = read(&path);
                let mut headings = prose(&text).filter(|line| line.starts_with('#')).map(anchor);
                assert!(headings.any(|anchor| anchor == heading), "{page} links to {target}");
            }
            links += 1;
        }
    }
    assert!(links > 10, "the links were not understood: {links}");
}

#[test]
fn every_file_that_a_page_names_is_there() {
    let mut files = 0;
    for page in pages().into_iter().filter(|page| page != "CHANGELOG.md") {
        for name in read(&page).split('`').skip(1).step_by(2) {
            let folder = name.split('/').next().unwrap();
            let is_file = ["src", "tests", "benches", "examples", "docs", ".ci"].contains(&folder)
                && !name.contains(|c: char| c.is_whitespace() || "<*:".contains(c));
            if is_file {
                let at = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
                assert!(at.exists(), "{page} names {name}");
                files += 1;
            }
        }
    }
    assert!(files > 20, "the names were not understood: {files}");
}

#[test]
fn what_the_readme_links_to_is_an_item_in_the_crate_docs_and_in_the_package() {
    let (readme, lib, manifest) = (read("README.md"), read("src/lib.rs"), read("Cargo.toml"));
    let docs = lib.lines().filter_map(|line| line.strip_prefix("//! ")).collect::<Vec<_>>();
    let docs = docs.join("\n");
    assert!(labels(&readme).len() > 10, "the definitions were not understood");
    assert_eq!(labels(&docs), labels(&readme));
    let included = manifest.split_once("\ninclude = [").unwrap().1.split_once(']').unwrap().0;
    for (label, target) in definitions(&readme) {
        assert!(readme.matches(&format!("[{label}]")).count() > 1, "{label} is not used");
        let first = target.split('/').next().unwrap();
        assert!(included.contains(&format!("\"/{first}\"")), "{target} is not in the package");
    }
    // In rustdoc a link within the text to a file would be dead.
    assert!(!prose(&readme).any(|line| line.contains("](") && !line.contains("](http")));
}

#[test]
fn every_page_of_the_folder_docs_is_a_module_of_the_guide() {
    let guide = read("src/guide.rs");
    for page in pages().iter().filter(|page| page.starts_with("docs/")) {
        let text = read(page);
        let (before, _) = guide
            .split_once(&format!("#[doc = include_str!(\"../{page}\")]"))
            .unwrap_or_else(|| panic!("{page} is not in src/guide.rs"));
        let own = before.rsplit("\n\n").next().unwrap().lines();
        let own = own.filter_map(|line| line.strip_prefix("/// ")).collect::<Vec<_>>().join("\n");
        assert_eq!(labels(&own), labels(&text), "{page}");
        // In rustdoc a link within the text to a file would be dead.
        let mut links = prose(&text).filter(|line| line.contains("]("));
        assert!(links.all(|line| line.contains("](http")), "{page}");
    }
}

/// rustdoc hides lines that begin with `# `; the repository shows them.
#[test]
fn no_page_hides_lines_of_its_code() {
    for page in pages() {
        let text = read(&page);
        let code = ["rust", "rust,no_run"].into_iter().flat_map(|fence| blocks(&text, fence));
        for block in code {
            assert!(!block.lines().any(|line| line.starts_with("# ")), "{page}: {block}");
        }
    }
}

#[test]
fn every_example_begins_by_telling_which_variables_it_reads() {
    let folder = format!("{}/examples", env!("CARGO_MANIFEST_DIR"));
    let mut examples = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = if path.is_dir() { path.join("main.rs") } else { path };
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let is_told = head.contains("_CLIENT_ID`") || head.contains("Reads no variables");
        assert!(is_told, "{}", file.display());
        examples += 1;
    }
    assert_eq!(examples, 10);
}

#[test]
fn every_example_is_one_short_file() {
    for entry in fs::read_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.join("main.rs").exists(), "{}", path.display());
        if path.extension().is_some_and(|end| end == "rs") {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 60, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn every_example_that_the_page_on_calls_names_exists_and_every_example_is_named() {
    let page = read("docs/calls.md");
    for entry in fs::read_dir(format!("{}/examples", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = entry.unwrap().path();
        let is_program =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if is_program {
            assert!(page.contains(&format!("--example {name}`")), "{name}");
        }
    }
    for named in page.split("--example ").skip(1) {
        let name = named.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
        let at = format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"));
        assert!(fs::exists(format!("{at}.rs")).unwrap() || fs::exists(at).unwrap(), "{name}");
    }
}

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = read("SECURITY.md");
    let names: Vec<&str> =
        page.split('`').filter(|text| text.contains("::") && text.contains('_')).collect();
    let mut tests = 0;
    for name in names {
        let (module, test) = name.rsplit_once("::").unwrap();
        // Types of the API begin with a capital.
        if module.starts_with(char::is_uppercase) {
            continue;
        }
        let file = read(&format!("tests/suite/{}.rs", module.replace("::", "/")));
        assert!(file.contains(&format!("\nfn {test}() {{")), "{name}");
        tests += 1;
    }
    assert!(tests > 30, "the page was not understood: {tests}");
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
