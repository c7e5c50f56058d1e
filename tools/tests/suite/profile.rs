//! A profile: the options that every run would repeat, in a file.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::server::*;
use crate::{Run, directory, names, run, unattended};

/// A subcommand with the profile `crm`, which leads to `server`, and `more`.
fn with(subcommand: &str, home: &Path, server: &Server, more: &str) -> Command {
    let (url, token) = (server.url(""), server.url(TOKEN_PATH));
    let general = format!(
        "provider = 'custom'\nbase-url = '{url}'\ntoken-endpoint = '{token}'\nno-store = true\n"
    );
    write(home, "crm", &format!("{general}{more}"));
    let mut command = unattended(subcommand);
    command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).args(["--profile", "crm"]);
    command.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    command
}

fn write(home: &Path, name: &str, text: &str) {
    let folder = home.join("unattended");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.toml")), text).unwrap();
}

fn done(command: &mut Command) -> Run {
    let run = run(command);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run
}

fn two_rows() -> Server {
    Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/v3/contacts" => reply(200, r#"{"results":[{"id":1,"mail":"a@b.c"}]}"#),
        _ => reply(200, r#"[{"id":2}]"#),
    })
}

const COLLECTIONS: &str = "
paging = 'single'

[collections.contacts]
path = '/v3/contacts'
rows = 'results'
format = 'csv'
columns = ['id', 'mail']

[collections.users]
path = '/users?open=true'
";

#[test]
fn collections_are_exported_by_their_names() {
    let (home, server) = (directory("profile-names"), two_rows());
    let out = home.join("out");
    let mut export = with("export", &home, &server, COLLECTIONS);
    done(export.args(["contacts", "users", "/plain", "--out-dir"]).arg(&out));
    assert_eq!(names(&out), ["contacts.csv", "plain.jsonl", "users.jsonl"]);
    assert_eq!(fs::read_to_string(out.join("contacts.csv")).unwrap(), "id,mail\n1,a@b.c\n");
    let asked: Vec<String> = server.api_requests().into_iter().map(|seen| seen.target).collect();
    assert_eq!(asked, ["/v3/contacts", "/users?open=true", "/plain"]);
}

#[test]
fn a_collection_has_a_file_of_its_own_and_what_is_given_counts_more() {
    let (home, server) = (directory("profile-given"), two_rows());
    let own = home.join("own.jsonl");
    let more = format!("{COLLECTIONS}out = '{}'\n", own.display());
    done(with("export", &home, &server, &more).arg("users"));
    assert_eq!(fs::read_to_string(&own).unwrap(), "{\"id\":2}\n");
    let out = home.join("out");
    done(with("export", &home, &server, &more).arg("users").arg("--out-dir").arg(&out));
    assert_eq!(names(&out), ["users.jsonl"]);
    let mut export = with("export", &home, &server, &more);
    let run = done(export.args(["contacts", "--format", "csv", "--columns", "mail"]));
    assert_eq!(run.stdout, "mail\na@b.c\n");
    // A call takes of it what it knows.
    let call = done(with("call", &home, &server, &more).arg("/users"));
    assert_eq!((call.stdout.as_str(), call.stderr.as_str()), (r#"[{"id":2}]"#, ""));
}

#[test]
fn the_default_profile_is_taken_unless_an_api_is_given() {
    let (home, server) = (directory("profile-default"), two_rows());
    let mut call = with("call", &home, &server, "");
    fs::rename(home.join("unattended/crm.toml"), home.join("unattended/default.toml")).unwrap();
    assert_eq!(run(call.arg("/users")).code, 78);
    let mut call = unattended("call");
    call.env("XDG_CONFIG_HOME", &home).env("APPDATA", &home).arg("/users");
    call.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    assert_eq!(done(&mut call).stdout, r#"[{"id":2}]"#);
    let run = run(call.args(["--provider", "snapdocs"]));
    assert_eq!(run.code, 78);
    assert!(run.stderr.contains("SNAPDOCS_CLIENT_ID is not set"), "{}", run.stderr);
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_its_line() {
    let (home, server) = (directory("profile-wrong"), two_rows());
    for (more, expected) in [
        ("secret = 'x'", "line 5: secret is not known"),
        ("stand-in = true", "line 5: stand-in is not known"),
        ("verbose = true", "line 5: verbose is not known"),
        ("scope = true", "line 5: scope is a text, a number, or a list of these"),
        ("\nuntil-empty = 'yes'", "line 6: until-empty is true or false"),
        ("[collections.a]\npath = '/a'\nregion = 'x'", "line 7: region is not known"),
        ("[collections]\na = 1", "line 6: a is no table"),
        ("scope = ", "line 5: "),
        ("deadline = 'soon'", "--deadline takes a whole number of seconds, at least 1"),
        ("[collections.\"/x\"]\nformat = 'xml'", "--format is one of jsonl, csv, json"),
    ] {
        let run = run(with("export", &home, &server, more).arg("/x"));
        assert_eq!((run.code, run.stdout.as_str()), (78, ""), "{more}");
        let start = format!("export: {}: {expected}", home.join("unattended/crm.toml").display());
        assert!(run.stderr.starts_with(&start), "{}", run.stderr);
    }
    assert!(server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn a_profile_that_others_can_write_is_refused_and_none_is_taken_from_here() {
    use std::os::unix::fs::PermissionsExt;
    let (home, server) = (directory("profile-others"), two_rows());
    let mut call = with("call", &home, &server, "");
    let file = home.join("unattended/crm.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    let run = self::run(call.arg("/x"));
    assert_eq!(run.code, 78);
    assert!(run.stderr.contains("crm.toml is not used, since others can write it (chmod go-w)"));
    // By its path it is meant; a name alone is never one of this folder.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let mut call = unattended("call");
    call.current_dir(home.join("unattended")).env("XDG_CONFIG_HOME", server.url("")).arg("/x");
    call.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    assert_eq!(self::run(call.args(["--profile", "crm"])).code, 78);
    let mut call = unattended("call");
    call.current_dir(home.join("unattended")).args(["/x", "--profile", "./crm.toml"]);
    call.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    done(&mut call);
}
