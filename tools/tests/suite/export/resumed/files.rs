//! The files that a run keeps: which it goes on with, which it refuses, who may read them.

use std::fs;
use std::io;
use std::time::Duration;

use super::*;

#[test]
fn what_follows_the_resume_point_in_the_part_file_is_cut_off() {
    for words in FORMATS {
        let shelf = Shelf::new(&format!("longer-{}", words.len()));
        let whole = shelf.uninterrupted(words);
        shelf.stopped_at(2, "x", words);
        let torn = shelf.text("x.part") + "{\"id\":4,\"na";
        fs::write(shelf.file("x.part"), torn).unwrap();
        shelf.complete("x", &with(words, "--resume"));
        assert_eq!(shelf.text("x"), whole);
    }
}

#[test]
fn a_part_file_that_lost_bytes_is_refused() {
    let shelf = Shelf::new("shorter");
    shelf.stopped_at(2, "x", &[]);
    let part = shelf.text("x.part");
    fs::write(shelf.file("x.part"), &part[..part.len() - 1]).unwrap();
    let (resume, before) = (shelf.text("x.resume"), shelf.asked().len());
    let run = shelf.run("x", &["--resume"]);
    let expected = format!(
        "{} has {} bytes where {} counts on {}; a run without --resume replaces both\n",
        shelf.file("x.part").display(),
        part.len() - 1,
        shelf.file("x.resume").display(),
        part.len()
    );
    assert_eq!(run.code, 65);
    assert!(run.stderr.contains(&expected), "{}", run.stderr);
    assert_eq!((shelf.text("x.resume"), shelf.asked().len()), (resume, before));
    shelf.complete("x", &[]);
    assert_eq!(names(&shelf.folder), ["x"]);
}

#[test]
fn a_resume_file_of_another_export_is_refused_with_what_differs() {
    let shelf = Shelf::new("other");
    let csv = ["--format=csv", "--columns", "id,name"];
    let text = |words: &[&str], changed: &[&str], expected: &str, client: &str| {
        shelf.stopped_at(2, "x", words);
        let (part, resume) = (shelf.text("x.part"), shelf.text("x.resume"));
        let before = shelf.asked().len();
        let run =
            run(shelf.export("x", changed).arg("--resume").env("SNOW_ATLAS_CLIENT_ID", client));
        let expected = format!(
            "{} is of another export: {expected}; a run without --resume replaces it (see --help)\n",
            shelf.file("x.resume").display()
        );
        assert_eq!(run.code, 64);
        assert!(run.stderr.contains(&expected), "{expected}{}", run.stderr);
        assert_eq!((shelf.text("x.part"), shelf.text("x.resume")), (part, resume));
        assert_eq!(shelf.asked().len(), before);
    };
    text(&[], &["--rows", "rows"], "--rows was not given", "me");
    text(&["--scope", "a"], &[], "--scope was a and is not given", "me");
    text(&[], &["--until-empty"], "--until-empty was not given", "me");
    let twice = ["--ignoring", "a", "--ignoring", "b"];
    text(&twice, &["--ignoring", "a"], "--ignoring was a, b and is a", "me");
    let post = ["--method", "POST", "--json", "{\"a\":1}"];
    text(&post, &["--method", "POST", "--json", "{\"a\":2}"], "the JSON differs", "me");
    text(&post, &["--method", "POST"], "the JSON differs", "me");
    text(&post, &[], "--method was POST and is not given, the JSON differs", "me");
    text(&csv, &["--format=csv", "--columns", "id"], "--columns was id,name and is id", "me");
    let delimiter = ["--format=csv", "--columns", "id,name", "--delimiter", ";"];
    text(&csv, &delimiter, "--delimiter was , and is ;", "me");
    text(&csv, &with(&csv, "--bom"), "--bom was false and is true", "me");
    text(
        &csv,
        &[],
        "--bom was false and is not given, --columns was id,name and is not given, --delimiter was , and is not given, the format was csv and is jsonl",
        "me",
    );
    text(&[], &[], "the client id differs", "you");
}

