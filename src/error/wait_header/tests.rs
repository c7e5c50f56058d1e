use super::*;

type Headers = &'static [(&'static str, &'static str)];

fn wait_of(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let wait = asked_wait(StatusCode::from_u16(status).unwrap(), &map, now);
    wait.map(|wait| wait.as_secs())
}

#[test]
fn a_wait_that_a_proxy_merged_or_that_calls_gmt_by_another_name_is_read() {
    let cases: [(Headers, Option<u64>); 9] = [
        (&[("retry-after", "Fri, 15 Jan 2027 08:00:30 UTC")], Some(30)),
        (&[("retry-after", "Fri, 15 Jan 2027 08:00:30 +0000")], Some(30)),
        (&[("retry-after", "Fri, 15 Jan 2027 09:00:30 +0100")], Some(30)),
        (&[("retry-after", "Fri, 15 Jan 2027 02:00:30 -0600")], Some(30)),
        (&[("retry-after", "30,120")], Some(120)),
        (&[("retry-after", "120, 120")], Some(120)),
        (&[("retry-after", "30,120 , 5")], Some(120)),
        (&[("retry-after", "soon, 5")], Some(5)),
        (
            &[
                ("retry-after", "Fri, 15 Jan 2027 09:00:30 UTC"),
                ("date", "Fri, 15 Jan 2027 09:00:20 UTC"),
            ],
            Some(10),
        ),
    ];
    for (headers, expected) in cases {
        assert_eq!(wait_of(429, headers), expected, "{headers:?}");
    }
}

#[test]
fn the_wait_is_read_from_any_shape_of_header() {
    let cases: [(Headers, Option<u64>); 17] = [
        (&[], None),
        (&[("retry-after", "7")], Some(7)),
        (&[("retry-after", " 7 ")], Some(7)),
        (&[("retry-after", "0")], Some(0)),
        (&[("retry-after", "1.2")], Some(2)),
        (&[("retry-after", "99999999999999999999999999999999")], Some(u64::MAX)),
        (&[("retry-after", "-1")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "3"), ("retry-after", "9"), ("retry-after", "x")], Some(9)),
        (&[("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT")], Some(30)),
        (&[("retry-after", "Fri, 15 Jan 2027 07:00:00 GMT")], Some(0)),
        (
            &[
                ("retry-after", "Fri, 15 Jan 2027 09:00:30 GMT"),
                ("date", "Fri, 15 Jan 2027 09:00:20 GMT"),
            ],
            Some(10),
        ),
        (&[("x-ratelimit-reset", "12")], Some(12)),
        (&[("x-ratelimit-reset", "1800000044")], Some(44)),
        (&[("x-ratelimit-reset", "1700000000")], None),
        (&[("x-ratelimit-reset", "99999999999999999999999999999999")], Some(u64::MAX)),
        (&[("x-ratelimit-reset", "5"), ("retry-after", "3")], Some(3)),
    ];
    for (headers, expected) in cases {
        assert_eq!(wait_of(429, headers), expected, "{headers:?}");
    }
    assert_eq!(wait_of(502, &[("x-ratelimit-reset", "1800002400")]), None);
}

#[test]
fn a_number_is_read_for_what_it_can_be_under_every_name() {
    let cases: [(Headers, Option<u64>); 13] = [
        (&[("retry-after", "999999999")], Some(999_999_999)),
        (&[("retry-after", "1800000044")], Some(44)),
        (&[("retry-after", "1800000044000")], Some(44)),
        (&[("retry-after", "1800000044000000")], Some(44)),
        (&[("retry-after", "1800000044000000000")], Some(44)),
        (&[("retry-after-ms", "1800000044000")], Some(44)),
        (&[("x-retry-after", "1800000044")], Some(44)),
        (&[("x-rate-limit-reset", "1800000044000")], Some(44)),
        (&[("ratelimit-reset", "1800000044")], Some(44)),
        (&[("x-ratelimit-reset-after", "1800000044")], Some(44)),
        (&[("ratelimit", "limit=1, remaining=0, reset=1800000044")], Some(44)),
        // A wait until a time that is over is none; the reset of one says nothing.
        (&[("retry-after", "1700000000")], Some(0)),
        (&[("x-rate-limit-reset", "1700000000")], None),
    ];
    for (headers, expected) in cases {
        assert_eq!(wait_of(429, headers), expected, "{headers:?}");
    }
}

