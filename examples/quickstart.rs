//! Prints every computer that Snow Atlas knows. Reads `SNOW_ATLAS_CLIENT_ID` and
//! `SNOW_ATLAS_CLIENT_SECRET` (or `SNOW_ATLAS_CLIENT_SECRET_FILE`).

use unattended::{Client, Credentials, Provider};

fn main() -> unattended::Result<()> {
    let client =
        Client::new(Provider::snow_atlas("westeurope")?, Credentials::from_env("SNOW_ATLAS")?)?;
    for computer in client.items::<serde_json::Value>("/api/sam/estate/v1/computers") {
        println!("{}", computer?);
    }
    Ok(())
}
