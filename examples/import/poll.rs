//! Polls a task until it is over: made to be copied.

use std::time::Duration;

use serde_json::Value;
use unattended::http::StatusCode;
use unattended::{Client, Clock, Request, Response, RetryPolicy};

use super::outcome::{Trouble, check};

pub struct Patience {
    /// The first wait; each further one is twice as long, up to the ceiling.
    pub first: Duration,
    pub ceiling: Duration,
    /// For the whole of it: waits, calls, and what the calls wait by themselves.
    pub deadline: Duration,
}

impl Patience {
    pub fn of(deadline: Duration) -> Self {
        Self { first: Duration::from_millis(500), ceiling: Duration::from_secs(60), deadline }
    }
}

/// The last answer of the task that `started` began. A `Retry-After` wins over the
/// interval; a wait that does not fit is not begun. `clock` is the one of `client`.
pub fn poll(
    client: &Client,
    clock: &impl Clock,
    started: Response,
    task: &Request,
    patience: &Patience,
) -> Result<Value, Trouble> {
    let end = clock.monotonic().saturating_add(patience.deadline);
    // It may be over during a wait: of a machine that was suspended, say.
    let left = || end.saturating_sub(clock.monotonic());
    let (mut answer, mut interval) = (started, patience.first);
    loop {
        if let Some(result) = over(&answer)? {
            return Ok(result);
        }
        // A server that always says "at once" would be asked without a pause.
        let asked = answer.retry_after().filter(|wait| !wait.is_zero());
        let wait = asked.unwrap_or(interval);
        if wait >= left() {
            let deadline = patience.deadline;
            let told =
                format!("the task is not over within {deadline:?}; the server goes on with it");
            return Err(Trouble::Late(told));
        }
        client.wait(wait);
        if asked.is_none() {
            interval = (interval * 2).min(patience.ceiling);
        }
        let policy = RetryPolicy::default().with_deadline(left());
        answer = client.send(&task.clone().with_retry_policy(policy))?;
    }
}

/// What the task came to, once it is over. The state in the body counts more than the
/// status: `Failed` comes inside a 200.
fn over(answer: &Response) -> Result<Option<Value>, Trouble> {
    let body = if answer.bytes().is_empty() { Value::Null } else { answer.json()? };
    let state = body["status"].as_str().unwrap_or_default();
    let is_in = |states: &[&str]| states.iter().any(|name| name.eq_ignore_ascii_case(state));
    if is_in(&PENDING) || (state.is_empty() && answer.status() == StatusCode::ACCEPTED) {
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

// The vendor's documents do not list the states: add those that you meet.
const PENDING: [&str; 6] = ["Pending", "Queued", "Waiting", "InProgress", "Running", "Processing"];
const GOOD: [&str; 5] = ["Completed", "Succeeded", "Success", "Done", "Finished"];
