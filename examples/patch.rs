//! Changes a licence: which changes may be sent twice, and what to do when the answer to one
//! is lost that may not.
//!
//! Reads no variables: a stand-in server plays Snow Atlas, and loses the first answer.

#[path = "stand_in/mod.rs"]
mod stand_in;

use serde_json::{Value, json};
use stand_in::{LICENSE, StandIn};
use unattended::error::Delivery;
use unattended::{Client, Request, Result};

fn main() -> Result<()> {
    // Yours: Provider::snow_atlas("westeurope")? and Credentials::from_env("SNOW_ATLAS")?
    let stand_in = StandIn::calm();
    let client = Client::new(stand_in.snow_atlas()?, stand_in.credentials())?;
    tag(&client)?;
    untag(&client)
}

/// It appends: a second time would append twice. So it is not repeated by itself; a look
/// tells whether it arrived. What does no harm twice is marked `.safe_to_repeat()`.
fn tag(client: &Client) -> Result<()> {
    let patch = Request::patch(LICENSE)
        .header("Content-Type", "application/json-patch+json")
        .json(&json!([{ "op": "add", "path": "/tags/-", "value": "audited" }]));
    match client.send(&patch) {
        Ok(_) => println!("tagged"),
        Err(error) if error.delivery() == Delivery::Unknown => {
            let license: Value = client.get(LICENSE)?.json()?;
            if !license["tags"].as_array().is_some_and(|tags| tags.contains(&"audited".into())) {
                return Err(error); // it did not arrive: run again
            }
            println!("tagged, though the answer was lost");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A DELETE is idempotent (RFC 9110 §9.2.2): it is repeated by itself, with its body.
fn untag(client: &Client) -> Result<()> {
    let delete = Request::delete(LICENSE).segment("tags").json(&json!({ "tags": ["audited"] }));
    let told: Value = client.send(&delete)?.json()?;
    println!("untagged: {}", told["successCount"]); // a part may have failed inside a 200
    Ok(())
}
