//! Observers that are ready to use: events as lines of a log.

#[cfg(any(feature = "log", feature = "tracing"))]
use crate::event::Event;

/// Writes each event through the crate `log`, under the target `unattended`: what a person should
/// look at as a warning, tokens and the ends of walks as information, all else for debugging.
/// Needs the feature `log`.
///
/// ```
/// # fn run(client: unattended::Client) {
/// let client = client.with_observer(unattended::log_events);
/// # }
/// ```
#[cfg(feature = "log")]
pub fn log_events(event: &Event) {
    let level = match severity(event) {
        Severity::Warning => log::Level::Warn,
        Severity::Information => log::Level::Info,
        Severity::Detail => log::Level::Debug,
    };
    log::log!(target: "unattended", level, "{event}");
}

/// As `log_events`, through the crate `tracing`. Needs the feature `tracing`.
///
/// ```
/// # fn run(client: unattended::Client) {
/// let client = client.with_observer(unattended::trace_events);
/// # }
/// ```
#[cfg(feature = "tracing")]
pub fn trace_events(event: &Event) {
    match severity(event) {
        Severity::Warning => tracing::warn!(target: "unattended", "{event}"),
        Severity::Information => tracing::info!(target: "unattended", "{event}"),
        Severity::Detail => tracing::debug!(target: "unattended", "{event}"),
    }
}

#[cfg(any(feature = "log", feature = "tracing"))]
enum Severity {
    Warning,
    Information,
    Detail,
}

#[cfg(any(feature = "log", feature = "tracing"))]
fn severity(event: &Event) -> Severity {
    match event {
        Event::OldTokenKept { .. }
        | Event::StoreFailed { .. }
        | Event::TokenRefused { .. }
        | Event::Waiting { .. }
        | Event::QueryNotKept { .. }
        | Event::LooksLikeOnePage { .. }
        | Event::TotalChanged { .. }
        | Event::Deprecated { .. } => Severity::Warning,
        Event::TokenFetched { .. } | Event::WalkEnded { .. } => Severity::Information,
        Event::TokenReused { .. } | Event::Retrying { .. } | Event::Page { .. } => Severity::Detail,
    }
}
