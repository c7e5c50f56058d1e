"""Keystone, and an API behind its own middleware: `keystone_server.py PORT API_PORT`.

Writes the credentials of its clients to `keystone.json` when it is ready.
"""

import datetime
import json
import os
import sqlite3
import subprocess
import sys
import threading

port, api_port = int(sys.argv[1]), int(sys.argv[2])
base, here = f"http://127.0.0.1:{port}", os.getcwd()
del sys.argv[1:]

with open("keystone.conf", "w", encoding="utf-8") as file:
    file.write(f"""
[DEFAULT]
log_file = {here}/keystone-server.log
[database]
connection = sqlite:///{here}/keystone.sqlite
[fernet_tokens]
key_repository = {here}/fernet
[credential]
key_repository = {here}/credential
[token]
expiration = 3600
[identity]
list_limit = 10
""")
os.environ["OS_KEYSTONE_CONFIG_FILES"] = f"{here}/keystone.conf"


def manage(*arguments):
    command = os.path.join(os.path.dirname(sys.executable), "keystone-manage")
    subprocess.run([command, "--config-file", "keystone.conf", *arguments], check=True)


owner = f"{os.getuid()}", f"{os.getgid()}"
manage("db_sync")
# Else a reader that is not done stops whoever writes.
sqlite3.connect("keystone.sqlite").execute("PRAGMA journal_mode=WAL")
manage("fernet_setup", "--keystone-user", owner[0], "--keystone-group", owner[1])
manage("credential_setup", "--keystone-user", owner[0], "--keystone-group", owner[1])
urls = [f"--bootstrap-{kind}-url={base}/v3" for kind in ("public", "internal")]
manage("bootstrap", "--bootstrap-password", "hush", *urls)

import requests  # noqa: E402
from keystone.server.wsgi import initialize_public_application  # noqa: E402
from keystonemiddleware.oauth2_token import OAuth2Protocol  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

keystone = make_server("127.0.0.1", port, initialize_public_application())
threading.Thread(target=keystone.serve_forever, daemon=True).start()

user = {"name": "admin", "domain": {"id": "default"}, "password": "hush"}
scope = {"project": {"name": "admin", "domain": {"id": "default"}}}
identity = {"methods": ["password"], "password": {"user": user}}
answer = requests.post(f"{base}/v3/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})
answer.raise_for_status()
headers = {"X-Auth-Token": answer.headers["X-Subject-Token"]}
owner = answer.json()["token"]["user"]["id"]


def credential(name, secret, ends=None):
    values = {"name": name, "secret": secret, "unrestricted": True}
    if ends:
        values["expires_at"] = ends.isoformat()
    answer = requests.post(
        f"{base}/v3/users/{owner}/application_credentials",
        json={"application_credential": values},
        headers=headers,
    )
    answer.raise_for_status()
    return {"id": answer.json()["application_credential"]["id"], "secret": secret}


def rows(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([{"user": environ["HTTP_X_USER_NAME"]}]).encode()]


settings = {
    "www_authenticate_uri": base,
    "auth_type": "password",
    "auth_url": f"{base}/v3",
    "username": "admin",
    "password": "hush",
    "project_name": "admin",
    "user_domain_id": "default",
    "project_domain_id": "default",
    # Else a revoked token is good for another 5 minutes.
    "token_cache_time": "-1",
}
# With admin itself 25, in pages of 10.
for n in range(24):
    answer = requests.post(f"{base}/v3/users", json={"user": {"name": f"user{n:02}"}}, headers=headers)
    answer.raise_for_status()
api = make_server("127.0.0.1", api_port, OAuth2Protocol(rows, settings))
with open("clients.json", encoding="utf-8") as file:
    special = json.load(file)["special"]["secret"]
soon = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(seconds=20)
credentials = {
    "robot": credential("robot", "hush"),
    "special": credential("special", special),
    "ending": credential("ending", "hush", soon),
}
with open("keystone.json.new", "w", encoding="utf-8") as file:
    json.dump(credentials, file)
os.rename("keystone.json.new", "keystone.json")
api.serve_forever()