#[test]
fn another_path_query_page_size_or_region_is_refused_as_well() {
    let shelf = Shelf::new("other-path");
    let out = shelf.file("x");
    let words = |path: &str, size: &str| {
        let mut command = shelf.command(&[path, "--page-size", size]);
        command.arg("--out").arg(&out);
        command
    };
    shelf.trouble((2, Trouble::Busy));
    assert_eq!(run(&mut words("/rows?secret=1", "3")).code, 75);
    for (path, size, expected) in [
        ("/row?secret=1", "3", "path was /rows and is /row;"),
        ("/rows?secret=2", "3", "the query differs;"),
        ("/rows?secret=1", "2", "--page-size was 3 and is 2;"),
    ] {
        let run = run(words(path, size).arg("--resume"));
        assert_eq!(run.code, 64);
        assert!(
            run.stderr.contains(&format!("is of another export: {expected}")),
            "{}",
            run.stderr
        );
    }
    shelf.trouble(None);
    assert_eq!(run(words("/rows?secret=1", "3").arg("--resume")).code, 0);
}

#[test]
fn a_resume_file_that_cannot_be_read_is_refused() {
    let shelf = Shelf::new("corrupt");
    shelf.stopped_at(2, "x", &[]);
    let good = shelf.text("x.resume");
    let cut = (0..good.len() - 1).step_by(40).map(|end| good.as_bytes()[..end].to_vec());
    // The text of the point is JSON within JSON.
    let point = "\"resume_point\": \"";
    let changed = [("\\\"path\\\"", "\\\"way\\\""), (point, "\"resume_point\": \"x")]
        .map(|(from, to)| good.replace(from, to).into_bytes());
    let others = [b"\xff\xfe".to_vec(), b"{}".to_vec(), b"\0\0\0\0".to_vec()];
    let start = good.find(point).unwrap() + point.len() - 1;
    let pointless = format!("{}null\n}}\n", &good[..start]).into_bytes();
    let all = cut.chain(changed).chain(others).chain([pointless]);
    let part = shelf.text("x.part");
    for text in all.chain([good.replace("\"version\": 1", "\"version\": 2").into_bytes()]) {
        fs::write(shelf.file("x.resume"), &text).unwrap();
        let run = shelf.run("x", &["--resume"]);
        let shown = String::from_utf8_lossy(&text);
        assert_eq!(run.code, 65, "{shown}\n{}", run.stderr);
        let expected = format!("{} cannot be read: ", shelf.file("x.resume").display());
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert!(run.stderr.contains("; a run without --resume replaces it\n"), "{}", run.stderr);
        assert_eq!(fs::read(shelf.file("x.resume")).unwrap(), text);
        assert_eq!(shelf.text("x.part"), part);
    }
    fs::write(shelf.file("x.resume"), good).unwrap();
    shelf.complete("x", &["--resume"]);
}

#[test]
fn a_second_run_is_locked_out_and_changes_nothing() {
    let shelf = Shelf::new("locked");
    let first = shelf.stalled_at(2, "x", &[]);
    let (part, resume) = (shelf.text("x.part"), shelf.text("x.resume"));
    for words in [&[][..], &["--resume"]] {
        let run = shelf.run("x", words);
        let expected = format!(
            "another run is writing {}: it holds {}\n",
            shelf.file("x").display(),
            shelf.file("x.lock").display()
        );
        assert_eq!(run.code, 75);
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
    }
    assert_eq!((shelf.text("x.part"), shelf.text("x.resume")), (part, resume));
    assert_eq!(shelf.asked().len(), 2);
    shelf.trouble(None);
    assert!(first.wait_with_output().unwrap().status.success());
    assert_eq!(names(&shelf.folder), ["x"]);
    assert_eq!(shelf.text("x").lines().count(), 7);
}

#[test]
fn a_run_without_resume_replaces_what_another_left() {
    let shelf = Shelf::new("replaced");
    shelf.stopped_at(3, "x", &[]);
    let run = shelf.stopped_at(2, "x", &[]);
    assert!(run.stderr.contains("/rows: failed, 3 rows of 7"), "{}", run.stderr);
    assert_eq!(shelf.text("x.part").lines().count(), 3);
    // One that gets nothing leaves nothing.
    shelf.stopped_at(1, "x", &[]);
    assert!(names(&shelf.folder).is_empty());
}

