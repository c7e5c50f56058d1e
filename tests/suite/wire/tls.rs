//! TLS on the loopback: whose certificates are believed, and what is said of the others.
#![cfg(any(feature = "rustls", feature = "native-tls"))]

use std::io::{Read, Write};
use std::{env, fs, thread};

use rcgen::{CertificateParams, Issuer, KeyPair, PKCS_ED25519};
#[cfg(feature = "rustls")]
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use unattended::error::{Delivery, ErrorKind};
use unattended::{Client, Credentials, Error, Request};

use crate::support::child::{is_child, run_in_child};
use crate::support::tls::{Authority, Choice, Issued, TlsServer, choices, server_config_of};
use crate::support::*;

/// The configuration error of a setting.
fn refused(result: unattended::Result<Client>) -> Error {
    let error = result.expect_err("the setting was accepted");
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Configuration, Delivery::NotSent));
    error
}

#[test]
fn own_roots_serve_the_token_call_and_the_api_call() {
    for choose in choices() {
        let authority = Authority::new();
        let server = TlsServer::start(&authority.issue(&["localhost"]));
        let client = choose(server.client()).with_root_certificates(authority.pem()).unwrap();
        client.get("/a").unwrap();
        client.get("/b").unwrap();
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, [TOKEN_PATH, "/a", "/b"]);
        assert_eq!(server.seen()[1].header("authorization"), Some("Bearer token-1"));
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn tls_1_2_and_1_3_serve_both_calls_with_and_without_a_client_certificate() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let own = authority.issue(&["robot.example.com"]);
    for version in [&TLS12, &TLS13] {
        for choose in choices() {
            let start = |clients_of| {
                let config = server_config_of(&identity, clients_of, &[version]);
                TlsServer::start_of(config, |_| reply(200, "{}"))
            };
            let trusting =
                |client: Client| choose(client).with_root_certificates(authority.pem()).unwrap();
            let open = start(None);
            trusting(open.client()).get("/a").unwrap();
            assert_eq!((open.seen().len(), open.connections()), (2, 1));

            let closed = start(Some(&authority));
            let client = trusting(closed.client());
            let error = client.get("/a").unwrap_err();
            assert!(error.to_string().contains("Connection::with_client_certificate"), "{error}");
            let client = client.with_client_certificate(&own.pem, own.key.serialize_pem());
            client.unwrap().get("/a").unwrap();
            assert_eq!(closed.seen().len(), 2);
        }
    }
}

#[test]
fn several_connections_of_one_client_and_its_clones_all_work() {
    for choose in choices() {
        let authority = Authority::new();
        let server = TlsServer::start_with(&authority.issue(&["localhost"]), None, |_| {
            reply(200, "{}").header("connection", "close")
        });
        let client = choose(server.client()).with_root_certificates(authority.pem()).unwrap();
        let threads = [1, 2].map(|_| {
            let client = client.clone();
            thread::spawn(move || [(); 3].map(|()| client.get("/a").unwrap().status().as_u16()))
        });
        assert_eq!(threads.map(|thread| thread.join().unwrap()), [[200; 3]; 2]);
        assert!(server.connections() >= 6, "{}", server.connections());
    }
}

#[test]
fn an_unknown_issuer_is_an_error_at_once_that_names_the_ways_out() {
    for choose in choices() {
        let server = TlsServer::start(&Authority::new().issue(&["localhost"]));
        let (client, clock) = on_manual_clock(choose(server.client()));
        let error = client.get("/a").unwrap_err();
        let expected = format!(
            "POST localhost:{}/oauth/token: the server's certificate is signed by an authority that is not trusted here: give the authority's certificate by Connection::with_root_certificates or SSL_CERT_FILE (a company proxy that inspects TLS has one of its own)",
            server.port
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(format!("{error:?}").lines().count(), 2, "{error:?}");
        assert_eq!((error.kind(), error.exit_code()), (ErrorKind::Configuration, 78));
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert_eq!((server.connections(), server.seen().len()), (1, 0));
        assert!(clock.sleeps().is_empty());
    }
}

#[test]
fn own_roots_replace_the_built_in_ones_and_each_other() {
    for choose in choices() {
        let (right, wrong) = (Authority::new(), Authority::new());
        let server = TlsServer::start(&right.issue(&["localhost"]));
        let good = choose(server.client()).with_root_certificates(right.pem()).unwrap();
        good.get("/a").unwrap();
        // The clone starts a pool of its own: it does not slip through a connection of before.
        let bad = good.clone().with_root_certificates(wrong.pem()).unwrap();
        let error = bad.get("/b").unwrap_err();
        assert!(error.to_string().contains("Connection::with_root_certificates"), "{error}");
        let both = bad.with_root_certificates(format!("{}\n{}", wrong.pem(), right.pem())).unwrap();
        both.get("/c").unwrap();
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, [TOKEN_PATH, "/a", "/c"]);
    }
}

