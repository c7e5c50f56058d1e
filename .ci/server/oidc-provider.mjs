// oidc-provider with an API behind it: `oidc-provider.mjs PORT TLS_PORT MTLS_PORT`.
// PORT is plain http. TLS_PORT asks for no client certificate, MTLS_PORT does. Certificates and
// public keys of the clients come from the working directory.
import { createHash, createPublicKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { errors, Provider } from "oidc-provider";

const [port, tlsPort, mtlsPort] = process.argv.slice(2);

const machine = { grant_types: ["client_credentials"], redirect_uris: [], response_types: [] };
const { special } = JSON.parse(readFileSync("clients.json"));
const clients = [
    { client_id: special.id, client_secret: special.secret },
    // Its tokens live for 4 s.
    { client_id: "short", client_secret: "hush" },
    // Reads, but does not write.
    { client_id: "reader", client_secret: "hush", scope: "read" },
];
for (const algorithm of ["RS256", "PS256", "ES256", "EdDSA"]) {
    const key = createPublicKey(readFileSync(`${algorithm}.pub.pem`)).export({ format: "jwk" });
    clients.push({
        client_id: algorithm,
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: algorithm,
        jwks: { keys: [{ ...key, kid: "k1", use: "sig" }] },
    });
}
clients.push({
    client_id: "certified",
    token_endpoint_auth_method: "tls_client_auth",
    tls_client_auth_subject_dn: "CN=robot",
    tls_client_certificate_bound_access_tokens: true,
});
const selfSigned = new X509Certificate(readFileSync("self-signed.pem"));
clients.push({
    client_id: "self-signed",
    token_endpoint_auth_method: "self_signed_tls_client_auth",
    jwks: {
        keys: [{ ...selfSigned.publicKey.export({ format: "jwk" }), x5c: [selfSigned.raw.toString("base64")] }],
    },
});

const peer = (ctx) => ctx.socket.getPeerX509Certificate?.();

function provider(issuer, more) {
    return new Provider(issuer, {
        clients: clients.map((client) => ({ ...machine, ...client })),
        clientAuthMethods: ["client_secret_basic", "client_secret_post", "private_key_jwt",
            "tls_client_auth", "self_signed_tls_client_auth"],
        scopes: ["read", "write"],
        ttl: {
            ClientCredentials: (ctx, token, client) =>
                client.clientId === "short" ? 4 : token.resourceServer?.accessTokenTTL ?? 600,
        },
        features: {
            clientCredentials: { enabled: true },
            devInteractions: { enabled: false },
            revocation: { enabled: true },
            resourceIndicators: {
                enabled: true,
                defaultResource: () => undefined,
                getResourceServerInfo: (ctx, resource) => {
                    if (resource !== "https://api.example.com") throw new errors.InvalidTarget();
                    return { scope: "read", audience: resource, accessTokenTTL: 300, accessTokenFormat: "jwt" };
                },
            },
            mTLS: {
                enabled: true,
                certificateBoundAccessTokens: true,
                tlsClientAuth: true,
                selfSignedTlsClientAuth: true,
                getCertificate: peer,
                certificateAuthorized: (ctx) => ctx.socket.authorized,
                certificateSubjectMatches: (ctx, property, expected) => peer(ctx).subject === expected,
            },
        },
        ...more,
    });
}

// What another program signs for a client: two assertions, and one that has expired.
const issuer = `http://127.0.0.1:${port}`;
const now = Math.floor(Date.now() / 1000);
for (const [file, exp] of [["assertion.jwt", now + 3600], ["another.jwt", now + 3600], ["expired.jwt", now - 3600]]) {
    const claims = { iss: "RS256", sub: "RS256", aud: issuer, jti: randomUUID(), iat: exp - 7200, exp };
    const parts = [{ alg: "RS256", kid: "k1" }, claims];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = sign("sha256", Buffer.from(text), readFileSync("RS256.pem")).toString("base64url");
    writeFileSync(file, `${text}.${signature}\n`);
}

// The API: rows for whoever has a token that is alive, and the certificate that it is bound to.
function server(authority) {
    const answer = authority.callback();
    return async (request, response) => {
        if (new URL(request.url, "http://server").pathname !== "/rows") return answer(request, response);
        const token = request.headers.authorization?.replace(/^Bearer /, "");
        const found = token && await authority.ClientCredentials.find(token);
        const raw = request.socket.getPeerX509Certificate?.()?.raw;
        const thumbprint = raw && createHash("sha256").update(raw).digest("base64url");
        const bound = found?.["x5t#S256"];
        response.setHeader("content-type", "application/json");
        if (found && (!bound || bound === thumbprint)) return response.end(JSON.stringify([{ client: found.clientId, scope: found.scope ?? null }]));
        response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' });
        response.end(JSON.stringify({ error: "invalid_token" }));
    };
}

const plain = provider(issuer);
http.createServer(server(plain)).listen(port, "127.0.0.1");

const alias = `https://localhost:${mtlsPort}`;
const secure = provider(`https://localhost:${tlsPort}`, {
    discovery: {
        mtls_endpoint_aliases: { token_endpoint: `${alias}/token`, revocation_endpoint: `${alias}/token/revocation` },
    },
});
const tls = { key: readFileSync("server.key"), cert: readFileSync("server.pem"), ca: readFileSync("ca.pem") };
https.createServer(tls, server(secure)).listen(tlsPort, "localhost");
https.createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, server(secure)).listen(mtlsPort, "localhost");
