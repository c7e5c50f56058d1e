//! Reads the tenant from the id_token that Snow Atlas sends along with the scope `openid`.
//! It is not verified, and need not be: it came straight from the token endpoint over TLS.
//!
//! Reads `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET` (or `…_SECRET_FILE`), and
//! `SNOW_ATLAS_REGION` (default `westeurope`). Without them it asks a stand-in server.

#[path = "stand_in/mod.rs"]
mod stand_in;

use std::env;

use stand_in::StandIn;
use unattended::{Client, Credentials, Provider, Result};

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
    let client = Client::new(provider.with_scope("openid"), credentials)?;

    let id_token = client.access_token()?.id_token()?;
    println!("tenant: {}", id_token.tenant().unwrap_or("none is named"));
    // Any other claim by its name, as the type that you expect.
    println!("named: {}", id_token.claim::<String>("tenant_name")?);
    println!("in: {}", id_token.claim::<String>("region")?);
    println!("all claims: {}", id_token.claims().keys().cloned().collect::<Vec<_>>().join(", "));
    Ok(())
}
