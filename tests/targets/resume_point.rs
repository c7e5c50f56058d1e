//! The text of a resume point, which comes out of a file.

use serde_json::{Value, json};
use unattended::{Pagination, ResumePoint};

use super::check_error;
use super::server::{Answer, Server};

/// The input is the text; `{origin}` stands for the server's.
pub fn check(data: &[u8]) {
    let server = Server::here();
    let text = String::from_utf8_lossy(data).replace("{origin}", &server.origin);
    let point = match text.parse::<ResumePoint>() {
        Ok(point) => point,
        Err(error) => return check_error(&error),
    };
    let written = point.to_string();
    assert_eq!(written.parse::<ResumePoint>().unwrap(), point, "{written}");
    assert_eq!(written.parse::<ResumePoint>().unwrap().to_string(), written);
    assert!(written.split('&').all(|pair| pair.matches('=').count() == 1), "{written}");

    // A walk that is taken up there ends, and asks nobody else.
    let path: String = form_urlencoded::parse(written.as_bytes())
        .find_map(|(name, value)| (name == "path").then(|| value.into_owned()))
        .unwrap();
    let page = Answer::ok(json!({"items": [1, 2], "total_pages": 3}).to_string());
    let last = Answer::ok(json!({"items": [3], "total_pages": 2}).to_string());
    for pagination in [Pagination::page_numbers("p"), Pagination::detect()] {
        let client = server.kept();
        server.play(None, std::slice::from_ref(&page), &last);
        let items = client.items::<Value>(path.as_str()).with_pagination(pagination);
        let mut items = items.resume(&point);
        let mut errors = 0;
        for row in items.by_ref().take(100) {
            row.err().iter().for_each(|error| {
                errors += 1;
                check_error(error);
            });
        }
        assert!(errors <= 1 && server.seen().len() < 100);
        assert!(items.next().is_none());
        assert!(items.progress().delivered >= point.delivered());
    }
}
