//! Collections, paged as the vendors page them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::COMPUTERS;
use super::limit::Limit;
use super::wire::{Answer, Call, Reply, refuse, refuse_for};

/// Snow Atlas's computers, and what happens while they are read.
pub struct Collections {
    /// Rows as JSON.
    pub computers: Vec<String>,
    page_time: Duration,
    limit: Limit,
    details: AtomicUsize,
    details_limit: Limit,
    will_revoke: AtomicBool,
}

impl Collections {
    pub fn calm() -> Self {
        Self {
            computers: (1..=COMPUTER_COUNT).map(computer).collect(),
            page_time: Duration::ZERO,
            limit: Limit::default(),
            details: AtomicUsize::new(0),
            details_limit: Limit::armed(),
            will_revoke: AtomicBool::new(false),
        }
    }

    pub fn eventful() -> Self {
        Self {
            page_time: Duration::from_millis(100),
            limit: Limit::armed(),
            will_revoke: AtomicBool::new(true),
            ..Self::calm()
        }
    }

    /// The computer `id`, which is its number in hexadecimal; once it is a second too early.
    pub fn details(&self, id: &str) -> Reply {
        let is_limited = self.details.fetch_add(1, Ordering::Relaxed) + 1 == LIMITED_CALL;
        if let Some(seconds) = self.details_limit.blocks(is_limited) {
            return refuse_for(seconds, "Too many requests.");
        }
        thread::sleep(DETAILS_TIME);
        let number = usize::from_str_radix(id, 16).ok();
        match number.filter(|number| (1..=self.computers.len()).contains(number)) {
            Some(number) => Ok(Answer::json(200, json!({ "id": id, "applications": number % 90 }))),
            None => refuse(404, "There is no such computer."),
        }
    }

    /// Whether this call is the one before which an administrator revokes all tokens.
    pub fn revokes(&self, call: &Call) -> bool {
        call.number("page_number", 1) == Some(REVOKED_PAGE)
            && self.will_revoke.swap(false, Ordering::Relaxed)
    }

    /// A page as Snow Atlas envelopes it: the size is echoed as it was used, the number of
    /// pages is `null` here, and links come with and without a leading slash.
    pub fn computers_page(&self, call: &Call) -> Reply {
        let number = call.number("page_number", 1);
        let (Some(number), Some(size)) = (number, call.number("page_size", 25)) else {
            return refuse(400, "page_number and page_size must be positive numbers.");
        };
        if let Some(seconds) = self.limit.blocks(number == LIMITED_PAGE) {
            return refuse_for(seconds, "Too many requests.");
        }
        thread::sleep(self.page_time);
        let size = size.min(LARGEST_PAGE);
        let rows = page_of(&self.computers, number, size);
        let link = |rel: &str, page: usize| {
            let slash = if page.is_multiple_of(2) { "/" } else { "" };
            let path = COMPUTERS.trim_start_matches('/');
            let href = format!("{slash}{path}?page_number={page}&page_size={size}");
            json!({ "href": href, "rel": rel, "method": "GET" })
        };
        let mut links = vec![link("self", number)];
        if number.saturating_mul(size) < self.computers.len() {
            links.push(link("next", number + 1));
        }
        let pagination = json!({
            "page_size": size, "page_number": number,
            "total_pages": null, "total_items": self.computers.len()
        });
        // Put together as text: the rows leave as they are held, to the byte.
        let body = format!(
            r#"{{"items":[{}],"pagination":{pagination},"_links":{}}}"#,
            rows.join(","),
            json!(links)
        );
        Ok(Answer::json(200, body))
    }
}

/// A page as Snapdocs envelopes it: `meta.next_page` is `null` on the last one.
pub fn subscriptions_page(call: &Call) -> Reply {
    let subscriptions: Vec<String> = (1..=SUBSCRIPTION_COUNT)
        .map(|number| json!({ "id": number, "event": "closing.updated" }).to_string())
        .collect();
    let Some(number) = call.number("page", 1) else {
        let error = json!({ "status": "400", "title": "Bad Request", "detail": "page" });
        return Err(Answer::json(400, json!({ "errors": [error] })));
    };
    let rows = page_of(&subscriptions, number, SUBSCRIPTIONS_PER_PAGE);
    let pages = SUBSCRIPTION_COUNT.div_ceil(SUBSCRIPTIONS_PER_PAGE);
    let meta = json!({
        "current_page": number, "total_pages": pages, "page_size": SUBSCRIPTIONS_PER_PAGE,
        "next_page": (number < pages).then_some(number + 1), "total_count": SUBSCRIPTION_COUNT
    });
    Ok(Answer::json(200, format!(r#"{{"data":[{}],"meta":{meta}}}"#, rows.join(","))))
}

/// A page of an API that names a cursor to the next one; it is `null` on the last.
pub fn orders_page(call: &Call) -> Reply {
    let orders: Vec<String> = (1..=ORDER_COUNT)
        .map(|number| json!({ "order": number, "open": number % 3 == 0 }).to_string())
        .collect();
    let cursor = call.number("cursor", 1);
    let (Some(cursor), Some(size)) = (cursor, call.number("per_page", 20)) else {
        let body = json!({ "code": "bad_request", "message": "cursor and per_page are numbers" });
        return Err(Answer::json(400, body));
    };
    let rows = page_of(&orders, cursor, size);
    let has_more = cursor.saturating_mul(size) < orders.len();
    let next = json!({ "next_cursor": has_more.then(|| (cursor + 1).to_string()) });
    let body = format!(r#"{{"results":[{}],"paging":{next}}}"#, rows.join(","));
    Ok(Answer::json(200, body))
}

/// A page beyond the end is empty.
fn page_of(rows: &[String], number: usize, size: usize) -> &[String] {
    let start = (number - 1).saturating_mul(size).min(rows.len());
    let end = start.saturating_add(size).min(rows.len());
    &rows[start..end]
}

/// A computer with what real inventories hold: nulls, nested values, numbers that a
/// careless program would change, and text that CSV has to quote.
fn computer(number: usize) -> String {
    let name = match number % 50 {
        7 => format!(r#"Zoë's \"old\" laptop, {number}"#),
        _ => format!("PC-{number:05}"),
    };
    let scanned = match number % 9 {
        0 => "null".to_owned(),
        _ => format!(r#""2026-01-{:02}T03:{:02}:00Z""#, number % 28 + 1, number % 60),
    };
    let user = match number % 11 {
        0 => "null".to_owned(),
        _ => format!(r#"{{"name":"user{number}","department":null}}"#),
    };
    let memory = (number % 4 + 1) as u64 * 8_589_934_592;
    format!(
        r#"{{"id":"{number:08x}","name":"{name}","lastScan":{scanned},"user":{user},"memoryBytes":{memory},"cpuLoad":{}.50,"tags":["{}"]}}"#,
        number % 100,
        if number.is_multiple_of(2) { "office" } else { "field" },
    )
}

const COMPUTER_COUNT: usize = 5_870;
const LARGEST_PAGE: usize = 1_000;
const DETAILS_TIME: Duration = Duration::from_millis(5);
const LIMITED_CALL: usize = 300;
const LIMITED_PAGE: usize = 4;
const REVOKED_PAGE: usize = 9;
const SUBSCRIPTION_COUNT: usize = 23;
const SUBSCRIPTIONS_PER_PAGE: usize = 10;
const ORDER_COUNT: usize = 45;
