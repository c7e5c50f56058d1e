//! What is true whatever the bytes: the targets of `fuzz/` on their seeds and on changes of
//! them, and encodings, dates and links against second readings.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::{Date, Duration as Span, Month, UtcDateTime, Weekday};
use unattended::{IdToken, Pagination};

use crate::targets::{Answer, Server, TARGETS, Target, http_date, next_link};

/// As many changes of seeds as fit into a moment of a debug build. The generator's seed is
/// fixed: what fails, fails again.
#[track_caller]
fn holds(name: &str, changes: usize) {
    let (_, check): &Target = TARGETS.iter().find(|(target, _)| *target == name).unwrap();
    let seeds = seeds(name);
    let try_it = |data: &[u8]| {
        let outcome = catch_unwind(AssertUnwindSafe(|| check(data)));
        if let Err(panic) = outcome {
            eprintln!("the input was b\"{}\"", data.escape_ascii());
            resume_unwind(panic);
        }
    };
    for seed in &seeds {
        try_it(seed);
    }
    let mut random = Random::new();
    for _ in 0..changes {
        try_it(&changed(&seeds, &mut random));
    }
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(name);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "the seeds of {name} are missing");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// xorshift64 (Marsaglia 2003).
struct Random(u64);

impl Random {
    fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 1) % end.max(1) as u64) as usize
    }
}

/// A seed with up to five changes: bytes replaced, taken out, put in, or of another seed.
fn changed(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    const PIECES: [&str; 16] = [
        "\0",
        "\r\n",
        "\n\n",
        "\"",
        "\\",
        "{",
        "]",
        ",",
        "null",
        "-1",
        "1e999",
        "18446744073709551616",
        "%",
        "\u{fffd}",
        "\u{202e}",
        "\n---\n",
    ];
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(5) {
        let start = random.below(data.len() + 1);
        let end = (start + random.below(20)).min(data.len());
        match random.below(5) {
            0 => data[start..end].iter_mut().for_each(|byte| *byte = byte.wrapping_add(1)),
            1 => drop(data.drain(start..end)),
            2 => drop(data.splice(start..start, PIECES[random.below(16)].bytes())),
            3 => data[start..end].fill(u8::try_from(random.below(256)).unwrap()),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                data.truncate(start);
                data.extend_from_slice(&other[from..]);
            }
        }
    }
    data
}

macro_rules! targets {
    ($($test:ident: $name:literal, $changes:literal;)*) => {
        $(#[test]
        fn $test() {
            holds($name, $changes);
        })*
    };
}

targets! {
    any_token_answer_is_a_token_or_an_error: "token_answer", 300;
    any_jwt_is_read_or_refused: "jwt", 4000;
    any_wait_is_bounded_and_as_it_was_asked_for: "waits", 150;
    any_walk_ends_and_loses_nothing: "pages", 300;
    any_api_is_read_to_its_last_row_or_with_an_error: "walks", 1500;
    any_refusal_is_told_without_secrets: "error_body", 150;
    any_request_arrives_as_it_was_meant_or_not_at_all: "request", 400;
    any_resume_point_is_refused_or_survives: "resume_point", 4000;
    any_discovery_document_is_used_or_refused: "discovery", 200;
    any_store_entry_is_refused_or_survives: "store_entry", 2000;
}

#[cfg(feature = "rustls")]
targets! {
    any_pem_is_refused_when_it_is_set_or_can_be_used: "pem", 600;
}

/// `Date` and `Retry-After` of an answer with these headers.
fn read_dates(date: &str, retry_after: &str) -> (Option<SystemTime>, Option<Duration>) {
    let server = Server::here();
    let client = server.kept();
    let mut answer = Answer::ok("");
    answer.headers.push(("date".into(), date.into()));
    answer.headers.push(("retry-after".into(), retry_after.into()));
    server.play(None, &[], &answer);
    let response = client.get("/dates").unwrap();
    (response.date(), response.retry_after())
}

/// IMF-fixdate, RFC 850 and asctime (RFC 9110 §5.6.7).
fn formats(time: UtcDateTime) -> [String; 3] {
    let weekday = time.weekday().to_string();
    let month = time.month().to_string();
    let (short, month) = (&weekday[..3], &month[..3]);
    let (day, year) = (time.day(), time.year());
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    [
        format!("{short}, {day:02} {month} {year} {clock} GMT"),
        format!("{weekday}, {day:02}-{month}-{:02} {clock} GMT", year % 100),
        format!("{short} {month} {day:>2} {clock} {year}"),
    ]
}

