#!/usr/bin/env -S cargo +nightly -Zscript
---
package.edition = "2024"
dependencies.unattended = "0.1"
dependencies.serde_json = "1"
---
use unattended::{Client, Credentials, Provider};

fn main() -> unattended::Result<()> {
    let provider = Provider::snow_atlas("westeurope")?;
    let client = Client::new(provider, Credentials::from_env("SNOW_ATLAS")?)?;
    for computer in client.items::<serde_json::Value>("/api/sam/estate/v1/computers") {
        println!("{}", computer?);
    }
    Ok(())
}
