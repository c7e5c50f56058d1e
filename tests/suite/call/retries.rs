//! What is sent again, after which wait, and what is not.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Client, Clock, Error, ManualClock, Request, RetryPolicy};

use crate::support::*;

const SERVER_DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// The sleeps of a GET that is refused once with `refusal`.
#[track_caller]
fn waits_after(refusal: Reply) -> Vec<Duration> {
    let server = Server::with_api([refusal, reply(200, "{}")]);
    let (client, clock) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    assert_eq!(server.api_requests().len(), 2);
    clock.sleeps()
}

fn refusal(headers: &[(&str, &str)]) -> Reply {
    headers.iter().fold(reply(429, "{}"), |reply, (name, value)| reply.header(name, *value))
}

fn is_first_back_off(waits: &[Duration]) -> bool {
    waits.len() == 1 && (250..=500).contains(&waits[0].as_millis())
}

/// An API on raw sockets that does `serve` with each request, and how many it got.
fn broken_api(
    serve: impl Fn(&mut TcpStream, usize) + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let origin = raw_server(move |mut stream, _| {
        while read_request(&mut stream).is_some() {
            let number = counter.fetch_add(1, Ordering::SeqCst);
            serve(&mut stream, number);
        }
    });
    (origin, count)
}

fn untold(method: Method) -> Request {
    Request::new(method, "/x").without_token()
}

