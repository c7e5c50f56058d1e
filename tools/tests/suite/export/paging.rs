use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::server::*;
use crate::{Run, directory, names, run, unattended};

/// As the command line of this system quotes a word; a backtick stands for it below.
const QUOTE: &str = if cfg!(windows) { "\"" } else { "'" };

/// The export of an API without a preset.
fn to(server: &Server, arguments: &[&str]) -> Command {
    let mut command = unattended("export");
    command.args(["--provider", "custom", "--base-url", &server.url("")]);
    command.args(["--token-endpoint", &server.url(TOKEN_PATH)]);
    command.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    command.arg("--no-store").args(arguments);
    command
}

fn export(server: &Server, arguments: &[&str]) -> Run {
    run(&mut to(server, arguments))
}

/// The lines on standard error, without their times.
fn said(run: &Run) -> Vec<&str> {
    run.stderr.lines().filter_map(|line| Some(line.split_once(" UTC  ")?.1)).collect()
}

fn body(body: &Value) -> Reply {
    reply(200, body.to_string())
}

/// The rows with these ids.
fn rows(ids: &[u64]) -> Value {
    ids.iter().map(|id| json!({ "id": id })).collect()
}

fn targets(server: &Server) -> Vec<String> {
    server.api_requests().into_iter().map(|seen| seen.target).collect()
}

#[test]
fn every_way_to_page_and_every_setting_has_its_option() {
    let linked = |next: &str| json!({ "items": rows(&[1]), "next": next });
    let after = |cursor: &str| json!({ "results": rows(&[1]), "paging": { "after": cursor } });
    let script = |replies: &[Value]| replies.iter().map(body).collect::<Vec<_>>();
    let (one, two, none) = (rows(&[1]), rows(&[2]), rows(&[]));
    let cases: [(&[&str], Vec<Reply>, &[&str]); 17] = [
        (
            &["--paging", "links"],
            vec![body(&one).header("link", "</x?p=2>; rel=\"next\""), body(&two)],
            &["/x?a=b", "/x?p=2"],
        ),
        (&["--paging", "single"], script(std::slice::from_ref(&one)), &["/x?a=b"]),
        (
            &["--paging", "next:pages.next"],
            script(&[json!({"items": one, "pages": {"next": "/x?p=2"}}), json!({"items": two})]),
            &["/x?a=b", "/x?p=2"],
        ),
        (
            &["--paging", "pages:page", "--page-size", "per[page]=7"],
            script(&[one.clone(), none.clone()]),
            &["/x?a=b&page=1&per%5Bpage%5D=7", "/x?a=b&page=2&per%5Bpage%5D=7"],
        ),
        (
            &["--paging", "pages:page", "--starting-at=0"],
            script(&[one.clone(), none.clone()]),
            &["/x?a=b&page=0", "/x?a=b&page=1"],
        ),
        (
            &["--paging", "offset:skip"],
            script(&[rows(&[1, 2, 3]), none.clone()]),
            &["/x?a=b&skip=0", "/x?a=b&skip=3"],
        ),
        (
            &["--paging", "offset:skip", "--page-size", "top=5", "--stepping-by-size"],
            script(&[one.clone(), json!({"items": [], "has_more": false})]),
            &["/x?a=b&skip=0&top=5", "/x?a=b&skip=5&top=5"],
        ),
        (
            &["--paging", "cursor:after=paging.after", "--rows", "results"],
            script(&[after("c1"), json!({"results": two})]),
            &["/x?a=b", "/x?a=b&after=c1"],
        ),
        (
            &["--paging", "cursor:page=header:opc-next-page"],
            vec![body(&one).header("opc-next-page", "c1"), body(&two)],
            &["/x?a=b", "/x?a=b&page=c1"],
        ),
        (
            &["--paging", "cursor:after=paging.after", "--rows", "results", "--until-empty"],
            script(&[after("c1"), json!({"results": [], "paging": {"after": "c2"}})]),
            &["/x?a=b", "/x?a=b&after=c1"],
        ),
        (
            &["--paging", "after-row:after=id"],
            script(&[rows(&[7, 9]), none.clone()]),
            &["/x?a=b", "/x?a=b&after=9"],
        ),
        (
            &["--paging", "pages:page", "--end-status", "404", "--end-status", "410"],
            vec![body(&one), reply(410, "{}")],
            &["/x?a=b&page=1", "/x?a=b&page=2"],
        ),
        (
            &[
                "--paging",
                "pages:page",
                "--ignoring",
                "total",
                "--ignoring",
                "header:x-total-count",
            ],
            vec![
                body(&json!({"items": one, "total": 9})).header("x-total-count", "8"),
                body(&json!({"items": [], "total": 9})).header("x-total-count", "8"),
            ],
            &["/x?a=b&page=1", "/x?a=b&page=2"],
        ),
        (
            &["--paging", "pages:page", "--rows-may-be-absent"],
            script(&[json!({"items": one}), json!({})]),
            &["/x?a=b&page=1", "/x?a=b&page=2"],
        ),
        (
            &["--paging", "next:next", "--link-query-only"],
            script(&[linked("http://inner:8080/y?p=2"), json!({"items": two})]),
            &["/x?a=b", "/x?p=2"],
        ),
        (
            &["--paging", "next:next", "--keeping-query"],
            script(&[linked("/x?p=2"), json!({"items": two})]),
            &["/x?a=b", "/x?p=2&a=b"],
        ),
        (
            &["--paging", "detect", "--rows=value"],
            script(&[json!({"value": one, "@odata.nextLink": "/x?p=2"}), json!({"value": two})]),
            &["/x?a=b", "/x?p=2"],
        ),
    ];
    for (options, script, expected) in cases {
        let server = Server::with_api(script);
        let arguments: Vec<&str> = ["/x?a=b"].iter().chain(options).copied().collect();
        let run = export(&server, &arguments);
        assert_eq!(run.code, 0, "{options:?} {}", run.stderr);
        assert_eq!(targets(&server), expected, "{options:?}");
    }
}

