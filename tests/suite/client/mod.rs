//! What the client does around a call.

mod calls;
mod diagnose;
mod discovery;
mod events;
mod jobs;
mod many;
mod origins;
mod own_program;
mod requests;
mod secrets;
mod stop;
mod threads;
