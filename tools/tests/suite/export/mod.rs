//! `unattended export`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::server::*;
use crate::{Run, directory, names, run, unattended};

/// Runs that somebody ends.
#[cfg(unix)]
mod interrupted;
/// How collections page.
mod paging;
/// Runs that fail, are killed, and are taken up.
mod resumed;
/// Only what changed.
mod since;

const COMPUTERS: &str = "/api/sam/estate/v1/computers";

/// The export against `server`, with credentials.
fn export(server: &Server, arguments: &[&str]) -> Run {
    run(&mut to(server, arguments))
}

fn to(server: &Server, arguments: &[&str]) -> Command {
    let mut command = unattended("export");
    command.args(["--provider", "snow-atlas", "--region", "westeurope"]);
    command.args(["--base-url", &server.url(""), "--token-endpoint", &server.url(TOKEN_PATH)]);
    command.env("SNOW_ATLAS_CLIENT_ID", "me").env("SNOW_ATLAS_CLIENT_SECRET", SECRET);
    command.arg("--no-store").args(arguments);
    command
}

/// One page that is the whole collection.
fn page(rows: &str) -> Reply {
    let count = serde_json::from_str::<Vec<serde_json::Value>>(rows).unwrap().len();
    reply(
        200,
        format!(
            r#"{{"items":{rows},"pagination":{{"page_number":1,"page_size":500,"total_items":{count},"total_pages":1}}}}"#
        ),
    )
}

fn refusal(status: u16) -> Reply {
    reply(status, json!({"error": {"code": status, "message": "no"}}).to_string())
}

/// Token requests are granted, `first` and `second` are read as told.
fn two_collections(first: Reply, second: Reply) -> Server {
    Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/first" => first.clone(),
        _ => second.clone(),
    })
}

#[test]
fn a_provider_without_credentials_is_an_error_that_names_the_variables() {
    let run = run(unattended("export").args(["--provider", "snapdocs", "/api/v1/subscriptions"]));
    assert_eq!((run.code, run.stdout.as_str()), (78, ""));
    assert_eq!(
        run.stderr,
        "export: SNAPDOCS_CLIENT_ID is not set in the environment; the credentials are read from SNAPDOCS_CLIENT_ID and SNAPDOCS_CLIENT_SECRET (see --help)\n"
    );
}

#[test]
fn what_cannot_be_meant_is_told_as_usage() {
    for (arguments, expected) in [
        (&["/api/x"][..], "no API is given: say which one with --provider, or --stand-in"),
        (&["--provider", "snow-atlas", "/x"], "--region is missing: such as westeurope"),
        (&["--provider", "snapdocs"], "no path is given, such as /api/sam/estate/v1/computers"),
        (&["--provider", "snapdocs", "/a", "/b"], "several paths need --out-dir"),
        (
            &["--provider", "snapdocs", "/a", "--out", "b", "--out-dir", "c"],
            "--out and --out-dir exclude each other",
        ),
        (
            &["--provider", "other", "/a"],
            "--provider is one of snow-atlas, snapdocs, snapdocs-demo, cognito, custom",
        ),
        (
            &["--provider", "snapdocs", "/a", "--region", "x"],
            "--region does not go with --provider snapdocs",
        ),
        (
            &["/a", "--stand-in", "--format=csv"],
            "--columns is missing: a csv needs the names of its columns",
        ),
        (&["--provider", "snapdocs", "/a", "--resume"], "--resume needs --out or --out-dir"),
        (&["/a", "--stand-in", "--bom"], "--bom needs --format csv"),
        (&["/a", "--stand-in", "--page-size", "0"], "--page-size 0 is not a number of rows"),
        (&["--out"], "--out needs a value"),
        (&["--read-ahead", "x"], "--read-ahead takes a whole number"),
        (&["--since-overlap", "x"], "--since-overlap takes a whole number"),
        (&["--verbose=yes"], "--verbose takes no value"),
        (&["--quiet", "--verbose"], "--quiet and --verbose exclude each other"),
        (&["--outt", "x"], "--outt is not known"),
        (&["-o", "x"], "-o is not known"),
        (&["--format=csv", "--format=csv"], "--format is given twice"),
        (&["/a", "--stand-in", "--columns", "a"], "--columns needs --format csv"),
        (
            &["--stand-in", "--provider=snapdocs", "/a"],
            "--stand-in and --provider exclude each other",
        ),
    ] {
        let run = run(unattended("export").args(arguments));
        assert_eq!(run.stderr, format!("export: {expected} (see --help)\n"));
        assert_eq!((run.code, run.stdout.as_str()), (64, ""));
    }
}

