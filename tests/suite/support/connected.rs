//! A client with one setting of its connection changed and the others kept.

use std::time::Duration;

use unattended::{Client, Connection, Result};

pub trait Connected: Sized {
    fn change(self, change: impl FnOnce(Connection) -> Result<Connection>) -> Result<Self>;

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn with_root_certificates(self, pem: impl AsRef<[u8]>) -> Result<Self> {
        self.change(|connection| connection.with_root_certificates(pem))
    }

    #[cfg(any(feature = "rustls", feature = "native-tls"))]
    fn with_client_certificate(
        self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self> {
        self.change(|connection| connection.with_client_certificate(chain, key))
    }

    #[cfg(feature = "platform-verifier")]
    fn with_platform_verifier(self) -> Self {
        self.change(|connection| Ok(connection.with_platform_verifier())).unwrap()
    }

    #[cfg(feature = "native-tls")]
    fn with_native_tls(self) -> Self {
        self.change(|connection| Ok(connection.with_native_tls())).unwrap()
    }

    fn with_proxy(self, url: &str) -> Result<Self> {
        self.change(|connection| connection.with_proxy(url))
    }

    fn without_proxy(self) -> Self {
        self.change(|connection| Ok(connection.without_proxy())).unwrap()
    }

    fn with_user_agent(self, user_agent: &str) -> Result<Self> {
        self.change(|connection| connection.with_user_agent(user_agent))
    }

    fn with_connect_timeout(self, timeout: Duration) -> Self {
        self.change(|connection| Ok(connection.with_connect_timeout(timeout))).unwrap()
    }

    fn with_idle_timeout(self, timeout: Duration) -> Self {
        self.change(|connection| Ok(connection.with_idle_timeout(timeout))).unwrap()
    }

    fn with_token_idle_timeout(self, timeout: Duration) -> Self {
        self.change(|connection| Ok(connection.with_token_idle_timeout(timeout))).unwrap()
    }
}

impl Connected for Client {
    fn change(self, change: impl FnOnce(Connection) -> Result<Connection>) -> Result<Self> {
        let connection = change(self.connection().clone())?;
        Ok(self.with_connection(connection))
    }
}
