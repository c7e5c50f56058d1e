#!/usr/bin/env bash
# Versions: PyPI Authlib 1.9.10 on joserfc 1.8.0, Flask 3.1.3; Python from 3.10.
#
# Setting: an authorization server of Authlib, with JWTBearerClientAssertion as its documentation sets it up,
# knows a client's public key. Authlib's own `private_key_jwt_sign` signs the assertion, by seven
# algorithms of RFC 7518, 8037 and 9864.
#
# Guess: the server takes all seven. If the library holds one to be too weak, it does not sign by it either.
# What happens: the client signs by all seven without a word, and the server takes two: RS256 and ES256. The
# others it refuses as "not recommended", also RS512 and ES384, the stronger ones of the same two kinds. Of the
# three that FAPI 2.0 allows (PS256, ES256, EdDSA) it takes one. A client with an Ed25519 key cannot log in
# at all.
#
# Output seen on 2026-11-29:
#   RS256: signed, 200
#   RS512: signed, 400 invalid_client (Algorithm of 'RS512' is not recommended)
#   PS256: signed, 400 invalid_client (Algorithm of 'PS256' is not recommended)
#   ES256: signed, 200
#   ES384: signed, 400 invalid_client (Algorithm of 'ES384' is not recommended)
#   EdDSA: signed, 400 invalid_client (Algorithm of 'EdDSA' is not recommended)
#   Ed25519: signed, 400 invalid_client (Algorithm of 'Ed25519' is not recommended)
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q Authlib==1.9.10 joserfc==1.8.0 Flask==3.1.3 requests==2.34.2 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >tokens.py <<'E2'
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, private_key_jwt_sign
from flask import Flask
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

audience = "https://as.example.com/token"
rsa, ed25519 = RSAKey.generate_key(2048), OKPKey.generate_key("Ed25519")
keys = {
    "RS256": rsa, "RS512": rsa, "PS256": rsa,
    "ES256": ECKey.generate_key("P-256"), "ES384": ECKey.generate_key("P-384"),
    "EdDSA": ed25519, "Ed25519": ed25519,
}

class Client(ClientMixin):
    client_id = "robot"

    def __init__(self, key):
        self.key = key

    def check_endpoint_auth_method(self, method, endpoint):
        return method == Assertion.CLIENT_AUTH_METHOD

    def check_grant_type(self, grant_type):
        return True

    def get_allowed_scope(self, scope):
        return scope or ""

class Assertion(JWTBearerClientAssertion):
    def get_audiences(self):
        return [audience]

    def validate_jti(self, claims, jti):
        return True

    def resolve_client_public_key(self, client):
        return KeySet.import_key_set({"keys": [client.key.as_dict(private=False)]})

class Grant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = [Assertion.CLIENT_AUTH_METHOD]

for algorithm, key in keys.items():
    app = Flask(__name__)
    server = AuthorizationServer(app, query_client=lambda _: Client(key), save_token=lambda *_: None)
    server.register_grant(Grant)
    server.register_client_auth_method(Assertion.CLIENT_AUTH_METHOD, Assertion())
    app.post("/token")(lambda: server.create_token_response())
    answer = app.test_client().post("/token", data={
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": private_key_jwt_sign(key.as_pem(private=True), "robot", audience, alg=algorithm),
    })
    error = f" {answer.json['error']} ({answer.json['error_description']})" if "error" in answer.json else ""
    print(f"{algorithm}: signed, {answer.status_code}{error}")
E2
venv/bin/python -W ignore tokens.py 2>tokens.log | tee seen || { cat tokens.log; exit 1; }

diff - seen <<'E2'
RS256: signed, 200
RS512: signed, 400 invalid_client (Algorithm of 'RS512' is not recommended)
PS256: signed, 400 invalid_client (Algorithm of 'PS256' is not recommended)
ES256: signed, 200
ES384: signed, 400 invalid_client (Algorithm of 'ES384' is not recommended)
EdDSA: signed, 400 invalid_client (Algorithm of 'EdDSA' is not recommended)
Ed25519: signed, 400 invalid_client (Algorithm of 'Ed25519' is not recommended)
E2
echo "Authlib's client signs assertions by seven algorithms, and Authlib's server takes two of them: RS256 and ES256."
