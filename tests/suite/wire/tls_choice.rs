//! Which library does TLS and whose roots it trusts: a choice of the client's, made by its
//! settings in any order, among what the build has.
// With rustls alone there is nothing to choose.
#![cfg(any(feature = "platform-verifier", feature = "native-tls", not(feature = "rustls")))]

use crate::support::*;

/// Nothing is sent by https, and what needs no TLS works.
#[cfg(not(feature = "rustls"))]
#[track_caller]
fn assert_no_tls(why: &str) {
    let server = Server::with_api([reply(200, "{}")]);
    let https = server.url("").replace("http://", "https://");
    let error = client_at(&https).get("/a").unwrap_err();
    let host = &https["https://".len()..];
    assert_eq!(error.to_string(), format!("POST {host}/oauth/token: {why}"));
    assert_eq!((error.exit_code(), error.delivery()), (78, unattended::error::Delivery::NotSent));
    server.client().get("/a").unwrap();
}

#[test]
#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn a_build_without_tls_says_which_features_there_are_and_sends_nothing() {
    assert_no_tls(
        "this build has no TLS: enable one of the features rustls, platform-verifier and native-tls",
    );
}

#[test]
#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn native_tls_is_not_chosen_by_being_the_only_one() {
    assert_no_tls(
        "this build has TLS by native-tls only: choose it by Connection::with_native_tls, or enable the feature rustls",
    );
}

