//! What an observer sees and the counters count.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use unattended::{Client, Event, Request, RetryPolicy, WaitReason};

use crate::support::*;

type Log = Arc<Mutex<Vec<Event>>>;

/// A client on a manual clock, and what its observer saw.
fn watched(server: &Server) -> (Client, Log) {
    let (client, _) = on_manual_clock(server.client());
    observed(client)
}

/// The events as lines, with `HOST` for the server.
fn lines(server: &Server, log: &Log) -> Vec<String> {
    let host = server.url("").replace("http://", "");
    log.lock().unwrap().iter().map(|event| event.to_string().replace(&host, "HOST")).collect()
}

fn rows(page: u64, rows: &[u64], total: u64) -> Reply {
    let pagination = serde_json::json!({"page_number": page, "page_size": 2, "total_items": total});
    reply(200, serde_json::json!({"items": rows, "pagination": pagination}).to_string())
}

#[test]
fn a_run_is_told_line_by_line() {
    let token_429 = reply(429, "").header("retry-after", "2");
    let api = [
        reply(429, r#"{"error":{"code":7,"message":"slow down"}}"#).header("retry-after", "200"),
        rows(1, &[1, 2], 3),
        reply(401, ""),
        rows(2, &[3], 3),
    ];
    let server = Server::with_scripts([token_429], api);
    let (client, log) = watched(&server);
    assert_eq!(client.items::<u64>("/rows").map(Result::unwrap).count(), 3);
    assert_eq!(
        lines(&server, &log),
        [
            "waiting 2 s before attempt 2 of POST HOST/oauth/token: the server asked for it (429 Too Many Requests)",
            "attempt 2 of POST HOST/oauth/token",
            "token fetched from HOST, good for 60 min",
            "waiting 3 min 20 s before attempt 2 of GET HOST/rows: the server asked for it (429 Too Many Requests: 7: slow down)",
            "attempt 2 of GET HOST/rows",
            "page 1: 2 rows, 2 of 3",
            "token refused: GET HOST/rows",
            "token renewed from HOST, good for 60 min",
            "page 2: 1 rows, 3 of 3",
            "GET HOST/rows: complete, 3 rows on 2 pages, by the 3 rows that the server promised",
        ]
    );
}

#[test]
fn the_counters_count_the_same_run() {
    let token_503 = reply(503, "").header("retry-after", "2");
    let api = [
        reply(429, "").header("retry-after", "200"),
        rows(1, &[1, 2], 3),
        reply(401, ""),
        reply(503, "").header("retry-after", "0"),
        rows(2, &[3], 3),
    ];
    let server = Server::with_scripts([token_503], api);
    let (client, _) = watched(&server);
    assert_eq!(client.stats(), unattended::Stats::default());
    assert_eq!(client.items::<u64>("/rows").map(Result::unwrap).count(), 3);
    let stats = client.stats();
    assert_eq!(stats.requests, u64::try_from(server.seen().len()).unwrap());
    assert_eq!((stats.requests, stats.tokens_fetched, stats.retries), (8, 2, 3));
    assert_eq!(stats.waited, secs(202));
    assert_eq!((stats.pages, stats.rows), (2, 3));
}

#[test]
fn a_wait_tells_its_reason_length_attempt_and_place() {
    let refusal = reply(429, r#"{"code":"x"}"#).header("retry-after", "5");
    let server = Server::with_api([refusal.clone(), refusal, reply(200, "")]);
    let (client, log) = watched(&server);
    client.send(Request::post("/jobs?key=hush").without_token()).unwrap();
    let log = log.lock().unwrap();
    let waits: Vec<_> = log
        .iter()
        .filter_map(|event| match event {
            Event::Waiting {
                target, wait, reason: WaitReason::Refused(answer), attempt, ..
            } => {
                let code = answer.code.as_deref();
                Some((target.method.as_str(), target.path.as_str(), *wait, *attempt, code))
            }
            _ => None,
        })
        .collect();
    let wait = |attempt| ("POST", "/jobs", secs(5), attempt, Some("x"));
    assert_eq!(waits, [wait(2), wait(3)]);
    assert!(!format!("{log:?}").contains("hush"));
}

#[test]
fn a_wait_of_zero_is_a_retry_without_a_wait() {
    let server = Server::with_api([reply(429, "").header("retry-after", "0"), reply(200, "")]);
    let (client, log) = watched(&server);
    client.send(Request::get("/x").without_token()).unwrap();
    assert_eq!(lines(&server, &log), ["attempt 2 of GET HOST/x"]);
}

#[test]
fn a_back_off_names_the_answer_and_its_milliseconds() {
    let server = Server::with_api([reply(503, ""), reply(200, "")]);
    let (client, log) = watched(&server);
    client.send(Request::get("/x").without_token()).unwrap();
    let Event::Waiting { wait, .. } = log.lock().unwrap()[0] else { panic!() };
    assert_eq!(
        lines(&server, &log)[0],
        format!(
            "waiting {} ms before attempt 2 of GET HOST/x: 503 Service Unavailable",
            wait.as_millis()
        )
    );
}

#[test]
fn a_broken_connection_is_the_reason_of_its_wait() {
    let origin = raw_server(|mut stream, number| {
        read_request(&mut stream);
        if number > 0 {
            write_reply(&mut stream, &reply(200, ""));
        }
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    let (client, log) = observed(client);
    client.send(Request::get("/x").without_token()).unwrap();
    let host = origin.replace("http://", "");
    let text = log.lock().unwrap()[0].to_string();
    let reason = format!("GET {host}/x: the connection broke");
    assert!(text.ends_with(&format!(" ms before attempt 2 of GET {host}/x: {reason}")), "{text}");
}

#[test]
fn lengths_of_time_read_well() {
    let cases = [
        (1, "1 s"),
        (119, "119 s"),
        (120, "2 min"),
        (121, "2 min 1 s"),
        (600, "10 min"),
        (3_661, "61 min 1 s"),
    ];
    for (seconds, text) in cases {
        let refusal = reply(429, "").header("retry-after", seconds.to_string());
        let server = Server::with_api([refusal, reply(200, "")]);
        let (client, log) = watched(&server);
        let policy = RetryPolicy::default().with_deadline(secs(10_000));
        client.send(Request::get("/x").without_token().with_retry_policy(policy)).unwrap();
        let line = &lines(&server, &log)[0];
        assert!(line.starts_with(&format!("waiting {text} before ")), "{line}");
    }
}

#[test]
fn a_token_without_a_life_is_said_to_be_good_until_it_is_refused() {
    let token = reply(200, r#"{"access_token":"opaque-1","token_type":"Bearer"}"#);
    let server = Server::with_scripts([token], []);
    let (client, log) = watched(&server);
    client.get("/x").unwrap();
    client.get("/x").unwrap();
    assert_eq!(lines(&server, &log), ["token fetched from HOST, good until it is refused"]);
}

#[test]
fn a_clone_tells_that_it_took_up_a_token() {
    let server = Server::with_api([]);
    let (client, clock) = on_manual_clock(server.client());
    let (client, log) = observed(client);
    let clone = client.clone();
    client.get("/x").unwrap();
    clock.advance(secs(600));
    clone.get("/x").unwrap();
    clone.get("/x").unwrap();
    assert_eq!(
        lines(&server, &log),
        ["token fetched from HOST, good for 60 min", "token reused, good for another 50 min"]
    );
    assert_eq!((clone.stats().tokens_fetched, clone.stats().requests), (0, 2));
    assert_eq!(client.stats().requests, 2);
}

#[test]
fn an_old_token_that_is_kept_is_told_with_the_reason() {
    let server = Server::with_scripts([token_reply("t", 3600), reply(503, "")], []);
    let (client, clock) = on_manual_clock(server.client());
    let (client, log) = observed(client);
    client.get("/x").unwrap();
    clock.advance(secs(3590));
    client.get("/x").unwrap();
    assert_eq!(
        lines(&server, &log)[1],
        "renewal failed, the old token is good for another 10 s: no access token: POST HOST/oauth/token: 503 Service Unavailable"
    );
}

#[test]
fn a_total_that_changes_on_the_way_is_told() {
    let server = Server::with_api([rows(1, &[1, 2], 3), rows(2, &[3, 4], 5), rows(3, &[5], 5)]);
    let (client, log) = watched(&server);
    assert_eq!(client.pages::<u64>("/rows").map(Result::unwrap).count(), 3);
    assert_eq!(
        lines(&server, &log)[1..],
        [
            "page 1: 2 rows, 2 of 3",
            "GET HOST/rows: the server now promises 5 rows instead of 3",
            "page 2: 2 rows, 4 of 5",
            "page 3: 1 rows, 5 of 5",
            "GET HOST/rows: complete, 5 rows on 3 pages, by the 5 rows that the server promised",
        ]
    );
}

#[test]
fn pages_without_a_total_say_so_far() {
    let server = Server::with_api([reply(200, r#"{"items":[1,2]}"#)]);
    let provider = server.provider().with_pagination(unattended::Pagination::next_link("next"));
    let credentials = unattended::Credentials::new("my-client", SECRET);
    let (client, log) = observed(Client::new(provider, credentials).unwrap());
    assert_eq!(client.items::<u64>("/rows").map(Result::unwrap).count(), 2);
    assert_eq!(lines(&server, &log)[1], "page 1: 2 rows, 2 so far");
}

#[test]
fn every_line_is_one_line_and_holds_no_secret() {
    let words = format!("first\\nsecond\\r\\n{SECRET}");
    let refusal = reply(429, format!(r#"{{"message":"{words}"}}"#)).header("retry-after", "1");
    let server = Server::with_scripts([refusal.clone()], [refusal, reply(200, "")]);
    let (client, log) = watched(&server);
    client.get("/x?key=hush").unwrap();
    let lines = lines(&server, &log);
    assert_eq!(lines.len(), 5);
    for line in &lines {
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(!line.contains("hush"), "{line}");
    }
    assert!(lines[0].ends_with("(429 Too Many Requests: first second ***)"), "{}", lines[0]);
}

#[test]
fn nothing_is_told_about_a_call_that_just_works() {
    let server = Server::with_api([]);
    let (client, log) = watched(&server);
    client.get("/x").unwrap();
    log.lock().unwrap().clear();
    for _ in 0..3 {
        client.get("/x").unwrap();
    }
    assert!(log.lock().unwrap().is_empty());
    assert_eq!(client.stats().waited, Duration::ZERO);
}

#[test]
fn an_observer_may_call_the_client_that_it_watches() {
    let refusals = Mutex::new(1);
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        "/x" if std::mem::take(&mut *refusals.lock().unwrap()) > 0 => {
            reply(429, "").header("retry-after", "0")
        }
        _ => reply(200, "{}"),
    });
    let (client, _) = on_manual_clock(server.client());
    let inner = Mutex::new(client.clone());
    let client = client.with_observer(move |_| {
        inner.lock().unwrap().get("/from-observer").unwrap();
    });
    client.get("/x").unwrap();
    let paths: Vec<_> = server.seen().iter().map(|seen| seen.path().to_owned()).collect();
    assert_eq!(paths, [TOKEN_PATH, "/from-observer", "/x", "/from-observer", "/x"]);
}

#[test]
fn a_check_tells_whether_its_token_is_the_first_one() {
    let (server, mut renewals) = (Server::with_api([]), Vec::new());
    let (client, events) = observed(server.client());
    for _ in 0..2 {
        client.diagnose(None);
    }
    for event in events.lock().unwrap().iter() {
        if let Event::TokenFetched { renewal, .. } = event {
            renewals.push(*renewal);
        }
    }
    assert_eq!(renewals, [false, true]);
}

#[test]
fn an_address_that_will_go_is_told_once_for_each_method_and_path() {
    let old = |reply: Reply| {
        reply
            .header("deprecation", "@1767225600")
            .header("sunset", "Wed, 31 Dec 2025 23:59:59 GMT")
            .header(
                "link",
                r#"<https://api.example.com/changes?key=hush>; rel="deprecation", </n>; rel=x"#,
            )
    };
    let server = Server::with_api([
        old(reply(200, "{}")),
        old(reply(200, "{}")),
        old(reply(404, "{}")),
        reply(200, "{}").header("deprecation", "true"),
        reply(200, "{}").header("sunset", "soon"),
        reply(200, "{}"),
    ]);
    let (client, events) = observed(server.client());
    let clone = client.clone();
    for path in ["/a", "/a?x=1", "/b", "/c", "/d", "/e"] {
        let _ = clone.get(path);
    }
    let events = events.lock().unwrap();
    let told = events.iter().filter(|event| matches!(event, Event::Deprecated { .. }));
    let told: Vec<String> = told.map(ToString::to_string).collect();
    let host = &server.url("")[7..];
    let long = "deprecated since Thu, 01 Jan 2026 00:00:00 GMT, gone after Wed, 31 Dec 2025 23:59:59 GMT: see https://api.example.com/changes";
    assert_eq!(
        told,
        [
            format!("GET {host}/a: {long}"),
            format!("GET {host}/b: {long}"),
            format!("GET {host}/c: deprecated"),
            format!("GET {host}/d: deprecated"),
        ]
    );
}
