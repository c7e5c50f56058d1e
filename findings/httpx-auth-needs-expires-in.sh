#!/usr/bin/env bash
# Versions: PyPI httpx-auth 0.23.1 on httpx 0.28.1, Authlib 1.9.10, requests-oauthlib 2.0.0; Python from 3.10.
#
# Setting: a token endpoint answers a client-credentials request with an opaque access token and no
# `expires_in`, which RFC 6749, 5.1 only recommends. Each client makes five calls of an API.
#
# Guess: all three keep the token until the API refuses it: one token request, five calls.
# What happens: so do two. httpx-auth takes a token without `expires_in` for a JWT, to read its `exp`, and
# fails on the first call with "not enough values to unpack", which names neither. As it stores no token,
# each further call fetches another one from the authorization server and throws it away.
#
# Output seen on 2026-11-29:
#   Authlib: 1 token requests, 5 calls
#   requests-oauthlib: 1 token requests, 5 calls
#   httpx-auth: 5 token requests, 0 calls, ValueError: not enough values to unpack (expected 3, got 1)
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q httpx-auth==0.23.1 httpx==0.28.1 Authlib==1.9.10 requests-oauthlib==2.0.0 requests==2.34.2 \
    >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >calls.py <<'E2'
import collections, http.server, json, os, threading
import httpx, httpx_auth
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
seen = collections.Counter()

class Server(http.server.BaseHTTPRequestHandler):
    def answer(self):
        seen[self.path] += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"access_token": f"opaque{seen['/token']}", "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"

def with_authlib():
    session = AuthlibSession("client", "secret", token_endpoint=base + "/token")
    session.fetch_token(base + "/token", grant_type="client_credentials")
    return session

def with_requests_oauthlib():
    session = OAuth2Session(client=BackendApplicationClient("client"))
    session.fetch_token(base + "/token", client_id="client", client_secret="secret")
    return session

def with_httpx_auth():
    return httpx.Client(auth=httpx_auth.OAuth2ClientCredentials(base + "/token", client_id="client", client_secret="secret"))

for name, make in (
    ("Authlib", with_authlib),
    ("requests-oauthlib", with_requests_oauthlib),
    ("httpx-auth", with_httpx_auth),
):
    seen.clear()
    session, problem = make(), ""
    for _ in range(5):
        try:
            session.get(base + "/api")
        except Exception as error:
            problem = f", {type(error).__name__}: {error}"
    print(f"{name}: {seen['/token']} token requests, {seen['/api']} calls{problem}", flush=True)
E2
venv/bin/python -W ignore calls.py 2>calls.log | tee seen || { cat calls.log; exit 1; }

diff - seen <<'E2'
Authlib: 1 token requests, 5 calls
requests-oauthlib: 1 token requests, 5 calls
httpx-auth: 5 token requests, 0 calls, ValueError: not enough values to unpack (expected 3, got 1)
E2
echo "httpx-auth 0.23.1 cannot use a token that comes without expires_in, and fetches a new one for every call that fails."
