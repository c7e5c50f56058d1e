//! The example that uploads a folder, as a process: each file once, whatever happens.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::example::stand_in::StandIn;
use crate::support::example::stand_in::closings::Trouble;
use crate::support::example::{Run, directory, example, run, snapdocs_example};
use crate::support::*;

/// A folder with these PDFs.
fn folder(name: &str, files: &[&str]) -> PathBuf {
    let folder = directory(&format!("upload-{name}"));
    for file in files {
        fs::write(folder.join(file), format!("%PDF-1.7 {file}")).unwrap();
    }
    folder
}

/// A run against the stand-in.
fn upload(stand_in: &StandIn, folder: &Path, closing: &str) -> Run {
    let (base_url, token_endpoint) = (stand_in.url(""), stand_in.url("/oauth/token"));
    let mut command = snapdocs_example("upload_folder", &base_url, &token_endpoint);
    run(command.arg(folder).arg(closing))
}

/// A run against a server that lists no document and answers each upload with `answer`.
fn upload_to(answer: Reply, folder: &Path) -> (Run, Server) {
    let server = Server::start(move |seen| match (seen.method.as_str(), seen.path()) {
        (_, TOKEN_PATH) => token_reply("t", 3600),
        ("GET", _) => reply(200, r#"{"documents":[]}"#),
        _ => answer.clone(),
    });
    let mut command = snapdocs_example("upload_folder", &server.url(""), &server.url(TOKEN_PATH));
    let run = run(command.arg(folder).arg("c"));
    (run, server)
}

fn uploads(server: &Server) -> usize {
    server.api_requests().iter().filter(|seen| seen.method == "POST").count()
}

/// Each line of the manifest: file and state, and in `words` what it says.
fn manifest(folder: &Path) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        (text("file"), text("state"), text("words"))
    });
    lines.collect()
}

/// File and state by the last line about each.
fn states(folder: &Path) -> Vec<String> {
    let mut last = std::collections::BTreeMap::new();
    for (file, state, _) in manifest(folder) {
        last.insert(file, state);
    }
    last.into_iter().map(|(file, state)| format!("{file} {state}")).collect()
}

fn names(stand_in: &StandIn, closing: &str) -> Vec<String> {
    stand_in.closings().documents(closing).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn a_bad_day_ends_well_offline() {
    let run = run(&mut example("upload_folder"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("2 uploaded, 0 found, 0 before, 1 failed, 1 unknown; "));
    assert!(run.stdout.contains("1 uploaded, 1 found, 2 before, 0 failed, 0 unknown; "));
    assert!(run.stdout.ends_with("the closing has each of the 4 files once, to the byte\n"));
    assert!(run.stderr.contains("the server asked for it (429 "), "{}", run.stderr);
    // Nor does it matter that nobody can be told.
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let mut deaf = example("upload_folder");
        let deaf = deaf.stdout(full.try_clone().unwrap()).stderr(full);
        assert_eq!(deaf.status().unwrap().code(), Some(0));
    }
}

#[test]
fn a_second_run_skips_tries_again_and_looks_up() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("two-runs", &["c.pdf", "A b&ü.PDF", "b.pdf", "d.pdf"]);
    fs::write(folder.join("b.pdf"), "no PDF").unwrap();
    fs::write(folder.join("notes.txt"), "notes").unwrap();
    fs::create_dir(folder.join("more.pdf")).unwrap();
    stand_in.closings().arm("c.pdf", Trouble::AnswerLost);
    stand_in.closings().arm("d.pdf", Trouble::Limited);

    let first = upload(&stand_in, &folder, &closing);
    assert_eq!(first.code, 69, "{}", first.stderr);
    assert!(first.stdout.contains("2 uploaded, 0 found, 0 before, 1 failed, 1 unknown; "));
    assert!(first.stderr.contains("more.pdf: left out, not a PDF\n"), "{}", first.stderr);
    assert!(first.stderr.contains("notes.txt: left out, not a PDF\n"), "{}", first.stderr);
    let lines = manifest(&folder);
    let order: Vec<&str> = lines.iter().map(|(file, ..)| file.as_str()).collect();
    // Each is unknown from before it is sent.
    assert_eq!(
        order,
        ["A b&ü.PDF", "A b&ü.PDF", "b.pdf", "b.pdf", "c.pdf", "c.pdf", "d.pdf", "d.pdf"]
    );
    let sent = |at: usize| (lines[at].1.as_str(), lines[at].2.as_str());
    assert_eq!(sent(0), ("unknown", "being sent"));
    assert_eq!(sent(1), ("uploaded", "201 Created"));
    assert_eq!(sent(3).0, "failed");
    assert!(sent(3).1.ends_with("422 Unprocessable Entity: b.pdf is not a PDF"), "{}", sent(3).1);
    assert_eq!(sent(5).0, "unknown");
    assert!(sent(5).1.contains("502 Bad Gateway"), "{}", sent(5).1);
    assert_eq!(sent(7), ("uploaded", "201 Created"));

    fs::write(folder.join("b.pdf"), "%PDF-1.7 at last").unwrap();
    let second = upload(&stand_in, &folder, &closing);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stdout.starts_with(
        "A b&ü.PDF: uploaded before\nb.pdf: uploaded: 201 Created\nc.pdf: found in the document list\nd.pdf: uploaded before\n1 uploaded, 1 found, 2 before, 0 failed, 0 unknown; "
    ), "{}", second.stdout);
    assert_eq!(manifest(&folder).len(), lines.len() + 3);
    assert_eq!(names(&stand_in, &closing), ["A b&ü.PDF", "c.pdf", "d.pdf", "b.pdf"]);

    let third = upload(&stand_in, &folder, &closing);
    assert_eq!(third.code, 0, "{}", third.stderr);
    assert_eq!(names(&stand_in, &closing).len(), 4);
}