#[test]
fn the_help_goes_to_standard_output() {
    let run = run(unattended("export").arg("--help").env("COGNITO_CLIENT_ID", "x"));
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.starts_with("Exports whole collections"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_help_that_cannot_be_written_is_told() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = unattended("export").arg("--help").stdout(full).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(73));
    assert!(told.starts_with("export: standard output cannot be written: No space"), "{told}");
}

#[test]
fn standard_output_carries_the_rows_as_the_server_wrote_them_one_on_a_line() {
    let rows = "[{\"a\": 1.50,\n \"b\":\t12345678901234567890123},\r\n{\"a\":\"x\\ny\"}]";
    let run = export(&Server::with_api([page(rows)]), &[COMPUTERS]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = "{\"a\": 1.50, \"b\":\t12345678901234567890123}\n{\"a\":\"x\\ny\"}\n";
    assert_eq!(run.stdout, expected);
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter_map(|line| line.split_once(" UTC  "))
        .map(|(_, text)| text)
        .collect();
    assert_eq!(
        lines,
        [
            "reading /api/sam/estate/v1/computers from snow-atlas",
            "/api/sam/estate/v1/computers: complete, 2 rows of 2 promised (by the 1 page that the server promised)",
            "2 rows, 1 page, 2 requests, 1 token, 0.0 s of waiting",
        ]
    );
}

#[test]
fn csv_is_written_to_the_letter() {
    let rows = r#"[
        {"name":"a \"b\", c","user":{"name":"Zoë","tags":["x", "y"]},"load":1.50,"big":12345678901234567890123,"old":null,"is":true,"dotted.name":1},
        {"name":"two\nlines","user":null,"load":1e3}
    ]"#;
    let columns = "name,user.name,user.tags,load,big,old,is,dotted.name,user";
    let directory = directory("export-csv");
    let file = directory.join("rows.csv");
    let arguments =
        [COMPUTERS, "--format=csv", "--columns", columns, "--out", file.to_str().unwrap()];
    let run = export(&Server::with_api([page(rows)]), &arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "name,user.name,user.tags,load,big,old,is,dotted.name,user\n\
         \"a \"\"b\"\", c\",Zoë,\"[\"\"x\"\", \"\"y\"\"]\",1.50,12345678901234567890123,,true,1,\"{\"\"name\"\":\"\"Zoë\"\",\"\"tags\"\":[\"\"x\"\", \"\"y\"\"]}\"\n\
         \"two\nlines\",,,1e3,,,,,\n"
    );
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
}

