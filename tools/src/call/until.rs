//! Asks again and again until a task is over.

use std::time::{Duration, Instant};

use clap::Args;
use serde_json::Value;
use unattended::http::Method;
use unattended::{Client, Request, Response};

use super::request::pair;
use crate::failure::Failure;
use crate::member::{member, text};
use crate::options::patience::{Patience, seconds};

#[derive(Args)]
#[command(next_help_heading = "Asking until a task is over")]
pub struct Until {
    /// Asks again until the JSON of the answer has this: status=done, meta.state=finished; may be
    /// repeated, for several ends. Retry-After says when, or else the time doubles up to a minute
    #[arg(long = "until", value_name = "PATH=VALUE", value_parser = pair, conflicts_with = "accept")]
    ends: Vec<(String, String)>,
    /// Ends with exit code 69 when it has this: status=failed; may be repeated
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair, requires = "ends")]
    fail_on: Vec<(String, String)>,
    /// How long all of it may take, before exit code 75
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    within: Duration,
}

impl Until {
    pub fn is_given(&self) -> bool {
        !self.ends.is_empty()
    }

    /// # Errors
    ///
    /// If it could do harm to send this again and again.
    pub fn check(&self, method: &Method, is_safe: bool) -> Result<(), Failure> {
        match self.is_given() && method != Method::GET && !is_safe {
            true => Err(Failure::Usage("--until needs a GET, or --safe-to-repeat".into())),
            false => Ok(()),
        }
    }

    /// The last answer.
    pub fn poll(
        &self,
        client: &Client,
        request: &Request,
        patience: &Patience,
    ) -> Result<Response, Failure> {
        let (started, mut interval) = (Instant::now(), FIRST);
        loop {
            let left = self.within.saturating_sub(started.elapsed());
            let policy = patience.policy_within(left);
            let answer = client.send(request.clone().with_retry_policy(policy))?;
            let body = match answer.bytes().is_empty() {
                true => Value::Null,
                false => answer.json::<Value>()?,
            };
            if let Some((path, value)) = self.fail_on.iter().find(|it| holds(&body, it)) {
                return Err(Failure::Refused(format!("the task ended with {path}={value}")));
            }
            if self.ends.iter().any(|it| holds(&body, it)) {
                return Ok(answer);
            }
            // A server that always says "at once" would be asked without a pause.
            let asked = answer.retry_after().filter(|wait| !wait.is_zero());
            let wait = asked.unwrap_or(interval);
            if wait >= self.within.saturating_sub(started.elapsed()) {
                let within = self.within.as_secs();
                return Err(Failure::Late(format!(
                    "the task is not over within {within} s (--within)"
                )));
            }
            client.sleep(wait);
            if asked.is_none() {
                interval = (interval * 2).min(CEILING);
            }
        }
    }
}

fn holds(body: &Value, (path, value): &(String, String)) -> bool {
    member(body, path).is_some_and(|found| text(found) == *value)
}

const FIRST: Duration = Duration::from_millis(500);
const CEILING: Duration = Duration::from_secs(60);
