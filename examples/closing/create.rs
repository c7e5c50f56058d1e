//! The first step, which must not be done twice.

use serde_json::Value;
use unattended::Client;
use unattended::error::Delivery;

use crate::snapdocs::{CLOSINGS, Failure};
use crate::tell::say;

/// A 201 may hold `errors`: warnings, since the closing is there. Whether it is there
/// after an answer that was lost, the look-up will tell.
pub fn create(client: &Client, closing: &Value) -> Result<(), Failure> {
    let answer = client.post(CLOSINGS, closing).and_then(|answer| answer.json::<Value>());
    let created = match answer {
        Ok(created) => created,
        Err(error) if error.delivery() == Delivery::Unknown => {
            say(format_args!("created or not, nobody knows: {error}"));
            return Ok(());
        }
        // A 201 with a body that is empty, say.
        Err(error) if error.delivery() == Delivery::Accepted => {
            return Err(Failure::after(CREATED, &error));
        }
        Err(error) => return Err(error.into()),
    };
    say("created");
    for warning in created["errors"].as_array().into_iter().flatten() {
        say(format_args!("  warning: {warning}"));
    }
    Ok(())
}

const CREATED: &str = "the closing was created, but the answer cannot be used: look it up before another run, which would create a second one";
