//! Whether a task is over, and whether all of it went well.

use serde_json::Value;
use unattended::Response;
use unattended::http::StatusCode;

use super::outcome::Trouble;

/// What the task came to, once it is over. The state in the body counts more than the
/// status: `Failed` comes inside a 200.
pub fn over(answer: &Response) -> Result<Option<Value>, Trouble> {
    let body = if answer.bytes().is_empty() { Value::Null } else { answer.json()? };
    let state = match &body["status"] {
        Value::Null => String::new(),
        Value::String(state) => state.clone(),
        other => other.to_string(),
    };
    // It tells of a task and neither of a state nor of an outcome: it has only begun.
    let is_told = |name: &&str| !body[name].is_null();
    let has_begun = is_told(&"taskId") && !OUTCOME.iter().any(is_told);
    let is_in = |states: &[&str]| states.iter().any(|name| name.eq_ignore_ascii_case(&state));
    if is_in(&PENDING)
        || (state.is_empty() && (has_begun || answer.status() == StatusCode::ACCEPTED))
    {
        return Ok(None);
    }
    if state.is_empty() || is_in(&GOOD) {
        check(&body)?;
        return Ok(Some(body));
    }
    // A state that is not known is an end as well: waiting for ever would be silent.
    let reason = body["failureReason"].as_str().unwrap_or("no reason is given");
    Err(Trouble::Failed(format!("the task ended as {state}: {reason}")))
}

/// A partial failure inside a 200: `{successCount, failedCount, failed, failureReason}`,
/// each of which may be missing.
pub fn check(result: &Value) -> Result<(), Trouble> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(told) => !told,
        Value::Number(count) => count.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(rows) => rows.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    };
    let [_, bad @ ..] = OUTCOME;
    if bad.iter().all(|name| is_empty(&result[name])) {
        return Ok(());
    }
    let count = |name| result[name].as_u64().map_or("?".into(), |count| count.to_string());
    let (succeeded, failed) = (count("successCount"), count("failedCount"));
    let reason = result["failureReason"].as_str().unwrap_or("no reason is given");
    let rows = &result["failed"];
    Err(Trouble::Partly(format!("{succeeded} succeeded, {failed} failed: {reason}: {rows}")))
}

/// The first is good news, whatever it says.
const OUTCOME: [&str; 4] = ["successCount", "failedCount", "failed", "failureReason"];
// The vendor's documents do not list the states: add those that you meet.
const PENDING: [&str; 6] = ["Pending", "Queued", "Waiting", "InProgress", "Running", "Processing"];
const GOOD: [&str; 5] = ["Completed", "Succeeded", "Success", "Done", "Finished"];
