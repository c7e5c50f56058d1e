//! One exchange.

pub(crate) mod failure;
#[cfg(feature = "resolver")]
pub(crate) mod head;
#[cfg(feature = "resolver")]
pub(crate) mod connection;
#[cfg(feature = "resolver")]
pub(crate) mod resolver;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod pem;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod certificate;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod tls;
pub(crate) mod no_proxy;
pub(crate) mod proxy;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod handshake;
pub(crate) mod coding;
pub(crate) mod network_error;
pub(crate) mod request_body;
pub(crate) mod download_writer;
pub(crate) mod transport;
pub(crate) mod exchange;
