#!/usr/bin/env bash
# Versions: npm oidc-provider 9.13.3 on Node.js 20 or newer; PyPI requests-oauthlib 2.0.0 on oauthlib 4.0.1,
# Python from 3.11.
#
# Setting: the server knows the scopes `read` and `write`. A client asks for `read`, for `read wriet`, and
# for `wriet`, by the client-credentials grant.
#
# Guess: a misspelt scope is refused, or the client is told of it; if anything, more so when nothing but
# that was asked for.
# What happens: the server leaves out what it does not know, and says so by `"scope": "read"`; so the
# client raises "Scope has changed". Of `wriet` nothing is left, and the server leaves out the whole
# member. By RFC 6749, 5.1 that means: granted as asked for. So the client reports a token with the scope
# `wriet`, which the server does not know, and raises nothing. The token can do nothing.
#
# Output seen on 2026-11-29:
#   read: the server says "read", the client reports ['read']
#   read wriet: the server says "read", the client raises: Scope has changed
#   wriet: the server says nothing, the client reports ['wriet']
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund oidc-provider@9.13.3 >npm.log 2>&1 || { cat npm.log; exit 1; }
python3 -m venv venv
venv/bin/pip install -q requests-oauthlib==2.0.0 oauthlib==4.0.1 requests==2.34.2 >pip.log 2>&1 ||
    { cat pip.log; exit 1; }

cat >server.mjs <<'E2'
import { writeFileSync } from "node:fs";
import http from "node:http";
import { Provider } from "oidc-provider";

const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const { port } = server.address();
const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{
        client_id: "robot",
        client_secret: "hush",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
    }],
    scopes: ["read", "write"],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
server.on("request", provider.callback());
writeFileSync("port", `${port}`);
E2
node server.mjs >server.log 2>&1 &
for _ in $(seq 150); do [ -s port ] && break; sleep 0.2; done

cat >ask.py <<'E2'
import os, sys
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

for scope in ["read", "read wriet", "wriet"]:
    said = []

    def look(answer):
        answer.raise_for_status()
        said.append(answer.json().get("scope"))
        return answer

    session = OAuth2Session(client=BackendApplicationClient("robot", scope=scope.split()))
    session.register_compliance_hook("access_token_response", look)
    url = f"http://127.0.0.1:{sys.argv[1]}/token"
    try:
        token = session.fetch_token(url, client_id="robot", client_secret="hush")
        does = f"reports {token.scopes}"
    except Warning as warning:
        does = f"raises: {str(warning).split(' from')[0]}"
    server = f'"{said[0]}"' if said[0] is not None else "nothing"
    print(f"{scope}: the server says {server}, the client {does}")
E2
venv/bin/python ask.py "$(cat port)" 2>ask.log | tee seen || { cat ask.log server.log; exit 1; }

diff - seen <<'E2'
read: the server says "read", the client reports ['read']
read wriet: the server says "read", the client raises: Scope has changed
wriet: the server says nothing, the client reports ['wriet']
E2
echo "A scope that oidc-provider 9.13.3 does not know is reported as granted by requests-oauthlib 2.0.0, if it is the only one."
