//! Makes connections: what ureq's own connector does, with sockets of ours.

use std::net::ToSocketAddrs;
use std::sync::Arc;

use ureq::config::Config;
#[cfg(feature = "native-tls")]
use ureq::unversioned::transport::NativeTlsConnector;
#[cfg(feature = "rustls")]
use ureq::unversioned::transport::RustlsConnector;
#[cfg(feature = "socks")]
use ureq::unversioned::transport::SocksConnector;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, Transport,
};
use ureq::{Error, Proxy};

use crate::clock::Clock;
use crate::wire::resolver::{LookUp, Memory, NotConnected};
use crate::wire::socket::{Broken, Reading, Socket};
use crate::wire::tcp::Tcp;

/// An agent that asks for addresses through the memory.
pub(crate) fn agent(config: Config, clock: Arc<dyn Clock>) -> ureq::Agent {
    agent_asking(config, clock, |host, port| Ok((host, port).to_socket_addrs()?.collect()))
}

fn agent_asking(config: Config, clock: Arc<dyn Clock>, look_up: LookUp) -> ureq::Agent {
    let memory = Memory::new(clock, look_up);
    let connections = Connections {
        memory: memory.clone(),
        #[cfg(feature = "socks")]
        socks: SocksConnector::default(),
        tunnels: ConnectProxyConnector::default(),
        #[cfg(feature = "rustls")]
        rustls: RustlsConnector::default(),
        #[cfg(feature = "native-tls")]
        native_tls: NativeTlsConnector::default(),
    };
    ureq::Agent::with_parts(config, connections, memory)
}

#[derive(Debug)]
struct Connections {
    memory: Memory,
    #[cfg(feature = "socks")]
    socks: SocksConnector,
    tunnels: ConnectProxyConnector,
    #[cfg(feature = "rustls")]
    rustls: RustlsConnector,
    #[cfg(feature = "native-tls")]
    native_tls: NativeTlsConnector,
}

impl Connections {
    /// A [`Socket`] below TLS and a [`Reading`] above it.
    fn chain(&self, details: &ConnectionDetails<'_>) -> Result<Option<Box<dyn Transport>>, Error> {
        let socket = None::<()>;
        #[cfg(feature = "socks")]
        let socket = self.socks.connect(details, socket)?;
        let tunnel = self.tunnels.connect(details, socket)?;
        let inner: Box<dyn Transport> = match tunnel {
            Some(tunnel) => Box::new(tunnel),
            None => Box::new(Tcp::connect(details)?),
        };
        let broken = Broken::default();
        let connection = Some(Socket { inner, broken: broken.clone(), is_broken: false });
        #[cfg(feature = "rustls")]
        let connection = self.rustls.connect(details, connection)?;
        #[cfg(feature = "native-tls")]
        let connection = self.native_tls.connect(details, connection)?;
        Ok(connection.map(|inner| {
            let current_time = details.current_time.clone();
            Box::new(Reading::new(Box::new(inner), broken, current_time)) as Box<dyn Transport>
        }))
    }
}

