//! `unattended call`: what a shell script sees of it.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::server::*;
use crate::source::texts_below;
use crate::{directory, names, unattended};

struct Run {
    code: i32,
    stdout: Vec<u8>,
    stderr: String,
}

fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run { code: status.code().unwrap(), stdout, stderr: String::from_utf8(stderr).unwrap() }
}

fn file(directory: &Path, name: &str, content: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The program with credentials for `origin`, and no token of another run.
fn to_origin(origin: &str, arguments: &[&str]) -> Command {
    let mut command = unattended("call");
    command.args(["--provider", "custom", "--auth", "post", "--base-url", origin]);
    command.args(["--token-endpoint", &format!("{origin}{TOKEN_PATH}")]);
    command.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
    command.args(arguments);
    command
}

fn to(server: &Server, arguments: &[&str]) -> Command {
    let mut command = to_origin(&server.url(""), arguments);
    command.arg("--no-store");
    command
}

fn call(server: &Server, arguments: &[&str]) -> Run {
    run(&mut to(server, arguments))
}

fn call_with_stdin(server: &Server, arguments: &[&str], input: &str) -> Run {
    let mut command = to(server, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not read its input is told by what it does instead.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Run { code: status.code().unwrap(), stdout, stderr: String::from_utf8(stderr).unwrap() }
}

/// What arrived, after a call that went well and printed nothing but the body.
fn arrives(arguments: &[&str], input: &str) -> Seen {
    let server = Server::with_api([reply(200, "done")]);
    let run = call_with_stdin(&server, arguments, input);
    assert_eq!((run.code, run.stdout, run.stderr.as_str()), (0, b"done".to_vec(), ""));
    server.api_requests().remove(0)
}

/// Gives a token and then, for each call, `answer` as it is; the connection is closed.
fn raw_api(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    raw_server(move |mut stream, _| {
        while let Some(seen) = read_request(&mut stream) {
            if seen.path() != TOKEN_PATH {
                let _ = stream.write_all(&answer);
                return;
            }
            write_reply(&mut stream, &token_reply("token-1", 3600));
        }
    })
}

#[test]
fn the_body_goes_to_stdout_byte_for_byte() {
    let body: Vec<u8> = (0..=255).cycle().take(5_000_000).collect();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let origin = raw_api([head.as_bytes(), &body].concat());
    for accept in ["content", "any"] {
        let run = run(&mut to_origin(&origin, &["/x", "--no-store", "--accept", accept]));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.stdout == body, "{accept}: {} bytes", run.stdout.len());
    }
}

#[test]
fn a_get_is_streamed_and_so_has_no_limit() {
    let length = 64 * 1024 * 1024 + 1;
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b'x');
    let origin = raw_api(answer);
    let mut command = to_origin(&origin, &["/x", "--no-store"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let read = io::copy(&mut child.stdout.take().unwrap(), &mut io::sink()).unwrap();
    assert_eq!((read, child.wait().unwrap().code()), (length as u64, Some(0)));
    let run = run(&mut to_origin(&origin, &["/x", "--no-store", "--accept", "any"]));
    assert_eq!((run.code, run.stdout.len()), (65, 0));
    assert!(run.stderr.contains("(--accept content has no limit)"), "{}", run.stderr);
}

#[test]
fn the_method_is_get_or_post_with_a_body_unless_it_is_given() {
    for (arguments, method) in [
        (&["/x"][..], "GET"),
        (&["/x", "--data", ""], "POST"),
        (&["/x", "--form", "a=b"], "POST"),
        (&["DELETE", "/x"], "DELETE"),
        (&["put", "/x", "--json", "1"], "PUT"),
        (&["PATCH", "/x", "--json", "{}"], "PATCH"),
        (&["OPTIONS", "/x"], "OPTIONS"),
        (&["GET", "/x", "--data", "filter"], "GET"),
    ] {
        let seen = arrives(arguments, "");
        assert_eq!((seen.method.as_str(), seen.target.as_str()), (method, "/x"));
    }
    let server = Server::with_api([reply(200, "")]);
    let run = call(&server, &["HEAD", "/x"]);
    assert_eq!(
        (run.code, run.stdout.len(), server.api_requests()[0].method.as_str()),
        (0, 0, "HEAD")
    );
}

#[test]
fn the_query_is_percent_encoded() {
    let seen = arrives(
        &["/x?a=1", "--query", "since=2026-01-01T00:00:00+02:00", "--query=filter=name eq 'a=b'"],
        "",
    );
    assert_eq!(
        seen.target,
        "/x?a=1&since=2026-01-01T00:00:00%2B02:00&filter=name%20eq%20%27a%3Db%27"
    );
}

#[test]
fn headers_come_from_the_command_line_from_files_and_from_stdin() {
    let directory = directory("call-headers");
    let secret = file(&directory, "secret", "X-Api-Key: k1\n\nX-Other:k2\r\n");
    let seen = arrives(
        &["/x", "--header", "X-Reason: a: b", "--header", &format!("@{secret}"), "--header", "@-"],
        "X-Piped: k3",
    );
    let values = ["x-reason", "x-api-key", "x-other", "x-piped"].map(|name| seen.header(name));
    assert_eq!(values, [Some("a: b"), Some("k1"), Some("k2"), Some("k3")]);
    assert_eq!(seen.header("authorization"), Some("Bearer token-1"));
}

#[test]
fn a_body_is_text_stdin_json_or_a_form() {
    let (bytes, json) = ("application/octet-stream", "application/json");
    for (arguments, input, content_type, body) in [
        (&["--data", "a b"][..], "", bytes, "a b"),
        (&["--data", "-"], "from\nstdin", bytes, "from\nstdin"),
        (&["--data", "<a/>", "--content-type", "text/xml"], "", "text/xml", "<a/>"),
        (&["--json", "{ \"a\":1.50 }"], "", json, "{ \"a\":1.50 }"),
        (&["--json", "-"], "[1]\n", json, "[1]\n"),
        (
            &["--json", "[]", "--content-type", "application/json-patch+json"],
            "",
            "application/json-patch+json",
            "[]",
        ),
        (&["--json", "{}", "--header", "content-type: a/b"], "", "a/b", "{}"),
        (
            &["--form", "a=b=c", "--form", "a=+ &"],
            "",
            "application/x-www-form-urlencoded",
            "a=b%3Dc&a=%2B+%26",
        ),
    ] {
        let seen = arrives(&[&["/x"], arguments].concat(), input);
        assert_eq!((seen.header("content-type"), seen.body.as_str()), (Some(content_type), body));
    }
}

#[test]
fn a_file_of_any_size_is_a_body() {
    let content = "0123456789abcdef".repeat(300_000);
    let path = file(&directory("call-upload"), "deed.pdf", &content);
    let seen = arrives(&["/x", "--data-file", &path, "--content-type", "application/pdf"], "");
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.header("content-length"), Some("4800000"));
    assert_eq!(seen.header("content-type"), Some("application/pdf"));
    assert!(seen.body == content, "{} bytes", seen.body.len());
    let server = Server::with_api([]);
    let run = call(&server, &["/x", "--data-file", "/nowhere/at all"]);
    assert_eq!((run.code, run.stdout.len(), server.api_requests().len()), (78, 0, 0));
    assert!(run.stderr.contains("the file /nowhere/at all"), "{}", run.stderr);
}

#[test]
fn every_success_of_a_post_is_one_with_a_body_or_without() {
    for (status, body) in
        [(200, "x"), (201, ""), (201, "{\"id\":1}"), (202, "{\"task\":2}"), (204, "")]
    {
        let server = Server::with_api([reply(status, body)]);
        let run = call(&server, &["POST", "/x"]);
        assert_eq!((run.code, run.stdout, run.stderr.as_str()), (0, body.into(), ""), "{status}");
    }
}

#[test]
fn a_get_that_brings_no_content_yet_is_temporary_unless_any_success_is_accepted() {
    let server = || Server::with_api([reply(202, "{\"task\":\"running\"}")]);
    let run = call(&server(), &["/x", "--verbose"]);
    assert_eq!((run.code, run.stdout.len()), (75, 0));
    assert!(run.stderr.contains("call: the body of the answer:\n{\"task\":\"running\"}\n"));
    let last = run.stderr.lines().last().unwrap();
    assert!(
        last.contains("/x: 202 Accepted") && last.ends_with("; the content is not there yet"),
        "{last}"
    );
    let run = call(&server(), &["/x", "--accept", "any"]);
    assert_eq!(
        (run.code, run.stdout, run.stderr.as_str()),
        (0, "{\"task\":\"running\"}".into(), "")
    );
}

#[test]
fn status_and_headers_go_to_stderr_without_what_may_be_secret() {
    let answer = reply(201, "body")
        .header("location", "/tasks/1?sig=hidden-1")
        .header("link", "</x?page=2>; rel=\"next\"")
        .header("set-cookie", "session=hidden-2")
        .header("x-echo", "Bearer token-1")
        .header("x-request-id", "4711")
        .header("content-type", "text/plain");
    let server = Server::with_api([answer]);
    let run = call(&server, &["/x", "--include"]);
    assert_eq!((run.code, run.stdout), (0, b"body".to_vec()));
    assert!(run.stderr.starts_with("201 Created\n"), "{}", run.stderr);
    for line in [
        "location: /tasks/1?***",
        "link: </x?***>; rel=\"next\"",
        "set-cookie: ***",
        "x-echo: ***",
        "x-request-id: 4711",
        "content-type: text/plain",
    ] {
        assert!(run.stderr.lines().any(|shown| shown == line), "{line}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("hidden") && !run.stderr.contains("token-1"), "{}", run.stderr);
}

#[test]
fn no_secret_is_in_any_output() {
    let directory = directory("call-secrets");
    let url = file(&directory, "url", "/x?sig=hidden-1\n");
    for (status, code) in [(200, 0), (400, 69), (403, 75), (401, 77), (429, 75)] {
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => token_reply("token-abcdef", 3600),
            _ => {
                let body = format!("{{\"message\":\"{}\"}}", seen.header("authorization").unwrap());
                let body = if status == 200 { "{}".into() } else { body };
                reply(status, body).header("x-echo", "token-abcdef").header("retry-after", "9999")
            }
        });
        let arguments = [&format!("@{url}"), "--verbose", "--include", "--data", "x"];
        let run = call(&server, &arguments);
        assert_eq!(run.code, code, "{}", run.stderr);
        let all = run.stderr + str::from_utf8(&run.stdout).unwrap();
        assert!(all.contains("call: token fetched from 127.0.0.1"), "{all}");
        for secret in [SECRET, "token-abcdef", "hidden-1"] {
            assert!(!all.contains(secret), "{status}: {all}");
        }
        assert_eq!(server.api_requests()[0].target, "/x?sig=hidden-1");
    }
}

#[test]
fn verbose_tells_tokens_and_repeats() {
    let server = Server::with_api([reply(503, "{}").header("retry-after", "0"), reply(200, "x")]);
    let run = call(&server, &["/x", "--verbose"]);
    assert_eq!((run.code, run.stdout), (0, b"x".to_vec()));
    let host = server.url("").replace("http://", "");
    let expected = [
        format!("call: token fetched from {host}, good for 60 min"),
        format!("call: attempt 2 of GET {host}/x"),
    ];
    assert_eq!(run.stderr.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_file_appears_when_it_is_complete() {
    let directory = directory("call-out");
    let target = file(&directory, "deed.pdf", "yesterday");
    let server = Server::with_api([reply(200, "today")]);
    let run = call(&server, &["/x", "--out", &target]);
    assert_eq!((run.code, run.stdout.len(), run.stderr.as_str()), (0, 0, ""));
    assert_eq!(fs::read_to_string(&target).unwrap(), "today");
    let run = call(&server, &["POST", "/x", "--out", &target]);
    assert_eq!((run.code, run.stdout.len()), (0, 0));
    assert_eq!(names(&directory), ["deed.pdf"]);
}

#[test]
fn what_breaks_off_is_told_and_leaves_the_file_as_it_was() {
    let directory = directory("call-broken");
    let target = file(&directory, "deed.pdf", "yesterday");
    let origin = raw_api("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    let arguments = ["/x", "--no-store", "--retries", "0"];
    let run_out = run(to_origin(&origin, &arguments).args(["--out", &target]));
    let run_stdout = run(&mut to_origin(&origin, &arguments));
    for run in [&run_out, &run_stdout] {
        assert_eq!(run.code, 75, "{}", run.stderr);
        assert!(run.stderr.contains("4 bytes"), "{}", run.stderr);
    }
    assert_eq!((run_out.stdout.as_slice(), run_stdout.stdout.as_slice()), (&b""[..], &b"half"[..]));
    assert_eq!(names(&directory), ["deed.pdf"]);
    assert_eq!(fs::read_to_string(&target).unwrap(), "yesterday");
}

#[test]
fn an_answer_stays_if_the_file_cannot_be_replaced() {
    for (kept, at) in [(&[][..], "x.complete"), (&["x.complete"], "")] {
        let directory = directory("call-held");
        for name in kept {
            file(&directory, name, "of yesterday");
        }
        let target = directory.join("x");
        let taken = target.clone();
        let server = Server::start(move |seen| match seen.path() {
            TOKEN_PATH => token_reply("t", 3600),
            _ => {
                // A directory in its place is not replaced, on no system.
                fs::create_dir(&taken).unwrap();
                reply(200, "today")
            }
        });
        let run = call(&server, &["POST", "/x", "--out", target.to_str().unwrap()]);
        let start = format!("call: {} cannot be replaced: ", target.display());
        assert!(run.stderr.starts_with(&start), "{}", run.stderr);
        let (_, place) = run.stderr.trim_end().split_once("; the answer is in ").unwrap();
        assert_eq!((run.code, fs::read_to_string(place).unwrap().as_str()), (73, "today"));
        assert!(place.ends_with(at), "{place}");
        // An answer that was kept before may be the only one of its kind.
        for name in kept {
            assert_eq!(fs::read_to_string(directory.join(name)).unwrap(), "of yesterday");
        }
        assert_eq!(names(&directory).len(), 2 + kept.len());
    }
}

#[test]
fn what_is_not_modified_is_left_alone() {
    let directory = directory("call-not-modified");
    let target = file(&directory, "list.json", "yesterday");
    for accept in ["content", "any"] {
        let server = Server::with_api([reply(304, "")]);
        let arguments =
            ["/x", "--header", "If-None-Match: \"1\"", "--out", &target, "--accept", accept];
        let run = call(&server, &arguments);
        assert_eq!(run.stderr, "call: 304 Not Modified: nothing is written\n");
        assert_eq!((run.code, run.stdout.len()), (0, 0));
        assert_eq!(fs::read_to_string(&target).unwrap(), "yesterday");
    }
    assert_eq!(names(&directory), ["list.json"]);
}

#[test]
fn a_file_that_cannot_be_written_is_found_before_anything_is_sent() {
    let directory = directory("call-unwritable");
    let missing = directory.join("none").join("x");
    let slash = PathBuf::from(format!("{}/", directory.join("x").display()));
    let server = Server::with_api([]);
    for target in [&missing, &directory, &slash] {
        let target = target.to_str().unwrap();
        let run = call(&server, &["POST", "/x", "--out", target]);
        assert_eq!((run.code, run.stdout.len()), (73, 0));
        assert!(run.stderr.starts_with(&format!("call: {target} cannot be written: ")));
    }
    assert!(server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_stays_one_also_if_it_leads_to_what_is_not_there_yet() {
    let directory = directory("call-link");
    let link = directory.join("link");
    std::os::unix::fs::symlink("new", &link).unwrap();
    let server = Server::with_api([reply(200, "first"), reply(200, "second")]);
    for body in ["first", "second"] {
        assert_eq!(call(&server, &["/x", "--out", link.to_str().unwrap()]).code, 0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(directory.join("new")).unwrap(), body);
    }
}

#[test]
fn a_reader_who_goes_away_is_output_that_cannot_be_written() {
    for method in ["GET", "POST"] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let server = Server::with_api([reply(200, "x\n")]);
        let output = to(&server, &[method, "/x"]).stdout(writer).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(73), "{stderr}");
        assert!(stderr.contains(" cannot be written"), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let server = Server::with_api([reply(200, "x\n".repeat(500_000))]);
    let mut child =
        to(&server, &["/x"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(73));
}

#[test]
fn exit_codes_tell_what_to_do_next() {
    let refused = || reply(400, r#"{"error":"invalid_client"}"#);
    let wait = || reply(429, "{}").header("retry-after", "3600");
    for (server, code) in [
        (Server::with_api([reply(404, r#"{"message":"no such thing"}"#)]), 69),
        (Server::with_api([reply(409, "{}")]), 69),
        (Server::with_api([wait()]), 75),
        (Server::with_api([reply(401, "{}")]), 77),
        (Server::with_scripts([refused()], []), 77),
        (Server::with_scripts([reply(400, r#"{"error":"invalid_scope"}"#)], []), 78),
    ] {
        let run = call(&server, &["/x"]);
        assert_eq!((run.code, run.stdout.len()), (code, 0), "{}", run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    }
    let server = Server::with_api([reply(404, r#"{"message":"no such thing"}"#)]);
    let host = server.url("").replace("http://", "");
    let run = call(&server, &["/x?secret=1"]);
    assert_eq!(run.stderr, format!("call: GET {host}/x: 404 Not Found: no such thing\n"));
}

#[test]
fn patience_is_limited_as_told() {
    let answer = || reply(503, "{}").header("retry-after", "0");
    for (retries, requests) in [("0", 1), ("2", 3)] {
        let server = Server::with_api([answer()]);
        let run = call(&server, &["/x", "--retries", retries]);
        assert_eq!((run.code, server.api_requests().len()), (75, requests), "{}", run.stderr);
    }
    let server = Server::with_api([reply(429, "{}").header("retry-after", "61")]);
    let run = call(&server, &["/x", "--deadline", "60"]);
    assert_eq!((run.code, server.api_requests().len()), (75, 1), "{}", run.stderr);
    assert!(run.stderr.contains("of the call's deadline (--deadline)"), "{}", run.stderr);
}

#[test]
fn what_came_from_files_is_hidden_when_a_server_repeats_it() {
    let server = Server::start(|seen| {
        let key = seen.header("authorization").unwrap();
        let message = format!("{key} {} is not 3/4+hidden", seen.target);
        reply(403, serde_json::json!({ "message": message }).to_string())
    });
    let directory = directory("call-repeated");
    let url = file(&directory, "url", &server.url("/x?sig=3%2F4%2Bhidden&page=2"));
    let headers = file(&directory, "headers", "Authorization: Basic hidden-key");
    let arguments =
        [&format!("@{url}"), "--header", &format!("@{headers}"), "--without-token", "--verbose"];
    let run = call(&server, &arguments);
    assert_eq!((run.code, run.stdout.len()), (69, 0));
    assert!(run.stderr.ends_with(": Basic *** /x?sig=***&page=2 is not ***\n"), "{}", run.stderr);
    assert!(!run.stderr.contains("hidden"), "{}", run.stderr);
}

#[test]
fn a_post_is_sent_again_only_if_that_is_said_to_be_safe() {
    for (arguments, code, requests) in
        [(&["POST", "/x"][..], 75, 1), (&["POST", "/x", "--safe-to-repeat"], 0, 2)]
    {
        let server =
            Server::with_api([reply(503, "{}").header("retry-after", "0"), reply(200, "")]);
        let run = call(&server, arguments);
        assert_eq!((run.code, server.api_requests().len()), (code, requests), "{}", run.stderr);
        assert_eq!(
            run.stderr.ends_with(": if that does no harm, give --safe-to-repeat\n"),
            code != 0
        );
    }
}

#[test]
fn a_post_with_a_key_is_sent_again_with_the_same_key() {
    for options in [&["--idempotent"][..], &["--idempotency-key", "order-42"]] {
        let server =
            Server::with_api([reply(503, "{}").header("retry-after", "0"), reply(200, "")]);
        let run = call(&server, &[&["POST", "/x"], options].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let requests = server.api_requests();
        let keys: Vec<_> = requests.iter().map(|seen| seen.header("idempotency-key")).collect();
        assert!(keys.len() == 2 && keys[0] == keys[1] && keys[0].is_some(), "{keys:?}");
        assert_eq!(keys[0] == Some("order-42"), options.len() == 2);
    }
}

#[test]
fn an_address_that_will_go_is_a_warning() {
    let answer = reply(200, "{}").header("sunset", "Wed, 31 Dec 2036 23:59:59 GMT");
    let server = Server::with_api([answer]);
    let run = call(&server, &["/x"]);
    assert_eq!(run.code, 0);
    let host = &server.url("")[7..];
    assert_eq!(
        run.stderr,
        format!(
            "call: warning: GET {host}/x: deprecated, gone after Wed, 31 Dec 2036 23:59:59 GMT\n"
        )
    );
}

#[test]
fn runs_share_a_token_unless_they_are_told_not_to() {
    let server = Server::with_api([]);
    let directory = directory("call-store");
    let cached = |arguments: &[&str]| {
        let mut command = to_origin(&server.url(""), arguments);
        command.env("XDG_CACHE_HOME", &directory).env("LOCALAPPDATA", &directory);
        let run = run(&mut command);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    };
    cached(&["/a"]);
    cached(&["/b"]);
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (1, 2));
    assert_eq!(names(&directory), ["unattended"]);
    cached(&["/c", "--no-store"]);
    assert_eq!(server.token_requests().len(), 2);
    let other = directory.join("other");
    cached(&["/d", "--store", other.to_str().unwrap()]);
    cached(&["/e", "--store", other.to_str().unwrap()]);
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (3, 5));
}

#[test]
fn a_store_that_fails_is_told_and_done_without() {
    let server = Server::with_api([reply(200, "x")]);
    let run = run(&mut to_origin(&server.url(""), &["/x"]));
    assert_eq!((run.code, run.stdout), (0, b"x".to_vec()));
    assert!(run.stderr.ends_with("or give --store or --no-store\n"), "{}", run.stderr);
    assert!(run.stderr.starts_with("call: warning: token store not used: "), "{}", run.stderr);
}

#[test]
fn a_presigned_url_is_read_from_a_file_and_gets_no_token() {
    let (api, storage) = (Server::with_api([]), Server::with_api([reply(201, "")]));
    let directory = directory("call-presigned");
    let url = file(&directory, "url", &format!("{}\n", storage.url("/blob?sig=hidden")));
    let arguments = ["PUT", &format!("@{url}"), "--without-token", "--data", "x", "--verbose"];
    let run = call(&api, &[&arguments[..], &["--header", "x-ms-blob-type: BlockBlob"]].concat());
    assert_eq!((run.code, run.stdout.len(), run.stderr.as_str()), (0, 0, ""));
    let seen = &storage.seen()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PUT", "/blob?sig=hidden"));
    assert_eq!(
        (seen.header("authorization"), seen.header("x-ms-blob-type")),
        (None, Some("BlockBlob"))
    );
    assert!(api.seen().is_empty());
    let run = call(&api, &["PUT", &format!("@{url}")]);
    assert_eq!((run.code, storage.seen().len()), (78, 1));
    assert!(run.stderr.contains("the token must not leave the origin"), "{}", run.stderr);
    assert!(run.stderr.ends_with("; --without-token if it needs none\n"), "{}", run.stderr);
    assert!(!run.stderr.contains("hidden"), "{}", run.stderr);
}

#[test]
fn a_stand_in_answers_only_who_asks_for_it() {
    let arguments = ["/api/sam/estate/v1/computers", "--query", "page_size=2"];
    for subcommand in ["call", "export", "doctor"] {
        let told = run(unattended(subcommand).arg(arguments[0]));
        assert_eq!((told.code, told.stdout.len()), (64, 0));
        let expected = "no API is given: say which one with --provider, or --stand-in (see --help)";
        assert_eq!(told.stderr, format!("{subcommand}: {expected}\n"));
    }
    let done = run(unattended("call").args(arguments).arg("--stand-in"));
    assert!(done.stderr.starts_with("call: a stand-in server answers: http://"));
    let page: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((done.code, page["items"].as_array().unwrap().len()), (0, 2));
    let done = run(unattended("call").args(["/api/v1/subscriptions", "--stand-in"]));
    assert_eq!(done.code, 0, "{}", done.stderr);
    let done = run(unattended("export").args(["/api/v1/subscriptions", "--stand-in", "--quiet"]));
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    assert_eq!(String::from_utf8(done.stdout).unwrap().lines().count(), 23);
}

#[test]
fn what_cannot_be_meant_is_told_as_usage_and_never_repeated() {
    for (arguments, expected) in [
        (&[][..], "no path is given, such as /api/sam/estate/v1/computers"),
        (&["POST"], "no path is given after POST"),
        (&["GET", "/x", "hidden"], "more is given than a method and a path"),
        (&["/x", "hidden"], "the word before the path is not a method"),
        (&["TRACE", "/x"], "TRACE is not for APIs"),
        (&["-uhidden", "/x"], "-u is not known"),
        (&["--password=hidden", "/x"], "--password is not known"),
        (&["/x", "--header", "hidden"], "--header takes 'NAME: VALUE'"),
        (&["/x", "--query", "hidden"], "--query takes NAME=VALUE"),
        (&["/x", "--json", "hidden"], "--json is not JSON: expected value at line 1 column 1"),
        (
            &["/x", "--json", "-"],
            "--json is not JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            &["/x", "--header", "authorization: hidden"],
            "--header takes no secrets: others see the command line, so write Authorization to a file for --header @FILE",
        ),
        (&["/x", "--json", "1", "--form", "a=b"], "--json and --form exclude each other"),
        (&["@-", "--data", "-"], "standard input can be read for one thing only"),
        (&["/x", "--content-type", "a/b"], "--content-type needs a body"),
        (&["/x", "--deadline", "0"], "--deadline takes a whole number of seconds, at least 1"),
        (&["/x", "--idle", "soon"], "--idle takes a whole number of seconds, at least 1"),
        (&["/x", "--retries", "-1"], "--retries takes a whole number"),
        (&["/x", "--accept", "all"], "--accept is one of content, any"),
        (&["/x", "--include", "--accept", "content"], "--include goes with --accept any only"),
        (&["/x", "--store", "a", "--no-store"], "--store and --no-store exclude each other"),
        (&["/x", "--out"], "--out needs a value"),
        (&["/x", "--out", "a", "--out", "b"], "--out is given twice"),
        (&["/x", "--verbose=yes"], "--verbose takes no value"),
        (
            &["https://example.com/"],
            "no API is given: say which one with --provider, or --stand-in",
        ),
    ] {
        let run = run(unattended("call").args(arguments).stdin(Stdio::null()));
        assert_eq!(run.stderr, format!("call: {expected} (see --help)\n"));
        assert_eq!((run.code, run.stdout.len()), (64, 0));
    }
}

#[test]
fn missing_credentials_and_wrong_settings_are_configuration() {
    let missing = run(unattended("call").args(["--provider", "snapdocs", "/x"]));
    assert_eq!(
        missing.stderr,
        "call: SNAPDOCS_CLIENT_ID is not set in the environment; the credentials are read from SNAPDOCS_CLIENT_ID and SNAPDOCS_CLIENT_SECRET (see --help)\n"
    );
    let named = ["--provider", "snapdocs", "--variables", "TITLES", "/x"];
    let named = run(unattended("call").args(named));
    assert!(named.stderr.contains("TITLES_CLIENT_ID is not set"), "{}", named.stderr);
    let server = Server::with_api([]);
    let unreadable = call(&server, &["@/nowhere"]);
    assert!(unreadable.stderr.starts_with("call: @/nowhere cannot be read: "));
    let header = call(&server, &["/x", "--header", "Host: a"]);
    for run in [missing, named, unreadable, header] {
        assert_eq!((run.code, run.stdout.len()), (78, 0), "{}", run.stderr);
    }
    assert!(server.api_requests().is_empty());
}

#[test]
fn a_provider_of_any_kind_is_described_by_options() {
    let server = Server::with_api([]);
    let url = server.url(TOKEN_PATH);
    let mut command = unattended("call");
    command.args(["/x", "--no-store", "--provider", "custom", "--base-url", &server.url("/v2")]);
    command.args(["--token-endpoint", &url, "--scope", "a b", "--audience", "c"]);
    command.args(["--resource", "https://d", "--variables", "ORDERS"]);
    let run = run(command.env("ORDERS_CLIENT_ID", "me").env("ORDERS_CLIENT_SECRET", "it"));
    assert_eq!((run.code, run.stdout, run.stderr.as_str()), (0, b"{}".to_vec(), ""));
    let token = &server.token_requests()[0];
    assert_eq!(token.header("authorization"), Some("Basic bWU6aXQ="));
    for part in ["scope=a+b", "audience=c", "resource=https%3A%2F%2Fd"] {
        assert!(token.body.split('&').any(|pair| pair == part), "{}", token.body);
    }
    assert_eq!(server.api_requests()[0].target, "/v2/x");
}

#[test]
fn who_asks_may_be_said_by_options_but_for_the_secret() {
    let directory = directory("call-identity");
    let secret = file(&directory, "secret", "hush hush");
    let assertion = file(&directory, "assertion", "e30.e30.c2ln");
    let call = |server: &Server, arguments: &[&str]| {
        let mut command = unattended("call");
        command.args(["--no-store", "--provider", "custom", "--base-url", &server.url("")]);
        run(command.args(["--token-endpoint", &server.url(TOKEN_PATH)]).args(arguments))
    };
    let print = if cfg!(windows) { "cmd /C echo hush" } else { "echo hush" };
    for (option, value, sent) in [
        ("--secret-file", secret.as_str(), "Basic eW91Omh1c2glMjBodXNo"),
        ("--secret-command", print, "Basic eW91Omh1c2g="),
        ("--assertion-file", assertion.as_str(), "client_assertion=e30.e30.c2ln"),
    ] {
        let server = Server::with_api([]);
        let run = call(&server, &["/x", "--client-id", "you", option, value]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{option}");
        let token = &server.token_requests()[0];
        let told = format!("{:?} {}", token.header("authorization"), token.body);
        assert!(told.contains(sent), "{told}");
    }
    let both = ["/x", "--secret-file", &secret, "--assertion-file", &assertion];
    for (arguments, expected) in [
        (&both[..], "--secret-file and --assertion-file exclude each other"),
        (
            &["/x", "--client-id", "you"],
            "--client-id needs --secret-file, --secret-command, --assertion-file, --private-key or --client-certificate",
        ),
        (&["/x", "--key-id", "k"], "--private-key is missing"),
    ] {
        let run = call(&Server::with_api([]), arguments);
        assert_eq!((run.code, run.stderr), (64, format!("call: {expected} (see --help)\n")));
    }
    let run = call(&Server::with_api([]), &["/x", "--private-key", &secret]);
    assert_eq!(run.code, 78);
    assert!(!run.stderr.contains("hush"), "{}", run.stderr);
}

#[test]
fn a_task_is_asked_for_until_it_is_over() {
    let running = || reply(200, r#"{"task":{"state":"running"}}"#);
    let answer = |state: &str| reply(200, format!(r#"{{"task":{{"state":"{state}"}}}}"#));
    let words = ["/task", "--until", "task.state=done", "--fail-on", "/task/state=failed"];
    let server = Server::with_api([reply(202, ""), running(), answer("done")]);
    let run = call(&server, &words);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(run.stdout, br#"{"task":{"state":"done"}}"#);
    assert_eq!(server.api_requests().len(), 3);
    let run = call(&Server::with_api([answer("failed")]), &words);
    assert_eq!((run.code, run.stdout.len()), (69, 0));
    assert_eq!(run.stderr, "call: the task ended with /task/state=failed\n");
    let server = Server::with_api([running().header("retry-after", "60")]);
    let run = call(&server, &[&words[..], &["--within", "30"]].concat());
    assert_eq!((run.code, run.stdout.len(), server.api_requests().len()), (75, 0, 1));
    assert_eq!(run.stderr, "call: the task is not over within 30 s (--within)\n");
    let run = call(&server, &[&["POST"], &words[..]].concat());
    assert_eq!(run.code, 64);
    assert_eq!(run.stderr, "call: --until needs a GET, or --safe-to-repeat (see --help)\n");
    let run = call(&Server::with_api([]), &["/x", "--pace", "5"]);
    let expected = "--pace takes calls per time: 5/second, 100/minute, 1000/hour, 10000/day";
    assert_eq!(run.stderr, format!("call: {expected} (see --help)\n"));
}

#[test]
fn help_goes_to_stdout() {
    for argument in ["-h", "--help"] {
        let run = run(unattended("call").arg(argument));
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let help = String::from_utf8(run.stdout).unwrap();
        assert!(help.starts_with("Calls an API once") && help.contains("--provider <NAME>"));
    }
}

/// What a user can set has an option; all else that names code is of no use there.
#[test]
fn what_errors_name_of_the_code_is_an_option_or_left_out() {
    let table = include_str!("../../src/in_options.rs");
    let help = run(unattended("call").arg("--help"));
    let help = String::from_utf8(help.stdout).unwrap();
    let kinds =
        ["AuthMethod::", "Client::", "Connection::", "FileStore::", "Provider::", "RetryPolicy::"];
    let mut names = 0;
    for (file, text) in texts_below("../src") {
        // Settings that no program has: it does not discover, revoke, or choose parameters or TLS.
        let others = ["discovery.rs", "token/form.rs", "revocation.rs", "tests.rs", "wire/tls.rs"];
        // How APIs page is another matter.
        let is_paging = file.starts_with("pages/") || file.ends_with("/pagination.rs");
        if is_paging || others.iter().any(|other| file.ends_with(other)) {
            continue;
        }
        let lines = text.lines().take_while(|line| !line.starts_with("mod tests"));
        let code: String = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
        for text in code.split('"').skip(1).step_by(2) {
            for kind in kinds {
                for (at, _) in text.match_indices(kind) {
                    let rest = &text[at + kind.len()..];
                    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
                    let name = &rest[..end.unwrap_or(rest.len())];
                    let option = name.trim_start_matches("with_").replace('_', "-");
                    let option = option.replace("auth-method", "auth");
                    // In parentheses of its own.
                    let is_left_out = text[..at].ends_with(" (") || text[..at].ends_with(", ");
                    let is_option = table.contains(&format!("{kind}{name}"))
                        || kind == "Provider::" && help.contains(&format!("--{option} "));
                    assert!(is_option || is_left_out, "{file}: {name} in {text:?}");
                    names += 1;
                }
            }
        }
    }
    assert!(names > 20, "the source was not understood: {names}");
}

#[test]
fn advice_is_given_in_options() {
    let cases = [
        (
            "invalid_client",
            "by HTTP Basic, form-encoded (client_secret_basic): check both, and whether the server expects another --auth; the client secret has characters that form-encoding changes: a server that does not decode them needs --auth basic-raw",
        ),
        (
            "access_denied",
            "check the client's permissions, and that the audience (--audience) is exactly the one registered",
        ),
        ("invalid_scope", "the server wants a scope: ask for one with --scope"),
        (
            "invalid_target",
            "the server wants to know for which API: name it with --audience or --resource (RFC 8707)",
        ),
    ];
    for (code, advice) in cases {
        let refusal = reply(400, format!(r#"{{"error":"{code}"}}"#));
        let server = Server::with_scripts([refusal], []);
        let origin = server.url("");
        let mut command = unattended("call");
        command.args(["--provider", "custom", "--base-url", &origin, "--no-store", "/x"]);
        command.args(["--token-endpoint", &server.url(TOKEN_PATH)]);
        command.env("CUSTOM_CLIENT_ID", "me").env("CUSTOM_CLIENT_SECRET", SECRET);
        let told = run(&mut command).stderr;
        assert!(told.ends_with(&format!("{advice}\n")), "{told}");
    }
}