#[test]
fn an_upload_whose_answer_was_lost_is_looked_up_and_not_sent_twice() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("lost", &["a.pdf"]);
    stand_in.closings().arm("a.pdf", Trouble::AnswerLost);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 75);
    assert_eq!(states(&folder), ["a.pdf unknown"]);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 0);
    assert_eq!(states(&folder), ["a.pdf uploaded"]);
    assert_eq!(names(&stand_in, &closing), ["a.pdf"]);
}

#[test]
fn an_upload_that_never_arrived_is_sent_again() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("never", &["a.pdf"]);
    stand_in.closings().arm("a.pdf", Trouble::Overloaded);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 75);
    assert_eq!(states(&folder), ["a.pdf unknown"]);
    age(&folder, Duration::from_secs(60));
    assert_eq!(upload(&stand_in, &folder, &closing).code, 0);
    assert_eq!(names(&stand_in, &closing), ["a.pdf"]);
}

#[test]
fn a_run_that_was_killed_leaves_a_manifest_that_can_be_read() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("killed", &["a.pdf", "b.pdf"]);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 0);
    // As if it was killed while it wrote the last line: b.pdf is unknown, and it is there.
    let path = folder.join("manifest.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let torn = "long words".repeat(100);
    fs::write(&path, format!("{}{torn}", &text[..text.len() - 20])).unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = "a.pdf: uploaded before\nb.pdf: found in the document list\n";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert_eq!(states(&folder), ["a.pdf uploaded", "b.pdf uploaded"]);
    assert_eq!(names(&stand_in, &closing), ["a.pdf", "b.pdf"]);
}

#[test]
fn a_run_that_is_killed_during_an_upload_does_not_send_it_twice() {
    let folder = folder("kill", &["a.pdf"]);
    let (arrived, arrivals) = mpsc::channel();
    let documents: Arc<Mutex<Vec<Value>>> = Arc::default();
    let taken = documents.clone();
    let origin = raw_server(move |mut stream, _| {
        while let Some((head, _)) = read_message(&mut stream) {
            let list = || json!({ "documents": *documents.lock().unwrap() }).to_string();
            match head.split(' ').collect::<Vec<_>>()[..] {
                [_, TOKEN_PATH, ..] => write_reply(&mut stream, &token_reply("t", 3600)),
                ["GET", ..] => write_reply(&mut stream, &reply(200, list())),
                _ => {
                    documents.lock().unwrap().push(json!({ "filename": "a.pdf" }));
                    // No answer, until the other side is gone.
                    arrived.send(()).unwrap();
                }
            }
        }
    });
    let mut command = snapdocs_example("upload_folder", &origin, &format!("{origin}{TOKEN_PATH}"));
    command.arg(&folder).arg("c");
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    arrivals.recv().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(manifest(&folder), [("a.pdf".into(), "unknown".into(), "being sent".into())]);
    let run = run(command.stdout(Stdio::piped()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("a.pdf: found in the document list\n"), "{}", run.stdout);
    assert_eq!(taken.lock().unwrap().len(), 1);
}

#[test]
fn what_is_no_manifest_stops_the_run_before_anything_is_sent() {
    let folder = folder("damaged", &["a.pdf"]);
    fs::write(folder.join("manifest.jsonl"), "{\"closing\":\"c\"\nx\n").unwrap();
    let (run, server) = upload_to(reply(201, ""), &folder);
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains("manifest.jsonl: line 1 is not of a manifest: "), "{}", run.stderr);
    assert!(server.seen().is_empty());
}