#[test]
fn a_time_or_a_span_is_read_in_the_shapes_that_servers_use() {
    let cases = [
        ("2027-01-15T08:00:30Z", Some(30)),
        ("2027-01-15t08:00:30z", Some(30)),
        ("2027-01-15 08:00:30", Some(30)),
        ("2027-01-15T08:00:29.001Z", Some(30)),
        ("2027-01-15T09:30:30+01:30", Some(30)),
        ("2027-01-15T09:30:30+0130", Some(30)),
        ("2027-01-14T22:00:30-10:00", Some(30)),
        ("2028-03-01T08:00:00Z", Some(411 * 86_400)),
        ("2028-02-29T08:00:00Z", Some(410 * 86_400)),
        ("2027-01-15T07:00:00Z", Some(0)),
        ("2s", Some(2)),
        ("1.5s", Some(2)),
        ("6m0s", Some(360)),
        ("1h2m3s", Some(3_723)),
        ("3000ms", Some(3)),
        ("PT30S", Some(30)),
        ("PT1M", Some(60)),
        ("2027-02-29T08:00:00Z", None),
        ("2027-13-01T08:00:00Z", None),
        ("2027-01-15T08:00:00+1", None),
        ("2027-01-15T08:00:00é", None),
        ("2027-01-15", None),
        ("1969-12-31T23:59:59Z", None),
        ("s", None),
        ("2", Some(2)),
        ("2 s", None),
        ("2s3", None),
        ("2d", None),
        ("PT", None),
        ("-2s", None),
    ];
    for (text, expected) in cases {
        assert_eq!(wait_of(429, &[("retry-after", text)]), expected, "{text}");
    }
}

#[test]
fn a_reset_counts_where_the_quota_is_spent() {
    let reset: Headers = &[("x-ratelimit-reset", "44")];
    let spent: Headers = &[("x-ratelimit-reset", "44"), ("x-ratelimit-remaining", "0")];
    let left: Headers = &[("x-ratelimit-reset", "44"), ("x-ratelimit-remaining", "1")];
    for status in [429, 503] {
        assert_eq!(wait_of(status, reset), Some(44), "{status}");
        assert_eq!(wait_of(status, spent), Some(44), "{status}");
        assert_eq!(wait_of(status, left), None, "{status}");
    }
    for status in [400, 403, 420, 430] {
        assert_eq!(wait_of(status, reset), None, "{status}");
        assert_eq!(wait_of(status, spent), Some(44), "{status}");
        assert_eq!(wait_of(status, left), None, "{status}");
    }
    for status in [200, 202, 401, 404, 409, 500, 502] {
        assert_eq!(wait_of(status, spent), None, "{status}");
        assert_eq!(wait_of(status, &[("x-ms-retry-after-ms", "2000")]), Some(2), "{status}");
    }
}

#[test]
fn of_the_ratelimit_header_the_longest_spent_quota_counts() {
    let cases = [
        ("limit=10, remaining=0, reset=4", Some(4)),
        ("limit=10,remaining=1,reset=4", None),
        ("limit=10, reset=4", Some(4)),
        (r#""default";r=0;t=4"#, Some(4)),
        (r#""default"; r=0; t=4"#, Some(4)),
        (r#""default";t=4"#, Some(4)),
        (r#""default";r=0"#, None),
        (r#""default";r=1;t=4"#, None),
        (r#""minute";r=0;t=4, "day";r=0;t=40"#, Some(40)),
        (r#""minute";r=0;t=4,"day";r=9;t=40"#, Some(4)),
        (r#""a;r=1,\";t=9";r=0;t=4;pk=:cHsdsRa894==:"#, Some(4)),
        ("default;r=0;t=4", Some(4)),
        (r#""unclosed;r=0;t=4"#, None),
        ("", None),
    ];
    for (value, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert("ratelimit", value.parse().unwrap());
        let now = SystemTime::UNIX_EPOCH;
        let wait = asked_wait(StatusCode::TOO_MANY_REQUESTS, &headers, now);
        assert_eq!(wait.map(|wait| wait.as_secs()), expected, "{value}");
    }
}

#[test]
fn iso_8601_may_be_short() {
    let cases = [
        ("2027-01-15T08:01Z", Some(60)),
        ("20270115T080030Z", Some(30)),
        ("2027-01-15T08:00:29,5Z", Some(30)),
        ("2027-01-15T09:00:30+01", Some(30)),
        ("Thu, 15 Jan 2027 08:00:30 GMT", None),
        ("P1DT1S", Some(86_401)),
        ("pt7s", Some(7)),
        ("P2D", Some(172_800)),
        ("P1M", None),
        ("P1W", None),
        ("2027-01-15T08:0Z", None),
    ];
    for (value, expected) in cases {
        assert_eq!(wait_of(429, &[("retry-after", value)]), expected, "{value}");
    }
}
