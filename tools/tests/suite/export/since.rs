use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::server::*;
use crate::{Run, directory, names, run};

/// Rows on two pages, at this time of the server's; the second page may be refused.
fn shop(date: &'static str, age: &'static str, second: u16) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ if seen.target.contains("page_number=2") && second != 200 => {
            reply(second, "{}").header("retry-after", "3600")
        }
        _ => {
            let page = if seen.target.contains("page_number=2") { 2 } else { 1 };
            let pagination = json!({"page_number": page, "page_size": 1, "total_pages": 2});
            let body = json!({"items": [{"id": page}], "pagination": pagination});
            reply(200, body.to_string()).header("date", date).header("age", age)
        }
    })
}

fn export(server: &Server, folder: &Path, words: &[&str]) -> Run {
    let mut command: Command = super::to(server, &["/orders", "--watermark"]);
    command.arg(folder.join("orders.watermark")).args(words);
    run(&mut command)
}

/// The parameter of the first call.
fn asked(server: &Server) -> String {
    let target = server.api_requests()[0].target.clone();
    target.trim_start_matches("/orders?").split("&page_number").next().unwrap().to_owned()
}

/// The address is part of what was asked: as if `new` had the one of `old`.
fn carry(folder: &Path, old: &Server, new: &Server) {
    for name in names(folder) {
        let file = folder.join(name);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(&old.url(""), &new.url(""))).unwrap();
    }
}

const SINCE: [&str; 2] = ["--since", "updated_since={time}"];
const NOON: &str = "Sun, 01 Nov 2026 12:00:00 GMT";
const LATER: &str = "Mon, 02 Nov 2026 12:00:00 GMT";

#[test]
fn a_run_asks_for_what_changed_since_the_first_answer_of_the_last_complete_one() {
    let folder = directory("since-runs");
    let watermark = || fs::read_to_string(folder.join("orders.watermark")).unwrap_or_default();
    let first = shop(NOON, "60", 200);
    let words = [&SINCE[..], &["--since-first", "2026-01-01"]].concat();
    let run = export(&first, &folder, &words);
    assert_eq!((run.code, run.stdout.as_str()), (0, "{\"id\":1}\n{\"id\":2}\n"), "{}", run.stderr);
    assert_eq!(asked(&first), "updated_since=2026-01-01T00:00:00Z");
    assert!(watermark().contains("\"last\": \"2026-11-01T11:59:00Z\""), "{}", watermark());
    // One that fails does not move it on.
    let failed = shop(LATER, "0", 403);
    carry(&folder, &first, &failed);
    let before = watermark();
    assert_eq!(export(&failed, &folder, &words).code, 75);
    assert_eq!(
        (asked(&failed).as_str(), watermark()),
        ("updated_since=2026-11-01T11:54:00Z", before)
    );
    // A format and an overlap of their own.
    let second = shop(LATER, "0", 200);
    carry(&folder, &failed, &second);
    let more = ["--since-format", "unix", "--since-overlap", "0"];
    assert_eq!(export(&second, &folder, &[&words[..], &more].concat()).code, 0);
    assert_eq!(asked(&second), "updated_since=1793534340");
    assert!(watermark().contains("2026-11-02T12:00:00Z"), "{}", watermark());
}

#[test]
fn a_run_that_is_resumed_asks_for_the_same_and_keeps_the_time_of_its_first_part() {
    let folder = directory("since-resumed");
    let file = folder.join("orders.jsonl");
    let words = [&SINCE[..], &["--resume", "--out", file.to_str().unwrap()]].concat();
    let busy = shop(NOON, "0", 429);
    assert_eq!(export(&busy, &folder, &words).code, 75);
    assert!(!folder.join("orders.watermark").exists());
    let fine = shop(LATER, "0", 200);
    carry(&folder, &busy, &fine);
    let run = export(&fine, &folder, &words);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"id\":1}\n{\"id\":2}\n");
    let watermark = fs::read_to_string(folder.join("orders.watermark")).unwrap();
    assert!(watermark.contains("2026-11-01T12:00:00Z"), "{watermark}");
}

#[test]
fn rows_that_are_not_asked_for_again_are_not_replaced() {
    let folder = directory("since-kept");
    let file = folder.join("orders.jsonl");
    let words = [&SINCE[..], &["--out", file.to_str().unwrap()]].concat();
    let server = shop(NOON, "0", 200);
    assert_eq!(export(&server, &folder, &words).code, 0);
    let run = export(&server, &folder, &words);
    assert_eq!(run.code, 78);
    let expected = "is there already, and its rows are not asked for again: put {date} or {time}";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    let dated = folder.join("orders-{date}.jsonl");
    let words = [&SINCE[..], &["--out", dated.to_str().unwrap()]].concat();
    assert_eq!(export(&server, &folder, &words).code, 0);
    let names = names(&folder);
    assert!(
        names.iter().any(|name| name.starts_with("orders-20") && name.len() == 23),
        "{names:?}"
    );
}

