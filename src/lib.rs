// The text of the README is that of the documentation. What it links to is defined before
// it, as items; its own definitions, which lead to files, then do not count here.
//! [`Client`]: Client
//! [`Credentials`]: Credentials
//! [`Error`]: Error
//! [`FileStore`]: FileStore
//! [`ManualClock`]: ManualClock
//! [`Pagination`]: Pagination
//! [`Provider`]: Provider
//! [`RetryPolicy`]: RetryPolicy
//! [`TokenStore`]: TokenStore
//! [changelog]: guide::changelog
//! [comparison]: guide::comparison
//! [design]: guide::design
//! [migration]: guide::migration
//! [paging]: guide::paging
//! [promises]: guide::promises
//! [report]: Client::check
//! [scripts]: guide::scripts
//! [security]: guide::security
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

// What everything stands on: time, encodings, the mask.
mod clock;
mod form;
mod secret;

// What can go wrong, in the server's words and in ours.
mod answer;
mod class;
pub mod error;
mod wording;
mod problem;
mod challenge;
mod url;

// Who asks.
mod credentials;
mod id_token;

// What is asked, when it is asked again, and what comes back.
mod locate;
mod retry;
mod request;
mod query;
mod response;

// Where it is asked, and how it pages.
mod json_path;
mod pagination;
mod paging_text;
mod provider;
mod presets;

// The token: how it is asked for and read, and where it is kept.
mod diagnosis;
mod token;
mod grant;
mod wishes;
mod store;
mod memory;
mod file_store;

// One exchange.
#[cfg(feature = "resolver")]
mod resolver;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod certificate;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod tls;
mod proxy;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod handshake;
mod failure;
mod payload;
mod sink;
mod transport;
mod exchange;

// The client: one loop over exchanges.
mod progress;
mod event;
mod call;
mod hidden;
mod refusal;
mod client;
mod waiting;
mod renewal;
mod authorization;
mod revocation;
mod download;
mod verbs;
mod settings;
mod discovery;
mod report;
mod check;

// Whole collections.
mod pages;

// For people: the files of the folder docs.
#[cfg(doc)]
pub mod guide;

pub use ureq::http;

pub use client::Client;
pub use clock::{Clock, ManualClock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, Result};
pub use event::{Event, Stats, WaitReason};
pub use file_store::FileStore;
pub use id_token::IdToken;
pub use memory::MemoryStore;
pub use pages::resume::ResumePoint;
pub use pages::{Items, Page, Pages};
pub use pagination::Pagination;
pub use progress::{Progress, Proof};
pub use provider::{AuthMethod, Provider};
pub use report::Report;
pub use request::Request;
pub use response::Response;
pub use retry::RetryPolicy;
pub use store::{StoreEntry, TokenStore};
pub use token::AccessToken;
