//! Status and headers of an answer, without what may be secret.

use unattended::Response;

use crate::report::{MASK, Report};

/// A header that is not known to be harmless keeps its name only.
pub fn tell(response: &Response, report: &Report) {
    report.print(&response.status().to_string());
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = match name.as_str() {
            name if LINKS.contains(&name) => without_queries(&value),
            name if is_harmless(name) => value.into_owned(),
            _ => MASK.to_owned(),
        };
        report.print(&format!("{name}: {value}"));
    }
}

fn is_harmless(name: &str) -> bool {
    HARMLESS.split(' ').any(|harmless| harmless == name)
        || ["x-ratelimit-", "ratelimit-", "x-total-", "x-page"]
            .iter()
            .any(|start| name.starts_with(start))
        || ["request-id", "requestid", "correlation-id"].iter().any(|end| name.ends_with(end))
}

/// A presigned URL has its secret in the query. `<https://…?…>; rel="next"` keeps its end.
fn without_queries(value: &str) -> String {
    let mut parts = value.split('?');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push('?');
        shown.push_str(MASK);
        shown.push_str(part.find('>').map_or("", |end| &part[end..]));
    }
    shown
}

const LINKS: [&str; 3] = ["content-location", "link", "location"];
const HARMLESS: &str = "\
    accept-ranges age allow cache-control cf-ray connection content-disposition content-encoding \
    content-language content-length content-range content-type date deprecation etag expires \
    keep-alive last-modified preference-applied ratelimit retry-after server \
    strict-transport-security sunset transfer-encoding vary warning";
