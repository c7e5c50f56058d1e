//! Uploads to another origin, tasks that are polled, patches, filters, reads that are
//! POSTs: as calls, and as the examples do them.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Clock, Credentials, Error, ManualClock, Provider, Request};

use crate::support::example::{example, run};
use crate::support::*;

#[path = "../../../examples/patch/changes.rs"]
mod changes;
#[path = "../../../examples/import/ended.rs"]
mod ended;
#[path = "../../../examples/search/filter.rs"]
mod filter;
#[path = "../../../examples/import/job.rs"]
mod job;
#[allow(dead_code, reason = "the program uses more of it")]
#[path = "../../../examples/import/outcome.rs"]
mod outcome;
#[allow(dead_code, reason = "the program uses more of it")]
#[path = "../../../examples/import/poll.rs"]
mod poll;

/// What the examples tell, caught by the harness as long as a test goes well.
mod tell {
    use std::fmt::Display;

    pub fn say(text: impl Display) {
        println!("{text}");
    }

    pub fn err(text: impl Display) {
        eprintln!("{text}");
    }
}

use filter::quoted;
use job::{IMPORTS, TASKS, import};
use outcome::Trouble;
use poll::{Patience, poll};

const PATIENCE: Patience = Patience { first: secs(2), ceiling: secs(5), deadline: secs(1000) };

/// As a storage signs: with characters that a careless client would encode again.
const QUERY: &str = "sv=2024-11-04&se=2026-01-01T01:00:00Z&sig=Zm9v%2Bc2lnbmF0dXJl%2Fbar%3D";

/// A file of the test's own.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("import-{name}.csv"));
    fs::write(&path, content).unwrap();
    path
}

/// A storage that plays `replies`, then 201, and tells heads and bodies as they came.
fn storage(replies: Vec<Reply>) -> (String, Receiver<(String, Vec<u8>)>) {
    let (heard, requests) = channel();
    let replies = std::sync::Mutex::new(replies.into_iter());
    let origin = raw_server(move |mut stream, _| {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => return,
                }
            }
            let head = String::from_utf8(head).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if head.contains("expect: 100-continue\r\n") {
                stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
            }
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            stream.read_exact(&mut body).unwrap();
            heard.send((head, body)).unwrap();
            let next = replies.lock().unwrap().next();
            write_reply(&mut stream, &next.unwrap_or_else(|| reply(201, "")));
        }
    });
    (origin, requests)
}