#[test]
fn a_certificate_that_is_out_of_date_or_for_another_name_is_a_configuration_error_at_once() {
    let authority = Authority::new();
    let expired = authority.issue_with(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let early = authority.issue_with(&["localhost"], |params| {
        params.not_before = rcgen::date_time_ymd(4000, 1, 1);
    });
    let other = authority.issue(&["elsewhere.example.com"]);
    let owner = "the server's certificate, or that of an authority above it,";
    // With dates where rustls tells them; OpenSSL does not.
    let cases = [
        (
            expired,
            "expired on Wed, 01 Jan 2020 00:00:00 GMT, and by this machine's clock it is ",
            ": if the clock is right, the server needs a new certificate",
            "has expired: if this machine's clock is right, the server needs a new certificate",
        ),
        (
            early,
            "is not valid before Sat, 01 Jan 4000 00:00:00 GMT, and by this machine's clock it is ",
            ": check the clock",
            "is not valid yet: check this machine's clock",
        ),
    ];
    for (identity, begin, end, without_dates) in cases {
        for choose in choices() {
            let error = refused_certificate(&authority, &identity, choose);
            let text = error.to_string();
            let has_dates = text.contains(&format!("{owner} {begin}")) && text.ends_with(end);
            assert!(has_dates || text.ends_with(&format!("{owner} {without_dates}")), "{text}");
            // All of it is in the message: seconds since 1970 tell nobody anything.
            assert!(!has_dates || format!("{error:?}") == text, "{error:?}");
        }
    }
    for choose in choices() {
        let error = refused_certificate(&authority, &other, choose);
        let expected = "the server's certificate is for another host name: check the host of the URL, and whether another server answers there";
        assert!(error.to_string().ends_with(expected), "{error}");
        // In the words of rustls, and in OpenSSL's.
        let debug = format!("{error:?}");
        assert!(debug.contains("elsewhere.example.com") || debug.contains("ostname mismatch"));
    }
}

/// The error of a call to a server that shows this certificate.
fn refused_certificate(authority: &Authority, identity: &Issued, choose: Choice) -> Error {
    let server = TlsServer::start(identity);
    let client = choose(server.client()).with_root_certificates(authority.pem()).unwrap();
    let (client, clock) = on_manual_clock(client);
    let error = client.get("/a").unwrap_err();
    assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent), "{error}");
    assert_eq!((server.connections(), clock.sleeps().len()), (1, 0));
    error
}