#[test]
fn a_search_by_post_pages_in_its_body_and_is_sent_again() {
    let page = |ids: &[u64], next: Option<&str>| {
        let info = json!({ "hasNextPage": next.is_some(), "endCursor": next });
        body(&json!({ "data": { "nodes": rows(ids), "pageInfo": info } }))
    };
    let query = json!({ "query": "{ … }", "variables": { "open": true } });
    let file = directory("export-post").join("query.json");
    fs::write(&file, query.to_string()).unwrap();
    for json in [query.to_string(), format!("@{}", file.display())] {
        let server = Server::with_api([
            page(&[1], Some("c1")),
            reply(503, "{}").header("retry-after", "0"),
            page(&[2], None),
        ]);
        let paging = "cursor:variables.after=data.pageInfo.endCursor";
        let run = export(
            &server,
            &[
                &["/graphql", "--method", "POST", "--json", &json, "--paging", paging][..],
                &["--rows", "data.nodes", "--page-size", "variables.first=1", "--paging-in-body"],
            ]
            .concat(),
        );
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (0, "{\"id\":1}\n{\"id\":2}\n"),
            "{}",
            run.stderr
        );
        let seen = server.api_requests();
        assert!(seen.iter().all(|seen| seen.method == "POST" && seen.target == "/graphql"));
        assert_eq!(seen[0].header("content-type"), Some("application/json"));
        let sent: Vec<Value> =
            seen.iter().map(|seen| serde_json::from_str(&seen.body).unwrap()).collect();
        let first = json!({ "query": "{ … }", "variables": { "open": true, "first": 1 } });
        let mut second = first.clone();
        second["variables"]["after"] = json!("c1");
        assert_eq!(sent, [first, second.clone(), second]);
    }
}

