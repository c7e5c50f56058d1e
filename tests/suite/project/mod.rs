//! The project itself: its texts, its structure, its dependencies.

mod docs;
mod structure;
mod supply;
