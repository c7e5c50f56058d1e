#!/usr/bin/env bash
# Versions: Debian 12 nginx 1.22.1-9+deb12u11, apache2-bin 2.4.71-1~deb12u1, varnish 7.1.1-2+deb12u1; npm
# undici 7.30.2, got 14.6.6, axios-cache-interceptor 1.12.3 on axios 1.21.1, make-fetch-happen 15.0.6
# (Node.js 20); PyPI CacheControl 0.14.4, requests-cache 1.3.3, hishel 2.0.0, requests 2.34.2.
# varnishd needs a C compiler.
#
# Setting: an API puts Cache-Control: max-age=60 on all its answers. The first is a 429 with Retry-After: 1,
# the next would be a 200. A client asks four times, 1.1 s apart, through each of ten caches.
#
# Guess: 429 200 200 200 through all except nginx, which stores any status that comes with a max-age. RFC
# 6585 says that a 429 must not be stored by a cache, and all nine others look at the status.
# What happens: four of ten store it: nginx, Apache, undici and got. For a minute each retry gets the stored
# 429, with the Retry-After: 1 that asks for the next one, and the API, long idle, sees one request. With
# undici and got it is the client's own cache that starves the client's own retries: got reports a 429
# after two retries that never left it.
#
# Output seen on 2026-11-29:
#   nginx: 429 429 429 429, requests at the API 1
#   apache: 429 429 429 429, requests at the API 1
#   varnish: 429 200 200 200, requests at the API 2
#   undici: 429 429 429 429, requests at the API 1
#   got: 429 429 429 429, requests at the API 1
#   axios-cache-interceptor: 429 200 200 200, requests at the API 2
#   make-fetch-happen: 429 200 200 200, requests at the API 2
#   got, one call with its own retries: 429, requests at the API 1
#   CacheControl: 429 200 200 200, requests at the API 2
#   requests-cache: 429 200 200 200, requests at the API 2
#   hishel: 429 200 200 200, requests at the API 2
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp"

packages="nginx=1.22.1-9+deb12u11 apache2-bin=2.4.71-1~deb12u1 varnish=7.1.1-2+deb12u1"
# shellcheck disable=SC2086
libraries=$(apt-cache depends $packages | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' |
    grep -vE '^(libc6|libc6-dev|libgcc-s1|libstdc\+\+6|libc-dev)$' | sort -u)
# shellcheck disable=SC2086
apt-get download -qq $packages $libraries 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
libraries=$tmp/unpacked/usr/lib/x86_64-linux-gnu:$tmp/unpacked/usr/lib/varnish
python3 -m venv venv
venv/bin/pip install -q CacheControl==0.14.4 requests-cache==1.3.3 hishel==2.0.0 requests==2.34.2 >pip.log 2>&1 ||
    { cat pip.log; exit 1; }
npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 got@14.6.6 axios-cache-interceptor@1.12.3 axios@1.21.1 \
    make-fetch-happen@15.0.6 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >api.py <<'E2'
"""The first request of a path is answered 429, each further one 200; /count tells how many came."""
import collections, http.server

counts = collections.Counter()

