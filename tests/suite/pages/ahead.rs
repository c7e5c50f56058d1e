//! Pages that are asked for before their turn: nothing comes out otherwise, only earlier.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use unattended::{Client, Clock, ManualClock, Pace, Pagination, Request};

use super::{asked, up_to, walk};
use crate::support::*;

/// A collection on a raw server, whose requests really overlap.
pub struct Overlapping {
    pub origin: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Overlapping {
    /// A page that is no page breaks the connection.
    pub fn start(page: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, tokens) = (seen.clone(), AtomicUsize::new(0));
        let origin = raw_server(move |mut stream, _| {
            while let Some(request) = read_request(&mut stream) {
                let answer = match request.path() {
                    TOKEN_PATH => {
                        let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
                        Some(token_reply(&format!("t{number}"), 3600))
                    }
                    _ => {
                        log.lock().unwrap().push(request.clone());
                        page(&request)
                    }
                };
                let Some(answer) = answer else { return };
                write_reply(&mut stream, &answer);
            }
        });
        Self { origin, seen }
    }

    pub fn client(&self) -> Client {
        client_at(&self.origin)
    }

    /// What was asked for, in the order of its text.
    pub fn targets(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let mut targets: Vec<String> = seen.iter().map(|seen| seen.target.clone()).collect();
        targets.sort();
        targets
    }
}

fn number(seen: &Seen, name: &str) -> u64 {
    asked(seen, name).map_or(0, |number| number.parse().unwrap())
}

/// Pages of three rows, as many as these.
fn of_three(seen: &Seen, pages: u64) -> Reply {
    let page = number(seen, "page_number");
    let rows: Vec<u64> = (1..=3).map(|row| (page - 1) * 3 + row).collect();
    reply(200, json!({"items": rows, "page": page, "total_pages": pages}).to_string())
}

/// Opens for all once enough have come.
#[derive(Default)]
struct Gate {
    came: Mutex<usize>,
    all: Condvar,
}

impl Gate {
    /// Whether so many came within a time that is long enough for each machine.
    fn pass(&self, enough: usize) -> bool {
        let mut came = self.came.lock().unwrap();
        *came += 1;
        self.all.notify_all();
        let limit = Duration::from_secs(60);
        let (came, _) = self.all.wait_timeout_while(came, limit, |came| *came < enough).unwrap();
        *came >= enough
    }
}

#[test]
fn as_many_pages_as_are_set_are_under_way_at_a_time() {
    for ahead in [1, 3, 8] {
        let gate = Gate::default();
        let server = Overlapping::start(move |seen| {
            let is_group = (2..2 + ahead).contains(&number(seen, "page_number"));
            (!is_group || gate.pass(ahead as usize)).then(|| of_three(seen, 12))
        });
        let client = server.client();
        let mut items = client.items::<u64>("/rows").with_read_ahead(ahead as usize);
        let (rows, error) = walk(&mut items);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(rows, up_to(36), "{ahead}");
        assert_eq!(client.stats().requests, 13, "{ahead}");
        assert_eq!((client.stats().pages, client.stats().rows), (12, 36));
    }
}

#[test]
fn the_next_page_is_asked_for_while_the_program_works_on_one() {
    let ways = [
        (Pagination::next_link("next"), json!("/rows?after=2")),
        (Pagination::cursor("after", "next"), json!(2)),
        (Pagination::page_numbers("after"), json!(true)),
        (Pagination::after_row("after", "id"), json!(true)),
    ];
    for (pagination, next) in ways {
        let gate = Arc::new(Gate::default());
        let passed = gate.clone();
        let server = Overlapping::start(move |seen| {
            let is_second = number(seen, "after") == 2;
            let page = json!({"items": [{"id": 2}], "next": next});
            (!is_second || passed.pass(2)).then(|| reply(200, page.to_string()))
        });
        let (client, name) = (server.client(), format!("{pagination:?}"));
        let items = client.items::<Value>("/rows").with_pagination(pagination);
        items.with_read_ahead(4).next().unwrap().unwrap();
        // The server has the second request, and waits for this.
        assert!(gate.pass(2), "{name}");
    }
}