/// The crates below this one for these features, this one not counted: what the docs say.
#[test]
#[cfg(all(feature = "platform-verifier", feature = "native-tls", target_os = "linux"))]
fn the_docs_say_what_each_choice_costs() {
    let crates = |features: &[&str]| {
        let tree = std::process::Command::new(env!("CARGO"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["tree", "-e", "normal", "--prefix", "none", "--offline", "--locked"])
            .args(features)
            .output()
            .unwrap();
        let tree = String::from_utf8(tree.stdout).unwrap();
        let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
        lines.collect::<std::collections::BTreeSet<_>>().len() - 1
    };
    let built_in = crates(&[]);
    assert_eq!(crates(&["--features", "platform-verifier"]) - built_in, 3);
    assert_eq!(crates(&["--features", "native-tls"]) - built_in, 15);
    let alone = ["--no-default-features", "--features", "native-tls,resolver"];
    assert_eq!(crates(&alone) - built_in, 7);
}

#[cfg(any(feature = "platform-verifier", feature = "native-tls"))]
mod system {
    use std::{env, fs};

    use unattended::Client;

    use super::*;
    use crate::support::child::{is_child, run_in_child};
    use crate::support::tls::{Authority, TlsServer};

    /// The choices that trust the system's roots; both at once are native-tls.
    fn choices() -> Vec<fn(Client) -> Client> {
        vec![
            #[cfg(feature = "platform-verifier")]
            Client::with_platform_verifier,
            #[cfg(feature = "native-tls")]
            Client::with_native_tls,
            #[cfg(all(feature = "platform-verifier", feature = "native-tls"))]
            |client| client.with_platform_verifier().with_native_tls(),
            #[cfg(all(feature = "platform-verifier", feature = "native-tls"))]
            |client| client.with_native_tls().with_platform_verifier(),
        ]
    }

    /// A folder of roots as OpenSSL wants it: each file named by the hash of its subject.
    fn folder_of(name: &str, authority: &Authority) -> String {
        let folder = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(&folder).unwrap();
        #[cfg(feature = "native-tls")]
        let file = {
            let root = openssl::x509::X509::from_pem(authority.pem().as_bytes()).unwrap();
            format!("{:08x}.0", root.subject_name_hash())
        };
        #[cfg(not(feature = "native-tls"))]
        let file = "root.pem";
        fs::write(format!("{folder}/{file}"), authority.pem()).unwrap();
        folder
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_roots_of_the_system_are_trusted_unless_others_are_named() {
        if is_child() {
            let url = env::var("TEST_URL").unwrap();
            for choose in choices() {
                choose(client_at(&url)).get("/a").unwrap();
                let other = Authority::new();
                for client in [
                    choose(client_at(&url)).with_root_certificates(other.pem()).unwrap(),
                    choose(client_at(&url).with_root_certificates(other.pem()).unwrap()),
                ] {
                    let error = client.get("/a").unwrap_err();
                    assert!(error.to_string().contains("not trusted here"), "{error}");
                }
            }
            // Mozilla's roots stay the default of rustls.
            #[cfg(feature = "rustls")]
            assert_eq!(client_at(&url).get("/a").unwrap_err().exit_code(), 78);
            return;
        }
        let authority = Authority::new();
        let server = TlsServer::start(&authority.issue(&["localhost"]));
        let folder = folder_of("system-roots", &authority);
        let url = format!("https://localhost:{}", server.port);
        run_in_child(
            "wire::tls_choice::system::the_roots_of_the_system_are_trusted_unless_others_are_named",
            &[("SSL_CERT_DIR", &folder), ("TEST_URL", &url)],
        );
        assert_eq!(server.seen().len(), 2 * choices().len());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    #[cfg(all(target_os = "linux", feature = "platform-verifier"))]
    fn a_system_without_roots_is_a_configuration_error_with_the_ways_out() {
        if is_child() {
            let client = client_at(&env::var("TEST_URL").unwrap()).with_platform_verifier();
            let (client, clock) = on_manual_clock(client);
            let error = client.get("/a").unwrap_err();
            let expected = "this system has no trusted certificates: install them (the package ca-certificates), or name some by Connection::with_root_certificates or SSL_CERT_FILE";
            assert!(error.to_string().ends_with(expected), "{error}");
            assert_eq!((error.exit_code(), clock.sleeps().len()), (78, 0));
            assert_eq!(error.delivery(), unattended::error::Delivery::NotSent);
            return;
        }
        let server = TlsServer::start(&Authority::new().issue(&["localhost"]));
        let url = format!("https://localhost:{}", server.port);
        let empty = format!("{}/no-roots", env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(&empty).unwrap();
        run_in_child(
            "wire::tls_choice::system::a_system_without_roots_is_a_configuration_error_with_the_ways_out",
            &[("SSL_CERT_DIR", &empty), ("TEST_URL", &url)],
        );
    }
}

#[cfg(all(feature = "native-tls", target_os = "linux"))]
mod native {
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::pkey::{PKey, Private};
    use openssl::x509::{X509, X509Builder};
    use unattended::{Client, Result};

    use super::*;
    use crate::support::tls::{Authority, TlsServer};

    fn key(curve: Nid) -> PKey<Private> {
        let group = EcGroup::from_curve_name(curve).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    /// A certificate for this key, in PEM form.
    fn certificate(key: &PKey<Private>) -> Vec<u8> {
        let mut certificate: X509Builder = X509::builder().unwrap();
        certificate.set_version(2).unwrap();
        let serial = BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap();
        certificate.set_serial_number(&serial).unwrap();
        certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        certificate.set_pubkey(key).unwrap();
        certificate.sign(key, openssl::hash::MessageDigest::sha256()).unwrap();
        certificate.build().to_pem().unwrap()
    }

    /// Both orders of choosing native-tls and of another setting.
    fn both_orders(
        client: impl Fn() -> Client,
        set: impl Fn(Client) -> Result<Client>,
    ) -> [Result<Client>; 2] {
        [set(client().with_native_tls()), set(client()).map(Client::with_native_tls)]
    }

    #[test]
    fn a_key_that_only_openssl_knows_serves_native_tls_in_any_order_of_settings() {
        let authority = Authority::new();
        let server = TlsServer::start(&authority.issue(&["localhost"]));
        let key = key(Nid::SECP521R1);
        let (chain, key) = (certificate(&key), key.private_key_to_pem_pkcs8().unwrap());
        let url = format!("https://localhost:{}", server.port);
        let client = || client_at(&url).with_root_certificates(authority.pem()).unwrap();
        let set = |client: Client| client.with_client_certificate(&chain, &key);
        for client in both_orders(client, set) {
            client.unwrap().get("/a").unwrap();
        }
        // With rustls it is an error before anything is sent.
        #[cfg(feature = "rustls")]
        {
            let error = set(client()).unwrap().get("/a").unwrap_err();
            let expected = "the client certificate cannot be used with its private key";
            assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 78));
        }
        assert_eq!(server.seen().len(), 4);
    }

    #[test]
    fn a_root_must_be_the_authority_itself_and_not_one_below_it() {
        let root = Authority::new();
        let below = root.below();
        let server = TlsServer::start(&below.issue(&["localhost"]));
        let client = || client_at(&format!("https://localhost:{}", server.port));
        let client = || client().with_root_certificates(below.pem()).unwrap();
        let error = client().with_native_tls().get("/a").unwrap_err();
        assert!(error.to_string().contains("not trusted here"), "{error}");
        #[cfg(feature = "rustls")]
        client().get("/a").unwrap();
    }

    #[test]
    fn a_key_in_a_form_that_native_tls_does_not_take_is_an_error_that_tells_the_way_out() {
        let key = key(Nid::X9_62_PRIME256V1);
        let chain = certificate(&key);
        let sec1 = key.ec_key().unwrap().private_key_to_pem().unwrap();
        let client = || on_manual_clock(client_at("https://localhost:1")).0;
        let set = |client: Client| client.with_client_certificate(&chain, &sec1);
        for client in both_orders(client, set) {
            let error = client.and_then(|client| client.get("/a")).unwrap_err();
            let expected = "the private key of the client certificate is not in the form that native-tls takes, PKCS #8 (BEGIN PRIVATE KEY): convert it by `openssl pkcs8 -topk8 -nocrypt`";
            assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 78));
        }
    }

    #[test]
    fn a_key_of_another_kind_than_the_certificates_is_an_error_not_a_call_without_it() {
        let (own, other) = (key(Nid::X9_62_PRIME256V1), PKey::generate_ed25519().unwrap());
        let other = other.private_key_to_pem_pkcs8().unwrap();
        let client = || on_manual_clock(client_at("https://localhost:1")).0;
        let set = |client: Client| client.with_client_certificate(certificate(&own), &other);
        for client in both_orders(client, set) {
            let error = client.and_then(|client| client.get("/a")).unwrap_err();
            let expected = "the client certificate cannot be used with its private key";
            assert_eq!((error.to_string().as_str(), error.exit_code()), (expected, 78));
        }
    }
}
