#!/usr/bin/env bash
# Versions: npm @badgateway/oauth2-client 3.3.1, oidc-provider 9.13.3; Node.js 20 or newer.
#
# Setting: 40 clients of one authorization server, each with a secret of 32 bytes in base64, as
# `openssl rand -base64 32` makes them. OAuth2Client gets id, secret and endpoint and asks for a token,
# once as it is by default (HTTP Basic), and once with `authenticationMethod: "client_secret_basic"`.
#
# Guess: the option only names the default, and both get 40 tokens: id and secret are form-encoded, as
# RFC 6749, 2.3.1 asks.
# What happens: by default they are sent as they are, and encoded only if the option is written out. The
# server decodes them, and `+` becomes a blank. So about half of all secrets work, and the others are
# refused as wrong, depending on whether there is a `+` among 44 characters; a rotation of the secret may
# break a client that worked for years, or mend it.
#
# Output seen on 2026-11-29:
#   secrets with a +: 17 of 40
#   by default: refused 17, of them with a + 17
#   with client_secret_basic: refused 0, of them with a + 0
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund @badgateway/oauth2-client@3.3.1 oidc-provider@9.13.3 >npm.log 2>&1 ||
    { cat npm.log; exit 1; }

cat >tokens.mjs <<'E2'
import { createHash } from "node:crypto";
import http from "node:http";
import { OAuth2Client } from "@badgateway/oauth2-client";
import { Provider } from "oidc-provider";

const clients = Array.from({ length: 40 }, (_, i) => ({
    clientId: `client${i}`,
    clientSecret: createHash("sha256").update(`secret ${i}`).digest("base64"),
}));
const server = http.createServer();
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
    clients: clients.map(({ clientId, clientSecret }) => ({
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
    })),
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
});
server.on("request", provider.callback());

const withPlus = (some) => some.filter((client) => client.clientSecret.includes("+")).length;
console.log(`secrets with a +: ${withPlus(clients)} of ${clients.length}`);
for (const [title, options] of [
    ["by default", {}],
    ["with client_secret_basic", { authenticationMethod: "client_secret_basic" }],
]) {
    const refused = [];
    for (const client of clients) {
        const asking = new OAuth2Client({ server: issuer, tokenEndpoint: "/token", ...client, ...options });
        await asking.clientCredentials().catch((error) => {
            if (error.oauth2Code !== "invalid_client") throw error;
            refused.push(client);
        });
    }
    console.log(`${title}: refused ${refused.length}, of them with a + ${withPlus(refused)}`);
}
process.exit();
E2
node tokens.mjs 2>node.log | grep -v oidc-provider | tee seen

diff - seen <<'E2'
secrets with a +: 17 of 40
by default: refused 17, of them with a + 17
with client_secret_basic: refused 0, of them with a + 0
E2
echo "@badgateway/oauth2-client 3.3.1 is refused with each base64 secret that has a +, unless its default is written out."
