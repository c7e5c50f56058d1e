//! Three changes, by what happens when their answer is lost.

use serde_json::{Value, json};
use unattended::error::Delivery;
use unattended::{Client, Request};

use super::ended::check;
use super::outcome::Trouble;
use super::tell::say;

const USERS: &str = "/api/saas/consolidated-view/v1/users";
// Assumed: which resource takes a JSON Patch, and which DELETE a body, is in the vendor's
// specification of each.
const LICENSES: &str = "/api/sam/v1/licenses";

/// The same values again change nothing: it is marked, and so repeated like a GET.
pub fn review(client: &Client, user: &str) -> Result<(), Trouble> {
    let patch = Request::patch(USERS)
        .segment(user)
        .header("Content-Type", "application/merge-patch+json")
        .json(&json!({ "isInReview": true }))
        .safe_to_repeat();
    let user: Value = client.send(&patch)?.json()?;
    let (told, retries) = (&user["isInReview"], client.stats().retries);
    say(format_args!("in review: {told}; repeats: {retries}"));
    Ok(())
}

/// It appends: a second time would append twice. So it is not marked and not repeated;
/// when the answer is lost, a look tells whether it arrived.
pub fn tag(client: &Client, license: &str) -> Result<(), Trouble> {
    let patch = Request::patch(LICENSES)
        .segment(license)
        .header("Content-Type", "application/json-patch+json")
        .json(&json!([{ "op": "add", "path": "/tags/-", "value": TAG }]));
    match client.send(&patch) {
        Ok(_) => say("tagged"),
        Err(error) if error.delivery() == Delivery::Unknown => {
            let license: Value = client.send(Request::get(LICENSES).segment(license))?.json()?;
            if !license["tags"].as_array().is_some_and(|tags| tags.contains(&TAG.into())) {
                return Err(error.into()); // it did not arrive: run again
            }
            say(format_args!("tagged, though the answer was lost: {error}"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// A DELETE is idempotent (RFC 9110 §9.2.2): it is repeated by itself, with its body.
pub fn untag(client: &Client, license: &str) -> Result<(), Trouble> {
    let tags = Request::delete(LICENSES).segment(license).segment("tags");
    let deleted: Value = client.send(tags.json(&json!({ "tags": [TAG] })))?.json()?;
    check(&deleted)?;
    say(format_args!("untagged: {}", deleted["successCount"]));
    Ok(())
}

const TAG: &str = "audited";
