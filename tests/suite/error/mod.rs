//! What an error says, to people and to programs.

mod errors;
