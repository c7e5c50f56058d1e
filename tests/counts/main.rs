//! What the crate costs, where it can be counted exactly: memory and allocations. Times
//! are measured by the benchmarks and asserted nowhere.
//!
//! A binary of its own, since it has an allocator that counts, thread by thread: what the
//! servers of these tests allocate in their threads does not.
#![allow(missing_docs, reason = "a test binary has no documentation")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers are the tests' own, and small")]

mod calls;
mod connections;
mod memory;
mod server;
