//! How long to be patient.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use unattended::{Pace, RetryPolicy};

/// How long to be patient.
#[derive(Args)]
#[command(next_help_heading = "How long to be patient")]
pub struct Patience {
    /// How often a call is repeated at most
    #[arg(long, value_name = "N", default_value = "8", allow_negative_numbers = true, value_parser = number::<u32>)]
    retries: u32,
    /// For each call, all waits included; what it takes to send a file and to receive a content
    /// is limited by --idle instead
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = seconds)]
    deadline: Duration,
    /// How long the server may send nothing; 120 unless it is given
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub idle: Option<Duration>,
    /// No more calls than these, as 5/second or 10000/day: may be repeated
    #[arg(long, value_name = "CALLS/TIME", value_parser = Self::pace)]
    pub pace: Vec<Pace>,
}

impl Patience {
    pub fn policy(&self) -> RetryPolicy {
        self.policy_within(self.deadline)
    }

    /// The same, where this is left of a longer time.
    pub fn policy_within(&self, left: Duration) -> RetryPolicy {
        RetryPolicy::default().with_retries(self.retries).with_deadline(self.deadline.min(left))
    }

    /// # Errors
    ///
    /// What it takes instead.
    fn pace(text: &str) -> Result<Pace, &'static str> {
        let wrong = "takes calls per time: 5/second, 100/minute, 1000/hour, 10000/day";
        let (calls, period) = text.split_once('/').ok_or(wrong)?;
        let calls = calls.parse().ok().filter(|calls| *calls > 0).ok_or(wrong)?;
        match period {
            "second" => Ok(Pace::per_second(calls)),
            "minute" => Ok(Pace::per_minute(calls)),
            "hour" => Ok(Pace::per_hour(calls)),
            "day" => Ok(Pace::per_day(calls)),
            _ => Err(wrong),
        }
    }
}

/// # Errors
///
/// What it takes instead.
pub fn number<N: FromStr>(text: &str) -> Result<N, &'static str> {
    text.parse().map_err(|_| "takes a whole number")
}

/// # Errors
///
/// What it takes instead.
pub fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or("takes a whole number of seconds, at least 1")
}
