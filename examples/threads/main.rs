//! Reads the details of every computer, thousands of calls, with several threads: one
//! token, one memory of the waits that the server asks for, and the results in the order
//! of the list. `cargo run --example threads -- [THREADS] [COMPUTERS]`: 8 and all.
//!
//! Reads `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and
//! `SNOW_ATLAS_REGION` (default `westeurope`). Without them it asks a stand-in server.

mod failure;
mod report;
#[path = "../stand_in/mod.rs"]
mod stand_in;
mod walk;

use std::process::ExitCode;
use std::{env, io};

use failure::{Failure, argument};
use report::{print, speed_up, summary};
use serde_json::Value;
use stand_in::{COMPUTERS, StandIn};
use unattended::{Client, Credentials, Provider, Result};
use walk::walk;

#[derive(serde::Deserialize)]
struct Computer {
    id: String,
}

fn main() -> ExitCode {
    run().map_or_else(Failure::tell, |()| ExitCode::SUCCESS)
}

fn run() -> std::result::Result<(), Failure> {
    let (threads, most) = (argument(1, 8)?, argument(2, usize::MAX)?);
    // It stops when it is dropped, so it must live as long as the client.
    let offline = env::var_os("SNOW_ATLAS_CLIENT_ID").is_none().then(StandIn::limited);
    let client = connect(offline.as_ref())?;
    let computers = client.items::<Computer>(COMPUTERS).take(most);
    let ids = computers.map(|computer| Ok(computer?.id)).collect::<Result<Vec<_>>>()?;

    let details = |client: &Client, id: &str| -> Result<Value> {
        client.get(format!("{COMPUTERS}/{id}"))?.json()
    };
    let done = walk(&client, &ids, threads, details)?;
    print(&mut io::stdout().lock(), &done.results, ids.len())?;
    summary(&client, &done);
    if let Some(server) = &offline {
        eprintln!("calls in the second that the server asked for: {}", server.violations());
        let alone = walk(&client, ids.get(..100).unwrap_or(&ids), 1, details)?;
        speed_up(&done, &alone);
    }
    Ok(())
}

fn connect(offline: Option<&StandIn>) -> Result<Client> {
    if let Some(server) = offline {
        return Client::new(server.snow_atlas()?, server.credentials());
    }
    let region = env::var("SNOW_ATLAS_REGION").unwrap_or_else(|_| "westeurope".into());
    Client::new(Provider::snow_atlas(&region)?, Credentials::from_env("SNOW_ATLAS")?)
}
