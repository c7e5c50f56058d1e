use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::server::*;
use crate::{Run, directory, names, run, unattended};

mod files;

#[path = "../../../../src/files/patience.rs"]
mod patience;

/// What a page gets instead of its rows.
#[derive(Clone, Copy)]
enum Trouble {
    /// The server asks for an hour.
    Busy,
    Gone,
    Refused(u16),
    /// A page for people, within a 200.
    Maintenance,
    /// There is no page at all.
    Closed,
    /// Another page than the one that was asked for.
    Other,
    /// No answer as long as this is set.
    Stall,
}

struct State {
    trouble: Option<(u64, Trouble)>,
    rows: u64,
    promised: u64,
    asked: Vec<String>,
}

/// Rows three on a page, and trouble where the test wants it.
struct Shelf {
    url: String,
    state: Arc<(Mutex<State>, Condvar)>,
    /// The page numbers, as they are asked for.
    pages: Receiver<u64>,
    folder: PathBuf,
}

const FOR_EVER: Duration = Duration::from_secs(60);

const TOKEN: &str = "t0ken-of-this-test";

impl Shelf {
    fn new(name: &str) -> Self {
        Self::watched(name, |_| {})
    }

    /// `watch` is called with the number of each page before it is answered.
    fn watched(name: &str, watch: impl Fn(u64) + Send + Sync + 'static) -> Self {
        let state = State { trouble: None, rows: 7, promised: 7, asked: Vec::new() };
        let state = Arc::new((Mutex::new(state), Condvar::new()));
        let (sender, pages) = channel();
        let shared = state.clone();
        let url = raw_server(move |mut stream, _| {
            while let Some(seen) = read_request(&mut stream) {
                let reply = answer(&seen, &shared, &sender, &watch);
                write_reply(&mut stream, &reply);
            }
        });
        Self { url, state, pages, folder: directory(&format!("export-{name}")) }
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.0.lock().unwrap());
        self.state.1.notify_all();
    }

    fn trouble(&self, trouble: impl Into<Option<(u64, Trouble)>>) {
        let trouble = trouble.into();
        self.set(|state| state.trouble = trouble);
    }

    fn asked(&self) -> Vec<String> {
        self.state.0.lock().unwrap().asked.clone()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = unattended("export");
        command.args(["--provider", "snow-atlas", "--region", "westeurope", "--base-url"]);
        command.args([&self.url, "--token-endpoint", &format!("{}{TOKEN_PATH}", self.url)]);
        command.env("SNOW_ATLAS_CLIENT_ID", "me").env("SNOW_ATLAS_CLIENT_SECRET", SECRET);
        command.arg("--no-store").args(words);
        command
    }

    /// `/rows` to a file of that name.
    fn export(&self, name: &str, words: &[&str]) -> Command {
        let mut command = self.command(&["/rows", "--page-size", "3"]);
        command.arg("--out").arg(self.file(name)).args(words);
        command
    }

    fn run(&self, name: &str, words: &[&str]) -> Run {
        run(&mut self.export(name, words))
    }

    /// A run that the server stops at this page.
    fn stopped_at(&self, page: u64, name: &str, words: &[&str]) -> Run {
        self.trouble((page, Trouble::Busy));
        let run = self.run(name, words);
        assert_eq!(run.code, 75, "{}", run.stderr);
        self.trouble(None);
        run
    }

    /// A run that waits for this page.
    fn stalled_at(&self, page: u64, name: &str, words: &[&str]) -> Child {
        self.trouble((page, Trouble::Stall));
        while self.pages.try_recv().is_ok() {}
        let mut command = self.export(name, words);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while self.pages.recv_timeout(FOR_EVER).unwrap() != page {}
        child
    }

    fn complete(&self, name: &str, words: &[&str]) -> Run {
        let run = self.run(name, words);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    /// A run against this server that met no trouble.
    fn uninterrupted(&self, words: &[&str]) -> String {
        self.trouble(None);
        self.complete("whole", words);
        let text = self.text("whole");
        fs::remove_file(self.file("whole")).unwrap();
        text
    }
}