#[test]
fn a_refusal_that_concerns_all_files_stops_after_one() {
    for (name, status, code) in [("credentials", 401, 77), ("permission", 403, 69)] {
        let folder = folder(name, &["a.pdf", "b.pdf", "c.pdf"]);
        let (run, server) = upload_to(reply(status, ""), &folder);
        assert_eq!(run.code, code, "{}", run.stderr);
        let targets: Vec<String> =
            server.api_requests().into_iter().map(|seen| seen.target).collect();
        assert!(!targets.iter().any(|target| target.contains("b.pdf")), "{targets:?}");
        assert_eq!(states(&folder), ["a.pdf failed"]);
        assert!(run.stdout.starts_with("0 uploaded, 0 found, 0 before, 0 failed, 0 unknown; "));
        assert!(run.stderr.starts_with("upload_folder: POST "), "{}", run.stderr);
    }
}

#[test]
fn wrong_credentials_and_an_unknown_closing_stop_it_before_the_first_file() {
    let stand_in = StandIn::calm();
    let folder = folder("before", &["a.pdf"]);
    let unknown = upload(&stand_in, &folder, "nothing");
    assert_eq!(unknown.code, 69);
    assert!(unknown.stderr.contains("404 Not Found: There is no such closing."));
    let (base_url, token_endpoint) = (stand_in.url(""), stand_in.url("/oauth/token"));
    let mut command = snapdocs_example("upload_folder", &base_url, &token_endpoint);
    let wrong = run(command.arg(&folder).arg("c").env("SNAPDOCS_CLIENT_SECRET", "wrong"));
    assert_eq!(wrong.code, 77, "{}", wrong.stderr);
    assert_eq!(manifest(&folder), []);
}

#[test]
fn a_wait_that_outlasts_the_deadline_stops_it_as_temporary() {
    let folder = folder("blocked", &["a.pdf", "b.pdf"]);
    let (run, server) = upload_to(reply(429, "").header("retry-after", "3600"), &folder);
    assert_eq!((run.code, uploads(&server)), (75, 1), "{}", run.stderr);
    assert_eq!(states(&folder), ["a.pdf failed"]);
    // The next run goes on from there.
    let (run, server) = upload_to(reply(201, ""), &folder);
    assert_eq!((run.code, uploads(&server)), (0, 2), "{}", run.stderr);
    assert_eq!(states(&folder), ["a.pdf uploaded", "b.pdf uploaded"]);
}

#[test]
fn three_answers_lost_in_a_row_stop_it_as_temporary() {
    let folder = folder("down", &["a.pdf", "b.pdf", "c.pdf", "d.pdf"]);
    let (run, server) = upload_to(reply(502, ""), &folder);
    assert_eq!((run.code, uploads(&server)), (75, 3), "{}", run.stderr);
    assert_eq!(states(&folder), ["a.pdf unknown", "b.pdf unknown", "c.pdf unknown"]);
    let expected = "upload_folder: 3 uploads in a row were lost, the last one by: POST ";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
}

