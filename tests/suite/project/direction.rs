//! The three rules of how `src` is built. A folder imports only folders and files above it in
//! `lib.rs`. Within a folder a file imports only files above it in its `mod.rs`, which comes
//! first, or last where it imports one of them. An inherent `impl` stays in the folder of its
//! type. Macros are held to the same.

use std::collections::BTreeMap;

use crate::support::source::{Files, codes, made, module};

/// The modules in the order of `lib.rs`, those of a folder in the order of its `mod.rs`.
fn in_order(files: &Files) -> Vec<String> {
    let mut order = Vec::new();
    for name in named(&files["lib.rs"]) {
        let Some(root) = files.get(&format!("{name}/mod.rs")) else {
            order.push(name);
            continue;
        };
        let inner: Vec<String> =
            named(root).iter().map(|inner| format!("{name}::{inner}")).collect();
        let mod_rs = format!("{name}/mod.rs");
        let is_last = imports(&mod_rs, files).iter().any(|import| inner.contains(import));
        let at = if is_last { order.len() + inner.len() } else { order.len() };
        order.extend(inner);
        order.insert(at, name);
    }
    order
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

/// What a file imports, by the file that it comes from. A name that a `mod.rs` hands on counts
/// as one of the file that has it.
fn imports(file: &str, files: &Files) -> Vec<String> {
    let (code, _) = handed_on(&files[file]);
    let mut imports = Vec::new();
    for path in code.split("crate::").skip(1) {
        let first = word(path);
        let rest = path[first.len()..].strip_prefix("::").unwrap_or_default();
        let is_folder = files.contains_key(&format!("{first}/mod.rs"));
        let names = if is_folder { names(rest) } else { Vec::new() };
        imports.extend(names.iter().map(|name| in_folder(first, name, files)));
        if names.is_empty() {
            imports.push(first.to_owned());
        }
    }
    let own = module(file);
    if file.ends_with("/mod.rs") {
        let inner = named(&code).into_iter().filter(|inner| has_path(&code, inner));
        imports.extend(inner.map(|inner| format!("{own}::{inner}")));
    }
    imports.extend(macros_of_others(file, files));
    imports
}

/// The file of a folder that has this name.
fn in_folder(folder: &str, name: &str, files: &Files) -> String {
    if files.contains_key(&format!("{folder}/{name}.rs")) {
        return format!("{folder}::{name}");
    }
    let (_, origins) = handed_on(&files[&format!("{folder}/mod.rs")]);
    match origins.get(name) {
        Some(inner) => format!("{folder}::{inner}"),
        None => folder.to_owned(),
    }
}

/// A text without the lines by which it hands on names of its own files, and these names
/// with their files.
fn handed_on(code: &str) -> (String, BTreeMap<String, String>) {
    let inner = named(code);
    let (mut left, mut origins) = (String::new(), BTreeMap::new());
    for statement in code.split_inclusive(';') {
        let attributes = |line: &&str| line.is_empty() || line.starts_with("#[");
        let line: String = statement.lines().skip_while(attributes).collect();
        let used = ["pub use ", "pub(crate) use "].iter().find_map(|used| line.strip_prefix(used));
        match used.and_then(|path| path.split_once("::")) {
            Some((file, rest)) if inner.iter().any(|inner| inner == file) => {
                let names = names(rest).into_iter();
                origins.extend(names.map(|name| (name.to_owned(), file.to_owned())));
            }
            _ => left.push_str(statement),
        }
    }
    (left, origins)
}

fn word(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// The first words of what follows a path: one, or those in braces.
fn names(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else {
        return Some(word(rest)).filter(|name| !name.is_empty()).into_iter().collect();
    };
    let mut depth = 0;
    let end = group.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let group = &group[..end.unwrap_or(group.len())];
    let mut depth = 0;
    let parts = group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    parts.map(|part| word(part.trim())).filter(|name| !name.is_empty()).collect()
}

/// Whether a text has a path that begins with this word.
fn has_path(code: &str, first: &str) -> bool {
    let path = format!("{first}::");
    code.match_indices(&path).any(|(at, _)| !code[..at].ends_with(is_in_path))
}

fn is_in_path(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// The files whose macros a file calls: a macro needs no import.
fn macros_of_others(file: &str, files: &Files) -> Vec<String> {
    let mut origins = Vec::new();
    for (other, code) in files.iter().filter(|(other, _)| *other != file) {
        for found in code.split("macro_rules! ").skip(1) {
            let call = format!("{}!", word(found));
            let calls = files[file].match_indices(&call);
            if calls.into_iter().any(|(at, _)| !files[file][..at].ends_with(is_in_path)) {
                origins.push(module(other));
            }
        }
    }
    origins
}

/// What is wrong with the imports.
fn wrong_imports(files: &Files) -> Vec<String> {
    let order = in_order(files);
    let mut wrong = Vec::new();
    for (at, name) in order.iter().enumerate() {
        let file = [format!("{}.rs", name.replace("::", "/")), format!("{name}/mod.rs")];
        let file = file.iter().find(|file| files.contains_key(*file)).unwrap();
        for import in imports(file, files) {
            if !order[..at].contains(&import) {
                wrong.push(format!("{name} imports {import}, which is not above it"));
            }
        }
        if files[file].contains("super::") {
            wrong.push(format!("{name} imports by super"));
        }
    }
    wrong.sort();
    wrong.dedup();
    wrong
}

/// The inherent `impl`s outside the folder of their type.
fn strayed_impls(files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, code) in files {
        let own = inherent_impls(code).into_iter().map(|name| (file.as_str(), name));
        let impls = own.flat_map(|(file, name)| match name.starts_with('$') {
            true => given_to_macros(file, &name, files),
            false => vec![(file, name)],
        });
        for (file, name) in impls {
            let is_here = |other: &String| other == file || folder(other) == folder(file);
            let mut homes = files
                .iter()
                .filter(|(other, code)| defines(code, &name, *other == file))
                .map(|(other, _)| other);
            if !homes.any(is_here) {
                wrong.push(format!("{} has an impl of {name}", module(file)));
            }
        }
    }
    wrong
}

/// The types that the macros of a file, which write an `impl` of their parameter, are called
/// with, each with the file of the call: all words of the call that begin like a type.
fn given_to_macros<'f>(file: &'f str, name: &str, files: &'f Files) -> Vec<(&'f str, String)> {
    let mut given = Vec::new();
    for defined in files[file].split("macro_rules! ").skip(1).map(word) {
        for (caller, code) in files {
            for call in code.split(&format!("{defined}!(")).skip(1) {
                let words = call.split(')').next().unwrap().split(|c| !is_in_path(c));
                let types = words.filter(|word| word.starts_with(char::is_uppercase));
                given.extend(types.map(|word| (caller.as_str(), word.to_owned())));
            }
        }
    }
    if given.is_empty() { vec![(file, name.to_owned())] } else { given }
}

fn folder(file: &str) -> &str {
    file.split_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a type is defined in a text, or for others as well.
fn defines(code: &str, name: &str, itself: bool) -> bool {
    code.lines().map(str::trim_start).any(|line| {
        let shown = ["pub ", "pub(crate) "].iter().find_map(|shown| line.strip_prefix(shown));
        let Some(line) = shown.or(itself.then_some(line)) else { return false };
        let kinds = ["struct ", "enum ", "union ", "trait "];
        kinds.iter().filter_map(|kind| line.strip_prefix(kind)).any(|rest| word(rest) == name)
    })
}

/// The types that a text has an inherent `impl` of; also where a macro writes it. A type that
/// is the parameter of a macro keeps its `$`.
fn inherent_impls(code: &str) -> Vec<String> {
    let mut types = Vec::new();
    for (at, _) in code.match_indices("impl") {
        let begins = code[..at].rsplit('\n').next().unwrap().trim();
        let rest = &code[at + "impl".len()..];
        if !matches!(begins, "" | "unsafe" | "default" | "$(") || !rest.starts_with([' ', '<']) {
            continue;
        }
        let head = without_generics(rest.split('{').next().unwrap());
        let words: Vec<&str> =
            head.split_whitespace().take_while(|word| *word != "where").collect();
        if !words.contains(&"for") {
            let path = words.iter().find(|word| **word != "dyn").unwrap();
            types.push(path.rsplit("::").next().unwrap().to_owned());
        }
    }
    types
}

/// What stands outside `<…>`.
fn without_generics(head: &str) -> String {
    let mut depth = 0;
    let head = head.replace("->", "  ");
    let outside = head.chars().map(|c| {
        let before = depth;
        depth += i32::from(c == '<') - i32::from(c == '>');
        if before == 0 && depth == 0 { c } else { ' ' }
    });
    outside.collect()
}

/// The files that no module of the list has.
fn unlisted(files: &Files) -> Vec<String> {
    let order = in_order(files);
    let names = files.keys().map(|file| module(file));
    names.filter(|name| name != "lib" && !order.contains(name)).collect()
}

const NOTHING: [&str; 0] = [];

/// What does not keep the rules yet. An exception that is not needed any more is one too many.
const EXCEPTIONS: &[&str] = &["pages has an impl of Client"];

#[test]
fn the_source_keeps_the_rules() {
    let files = codes();
    let count: usize = files.keys().map(|file| imports(file, &files).len()).sum();
    assert!(count > 100, "the imports were not understood");
    let count: usize = files.values().map(|code| inherent_impls(code).len()).sum();
    assert!(count > 40, "the impls were not understood");
    let wrong = [wrong_imports(&files), strayed_impls(&files)].concat();
    assert_eq!(wrong, EXCEPTIONS);
}

#[test]
fn every_file_is_a_module_of_the_list() {
    assert_eq!(unlisted(&codes()), NOTHING);
}

/// Two root files, a folder of two files, and a root file below it; one file is replaced.
fn changed(file: &str, code: &str) -> Files {
    let mut files = made(&[
        ("lib.rs", "mod a;\npub mod f;\nmod g;\nmod b;\n"),
        ("a.rs", "pub struct A;\nimpl A {}\n"),
        ("f/mod.rs", "pub(crate) mod x;\nmod y;\npub use y::{Shown, Told};\n"),
        ("f/x.rs", "use crate::a::A;\npub(crate) struct X<'a>(&'a A);\nimpl<'a> X<'a> {}\n"),
        ("f/y.rs", "use crate::f::x::X;\npub struct Shown;\npub struct Told;\n"),
        ("g/mod.rs", "mod z;\nuse crate::g::z::Z;\nstruct G(Z);\n"),
        ("g/z.rs", "use crate::f::{Shown, x::{X, Y}};\npub(crate) struct Z;\n"),
        ("b.rs", "use crate::g::G;\nimpl From<G> for crate::a::A {}\n"),
    ]);
    files.insert(file.to_owned(), code.to_owned());
    files
}

#[test]
fn what_keeps_the_rules_is_left_alone() {
    let files = changed("a.rs", "pub struct A;\nimpl A {}\n");
    assert_eq!(in_order(&files), ["a", "f", "f::x", "f::y", "g::z", "g", "b"]);
    assert_eq!(wrong_imports(&files), NOTHING);
    assert_eq!(strayed_impls(&files), NOTHING);
    assert_eq!(unlisted(&files), NOTHING);
}

#[test]
fn an_import_that_goes_up_or_around_is_found() {
    for (file, code, expected) in [
        // A folder or a root file that is below in `lib.rs`.
        ("a.rs", "use crate::b::B;", "a imports b, which is not above it"),
        ("a.rs", "fn f() -> crate::f::x::X {}", "a imports f::x, which is not above it"),
        ("f/x.rs", "use crate::g::z::Z;", "f::x imports g::z, which is not above it"),
        ("f/y.rs", "use crate::b;", "f::y imports b, which is not above it"),
        ("f/mod.rs", "mod x;\nmod y;\nuse crate::g::G;", "f imports g, which is not above it"),
        // A file that is below in `mod.rs`, by whichever name.
        ("f/x.rs", "use crate::f::y::Y;", "f::x imports f::y, which is not above it"),
        ("f/x.rs", "use crate::f::Told;", "f::x imports f::y, which is not above it"),
        ("f/x.rs", "use crate::f::{y::Y};", "f::x imports f::y, which is not above it"),
        ("g/z.rs", "use crate::g::G;", "g::z imports g, which is not above it"),
        // Itself, the root, and what cannot be followed.
        ("b.rs", "fn f() -> crate::b::B {}", "b imports b, which is not above it"),
        ("b.rs", "use crate::Client;", "b imports Client, which is not above it"),
        ("b.rs", "use crate::{a, f};", "b imports , which is not above it"),
        ("f/y.rs", "use super::x::X;", "f::y imports by super"),
        // A macro.
        ("b.rs", "macro_rules! made { () => {} }", "f::y imports b, which is not above it"),
    ] {
        let mut files = changed(file, code);
        if code.contains("macro_rules") {
            files.insert("f/y.rs".into(), "pub struct Told;\nmade!();".into());
        }
        assert!(
            wrong_imports(&files).contains(&expected.to_owned()),
            "{:?}",
            wrong_imports(&files)
        );
    }
    // A `mod.rs` that imports one of its files stands below them all.
    for code in
        ["mod x;\nmod y;\nstruct F(x::X);", "mod x;\nmod y;\nuse crate::f::x::X;\nstruct F;"]
    {
        let mut files = changed("f/mod.rs", code);
        assert_eq!(in_order(&files)[1..4], ["f::x", "f::y", "f"]);
        files.insert("f/y.rs".into(), "use crate::f::F;".into());
        assert_eq!(wrong_imports(&files)[0], "f::y imports f, which is not above it");
    }
}

#[test]
fn an_impl_outside_the_folder_of_its_type_is_found() {
    for (code, expected) in [
        ("impl crate::f::x::X<'_> {}", "b has an impl of X"),
        ("impl<'a> X<'a> {}", "b has an impl of X"),
        (
            "impl<'a, T: Into<Vec<T>>> X<'a>\nwhere\n    T: for<'b> F<'b>,\n{\n}",
            "b has an impl of X",
        ),
        ("impl dyn Store {}", "b has an impl of Store"),
        ("macro_rules! more {\n    () => {\n        impl Z {}\n    };\n}", "b has an impl of Z"),
        (
            "macro_rules! more {\n    ($t:ty) => {\n        impl $t {}\n    };\n}",
            "b has an impl of $t",
        ),
        (
            "macro_rules! more {\n    ($t:ty) => {\n        impl $t {}\n    };\n}\nmore!(Z);",
            "b has an impl of Z",
        ),
        // Not the one that has this name for itself.
        ("impl Own {}", "b has an impl of Own"),
    ] {
        let mut files = changed("b.rs", code);
        files.insert("a.rs".into(), "pub struct A;\nstruct Own;".into());
        assert_eq!(strayed_impls(&files), [expected], "{code}");
    }
    for code in [
        "impl<T: Into<X>> From<T> for X {}",
        "impl<F: for<'a> Fn(&'a str) -> X> Send for X {}",
        "struct X<'a>(&'a str);\nimpl X<'_> {}",
        "macro_rules! more {\n    ($t:ty) => {\n        impl $t {}\n    };\n}\nmore!(A);",
        "fn f() -> impl Iterator<Item = X> {}",
        "impl A {}",
    ] {
        assert_eq!(strayed_impls(&changed("b.rs", code)), NOTHING, "{code}");
    }
}

#[test]
fn a_file_that_is_not_listed_is_found() {
    assert_eq!(unlisted(&changed("c.rs", "")), ["c"]);
    assert_eq!(unlisted(&changed("f/z.rs", "")), ["f::z"]);
    assert_eq!(unlisted(&changed("h/mod.rs", "")), ["h"]);
}
