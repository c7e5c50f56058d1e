//! How long a call waits, by what the server says, and which refusals are limits.

use std::time::Duration;

use unattended::error::{Delivery, ErrorKind};
use unattended::http::Method;
use unattended::{Request, RetryPolicy};

use super::{broken_api, is_first_back_off, refusal, untold};
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
    client.send(&untold(Method::GET)).unwrap();
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

#[test]
fn a_403_that_names_a_wait_is_a_limit_and_waited_for_whatever_the_method() {
    for method in ["GET", "POST"] {
        let limit = reply(403, "{}").header("retry-after", "60");
        let server = Server::with_api([limit, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.send(&Request::new(method.parse().unwrap(), "/x")).unwrap();
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
            client.send(&Request::new(method.parse().unwrap(), "/x")).unwrap();
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
        client.send(&untold(Method::GET)).unwrap();
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

/// GitHub's reset is in whole seconds: the refusal of the last of them names a moment that is
/// now, or just over. It is a rate limit all the same, and no lacking permission.
#[test]
fn a_403_of_a_spent_quota_is_a_limit_even_if_the_reset_is_reached() {
    for reset in ["1767225600", "1767225599", "0"] {
        let spent = reply(403, r#"{"message":"API rate limit exceeded"}"#)
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", reset);
        let server = Server::with_api([spent, reply(200, "{}")]);
        let (client, _) = on_manual_clock(server.client());
        let outcome = client.get("/repos").map(|response| response.status().as_u16());
        assert!(matches!(outcome, Ok(200)), "{reset}: {outcome:?}");
    }
}

/// Design, decision 23: a quota without a time is an error, not eight retries. Google's and
/// OpenAI's (`insufficient_quota`) come by 429.
#[test]
fn a_quota_by_429_without_a_time_is_not_sent_nine_times() {
    let bodies = [
        r#"{"error":{"code":429,"errors":[{"reason":"quotaExceeded"}]}}"#,
        r#"{"error":{"code":429,"errors":[{"reason":"dailyLimitExceeded"}]}}"#,
        r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota"}}"#,
    ];
    for body in bodies {
        let server = Server::with_api([reply(429, body)]);
        let (client, _) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        assert!(error.to_string().contains("the quota is used up"), "{error}");
        assert_eq!(server.api_requests().len(), 1, "{body}");
    }
}

/// DynamoDB ("Error handling": RequestLimitExceeded, OK to retry: yes) and aws-sdk-js-v3's
/// THROTTLING_ERROR_CODES, against Salesforce's REQUEST_LIMIT_EXCEEDED, which is a day's.
#[test]
fn request_limit_exceeded_of_aws_is_a_rate() {
    let body =
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#RequestLimitExceeded","message":"x"}"#;
    let server = Server::with_api([reply(400, body), reply(200, "{}")]);
    let (client, _) = on_manual_clock(server.client());
    assert!(client.get("/x").is_ok(), "{:?}", client.get("/x").err());
}

/// GitHub's secondary limit, and a spent quota without a reset: nobody lacks a permission.
#[test]
fn a_403_that_speaks_of_a_limit_is_not_told_as_a_lacking_permission() {
    let refusals = [
        reply(
            403,
            r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#,
        ),
        reply(403, r#"{"message":"API rate limit exceeded"}"#).header("x-ratelimit-remaining", "0"),
    ];
    for refusal in refusals {
        let server = Server::with_api([refusal]);
        let (client, _) = on_manual_clock(server.client());
        let error = client.get("/x").unwrap_err();
        assert!(!error.to_string().contains("lack a permission"), "{error}");
    }
}

/// Two quotas in two lines are two quotas in one line as well (RFC 9110 §5.3).
#[test]
fn what_is_left_of_two_quotas_is_read_from_one_line_as_from_two() {
    let busy = || reply(429, "");
    let cases = [
        busy().header("x-ratelimit-remaining", "57, 0").header("x-ratelimit-reset", "10, 600"),
        busy().header(
            "ratelimit",
            "limit=10, remaining=5, reset=1, limit=100, remaining=0, reset=600",
        ),
    ];
    for limit in cases {
        let server = Server::with_api([limit.clone(), reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        client.get("/x").unwrap();
        assert_eq!(clock.sleeps(), vec![secs(600)], "{limit:?}");
    }
}

#[test]
fn a_limit_is_read_behind_a_byte_order_mark() {
    let server = Server::with_api([
        reply(403, "\u{feff}{\"error\":\"rateLimitExceeded\"}"),
        reply(200, "{}"),
    ]);
    let (client, _) = on_manual_clock(server.client());
    assert!(client.get("/x").is_ok(), "{:?}", client.get("/x").err());
}

/// ISO 8601 §5: a comma is its preferred decimal sign, seconds and minutes of the zone may be
/// left out, and so may the separators; a duration may have days.
#[test]
fn iso_8601_is_read_in_its_usual_spellings() {
    let cases = [
        ("2026-01-01T01:00:07,5+01:00", 8),
        ("2025-12-31T19:00:07,5-05:00", 8),
        ("2026-01-01T00:00:07,5Z", 8),
        ("2026-01-01T00:01Z", 60),
        ("20260101T000007Z", 7),
        ("2026-01-01T01:00:07+01", 7),
        ("P0DT7S", 7),
        ("pt7s", 7),
    ];
    for (value, wait) in cases {
        let busy = reply(429, "")
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("retry-after", value);
        let server = Server::with_api([busy, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        let outcome = client.get("/x").map(|response| response.status().as_u16());
        assert_eq!((outcome.ok(), clock.sleeps()), (Some(200), vec![secs(wait)]), "{value}");
    }
}

/// RFC 5322 §3.3, as PHP's `date('r')` and many mail libraries print it: `+0000` is read
/// already.
#[test]
fn a_date_of_another_zone_is_a_date() {
    for value in ["Thu, 01 Jan 2026 01:00:07 +0100", "Thu, 1 Jan 2026 00:00:07 GMT"] {
        let busy = reply(429, "")
            .header("date", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("retry-after", value);
        let server = Server::with_api([busy, reply(200, "{}")]);
        let (client, clock) = on_manual_clock(server.client());
        assert!(client.get("/x").is_ok());
        assert_eq!(clock.sleeps(), vec![secs(7)], "{value}");
    }
}