#[test]
fn what_cannot_be_gone_on_with_is_told() {
    let folder = directory("since-wrong");
    let server = shop(NOON, "0", 200);
    assert_eq!(export(&server, &folder, &SINCE).code, 0);
    let other = export(&server, &folder, &["--since", "$filter=modified gt {time}"]);
    assert_eq!(other.code, 64);
    let expected = "is the watermark of another export: without it, this one begins anew";
    assert!(other.stderr.contains(expected), "{}", other.stderr);
    fs::write(folder.join("orders.watermark"), "{").unwrap();
    assert_eq!(export(&server, &folder, &SINCE).code, 65);
    for (words, expected) in [
        (
            &["--since", "x"][..],
            "--since takes NAME=VALUE with {time} or {cursor} in the value, or {link}",
        ),
        (&[], "--since is missing"),
        (&["--since", "a={cursor}"], "--cursor-at is missing: nextSyncToken, say"),
        (
            &["--since={link}", "--cursor-at=next", "--since-first=2026-01-01"],
            "--since-first needs {time} in --since",
        ),
        (
            &["--since=a={time}", "--cursor-at=next"],
            "--cursor-at needs {cursor} or {link} in --since",
        ),
    ] {
        let run = export(&server, &folder, words);
        assert_eq!((run.code, run.stderr), (64, format!("export: {expected} (see --help)\n")));
    }
    let undated = shop("no date", "0", 200);
    fs::remove_file(folder.join("orders.watermark")).unwrap();
    let run = export(&undated, &folder, &SINCE);
    assert_eq!((run.code, run.stdout.as_str()), (78, ""));
    assert!(run.stderr.contains("the answer has no Date"), "{}", run.stderr);
}

/// A calendar of two pages, whose last one has `last` to go on with; later there is one row, or
/// none.
fn calendar(last: &'static str) -> Server {
    Server::start(move |seen| match seen.target.split_once('?').map(|(_, query)| query) {
        _ if seen.path() == TOKEN_PATH => token_reply("t", 3600),
        Some("syncToken=old") => reply(410, "{}"),
        Some("syncToken=s1" | "delta=1") => {
            reply(200, last.replace("s1", "s2").replace("=1", "=2"))
        }
        Some("syncToken=s2") => reply(200, "{\"items\":[]}"),
        Some("pageToken=p2") => {
            reply(200, last.replace("ORIGIN", &format!("http://{}", seen.header("host").unwrap())))
        }
        _ => reply(200, "{\"items\":[{\"id\":1}],\"nextPageToken\":\"p2\"}"),
    })
}

const SYNC: [&str; 4] = [
    "--since=syncToken={cursor}",
    "--cursor-at=nextSyncToken",
    "--paging",
    "cursor:pageToken=nextPageToken",
];
const LAST: &str = r#"{"items":[{"id":2}],"nextSyncToken":"s1"}"#;

#[test]
fn a_run_goes_on_with_the_cursor_of_the_last_complete_one() {
    let folder = directory("since-cursor");
    let server = calendar(LAST);
    let targets = || server.api_requests().into_iter().map(|seen| seen.target).collect::<Vec<_>>();
    for (rows, left) in [
        ("{\"id\":1}\n{\"id\":2}\n", "s1"),
        ("{\"id\":2}\n", "s2"),
        // Nothing came, not even a cursor.
        ("", "s2"),
    ] {
        let run = export(&server, &folder, &SYNC);
        assert_eq!((run.code, run.stdout.as_str()), (0, rows), "{}", run.stderr);
        let watermark = fs::read_to_string(folder.join("orders.watermark")).unwrap();
        assert!(watermark.contains(&format!("\"last\": \"{left}\"")), "{watermark}");
    }
    let expected =
        ["/orders", "/orders?pageToken=p2", "/orders?syncToken=s1", "/orders?syncToken=s2"];
    assert_eq!(targets(), expected);
    // The server does not know it any more.
    let file = folder.join("orders.watermark");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("s2", "old")).unwrap();
    let run = export(&server, &folder, &SYNC);
    assert_eq!(run.code, 69);
    assert!(run.stderr.contains("is over: without it, the next run begins anew"), "{}", run.stderr);
}

#[test]
fn a_run_goes_on_with_the_link_of_the_last_complete_one() {
    let folder = directory("since-link");
    let server = calendar(r#"{"items":[{"id":2}],"@odata.deltaLink":"ORIGIN/orders?delta=1"}"#);
    let words = ["--since={link}", "--cursor-at=@odata.deltaLink", SYNC[2], SYNC[3]];
    assert_eq!(export(&server, &folder, &words).code, 0);
    let run = export(&server, &folder, &words);
    assert_eq!((run.code, run.stdout.as_str()), (0, "{\"id\":2}\n"), "{}", run.stderr);
    let watermark = fs::read_to_string(folder.join("orders.watermark")).unwrap();
    assert!(watermark.contains("/orders?delta=2\""), "{watermark}");
}

#[test]
fn rows_whose_last_page_has_no_cursor_are_not_complete() {
    let folder = directory("since-no-cursor");
    let server = calendar(r#"{"items":[{"id":2}]}"#);
    let file = folder.join("orders.jsonl");
    let words = [&SYNC[..], &["--out", file.to_str().unwrap()]].concat();
    let run = export(&server, &folder, &words);
    assert_eq!(run.code, 78);
    assert!(
        run.stderr.contains("the last page has no nextSyncToken (--cursor-at)"),
        "{}",
        run.stderr
    );
    assert_eq!(names(&folder), ["orders.jsonl.part"]);
}
