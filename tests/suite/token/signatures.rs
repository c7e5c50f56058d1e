//! What the keys sign, looked at by another library than that which signs.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Value, json};
use unattended::Credentials;

use crate::support::*;
use crate::token::keys::{ED25519, P_256, RSA, signed};

fn public(name: &str) -> DecodingKey {
    match name {
        "RS256" | "PS256" => DecodingKey::from_rsa_pem(include_bytes!("keys/rsa.pub")),
        "ES256" => DecodingKey::from_ec_pem(include_bytes!("keys/p256.pub")),
        _ => DecodingKey::from_ed_pem(include_bytes!("keys/ed.pub")),
    }
    .unwrap()
}

#[test]
fn what_each_kind_of_key_signs_is_verified_by_another_library() {
    for (name, pem) in [
        ("RS256", RSA),
        ("PS256", RSA),
        ("ES256", P_256),
        ("EdDSA", ED25519),
        ("RS256", include_str!("keys/pkcs1.pem")),
        ("ES256", include_str!("keys/sec1.pem")),
    ] {
        let server = Server::with_api([]);
        let credentials = Credentials::from_private_key("my-client", pem).unwrap();
        let jwt = signed(&server, credentials.with_algorithm(name).unwrap());
        let mut validation = Validation::new(name.parse::<Algorithm>().unwrap());
        // The clock of the test stands still, and the library's does not.
        validation.validate_exp = false;
        validation.set_audience(&[server.url(TOKEN_PATH)]);
        validation.set_issuer(&["my-client"]);
        validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        let verified = decode::<Value>(&jwt, &public(name), &validation).unwrap();
        let jti = verified.claims["jti"].as_str().unwrap();
        assert_eq!(jti.len(), 22, "{jti}");
        let expected = json!({
            "iss": "my-client", "sub": "my-client", "aud": server.url(TOKEN_PATH),
            "jti": jti, "iat": 1_767_225_600, "exp": 1_767_225_660,
        });
        assert_eq!(verified.claims, expected);
        let changed = jwt.replace('.', ".e");
        assert!(decode::<Value>(&changed, &public(name), &validation).is_err());
    }
}
