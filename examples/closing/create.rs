//! The first step, which must not be done twice.

use serde_json::Value;
use unattended::Client;
use unattended::error::Sent;

use crate::snapdocs::{CLOSINGS, Failure};

/// A 201 may hold `errors`: warnings, since the closing is there. Whether it is there
/// after an answer that was lost, the look-up will tell.
pub fn create(client: &Client, closing: &Value) -> Result<(), Failure> {
    let created: Value = match client.post(CLOSINGS, closing) {
        Ok(answer) => answer.json()?,
        Err(error) if error.sent() == Sent::Unknown => {
            println!("created or not, nobody knows: {error}");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    println!("created");
    for warning in created["errors"].as_array().into_iter().flatten() {
        println!("  warning: {warning}");
    }
    Ok(())
}
