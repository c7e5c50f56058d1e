use super::*;

use ureq::http::StatusCode;

use crate::error::ErrorResponse;
use crate::error::rate_limit::Limit;
use crate::wire::failure::Failure;

const CALM: Situation = Situation {
    repeatable: true,
    retries_left: 8,
    retries: 0,
    idles: 0,
    time_left: Duration::from_secs(900),
    jitter: || 0.0,
};

fn refusal(status: u16, asked: Option<Duration>, passing: Option<Passing>) -> Refusal {
    let answer = ErrorResponse {
        status: StatusCode::from_u16(status).unwrap(),
        code: None,
        message: None,
        request_id: None,
        retry_after: asked,
        body: String::new(),
    };
    let (kind, delivery) = (ErrorKind::Refused, Delivery::Rejected);
    Refusal { answer, kind, advice: String::new(), delivery, passing, remedy: None }
}

fn refused(status: u16, asked: Option<Duration>, limit: Option<Limit>) -> Setback {
    let passing = Passing::of(StatusCode::from_u16(status).unwrap(), asked, limit);
    refusal(status, asked, passing).into()
}

fn answer(status: u16) -> Setback {
    refused(status, None, None)
}

fn with_remedy(remedy: Remedy) -> Setback {
    Refusal { remedy: Some(remedy), ..refusal(400, None, None) }.into()
}

#[test]
fn a_status_is_judged_by_whether_the_request_may_be_repeated() {
    let wait = Verdict::Wait(Duration::from_millis(250));
    let (final_, once) =
        (Verdict::Reject(Rejection::Final), Verdict::Reject(Rejection::NotRepeatable));
    let cases = [
        (302, final_, final_),
        (400, final_, final_),
        (401, final_, final_),
        (403, final_, final_),
        (408, wait, once),
        (409, final_, final_),
        (420, final_, final_),
        (423, final_, final_),
        (425, final_, final_),
        (429, wait, wait),
        (430, final_, final_),
        (500, wait, once),
        (501, final_, final_),
        (502, wait, once),
        (503, wait, once),
        (504, wait, once),
        (507, final_, final_),
        (508, final_, final_),
        (520, wait, once),
        (529, wait, once),
        (599, wait, once),
    ];
    for (status, repeatable, not_repeatable) in cases {
        assert_eq!(judge(&answer(status), &CALM), repeatable, "{status}");
        let post = Situation { repeatable: false, ..CALM };
        assert_eq!(judge(&answer(status), &post), not_repeatable, "{status}");
    }
}

#[test]
fn a_refusal_that_the_call_can_do_something_about_is_not_the_end() {
    let two = Duration::from_secs(2);
    let post = Situation { repeatable: false, ..CALM };
    let tired = Situation { retries_left: 0, ..CALM };
    let late = Situation { time_left: two, ..CALM };
    let exhausted = Verdict::Reject(Rejection::Exhausted);
    let too_long = Verdict::Reject(Rejection::TooLong { wait: two, left: two });
    for situation in [CALM, post, tired, late] {
        assert_eq!(judge(&with_remedy(Remedy::Renew), &situation), Verdict::Renew);
        assert_eq!(judge(&with_remedy(Remedy::Follow), &situation), Verdict::Follow);
    }
    for (situation, expected) in [
        (CALM, Verdict::Wait(two)),
        (post, Verdict::Wait(two)),
        (tired, exhausted),
        (late, too_long),
    ] {
        assert_eq!(judge(&with_remedy(Remedy::Ripen), &situation), expected);
    }
    let wait = Verdict::Wait(Duration::from_millis(250));
    assert_eq!(judge(&with_remedy(Remedy::SendUnasked), &post), wait);
    assert_eq!(judge(&with_remedy(Remedy::SendUnasked), &tired), exhausted);
}

#[test]
fn a_wait_makes_some_refusals_pass() {
    let wait = Duration::from_secs(7);
    let (last, once) =
        (Verdict::Reject(Rejection::Final), Verdict::Reject(Rejection::NotRepeatable));
    let cases = [
        (400, last, last),
        (403, Verdict::Wait(wait), Verdict::Wait(wait)),
        (404, last, last),
        (409, Verdict::Wait(wait), once),
        (420, Verdict::Wait(wait), Verdict::Wait(wait)),
        (423, Verdict::Wait(wait), once),
        (425, Verdict::Wait(wait), once),
        (430, Verdict::Wait(wait), Verdict::Wait(wait)),
        (501, last, last),
        (503, Verdict::Wait(wait), once),
        (505, last, last),
        (507, Verdict::Wait(wait), once),
        (511, last, last),
        (529, Verdict::Wait(wait), once),
    ];
    let post = Situation { repeatable: false, ..CALM };
    for (status, repeatable, not_repeatable) in cases {
        let outcome = refused(status, Some(wait), None);
        assert_eq!(judge(&outcome, &CALM), repeatable, "{status}");
        assert_eq!(judge(&outcome, &post), not_repeatable, "{status}");
    }
}

#[test]
fn a_limit_that_is_named_by_a_code_passes_if_it_is_one_of_the_rate_or_has_a_time() {
    let back_off = Verdict::Wait(Duration::from_millis(250));
    let wait = Duration::from_secs(7);
    let last = Verdict::Reject(Rejection::Final);
    let cases = [
        (400, None, Limit::Rate, back_off),
        (403, None, Limit::Rate, back_off),
        (403, Some(wait), Limit::Rate, Verdict::Wait(wait)),
        (400, None, Limit::Quota, last),
        (403, None, Limit::Quota, last),
        (403, Some(wait), Limit::Quota, Verdict::Wait(wait)),
    ];
    let post = Situation { repeatable: false, ..CALM };
    for (status, asked, limit, expected) in cases {
        let outcome = refused(status, asked, Some(limit));
        assert_eq!(judge(&outcome, &CALM), expected, "{status} {limit:?}");
        assert_eq!(judge(&outcome, &post), expected, "{status} {limit:?}");
    }
}