#[test]
fn nothing_secret_is_in_a_file() {
    let shelf = Shelf::new("secrets");
    shelf.trouble((2, Trouble::Busy));
    let mut command = shelf.command(&["/rows?filter=confidential", "--page-size", "3"]);
    let run = run(command.arg("--verbose").arg("--out").arg(shelf.file("x")));
    assert_eq!(run.code, 75, "{}", run.stderr);
    assert_eq!(names(&shelf.folder), ["x.part", "x.resume"]);
    for entry in fs::read_dir(&shelf.folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for word in [TOKEN, SECRET, "confidential", "\"me\""] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    assert!(!run.stderr.contains(TOKEN) && !run.stderr.contains(SECRET), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn the_files_are_for_those_who_could_read_the_last_export() {
    use std::os::unix::fs::PermissionsExt;
    let shelf = Shelf::new("modes");
    let mode = |name: &str| shelf.file(name).metadata().unwrap().permissions().mode() & 0o777;
    fs::write(shelf.file("x"), "of yesterday\n").unwrap();
    fs::set_permissions(shelf.file("x"), fs::Permissions::from_mode(0o440)).unwrap();
    shelf.stopped_at(2, "x", &[]);
    assert_eq!((mode("x"), mode("x.part"), mode("x.resume")), (0o440, 0o640, 0o600));
    shelf.complete("x", &["--resume"]);
    assert_eq!(mode("x"), 0o440);
    assert_eq!(shelf.text("x").lines().count(), 7);
}

#[test]
fn a_target_that_cannot_be_replaced_leaves_the_complete_file_beside() {
    let target = Arc::new(Mutex::new(None::<PathBuf>));
    let taken = target.clone();
    let shelf = Shelf::watched("held", move |page| {
        if page == 3
            && let Some(target) = taken.lock().unwrap().take()
        {
            fs::create_dir(target).unwrap();
        }
    });
    let whole = shelf.uninterrupted(&[]);
    *target.lock().unwrap() = Some(shelf.file("x"));
    let run = shelf.run("x", &[]);
    let expected = format!("; the complete export is in {}\n", shelf.file("x.complete").display());
    assert_eq!(run.code, 73);
    let failed = format!(
        "/rows: failed, 7 rows of 7 promised: {} cannot be replaced: ",
        shelf.file("x").display()
    );
    assert!(run.stderr.contains(&failed) && run.stderr.contains(&expected), "{}", run.stderr);
    assert!(!run.stderr.contains("to go on"), "{}", run.stderr);
    assert_eq!(names(&shelf.folder), ["x", "x.complete"]);
    assert_eq!(shelf.text("x.complete"), whole);
}

/// The pauses until `rename` succeeds or is given up.
fn pauses(mut rename: impl FnMut() -> io::Result<()>) -> (Vec<Duration>, io::Result<()>) {
    let mut pauses = Vec::new();
    let done = patience::retry(&mut rename, |pause| pauses.push(pause));
    (pauses, done)
}

#[test]
fn a_file_that_is_held_open_is_waited_for_a_few_seconds() {
    let held = || io::Error::from(io::ErrorKind::PermissionDenied);
    let (all, done) = pauses(|| Err(held()));
    assert_eq!(done.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    assert_eq!(all.iter().sum::<Duration>(), Duration::from_millis(3750));
    let mut tries = 0;
    let (some, done) = pauses(|| {
        tries += 1;
        if tries == 3 { Ok(()) } else { Err(held()) }
    });
    assert!(done.is_ok());
    assert_eq!(some, all[..2]);
    let (none, done) = pauses(|| Err(io::ErrorKind::IsADirectory.into()));
    assert!(none.is_empty() && done.is_err());
}

#[test]
fn only_what_another_program_may_let_go_of_is_waited_for() {
    use io::ErrorKind::*;
    for (kind, passes) in [
        (PermissionDenied, true),
        (ResourceBusy, true),
        (IsADirectory, false),
        (NotFound, false),
        (StorageFull, false),
        (ReadOnlyFilesystem, false),
    ] {
        assert_eq!(patience::may_pass(&kind.into(), true), passes, "{kind}");
    }
    // The numbers mean this on Windows only.
    for (code, passes) in [(32, true), (33, true), (1224, true), (2000, false)] {
        let error = io::Error::from_raw_os_error(code);
        assert_eq!(patience::may_pass(&error, true), passes, "{code}");
        assert!(!patience::may_pass(&error, false), "{code}");
    }
}

#[test]
fn the_lock_file_is_all_that_stays() {
    let shelf = Shelf::new("stays");
    shelf.complete("x", &[]);
    let is_there = |name: &str| Path::exists(&shelf.file(name));
    assert!(is_there("x") && is_there("x.lock") && !is_there("x.part") && !is_there("x.resume"));
}