/// An API that leads uploads to `storage`; its task is over when it is first asked.
fn api(storage: &str) -> Server {
    let upload = json!({ "id": "7", "uploadUrl": format!("{storage}/in/7.csv?{QUERY}") });
    Server::start(move |seen| match (seen.method.as_str(), seen.path()) {
        (_, TOKEN_PATH) => token_reply("token-1", 3600),
        ("POST", IMPORTS) => reply(201, upload.to_string()),
        ("POST", _) => reply(202, r#"{"taskId":"a/b"}"#).header("retry-after", "3"),
        _ => reply(200, r#"{"status":"Completed","successCount":2,"failedCount":0}"#),
    })
}

#[test]
fn an_upload_goes_to_its_presigned_url_to_the_byte_without_the_token() {
    let content: Vec<u8> = (0..=255).cycle().take(3 * 1024 * 1024 + 7).collect();
    let (origin, requests) = storage(vec![reply(503, "")]);
    let server = api(&origin);
    let (client, clock) = on_manual_clock(server.client());
    let done = import(&client, &clock, &file("bytes", &content), &PATIENCE);
    assert_eq!(done.ok().unwrap()["successCount"], 2);

    // A PUT is idempotent: the file is read anew after the 503.
    for _ in 0..2 {
        let (head, body) = requests.recv().unwrap();
        let length = format!("content-length: {}\r\n", content.len());
        assert!(head.starts_with(&format!("PUT /in/7.csv?{QUERY} HTTP/1.1\r\n")), "{head}");
        let vendors = "x-ms-blob-type: BlockBlob\r\n";
        for line in [vendors, "content-type: text/csv\r\n", "expect: 100-continue\r\n", &length] {
            assert_eq!(head.matches(line).count(), 1, "{line} in {head}");
        }
        assert!(!head.contains("authorization"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        assert!(body == content);
    }
    assert!(requests.try_recv().is_err());

    let seen = server.api_requests();
    let calls: Vec<_> = seen.iter().map(|s| (s.method.as_str(), s.target.as_str())).collect();
    let complete = format!("{IMPORTS}/7/complete");
    let task = format!("{TASKS}/a%2Fb");
    assert_eq!(calls, [("POST", IMPORTS), ("POST", &complete), ("GET", &task)]);
    assert_eq!(seen[0].body, r#"{"fileName":"import-bytes.csv"}"#);
    assert!(seen.iter().all(|call| call.header("authorization") == Some("Bearer token-1")));
    assert_eq!(clock.sleeps().last(), Some(&secs(3)));
}

/// A storage that refuses with its own words, the signed URL among them.
fn refusing_storage() -> (String, Receiver<(String, Vec<u8>)>) {
    let words = format!("<Error><Message>Wrong signature: /in/7.csv?{QUERY}</Message></Error>");
    storage(vec![reply(403, words)])
}

/// The words, but no signature; nor a word about a token that was not sent.
#[track_caller]
fn assert_told_without_signature(error: &Error, place: &str) {
    let text = format!("{error}\n{error:?}\n{:?}", error.response());
    let told = format!("{place}: 403 Forbidden: Wrong signature: /in/7.csv?sv=2024-11-04&se=");
    assert!(text.starts_with(&told), "{text}");
    for secret in ["c2lnbmF0dXJl", "Zm9v", "token"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(error.exit_code(), 69);
}

#[test]
fn a_refused_upload_shows_the_words_of_the_storage_and_not_the_signature() {
    let (origin, _requests) = refusing_storage();
    let server = api(&origin);
    let (client, clock) = on_manual_clock(server.client());
    let (client, events) = observed(client);
    let trouble = import(&client, &clock, &file("refused", b"x"), &PATIENCE).unwrap_err();
    let Trouble::Call(error) = trouble else { panic!("{trouble}") };
    assert_told_without_signature(&error, &format!("PUT {}/in/7.csv", &origin[7..]));
    assert!(!format!("{:?}", events.lock().unwrap()).contains("c2lnbmF0dXJl"));
    // Nobody was told that the file is there.
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn a_download_that_is_refused_behind_a_redirect_does_not_show_the_signature() {
    let (origin, _requests) = refusing_storage();
    let location = format!("{origin}/f?{QUERY}");
    let server = Server::with_api([reply(302, "").header("location", location)]);
    let error = server.client().download(Request::get("/f"), &mut Vec::new()).unwrap_err();
    assert_told_without_signature(&error, &format!("GET {}/f", &origin[7..]));
}

#[test]
fn a_task_that_may_have_begun_is_not_begun_twice() {
    let (origin, _requests) = storage(vec![]);
    let upload = json!({ "id": "7", "uploadUrl": format!("{origin}/in/7.csv?{QUERY}") });
    let server = Server::with_api([reply(201, upload.to_string()), reply(503, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let trouble = import(&client, &clock, &file("twice", b"x"), &PATIENCE).unwrap_err();
    let Trouble::Call(error) = trouble else { panic!("{trouble}") };
    assert_eq!((error.delivery(), error.exit_code()), (Delivery::Unknown, 75));
    assert_eq!(server.api_requests().len(), 2);
    assert!(clock.sleeps().is_empty());
}

#[test]
fn an_answer_that_names_a_task_and_no_state_is_polled() {
    let started = r#"{"taskId":"t1"}"#;
    for script in
        [vec![reply(200, started), done()], vec![reply(201, started), reply(200, started), done()]]
    {
        let calls = script.len();
        let server = Server::with_api(script);
        let (client, clock) = on_manual_clock(server.client());
        assert!(poll_with(&client, &clock, &PATIENCE).is_ok());
        assert_eq!(server.api_requests().len(), calls);
    }
    // The counts are an end, whatever is named with them.
    let counted = reply(200, r#"{"taskId":"t1","successCount":2,"failedCount":0}"#);
    assert!(polled([counted], &PATIENCE).0.is_ok());
}

/// Polls a task: `script` is what starts it and what it then answers.
fn polled(
    script: impl IntoIterator<Item = Reply>,
    patience: &Patience,
) -> (Result<Value, Trouble>, Vec<Duration>) {
    let server = Server::with_api(script);
    let (client, clock) = on_manual_clock(server.client());
    (poll_with(&client, &clock, patience), clock.sleeps())
}

fn poll_with(client: &Client, clock: &impl Clock, patience: &Patience) -> Result<Value, Trouble> {
    let started = client.get("/start").unwrap();
    poll(client, clock, started, &Request::get("/tasks/1"), patience)
}

fn pending() -> Reply {
    reply(202, "")
}

fn asking(seconds: impl ToString) -> Reply {
    pending().header("retry-after", seconds.to_string())
}

fn done() -> Reply {
    reply(200, r#"{"status":"Completed"}"#)
}

#[test]
fn a_poll_waits_twice_as_long_each_time_up_to_its_ceiling() {
    let running = reply(200, r#"{"status":"Running"}"#);
    let script = [pending(), pending(), running, pending(), pending(), done()];
    let (result, sleeps) = polled(script, &PATIENCE);
    assert_eq!(result.ok().unwrap()["status"], "Completed");
    assert_eq!(sleeps, [2, 4, 5, 5, 5].map(secs));
}

#[test]
fn what_the_server_asks_for_wins_over_the_interval_of_a_poll() {
    let running = reply(200, r#"{"status":"running"}"#).header("retry-after", "1");
    let script = [asking(60), pending(), running, asking(0), done()];
    let (result, sleeps) = polled(script, &PATIENCE);
    assert!(result.is_ok());
    // Zero is no wait that could be kept again and again.
    assert_eq!(sleeps, [60, 2, 1, 4].map(secs));
}

#[test]
fn a_poll_gives_up_before_a_wait_that_its_deadline_has_no_room_for() {
    let patience = Patience { deadline: secs(10), ..PATIENCE };
    let never = "not over within 10s; the server goes on with it";
    for (script, expected) in [
        (vec![pending()], vec![2, 4]),
        (vec![asking(10)], vec![]),
        (vec![pending(), asking(8)], vec![2]),
        (vec![asking(u64::MAX)], vec![]),
    ] {
        let (result, sleeps) = polled(script, &patience);
        let trouble = result.unwrap_err();
        assert_eq!(trouble.to_string(), format!("the task is {never}"));
        assert_eq!(trouble.exit_code(), 75);
        assert_eq!(sleeps, expected.into_iter().map(secs).collect::<Vec<_>>());
    }
}

#[test]
fn the_deadline_of_a_poll_holds_for_what_its_calls_wait_by_themselves() {
    let patience = Patience { deadline: secs(10), ..PATIENCE };
    let limited = |seconds: &str| reply(429, "").header("retry-after", seconds);
    // Two by the poll, five by the call, and for four more there is no room.
    let (result, sleeps) = polled([pending(), limited("5"), pending()], &patience);
    assert!(matches!(result, Err(Trouble::Late(_))));
    assert_eq!(sleeps, [2, 5].map(secs));

    let (result, sleeps) = polled([pending(), limited("8")], &patience);
    let trouble = result.unwrap_err();
    assert_eq!(trouble.exit_code(), 75);
    let Trouble::Call(error) = trouble else { panic!("{trouble}") };
    assert_eq!(error.retry_after(), Some(secs(8)));
    assert_eq!(sleeps, [2].map(secs));
}

/// A machine that was suspended: each sleep takes an hour.
#[derive(Clone)]
struct Drowsy(ManualClock);

impl Clock for Drowsy {
    fn now(&self) -> SystemTime {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep(&self, _: Duration) {
        self.0.advance(secs(3600));
    }
}

#[test]
fn a_poll_that_oversleeps_its_deadline_is_late_and_no_panic() {
    let clock = Drowsy(ManualClock::new());
    let server = Server::with_api([pending()]);
    let client = server.client().with_clock(clock.clone());
    let trouble = poll_with(&client, &clock, &PATIENCE).unwrap_err();
    assert_eq!(trouble.exit_code(), 75, "{trouble}");
}

#[test]
fn how_a_task_ended_is_told_by_its_body_and_not_by_the_status() {
    let none = "no reason is given";
    let cases = [
        (
            200,
            r#"{"status":"Failed","failureReason":"the disk is full"}"#,
            69,
            "the task ended as Failed: the disk is full",
        ),
        (202, r#"{"status":"Failed"}"#, 69, &format!("the task ended as Failed: {none}")),
        (200, r#"{"status":"Cancelled"}"#, 69, &format!("the task ended as Cancelled: {none}")),
        (200, r#"{"status":3}"#, 69, &format!("the task ended as 3: {none}")),
        (200, r#"{"status":"Quantum"}"#, 69, &format!("the task ended as Quantum: {none}")),
        (
            200,
            r#"{"status":"Completed","successCount":3,"failedCount":2,"failed":["a","b"],"failureReason":"no such user"}"#,
            65,
            r#"3 succeeded, 2 failed: no such user: ["a","b"]"#,
        ),
        (200, r#"{"failedCount":1}"#, 65, &format!("? succeeded, 1 failed: {none}: null")),
        (200, r#"{"failed":true}"#, 65, &format!("? succeeded, ? failed: {none}: true")),
        (
            200,
            r#"{"successCount":1,"failureReason":"half"}"#,
            65,
            "1 succeeded, ? failed: half: null",
        ),
    ];
    for (status, body, code, text) in cases {
        let (result, _) = polled([pending(), reply(status, body)], &PATIENCE);
        let trouble = result.unwrap_err();
        assert_eq!((trouble.exit_code(), trouble.to_string().as_str()), (code, text), "{body}");
    }
    for (status, body) in [
        (200, ""),
        (204, ""),
        (200, "{}"),
        (200, r#"{"status":"succeeded","failedCount":0,"failed":[],"failureReason":null}"#),
        (202, r#"{"status":"Completed","failed":false,"failureReason":""}"#),
    ] {
        assert!(polled([pending(), reply(status, body)], &PATIENCE).0.is_ok(), "{body}");
    }
}

#[test]
fn a_job_that_is_done_at_once_is_not_polled() {
    let (result, sleeps) = polled([done(), reply(404, "")], &PATIENCE);
    assert!(result.is_ok() && sleeps.is_empty());
}

#[test]
fn a_merge_patch_that_is_marked_is_repeated_to_the_byte() {
    let busy = reply(503, "").header("retry-after", "4");
    let server = Server::with_api([busy, reply(200, r#"{"isInReview":true}"#)]);
    let (client, clock) = on_manual_clock(server.client());
    changes::review(&client, "a/b").ok().unwrap();
    assert_eq!(clock.sleeps(), [secs(4)]);
    let seen = server.api_requests();
    assert_eq!(seen.len(), 2);
    for call in seen {
        assert_eq!(call.method, "PATCH");
        assert_eq!(call.target, "/api/saas/consolidated-view/v1/users/a%2Fb");
        assert_eq!(call.header("content-type"), Some("application/merge-patch+json"));
        assert_eq!(call.body, r#"{"isInReview":true}"#);
    }
}

#[test]
fn a_json_patch_that_may_have_arrived_is_looked_up_and_not_repeated() {
    for (tags, code) in
        [(r#"["core","audited"]"#, None), (r#"["core"]"#, Some(75)), ("null", Some(75))]
    {
        let license = reply(200, format!(r#"{{"tags":{tags}}}"#));
        let server = Server::with_api([reply(503, "").header("retry-after", "1"), license]);
        let (client, clock) = on_manual_clock(server.client());
        let result = changes::tag(&client, "l-1");
        assert_eq!(result.err().map(|trouble| trouble.exit_code()), code, "{tags}");
        let seen = server.api_requests();
        let calls: Vec<_> = seen.iter().map(|s| (s.method.as_str(), s.target.as_str())).collect();
        let path = "/api/sam/v1/licenses/l-1";
        assert_eq!(calls, [("PATCH", path), ("GET", path)]);
        assert_eq!(seen[0].header("content-type"), Some("application/json-patch+json"));
        assert_eq!(seen[0].body, r#"[{"op":"add","path":"/tags/-","value":"audited"}]"#);
        // Before the look, since the server asked to be left alone.
        assert_eq!(clock.sleeps(), [secs(1)]);
    }
}

#[test]
fn a_json_patch_that_was_refused_for_now_is_sent_again() {
    let server = Server::with_api([reply(429, "").header("retry-after", "9"), reply(204, "")]);
    let (client, clock) = on_manual_clock(server.client());
    changes::tag(&client, "l-1").ok().unwrap();
    assert_eq!(clock.sleeps(), [secs(9)]);
    assert_eq!(server.api_requests().len(), 2);
}

#[test]
fn a_delete_with_a_body_is_repeated_with_it_and_its_partial_failure_is_told() {
    let partly = r#"{"successCount":0,"failedCount":1,"failureReason":"locked"}"#;
    let server = Server::with_api([reply(502, ""), reply(200, partly)]);
    let (client, _) = on_manual_clock(server.client());
    let trouble = changes::untag(&client, "l-1").unwrap_err();
    assert_eq!(trouble.to_string(), "0 succeeded, 1 failed: locked: null");
    assert_eq!(trouble.exit_code(), 65);
    let seen = server.api_requests();
    assert_eq!(seen.len(), 2);
    for call in seen {
        assert_eq!(
            (call.method.as_str(), call.path()),
            ("DELETE", "/api/sam/v1/licenses/l-1/tags")
        );
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(call.header("content-length"), Some("20"));
        assert_eq!(call.body, r#"{"tags":["audited"]}"#);
    }
}

/// The preset for Cognito, led to `server`.
fn cognito(server: &Server) -> (Client, ManualClock) {
    let provider = Provider::cognito("auth-provider-dev", "eu-west-1", &server.url("")).unwrap();
    let provider = provider.with_token_endpoint(&server.url(TOKEN_PATH)).unwrap();
    let credentials = Credentials::new("my-client", SECRET);
    on_manual_clock(Client::new(provider.with_scope("api/write"), credentials).unwrap())
}

#[test]
fn a_read_that_is_a_post_is_repeated_after_a_503_only_when_it_is_marked() {
    let busy = r#"{"code":"ServiceUnavailable","message":"later"}"#;
    let read = Request::post("/search").json(&json!({ "open": true }));
    for is_marked in [true, false] {
        let server = Server::with_api([reply(503, busy), reply(200, r#"{"count":3}"#)]);
        let (client, _) = cognito(&server);
        let request = if is_marked { read.clone().safe_to_repeat() } else { read.clone() };
        match client.send(&request) {
            Ok(found) => assert_eq!(found.json::<Value>().unwrap()["count"], 3),
            Err(error) => {
                assert_eq!(error.delivery(), Delivery::Unknown);
                assert_eq!(error.response().unwrap().message.as_deref(), Some("later"));
                assert!(error.to_string().contains("safe_to_repeat()"), "{error}");
            }
        }
        let bodies: Vec<_> = server.api_requests().into_iter().map(|call| call.body).collect();
        let sent = if is_marked { 2 } else { 1 };
        assert_eq!(bodies, vec![r#"{"open":true}"#; sent]);
    }
}

#[test]
fn a_wrong_path_that_answers_401_costs_one_more_token_and_is_over() {
    let server = Server::with_api([reply(401, r#"{"code":"Unauthorized","message":null}"#)]);
    let (client, clock) = cognito(&server);
    let error = client.send(Request::post("/serach").safe_to_repeat()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(matches!(error, Error::Status(_)), "{error}");
    assert_eq!((server.token_requests().len(), server.api_requests().len()), (2, 2));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_filter_and_a_date_arrive_as_they_were_meant() {
    let (heard, targets) = channel();
    let origin = raw_server(move |mut stream, _| {
        while let Some(seen) = read_request(&mut stream) {
            heard.send(seen.target).unwrap();
            write_reply(&mut stream, &reply(200, "{}"));
        }
    });
    let client = client_at(&origin);
    let get = |name, value: String| {
        client.send(Request::get("/users").query(name, value).without_token()).unwrap();
        targets.recv().unwrap()
    };
    let filter = format!("(displayName -contains {}) -and (id -ne 'a+b')", quoted(r"O'Br\ien"));
    assert_eq!(
        get("filter", filter),
        "/users?filter=%28displayName%20-contains%20%27O%5C%27Br%5C%5Cien%27%29%20-and%20%28id%20-ne%20%27a%2Bb%27%29"
    );
    assert_eq!(
        get("fromDate", "2026-01-01T00:00:00+02:00".into()),
        "/users?fromDate=2026-01-01T00:00:00%2B02:00"
    );
}

#[test]
fn a_file_behind_a_redirect_is_downloaded_from_another_origin_without_the_token() {
    let (origin, requests) = storage(vec![reply(200, "seven b")]);
    let server =
        Server::with_api([reply(302, "").header("location", format!("{origin}/f?{QUERY}"))]);
    let mut content = Vec::new();
    let file = Request::get("/api/sam/v1/files").segment("f 1");
    assert_eq!(server.client().download(&file, &mut content).unwrap(), 7);
    assert_eq!(content, b"seven b");
    let api = server.api_requests();
    assert_eq!(api.len(), 1);
    assert_eq!(api[0].target, "/api/sam/v1/files/f%201");
    assert_eq!(api[0].header("authorization"), Some("Bearer token-1"));
    let (head, _) = requests.recv().unwrap();
    assert!(head.starts_with(&format!("GET /f?{QUERY} HTTP/1.1\r\n")), "{head}");
    assert!(!head.contains("authorization"), "{head}");
}

#[test]
fn the_examples_run_offline() {
    for (name, stdout) in [
        (
            "import",
            "imported: {\"failed\":[],\"failedCount\":0,\"failureReason\":null,\"status\":\"Completed\",\"successCount\":2}\n",
        ),
        (
            "patch",
            "in review: true; repeats: 1\n\
             tagged, though the answer was lost: PATCH HOST/api/sam/v1/licenses/l-1: 503 Service Unavailable: The answer was lost.; not sent again, because the server may have acted on the PATCH: if that does no harm, mark the request safe_to_repeat()\n\
             untagged: 1\n",
        ),
        (
            "search",
            "user: \"Zoë O'Brien\"\n\
             key figures: {\"active\":10,\"total\":12}\n\
             file f-1: 69 bytes\n\
             found: {\"count\":3,\"open\":true}, after 1 repeats\n",
        ),
    ] {
        let run = run(&mut example(name));
        assert_eq!(run.code, 0, "{name}: {}", run.stderr);
        let host =
            run.stdout.find("127.0.0.1:").map(|at| run.stdout[at..].split('/').next().unwrap());
        assert_eq!(
            host.map_or(run.stdout.clone(), |host| run.stdout.replace(host, "HOST")),
            stdout
        );
        assert!(!run.stderr.contains("sig"), "{}", run.stderr);
    }
}

#[test]
fn the_import_ends_with_the_exit_code_of_what_happened() {
    let begun =
        |name: &str| format!("import: import-{name}.csv is uploaded, task t-i-1 has begun\n");
    let partly = file("partly", b"name,quantity\nVisio,12\nProject,many\n");
    let failed = file("failed", b"nothing of the kind\n");
    let cases: [(&[&str], i32, String); 5] = [
        (
            &[partly.to_str().unwrap()],
            65,
            begun("partly")
                + "import: 1 succeeded, 1 failed: a quantity is not a number: [\"Project,many\"]\n",
        ),
        (
            &[failed.to_str().unwrap()],
            69,
            begun("failed")
                + "import: the task ended as Failed: the first line is not name,quantity\n",
        ),
        (
            &[partly.to_str().unwrap(), "1"],
            75,
            begun("partly")
                + "import: the task is not over within 1s; the server goes on with it\n",
        ),
        (&["x", "soon"], 64, "import: import [FILE [SECONDS]]\n".into()),
        (&["--help"], 64, "import: import [FILE [SECONDS]]\n".into()),
    ];
    for (arguments, code, stderr) in cases {
        let run = run(example("import").args(arguments));
        let host =
            run.stderr.find("127.0.0.1:").map(|at| run.stderr[at..].split('/').next().unwrap());
        assert_eq!(
            host.map_or(run.stderr.clone(), |host| run.stderr.replace(host, "HOST")),
            stderr
        );
        assert_eq!((run.code, run.stdout.as_str()), (code, ""));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_found_before_an_import_is_made() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    for (file, why) in [("no such file", "os error 2"), (folder, "it is not a regular file")] {
        let server = Server::with_api([]);
        let (client, clock) = on_manual_clock(server.client());
        let trouble = import(&client, &clock, Path::new(file), &PATIENCE).unwrap_err();
        let text = trouble.to_string();
        assert!(text.starts_with(&format!("{file} cannot be read: ")), "{text}");
        assert!(text.contains(why), "{text}");
        assert_eq!((trouble.exit_code(), server.seen().len()), (78, 0));
    }
}

#[test]
fn a_trouble_is_told_with_its_causes() {
    let server = Server::with_api([]);
    let error = server.client().send(Request::put("/x").file("no such file")).unwrap_err();
    assert_eq!(Trouble::from(error).to_string().matches("caused by").count(), 1);
}

#[test]
fn an_import_that_nobody_can_be_told_of_goes_on_and_ends_with_an_error() {
    let Ok(full) = fs::File::options().write(true).open("/dev/full") else { return };
    let output = example("import").stdout(full.try_clone().unwrap()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(73), "{stderr}");
    assert!(stderr.contains("\nimport: all is imported, but the result cannot be written: "));
    assert_eq!(example("import").stderr(full).output().unwrap().status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_unicode_is_told_as_usage() {
    use std::os::unix::ffi::OsStrExt;
    let word = std::ffi::OsStr::from_bytes(b"\xff");
    for (name, words) in [("import", [std::ffi::OsStr::new("x"), word]), ("search", [word, word])] {
        let run = run(example(name).args(words));
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{name}: {}", run.stderr);
    }
    for (name, words) in [("patch", &[word, word][..]), ("doctor", &[word])] {
        let mut command = example(name);
        command.env("SNOW_ATLAS_CLIENT_ID", "me").env("SNOW_ATLAS_CLIENT_SECRET", SECRET);
        let run = run(command.args(words));
        assert_eq!((run.code, run.stdout.as_str()), (64, ""), "{name}: {}", run.stderr);
    }
}

#[test]
fn with_credentials_nothing_is_changed_by_default() {
    for (name, stderr) in [
        ("import", "import: which file is to be imported?\n"),
        ("patch", "patch: patch USER LICENSE; nothing without credentials\n"),
    ] {
        let mut command = example(name);
        command.env("SNOW_ATLAS_CLIENT_ID", "me").env("SNOW_ATLAS_CLIENT_SECRET", SECRET);
        let run = run(&mut command);
        assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (64, "", stderr));
    }
}
