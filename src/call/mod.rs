//! One call: what was tried, what the server asked for, and what is left.

pub(crate) mod cooldown;
pub(crate) mod state;
pub(crate) mod redact;
pub(crate) mod api_advice;
pub(crate) mod refusal;