#[test]
fn without_the_setting_nothing_is_asked_for_before_its_turn() {
    let server = Overlapping::start(|seen| Some(of_three(seen, 4)));
    let client = server.client();
    let mut items = client.items::<u64>("/rows");
    for row in 1..=12_usize {
        assert_eq!(items.next().unwrap().unwrap(), row as u64);
        assert_eq!(server.targets().len(), row.div_ceil(3));
    }
}

#[test]
fn a_request_that_may_not_be_sent_twice_is_never_sent_ahead() {
    let server = Overlapping::start(|seen| {
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        let page = body["page"].as_u64().unwrap();
        Some(reply(200, json!({"items": [page], "total_pages": 3}).to_string()))
    });
    let client = server.client();
    let search = Request::post("/search").json(&json!({}));
    let pages = Pagination::page_numbers("page").in_body();
    let mut items = client.items::<u64>(search.clone()).with_pagination(pages.clone());
    items = items.with_read_ahead(8);
    for page in 1..=3 {
        assert_eq!(items.next().unwrap().unwrap(), page);
        assert_eq!(server.targets().len(), page as usize);
    }
    assert!(items.next().is_none());
    let mut items = client.items::<u64>(search.safe_to_repeat()).with_pagination(pages);
    items = items.with_read_ahead(8);
    assert_eq!(walk(&mut items).0, [1, 2, 3]);
}

#[test]
fn an_iterator_that_is_dropped_waits_for_nothing_and_its_requests_are_counted() {
    let gate = Arc::new(Gate::default());
    let passed = gate.clone();
    let server = Overlapping::start(move |seen| {
        let is_first = number(seen, "page_number") == 1;
        (is_first || passed.pass(5)).then(|| of_three(seen, 9))
    });
    let client = server.client();
    let mut items = client.pages::<u64>("/rows").with_read_ahead(4);
    items.next().unwrap().unwrap();
    drop(items);
    assert!(gate.pass(5), "the four pages were not asked for");
    let end = Instant::now() + Duration::from_secs(60);
    while client.stats().requests < 6 && Instant::now() < end {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!((client.stats().requests, client.stats().pages), (6, 1));
}

#[test]
fn a_rate_limit_is_kept_and_no_row_is_lost() {
    const AHEAD: usize = 4;
    let clock = ManualClock::new();
    let windows: Arc<Mutex<HashMap<u64, (usize, usize)>>> = Arc::default();
    let (log, time) = (windows.clone(), clock.clone());
    let server = Overlapping::start(move |seen| {
        let mut windows = log.lock().unwrap();
        let window = time.monotonic().as_secs();
        let (good, refused) = windows.entry(window).or_default();
        if *good == 3 {
            *refused += 1;
            return Some(reply(429, "{}").header("retry-after", "1"));
        }
        *good += 1;
        Some(of_three(seen, 40))
    });
    let client = server.client().with_clock(clock);
    let mut items = client.items::<u64>("/rows").with_read_ahead(AHEAD);
    let (rows, error) = walk(&mut items);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows, up_to(120));
    let windows = windows.lock().unwrap();
    assert!(windows.values().all(|(_, refused)| *refused <= AHEAD), "{windows:?}");
}

#[test]
fn a_token_that_is_revoked_on_the_way_is_renewed_once() {
    let server = Overlapping::start(|seen| {
        let is_revoked = seen.header("authorization") == Some("Bearer t1");
        let is_late = number(seen, "page_number") > 5;
        Some(if is_late && is_revoked { reply(401, "{}") } else { of_three(seen, 12) })
    });
    let client = server.client();
    let (rows, error) = walk(&mut client.items::<u64>("/rows").with_read_ahead(4));
    assert!(error.is_none(), "{error:?}");
    assert_eq!((rows, client.stats().tokens_fetched), (up_to(36), 2));
}

#[test]
fn a_pace_is_kept_and_what_has_no_room_is_not_sent_ahead() {
    let server = Overlapping::start(|seen| Some(of_three(seen, 40)));
    let (client, clock) = on_manual_clock(server.client().with_pace(Pace::per_second(8)));
    let (rows, error) = walk(&mut client.items::<u64>("/rows").with_read_ahead(4));
    assert!(error.is_none(), "{error:?}");
    assert_eq!((rows, client.stats().requests), (up_to(120), 41));
    assert!(clock.slept() >= secs(4), "{:?}", clock.sleeps());
}
