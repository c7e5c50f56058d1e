use std::process::Stdio;
use std::sync::mpsc::channel;

use super::*;

/// A server with two pages, of which the second is asked for again in an hour, and the export of
/// it, which got this signal while it waited.
fn interrupted(signal: &str, name: &str) -> (PathBuf, i32, String) {
    let (asked, pages) = channel();
    let server = Server::start(move |seen| {
        if seen.path() == TOKEN_PATH {
            return token_reply("t", 3600);
        }
        let is_second = seen.target.contains("page_number=2");
        asked.send(is_second).unwrap();
        match is_second {
            true => reply(429, "{}").header("retry-after", "600"),
            false => reply(
                200,
                r#"{"items":[{"id":1}],"pagination":{"page_number":1,"page_size":1,"total_items":2,"total_pages":2}}"#,
            ),
        }
    });
    let folder = directory(name);
    let out = folder.join("rows.jsonl");
    let mut command = to(&server, &["/rows", "--out", out.to_str().unwrap()]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    while !pages.recv().unwrap() {}
    let mut error = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("waiting 10 min") {
        assert!(std::io::BufRead::read_line(&mut error, &mut said).unwrap() > 0, "{said}");
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    io::Read::read_to_string(&mut error, &mut said).unwrap();
    (folder, child.wait().unwrap().code().unwrap(), said)
}

#[test]
fn ctrl_c_leaves_what_has_come_and_says_how_to_go_on() {
    for (signal, name) in [("-INT", "interrupted"), ("-TERM", "terminated")] {
        let (folder, code, said) = interrupted(signal, name);
        assert_eq!(code, 75, "{said}");
        assert_eq!(names(&folder), ["rows.jsonl.part", "rows.jsonl.resume"]);
        assert_eq!(fs::read_to_string(folder.join("rows.jsonl.part")).unwrap(), "{\"id\":1}\n");
        assert!(said.contains("not sent: the program asked to stop"), "{said}");
        assert!(said.contains("--resume"), "{said}");
    }
}
