//! The project itself: its texts, its structure, its dependencies.

mod direction;
mod docs;
mod pictures;
mod structure;
mod supply;