fn answer(
    seen: &Seen,
    (state, changed): &(Mutex<State>, Condvar),
    pages: &Sender<u64>,
    watch: &impl Fn(u64),
) -> Reply {
    if seen.path() == TOKEN_PATH {
        return token_reply(TOKEN, 3600);
    }
    let query = seen.target.split_once('?').map_or("", |(_, query)| query);
    let number = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<u64>().ok())
    };
    let (page, size) = (number("page_number").unwrap_or(1), number("page_size").unwrap_or(3));
    watch(page);
    let mut state = state.lock().unwrap();
    state.asked.push(seen.target.clone());
    let _ = pages.send(page);
    let is_here = |trouble: Option<(u64, Trouble)>| trouble.filter(|(at, _)| *at == page);
    while let Some((_, Trouble::Stall)) = is_here(state.trouble) {
        state = changed.wait(state).unwrap();
    }
    if seen.path() == "/fine" {
        let pagination = json!({"page_number": 1, "page_size": size, "total_items": 1});
        return reply(200, json!({"items": [{"id": 0}], "pagination": pagination}).to_string());
    }
    if let Some((_, Trouble::Closed)) = state.trouble {
        return reply(404, "{}");
    }
    match is_here(state.trouble) {
        Some((_, Trouble::Busy)) => return reply(429, "{}").header("retry-after", "3600"),
        Some((_, Trouble::Gone)) => return reply(410, "{}"),
        Some((_, Trouble::Refused(status))) => return reply(status, "{}"),
        Some((_, Trouble::Maintenance)) => return reply(200, "<html>back at noon</html>"),
        _ => {}
    }
    let first = (page - 1) * size + 1;
    let rows: Vec<_> = (first..first + size).filter(|id| *id <= state.rows).map(row).collect();
    let told = page + u64::from(matches!(is_here(state.trouble), Some((_, Trouble::Other))));
    let pagination = json!({"page_number": told, "page_size": size, "total_items": state.promised});
    reply(200, json!({"items": rows, "pagination": pagination}).to_string())
}

/// The first page alone has the member `early`.
fn row(id: u64) -> serde_json::Value {
    let mut row =
        json!({"id": id, "name": format!("Zoë \"{id}\",\nof {}", "x".repeat(id as usize))});
    if id <= 3 {
        row["early"] = json!(true);
    }
    row
}

const CSV: [&str; 7] = [
    "--format=csv",
    "--allow-missing",
    "--columns",
    "id,name,early,label2",
    "--delimiter",
    "tab",
    "--bom",
];
const FORMATS: [&[&str]; 3] = [&[], &CSV, &["--format=json"]];

fn with<'a>(words: &[&'a str], more: &'a str) -> Vec<&'a str> {
    words.iter().copied().chain([more]).collect()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_run_that_failed_is_resumed_to_the_same_bytes() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("same-bytes-{}", words.len()));
        let whole = shelf.uninterrupted(words);
        for page in 2..=3 {
            shelf.stopped_at(page, "x", words);
            assert_eq!(names(&shelf.folder), ["x.part", "x.resume"]);
            assert!(whole.starts_with(&shelf.text("x.part")));
            let before = shelf.asked().len();
            let run = shelf.complete("x", &with(words, "--resume"));
            assert!(run.stderr.contains("/rows: complete, 7 rows of 7 promised, in "));
            assert_eq!(shelf.text("x"), whole, "after page {page}");
            assert_eq!(names(&shelf.folder), ["x"]);
            let again = format!("page_number={page}&page_size=3");
            assert!(shelf.asked()[before].ends_with(&again), "{:?}", shelf.asked());
            fs::remove_file(shelf.file("x")).unwrap();
        }
    }
}

#[test]
fn a_run_may_fail_and_be_resumed_again_and_again() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("again-{}", words.len()));
        let whole = shelf.uninterrupted(words);
        shelf.stopped_at(2, "x", words);
        shelf.stopped_at(2, "x", &with(words, "--resume"));
        shelf.stopped_at(3, "x", &with(words, "--resume"));
        shelf.stopped_at(3, "x", &with(words, "--resume"));
        shelf.complete("x", &with(words, "--resume"));
        assert_eq!(shelf.text("x"), whole);
    }
}

