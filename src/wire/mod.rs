//! One exchange with a server: the only folder that knows ureq.

// Why an exchange failed.
pub(crate) mod failure;
// Whom a client trusts and what it shows: certificates, who does TLS.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod certificate;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
pub(crate) mod tls;
// The same, in a build without TLS.
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
pub(crate) mod no_tls;
// Which calls go through a proxy: the hosts without, and the way to the others.
pub(crate) mod no_proxy;
pub(crate) mod proxy;
// All that as one public value.
pub(crate) mod connection;
// Below ureq: the addresses of hosts, the head of an answer, a socket that reads it, and
// connections made of these.
#[cfg(feature = "resolver")]
pub(crate) mod resolver;
#[cfg(feature = "resolver")]
pub(crate) mod head;
#[cfg(feature = "resolver")]
pub(crate) mod socket;
#[cfg(feature = "resolver")]
pub(crate) mod tcp;
#[cfg(feature = "resolver")]
pub(crate) mod connector;
// What comes in, without its codings and to a writer; a request and an answer.
pub(crate) mod coding;
pub(crate) mod download_writer;
pub(crate) mod message;
// What the errors of TLS, of proxies and of ureq mean.
pub(crate) mod tls_error;
pub(crate) mod proxy_error;
pub(crate) mod network_error;
// The pool of connections, and an exchange over it.
pub(crate) mod transport;
pub(crate) mod exchange;