#[test]
fn the_last_line_says_by_what_it_is_complete_and_what_to_declare() {
    let link = |replies: [Value; 2]| {
        let [first, second] = replies.map(|rows| body(&rows));
        vec![first.header("link", "</x?p=2>; rel=\"next\""), second]
    };
    for (options, script, expected) in [
        (
            &[][..],
            link([rows(&[1]), rows(&[2])]),
            "/x: complete, 2 rows, no number promised (by no next link in the answer; declare it: --paging links)",
        ),
        (
            &[],
            vec![body(&json!({"items": rows(&[1]), "done": true}))],
            "/x: complete, 1 row, no number promised (by the word of the server in done)",
        ),
        (
            &["--paging", "single"],
            vec![body(&rows(&[1]))],
            "/x: complete, 1 row, no number promised (by the declared single answer)",
        ),
        (
            &["--paging", "pages:page", "--page-size", "size=5"],
            vec![body(&json!({"items": rows(&[1, 2]), "total": 2, "page_size": 5}))],
            "/x: complete, 2 rows of 2 promised (by the 2 rows that the server promised)",
        ),
    ] {
        let server = Server::with_api(script);
        let run = export(&server, &[&["/x"], options].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(said(&run)[1], expected);
    }
    let file = directory("export-declare").join("x.jsonl");
    let server = Server::with_api([
        body(&json!({"items": rows(&[1]), "$nextLink": "/x?p=2"})),
        body(&json!({"items": [], "$nextLink": null})),
    ]);
    let run = export(&server, &["/x", "--out", file.to_str().unwrap()]);
    let expected = format!(
        "/x: complete, 1 row, no number promised, in {} (by a page without rows; declare it: --paging {QUOTE}next:$nextLink{QUOTE})",
        file.display()
    );
    assert_eq!(said(&run)[1], expected);
}

#[test]
fn an_end_without_proof_is_told_with_the_option_to_try() {
    let size = rows(&(1..=50).collect::<Vec<_>>());
    for (answer, expected) in [
        (
            json!({"items": rows(&[1]), "pages": {"nextKey": "k1"}}),
            "; use --paging `cursor:<parameter>=pages.nextKey`, where <parameter> is the name that the API's documentation has",
        ),
        (
            json!({"items": rows(&[1]), "totalResults": 3, "startIndex": 1, "itemsPerPage": 1}),
            "; use --paging offset:startIndex --starting-at 1",
        ),
        (json!({"items": rows(&[1]), "page": 1, "pages": 2}), "; use --paging pages:page"),
        (
            size,
            "; use --paging `pages:<parameter>`, where <parameter> is the name that the API's documentation has",
        ),
        (
            rows(&[1]),
            "; use --paging `pages:<parameter>`, where <parameter> is the name that the API's documentation has",
        ),
    ] {
        let folder = directory("export-unproved");
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            "/x" => body(&answer),
            _ => body(&json!({"items": rows(&[1]), "done": true})),
        });
        // How one collection pages says nothing of the other.
        let run = export(&server, &["/x", "/y", "--out-dir", folder.to_str().unwrap()]);
        let part = folder.join("x.jsonl.part");
        let expected = expected.replace('`', QUOTE);
        let way = expected.trim_start_matches("; use ").split([',', ';']).next().unwrap();
        assert!(run.stderr.contains(&format!(" declare {way}")), "{way}\n{}", run.stderr);
        let expected = format!(
            "{expected}; what was saved is in {}, and the next run begins anew",
            part.display()
        );
        assert_eq!(run.code, 78, "{}", run.stderr);
        assert!(said(&run)[1].ends_with(&expected), "{expected}\n{}", run.stderr);
        assert!(fs::read_to_string(&part).unwrap().starts_with("{\"id\":1}\n"));
        assert_eq!(names(&folder), ["x.jsonl.part", "y.jsonl"]);
    }
}

#[test]
fn what_an_error_tells_to_declare_is_an_option() {
    let one = || rows(&[1]);
    let numbers = &["--paging", "pages:page"][..];
    for (options, script, expected) in [
        (
            &[][..],
            vec![body(&json!({"a b": one()}))],
            "if these are the rows, declare --rows `a b`",
        ),
        (&[], vec![body(&json!({"a": {"b": {"c": one()}}}))], "declare --rows PATH"),
        (
            &[],
            vec![body(&one())],
            ": declare --paging `pages:<parameter>`, or what the API documents: --paging `offset:<parameter>`, --paging links, --paging `cursor:<parameter>=<member>`, --paging single (1 rows delivered)",
        ),
        (numbers, vec![body(&one()), body(&one())], "is read with --paging single ("),
        (numbers, vec![body(&one()), reply(404, "{}")], "declare --end-status 404;"),
        (numbers, vec![body(&json!({}))], "declare --rows-may-be-absent\n"),
        (
            numbers,
            vec![body(&json!({"items": one(), "totalPages": 2, "first": false}))],
            "Then declare --starting-at 0 (",
        ),
        (
            &["--paging", "single"],
            vec![body(&json!({"items": one(), "meta": {"next_key": "k"}}))],
            "if it means something else, declare --ignoring meta.next_key (",
        ),
        (
            &["--paging", "next:next"],
            vec![body(&json!({"items": one(), "next": "https://inner.example.com/x?p=2"}))],
            "declare --link-query-only (",
        ),
        (
            &["--paging", "offset:skip", "--stepping-by-size"],
            vec![],
            "--stepping-by-size needs the page size: declare --page-size NAME=ROWS\n",
        ),
        (
            &["--method", "POST", "--json", "[]", "--paging", "offset:skip", "--paging-in-body"],
            vec![],
            "--paging-in-body needs a request with a JSON object as its body\n",
        ),
    ] {
        let folder = directory("export-options");
        let file = folder.join("x");
        let arguments = [&["/x", "--out", file.to_str().unwrap()], options].concat();
        let run = export(&Server::with_api(script), &arguments);
        let expected = expected.replace('`', QUOTE);
        assert!(run.stderr.contains(&expected), "{expected}\n{}", run.stderr);
        for code in ["Pagination", "::", "with_", "()", "(\""] {
            assert!(!run.stderr.contains(code), "{code} in {}", run.stderr);
        }
    }
}