impl Connector<()> for Connections {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            // Ours all carry timeouts of their own: for such requests ureq would build the
            // configuration of TLS again for each connection, though it is the agent's.
            request_level: false,
            resolver: details.resolver,
            now: details.now,
            // The idle limit is for a server that is connected: the handshake of TLS is under
            // the limit for connections.
            timeout: NextTimeout { per_read: None, per_write: None, ..details.timeout },
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.chain(&details).map_err(|error| {
            // The host may have moved, or the proxy.
            let proxy = details.config.proxy().map(Proxy::uri);
            for uri in proxy.into_iter().chain([details.uri]) {
                self.memory.forget(uri);
            }
            match error {
                Error::Other(cause) if cause.is::<NotConnected>() => Error::Other(cause),
                error => Error::Other(Box::new(NotConnected::Connect(error))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use ureq::unversioned::transport::{Buffers, LazyBuffers};

    use super::*;
    use crate::clock::ManualClock;

    /// A server that keeps connections, or closes each after its answer.
    fn server(keeps: bool) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|count| count > 0) {
                    let connection = if keeps { "keep-alive" } else { "close" };
                    let answer = format!("HTTP/1.1 204 X\r\nconnection: {connection}\r\n\r\n");
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        address
    }

    /// Without the proxy that the environment may name.
    fn direct() -> Config {
        Config::builder().proxy(None).build()
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::new())
    }

    fn get(agent: &ureq::Agent, port: u16) -> Result<(), Error> {
        agent.get(format!("http://api.vendor.test:{port}/")).call().map(drop)
    }

    #[test]
    fn two_hundred_calls_by_name_ask_once_whether_connections_are_kept_or_not() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        for keeps in [true, false] {
            ASKED.store(0, Ordering::Relaxed);
            let agent = agent_asking(direct(), clock(), |host, port| {
                assert_eq!(host, "api.vendor.test");
                ASKED.fetch_add(1, Ordering::Relaxed);
                Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
            });
            let port = server(keeps).port();
            (0..200).for_each(|_| get(&agent, port).unwrap());
            assert_eq!(ASKED.load(Ordering::Relaxed), 1, "{keeps}");
        }
    }

    #[test]
    fn an_address_that_does_not_answer_is_asked_for_again() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let agent = agent_asking(direct(), clock(), |_, port| {
            // The host has moved since the first answer.
            let last = if ASKED.fetch_add(1, Ordering::Relaxed) == 0 { 2 } else { 1 };
            Ok(vec![SocketAddr::from(([127, 0, 0, last], port))])
        });
        let port = server(true).port();
        assert!(get(&agent, port).is_err());
        get(&agent, port).unwrap();
        assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn each_address_of_a_host_is_tried_until_one_answers() {
        let agent = agent_asking(direct(), clock(), |_, port| {
            Ok([3, 2, 1].map(|last| SocketAddr::from(([127, 0, 0, last], port))).to_vec())
        });
        get(&agent, server(true).port()).unwrap();
        let limit = Some(std::time::Duration::from_nanos(1));
        let hasty = Config::builder().proxy(None).timeout_connect(limit).build();
        let agent = agent_asking(hasty, clock(), |_, port| {
            Ok([2, 1].map(|last| SocketAddr::from(([127, 0, 0, last], port))).to_vec())
        });
        let error = get(&agent, server(true).port()).unwrap_err();
        let Error::Other(cause) = error else { panic!("{error}") };
        assert_eq!(cause.to_string(), "timeout: connect");
    }

    /// Answers whatever it is sent, and counts how often it is asked whether it is open.
    #[derive(Debug)]
    struct Probed {
        buffers: LazyBuffers,
        probes: Arc<AtomicUsize>,
    }

    impl Transport for Probed {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.buffers
        }

        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }

        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n1";
            self.buffers.input_append_buf()[..answer.len()].copy_from_slice(answer);
            self.buffers.input_appended(answer.len());
            Ok(true)
        }

        fn is_open(&mut self) -> bool {
            self.probes.fetch_add(1, Ordering::Relaxed);
            true
        }
    }

    #[derive(Debug)]
    struct Probing(Arc<AtomicUsize>);

    impl Connector<()> for Probing {
        type Out = Reading;

        fn connect(
            &self,
            details: &ConnectionDetails<'_>,
            _: Option<()>,
        ) -> Result<Option<Reading>, Error> {
            let inner = Probed { buffers: LazyBuffers::new(999, 999), probes: self.0.clone() };
            let current_time = details.current_time.clone();
            Ok(Some(Reading::new(Box::new(inner), Broken::default(), current_time)))
        }
    }

    #[test]
    fn a_connection_is_probed_once_between_two_calls() {
        let probes: Arc<AtomicUsize> = Arc::default();
        let memory = Memory::new(clock(), |_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
        let agent = ureq::Agent::with_parts(direct(), Probing(probes.clone()), memory);
        for calls in 0..3 {
            let answer = agent.get("http://api.vendor.test/").call().unwrap();
            assert_eq!(answer.into_body().into_reader().read_to_end(&mut Vec::new()).unwrap(), 1);
            assert_eq!(probes.load(Ordering::Relaxed), calls);
        }
    }
}
