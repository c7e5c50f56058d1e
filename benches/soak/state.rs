//! What the server knows, does and counts.

use std::time::Duration;

use unattended::{Clock, ManualClock};

use crate::faults::{Dice, Fault};
use crate::server::{Answer, Request};

pub const ROWS: u64 = 20;
const LIFE: Duration = Duration::from_secs(60);
/// A quarter of the life: no client need renew earlier.
const MARGIN: Duration = Duration::from_secs(15);

pub struct State {
    clock: ManualClock,
    dice: Dice,
    pub pages: u64,
    token: Option<Token>,
    /// The request that was answered by 401 last: a call renews its token once.
    renewed_for: String,
    /// What `Retry-After` asked of token requests and of all others.
    not_before: [Duration; 2],
    last_order: u64,
    pub requests: u64,
    pub connections: u64,
    /// For each [`Fault`].
    pub faults: [u64; 5],
    pub tokens: u64,
    /// Tokens that were replaced because their life was over, or nearly.
    pub lives: u64,
    /// Tokens that were replaced though they were good.
    pub wasted: u64,
    /// Requests whose token was not the one that is good.
    pub strangers: u64,
    /// Requests before the time that was asked for.
    pub early: u64,
    pub orders: u64,
    /// Orders that came a second time.
    pub doubles: u64,
}

struct Token {
    value: String,
    since: Duration,
}

impl State {
    pub fn new(pages: u64, seed: u64, clock: ManualClock) -> Self {
        Self {
            clock,
            dice: Dice(seed),
            pages,
            token: None,
            renewed_for: String::new(),
            not_before: [Duration::ZERO; 2],
            last_order: 0,
            requests: 0,
            connections: 0,
            faults: [0; 5],
            tokens: 0,
            lives: 0,
            wasted: 0,
            strangers: 0,
            early: 0,
            orders: 0,
            doubles: 0,
        }
    }

    pub fn count(&self, fault: Fault) -> u64 {
        self.faults[fault as usize]
    }

    pub fn answer(&mut self, request: &Request) -> Answer {
        self.requests += 1;
        let is_token_request = request.target == "/token";
        let not_before = self.not_before[usize::from(is_token_request)];
        self.early += u64::from(self.clock.monotonic() < not_before);
        if !is_token_request && !self.is_good(request) {
            self.strangers += 1;
            return json(401, "", "{}");
        }
        let fault = self.dice.fault().filter(|fault| self.may_happen(*fault, request));
        if let Some(fault) = fault {
            self.faults[fault as usize] += 1;
        }
        match fault {
            Some(Fault::Revoked) => {
                self.token = None;
                self.renewed_for = key(request);
                json(401, "", r#"{"error":"invalid_token"}"#)
            }
            Some(Fault::Busy) => self.ask_to_wait(429, is_token_request),
            Some(fault) => self.spoilt(fault, request),
            None => self.act(request),
        }
    }

    fn may_happen(&self, fault: Fault, request: &Request) -> bool {
        fault != Fault::Revoked || (request.target != "/token" && self.renewed_for != key(request))
    }

    fn is_good(&self, request: &Request) -> bool {
        self.token.as_ref().is_some_and(|token| {
            let age = self.clock.monotonic().saturating_sub(token.since);
            request.token.as_ref() == Some(&token.value) && age < LIFE
        })
    }

    fn ask_to_wait(&mut self, status: u16, is_token_request: bool) -> Answer {
        let wait = self.dice.wait();
        let until = self.clock.monotonic() + Duration::from_secs(wait);
        let not_before = &mut self.not_before[usize::from(is_token_request)];
        *not_before = until.max(*not_before);
        json(status, &format!("retry-after: {wait}\r\n"), r#"{"error":{"message":"later"}}"#)
    }

    /// The server acts, but its answer does not arrive. A token that nobody got is none.
    fn spoilt(&mut self, fault: Fault, request: &Request) -> Answer {
        let is_token_request = request.target == "/token";
        let whole = match is_token_request {
            true => json(200, "", r#"{"access_token":"lost","expires_in":60}"#),
            false => self.act(request),
        };
        match fault {
            Fault::Down if self.dice.coin() => self.ask_to_wait(503, is_token_request),
            Fault::Down => json(503, "", "<html>down</html>"),
            Fault::Cut => {
                Answer { bytes: whole.bytes[..whole.bytes.len() - 10].to_vec(), closes: true }
            }
            _ => Answer { bytes: Vec::new(), closes: true },
        }
    }

    fn act(&mut self, request: &Request) -> Answer {
        match request.target.split_once('?').unwrap_or((&request.target, "")) {
            ("/token", _) => self.issue(),
            ("/orders", _) => self.order(&request.body),
            (_, query) => {
                let number = query.split('&').find_map(|pair| pair.strip_prefix("page="));
                self.page(number.map_or(1, |number| number.parse().unwrap_or(1)))
            }
        }
    }

    fn issue(&mut self) -> Answer {
        let now = self.clock.monotonic();
        if let Some(old) = &self.token {
            match now.saturating_sub(old.since) >= LIFE.saturating_sub(MARGIN) {
                true => self.lives += 1,
                false => self.wasted += 1,
            }
        }
        self.tokens += 1;
        let value = format!("token-{}", self.tokens);
        let body = format!(r#"{{"access_token":"{value}","expires_in":{}}}"#, LIFE.as_secs());
        self.token = Some(Token { value, since: now });
        json(200, "", &body)
    }

    fn order(&mut self, body: &str) -> Answer {
        let digits: String = body.chars().filter(char::is_ascii_digit).collect();
        let number = digits.parse().unwrap_or(0);
        self.doubles += u64::from(number <= self.last_order);
        self.last_order = number;
        self.orders += 1;
        json(201, "", body)
    }

    fn page(&self, number: u64) -> Answer {
        let rows: Vec<String> = (1..=ROWS)
            .map(|row| (number - 1) * ROWS + row)
            .map(|id| format!(r#"{{"id":{id},"name":"PC-{id:09}","model":"Latitude 5440"}}"#))
            .collect();
        let body = format!(
            r#"{{"items":[{}],"page":{number},"page_size":{ROWS},"total_pages":{},"total_items":{}}}"#,
            rows.join(","),
            self.pages,
            self.pages * ROWS,
        );
        json(200, "", &body)
    }
}

/// What a call and its repeats have in common.
fn key(request: &Request) -> String {
    format!("{} {}", request.target, request.body)
}

fn json(status: u16, headers: &str, body: &str) -> Answer {
    let head = "content-type: application/json\r\n";
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status} -\r\n{head}{headers}content-length: {length}\r\n\r\n{body}");
    Answer { bytes: text.into_bytes(), closes: false }
}