class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, kind, path = self.path.split("/", 2)
        body = b"body"
        if kind == "count":
            self.send_response(200)
            body = str(counts[path]).encode()
            self.send_header("Cache-Control", "no-store")
        else:
            counts[path] += 1
            self.send_response(429 if counts[path] == 1 else 200)
            if counts[path] == 1:
                self.send_header("Retry-After", "1")
            self.send_header("Cache-Control", "max-age=60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_address[1], flush=True)
server.serve_forever()
E2
python3 api.py >port 2>api.log &
until [ -s port ]; do sleep 0.1; done
api=127.0.0.1:$(cat port)
read -r nginx apache varnish < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')

cat >nginx.conf <<E2
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $tmp/body;
    proxy_temp_path $tmp/proxy;
    fastcgi_temp_path $tmp/fastcgi;
    uwsgi_temp_path $tmp/uwsgi;
    scgi_temp_path $tmp/scgi;
    proxy_cache_path $tmp/nginx.cache keys_zone=cache:1m;
    server { listen 127.0.0.1:$nginx; proxy_cache cache; location / { proxy_pass http://$api; } }
}
E2
mkdir -m 777 apache.cache
modules=$tmp/unpacked/usr/lib/apache2/modules
cat >apache.conf <<E2
ServerName localhost
Listen 127.0.0.1:$apache
PidFile $tmp/apache.pid
ErrorLog $tmp/apache.log
DefaultRuntimeDir $tmp
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_http_module $modules/mod_proxy_http.so
LoadModule cache_module $modules/mod_cache.so
LoadModule cache_disk_module $modules/mod_cache_disk.so
CacheRoot $tmp/apache.cache
CacheEnable disk /
ProxyPass / http://$api/
User nobody
Group nogroup
E2
cat >varnish.vcl <<E2
vcl 4.1;
backend api { .host = "127.0.0.1"; .port = "${api#*:}"; }
E2
LD_LIBRARY_PATH=$libraries unpacked/usr/sbin/nginx -c "$tmp/nginx.conf" >nginx.out 2>&1 &
LD_LIBRARY_PATH=$libraries unpacked/usr/sbin/apache2 -f "$tmp/apache.conf" -DFOREGROUND >apache.out 2>&1 &
LD_LIBRARY_PATH=$libraries unpacked/usr/sbin/varnishd -F -a "127.0.0.1:$varnish" -f "$tmp/varnish.vcl" -n "$tmp/varnish" \
    -s malloc,10m -T none >varnish.out 2>&1 &

ask() {
    curl -s --noproxy '*' -o /dev/null -w '%{http_code}' "$1"
}
for port in $nginx $apache $varnish; do
    for _ in $(seq 300); do
        if [ "$(ask "http://127.0.0.1:$port/count/$port")" = 200 ]; then break; fi
        sleep 0.1
    done
done
for gateway in "nginx $nginx" "apache $apache" "varnish $varnish"; do
    read -r name port <<<"$gateway"
    said=$name:
    for _ in 1 2 3 4; do
        said="$said $(ask "http://127.0.0.1:$port/rows/$name")"
        sleep 1.1
    done
    echo "$said, requests at the API $(curl -s --noproxy '*' "http://$api/count/$name")"
done | tee seen

cat >clients.mjs <<'E2'
import { setTimeout } from "node:timers/promises";
import axios from "axios";
import { setupCache } from "axios-cache-interceptor";
import got from "got";
import fetchWithCache from "make-fetch-happen";
import { Agent, interceptors, request } from "undici";

const api = process.argv[2];
const dispatcher = new Agent().compose(interceptors.cache());
const client = setupCache(axios.create({ validateStatus: () => true }));
const cache = new Map();
const asking = {
    undici: async (url) => {
        const { statusCode, body } = await request(url, { dispatcher });
        await body.text();
        return statusCode;
    },
    got: async (url) => (await got(url, { cache, retry: { limit: 0 }, throwHttpErrors: false })).statusCode,
    "axios-cache-interceptor": async (url) => (await client.get(url)).status,
    "make-fetch-happen": async (url) => {
        const answer = await fetchWithCache(url, { cachePath: "fetched", retry: false });
        await answer.text();
        return answer.status;
    },
};
const count = async (name) => `requests at the API ${await (await fetch(`${api}/count/${name}`)).text()}`;
for (const [name, ask] of Object.entries(asking)) {
    const seen = [];
    for (let n = 0; n < 4; n++, await setTimeout(1100)) seen.push(await ask(`${api}/rows/${name}`));
    console.log(`${name}: ${seen.join(" ")}, ${await count(name)}`);
}
const { statusCode } = await got(`${api}/rows/retries`, { cache: new Map(), throwHttpErrors: false });
console.log(`got, one call with its own retries: ${statusCode}, ${await count("retries")}`);
process.exit();
E2
node clients.mjs "http://$api" | tee -a seen

cat >clients.py <<'E2'
import sys, time
import cachecontrol, requests, requests_cache
from hishel.requests import CacheAdapter

api = sys.argv[1]
with_hishel = requests.Session()
with_hishel.mount("http://", CacheAdapter())
for name, session in (
    ("CacheControl", cachecontrol.CacheControl(requests.Session())),
    ("requests-cache", requests_cache.CachedSession(backend="memory", cache_control=True)),
    ("hishel", with_hishel),
):
    seen = []
    for _ in range(4):
        seen.append(str(session.get(f"{api}/rows/{name}").status_code))
        time.sleep(1.1)
    print(f"{name}: {' '.join(seen)}, requests at the API {requests.get(f'{api}/count/{name}').text}", flush=True)
E2
venv/bin/python -W ignore clients.py "http://$api" | tee -a seen

diff - seen <<'E2'
nginx: 429 429 429 429, requests at the API 1
apache: 429 429 429 429, requests at the API 1
varnish: 429 200 200 200, requests at the API 2
undici: 429 429 429 429, requests at the API 1
got: 429 429 429 429, requests at the API 1
axios-cache-interceptor: 429 200 200 200, requests at the API 2
make-fetch-happen: 429 200 200 200, requests at the API 2
got, one call with its own retries: 429, requests at the API 1
CacheControl: 429 200 200 200, requests at the API 2
requests-cache: 429 200 200 200, requests at the API 2
hishel: 429 200 200 200, requests at the API 2
E2
echo "nginx, Apache, undici and got keep a 429 as long as its max-age says: whoever obeys its Retry-After gets it again for a minute."
