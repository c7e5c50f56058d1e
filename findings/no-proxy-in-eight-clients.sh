#!/usr/bin/env bash
# Versions: PyPI requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5 (trust_env); npm undici 7.30.2
# (EnvHttpProxyAgent), axios 1.21.1; Debian 12 curl 7.88.1-10+deb12u15, wget 1.21.3-1+deb12u1; urllib of
# Python 3.10 or newer.
#
# Setting: http_proxy and no_proxy are set alike for all eight. Each asks for http://api.corp.test:PORT/.
#
# Guess: `*` keeps all away from the proxy, and the exact `host:port` all but curl and wget, which know no
# ports; `*.corp.test` works in undici and axios alone.
# What happens: wget does not know `*` and goes through the proxy. aiohttp asks urllib's own function, and
# yet goes through it for `host:port`, which urllib by itself does not: it asks without the port. So of
# six usual ways to write it, only the name itself and the name with a dot before its domain work in all
# eight; `corp.test` without the dot is no domain for axios.
#
# Output seen on 2026-11-29 (d direct, P through the proxy):
#   api.corp.test       requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget d
#   .corp.test          requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget d
#   corp.test           requests d, httpx d, aiohttp d, urllib d, undici d, axios P, curl d, wget d
#   *.corp.test         requests P, httpx P, aiohttp P, urllib P, undici d, axios d, curl P, wget P
#   api.corp.test:PORT  requests d, httpx d, aiohttp P, urllib d, undici d, axios d, curl P, wget P
#   *                   requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget P
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 wget=1.21.3-1+deb12u1 2>apt.log ||
    { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 axios@1.21.1 >npm.log 2>&1 || { cat npm.log; exit 1; }
python3 -m venv venv
venv/bin/pip install -q requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >proxy.py <<'E2'
"""A proxy that answers every request itself; what goes past it fails, as the name does not resolve."""
import http.server

class Proxy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"proxy")

    def do_CONNECT(self):
        self.send_response(200)
        self.end_headers()
        self.raw_requestline = self.rfile.readline()
        self.parse_request()
        self.do_GET()
        self.close_connection = True

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
print(server.server_address[1], flush=True)
server.serve_forever()
E2
python3 proxy.py >port &
until [ -s port ]; do sleep 0.1; done
proxy=http://127.0.0.1:$(cat port)

cat >ask.py <<'E2'
import asyncio, sys, urllib.request
import aiohttp, httpx, requests

url = sys.argv[1]

async def with_aiohttp():
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(url) as answer:
            return await answer.text()

for name, ask in (
    ("requests", lambda: requests.get(url).text),
    ("httpx", lambda: httpx.get(url).text),
    ("aiohttp", lambda: asyncio.run(with_aiohttp())),
    ("urllib", lambda: urllib.request.urlopen(url).read().decode()),
):
    try:
        print(name, {"proxy": "P"}[ask()], end=", ")
    except (OSError, httpx.ConnectError):
        print(name, "d", end=", ")
E2
cat >ask.mjs <<'E2'
import axios from "axios";
import { EnvHttpProxyAgent, request } from "undici";

const url = process.argv[2];
for (const [name, ask] of Object.entries({
    undici: async () => (await request(url, { dispatcher: new EnvHttpProxyAgent() })).body.text(),
    axios: async () => (await axios.get(url)).data,
})) {
    let way = "d";
    try {
        way = (await ask()) === "proxy" ? "P" : "?";
    } catch (error) {
        if (!/ENOTFOUND|EAI_AGAIN/.test(error.code)) way = error.code;
    }
    process.stdout.write(`${name} ${way}, `);
}
process.exit();
E2
way() { if [ "$1" = proxy ]; then echo P; else echo d; fi; }
for value in api.corp.test .corp.test corp.test '*.corp.test' api.corp.test:8080 '*'; do
    export no_proxy=$value NO_PROXY=$value http_proxy=$proxy HTTP_PROXY=$proxy
    url=http://api.corp.test:8080/
    printf '%-19s ' "${value/8080/PORT}"
    venv/bin/python -W ignore ask.py "$url" 2>>python.log
    node ask.mjs "$url" 2>>node.log
    by_curl=$(LD_LIBRARY_PATH=unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/bin/curl -s --max-time 20 "$url" || true)
    by_wget=$(unpacked/usr/bin/wget -q -t 1 -T 20 -O - "$url" || true)
    echo "curl $(way "$by_curl"), wget $(way "$by_wget")"
done | tee seen

diff - seen <<'E2'
api.corp.test       requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget d
.corp.test          requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget d
corp.test           requests d, httpx d, aiohttp d, urllib d, undici d, axios P, curl d, wget d
*.corp.test         requests P, httpx P, aiohttp P, urllib P, undici d, axios d, curl P, wget P
api.corp.test:PORT  requests d, httpx d, aiohttp P, urllib d, undici d, axios d, curl P, wget P
*                   requests d, httpx d, aiohttp d, urllib d, undici d, axios d, curl d, wget P
E2
echo "no_proxy=* does not hold for wget 1.21, nor host:port for aiohttp 3.14; of six forms, two mean the same to eight clients."
