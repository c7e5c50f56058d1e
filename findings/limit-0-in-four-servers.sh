#!/usr/bin/env bash
# Versions: PyPI djangorestframework 3.18.3 on Django 5.2.19, kinto 26.5.0, jupyterhub 6.1.1,
# fastapi-pagination 0.16.1 on fastapi 0.165.0; Python from 3.11.
#
# Setting: each server holds 30 rows and is set to pages of 10. A client that wants only the total asks for
# a page of 0 rows (`limit=0`, in Kinto `_limit=0`).
#
# Guess: no rows and the total, or an error.
# What happens: four answers. DRF takes 0 for "not given" and sends a page of 10. JupyterHub sends 1 row
# and a next page with limit=1, so that a client that follows makes 30 requests. Kinto sends all 30, past
# its own `paginate_by` of 10, and no next page. fastapi-pagination refuses with 422.
#
# Output seen on 2026-11-29:
#   drf: status 200, 10 rows, next limit=10&offset=10
#   fastapi-pagination: status 422
#   kinto: status 200, 30 rows, next None; without a limit 10 rows
#   jupyterhub: status 200, 1 rows, next limit=1&offset=1; to the end 30 requests
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q djangorestframework==3.18.3 Django==5.2.19 kinto==26.5.0 jupyterhub==6.1.1 \
    fastapi-pagination==0.16.1 fastapi==0.165.0 httpx==0.28.1 waitress==3.0.2 requests==2.34.2 'setuptools<81' \
    >pip.log 2>&1 || { cat pip.log; exit 1; }
read -r kinto hub proxy < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')

cat >kinto.ini <<E2
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.userid_hmac_secret = of-this-test
kinto.bucket_create_principals = system.Everyone
kinto.paginate_by = 10
multiauth.policies = basicauth
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = $kinto
E2
cat >jupyterhub_config.py <<E2
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False
    routes = {}

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes

c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.bind_url = "http://127.0.0.1:$proxy"
c.JupyterHub.hub_port = $hub
c.JupyterHub.api_page_default_limit = 10
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "walker", "api_token": "a" * 40}]
c.JupyterHub.load_roles = [{"name": "walker-role", "scopes": ["admin:users"], "services": ["walker"]}]
E2
venv/bin/kinto start --ini kinto.ini >kinto.log 2>&1 &
venv/bin/python -m jupyterhub -f jupyterhub_config.py >hub.log 2>&1 &

cat >ask.py <<'E2'
import sys, time
import requests

def drf():
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="of-this-test", ROOT_URLCONF="ask_drf", ALLOWED_HOSTS=["*"],
        REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
    )
    django.setup()
    from rest_framework.pagination import LimitOffsetPagination
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    class Pages(LimitOffsetPagination):
        default_limit = 10

    pages = Pages()
    request = Request(APIRequestFactory().get("/rows", {"limit": 0}))
    rows = pages.paginate_queryset(list(range(30)), request)
    answer = pages.get_paginated_response(rows)
    following = answer.data["next"].split("?")[1]
    return f"status {answer.status_code}, {len(answer.data['results'])} rows, next {following}"

def fastapi_pagination():
    from fastapi import FastAPI
    from fastapi.testclient import TestClient
    from fastapi_pagination import LimitOffsetPage, add_pagination, paginate

    app = FastAPI()

    @app.get("/rows")
    def rows() -> LimitOffsetPage[int]:
        return paginate(list(range(30)))

    add_pagination(app)
    return f"status {TestClient(app).get('/rows?limit=0').status_code}"

def started(url):
    for _ in range(300):
        try:
            return requests.get(url).status_code
        except requests.ConnectionError:
            time.sleep(0.2)
    sys.exit(f"{url} did not start")

def kinto(port):
    base, session = f"http://127.0.0.1:{port}/v1/buckets/b", requests.Session()
    session.auth = ("user", "password")
    started(f"http://127.0.0.1:{port}/v1/")
    session.put(base)
    session.put(base + "/collections/c")
    rows = base + "/collections/c/records"
    for n in range(30):
        session.post(rows, json={"data": {"n": n}}).raise_for_status()
    answer, plain = session.get(rows + "?_limit=0"), session.get(rows)
    return (f"status {answer.status_code}, {len(answer.json()['data'])} rows, "
            f"next {answer.headers.get('Next-Page')}; without a limit {len(plain.json()['data'])} rows")

def jupyterhub(port):
    base, session = f"http://127.0.0.1:{port}/hub/api/", requests.Session()
    session.headers["Authorization"] = "token " + "a" * 40
    session.headers["Accept"] = "application/jupyterhub-pagination+json"
    started(base)
    session.post(base + "users", json={"usernames": [f"user{n:02}" for n in range(30)]}).raise_for_status()
    answer = session.get(base + "users?limit=0")
    page = answer.json()
    following, requests_made = page["_pagination"]["next"], 1
    shown = f"status {answer.status_code}, {len(page['items'])} rows, next limit={following['limit']}&offset={following['offset']}"
    while following:
        following = session.get(following["url"]).json()["_pagination"]["next"]
        requests_made += 1
    return f"{shown}; to the end {requests_made} requests"

print("drf:", drf())
print("fastapi-pagination:", fastapi_pagination())
print("kinto:", kinto(sys.argv[1]), flush=True)
print("jupyterhub:", jupyterhub(sys.argv[2]))
E2
venv/bin/python -W ignore ask.py "$kinto" "$hub" 2>ask.log | tee seen || { cat ask.log; exit 1; }

diff - seen <<'E2'
drf: status 200, 10 rows, next limit=10&offset=10
fastapi-pagination: status 422
kinto: status 200, 30 rows, next None; without a limit 10 rows
jupyterhub: status 200, 1 rows, next limit=1&offset=1; to the end 30 requests
E2
echo "A page of 0 rows is 10 rows in DRF, 1 in JupyterHub, all in Kinto, and an error in fastapi-pagination; nowhere is it 0."