#[test]
fn csv_has_a_header_without_rows_and_takes_delimiter_and_mark() {
    let arguments = ["/a", "--format=csv", "--columns", "id,x.y", "--delimiter", ";", "--bom"];
    let run = export(&Server::with_api([page("[]")]), &arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, "\u{feff}id;x.y\n"), "{}", run.stderr);
    let arguments = ["/a", "--format=csv", "--columns=id,x", "--delimiter=tab"];
    let run = export(&Server::with_api([page(r#"[{"id":1,"x":"a,b"}]"#)]), &arguments);
    assert_eq!(run.stdout, "id\tx\n1\ta,b\n");
}

#[test]
fn a_column_that_no_row_had_is_an_error_unless_it_may_be_missing() {
    let rows = r#"[{"id":1,"old":null}]"#;
    let file = directory("export-column").join("x.csv");
    let csv = ["/a", "--format=csv", "--columns", "id,old,label2"];
    let out = ["--out", file.to_str().unwrap()];
    let run = export(&Server::with_api([page(rows)]), &[&csv[..], &out].concat());
    assert_eq!((run.code, run.stdout.as_str()), (78, ""));
    let expected =
        "promised: no row of /a has label2 (--allow-missing lets it pass); what was saved is in ";
    assert!(run.stderr.contains(expected), "{}", run.stderr);
    assert_eq!(names(file.parent().unwrap()), ["x.csv.part"]);
    let run = export(&Server::with_api([page(rows)]), &[&csv[..], &["--allow-missing"]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (0, "id,old,label2\n1,,\n"));
    assert!(run.stderr.contains("UTC  warning: no row of /a has label2\n"), "{}", run.stderr);
}

#[test]
fn json_is_one_array_with_the_rows_as_they_came() {
    for (rows, expected) in
        [(r#"[{"a": 1.50},{"a":2}]"#, "[\n{\"a\": 1.50},\n{\"a\":2}\n]\n"), ("[]", "[\n]\n")]
    {
        let run = export(&Server::with_api([page(rows)]), &["/a", "--format", "json"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, expected), "{}", run.stderr);
        serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
    }
}

#[test]
fn who_wants_quiet_hears_of_trouble_only() {
    let server = || Server::with_api([page("[{\"id\":1}]")]);
    let run = export(&server(), &["/x", "--quiet"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let run = export(&Server::with_api([refusal(404)]), &["/x", "--quiet"]);
    assert_eq!((run.code, run.stderr.lines().count()), (69, 1), "{}", run.stderr);
    let run = export(&server(), &["/x", "--log", "json"]);
    let lines = run.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    assert_eq!((run.code, lines.len()), (0, 3), "{}", run.stderr);
    for line in &lines {
        assert_eq!((&line["level"], &line["command"]), (&json!("info"), &json!("export")));
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
    }
    assert!(lines[1]["message"].as_str().unwrap().starts_with("/x: complete, 1 row of 1"));
}

#[test]
fn a_collection_that_fails_for_good_leaves_no_file_and_does_not_stop_the_others() {
    let server = two_collections(refusal(404), page("[{\"id\":1}]"));
    let directory = directory("export-refused");
    let out = directory.to_str().unwrap();
    let run = export(&server, &["/first", "/second", "--out-dir", out]);
    assert_eq!((run.code, run.stdout.as_str()), (69, ""));
    assert_eq!(names(&directory), ["second.jsonl"]);
    assert_eq!(fs::read_to_string(directory.join("second.jsonl")).unwrap(), "{\"id\":1}\n");
    let refused = "/first: failed, 0 rows, no number promised: GET 127.0.0.1:";
    assert!(run.stderr.contains(refused), "{}", run.stderr);
    assert!(run.stderr.contains("/second: complete, 1 row of 1 promised, in "), "{}", run.stderr);
}

#[test]
fn a_page_that_fails_in_the_middle_leaves_the_old_file_as_it_was() {
    let body = json!({"items": [{"id": 1}], "pagination": {"page_number": 1, "page_size": 1, "total_items": 2, "total_pages": 2}});
    let server = Server::with_api([reply(200, body.to_string()), refusal(403)]);
    let directory = directory("export-middle");
    let file = directory.join("x.jsonl");
    fs::write(&file, "of yesterday\n").unwrap();
    let run = export(&server, &["/x", "--out", file.to_str().unwrap()]);
    assert_eq!(run.code, 69);
    assert!(run.stderr.contains("/x: failed, 1 row of 2 promised: GET"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "of yesterday\n");
    assert_eq!(names(&directory), ["x.jsonl", "x.jsonl.part", "x.jsonl.resume"]);
}

#[test]
fn a_total_that_contradicts_is_a_failure() {
    let body = json!({"items": [{"id": 1}], "pagination": {"page_number": 1, "page_size": 500, "total_items": 3}});
    let server = Server::with_api([reply(200, body.to_string())]);
    let directory = directory("export-contradiction");
    let run = export(&server, &["/x", "--out-dir", directory.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (65, ""));
    assert!(run.stderr.contains("/x: failed, 1 row of 3 promised: "), "{}", run.stderr);
    let left = format!(
        "(1 rows delivered of 3 promised); what was saved is in {}, and the next run begins anew\n",
        directory.join("x.jsonl.part").display()
    );
    assert!(run.stderr.contains(&left), "{}", run.stderr);
    assert!(!run.stderr.contains("to go on"), "{}", run.stderr);
    assert_eq!(names(&directory), ["x.jsonl.part"]);
}

#[test]
fn refused_credentials_end_the_run() {
    let server = Server::with_scripts([reply(400, r#"{"error":"invalid_client"}"#)], []);
    let directory = directory("export-credentials");
    let run = export(&server, &["/first", "/second", "--out-dir", directory.to_str().unwrap()]);
    assert_eq!((run.code, run.stdout.as_str()), (77, ""));
    assert!(run.stderr.contains("UTC  /second: not tried\n"), "{}", run.stderr);
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (1, 0));
    assert!(names(&directory).is_empty());
    assert!(!run.stderr.contains(SECRET), "{}", run.stderr);
}

#[test]
fn only_what_is_temporary_throughout_is_told_as_temporary() {
    let wait = || refusal(429).header("retry-after", "3600");
    let directory = directory("export-temporary");
    let arguments = ["/first", "/second", "--out-dir", directory.to_str().unwrap()];
    for (second, code) in [(page("[]"), 75), (refusal(404), 69)] {
        assert_eq!(export(&two_collections(wait(), second), &arguments).code, code);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_found_before_anything_is_sent() {
    let server = Server::with_api([page("[]")]);
    let directory = directory("export-unwritable");
    let missing = directory.join("none").join("x.jsonl");
    let slash = PathBuf::from(format!("{}/", directory.join("x").display()));
    for target in [&missing, &directory, &slash] {
        let target = target.to_str().unwrap();
        let run = export(&server, &["/x", "--out", target]);
        assert_eq!((run.code, run.stdout.as_str()), (73, ""));
        let expected =
            format!("/x: failed, 0 rows, no number promised: {target} cannot be written: ");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
    }
    assert!(server.seen().is_empty());
}

/// Whether two collections whose files have these names in one directory are told as one
/// file before anything is sent; if they are not, both files are there.
fn are_one(directory: &Path, paths: [&str; 2]) -> bool {
    let first = paths[0].to_owned();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        path if path == first => page("[{\"id\":1}]"),
        _ => page("[{\"id\":2}]"),
    });
    let out = directory.to_str().unwrap();
    let run = export(&server, &[paths[0], paths[1], "--out-dir", out]);
    if run.code == 0 {
        let rows = |path: &str| {
            let name = path.rsplit('/').next().unwrap();
            fs::read_to_string(directory.join(format!("{name}.jsonl"))).unwrap()
        };
        assert_eq!(paths.map(rows), ["{\"id\":1}\n", "{\"id\":2}\n"]);
        return false;
    }
    let expected = format!(
        "export: {} and {} would be one file: export them in two runs, each with a directory of its own (see --help)\n",
        paths[0], paths[1]
    );
    assert_eq!((run.code, run.stderr), (64, expected));
    assert!(server.seen().is_empty());
    true
}

#[test]
fn two_collections_are_one_file_if_the_file_system_says_so() {
    let directory = directory("export-one");
    assert!(are_one(&directory, ["/a/x", "/b/x"]));
    assert!(are_one(&directory, ["/a/x", "/b/x?y=z"]));
    // What it thinks of upper and lower case nobody can know but itself.
    fs::write(directory.join("CASE"), "").unwrap();
    let ignores_case = directory.join("case").exists();
    assert_eq!(are_one(&directory, ["/a/Users", "/b/users"]), ignores_case);
}

#[cfg(unix)]
#[test]
fn two_collections_are_one_file_by_way_of_a_link() {
    let directory = directory("export-one-by-link");
    std::os::unix::fs::symlink("first.jsonl", directory.join("second.jsonl")).unwrap();
    assert!(are_one(&directory, ["/first", "/second"]));
    assert!(are_one(&directory, ["/second", "/first"]));
    assert_eq!(names(&directory), ["second.jsonl"]);
    // Two names of one file become two files: each name is replaced by itself.
    fs::write(directory.join("third.jsonl"), "of yesterday\n").unwrap();
    fs::hard_link(directory.join("third.jsonl"), directory.join("fourth.jsonl")).unwrap();
    assert!(!are_one(&directory, ["/first", "/fourth"]));
    assert_eq!(fs::read_to_string(directory.join("third.jsonl")).unwrap(), "of yesterday\n");
}

#[test]
fn a_reader_who_goes_away_is_output_that_cannot_be_written() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let server = Server::with_api([page("[{\"id\":1}]")]);
    let output = to(&server, &["/x"]).stdout(writer).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(73), "{stderr}");
    assert!(stderr.contains(": standard output cannot be written: "), "{stderr}");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_is_told_as_usage() {
    use std::os::unix::ffi::OsStrExt;
    let run = run(unattended("export").arg("--out").arg(std::ffi::OsStr::from_bytes(b"\xff")));
    assert_eq!(run.code, 64);
    assert_eq!(run.stderr, "export: a word is not valid Unicode (see --help)\n");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_replaced_and_a_link_stays_one() {
    let server = Server::with_api([page("[{\"id\":1}]")]);
    let directory = directory("export-links");
    assert_eq!(export(&server, &["/x", "--out", "/dev/null"]).code, 73);
    let (file, link) = (directory.join("file"), directory.join("link"));
    fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(export(&server, &["/x", "--out", link.to_str().unwrap()]).code, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"id\":1}\n");
    // Also one that leads nowhere so far, by way of another one, from where it is.
    fs::create_dir(directory.join("there")).unwrap();
    std::os::unix::fs::symlink("there/second", directory.join("first")).unwrap();
    std::os::unix::fs::symlink("new", directory.join("there/second")).unwrap();
    let first = directory.join("first");
    assert_eq!(export(&server, &["/x", "--out", first.to_str().unwrap()]).code, 0);
    assert!(fs::symlink_metadata(&first).unwrap().is_symlink());
    assert!(fs::symlink_metadata(directory.join("there/second")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(directory.join("there/new")).unwrap().is_file());
    // In a circle.
    std::os::unix::fs::symlink("circle", directory.join("circle")).unwrap();
    let circle = directory.join("circle");
    assert_eq!(export(&server, &["/x", "--out", circle.to_str().unwrap()]).code, 73);
    assert!(fs::symlink_metadata(&circle).unwrap().is_symlink());
}

#[test]
fn errors_name_the_options_and_not_the_settings_of_the_library() {
    let answers = [
        (vec![reply(200, r#"{"nodes":[{"id":1}]}"#)], "declare --rows nodes"),
        (vec![reply(200, r#"{"items":[{"id":1}]}"#); 2], "is read with --paging single"),
        (
            vec![refusal(429).header("retry-after", "3600")],
            "left of the call's deadline (--deadline)\n",
        ),
    ];
    for (script, expected) in answers {
        let run = export(&Server::with_api(script), &["/x", "--page-size", "1"]);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        for name in ["Pagination::", "Client::", "RetryPolicy::", "Provider::"] {
            assert!(!run.stderr.contains(name), "{}", run.stderr);
        }
    }
}

#[test]
fn place_of_rows_page_size_scope_and_query_are_passed_on() {
    let server =
        Server::with_api([reply(200, r#"{"nodes":[{"id":1}]}"#), reply(200, r#"{"nodes":[]}"#)]);
    let arguments = ["/tree?depth=2", "--rows", "nodes", "--page-size", "7", "--scope", "openid"];
    let run = export(&server, &arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, "{\"id\":1}\n"), "{}", run.stderr);
    assert_eq!(server.api_requests()[0].target, "/tree?depth=2&page_number=1&page_size=7");
    assert!(server.token_requests()[0].body.ends_with("&scope=openid"));
}
