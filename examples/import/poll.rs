//! Polls a task until it is over: made to be copied.

use std::time::Duration;

use serde_json::Value;
use unattended::{Client, Clock, Request, Response, RetryPolicy};

use super::ended::over;
use super::outcome::Trouble;

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
        client.sleep(wait);
        if asked.is_none() {
            interval = (interval * 2).min(patience.ceiling);
        }
        let policy = RetryPolicy::default().with_deadline(left());
        answer = client.send(task.clone().with_retry_policy(policy))?;
    }
}
