//! What the client does around a call.

pub mod calls;
pub mod diagnose;
pub mod discovery;
pub mod events;
pub mod origins;
pub mod secrets;
pub mod threads;