#[test]
fn the_last_words_name_both_files_and_the_command_that_goes_on() {
    let shelf = Shelf::new("words");
    let run = shelf.stopped_at(3, "x", &["--verbose"]);
    let (part, resume) = (shelf.file("x.part"), shelf.file("x.resume"));
    let left = format!(
        "; what was saved is in {}, and {} says where to go on\n",
        part.display(),
        resume.display()
    );
    assert!(run.stderr.contains("/rows: failed, 6 rows of 7 promised: GET"), "{}", run.stderr);
    assert!(run.stderr.contains(&left), "{}", run.stderr);
    let last = run.stderr.lines().last().unwrap().split_once("  to go on: ").unwrap().1;
    assert!(last.contains(shelf.file("x").to_str().unwrap()), "{last}");
    assert!(last.ends_with(" --verbose /rows --resume"), "{last}");
    let run = shelf.complete("x", &["--resume"]);
    let going_on = format!("going on after the 6 rows in {}\n", part.display());
    assert!(run.stderr.contains(&going_on), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn the_command_that_goes_on_reads_only_what_is_missing() {
    let shelf = Shelf::new("command");
    shelf.trouble((2, Trouble::Busy));
    let folder = shelf.file("it's here");
    let words = ["/fine", "/rows?a=$HOME&b='", "--page-size=3", "--out-dir"];
    let run = run(shelf.command(&words).arg(&folder));
    assert_eq!(run.code, 75, "{}", run.stderr);
    assert_eq!(names(&folder), ["fine.jsonl", "rows.jsonl.part", "rows.jsonl.resume"]);
    let last = run.stderr.lines().last().unwrap().split_once("  to go on: ").unwrap().1.to_owned();
    shelf.trouble(None);
    let before = shelf.asked().len();
    let mut shell = Command::new("sh");
    shell.args(["-c", &last]).env("SNOW_ATLAS_CLIENT_ID", "me");
    let run = self::run(shell.env("SNOW_ATLAS_CLIENT_SECRET", SECRET));
    assert_eq!(run.code, 0, "{last}\n{}", run.stderr);
    assert_eq!(names(&folder), ["fine.jsonl", "rows.jsonl"]);
    let targets: Vec<String> =
        (2..=3).map(|page| format!("/rows?a=$HOME&b='&page_number={page}&page_size=3")).collect();
    assert_eq!(shelf.asked()[before..], targets);
}

#[test]
fn of_several_paths_each_is_resumed_by_itself() {
    let shelf = Shelf::new("several");
    let folder = shelf.file("all");
    let words = ["/fine", "/rows", "--page-size", "3", "--resume", "--out-dir"];
    shelf.trouble((2, Trouble::Busy));
    assert_eq!(run(shelf.command(&words).arg(&folder)).code, 75);
    shelf.trouble(None);
    let run = run(shelf.command(&words).arg(&folder));
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("/fine: nothing to resume, so it begins anew\n"));
    assert!(run.stderr.contains("going on after the 3 rows in "), "{}", run.stderr);
    assert_eq!(names(&folder), ["fine.jsonl", "rows.jsonl"]);
    assert_eq!(shelf.asked().iter().filter(|target| target.starts_with("/fine")).count(), 2);
}

#[test]
fn a_run_that_is_killed_is_resumed_to_the_same_bytes() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("killed-{}", words.len()));
        let whole = shelf.uninterrupted(words);
        for page in 1..=3 {
            kill(shelf.stalled_at(page, "x", words));
            shelf.trouble(None);
            let run = shelf.complete("x", &with(words, "--resume"));
            assert_eq!(run.stderr.contains("going on after the"), page > 1, "{}", run.stderr);
            assert_eq!(shelf.text("x"), whole, "killed at page {page}");
        }
    }
}