#[test]
fn files_that_changed_or_vanished_are_told_and_not_sent() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("changed", &["a.pdf", "b.pdf", "c.pdf"]);
    fs::write(folder.join("b.pdf"), "no PDF").unwrap();
    assert_eq!(upload(&stand_in, &folder, &closing).code, 69);
    // Of the same length.
    fs::write(folder.join("a.pdf"), "%PDF-1.7 b.pdf").unwrap();
    fs::remove_file(folder.join("b.pdf")).unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert!(run.stdout.starts_with(
        "a.pdf: failed: not sent: it changed after it was uploaded; a new version needs a new name\nc.pdf: uploaded before\nb.pdf: gone: it failed before, and is not there any more\n0 uploaded, 0 found, 1 before, 1 failed, 0 unknown; "
    ), "{}", run.stdout);
    assert_eq!(names(&stand_in, &closing), ["a.pdf", "c.pdf"]);
    assert_eq!(states(&folder), ["a.pdf uploaded", "b.pdf gone", "c.pdf uploaded"]);
}

#[test]
fn a_file_that_is_gone_may_have_been_uploaded() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("gone", &["a.pdf"]);
    stand_in.closings().arm("a.pdf", Trouble::AnswerLost);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 75);
    fs::remove_file(folder.join("a.pdf")).unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.starts_with("a.pdf: found in the document list\n"), "{}", run.stdout);
    assert_eq!(states(&folder), ["a.pdf uploaded"]);
}

#[test]
fn a_reader_who_goes_away_does_not_stop_it() {
    let folder = folder("reader", &["a.pdf", "b.pdf"]);
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let (base_url, token_endpoint) = (stand_in.url(""), stand_in.url("/oauth/token"));
    let mut command = snapdocs_example("upload_folder", &base_url, &token_endpoint);
    let status = command.arg(&folder).arg(&closing).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(names(&stand_in, &closing), ["a.pdf", "b.pdf"]);
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_no_trouble_of_the_others() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("unreadable", &["b.pdf"]);
    std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("a.pdf")).unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert!(run.stdout.starts_with("a.pdf: failed: the file cannot be read: "), "{}", run.stdout);
    assert_eq!(states(&folder), ["a.pdf failed", "b.pdf uploaded"]);
}

#[test]
fn without_its_manifest_it_sends_nothing_that_is_there_already() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("forgotten", &["a.pdf"]);
    assert_eq!(upload(&stand_in, &folder, &closing).code, 0);
    fs::remove_file(folder.join("manifest.jsonl")).unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 65, "{}", run.stderr);
    let expected = "a.pdf: failed: not sent: the closing has a document of this name already; ";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert_eq!(names(&stand_in, &closing), ["a.pdf"]);
}

#[test]
fn a_document_of_another_size_is_not_taken_for_the_one_whose_answer_was_lost() {
    let folder = folder("size", &["a.pdf"]);
    assert_eq!(upload_to(reply(502, ""), &folder).0.code, 75);
    let after_listing = |documents: Value| {
        let list = json!({ "documents": documents }).to_string();
        let server = Server::with_api([reply(200, list)]);
        let mut command =
            snapdocs_example("upload_folder", &server.url(""), &server.url(TOKEN_PATH));
        let run = run(command.arg(&folder).arg("c"));
        assert_eq!(uploads(&server), 0);
        run
    };
    let manifest = fs::read(folder.join("manifest.jsonl")).unwrap();
    let other = after_listing(json!([{ "filename": "a.pdf", "size": 3 }]));
    assert_eq!(other.code, 65, "{}", other.stderr);
    let expected = "a.pdf: failed: not sent: the closing has a document of this name with 3 bytes, where 14 were sent\n";
    assert!(other.stdout.starts_with(expected), "{}", other.stdout);

    // Of several, it is the one that fits.
    fs::write(folder.join("manifest.jsonl"), manifest).unwrap();
    let listed = [3, 14, 5].map(|size| json!({ "filename": "a.pdf", "size": size }));
    let both = after_listing(json!(listed));
    assert_eq!(both.code, 0, "{}", both.stderr);
    assert!(both.stdout.starts_with("a.pdf: found in the document list\n"), "{}", both.stdout);
}

#[test]
fn a_list_without_file_names_stops_it_rather_than_sending_twice() {
    let folder = folder("nameless", &["a.pdf"]);
    let list = reply(200, r#"{"documents":[{"title":"a.pdf"}]}"#);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => list.clone(),
    });
    let run_with = |name: &str| {
        let mut command =
            snapdocs_example("upload_folder", &server.url(""), &server.url(TOKEN_PATH));
        run(command.arg(&folder).arg("c").env("SNAPDOCS_NAME_FIELD", name))
    };
    let wrong = run_with("filename");
    assert_eq!((wrong.code, uploads(&server)), (78, 0));
    let expected = "upload_folder: the documents of the closing have no text under \"filename\": say in SNAPDOCS_NAME_FIELD under which name the API lists their file names\n";
    assert_eq!(wrong.stderr, expected);
    assert_eq!((run_with("title").code, uploads(&server)), (65, 0));
}

