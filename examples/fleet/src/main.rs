//! One machine of a fleet: makes some calls with a token that all machines share.
//!
//! Reads `FLEET_TOKEN_ENDPOINT`, `FLEET_BASE_URL`, `FLEET_CLIENT_ID`, `FLEET_CLIENT_SECRET`
//! and `FLEET_REDIS` (a URL); `FLEET_CALLS` (default 1) and `FLEET_PAUSE_MS` between them
//! (default 0).

use std::env;
use std::time::Duration;

use fleet::RedisStore;
use unattended::{Client, Credentials, Provider};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Provider::new(&env::var("FLEET_TOKEN_ENDPOINT")?, &env::var("FLEET_BASE_URL")?)?;
    let client = Client::new(provider, Credentials::from_env("FLEET")?)?
        .with_store(RedisStore::new(&env::var("FLEET_REDIS")?)?)
        .with_observer(|event| eprintln!("{event}"));
    let number = |name: &str| env::var(name).ok().map(|value| value.parse()).transpose();
    let pause = Duration::from_millis(number("FLEET_PAUSE_MS")?.unwrap_or(0));
    for _ in 0..number("FLEET_CALLS")?.unwrap_or(1) {
        client.get("/work")?;
        client.sleep(pause);
    }
    let stats = client.stats();
    println!("{} calls, {} tokens fetched", stats.requests, stats.tokens_fetched);
    Ok(())
}
