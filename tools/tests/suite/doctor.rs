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
    assert!(report.ends_with("\npaging             as the provider's preset declares it\n"));
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
