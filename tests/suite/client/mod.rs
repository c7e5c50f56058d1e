//! What the client does around a call.

mod calls;
mod diagnose;
mod discovery;
mod events;
mod origins;
mod secrets;
mod threads;
