//! What an error tells: for people by its text, for programs by its methods.
//!
//! Reads `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and
//! `SNOW_ATLAS_REGION` (default `westeurope`). Without them it asks a stand-in server.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::env;

use stand_in::{LICENSES, StandIn};
use unattended::error::ErrorKind;
use unattended::{Client, Credentials, Error, Provider, Result};

fn main() -> Result<()> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let (provider, credentials) = match env::var_os("SNOW_ATLAS_CLIENT_ID") {
        Some(_) => {
            let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
            (Provider::snow_atlas(&region)?, Credentials::from_env("SNOW_ATLAS")?)
        }
        None => (stand_in.snow_atlas()?, stand_in.credentials()),
    };
    let client = Client::new(provider.clone(), credentials)?;
    let stranger = Client::new(provider, Credentials::new("nobody", "wrong"))?;
    let attempts = [
        ("a path that does not exist", client.get("/api/sam/v0/nothing")),
        ("an endpoint that blocks this client for an hour", client.get(LICENSES)),
        ("another host, which must not see the token", client.get("https://example.com/")),
        ("the wrong secret", stranger.get(LICENSES)),
    ];
    for (what, attempt) in attempts {
        match attempt {
            Ok(response) => println!("{what}: {}\n", response.status()),
            Err(error) => explain(what, &error),
        }
    }
    Ok(())
}

fn explain(what: &str, error: &Error) {
    println!("{what}: {error}"); // {error:?} would add the causes
    let advice = match error.kind() {
        ErrorKind::Temporary => "run it again later",
        ErrorKind::Credentials => "check client id and secret",
        ErrorKind::Configuration => "change a setting",
        _ => "ask whoever runs the server",
    };
    println!("  class {:?}: {advice}; asked to wait {:?}", error.kind(), error.retry_after());
    println!("  may the server have acted? {:?}", error.delivery());
    if let Some(answer) = error.response() {
        println!("  its own words: {:?} {:?}", answer.code, answer.message);
    }
    println!("  a program would end with exit code {}\n", error.exit_code());
}
