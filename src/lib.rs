//! A blocking client for HTTP APIs behind the OAuth 2.0 client-credentials grant (RFC 6749
//! §4.4), for programs that run with nobody watching: nightly exports, cron scripts,
//! command-line tools.
//!
//! ```no_run
//! use unattended::{Client, Credentials, Provider};
//!
//! fn main() -> unattended::Result<()> {
//!     let provider = Provider::snow_atlas("westeurope")?;
//!     let client = Client::new(provider, Credentials::from_env("SNOW_ATLAS")?)?;
//!     for computer in client.items::<serde_json::Value>("/api/sam/estate/v1/computers") {
//!         println!("{}", computer?);
//!     }
//!     Ok(())
//! }
//! ```
//!
//! These ten lines fetch a token and renew it in time, wait when the server says wait,
//! walk every page, and either deliver everything or say exactly what is missing. No
//! secret is in what they print when they fail.
//!
//! **In scope**: the client-credentials grant with Basic or body authentication; the token
//! endpoint by discovery ([`Provider::discover`]); one token for all threads; JSON, forms
//! and bytes; retries driven by `Retry-After` within one deadline; pages by number, by next
//! page and by link; errors for people and for programs; time that tests can turn.
//!
//! **Out of scope**: other grants, verification of signatures, async, webhooks, NTLM,
//! Kerberos and PAC proxies.
//!
//! # The flow
//!
//! Everything is a value, only the [`Client`] acts. Data flows one way, and the modules
//! stand in its order:
//!
//! ```text
//! Credentials ─┐
//!              ├─ token request ─► exchange ─► AccessToken ─┐
//! Provider ────┘                                            ▼
//! Request ────────────────────────── authorise ─► exchange ─► Response ─► verdict
//!    ▲                                                                       │
//!    │                Accept ──► Response ──► Pagination ──► next Request    │
//!    │                Follow ──► the redirect, without the token elsewhere   │
//!    │           Reauthorize ──► drop the token, once                        │
//!    └────────────── Wait(d) ──► clock.sleep(d), inside one deadline         │
//!                     Reject ──► Error                                     ◄─┘
//! ```
//!
//! # What to know
//!
//! * **Retries**: [`RetryPolicy`]. At most 8, within 15 minutes for a call; a wait that
//!   does not fit is an error at once. 429 is waited out for every method; what may have
//!   arrived is sent again only if it is idempotent (RFC 9110 §9.2.2) or marked
//!   [`safe_to_repeat`](Request::safe_to_repeat).
//! * **Errors**: [`Error`] tells what failed, where, the server's words and what to do;
//!   [`class`](Error::class), [`sent`](Error::sent) and [`exit_code`](Error::exit_code)
//!   tell it to programs.
//! * **Trouble** with credentials, proxy, certificates or clocks: [`Client::check`] tells
//!   what it finds, in lines for a support ticket.
//! * **Timeouts** are on: 10 s to connect, 120 s without a byte from the API, 30 s from
//!   the token endpoint. A name look-up by the operating system cannot be interrupted.
//! * **Threads**: give each a clone of the [`Client`]. Runs and processes share a token by
//!   [`FileStore`], machines by a [`TokenStore`] of yours.
//! * **TLS** is always verified; plain `http` goes to this machine only. The token goes
//!   to the origin of the base URL and nowhere else.
//! * **Secrets** are in no `Debug`, error or event. ureq itself writes through the `log`
//!   crate: at trace level path **and query** of requests, and, under the target
//!   `ureq_proto`, **every byte that it sends and receives, secrets included**. Leave
//!   that target off.
//! * **Tests** of your own program: [`ManualClock`] and a provider on the loopback.
//!
//! # Features
//!
//! * `rustls` (default): TLS by rustls, with Mozilla's roots. A build without any TLS
//!   reaches plain `http` on this machine only.
//! * `platform-verifier`: makes `Client::with_platform_verifier` available: rustls trusts
//!   what the operating system trusts. Switches `rustls` on; 3 more crates on Linux.
//! * `native-tls`: makes `Client::with_native_tls` available: TLS by OpenSSL, SChannel or
//!   Secure Transport. On Linux 15 more crates, or 7 in place of rustls, and the packages
//!   `libssl-dev` and `pkg-config` to build with; nothing but crates on Windows and macOS.
//! * `resolver` (default): remembers addresses for a minute, through the part of ureq that
//!   is outside its semver promise. Without it each call asks the name server, the deadline
//!   of a call costs a thread, and a refusal of a long upload that comes first on a new
//!   connection is seen only when the server closes it.

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
mod problem;
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
mod envelope;
mod pagination;
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
mod event;
mod call;
mod refusal;
mod client;
mod waiting;
mod renewal;
mod revocation;
mod download;
mod verbs;
mod settings;
mod discovery;
mod report;
mod check;

// Whole collections.
mod resume;
mod walk;
mod next_request;
mod pages;

pub use ureq::http;

pub use client::Client;
pub use clock::{Clock, ManualClock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, Result};
pub use event::{Event, Stats, WaitReason};
pub use file_store::FileStore;
pub use id_token::IdToken;
pub use memory::MemoryStore;
pub use pages::{Items, Page, Pages};
pub use pagination::Pagination;
pub use provider::{AuthMethod, Provider};
pub use report::Report;
pub use request::Request;
pub use response::Response;
pub use resume::{Progress, ResumePoint};
pub use retry::RetryPolicy;
pub use store::{StoreEntry, TokenStore};
pub use token::AccessToken;

/// The README's programs compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