#[test]
fn what_cannot_be_meant_of_paging_is_told_as_usage() {
    let missing = directory("export-usage").join("none.json");
    let at = format!("@{}", missing.display());
    for (arguments, expected) in [
        (&["--page-size", "x=0"][..], "--page-size 0 is not a number of rows"),
        (&["--page-size", "x="], "--page-size  is not a number of rows"),
        (
            &["--page-size", "100"],
            "--page-size 100 lacks the parameter that the API takes it by: --page-size NAME=ROWS, such as limit=100",
        ),
        (&["--end-status", "200"], "--end-status 200 is not the status of a refusal"),
        (&["--starting-at", "-1"], "--starting-at -1 is not a number"),
        (&["--paging", "links", "--paging", "links"], "--paging is given twice"),
        (&["--until-empty", "--until-empty"], "--until-empty is given twice"),
        (&["--until-empty=yes"], "--until-empty takes no value"),
        (&["--rows"], "--rows needs a value"),
        (&["--method", "PUT"], "--method is one of GET, POST"),
        (&["--json", "{}"], "--json needs --method POST"),
        (&["--paging-in-body"], "--paging-in-body needs --method POST"),
    ] {
        let run = export(&Server::with_api([]), &[&["/x"], arguments].concat());
        assert_eq!(run.stderr, format!("export: {expected} (see --help)\n"));
        assert_eq!((run.code, run.stdout.as_str()), (64, ""));
    }
    for (arguments, expected) in [
        (
            &["--paging", "nonsense"][..],
            "export: \"nonsense\" is no way to page: it is one of detect, ",
        ),
        (
            &["--paging", "pages:skip"],
            "counts rows and not pages: declare --paging offset:skip (see",
        ),
        (&["--method", "POST", "--json", "{"], "export: --json is not JSON: "),
        (&["--method", "POST", "--json", &at], &format!("export: --json {at}: ")),
    ] {
        let run = export(&Server::with_api([]), &[&["/x"], arguments].concat());
        assert_eq!(run.code, 64, "{}", run.stderr);
        assert!(run.stderr.contains(expected), "{expected}\n{}", run.stderr);
    }
}

