//! What an error tells: for people by its text, for programs by its methods.
//!
//! Reads no variables: a stand-in server plays Snow Atlas.

#[path = "stand_in/mod.rs"]
mod stand_in;

use stand_in::{LICENSES, StandIn};
use unattended::error::ErrorKind;
use unattended::{Client, Credentials, Error, Result};

fn main() -> Result<()> {
    // Yours: Provider::snow_atlas("westeurope")? and Credentials::from_env("SNOW_ATLAS")?
    let stand_in = StandIn::calm();
    let (provider, credentials) = (stand_in.snow_atlas()?, stand_in.credentials());
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
    println!("  kind {:?}: {advice}; asked to wait {:?}", error.kind(), error.retry_after());
    println!("  may the server have acted? {:?}", error.delivery());
    if let Some(answer) = error.response() {
        println!("  its own words: {:?} {:?}", answer.code, answer.message);
    }
    println!("  a program would end with exit code {}\n", error.exit_code());
}