#[cfg(feature = "rustls")]
#[test]
fn certificates_as_openssl_makes_them_are_told_with_what_to_do() {
    let authority = Authority::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let own_authority =
        Issued { chain: vec![certificate.der().clone()], pem: certificate.pem(), key };
    let old = rustls::pki_types::CertificateDer::from_pem_slice(VERSION_1.as_bytes()).unwrap();
    let key = KeyPair::generate().unwrap();
    let old = Issued { chain: vec![old], pem: VERSION_1.into(), key };
    let cases = [
        (
            own_authority,
            "the server shows the certificate of an authority (CA:TRUE), as `openssl req -x509` makes it by default: make one for a server with `-addext basicConstraints=critical,CA:FALSE`",
        ),
        (
            old,
            "the server's certificate is of X.509 version 1, which is too old: make one of version 3, as a certificate with a subjectAltName is",
        ),
    ];
    for (identity, expected) in cases {
        let error = refused_certificate(&authority, &identity, |client| client);
        assert!(error.to_string().ends_with(expected), "{error}");
        // It does not help to trust it.
        let server = TlsServer::start(&identity);
        let client = server.client().with_root_certificates(&identity.pem).unwrap();
        let error = client.get("/a").unwrap_err();
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_told_with_what_to_do() {
    let mut authority = Authority::new();
    let (params, key) = Authority::named();
    let certificate = params.self_signed(&key).unwrap();
    (authority.pem, authority.der) = (certificate.pem(), certificate.der().clone());
    authority.issuer = Issuer::new(params, KeyPair::generate().unwrap());
    for choose in choices() {
        let error = refused_certificate(&authority, &authority.issue(&["localhost"]), choose);
        let expected = "the signature of the server's certificate is not that of its authority, or one of their keys is too short (RSA of fewer than 2048 bits): give the authority's present certificate by Connection::with_root_certificates or SSL_CERT_FILE, or else the server needs a new certificate";
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn an_authority_that_is_out_of_date_is_trusted_by_rustls_and_told_by_openssl() {
    let mut authority = Authority::new();
    let (mut params, key) = Authority::named();
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    (authority.pem, authority.der) = (certificate.pem(), certificate.der().clone());
    authority.issuer = Issuer::new(params, key);
    for choose in choices() {
        let server = TlsServer::start(&authority.issue(&["localhost"]));
        let client = choose(server.client()).with_root_certificates(authority.pem()).unwrap();
        if let Err(error) = client.get("/a") {
            assert!(error.to_string().contains("or that of an authority above it, has expired"));
        }
    }
    // One between the root and the server is looked at by both.
    let root = Authority::new();
    let (mut params, key) = Authority::named();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let certificate = params.signed_by(&key, &root.issuer).unwrap();
    let mut identity = {
        let middle = Authority {
            issuer: Issuer::new(params, key),
            pem: certificate.pem(),
            der: certificate.der().clone(),
        };
        middle.issue(&["localhost"])
    };
    identity.chain.push(certificate.der().clone());
    for choose in choices() {
        let error = refused_certificate(&root, &identity, choose);
        assert!(error.to_string().contains("or that of an authority above it, "), "{error}");
        assert!(error.to_string().contains("expired"), "{error}");
    }
}

/// By `openssl x509 -req -signkey`, from 2020 to 9999.
#[cfg(feature = "rustls")]
const VERSION_1: &str = "-----BEGIN CERTIFICATE-----
MIIBEjCBuAIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwIBcN
MjAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMMCWxvY2Fs
aG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAhDqZj7Qsu4rwsuk4oV3SMV
rUq0q9m31OhJu3zsrDbsKQAdVWajoycVS+WENoi1LdUgWgjlkN0NjkAwkHvzEDUw
CgYIKoZIzj0EAwIDSQAwRgIhAM5706p5iEqCs806M3XL63GydNnpix9nNS9grTti
8qmOAiEAogT+hGqxuXAHQho7Vco70YxuYvWN6ZVDBdKPcGNttEE=
-----END CERTIFICATE-----
";

#[test]
fn the_certificate_of_the_api_is_checked_as_well_as_that_of_the_token_endpoint() {
    let authority = Authority::new();
    let expired = |params: &mut CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let right = authority.issue(&["localhost"]);
    let cases = [
        (Authority::new().issue(&["localhost"]), None, "is not trusted here"),
        (self_signed(), None, "is not trusted here"),
        (authority.issue_with(&["localhost"], expired), None, "expired"),
        (authority.issue(&["elsewhere.example.com"]), None, "is for another host name"),
        (right, Some(&authority), "the server does not accept the client's certificate"),
    ];
    for (identity, clients_of, expected) in cases {
        for choose in choices() {
            let token = TlsServer::start(&authority.issue(&["localhost"]));
            let api = TlsServer::start_with(&identity, clients_of, |_| reply(200, "{}"));
            let provider = provider_at(&format!("https://localhost:{}", token.port))
                .with_base_url(&format!("https://localhost:{}", api.port))
                .unwrap();
            let client = Client::new(provider, Credentials::new("my-client", SECRET)).unwrap();
            let client = choose(client).with_root_certificates(authority.pem()).unwrap();
            let (client, clock) = on_manual_clock(client);
            let error = client.send(Request::post("/a")).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(error.target().unwrap().path, "/a");
            assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
            assert_eq!((token.seen().len(), api.seen().len()), (1, 0));
            assert!(clock.sleeps().is_empty());
        }
    }
}

#[test]
fn a_server_without_tls_is_an_error_at_once_and_gets_no_secret() {
    let expected = "the server does not speak TLS on this port: check host and port of the URL";
    let greetings = ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-x\r\n", "220 mail ESMTP\r\n"];
    for choose in choices() {
        let server = Server::with_api([reply(200, "{}")]);
        let mut origins = vec![server.url("").replace("http://127.0.0.1", "https://localhost")];
        origins.extend(greetings.map(|greeting| {
            let origin = raw_server(move |mut stream, _| {
                let _ = stream.write_all(greeting.as_bytes());
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = stream.read_to_end(&mut Vec::new());
            });
            origin.replace("http://", "https://")
        }));
        for origin in origins {
            let (client, clock) = on_manual_clock(choose(client_at(&origin)));
            let error = client.get("/a").unwrap_err();
            assert!(error.to_string().ends_with(expected), "{origin}: {error:?}");
            assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
            let error = client.access_token().unwrap_err();
            // Only our own connector tells that there was no connection yet.
            let sent =
                if cfg!(feature = "resolver") { Delivery::NotSent } else { Delivery::Unknown };
            assert_eq!(error.delivery(), sent);
            assert!(clock.sleeps().is_empty());
        }
        assert!(server.seen().is_empty());
    }
}

/// Whether it was connected is known by our own connector.
#[cfg(feature = "resolver")]
#[test]
fn garbage_on_a_connection_that_spoke_tls_is_no_server_without_tls() {
    use std::sync::Arc;

    use rustls::{ServerConnection, StreamOwned};

    use crate::support::tls::server_config;

    let authority = Authority::new();
    let config = Arc::new(server_config(&authority.issue(&["localhost"]), None));
    for choose in choices() {
        let config = config.clone();
        let origin = raw_server(move |stream, _| {
            let session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(session, stream);
            read_request(&mut stream);
            let _ = stream.sock.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
            let _ = stream.sock.shutdown(std::net::Shutdown::Write);
            let _ = stream.sock.read_to_end(&mut Vec::new());
        });
        let origin = origin.replace("http://127.0.0.1", "https://localhost");
        let client = choose(client_at(&origin)).with_root_certificates(authority.pem()).unwrap();
        let policy = unattended::RetryPolicy::default().with_retries(1);
        let (client, clock) = on_manual_clock(client.with_retry_policy(policy));
        let error = client.access_token().unwrap_err();
        assert!(error.to_string().contains("the TLS connection failed"), "{error:?}");
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Temporary, Delivery::Unknown));
        assert_eq!(clock.sleeps().len(), 1);
    }
}

#[test]
fn what_the_server_says_against_the_handshake_is_told_the_same_by_every_library() {
    let disagree = "client and server do not agree on TLS";
    let certificate = "the server does not accept the client's certificate, or wants one (Connection::with_client_certificate)";
    // Alerts of RFC 8446 §6: handshake failure, protocol version, bad and expired
    // certificate, certificate required.
    for (alert, expected) in
        [(40, disagree), (70, disagree), (42, certificate), (45, certificate), (116, certificate)]
    {
        for choose in choices() {
            let origin = raw_server(move |mut stream, _| {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]);
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let client = choose(client_at(&origin.replace("http://", "https://")));
            let (client, clock) = on_manual_clock(client);
            let error = client.get("/a").unwrap_err();
            assert!(error.to_string().ends_with(expected), "{alert}: {error:?}");
            assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
            assert!(clock.sleeps().is_empty());
        }
    }
}

#[test]
fn a_client_certificate_is_shown_to_a_server_that_asks_for_one() {
    for choose in choices() {
        let authority = Authority::new();
        let server_identity = authority.issue(&["localhost"]);
        let server =
            TlsServer::start_with(&server_identity, Some(&authority), |_| reply(200, "{}"));
        let without = || choose(server.client()).with_root_certificates(authority.pem()).unwrap();
        let with = |own: Issued| {
            without().with_client_certificate(&own.pem, own.key.serialize_pem()).unwrap()
        };
        with(authority.issue(&["robot.example.com"])).get("/a").unwrap();
        assert_eq!(server.seen().len(), 2);
        let foreign = Authority::new().issue(&["robot.example.com"]);
        let expired = authority.issue_with(&["robot.example.com"], |params| {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        });
        for client in [without(), with(foreign), with(expired)] {
            let (client, clock) = on_manual_clock(client);
            let error = client.get("/a").unwrap_err();
            let expected = format!(
                "POST localhost:{}/oauth/token: the server does not accept the client's certificate, or wants one (Connection::with_client_certificate)",
                server.port
            );
            assert_eq!(error.to_string(), expected);
            assert_eq!((error.exit_code(), clock.sleeps().len()), (78, 0));
        }
        assert_eq!(server.seen().len(), 2);
    }
}

#[test]
fn roots_that_cannot_be_used_are_found_when_they_are_set() {
    let client = || client_at("https://localhost:1");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let none = "the root certificates: there is no certificate in PEM form";
    let cases = [
        ("", none),
        ("garbage", none),
        (key.as_str(), none),
        (
            "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
            "the root certificates: the PEM cannot be read: it is damaged or cut off",
        ),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "the root certificates: certificate 1 cannot be used as a root",
        ),
    ];
    for (pem, expected) in cases {
        assert_eq!(refused(client().with_root_certificates(pem)).to_string(), expected, "{pem}");
    }
    refused(client().with_root_certificates([0, 159, 146, 150, 255]));
    let authority = Authority::new();
    let second = format!("{}{}", authority.pem(), cases[4].0);
    let error = refused(client().with_root_certificates(second));
    assert_eq!(error.to_string(), "the root certificates: certificate 2 cannot be used as a root");
    let cut = &authority.pem()[..200];
    refused(client().with_root_certificates(cut));
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_found_when_it_is_set() {
    let client = || client_at("https://localhost:1");
    let own = Authority::new().issue(&["robot.example.com"]);
    let own_key = own.key.serialize_pem();
    let encrypted = own_key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    let other_kind = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
    let mislabelled = own_key.replace("PRIVATE KEY", "EC PRIVATE KEY");
    let misread = own_key.replace("PRIVATE KEY", "RSA PRIVATE KEY");
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bad_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let unfit = "the client certificate cannot be used with its private key";
    // native-tls takes one form of keys only, and says so.
    let wrong_form = match cfg!(feature = "rustls") {
        true => unfit,
        false => {
            "the private key of the client certificate is not in the form that native-tls takes, PKCS #8 (BEGIN PRIVATE KEY): convert it by `openssl pkcs8 -topk8 -nocrypt`"
        }
    };
    let none = "the private key of the client certificate is not there in PEM form";
    let cases = [
        ("", own_key.as_str(), "the client certificate: there is no certificate in PEM form"),
        (
            own_key.as_str(),
            own_key.as_str(),
            "the client certificate: there is no certificate in PEM form",
        ),
        (own.pem.as_str(), "", none),
        (&own.pem, "garbage", none),
        (&own.pem, &own.pem, none),
        (
            &own.pem,
            &encrypted,
            "the private key of the client certificate: it is encrypted: decrypt it first, by `openssl pkey -in FILE`",
        ),
        (&own.pem, &other_key, unfit),
        (&own.pem, &other_kind, unfit),
        (&own.pem, bad_key, unfit),
        (garbage, &own_key, unfit),
        (&own.pem, &mislabelled, wrong_form),
        (&own.pem, &misread, wrong_form),
    ];
    for (chain, key, expected) in cases {
        let error = refused(client().with_client_certificate(chain, key));
        assert_eq!(error.to_string(), expected, "{key}");
        assert!(!format!("{error:?}").contains("PRIVATE KEY--"), "{error:?}");
    }
}

#[test]
fn what_is_wrong_with_a_pem_text_is_named() {
    let own = Authority::new().issue(&["robot.example.com"]);
    let key = own.key.serialize_pem();
    let on_one_line = ": the PEM cannot be read: the line breaks are missing, or written as \\n: each label needs a line of its own";
    let before = ": the PEM cannot be read: something stands before -----BEGIN on its line, such as blanks or a quote";
    let damaged = ": the PEM cannot be read: it is damaged or cut off";
    let utf_16 = ": the PEM cannot be read: it is UTF-16: save it as UTF-8";
    let encrypted = "it is encrypted: decrypt it first, by `openssl pkey -in FILE`";
    let in_utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    };
    let header = "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n";
    let traditional = key.replace("PRIVATE", "RSA PRIVATE").replacen('\n', header, 1);
    let shapes: [(Vec<u8>, String); 12] = [
        (key.replace('\n', "\\n").into(), on_one_line.into()),
        (key.trim_end().replace('\n', "\\n").into(), on_one_line.into()),
        (key.replace('\n', " ").into(), on_one_line.into()),
        (key.replace('\n', "").into(), on_one_line.into()),
        (format!("\"{key}\"").into(), before.into()),
        (format!("  {key}").into(), before.into()),
        (key[..key.len() - 5].into(), damaged.into()),
        (key[..key.len() / 2].into(), damaged.into()),
        (key.replacen('\n', "\n*", 1).into(), damaged.into()),
        (in_utf_16(&key, u16::to_le_bytes), utf_16.into()),
        (in_utf_16(&format!("\u{feff}{key}"), u16::to_be_bytes), utf_16.into()),
        (traditional.into(), format!(": the PEM cannot be read: {encrypted}")),
    ];
    let client = || client_at("https://localhost:1");
    let both = |shape: &[u8]| [own.pem.as_bytes(), shape].concat();
    for (shape, expected) in shapes {
        let shown = String::from_utf8_lossy(&shape).into_owned();
        let error = refused(client().with_client_certificate(&own.pem, &shape));
        let what = "the private key of the client certificate";
        assert_eq!(format!("{error:?}"), format!("{what}{expected}"), "{shown}");
        let error = refused(client().with_client_certificate(both(&shape), &key));
        assert_eq!(error.to_string(), format!("the client certificate{expected}"), "{shown}");
        let error = refused(client().with_root_certificates(&shape));
        assert_eq!(error.to_string(), format!("the root certificates{expected}"), "{shown}");
    }
    let roots = [
        (
            own.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            "the PEM cannot be read: a TRUSTED CERTIFICATE is OpenSSL's own form: convert it by `openssl x509 -in FILE`",
        ),
        (
            own.pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
            "an X509 CERTIFICATE is an old form: convert it by `openssl x509 -in FILE`",
        ),
        (
            own.pem.replace("CERTIFICATE", "PKCS7"),
            "it is PKCS #7: convert it by `openssl pkcs7 -print_certs -in FILE`",
        ),
    ];
    for (pem, expected) in roots {
        let error = refused(client().with_root_certificates(pem));
        assert_eq!(error.to_string(), format!("the root certificates: {expected}"));
    }
    // One of two certificates would be passed over without a word.
    let glued = own.pem.trim_end().to_owned() + &own.pem;
    let error = refused(client().with_root_certificates(glued));
    assert_eq!(error.to_string(), format!("the root certificates{on_one_line}"));
    let der = &own.chain[0][..];
    let error = refused(client().with_root_certificates(der));
    assert!(error.to_string().contains("it is in a binary form: convert DER by"), "{error}");
    let ssh = key.replace("PRIVATE", "OPENSSH PRIVATE");
    let error = refused(client().with_client_certificate(&own.pem, ssh));
    assert!(error.to_string().ends_with("`ssh-keygen -p -m PKCS8 -f FILE`"), "{error}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_do_no_harm() {
    for choose in choices() {
        let authority = Authority::new();
        let identity = authority.issue(&["localhost"]);
        let server = TlsServer::start_with(&identity, Some(&authority), |_| reply(200, "{}"));
        let own = authority.issue(&["robot.example.com"]);
        let dressed = |pem: &str| format!("\u{feff}{}", pem.replace('\n', "\r\n"));
        let client = choose(server.client()).with_root_certificates(dressed(authority.pem()));
        let key = dressed(&own.key.serialize_pem());
        let client = client.unwrap().with_client_certificate(dressed(&own.pem), key);
        client.unwrap().get("/a").unwrap();
    }
}

#[test]
fn one_text_may_hold_certificate_and_key() {
    for choose in choices() {
        let authority = Authority::new();
        let identity = authority.issue(&["localhost"]);
        let server = TlsServer::start_with(&identity, Some(&authority), |_| reply(200, "{}"));
        let own = authority.issue(&["robot.example.com"]);
        let both = format!("a comment\n{}{}", own.key.serialize_pem(), own.pem);
        let client = choose(server.client()).with_root_certificates(authority.pem()).unwrap();
        client.with_client_certificate(&both, &both).unwrap().get("/a").unwrap();
    }
}

#[test]
fn the_variable_ssl_cert_file_names_roots_unless_the_client_has_its_own() {
    if is_child() {
        for choose in choices() {
            let client = choose(client_at(&env::var("TEST_URL").unwrap()));
            client.get("/a").unwrap();
            let other = Authority::new();
            let error = client.with_root_certificates(other.pem()).unwrap().get("/a").unwrap_err();
            assert_eq!(error.exit_code(), 78);
        }
        return;
    }
    let authority = Authority::new();
    let server = TlsServer::start(&authority.issue(&["localhost"]));
    let file = authority.file("ssl_cert_file");
    let url = format!("https://localhost:{}", server.port);
    run_in_child(
        "wire::tls::the_variable_ssl_cert_file_names_roots_unless_the_client_has_its_own",
        &[("SSL_CERT_FILE", &file), ("TEST_URL", &url)],
    );
    assert_eq!(server.seen().len(), 2 * choices().count());
}

#[test]
fn a_variable_ssl_cert_file_that_cannot_be_used_is_an_error_not_the_built_in_roots() {
    if is_child() {
        for choose in choices() {
            let error = choose(client_at("https://localhost:1")).get("/a").unwrap_err();
            assert_eq!(error.to_string(), env::var("TEST_ERROR").unwrap());
            assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
        }
        return;
    }
    let bad = format!("{}/not-a-certificate.pem", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&bad, "not a certificate").unwrap();
    let missing = format!("{}/missing.pem", env!("CARGO_TARGET_TMPDIR"));
    let cases = [
        (&bad, format!("SSL_CERT_FILE {bad}: there is no certificate in PEM form")),
        (&missing, format!("SSL_CERT_FILE {missing} cannot be read")),
    ];
    for (file, error) in cases {
        run_in_child(
            "wire::tls::a_variable_ssl_cert_file_that_cannot_be_used_is_an_error_not_the_built_in_roots",
            &[("SSL_CERT_FILE", file), ("TEST_ERROR", &error)],
        );
    }
}

#[test]
fn a_self_signed_certificate_is_believed_only_when_it_is_given() {
    for choose in choices() {
        let identity = self_signed();
        let server = TlsServer::start(&identity);
        let error = choose(server.client()).get("/a").unwrap_err();
        let expected = "is signed by an authority that is not trusted here";
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!((error.exit_code(), error.delivery()), (78, Delivery::NotSent));
        let client = choose(server.client()).with_root_certificates(&identity.pem).unwrap();
        client.get("/a").unwrap();
        assert_eq!(server.seen().len(), 2);
    }
}

fn self_signed() -> Issued {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    Issued { chain: vec![certificate.der().clone()], pem: certificate.pem(), key }
}

#[test]
fn roots_are_not_read_for_plain_http() {
    if !is_child() {
        let test = "wire::tls::roots_are_not_read_for_plain_http";
        return run_in_child(test, &[("SSL_CERT_FILE", "/nowhere")]);
    }
    for choose in choices() {
        choose(Server::with_api([]).client()).get("/x").unwrap();
        let error = choose(client_at("https://127.0.0.1:9")).get("/x").unwrap_err();
        assert_eq!(error.to_string(), "SSL_CERT_FILE /nowhere cannot be read");
    }
}
