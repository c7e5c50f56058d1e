#!/usr/bin/env -S cargo +nightly -Zscript
---
package.edition = "2024"
dependencies.unattended = "0.1"
dependencies.serde_json = "1"
---
use unattended::{Client, Credentials, Provider};

fn main() -> unattended::Result<()> {
    let provider = Provider::new("https://sso.example.com/token", "https://api.example.com")?;
    let client = Client::new(provider, Credentials::from_env("ORDERS")?)?;
    for order in client.items::<serde_json::Value>("/orders") {
        println!("{}", order?);
    }
    Ok(())
}
