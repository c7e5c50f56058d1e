"""Authlib on Flask, with an API behind it: `authlib_server.py PORT`.

Public keys of the clients come from the working directory.
"""

import json
import os
import sys
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from flask import Flask, jsonify
from joserfc.jwk import KeySet, import_key

port = int(sys.argv[1])
issuer = f"http://127.0.0.1:{port}"
with open("clients.json", encoding="utf-8") as file:
    registered = json.load(file)


class Client(ClientMixin):
    def __init__(self, client_id, method, secret=None, key=None):
        self.client_id, self.method, self.secret, self.key = client_id, method, secret, key

    def get_client_id(self):
        return self.client_id

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"

    # As in Authlib's own example: what the client may not have is left out.
    def get_allowed_scope(self, scope):
        return " ".join(name for name in (scope or "").split() if name == "read")


class Token:
    def __init__(self, client_id, values):
        self.client_id, self.scope = client_id, values.get("scope", "")
        self.value, self.ends = values["access_token"], time.time() + values["expires_in"]
        self.revoked = False

    def get_scope(self):
        return self.scope

    def is_expired(self):
        return time.time() >= self.ends

    def is_revoked(self):
        return self.revoked

    def check_client(self, client):
        return client.client_id == self.client_id


clients = {
    client.client_id: client
    for client in [
        *(
            Client(registered[name]["id"], method, registered[name]["secret"])
            for name, method in [
                ("special", "client_secret_basic"),
                ("spaceless", "client_secret_basic"),
                ("posting", "client_secret_post"),
            ]
        ),
        Client("a space", "client_secret_basic", "blank and no more"),
        Client("robot", "client_secret_basic", "hush"),
    ]
}
for algorithm in ["RS256", "PS256", "ES256", "EdDSA"]:
    if os.path.exists(f"{algorithm}.pub.pem"):
        with open(f"{algorithm}.pub.pem", "rb") as file:
            clients[algorithm] = Client(algorithm, "private_key_jwt", key=file.read())
tokens = {}
used = set()


class Assertions(JWTBearerClientAssertion):
    CLIENT_AUTH_METHOD = "private_key_jwt"

    def get_audiences(self):
        return [issuer, f"{issuer}/token"]

    def validate_jti(self, claims, jti):
        is_new = jti not in used
        used.add(jti)
        return is_new

    def resolve_client_public_key(self, client):
        kind = {"ES256": "EC", "EdDSA": "OKP"}.get(client.client_id, "RSA")
        return KeySet([import_key(client.key, kind, {"kid": "k1", "alg": client.client_id})])


class Grant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = Grant.TOKEN_ENDPOINT_AUTH_METHODS

    def query_token(self, token_string, token_type_hint):
        return tokens.get(token_string)

    def revoke_token(self, token, request):
        token.revoked = True


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return tokens.get(token_string)


app = Flask(__name__)
server = AuthorizationServer(
    app,
    query_client=clients.get,
    save_token=lambda token, request: tokens.update(
        {token["access_token"]: Token(request.client.client_id, token)}
    ),
)
server.register_grant(Grant)
server.register_endpoint(Revocation)
server.register_client_auth_method("private_key_jwt", Assertions())
protected = ResourceProtector()
protected.register_token_validator(Validator())


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    return jsonify(
        issuer=issuer,
        token_endpoint=f"{issuer}/token",
        revocation_endpoint=f"{issuer}/revoke",
        token_endpoint_auth_methods_supported=Grant.TOKEN_ENDPOINT_AUTH_METHODS,
        token_endpoint_auth_signing_alg_values_supported=["RS256", "ES256"],
    )


@app.get("/rows")
@protected("read")
def rows():
    return jsonify([{"id": 1}])


app.run("127.0.0.1", port)


app.run("127.0.0.1", port)
