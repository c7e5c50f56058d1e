//! The examples, as programs.

mod call;
mod closing;
mod export;
mod imports;
mod many;
mod own_program;
mod quickstart;
mod upload_folder;