#[test]
fn a_run_may_be_killed_at_any_instant() {
    let shelf = Shelf::new("instants");
    let last = 100;
    shelf.set(|state| (state.rows, state.promised) = (3 * last, 3 * last));
    let whole = shelf.uninterrupted(&CSV);
    let words = with(&CSV, "--resume");
    for round in 0..12 {
        // It cannot end before it is killed.
        shelf.trouble((last, Trouble::Stall));
        while shelf.pages.try_recv().is_ok() {}
        let mut command = shelf.export("x", if round == 0 { &CSV } else { &words });
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The server goes on meanwhile: whatever comes next is cut short.
        for _ in 0..7 {
            if shelf.pages.recv_timeout(Duration::from_secs(30)).unwrap() == last {
                break;
            }
        }
        kill(child);
        shelf.trouble(None);
    }
    let run = shelf.complete("x", &words);
    assert!(run.stderr.contains("going on after the "), "{}", run.stderr);
    assert_eq!(shelf.text("x"), whole);
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_what_can_be_gone_on_with() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("full-{}", words.len()));
        shelf.set(|state| (state.rows, state.promised) = (100, 100));
        let whole = shelf.uninterrupted(words);
        // A limit for each file stands for the disk; blocks of 512 bytes.
        let mut limited = Command::new("sh");
        limited.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\""]);
        let export = shelf.export("x", words);
        limited.arg(export.get_program()).args(export.get_args());
        for (variable, value) in export.get_envs().filter_map(|(name, value)| Some((name, value?)))
        {
            limited.env(variable, value);
        }
        let run = run(&mut limited);
        assert_eq!(run.code, 73, "{}", run.stderr);
        let expected = format!("{} cannot be written: File too large", shelf.file("x").display());
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert!(run.stderr.contains("  to go on: "), "{}", run.stderr);
        let run = shelf.complete("x", &with(words, "--resume"));
        assert!(run.stderr.contains("going on after the "), "{}", run.stderr);
        assert_eq!(shelf.text("x"), whole);
    }
}

#[test]
fn a_run_that_begins_anew_and_is_killed_leaves_no_resume_file_of_before() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("anew-{}", words.len()));
        let whole = shelf.uninterrupted(words);
        shelf.stopped_at(3, "x", words);
        fs::write(shelf.file("x.resume.new"), "{").unwrap();
        kill(shelf.stalled_at(1, "x", words));
        assert_eq!(names(&shelf.folder), ["x.part"]);
        shelf.trouble(None);
        shelf.complete("x", &with(words, "--resume"));
        assert_eq!(shelf.text("x"), whole);
    }
}

#[test]
fn with_nothing_to_resume_a_run_begins_anew_and_says_so() {
    let shelf = Shelf::new("nothing");
    let expected = "/rows: nothing to resume, so it begins anew\n";
    assert!(shelf.complete("x", &["--resume"]).stderr.contains(expected));
    // It was complete.
    assert!(shelf.complete("x", &["--resume"]).stderr.contains(expected));
    for lost in ["x.part", "x.resume"] {
        shelf.stopped_at(2, "x", &[]);
        fs::remove_file(shelf.file(lost)).unwrap();
        assert!(shelf.complete("x", &["--resume"]).stderr.contains(expected), "{lost}");
        assert_eq!(names(&shelf.folder), ["x"]);
    }
}

#[test]
fn a_total_that_changed_in_between_is_told() {
    let shelf = Shelf::new("changed");
    shelf.stopped_at(2, "x", &[]);
    shelf.set(|state| (state.rows, state.promised) = (8, 8));
    let run = shelf.complete("x", &["--resume"]);
    let expected =
        "warning: the server promises 8 rows now, and 7 before: rows may be missing or twice in ";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert_eq!(shelf.text("x").lines().count(), 8);
}

#[test]
fn rows_in_all_must_be_as_many_as_the_server_promises_now() {
    let shelf = Shelf::new("promise");
    shelf.stopped_at(2, "x", &[]);
    shelf.set(|state| (state.rows, state.promised) = (8, 9));
    let run = shelf.run("x", &["--resume"]);
    let expected = format!(
        "/rows: failed, 8 rows of 9 promised: 8 rows came in all, and the server promises 9 now; what was saved is in {}, and the next run begins anew\n",
        shelf.file("x.part").display()
    );
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
    assert_eq!(names(&shelf.folder), ["x.part"]);
    shelf.set(|state| state.promised = 8);
    shelf.complete("x", &["--resume"]);
}

