//! The examples, as programs.

pub mod call;
pub mod closing;
pub mod export;
pub mod imports;
pub mod many;
pub mod own_program;
pub mod quickstart;
pub mod upload_folder;
