//! A provider without a preset: a Keycloak realm, found by its issuer, and an API that pages
//! in its own way.
//!
//! Reads `ORDERS_CLIENT_ID` and `ORDERS_CLIENT_SECRET` (or `…_SECRET_FILE`), `ORDERS_REALM`
//! (such as `https://sso.example.com/realms/demo`) and `ORDERS_API` (such as
//! `https://api.example.com`). Without the first it asks a stand-in server.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::env;
use std::error::Error;

use serde::Deserialize;
use stand_in::{ORDERS, StandIn};
use unattended::{AuthMethod, Client, Credentials, Pagination};

#[derive(Deserialize)]
struct Order {
    order: u64,
    open: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    // It stops when it is dropped, so it must live as long as the client.
    let stand_in = StandIn::calm();
    let (realm, api, credentials) = match env::var_os("ORDERS_CLIENT_ID") {
        Some(_) => {
            let credentials = Credentials::from_env("ORDERS")?;
            (env::var("ORDERS_REALM")?, env::var("ORDERS_API")?, credentials)
        }
        None => (stand_in.url("/realms/demo"), stand_in.url(""), stand_in.credentials()),
    };

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
