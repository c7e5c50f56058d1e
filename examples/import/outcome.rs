//! How a job ends when it does not end well, and the exit code for it.

use std::fmt;

use serde_json::Value;
use unattended::Error;

pub enum Trouble {
    /// A call failed; its own exit code.
    Call(Error),
    /// The server says in an answer of success that the job failed: 69.
    Failed(String),
    /// A part went in and a part did not: 65.
    Partly(String),
    /// The job is not over at the deadline: 75.
    Late(String),
    /// Arguments: 64.
    Usage(&'static str),
}

impl Trouble {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Call(error) => error.exit_code(),
            Self::Failed(_) => 69,
            Self::Partly(_) => 65,
            Self::Late(_) => 75,
            Self::Usage(_) => 64,
        }
    }
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
    if ["failedCount", "failed", "failureReason"].iter().all(|name| is_empty(&result[name])) {
        return Ok(());
    }
    let count = |name| result[name].as_u64().map_or("?".into(), |count| count.to_string());
    let (succeeded, failed) = (count("successCount"), count("failedCount"));
    let reason = result["failureReason"].as_str().unwrap_or("no reason is given");
    let rows = &result["failed"];
    Err(Trouble::Partly(format!("{succeeded} succeeded, {failed} failed: {reason}: {rows}")))
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Failed(text) | Self::Partly(text) | Self::Late(text) => f.write_str(text),
            Self::Usage(text) => f.write_str(text),
        }
    }
}