#[test]
fn two_runs_with_one_manifest_are_refused() {
    let folder = folder("lock", &["a.pdf"]);
    let held = File::create(folder.join("manifest.jsonl")).unwrap();
    held.try_lock().unwrap();
    let (run, server) = upload_to(reply(201, ""), &folder);
    assert_eq!(run.code, 75);
    assert!(run.stderr.ends_with("manifest.jsonl is in use by another run\n"), "{}", run.stderr);
    assert!(server.seen().is_empty());
}

#[test]
fn one_manifest_serves_several_closings() {
    let stand_in = StandIn::calm();
    let closings = [stand_in.closings().open(), stand_in.closings().open()];
    let folder = folder("closings", &["a.pdf"]);
    for closing in &closings {
        assert_eq!(upload(&stand_in, &folder, closing).code, 0);
    }
    for closing in &closings {
        assert!(upload(&stand_in, &folder, closing).stdout.starts_with("a.pdf: uploaded before\n"));
        assert_eq!(names(&stand_in, closing), ["a.pdf"]);
    }
}

/// A run with this manifest against a server that must not be called.
fn upload_with(folder: &Path, manifest: &Path) -> Run {
    let server = Server::with_api([]);
    let mut command = snapdocs_example("upload_folder", &server.url(""), &server.url(TOKEN_PATH));
    let run = run(command.arg(folder).arg("c").arg(manifest));
    assert!(server.seen().is_empty());
    run
}

#[test]
fn a_document_is_not_taken_for_the_manifest() {
    let folder = folder("document", &["a.pdf", "b.PDF"]);
    // As `*.pdf` leaves it, where it matches one file.
    for name in ["b.PDF", "none.pdf"] {
        let path = folder.join(name);
        let run = upload_with(&folder, &path);
        assert_eq!(run.code, 64, "{}", run.stderr);
        let expected = format!(
            "upload_folder: {} is a document, not a manifest: it would be written to\n",
            path.display()
        );
        assert_eq!(run.stderr, expected);
    }
    assert_eq!(fs::read_to_string(folder.join("b.PDF")).unwrap(), "%PDF-1.7 b.PDF");
    assert!(!folder.join("none.pdf").exists());
}

#[cfg(unix)]
#[test]
fn a_link_to_a_document_is_not_taken_for_the_manifest() {
    let folder = folder("document-link", &["a.pdf"]);
    let link = folder.join("manifest.jsonl");
    std::os::unix::fs::symlink(folder.join("a.pdf"), &link).unwrap();
    let run = upload_with(&folder, &link);
    assert_eq!(run.code, 64, "{}", run.stderr);
    assert_eq!(fs::read_to_string(folder.join("a.pdf")).unwrap(), "%PDF-1.7 a.pdf");
}

