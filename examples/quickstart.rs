//! The ten lines of the README: prints every computer of a Snow Atlas tenant.
//! Reads `SNOW_ATLAS_CLIENT_ID` and `SNOW_ATLAS_CLIENT_SECRET`.

use unattended::{Client, Credentials, Provider};

fn main() -> unattended::Result<()> {
    let provider = Provider::snow_atlas("westeurope")?;
    let client = Client::new(provider, Credentials::from_env("SNOW_ATLAS")?)?;
    for computer in client.items::<serde_json::Value>("/api/sam/estate/v1/computers") {
        println!("{}", computer?);
    }
    Ok(())
}
