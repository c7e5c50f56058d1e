// The text of the README is that of the documentation. What it links to is defined before
// it, as items, and its pictures as data; its own definitions, which lead to files, then do not
// count here.
//! [`Client`]: Client
//! [`Error`]: Error
//! [`Provider`]: Provider
//! [calls]: guide::calls
//! [changelog]: guide::changelog
//! [comparison]: guide::comparison
//! [credentials]: guide::credentials
//! [design]: guide::design
//! [migration]: guide::migration
//! [observing]: guide::observing
//! [paging]: guide::paging
//! [performance]: guide::performance
//! [platforms]: guide::platforms
//! [promises]: guide::promises
//! [scripts]: guide::scripts
//! [security]: guide::security
//! [servers]: guide::servers
//! [stopping]: guide::stopping
//! [stores]: guide::stores
//! [testing]: guide::testing
//! [threads]: guide::threads
#![doc = include_str!("../docs/pictures/inline.md")]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    warn(unused_crate_dependencies),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

// Values and pure decisions, and the errors in the server's words and in ours.
mod clock;
mod encoding;
mod mask;
pub mod error;
mod url;
mod json_text;
mod links;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod pem;
mod credentials;
mod retry;
mod pace;
mod request;
mod response;
mod provider;
mod event;
mod logging;
mod stats;

// One exchange; one call; the token; the client; whole collections.
mod wire;
mod call;
mod token;
mod client;
mod pages;

// For people: the files of the folder docs.
#[cfg(doc)]
pub mod guide;

pub use ureq::http;

pub use client::Client;
pub use client::discovery::{discover, discover_with};
pub use client::report::Report;
pub use clock::{Clock, ManualClock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, Result};
pub use event::{Event, Progress, Proof, WaitReason};
#[cfg(feature = "log")]
pub use logging::log_events;
#[cfg(feature = "tracing")]
pub use logging::trace_events;
pub use pace::Pace;
pub use pages::resume::ResumePoint;
pub use pages::{Items, Page, Pages};
pub use provider::{AuthMethod, Pagination, Provider};
pub use request::Request;
pub use response::Response;
pub use retry::RetryPolicy;
pub use stats::Stats;
pub use token::access_token::AccessToken;
pub use token::file_store::FileStore;
pub use token::id_token::IdToken;
pub use token::memory::MemoryStore;
pub use token::store::{StoreEntry, TokenStore};
pub use wire::connection::Connection;
