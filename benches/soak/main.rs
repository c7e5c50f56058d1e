//! Holds out: 100,000 calls, of whose requests 5 % meet a fault (a token that was revoked,
//! 429, 503, a connection closed before the answer, an answer that is cut off), and then a
//! count of everything: rows, orders, tokens, waits, connections, memory.
//! `cargo bench --bench soak -- [CALLS] [SEED]`.
//!
//! Reads no variables: it has a fast server of its own on the loopback. Each call takes a
//! second, and each wait what the server asked for, on a manual clock.

mod faults;
mod report;
mod server;
mod state;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use report::{Failure, Tally, argument};
use serde_json::json;
use server::Server;
use unattended::error::Delivery;
use unattended::{Client, Credentials, ManualClock, Pagination, Provider, Result};

#[derive(serde::Deserialize)]
struct Row {
    id: u64,
}

fn main() -> ExitCode {
    run().unwrap_or_else(Failure::tell)
}

/// Reads a collection page by page, and places an order after each page.
fn run() -> std::result::Result<ExitCode, Failure> {
    let (pages, seed) = (argument(1, 100_000)?.div_ceil(2), argument(2, 1)?);
    let clock = ManualClock::new();
    let server = Server::start(pages, seed, clock.clone());
    let provider = Provider::new(&server.url("/token"), &server.url(""))?
        .with_pagination(Pagination::page_numbers("page"));
    let client = Client::new(provider, Credentials::new("soak", "secret"))?;
    let client = client.with_clock(clock.clone());
    let (begun, mut tally) = (Instant::now(), Tally::new(pages));
    for page in client.pages::<Row>("/rows") {
        tally.page(page?.items().iter().map(|row| row.id));
        clock.advance(Duration::from_secs(1));
        tally.order(place_order(&client, tally.pages)?);
        clock.advance(Duration::from_secs(1));
    }
    Ok(tally.tell(&client, &server.state(), begun.elapsed()))
}

/// Whether it is known to have been placed: what may have arrived is not sent again.
fn place_order(client: &Client, number: u64) -> Result<bool> {
    match client.post("/orders", &json!({ "number": number })) {
        Ok(_) => Ok(true),
        Err(error) if error.delivery() >= Delivery::Unknown => Ok(false),
        Err(error) => Err(error),
    }
}
