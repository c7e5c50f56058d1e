//! `unattended doctor`: what it asks, and which options it names.

use crate::server::*;
use crate::unattended;

/// The program, with these variables and words.
fn doctor(variables: &[(&str, &str)], words: &[&str]) -> (i32, String, String) {
    let mut command = unattended("doctor");
    let output =
        command.envs(variables.iter().copied()).args(words).arg("--no-store").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_doctor_asks_the_api_that_its_options_name() {
    let server = Server::with_scripts([], [reply(200, "{}")]);
    let custom = [("CUSTOM_CLIENT_ID", "my-client"), ("CUSTOM_CLIENT_SECRET", SECRET)];
    let (origin, token) = (server.url(""), server.url(TOKEN_PATH));
    let words = ["--provider", "custom", "--base-url", &origin, "--token-endpoint", &token];
    let words = [&words[..], &["--auth=post", "--scope", "read", "/health"]].concat();
    let (code, report, told) = doctor(&custom, &words);
    assert_eq!((code, told.as_str()), (0, ""), "{report}");
    assert!(report.contains(&format!("token endpoint     {origin}/oauth/token\n")), "{report}");
    assert!(report.contains("\nGET                /health: 200 OK after "), "{report}");
    assert!(report.contains("\nresult             good\n"), "{report}");
    assert!(server.token_requests()[0].body.contains("scope=read"));
    assert_eq!(server.api_requests()[0].path(), "/health");
}

#[test]
fn the_doctor_tells_how_a_collection_pages_and_what_a_profile_needs() {
    let custom = [("CUSTOM_CLIENT_ID", "my-client"), ("CUSTOM_CLIENT_SECRET", SECRET)];
    for (answer, expected) in [
        (
            reply(200, r#"{"items":[{"id":1}],"page":1,"pages":2}"#),
            "\npaging             --paging pages:page; in a profile:\n\n[collections.devices]\npath = \"/v1/devices\"\npaging = \"pages:page\"\n",
        ),
        (
            reply(200, r#"{"items":[{"id":1}],"page":0,"pages":2}"#),
            "\npaging = \"pages:page\"\nstarting-at = \"0\"\n",
        ),
        (reply(200, r#"{"nodes":[{"id":1}]}"#), "declare --rows nodes"),
    ] {
        let server = Server::with_api([answer]);
        let (origin, token) = (server.url(""), server.url(TOKEN_PATH));
        let words = ["--provider=custom", "--base-url", &origin, "--token-endpoint", &token];
        let (code, report, told) = doctor(&custom, &[&words[..], &["/v1/devices"]].concat());
        assert_eq!(code, 0, "{told}");
        assert!(report.contains(expected), "{report}");
    }
    let (_, report, _) = doctor(&[], &["--stand-in", "/api/sam/estate/v1/computers"]);
    assert!(report.ends_with("\npaging             as it is declared\n"));
}

/// What the doctor says of how this collection pages; `answer` has the parameters.
fn paging_of(
    words: &[&str],
    answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
) -> (i32, String, String) {
    let custom = [("CUSTOM_CLIENT_ID", "my-client"), ("CUSTOM_CLIENT_SECRET", SECRET)];
    let server = Server::start(move |seen| match seen.target.split_once('?') {
        _ if seen.path() == TOKEN_PATH => token_reply("t", 3600),
        Some((_, query)) => answer(query),
        None => answer(""),
    });
    let (origin, token) = (server.url(""), server.url(TOKEN_PATH));
    let api = ["--provider=custom", "--base-url", &origin, "--token-endpoint", &token];
    let (code, report, told) = doctor(&custom, &[&api[..], &["/v1/devices"], words].concat());
    let starts = ["\nprobe ", "\nnot proven ", "\npaging "];
    let at = starts.iter().filter_map(|start| report.find(start)).min().unwrap();
    (code, report[at..].to_owned(), told)
}

/// Six rows, three on a page of this number, or as many as `limit` says.
fn numbered(query: &str, parameter: &str, first: usize) -> Reply {
    let pairs: Vec<(&str, &str)> =
        query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let value = |name| pairs.iter().find(|(known, _)| *known == name)?.1.parse::<usize>().ok();
    let size = value("limit").unwrap_or(3);
    let skipped = value(parameter).unwrap_or(first).saturating_sub(first) * size;
    let rows: Vec<usize> = (1..7).skip(skipped).take(size).collect();
    let rows: Vec<String> = rows.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    reply(200, format!("[{}]", rows.join(",")))
}

#[test]
fn a_probe_tells_how_a_bare_array_pages_and_what_a_profile_needs() {
    let (code, report, told) = paging_of(&["--probe"], |query| numbered(query, "page", 1));
    assert_eq!((code, told.as_str()), (0, ""));
    let expected = "
probe              5 GETs more
                   the same rows: no_such_parameter=1, the path alone
                   the first row: limit=1
                   the first 2 rows are skipped: page=2&limit=2
                   the first 2 rows: page=1&limit=2
found              rows are compared by their id
                   a parameter that the server does not know is ignored
                   limit is the page size, and it holds
                   page is the number of the page, from 1
not proven         how large a page may be, and that rows keep their order meanwhile
paging             --paging pages:page; in a profile:

[collections.devices]
path = \"/v1/devices\"
paging = \"pages:page\"
# page-size = \"limit=100\"
";
    assert_eq!(report, expected);
    let (_, report, _) = paging_of(&[], |query| numbered(query, "page", 1));
    assert!(report.starts_with("\nnot proven         how it pages: --probe asks"), "{report}");
    assert!(report.contains("pages:<parameter>"), "{report}");
    // A cursor is there to be read.
    let cursor = r#"{"items":[{"id":1},{"id":2}],"next_cursor":"b"}"#;
    let (_, report, _) = paging_of(&["--probe"], move |_| reply(200, cursor));
    assert!(report.contains("cursor:<parameter>=next_cursor") && !report.contains("not proven"));
}

#[test]
fn a_probe_says_what_is_not_proven() {
    let unknown = "how it pages: no usual name changes the rows.";
    let (_, report, _) = paging_of(&["--probe"], |_| numbered("", "", 1));
    assert!(report.contains(unknown) && !report.contains("[collections"), "{report}");
    // What does not know a parameter refuses it, and the first page is 0.
    let (_, report, _) = paging_of(&["--probe", "--rows=data"], |query| {
        match query.is_empty() || query.starts_with("page=") {
            true => {
                let rows = numbered(query, "page", 0).body;
                reply(200, format!(r#"{{"data":{rows}}}"#))
            }
            false => reply(400, "{}"),
        }
    });
    assert!(report.contains("a parameter that the server does not know is refused"), "{report}");
    assert!(
        report.ends_with(
            "path = \"/v1/devices\"\npaging = \"pages:page\"\nstarting-at = \"0\"\nrows = \"data\"\n"
        ),
        "{report}"
    );
    // It does not come to its end.
    let (code, report, told) = paging_of(&["--probe"], |query| match query.contains("page") {
        true => reply(403, r#"{"error":"not you"}"#),
        false => numbered(query, "page", 1),
    });
    assert!(code == 69 && report.contains("the probe did not come to its end"), "{report}");
    assert!(told.contains("403"), "{told}");
}

#[test]
fn the_doctor_names_options_in_what_it_advises() {
    let refusal = reply(400, r#"{"error":"invalid_scope"}"#);
    let server = Server::with_scripts([refusal], []);
    let custom = [("MINE_CLIENT_ID", "my-client"), ("MINE_CLIENT_SECRET", SECRET)];
    let (origin, token) = (server.url(""), server.url(TOKEN_PATH));
    let words = ["--provider=custom", "--variables=MINE", "--base-url", &origin];
    let words = [&words[..], &["--token-endpoint", &token]].concat();
    let (code, report, _) = doctor(&custom, &words);
    assert_eq!(code, 78);
    assert!(report.contains("the server wants a scope: ask for one with --scope\n"), "{report}");
}

#[test]
fn the_doctor_does_not_take_the_stand_in_for_the_api_that_is_meant() {
    let told = unattended("doctor").output().unwrap();
    assert_eq!((told.status.code(), told.stdout.as_slice()), (Some(64), &b""[..]));
    let (code, report, told) = doctor(&[("CUSTOM_CLIENT_ID", "me")], &["--stand-in"]);
    assert!(code == 0 && report.contains("\nresult "), "{told}{report}");
    assert!(told.starts_with("doctor: a stand-in server answers: "), "{told}");
}

#[test]
fn a_command_line_of_the_doctors_that_cannot_be_right_is_usage() {
    let cases: [&[&str]; 8] = [
        &["/a", "/b"],
        &["health"],
        &["--json", "{}"],
        &["--stand-in", "--provider=snapdocs"],
        &["--scope"],
        &["--scope", "x"],
        &["--provider", "nobody"],
        &["--provider", "custom"],
    ];
    for words in cases {
        let (code, report, told) = doctor(&[], words);
        assert_eq!((code, report.as_str()), (64, ""), "{words:?}: {told}");
        assert!(told.starts_with("doctor: ") && told.ends_with(" (see --help)\n"), "{told}");
    }
    let (code, help, _) = doctor(&[], &["--help"]);
    assert!(code == 0 && help.contains("--token-endpoint <URL>"), "{help}");
    let custom =
        ["--provider=custom", "--base-url=https://a.test", "--token-endpoint=https://a.test/t"];
    let (code, _, told) = doctor(&[], &custom);
    assert_eq!(code, 78);
    assert!(
        told.contains("the credentials are read from CUSTOM_CLIENT_ID and CUSTOM_CLIENT_SECRET"),
        "{told}"
    );
}