#[test]
fn the_token_endpoint_is_judged_by_its_error_code_before_the_status() {
    let wait = Verdict::Wait(Duration::from_millis(250));
    let refuse = Verdict::Reject(Rejection::Final);
    let cases = [
        (200, Some("invalid_scope"), refuse),
        (200, Some("whatever"), refuse),
        (200, Some("temporarily_unavailable"), wait),
        (500, Some("invalid_client"), refuse),
        (503, Some("access_denied"), refuse),
        (400, Some("slow_down"), wait),
        (400, Some("TooManyRequestsException"), wait),
        (400, Some("quotaExceeded"), refuse),
        (500, Some("Internal Server Error"), wait),
        (401, None, refuse),
        (304, None, refuse),
        (404, None, refuse),
        (408, None, wait),
        (429, None, wait),
        (502, None, wait),
    ];
    for (status, code, expected) in cases {
        let status = StatusCode::from_u16(status).unwrap();
        let passing = Passing::of_token_endpoint(status, None, None, code);
        let outcome = refusal(status.as_u16(), None, passing).into();
        assert_eq!(judge(&outcome, &CALM), expected, "{status} {code:?}");
    }
}

#[test]
fn a_wait_is_kept_to_the_letter_or_not_begun() {
    let secs = Duration::from_secs;
    let asked = |wait: Duration| refused(429, Some(wait), None);
    assert_eq!(judge(&asked(secs(0)), &CALM), Verdict::Wait(secs(0)));
    assert_eq!(judge(&asked(secs(899)), &CALM), Verdict::Wait(secs(899)));
    for wait in [secs(900), Duration::MAX] {
        let too_long = Rejection::TooLong { wait, left: secs(900) };
        assert_eq!(judge(&asked(wait), &CALM), Verdict::Reject(too_long));
    }
    // One of more than a day is tried out each hour, if there is time at all.
    let patient = Situation { time_left: Duration::MAX, ..CALM };
    let (day, hour) = (secs(24 * 3_600), secs(3_600));
    assert_eq!(judge(&asked(day), &patient), Verdict::Wait(day));
    assert_eq!(judge(&asked(day + secs(1)), &patient), Verdict::Wait(hour));
    assert_eq!(judge(&asked(secs(u64::MAX)), &patient), Verdict::Wait(hour));
    let tired = Situation { retries_left: 0, ..CALM };
    assert_eq!(judge(&asked(secs(1)), &tired), Verdict::Reject(Rejection::Exhausted));
    let late = Situation { time_left: Duration::from_millis(200), ..CALM };
    assert!(matches!(judge(&answer(503), &late), Verdict::Reject(Rejection::TooLong { .. })));
    // A back-off is nobody's cooldown: that the retries are used up tells more.
    let last = Situation { retries_left: 0, ..late };
    assert_eq!(judge(&answer(503), &last), Verdict::Reject(Rejection::Exhausted));
}

#[test]
fn a_broken_connection_is_judged_by_what_may_have_arrived() {
    let broken = |delivery, idle, passing| {
        let kind = if passing { ErrorKind::Temporary } else { ErrorKind::Configuration };
        Setback::Broken(Failure { idle, ..Failure::new(delivery, kind, "") })
    };
    let post = Situation { repeatable: false, ..CALM };
    let wait = Verdict::Wait(Duration::from_millis(250));
    assert_eq!(judge(&broken(Delivery::Unknown, false, true), &CALM), wait);
    assert_eq!(judge(&broken(Delivery::NotSent, false, true), &post), wait);
    let once = Verdict::Reject(Rejection::NotRepeatable);
    assert_eq!(judge(&broken(Delivery::Unknown, false, true), &post), once);
    let hopeless = Verdict::Reject(Rejection::Final);
    assert_eq!(judge(&broken(Delivery::NotSent, false, false), &CALM), hopeless);
    assert_eq!(judge(&broken(Delivery::Unknown, true, true), &CALM), wait);
    let second = Situation { idles: 1, ..CALM };
    let enough = Verdict::Reject(Rejection::Exhausted);
    assert_eq!(judge(&broken(Delivery::Unknown, true, true), &second), enough);
}

#[test]
fn the_back_off_doubles_up_to_half_a_minute_and_its_upper_half_is_jitter() {
    let millis: Vec<u128> = (0..9).map(|n| back_off(n, 0.0).as_millis()).collect();
    assert_eq!(millis, [250, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
    assert_eq!(back_off(0, 1.0), Duration::from_millis(500));
    assert_eq!(back_off(u32::MAX, 1.0), Duration::from_secs(30));
}

#[test]
fn the_jitter_is_anywhere_between_zero_and_one() {
    let draws: Vec<f64> = (0..1000).map(|_| jitter()).collect();
    assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
    assert!(draws.iter().any(|draw| *draw < 0.1) && draws.iter().any(|draw| *draw > 0.9));
}

#[test]
fn a_back_off_as_long_as_what_is_left_does_not_fit() {
    let wait = Duration::from_millis(250);
    let left = |time_left| judge(&answer(503), &Situation { time_left, ..CALM });
    assert_eq!(left(wait), Verdict::Reject(Rejection::TooLong { wait, left: wait }));
    assert_eq!(left(wait + Duration::from_nanos(1)), Verdict::Wait(wait));
}