#[test]
fn the_wait_is_what_retry_after_says() {
    let cases: [(&[(&str, &str)], u64); 12] = [
        (&[("retry-after", "7")], 7),
        (&[("retry-after", " 007 ")], 7),
        (&[("retry-after", "1.2")], 2),
        (&[("retry-after", "3.000")], 3),
        (&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"), ("date", SERVER_DATE)], 60),
        (&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT"), ("date", SERVER_DATE)], 60),
        (&[("retry-after", "Sun Nov  6 08:50:37 1994"), ("date", SERVER_DATE)], 60),
        (&[("retry-after", "5"), ("retry-after", "9"), ("retry-after", "2")], 9),
        (&[("retry-after", "soon"), ("retry-after", "4")], 4),
        (&[("retry-after", "3"), ("x-ratelimit-reset", "60")], 3),
        (&[("retry-after", "soon"), ("x-ratelimit-reset", "60")], 60),
        (&[("x-ratelimit-reset", "30"), ("x-ratelimit-reset", "31")], 31),
    ];
    for (headers, wait) in cases {
        assert_eq!(waits_after(refusal(headers)), [secs(wait)], "{headers:?}");
    }
}

#[test]
fn a_retry_after_of_zero_or_in_the_past_is_a_real_answer() {
    let cases: [&[(&str, &str)]; 3] = [
        &[("retry-after", "0")],
        &[("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT"), ("date", SERVER_DATE)],
        &[("x-ratelimit-reset", "0")],
    ];
    for headers in cases {
        assert!(waits_after(refusal(headers)).is_empty(), "{headers:?}");
    }
}

#[test]
fn a_rate_limit_that_was_reset_already_gives_way_to_a_back_off() {
    let waits = waits_after(refusal(&[("x-ratelimit-reset", "1000000000")]));
    assert!(is_first_back_off(&waits), "{waits:?}");
}

#[test]
fn a_wait_that_cannot_be_read_gives_way_to_a_back_off() {
    for value in ["soon", "-5", "1e3", "", ".", "0x10", "5x", "1;5", "1.2.3", "Sun, 99 Nov 1994"] {
        let waits = waits_after(refusal(&[("retry-after", value)]));
        assert!(is_first_back_off(&waits), "{value:?}: {waits:?}");
    }
}

#[test]
fn a_wait_is_read_under_every_name_and_in_every_shape_that_servers_use() {
    const DATE: (&str, &str) = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
    let cases: [(&[(&str, &str)], u64); 22] = [
        (&[("x-retry-after", "21")], 21_000),
        (&[("retry-after-ms", "1500")], 1_500),
        (&[("x-ms-retry-after-ms", "2500")], 2_500),
        (&[("retry-after", "2"), ("x-ms-retry-after-ms", "2500")], 2_500),
        (&[("retry-after", "2s")], 2_000),
        (&[("retry-after", "2026-01-01T00:00:30Z"), DATE], 30_000),
        (&[("retry-after", "2026-01-01T02:00:30+02:00"), DATE], 30_000),
        (&[("retry-after", "1767225630"), DATE], 30_000),
        (&[("x-ratelimit-reset", "1767225630000"), DATE], 30_000),
        (&[("x-ratelimit-reset", "1767225630000000"), DATE], 30_000),
        (&[("x-ratelimit-reset", "1767225630000000000"), DATE], 30_000),
        (&[("x-rate-limit-reset", "1767225630"), DATE], 30_000),
        (&[("ratelimit-reset", "30")], 30_000),
        (&[("x-ratelimit-reset-after", "12.5")], 13_000),
        (&[("ratelimit", "limit=10, remaining=0, reset=4")], 4_000),
        (&[("ratelimit", r#""default";r=0;t=4"#)], 4_000),
        (&[("ratelimit", r#""a,b;r=0";r=0;t=4, "day";r=7;t=80000"#)], 4_000),
        // The longest of the spent ones.
        (
            &[("ratelimit-reset", "5"), ("x-ratelimit-reset", "9"), ("x-rate-limit-reset", "7")],
            9_000,
        ),
        (
            &[("ratelimit-reset", "5"), ("x-ratelimit-reset", "9"), ("x-ratelimit-remaining", "3")],
            5_000,
        ),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")], 9_000),
        // What GitHub sends: its own word is about this call.
        (
            &[("retry-after", "60"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3500")],
            60_000,
        ),
        (&[("retry-after-ms", "50"), ("x-ratelimit-reset", "3500")], 50),
    ];
    for (headers, millis) in cases {
        let wait = Duration::from_millis(millis);
        assert_eq!(waits_after(refusal(headers)), [wait], "{headers:?}");
        let busy = Reply { status: 503, ..refusal(headers) };
        assert_eq!(waits_after(busy), [wait], "503 {headers:?}");
    }
}

#[test]
fn the_reset_of_a_quota_that_is_not_spent_is_no_wait() {
    let cases: [&[(&str, &str)]; 4] = [
        &[("x-ratelimit-remaining", "3"), ("x-ratelimit-reset", "3500")],
        &[("ratelimit-remaining", "1"), ("ratelimit-reset", "3500")],
        &[("ratelimit", "limit=10, remaining=2, reset=3500")],
        &[("ratelimit", r#""default";r=50;t=3500"#)],
    ];
    for headers in cases {
        let waits = waits_after(refusal(headers));
        assert!(is_first_back_off(&waits), "{headers:?}: {waits:?}");
    }
}

#[test]
fn a_date_without_the_answers_own_is_measured_by_the_clients_clock() {
    // A manual clock stands at 2026-01-01 00:00:00 UTC. httpmock adds a Date: raw sockets.
    let (origin, _) = broken_api(|stream, number| {
        let date = "Thu, 01 Jan 2026 00:00:42 GMT";
        let refusal = reply(429, "").header("retry-after", date);
        write_reply(stream, &if number == 0 { refusal } else { reply(200, "") });
    });
    let (client, clock) = on_manual_clock(client_at(&origin));
    client.send(untold(Method::GET)).unwrap();
    assert_eq!(clock.sleeps(), [secs(42)]);
}

#[test]
fn a_rate_limit_reset_above_a_billion_is_a_point_in_time() {
    let at = |reset: u64, date: &'static str| {
        refusal(&[("x-ratelimit-reset", &reset.to_string()), ("date", date)])
    };
    // 784111777 is the server's date in Unix seconds: below a billion, hence a wait.
    let server = Server::with_api([at(784_111_777, SERVER_DATE)]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.retry_after(), Some(secs(784_111_777)));
    assert!(clock.sleeps().is_empty());
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    assert_eq!(waits_after(at(1_767_225_600 + 77, date)), [secs(77)]);
}

#[test]
fn a_huge_retry_after_fails_at_once_without_overflow() {
    let huge = "99999999999999999999999999999999999999999";
    for (name, value) in [
        // Unix nanoseconds of the year 2554.
        ("retry-after", "18446744073709551615"),
        ("retry-after", huge),
        ("retry-after-ms", huge),
        ("retry-after", "18446744073709551615.9"),
        ("retry-after", "9999999999999999999s"),
        ("x-ratelimit-reset", huge),
        ("x-ratelimit-reset", "18446744073709551615"),
    ] {
        let server = Server::with_api([refusal(&[(name, value)])]);
        let (client, clock) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        assert!(error.retry_after().unwrap() > secs(500 * 365 * 86_400), "{error}");
        assert!(clock.sleeps().is_empty());
        // The cooldown is remembered, and its arithmetic holds as well.
        client.get("/x").unwrap_err();
        client.clone().get("/y").unwrap_err();
    }
}

#[test]
fn a_deadline_and_timeouts_without_end_do_not_panic() {
    let server =
        Server::with_api([refusal(&[("retry-after", "18446744073709551615")]), reply(200, "{}")]);
    let policy = RetryPolicy::default().with_deadline(Duration::MAX);
    let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
    let client = client
        .with_idle_timeout(Duration::MAX)
        .with_token_idle_timeout(Duration::MAX)
        .with_connect_timeout(Duration::MAX)
        .with_renewal_margin(Duration::MAX);
    client.get("/x").unwrap();
    let _ = client.stats();
}

#[test]
fn without_a_cooldown_the_waits_double_up_to_half_a_minute_with_jitter() {
    let run = || {
        let server = Server::with_api([reply(503, "")]);
        let (client, clock) = on_manual_clock(server.client());
        client.get("/x").unwrap_err();
        assert_eq!(server.api_requests().len(), 9);
        clock.sleeps()
    };
    let (waits, others) = (run(), run());
    let full = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    assert_eq!(waits.len(), full.len());
    for (wait, full) in waits.iter().zip(full) {
        assert!((full / 2..=full).contains(&wait.as_millis()), "{wait:?} of {full} ms");
    }
    assert_ne!(waits, others);
}

/// A server that refuses each call with the status that its path names.
fn status_server() -> Server {
    Server::start(|seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        path => reply(path[1..].parse().unwrap(), "").header("retry-after", "1"),
    })
}

/// How often a call is sent that is answered with `status`, if one retry is allowed.
fn attempts(client: &Client, method: &str, status: u16, safe: bool) -> u64 {
    let request = Request::new(method.parse().unwrap(), format!("/{status}")).without_token();
    let request = request.with_retry_policy(RetryPolicy::default().with_retries(1));
    let before = client.stats().requests;
    client.send(&if safe { request.safe_to_repeat() } else { request }).unwrap_err();
    client.stats().requests - before
}

#[test]
fn which_statuses_are_retried_for_which_methods() {
    let idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"];
    let last = [400, 402, 404, 405, 410, 412, 422, 451, 501, 505, 506, 508, 510, 511, 600];
    let server = status_server();
    let (client, _) = on_manual_clock(server.client());
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST", "PATCH"] {
        let many = if idempotent.contains(&method) { 2 } else { 1 };
        let passing = [408, 500, 502, 503, 504, 507, 520, 529, 599];
        let busy = [409, 423, 425];
        let limits = [403, 420, 429, 430];
        let expected = [(&passing[..], many), (&busy, many), (&limits, 2), (&last, 1)];
        for (statuses, times) in expected {
            for status in statuses {
                assert_eq!(attempts(&client, method, *status, false), times, "{method} {status}");
            }
        }
    }
}

#[test]
fn a_403_that_names_a_wait_is_a_limit_and_waited_for_whatever_the_method() {
    for method in ["GET", "POST"] {
        let limit = reply(403, "{}").header("retry-after", "60");
        let server = Server::with_api([limit, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(Request::new(method.parse().unwrap(), "/x")).unwrap();
        assert_eq!((server.api_requests().len(), clock.sleeps()), (2, vec![secs(60)]));
        assert_eq!(server.token_requests().len(), 1);
    }
    let server = Server::with_api([reply(403, "{}").header("retry-after", "3600")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.post("/x", &1).unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Rejected));
    assert_eq!(error.retry_after(), Some(secs(3600)));
    assert!(error.to_string().contains("a wait of 3600 s does not fit"), "{error}");
    assert!(clock.sleeps().is_empty());
}

/// Refusals for now that do not call themselves 429, each with the wait that it asks for.
fn limits() -> Vec<(Reply, Option<u64>)> {
    let google = |reason: &str| {
        format!(
            r#"{{"error":{{"code":403,"errors":[{{"domain":"usageLimits","reason":"{reason}"}}]}}}}"#
        )
    };
    let details =
        r#"{"error":{"code":403,"status":"X","details":[{"reason":"rateLimitExceeded"}]}}"#;
    let error = "x-amzn-errortype";
    vec![
        (
            reply(403, "{}")
                .header("x-ratelimit-remaining", "0")
                .header("x-ratelimit-reset", "1767225660")
                .header("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
            Some(60),
        ),
        (reply(403, google("userRateLimitExceeded")), None),
        (reply(403, google("rateLimitExceeded")), None),
        (reply(403, google("quotaExceeded")).header("retry-after", "60"), Some(60)),
        (reply(403, details), None),
        (reply(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#), None),
        (reply(400, r#"{"__type":"a.b#ThrottlingException"}"#).header("retry-after", "9"), Some(9)),
        (reply(400, "{}").header(error, "ThrottlingException:http://x/"), None),
        (reply(400, "<E><Error><Code>Throttling</Code></Error></E>"), None),
        (reply(400, r#"[{"errorCode":"TOO_MANY_REQUESTS"}]"#), None),
        (reply(420, "").header("retry-after", "60"), Some(60)),
        (reply(430, "").header("retry-after", "60"), Some(60)),
    ]
}

#[test]
fn a_rate_limit_under_another_status_is_waited_for_whatever_the_method() {
    for (limit, wait) in limits() {
        for method in ["GET", "POST"] {
            let server = Server::with_api([limit.clone(), reply(200, "{}")]);
            let (client, clock) = on_manual_clock(server.client());
            client.send(Request::new(method.parse().unwrap(), "/x")).unwrap();
            assert_eq!(server.api_requests().len(), 2, "{limit:?}");
            match wait {
                Some(wait) => assert_eq!(clock.sleeps(), [secs(wait)], "{limit:?}"),
                None => assert!(is_first_back_off(&clock.sleeps()), "{limit:?}"),
            }
        }
    }
}

#[test]
fn a_rate_limit_that_lasts_is_told_as_one() {
    for (limit, _) in limits() {
        let server = Server::with_api([limit.clone()]);
        let policy = RetryPolicy::default().with_retries(1);
        let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
        let error = client.post("/x", &1).unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Temporary, Delivery::Rejected),
            "{limit:?}"
        );
        assert!(!error.to_string().contains("the token is good"), "{error}");
    }
}

#[test]
fn a_quota_without_a_time_is_an_error_at_once_that_says_so() {
    for code in ["quotaExceeded", "dailyLimitExceeded", "REQUEST_LIMIT_EXCEEDED"] {
        let body = format!(r#"{{"error":{{"errors":[{{"reason":"{code}","message":"No."}}]}}}}"#);
        let server = Server::with_api([reply(403, body)]);
        let (client, clock) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        let text = "403 Forbidden: No.; the quota is used up, and the server does not say until when: try again later, or ask the provider for a larger quota";
        assert!(error.to_string().ends_with(text), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Rejected));
        assert_eq!((server.api_requests().len(), clock.sleeps().len()), (1, 0));
    }
}

#[test]
fn a_refusal_that_only_speaks_of_limits_is_final() {
    for body in [
        r#"{"error":{"message":"rateLimitExceeded"}}"#,
        r#"{"error":"forbidden","data":{"reason":"rateLimitExceeded"}}"#,
        "rateLimitExceeded",
        r#"{"error":"throttlingExceptionX"}"#,
    ] {
        for status in [400, 403] {
            let server = Server::with_api([reply(status, body)]);
            let error = server.client().get("/x").unwrap_err();
            assert_eq!(
                (error.kind(), server.api_requests().len()),
                (ErrorKind::Refused, 1),
                "{body}"
            );
        }
    }
    // The words of other statuses are not read.
    let server = Server::with_api([reply(404, r#"{"error":"rateLimitExceeded"}"#)]);
    server.client().get("/x").unwrap_err();
    assert_eq!(server.api_requests().len(), 1);
}

#[test]
fn what_a_resource_is_busy_with_is_waited_for_if_the_request_may_be_sent_twice() {
    for status in [409, 423, 425] {
        let busy = reply(status, "").header("retry-after", "5");
        let server = Server::with_api([busy.clone(), reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.get("/x").unwrap();
        assert_eq!((server.api_requests().len(), clock.sleeps()), (2, vec![secs(5)]), "{status}");

        let server = Server::with_api([busy, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        let error = client.post("/x", &1).unwrap_err();
        let text = "; not sent again after the 5 s that the server asks for, because it is a POST: if sending it twice does no harm, mark the request safe_to_repeat()";
        assert!(error.to_string().ends_with(text), "{error}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Rejected));
        assert_eq!(error.retry_after(), Some(secs(5)));
        // It is about one resource.
        client.send(untold(Method::GET)).unwrap();
        assert!(clock.sleeps().is_empty());

        let server = Server::with_api([reply(status, "")]);
        assert_eq!(server.client().get("/x").unwrap_err().kind(), ErrorKind::Refused);
        assert_eq!(server.api_requests().len(), 1, "{status}");
    }
}

#[test]
fn a_token_endpoint_that_throttles_in_its_own_words_is_asked_again() {
    for code in ["TooManyRequestsException", "ThrottlingException", "SlowDown", "slow_down"] {
        for body in [format!(r#"{{"__type":"{code}"}}"#), format!(r#"{{"error":"{code}"}}"#)] {
            let server = Server::with_scripts([reply(400, body.clone())], []);
            let (client, clock) = on_manual_clock(server.client());
            client.get("/x").unwrap();
            assert!(is_first_back_off(&clock.sleeps()), "{body}");

            let server = Server::with_scripts([reply(400, body)], []);
            let policy = RetryPolicy::default().with_retries(0);
            let error = server.client().with_retry_policy(policy).get("/x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Temporary, "{error}");
        }
    }
}

#[test]
fn a_status_of_a_vendors_own_is_waited_for_like_a_503() {
    for status in [507, 520, 529] {
        let busy = reply(status, "").header("retry-after", "120, 120");
        let server = Server::with_scripts([busy.clone()], [busy.clone(), busy, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.get("/x").unwrap();
        assert_eq!((server.seen().len(), clock.sleeps()), (5, vec![secs(120); 3]), "{status}");
    }
    let server = Server::with_api([reply(529, "").header("retry-after", "3600")]);
    let error = server.client().get("/x").unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
}

#[test]
fn a_post_that_is_safe_to_repeat_is_repeated_like_a_get() {
    let server = status_server();
    let (client, _) = on_manual_clock(server.client());
    for (status, times) in [(503, 2), (408, 2), (429, 2), (400, 1), (501, 1)] {
        assert_eq!(attempts(&client, "POST", status, true), times, "{status}");
    }
}

#[test]
fn a_post_that_may_have_been_acted_on_says_so_and_how_to_allow_it() {
    let server = Server::with_api([reply(503, r#"{"error":{"code":7,"message":"down"}}"#)]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.post("/x", &1).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: 503 Service Unavailable: 7: down; not sent again, because the server may have acted on the POST: if that does no harm, mark the request safe_to_repeat()"
        )
    );
    assert_eq!((error.delivery(), error.kind()), (Delivery::Unknown, ErrorKind::Temporary));
    assert!(clock.sleeps().is_empty());
}

#[test]
fn a_refused_call_says_that_it_was_refused() {
    for (status, sent) in [
        (400, Delivery::Rejected),
        (404, Delivery::Rejected),
        (429, Delivery::Rejected),
        (500, Delivery::Unknown),
    ] {
        let server = Server::with_api([reply(status, "")]);
        let policy = RetryPolicy::default().with_retries(0);
        let error = server.client().with_retry_policy(policy).post("/x", &1).unwrap_err();
        assert_eq!(error.delivery(), sent, "{status}");
        assert_eq!(server.api_requests().len(), 1);
    }
}

/// What breaks, by the bytes that the server sends before it closes.
const BROKEN: [&str; 6] = [
    "",
    "HTTP/1.1 200 OK\r\ncontent-le",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-encoding: gzip\r\n\r\n\u{1f}",
];

fn break_off(stream: &mut TcpStream, bytes: &str) {
    let _ = stream.write_all(bytes.as_bytes());
    let _ = stream.shutdown(Shutdown::Both);
}

#[test]
fn a_get_that_breaks_off_anywhere_is_repeated_as_a_whole() {
    for bytes in BROKEN {
        let (origin, count) = broken_api(move |stream, number| match number {
            0 => break_off(stream, bytes),
            _ => write_reply(stream, &reply(200, "{\"a\":1}")),
        });
        let (client, clock) = on_manual_clock(client_at(&origin));
        let response = client.send(untold(Method::GET)).unwrap();
        assert_eq!(response.text().unwrap(), "{\"a\":1}");
        assert_eq!(count.load(Ordering::SeqCst), 2, "{bytes:?}");
        assert!(is_first_back_off(&clock.sleeps()));
    }
}

#[test]
fn a_post_that_may_have_arrived_is_not_sent_again() {
    for bytes in BROKEN {
        let (origin, count) = broken_api(move |stream, _| break_off(stream, bytes));
        let (client, clock) = on_manual_clock(client_at(&origin));
        for method in [Method::POST, Method::PATCH] {
            let before = count.load(Ordering::SeqCst);
            let error = client.send(untold(method).bytes("x")).unwrap_err();
            assert_eq!(error.delivery(), Delivery::Unknown, "{error}");
            assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Temporary, 75));
            assert!(error.to_string().contains("safe_to_repeat()"), "{error}");
            assert_eq!(count.load(Ordering::SeqCst) - before, 1, "{bytes:?}");
        }
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_post_that_is_safe_to_repeat_survives_a_broken_connection() {
    let (origin, count) = broken_api(|stream, number| match number {
        0 => break_off(stream, ""),
        _ => write_reply(stream, &reply(200, "")),
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    client.send(untold(Method::POST).safe_to_repeat()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_that_breaks_off_says_how_much_had_arrived() {
    let (origin, _) = broken_api(|stream, _| break_off(stream, BROKEN[3]));
    let (client, _) = on_manual_clock(client_at(&origin));
    let policy = RetryPolicy::default().with_retries(0);
    let error = client.send(untold(Method::GET).with_retry_policy(policy)).unwrap_err();
    let host = origin.trim_start_matches("http://");
    let text = error.to_string();
    assert_eq!(
        text,
        format!("GET {host}/x: the connection broke; 5 bytes of the body had arrived")
    );
}

#[test]
fn a_truncated_gzip_body_is_never_taken_for_an_empty_one() {
    let (origin, count) = broken_api(|stream, number| match number {
        0 => {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]).unwrap();
        }
        _ => write_reply(stream, &reply(200, "{}")),
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"{}");
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn an_empty_body_that_calls_itself_gzip_is_empty() {
    let replies = ["content-length: 0\r\n\r\n", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"];
    for rest in replies {
        let (origin, _) = broken_api(move |stream, _| {
            let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n";
            stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
        });
        let (client, _) = on_manual_clock(client_at(&origin));
        assert_eq!(client.send(untold(Method::GET)).unwrap().bytes(), b"", "{rest:?}");
    }
}

#[test]
fn a_connection_that_was_closed_while_idle_costs_no_post() {
    let (closed, wait) = std::sync::mpsc::channel();
    let (origin, count) = broken_api(move |stream, _| {
        write_reply(stream, &reply(200, ""));
        let _ = stream.shutdown(Shutdown::Both);
        closed.send(()).unwrap();
    });
    let client = client_at(&origin);
    for _ in 0..3 {
        client.send(untold(Method::POST)).unwrap();
        wait.recv().unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_call_that_found_no_server_was_not_sent_and_is_repeated_whatever_its_method() {
    let origin = "http://127.0.0.1:1";
    let (client, clock) = on_manual_clock(client_at(origin));
    let error = client.send(untold(Method::POST).bytes("x")).unwrap_err();
    let host = origin.trim_start_matches("http://");
    assert_eq!(
        error.to_string(),
        format!("POST {host}/x: no connection to the server, after 9 attempts")
    );
    assert_eq!((error.delivery(), error.kind()), (Delivery::NotSent, ErrorKind::Temporary));
    assert_eq!(clock.sleeps().len(), 8);
}

#[test]
fn retries_end_and_the_error_counts_the_attempts() {
    let server = Server::with_api([reply(429, "").header("retry-after", "1")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(error.to_string(), format!("GET {host}/x: 429 Too Many Requests, after 9 attempts"));
    assert_eq!(clock.sleeps(), [secs(1); 8]);
    assert_eq!(error.retry_after(), Some(secs(1)));
    assert!(error.is_temporary());
}

#[test]
fn a_401_renews_the_token_once_for_every_method() {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
        let server = Server::with_api([reply(401, ""), reply(200, "")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(Request::new(method.parse().unwrap(), "/x")).unwrap();
        let tokens: Vec<_> = server.api_requests();
        let tokens: Vec<_> = tokens.iter().map(|s| s.header("authorization").unwrap()).collect();
        assert_eq!(tokens, ["Bearer token-1", "Bearer token-2"], "{method}");
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn a_401_after_the_renewal_is_the_error() {
    let server = Server::with_api([reply(401, r#"{"code":"x","message":"no"}"#)]);
    let error = server.client().post("/x", &1).unwrap_err();
    let host = server.url("").replace("http://", "");
    assert_eq!(
        error.to_string(),
        format!(
            "POST {host}/x: 401 Unauthorized: x: no; a renewed token was refused as well: some APIs answer a wrong path like this"
        )
    );
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Credentials, Delivery::Rejected));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (2, 2));
}

#[test]
fn a_401_among_other_failures_is_still_renewed_once_only() {
    let wait = || reply(429, "").header("retry-after", "1");
    let server = Server::with_api([wait(), reply(401, ""), wait(), wait(), reply(401, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(server.api_requests().len(), 5);
    assert_eq!(server.token_requests().len(), 2);
    assert_eq!(clock.sleeps().len(), 3);
}

#[test]
fn a_renewal_needs_no_retry_left() {
    let server = Server::with_api([reply(401, ""), reply(200, "")]);
    let policy = RetryPolicy::default().with_retries(0);
    server.client().with_retry_policy(policy).get("/x").unwrap();
}

#[test]
fn a_gateway_that_returns_the_refused_token_is_noticed() {
    let token = || token_reply("the-same", 3600);
    let server = Server::with_scripts([token(), token(), token()], [reply(401, "")]);
    let error = server.client().get("/x").unwrap_err();
    let text = "401 Unauthorized; the token endpoint returned the very token that was refused: a gateway may have cached its answer";
    assert!(error.to_string().ends_with(text), "{error}");
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 2));
}

#[test]
fn a_401_without_token_is_an_error_at_once() {
    let server = Server::with_api([reply(401, "")]);
    server.client().send(untold(Method::GET)).unwrap_err();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_403_that_names_no_wait_is_not_tried_again() {
    let server = Server::with_api([reply(403, "")]);
    let error = server.client().get("/x").unwrap_err();
    assert!(error.to_string().ends_with("403 Forbidden; the client may lack a permission, or this API may not accept the token: check permissions, audience and scope"));
    assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Refused, 69));
    assert_eq!((server.api_requests().len(), server.token_requests().len()), (1, 1));
}

#[test]
fn a_wait_that_does_not_fit_fails_at_once_with_the_wait_in_it() {
    for (wait, fits) in [(59, true), (60, false), (61, false), (3600, false)] {
        let refusal = reply(429, "").header("retry-after", wait.to_string());
        let server = Server::with_api([refusal, reply(200, "")]);
        let policy = RetryPolicy::default().with_deadline(secs(60));
        let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
        let result = client.get("/x");
        if fits {
            result.unwrap();
            assert_eq!(clock.sleeps(), [secs(wait)]);
            continue;
        }
        let error = result.unwrap_err();
        let text = format!(
            "429 Too Many Requests; a wait of {wait} s does not fit into the 60 s left of the call's deadline (RetryPolicy::with_deadline)"
        );
        assert!(error.to_string().ends_with(&text), "{error}");
        assert_eq!(error.retry_after(), Some(secs(wait)));
        assert!(clock.sleeps().is_empty());
        assert_eq!(server.api_requests().len(), 1);
    }
}

#[test]
fn the_wait_is_in_the_error_even_if_no_retry_is_left() {
    for wait in [900, 3600] {
        let server = Server::with_api([reply(429, "").header("retry-after", wait.to_string())]);
        let policy = RetryPolicy::default().with_retries(0);
        let (client, _) = on_manual_clock(server.client().with_retry_policy(policy));
        let error = client.get("/x").unwrap_err();
        assert_eq!(error.retry_after(), Some(secs(wait)));
        assert!(error.to_string().contains(&format!("a wait of {wait} s does not fit")), "{error}");
    }
}

#[test]
fn the_deadline_covers_the_sum_of_all_waits() {
    let server = Server::with_api([reply(429, "").header("retry-after", "20")]);
    let policy = RetryPolicy::default().with_deadline(secs(50));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(20), secs(20)]);
    let text = "after 3 attempts; a wait of 20 s does not fit into the 10 s left of the call's deadline (RetryPolicy::with_deadline)";
    assert!(error.to_string().ends_with(text), "{error}");
}

#[test]
fn the_deadline_covers_what_the_attempts_take() {
    let clock = ManualClock::new();
    let time = clock.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => token_reply("t", 3600),
        _ => {
            time.advance(secs(10));
            reply(429, "").header("retry-after", "10")
        }
    });
    let policy = RetryPolicy::default().with_deadline(secs(35));
    let error = server.client().with_retry_policy(policy).with_clock(clock.clone()).get("/x");
    let text = error.unwrap_err().to_string();
    assert!(text.contains("a wait of 10 s does not fit into the 5 s left"), "{text}");
    assert_eq!((clock.sleeps(), server.api_requests().len()), (vec![secs(10)], 2));
}

#[test]
fn a_back_off_keeps_to_the_deadline_as_well() {
    let server = Server::with_api([reply(503, "")]);
    let policy = RetryPolicy::default().with_deadline(secs(10));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    client.get("/x").unwrap_err();
    assert!(clock.slept() < secs(10), "{:?}", clock.sleeps());
}

#[test]
fn the_deadline_covers_the_token_request_and_its_waits() {
    let slow = reply(429, "").header("retry-after", "40");
    let server = Server::with_scripts([slow], [reply(429, "").header("retry-after", "30")]);
    let policy = RetryPolicy::default().with_deadline(secs(60));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(40)]);
    assert!(error.to_string().contains("30 s does not fit into the 20 s left"), "{error}");
}

#[test]
fn a_wait_of_the_token_endpoint_that_does_not_fit_is_an_error_at_once() {
    let server = Server::with_scripts([reply(429, "").header("retry-after", "7200")], []);
    let (client, clock) = on_manual_clock(server.client());
    let error = client.get("/x").unwrap_err();
    assert!(matches!(error, Error::Token(_)));
    assert_eq!(error.retry_after(), Some(secs(7200)));
    assert_eq!(error.kind(), ErrorKind::Temporary);
    assert!(clock.sleeps().is_empty());
    assert!(server.api_requests().is_empty());
}

#[test]
fn the_deadline_covers_the_renewal_after_a_401() {
    let wait = reply(429, "").header("retry-after", "40");
    let server =
        Server::with_scripts([token_reply("t", 3600), wait.clone()], [reply(401, ""), wait]);
    let policy = RetryPolicy::default().with_deadline(secs(60));
    let (client, clock) = on_manual_clock(server.client().with_retry_policy(policy));
    let error = client.get("/x").unwrap_err();
    assert_eq!(clock.sleeps(), [secs(40)]);
    assert!(error.to_string().contains("40 s does not fit into the 20 s left"), "{error}");
}

#[test]
fn no_call_passes_the_clients_end_time() {
    let server = Server::with_api([reply(429, "").header("retry-after", "20"), reply(200, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let start = clock.now();
    let client = client.with_end_time(start + secs(30));
    client.get("/x").unwrap();
    let server = Server::with_api([reply(429, "").header("retry-after", "20")]);
    let (client, clock) = on_manual_clock(server.client());
    let client = client.with_end_time(clock.now() + secs(10));
    let error = client.get("/x").unwrap_err();
    assert!(error.to_string().contains("20 s does not fit into the 10 s left"), "{error}");
    assert!(clock.sleeps().is_empty());
}

#[test]
fn after_the_end_time_nothing_is_sent() {
    let server = Server::with_api([]);
    let client = server.client().with_end_time(SystemTime::UNIX_EPOCH);
    for request in [Request::get("/x"), Request::post("/x"), untold(Method::POST)] {
        let error = client.send(&request).unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Temporary, Delivery::NotSent),
            "{error}"
        );
        assert!(error.to_string().contains("deadline"), "{error}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_request_may_have_a_policy_of_its_own() {
    let server = Server::with_api([reply(503, "")]);
    let (client, clock) = on_manual_clock(server.client());
    let policy = RetryPolicy::default().with_retries(2);
    client.send(Request::get("/x").with_retry_policy(policy)).unwrap_err();
    assert_eq!(server.api_requests().len(), 3);
    let policy = RetryPolicy::default().with_deadline(Duration::from_millis(200));
    client.send(Request::get("/x").with_retry_policy(policy)).unwrap_err();
    assert_eq!(server.api_requests().len(), 4);
    assert_eq!(clock.sleeps().len(), 2);
}

#[test]
fn a_token_that_expires_during_a_wait_is_renewed_before_the_next_attempt() {
    let refusal = reply(429, "").header("retry-after", "300");
    let server = Server::with_scripts([token_reply("short", 60)], [refusal, reply(200, "")]);
    let (client, _) = on_manual_clock(server.client());
    client.get("/x").unwrap();
    let seen = server.api_requests();
    assert_eq!(seen[0].header("authorization"), Some("Bearer short"));
    assert_eq!(seen[1].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn a_hundred_refused_answers_use_one_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let (counter, refused) = (connections.clone(), AtomicUsize::new(0));
    let origin = raw_server(move |mut stream, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            let refusal = reply(429, r#"{"error":"slow down"}"#).header("retry-after", "0");
            let is_refused = refused.fetch_add(1, Ordering::SeqCst) < 100;
            write_reply(&mut stream, &if is_refused { refusal } else { reply(200, "{}") });
        }
    });
    let (client, clock) = on_manual_clock(client_at(&origin));
    let policy = RetryPolicy::default().with_retries(100).with_deadline(secs(10_000));
    client.send(untold(Method::GET).with_retry_policy(policy)).unwrap();
    assert_eq!(client.stats().requests, 101);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    // Now means now, twice; then it is no longer believed.
    assert_eq!(clock.sleeps().len(), 98);
    assert!(is_first_back_off(&clock.sleeps()[..1]));
}

#[test]
fn what_may_have_arrived_in_an_earlier_attempt_is_told_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Read whole, never answered, and then nobody listens any more.
        drop(listener);
        read_request(&mut stream);
    });
    let (client, _) = on_manual_clock(client_at(&origin));
    let error = client.send(Request::put("/x").without_token()).unwrap_err();
    server.join().unwrap();
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert!(error.to_string().contains("no connection to the server"), "{error}");
}

#[test]
fn every_2xx_is_a_success_and_a_300_is_not_followed() {
    for status in [200, 201, 250, 299] {
        let server = Server::with_api([reply(status, "")]);
        let answer = server.client().send(untold(Method::PATCH)).unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
    let choice = reply(300, "").header("location", "/elsewhere");
    let server = Server::with_api([choice, reply(200, "")]);
    let error = server.client().send(untold(Method::GET)).unwrap_err();
    assert_eq!(error.status().unwrap().as_u16(), 300);
}

#[test]
fn a_call_is_not_sent_if_its_token_came_after_the_deadline() {
    let clock = ManualClock::new();
    let slow = clock.clone();
    let server = Server::start(move |seen| match seen.path() {
        TOKEN_PATH => {
            slow.advance(secs(11));
            token_reply("t", 3600)
        }
        _ => reply(200, "{}"),
    });
    let policy = RetryPolicy::default().with_deadline(secs(10));
    let client = server.client().with_clock(clock).with_retry_policy(policy);
    let error = client.get("/x").unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.api_requests().is_empty());
}