#[test]
fn a_place_that_the_server_wants_nothing_of_is_not_gone_on_with_for_ever() {
    let shelf = Shelf::new("gone");
    shelf.trouble((2, Trouble::Gone));
    assert_eq!(shelf.run("x", &[]).code, 69);
    assert_eq!(names(&shelf.folder), ["x.part", "x.resume"]);
    let run = shelf.run("x", &["--resume"]);
    assert_eq!(run.code, 69);
    assert!(run.stderr.contains("x.part, and the next run begins anew\n"), "{}", run.stderr);
    assert_eq!(names(&shelf.folder), ["x.part"]);
    shelf.trouble(None);
    shelf.complete("x", &["--resume"]);
    assert_eq!(names(&shelf.folder), ["x"]);
}

#[test]
fn what_does_not_contradict_the_place_leaves_both_files_to_go_on_with() {
    for (trouble, code) in [
        (Trouble::Maintenance, 65),
        (Trouble::Refused(403), 69),
        (Trouble::Refused(405), 69),
        (Trouble::Closed, 69),
        (Trouble::Busy, 75),
    ] {
        let shelf = Shelf::new("kept");
        let whole = shelf.uninterrupted(&[]);
        shelf.stopped_at(3, "x", &[]);
        let (part, resume) = (shelf.text("x.part"), shelf.text("x.resume"));
        // However often it is tried.
        for _ in 0..2 {
            shelf.trouble((3, trouble));
            let run = shelf.run("x", &["--resume"]);
            assert_eq!(run.code, code, "{}", run.stderr);
            assert!(run.stderr.contains("x.resume says where to go on\n"), "{}", run.stderr);
            assert!(run.stderr.contains("  to go on: "), "{}", run.stderr);
            assert_eq!(
                (shelf.text("x.part"), shelf.text("x.resume")),
                (part.clone(), resume.clone())
            );
        }
        shelf.trouble(None);
        shelf.complete("x", &["--resume"]);
        assert_eq!(shelf.text("x"), whole);
    }
}

#[test]
fn a_place_is_given_up_only_where_the_collection_can_be_read_from_its_begin() {
    for status in [400, 404, 410, 416, 422] {
        let shelf = Shelf::new("contradicted");
        shelf.stopped_at(3, "x", &[]);
        shelf.trouble((3, Trouble::Refused(status)));
        let before = shelf.asked().len();
        let run = shelf.run("x", &["--resume"]);
        assert_eq!(run.code, 69, "{}", run.stderr);
        assert!(run.stderr.contains("x.part, and the next run begins anew\n"), "{}", run.stderr);
        assert!(!run.stderr.contains("to go on"), "{}", run.stderr);
        assert_eq!(names(&shelf.folder), ["x.part"]);
        let asked = shelf.asked()[before..].join(" ");
        assert_eq!(asked, "/rows?page_number=3&page_size=3 /rows?page_number=1&page_size=3");
    }
}

#[test]
fn a_walk_that_went_wrong_is_not_gone_on_with() {
    let shelf = Shelf::new("wrong");
    shelf.trouble((3, Trouble::Other));
    let run = shelf.run("x", &[]);
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains("x.part, and the next run begins anew\n"), "{}", run.stderr);
    assert_eq!(names(&shelf.folder), ["x.part"]);
}

#[test]
fn columns_of_the_first_run_are_not_missed_by_the_second() {
    let shelf = Shelf::new("columns");
    shelf.stopped_at(2, "x", &CSV);
    let run = shelf.complete("x", &with(&CSV, "--resume"));
    assert!(run.stderr.contains("warning: no row of /rows has label2\n"), "{}", run.stderr);
    assert!(!run.stderr.contains("early"), "{}", run.stderr);
}
