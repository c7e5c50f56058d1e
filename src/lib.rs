//! placeholder
#![warn(unreachable_pub)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::todo,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

mod answer;
mod call;
mod client;
mod clock;
mod credentials;
mod envelope;
pub mod error;
mod event;
mod failure;
mod form;
mod id_token;
mod locate;
mod pages;
mod pagination;
mod presets;
mod problem;
mod provider;
mod proxy;
mod renewal;
mod request;
#[cfg(feature = "resolver")]
mod resolver;
mod response;
mod resume;
mod retry;
mod secret;
mod settings;
mod store;
#[cfg(feature = "rustls")]
mod tls;
mod token;
mod transport;
mod url;
mod verbs;
mod walk;

pub use client::Client;
pub use clock::{Clock, ManualClock, SystemClock};
pub use credentials::Credentials;
pub use error::{Error, Result};
pub use event::{Event, Stats, WaitReason};
pub use id_token::IdToken;
pub use pages::{Items, Page, Pages};
pub use pagination::Pagination;
pub use provider::{AuthMethod, Provider};
pub use request::Request;
pub use response::Response;
pub use resume::{Progress, ResumePoint};
pub use retry::RetryPolicy;
pub use token::AccessToken;
pub use ureq::http;
