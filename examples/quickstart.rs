//! The ten lines of the README: prints every order of an API of your own.
//! Reads `ORDERS_CLIENT_ID` and `ORDERS_CLIENT_SECRET`.

use unattended::{Client, Credentials, Provider};

fn main() -> unattended::Result<()> {
    let provider = Provider::new("https://sso.example.com/token", "https://api.example.com")?;
    let client = Client::new(provider, Credentials::from_env("ORDERS")?)?;
    for order in client.items::<serde_json::Value>("/orders") {
        println!("{}", order?);
    }
    Ok(())
}
