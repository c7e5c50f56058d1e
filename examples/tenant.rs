//! Reads the tenant from the id_token that Snow Atlas sends along with the scope `openid`.
//! It is not verified, and need not be: it came straight from the token endpoint over TLS.
//!
//! Reads no variables: a stand-in server plays Snow Atlas.

#[path = "stand_in/mod.rs"]
mod stand_in;

use stand_in::StandIn;
use unattended::{Client, Result};

fn main() -> Result<()> {
    // Yours: Provider::snow_atlas("westeurope")? and Credentials::from_env("SNOW_ATLAS")?
    let stand_in = StandIn::calm();
    let (provider, credentials) = (stand_in.snow_atlas()?, stand_in.credentials());
    let client = Client::new(provider.with_scope("openid"), credentials)?;

    let id_token = client.access_token()?.id_token()?;
    println!("tenant: {}", id_token.tenant().unwrap_or("none is named"));
    // Any other claim by its name, as the type that you expect.
    println!("named: {}", id_token.claim::<String>("tenant_name")?);
    println!("in: {}", id_token.claim::<String>("region")?);
    println!("all claims: {}", id_token.claims().keys().cloned().collect::<Vec<_>>().join(", "));
    Ok(())
}