#[test]
fn dates_are_read_in_all_three_formats_as_the_time_crate_has_them() {
    let mut random = Random::new();
    let years = (1970..2105).chain([2199, 2200, 2399, 2400, 9998, 9999]);
    let days = [(Month::January, 1), (Month::February, 28), (Month::February, 29)];
    let days = days.into_iter().chain([(Month::March, 1), (Month::December, 31)]);
    let mut read = 0;
    for (year, (month, day)) in years.flat_map(|year| days.clone().map(move |day| (year, day))) {
        let Ok(date) = Date::from_calendar_date(year, month, day) else { continue };
        let second = i64::try_from(random.below(86_400)).unwrap();
        let time = date.midnight().as_utc() + Span::seconds(second);
        let expected =
            SystemTime::UNIX_EPOCH + Duration::from_secs(time.unix_timestamp().try_into().unwrap());
        let [fixdate, rfc850, asctime] = formats(time);
        // Of 70 to 76 the RFC says that they lie ahead, as seen from today, and httpdate
        // that they do not: nobody is sent away for so long.
        let is_far = !(1977..2070).contains(&year);
        for text in [fixdate.clone(), rfc850, asctime] {
            if is_far && text.contains('-') {
                continue;
            }
            assert_eq!(http_date(&text), Some(expected), "{text}");
            let wait = random.below(1_000_000);
            let before = time - Span::seconds(i64::try_from(wait).unwrap());
            if before < UtcDateTime::UNIX_EPOCH {
                continue;
            }
            let wait = Duration::from_secs(wait.try_into().unwrap());
            let [earlier, ..] = formats(before);
            let (date, asked) = read_dates(&earlier, &text);
            assert_eq!((date, asked), (Some(expected - wait), Some(wait)), "{text}");
            read += 1;
            if read % 20 == 0 {
                assert_eq!(read_dates(&text, &earlier), (Some(expected), Some(Duration::ZERO)));
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn what_is_no_date_is_not_taken_for_one() {
    for text in [
        "Wed, 29 Feb 2023 00:00:00 GMT",
        "Fri, 30 Feb 2024 00:00:00 GMT",
        "Mon, 29 Feb 2100 00:00:00 GMT",
        "Sat, 31 Jun 2024 00:00:00 GMT",
        "Thu, 00 Jan 2026 00:00:00 GMT",
        "Fri, 01 Jan 2026 00:00:00 GMT",
        "Thu, 01 Jan 2026 24:00:00 GMT",
        "Thu, 01 Jan 2026 00:60:00 GMT",
        "Thu, 01 Jan 2026 00:00:00 CET",
        "thu, 01 jan 2026 00:00:00 gmt",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Thursday, 01-Jan-2026 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00",
    ] {
        assert_eq!(http_date(text), None, "{text}");
        assert_eq!(read_dates(text, text), (None, None), "{text}");
    }
    assert_eq!(
        Date::from_calendar_date(2026, Month::January, 1).unwrap().weekday(),
        Weekday::Thursday
    );
}

#[test]
fn a_payload_of_any_length_is_decoded_as_the_base64_crate_encodes_it() {
    for length in 0..70 {
        // In the standard alphabet these need + and /.
        let payload = json!({ "x": "\u{fb}\u{fff}>?".repeat(5) + &"a".repeat(length) });
        let bytes = payload.to_string();
        for encoded in [URL_SAFE_NO_PAD.encode(&bytes), URL_SAFE.encode(&bytes)] {
            let token = IdToken::parse(&format!("e30.{encoded}.c2ln")).unwrap();
            assert_eq!(Value::from(token.claims().clone()), payload);
        }
        let standard = STANDARD.encode(&bytes);
        assert!(standard.contains(['+', '/']), "{standard}");
        assert!(IdToken::parse(&format!("e30.{standard}.c2ln")).is_err());
    }
}

/// The second request of a walk whose first page came with this `Link` header.
fn followed(header: &str) -> Option<String> {
    let server = Server::here();
    let client = server.kept();
    let mut first = Answer::ok("[1]");
    first.headers.push(("link".into(), header.into()));
    server.play(None, &[first], &Answer::ok("[2]"));
    let items = client.items::<u8>("/v1/rows").with_pagination(Pagination::link_header());
    assert!(items.map(Result::unwrap).count() > 0, "{header}");
    let line = server.seen().get(1)?.clone();
    Some(line.split(' ').nth(1).unwrap().to_owned())
}

#[test]
fn link_headers_are_read_as_rfc_8288_has_them() {
    let cases = [
        ("</TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\"", None),
        ("</>; rel=\"http://example.net/foo\"", None),
        ("</terms>; rel=\"copyright\"; anchor=\"#foo\"", None),
        (
            "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel",
            Some("/TheBook/chapter4"),
        ),
        ("</a>; rel=\"start http://example.net/relation/other next\"", Some("/a")),
        ("</a>; rel=\"previous\"; rel=\"next\"", None),
        ("</a>; rel=\"next\"; rel=\"previous\"", Some("/a")),
        ("</a>;rel=next,</b>;rel=next", Some("/a")),
        (" , ,</a> ;\tREL = NEXT ; ", Some("/a")),
        ("</a>; title=\"rel=next\"; rel=prev", None),
        ("</a>; rel*=next", None),
        ("</a>; rel", None),
    ];
    for (header, target) in cases {
        assert_eq!(next_link(header).as_deref(), target, "{header}");
        assert_eq!(followed(header).as_deref(), target, "{header}");
    }
}

#[test]
fn link_headers_of_any_making_are_read_like_by_a_second_reader() {
    const NAMES: [&str; 6] = ["rel", "rel", "REL", "title", "rev", "anchor"];
    const VALUES: [&str; 13] = [
        "'next'",
        "'prev next'",
        "next",
        "Next",
        "prev",
        "nextish",
        "\"next\"",
        "\"prev next\"",
        "\" next \"",
        "\"a, </x>; rel=next\"",
        "\"a\\\", </x>; rel=next\"",
        "\"\"",
        "a=b",
    ];
    const SPACES: [&str; 4] = ["", "", " ", "\t "];
    let mut random = Random::new();
    let mut found = 0;
    for _ in 0..400 {
        let mut header = String::new();
        for link in 0..=random.below(3) {
            let mut space = || SPACES[random.below(4)];
            header.push_str(&format!("{}</v1/{link}?a=b,c;d>{}", space(), space()));
            for _ in 0..random.below(4) {
                let name = NAMES[random.below(6)];
                let value = VALUES[random.below(11)];
                let mut space = || SPACES[random.below(4)];
                header.push_str(&format!(";{}{name}={}{value}{}", space(), space(), space()));
            }
            header.push(',');
        }
        let target = next_link(&header);
        assert_eq!(followed(&header), target, "{header}");
        found += usize::from(target.is_some());
    }
    assert!((50..350).contains(&found), "{found}");
}