#[test]
fn a_way_to_page_replaces_that_of_the_preset_and_other_settings_change_it() {
    let preset = |server: &Server, arguments: &[&str]| run(&mut super::to(server, arguments));
    for (options, expected) in [
        (&[][..], "/x?page_number=1&page_size=500"),
        (&["--page-size", "7"], "/x?page_number=1&page_size=7"),
        (&["--page-size", "limit=7"], "/x?page_number=1&limit=7"),
        (&["--starting-at", "0"], "/x?page_number=0&page_size=500"),
        (&["--paging", "offset:skip"], "/x?skip=0"),
    ] {
        let server = Server::with_api([body(&rows(&[]))]);
        let run = preset(&server, &[&["/x"], options].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(targets(&server), [expected]);
    }
    let run = preset(&Server::with_api([]), &["/x", "--paging", "offset:skip", "--page-size", "7"]);
    assert!(run.stderr.contains("--page-size 7 lacks the parameter"), "{}", run.stderr);
}

#[test]
fn what_may_be_less_than_was_asked_for_is_a_warning() {
    let ten = || body(&rows(&(1..=10).collect::<Vec<_>>()));
    let server =
        Server::with_api([ten().header("link", "</x?p=2>; rel=\"next\""), body(&rows(&[11]))]);
    let run = export(&server, &["/x?filter=open", "--paging", "links"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected =
        "/x: the next link lacks the parameter \"filter\" of the request (--keeping-query adds it)";
    assert!(
        said(&run)[1].starts_with("warning: GET ") && said(&run)[1].ends_with(expected),
        "{}",
        run.stderr
    );
    let run = export(&Server::with_api([ten()]), &["/x", "--paging", "single"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let expected = "/x: declared as the only page, but 10 rows look like one of several";
    assert!(
        said(&run)[1].starts_with("warning: GET ") && said(&run)[1].ends_with(expected),
        "{}",
        run.stderr
    );
}

#[test]
fn a_walk_of_each_kind_is_resumed_after_the_rows_that_came() {
    let cursor = |id: u64| json!({"items": rows(&[id]), "cursor": if id < 3 { json!(format!("c{id}")) } else { Value::Null }});
    let linked = |id: u64| json!({"items": rows(&[id]), "next": (id < 3).then(|| format!("/x?p={}", id + 1))});
    let offset =
        |id: u64| json!({"items": if id > 3 { rows(&[]) } else { rows(&[id]) }, "total": 3});
    let plain = |id: u64| if id > 3 { rows(&[]) } else { rows(&[id]) };
    type Page<'a> = &'a dyn Fn(u64) -> Value;
    let cases: [(&str, Page<'_>, &str); 5] = [
        ("cursor:c=cursor", &cursor, "/x?c=c1"),
        ("next:next", &linked, "/x?p=2"),
        ("offset:skip", &offset, "/x?skip=1"),
        ("pages:page", &plain, "/x?page=2"),
        ("after-row:after=id", &plain, "/x?after=1"),
    ];
    for (way, page, second) in cases {
        let folder = directory("export-kinds");
        let file = folder.join("x");
        let arguments = ["/x", "--paging", way, "--out", file.to_str().unwrap(), "--resume"];
        let busy = || reply(429, "{}").header("retry-after", "3600");
        let server = Server::with_api([
            body(&page(1)),
            busy(),
            body(&page(2)),
            body(&page(3)),
            body(&page(4)),
        ]);
        assert_eq!(export(&server, &arguments).code, 75, "{way}");
        let run = export(&server, &arguments);
        assert_eq!(run.code, 0, "{way}: {}", run.stderr);
        assert_eq!(fs::read_to_string(&file).unwrap(), "{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n");
        let asked = targets(&server);
        assert_eq!((asked[1].as_str(), asked[2].as_str()), (second, second), "{way}");
    }
}

#[test]
fn a_resume_file_of_another_way_to_page_is_refused() {
    let folder = directory("export-other-way");
    let file = folder.join("x");
    let busy = reply(429, "{}").header("retry-after", "3600");
    let server = Server::with_api([body(&rows(&[1])), busy]);
    let out = ["/x", "--out", file.to_str().unwrap()];
    assert_eq!(export(&server, &[&out[..], &["--paging", "pages:page"]].concat()).code, 75);
    let left = fs::read_to_string(folder.join("x.resume")).unwrap();
    for (options, expected) in [
        (&["--paging", "pages:p"][..], "--paging was pages:page and is pages:p"),
        (&["--paging", "next:next"], "--paging was pages:page and is next:next"),
        (&[], "--paging was pages:page and is not given"),
        (&["--paging", "pages:page", "--starting-at", "1"], "--starting-at was not given"),
    ] {
        let run = export(&server, &[&out[..], options, &["--resume"]].concat());
        let expected = format!("x.resume is of another export: {expected}; a run without --resume");
        assert_eq!(run.code, 64);
        assert!(run.stderr.contains(&expected), "{expected}\n{}", run.stderr);
        assert_eq!(fs::read_to_string(folder.join("x.resume")).unwrap(), left);
    }
}

#[test]
fn a_path_that_begins_behind_the_first_row_is_complete_without_them_when_it_is_resumed_too() {
    let page = |ids: &[u64]| {
        let rows: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        body(&json!({"items": rows, "total": 5}))
    };
    let server = Server::with_api(vec![
        page(&[2, 3]),
        reply(429, "{}").header("retry-after", "3600"),
        page(&[4, 5]),
        page(&[]),
    ]);
    let file = directory("export-behind").join("x");
    let arguments =
        ["/x?offset=1", "--paging", "offset:offset", "--resume", "--out", file.to_str().unwrap()];
    assert_eq!(export(&server, &arguments).code, 75);
    let run = export(&server, &arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let said = "/x?offset=1: complete, 4 rows from where the path begins, 5 promised in all, in ";
    assert!(run.stderr.replace("***", "1").contains(said), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 4);
}
