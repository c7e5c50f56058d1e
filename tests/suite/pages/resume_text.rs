//! The text of a resume point, which comes out of a file.

use serde_json::{Value, json};
use unattended::{Pagination, ResumePoint};

use super::resume::{seven, six_by_links};
use super::{body, numbered, walk};
use crate::support::*;

#[test]
fn a_resume_point_does_not_lead_the_token_to_another_origin() {
    let stranger = Server::with_api([reply(200, "[9]")]);
    let server = six_by_links();
    let client = server.client();
    let mut items = client.items::<u64>("/rows").with_pagination(Pagination::detect());
    items.nth(1);
    let text = items.resume_point().unwrap().to_string();
    let text = text.replace(&server.url("/rows"), &stranger.url("/rows"));
    assert!(text.contains(&stranger.url("/rows")), "{text}");
    let point: ResumePoint = text.parse().unwrap();
    let (rows, error) = walk(&mut client.items::<u64>("/rows").resume(&point));
    assert_eq!((rows.len(), error.unwrap().exit_code()), (0, 78));
    assert!(stranger.seen().is_empty());
}

#[test]
fn what_is_not_the_text_of_a_resume_point_is_refused() {
    let server = seven();
    let client = server.client();
    let mut items = client.items::<u64>("/rows").with_page_size("page_size", 3);
    items.nth(3);
    let text = items.resume_point().unwrap().to_string();
    assert_eq!(text.parse::<ResumePoint>().unwrap().to_string(), text);
    // A text that was cut short would be believed with fewer digits.
    let cut = (0..text.len()).map(|end| text[..end].to_owned());
    let garbage = ["", "x", "null", "7", "{}", "[]", "\u{0}", r#"{"version":2}"#];
    let wrong = [
        ("\"version\":2", "\"version\":3"),
        ("\"version\":2", "\"version\":\"2\""),
        ("\"number\":2", "\"number\":\"two\""),
        ("\"number\":2", "\"number\":-1"),
        ("\"delivered\":4", "\"delivered\":99999999999999999999"),
        ("\"skip\":1,", ""),
        ("{\"page\":2}", "{\"page\":\"2\"}"),
        ("{\"page\":2}", "{\"link\":2}"),
        ("{\"page\":2}", "{\"cursor\":null}"),
        ("{\"page\":2}", "{\"place\":2}"),
        ("{\"page\":2}", "{}"),
        ("[\"page_size\",3]", "[3]"),
        ("[\"page_size\",3]", "3"),
        ("[7,7]", "[7]"),
    ];
    let wrong = wrong.map(|(from, to)| {
        assert!(text.contains(from), "{text}");
        text.replace(from, to)
    });
    for text in garbage.map(str::to_owned).into_iter().chain(cut).chain(wrong) {
        match text.parse::<ResumePoint>() {
            Ok(point) => panic!("{text:?}: {point:?}"),
            Err(error) => assert_eq!(error.to_string(), "this is not the text of a resume point"),
        }
    }
}

#[test]
fn numbers_beyond_all_measure_do_not_panic() {
    let server = numbered(|page| {
        let pagination = json!({"page_number": page, "total_pages": 2});
        body(&json!({"items": [1, 2], "pagination": pagination}))
    });
    let client = server.client();
    let most = u64::MAX;
    let mut begun = client.items::<u64>("/rows");
    begun.next();
    let text = begun.resume_point().unwrap().to_string();
    let huge = |text: &str, names: &[&str]| {
        let mut point: Value = serde_json::from_str(text).unwrap();
        for name in names {
            point[name] = json!(most);
        }
        point["promised"] = json!([0, most]);
        point["page_size"] = json!(["n", most]);
        point
    };
    let mut last = huge(&text, &["number", "skip", "delivered", "date"]);
    last["ask"] = json!({"page": most});
    for text in [
        last.to_string(),
        huge(&text, &["delivered", "date"]).to_string(),
        huge(&text, &["skip"]).to_string(),
        huge(&text, &["number"]).to_string(),
    ] {
        let point: ResumePoint = text.parse().unwrap();
        let mut items = client.items::<u64>("/rows").resume(&point);
        for _ in 0..20 {
            if items.next().is_none() {
                break;
            }
            let _ = (items.progress(), items.resume_point().map(|point| point.to_string()));
        }
    }
}
