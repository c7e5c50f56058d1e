//! A provider without a preset: a Keycloak realm, found by its issuer, and an API that pages
//! in its own way.
//!
//! Reads no variables: a stand-in server plays the realm and the API.

#[path = "stand_in/mod.rs"]
mod stand_in;

use serde::Deserialize;
use stand_in::{ORDERS, StandIn};
use unattended::{AuthMethod, Client, Pagination, Result};

#[derive(Deserialize)]
struct Order {
    order: u64,
    open: bool,
}

fn main() -> Result<()> {
    // Yours: "https://sso.example.com/realms/demo", "https://api.example.com" and
    // Credentials::from_env("ORDERS")?
    let stand_in = StandIn::calm();
    let (realm, api) = (stand_in.url("/realms/demo"), stand_in.url(""));
    let credentials = stand_in.credentials();

    // `{"results": […], "paging": {"next_cursor": "…"}}`: the cursor is asked for as `?cursor=…`.
    let pages = Pagination::cursor("cursor", "paging.next_cursor")
        .with_rows_at("results")
        .with_page_size("per_page", 20);
    // Token endpoint and client authentication are what the realm says of itself. It may
    // offer several ways; this is the one that the application is registered for.
    let provider = unattended::discover(&realm, &api)?
        .with_auth_method(AuthMethod::ClientSecretBasic)
        .with_scope("orders:read")
        .with_audience("orders-api")
        .with_resource("https://api.example.com/orders") // RFC 8707; may be called again
        .with_token_parameter("client_note", "nightly report")
        .with_pagination(pages);
    let client = Client::new(provider, credentials)?;

    for order in client.items::<Order>(ORDERS) {
        let Order { order, open } = order?;
        if open {
            println!("order {order} is open");
        }
    }
    eprintln!("{} rows in {} pages", client.stats().rows, client.stats().pages);
    Ok(())
}
