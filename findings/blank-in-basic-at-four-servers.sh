#!/usr/bin/env bash
# Versions: PyPI Authlib 1.9.10 on Flask 3.1.3, django-oauth-toolkit 3.4.1 on Django 5.2.19 (Python from
# 3.11); npm oidc-provider 9.13.3, @node-oauth/oauth2-server 5.3.0 (Node.js 20 or newer).
#
# Setting: at four authorization servers the secret of a client is `a b`. It is sent by HTTP Basic in three
# spellings: as it is, as `a+b`, which is what RFC 6749, 2.3.1 asks for, and as `a%20b`, which an encoder
# for URLs makes of it.
#
# Guess: a server that decodes takes `+` and `%20`, one that does not takes the secret as it is; so the
# spelling of the RFC works at most of them, and none works at all.
# What happens: the spelling of the RFC works least often. Authlib decodes `%20`, but not `+`. As it is, the
# secret works everywhere, since a blank does not change when it is decoded.
#
# Output seen on 2026-11-29:
#   Authlib: as it is 200, a+b 401, a%20b 200
#   django-oauth-toolkit: as it is 200, a+b 200, a%20b 200
#   oidc-provider: as it is 200, a+b 200, a%20b 200
#   @node-oauth/oauth2-server: as it is 200, a+b 401, a%20b 401
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund oidc-provider@9.13.3 @node-oauth/oauth2-server@5.3.0 >npm.log 2>&1 ||
    { cat npm.log; exit 1; }
python3 -m venv venv
venv/bin/pip install -q Authlib==1.9.10 Flask==3.1.3 django-oauth-toolkit==3.4.1 Django==5.2.19 \
    >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >ask.py <<'E2'
import base64

def header(secret):
    return {"Authorization": "Basic " + base64.b64encode(f"robot:{secret}".encode()).decode()}

def say(name, ask):
    spellings = {"as it is": "a b", "a+b": "a+b", "a%20b": "a%20b"}
    print(f"{name}: " + ", ".join(f"{title} {ask(header(sent))}" for title, sent in spellings.items()))

def authlib():
    from authlib.integrations.flask_oauth2 import AuthorizationServer
    from authlib.oauth2.rfc6749 import ClientMixin, grants
    from flask import Flask

    class Client(ClientMixin):
        client_id = "robot"

        def check_client_secret(self, secret):
            return secret == "a b"

        def check_endpoint_auth_method(self, method, endpoint):
            return method == "client_secret_basic"

        def check_grant_type(self, grant_type):
            return True

        def get_allowed_scope(self, scope):
            return scope or ""

    app = Flask(__name__)
    server = AuthorizationServer(app, query_client=lambda _: Client(), save_token=lambda *_: None)
    server.register_grant(grants.ClientCredentialsGrant)
    app.post("/token")(lambda: server.create_token_response())
    form = {"grant_type": "client_credentials"}
    say("Authlib", lambda sent: app.test_client().post("/token", data=form, headers=sent).status_code)

def django_oauth_toolkit():
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="of-this-test", ROOT_URLCONF="oauth2_provider.urls", ALLOWED_HOSTS=["*"], USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    )
    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    Application.objects.create(
        client_id="robot", client_secret="a b", client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    form = {"grant_type": "client_credentials"}
    say("django-oauth-toolkit", lambda sent: Client().post("/token/", form, headers=sent).status_code)

authlib()
django_oauth_toolkit()
E2
cat >ask.mjs <<'E2'
import http from "node:http";
import OAuth2Server from "@node-oauth/oauth2-server";
import { Provider } from "oidc-provider";

async function say(name, listener) {
    const server = http.createServer();
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    const url = `http://127.0.0.1:${server.address().port}`;
    server.on("request", listener(url));
    const statuses = [];
    for (const [title, sent] of [["as it is", "a b"], ["a+b", "a+b"], ["a%20b", "a%20b"]]) {
        const { status } = await fetch(`${url}/token`, {
            method: "POST",
            headers: { authorization: `Basic ${btoa(`robot:${sent}`)}` },
            body: new URLSearchParams({ grant_type: "client_credentials" }),
        });
        statuses.push(`${title} ${status}`);
    }
    console.log(`${name}: ${statuses.join(", ")}`);
}

await say("oidc-provider", (issuer) => new Provider(issuer, {
    clients: [{
        client_id: "robot",
        client_secret: "a b",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
    }],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
}).callback());

const authority = new OAuth2Server({
    model: {
        getClient: (id, secret) => secret === "a b" && { id, grants: ["client_credentials"] },
        getUserFromClient: () => ({}),
        saveToken: (token, client, user) => ({ ...token, client, user }),
    },
});
await say("@node-oauth/oauth2-server", () => async (request, response) => {
    const text = await new Response(request).text();
    const body = Object.fromEntries(new URLSearchParams(text));
    const asked = new OAuth2Server.Request({ ...request, method: "POST", headers: request.headers, query: {}, body });
    const answer = new OAuth2Server.Response();
    await authority.token(asked, answer).catch(() => {});
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
});
process.exit();
E2
{ venv/bin/python -W ignore ask.py 2>ask.log && node ask.mjs 2>>ask.log | grep -v 'oidc-provider [A-Z]'; } | tee seen ||
    { cat ask.log; exit 1; }

diff - seen <<'E2'
Authlib: as it is 200, a+b 401, a%20b 200
django-oauth-toolkit: as it is 200, a+b 200, a%20b 200
oidc-provider: as it is 200, a+b 200, a%20b 200
@node-oauth/oauth2-server: as it is 200, a+b 401, a%20b 401
E2
echo "A blank in a secret, as RFC 6749 spells it, works at two of four servers; as an encoder for URLs spells it at three; as it is at all four."
