//! Attempts, waits and redirects of one call.

mod cooldowns;
mod redirects;
mod retries;