#[test]
fn what_is_no_manifest_stays_as_it_is_to_the_last_byte() {
    let folder = folder("untouched", &["a.pdf"]);
    let path = folder.join("notes.txt");
    let line =
        r#"{"closing":"c","file":"a.pdf","state":"failed","bytes":1,"checksum":"","words":""}"#;
    for (text, at) in [
        ("one\ntwo", 1),
        ("one", 1),
        ("{\"closing\":\"c\"\ntorn", 1),
        ("{\"closed\":", 1),
        ("{\"closing\":{\"external\":1}}", 1),
        (&format!("{line}\nno more\n{line}"), 2),
    ] {
        fs::write(&path, text).unwrap();
        let run = upload_with(&folder, &path);
        assert_eq!(run.code, 65, "{text}: {}", run.stderr);
        let expected = format!("notes.txt: line {at} is not of a manifest");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_manifest_whose_only_line_is_torn_is_one() {
    let stand_in = StandIn::calm();
    for torn in ["{", "{\"closing\":\"c", "{\"closing\":\"c\",\"file\":\"a.pd"] {
        let closing = stand_in.closings().open();
        let folder = folder("only-line", &["a.pdf"]);
        fs::write(folder.join("manifest.jsonl"), torn).unwrap();
        let run = upload(&stand_in, &folder, &closing);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(states(&folder), ["a.pdf uploaded"]);
    }
}

#[test]
fn a_failed_file_that_was_renamed_is_told_once_and_then_done_with() {
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("renamed", &["a.pdf"]);
    fs::write(folder.join("b.pdf"), "no PDF").unwrap();
    assert_eq!(upload(&stand_in, &folder, &closing).code, 69);
    fs::remove_file(folder.join("b.pdf")).unwrap();
    let second = upload(&stand_in, &folder, &closing);
    assert_eq!(second.code, 0, "{}", second.stderr);
    assert!(second.stdout.contains("b.pdf: gone: it failed before, and is not there any more\n"));
    assert!(second.stdout.contains("0 uploaded, 0 found, 1 before, 0 failed, 0 unknown; "));
    let third = upload(&stand_in, &folder, &closing);
    assert_eq!((third.code, third.stdout.contains("b.pdf")), (0, false), "{}", third.stdout);
    // It may come back.
    fs::write(folder.join("b.pdf"), "%PDF-1.7 at last").unwrap();
    assert_eq!(upload(&stand_in, &folder, &closing).code, 0);
    assert_eq!(states(&folder), ["a.pdf uploaded", "b.pdf uploaded"]);
}

#[test]
fn a_file_that_is_unknown_and_gone_stays_open() {
    let folder = folder("unknown-gone", &["a.pdf"]);
    assert_eq!(upload_to(reply(502, ""), &folder).0.code, 75);
    fs::remove_file(folder.join("a.pdf")).unwrap();
    age(&folder, Duration::from_secs(60));
    let (run, _) = upload_to(reply(201, ""), &folder);
    assert_eq!(run.code, 65, "{}", run.stderr);
    assert!(run.stdout.starts_with("a.pdf: failed: the file is gone\n"), "{}", run.stdout);
    assert_eq!(states(&folder), ["a.pdf unknown"]);
}

/// As if the last run had ended that long ago.
fn age(folder: &Path, age: Duration) {
    let manifest = File::options().write(true).open(folder.join("manifest.jsonl")).unwrap();
    manifest.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn a_document_that_is_listed_late_is_looked_for_twice_before_it_is_sent_again() {
    let folder = folder("late", &["a.pdf"]);
    assert_eq!(upload_to(reply(502, ""), &folder).0.code, 75);
    // A minute is over at once, as far as a test can wait.
    age(&folder, Duration::from_secs(59));
    let listed = reply(200, r#"{"documents":[{"filename":"a.pdf"}]}"#);
    let server = Server::with_api([reply(200, r#"{"documents":[]}"#), listed]);
    let mut command = snapdocs_example("upload_folder", &server.url(""), &server.url(TOKEN_PATH));
    let run = run(command.arg(&folder).arg("c"));
    assert_eq!((run.code, uploads(&server)), (0, 0), "{}", run.stderr);
    assert!(run.stdout.contains("\na.pdf: found in the document list\n"), "{}", run.stdout);
    let expected = "what is unknown may still come: it is looked for again in 1 s\n";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn names_that_no_terminal_should_see_are_escaped_and_others_that_are_no_text_skipped() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let stand_in = StandIn::calm();
    let closing = stand_in.closings().open();
    let folder = folder("strange", &["a\u{1b}[2J\n.pdf"]);
    fs::write(folder.join("b\u{7}.txt"), "").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"c\xff.txt")), "").unwrap();
    let run = upload(&stand_in, &folder, &closing);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = "a\\u{1b}[2J\\n.pdf: uploaded: 201 Created\n";
    assert!(run.stdout.starts_with(expected), "{}", run.stdout);
    assert!(run.stderr.contains("b\\u{7}.txt: left out, not a PDF\n"), "{}", run.stderr);
    assert!(run.stderr.contains("c\u{fffd}.txt: left out, not a PDF\n"), "{}", run.stderr);
    fs::write(folder.join(OsStr::from_bytes(b"d\xff.pdf")), "").unwrap();
    let unsendable = upload(&stand_in, &folder, &closing);
    assert_eq!(unsendable.code, 65);
    assert!(unsendable.stderr.ends_with("has a name that cannot be sent: rename it\n"));
}
