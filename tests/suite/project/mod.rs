//! The project itself: its texts, its structure, its dependencies.

mod direction;
mod docs;
mod source;
mod structure;
mod supply;
