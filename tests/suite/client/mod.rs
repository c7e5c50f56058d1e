//! What the client does around a call.

mod calls;
mod diagnose;
mod discovery;
mod events;
mod origins;
mod requests;
mod secrets;
mod stop;
mod threads;
