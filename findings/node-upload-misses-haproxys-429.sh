#!/usr/bin/env bash
# Versions: Debian 12 haproxy 2.6.12-1+deb12u4, nginx 1.22.1-9+deb12u11; npm undici 7.30.2 and
# axios 1.21.1 on Node.js 20; PyPI requests 2.34.2, httpx 0.28.1 and aiohttp 3.14.5.
#
# Setting: HAProxy refuses each request at its headers (`deny_status 429 hdr Retry-After 7`), nginx does the
# same (`return 429`). Each client uploads 32 MB from memory, five times.
#
# Guess: every client sees the 429 in both cases, as all of them look for an early answer.
# What happens: nginx reads on for a while after its answer, and all see it. HAProxy closes at once, and
# the clients part: requests, httpx and aiohttp read the 429 that is there although sending failed; undici
# and axios report EPIPE or a reset, and hardly ever read it. To a program on Node the rate limit is a
# broken network, and the 7 s are lost on it.
#
# Output seen on 2026-11-29 (how many of five uploads see a 429):
#   nginx: requests 5, httpx 5, aiohttp 5, undici 5, axios 5
#   haproxy: requests 5, httpx 5, aiohttp 5, undici 0, axios 1
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp"

packages="haproxy=2.6.12-1+deb12u4 nginx=1.22.1-9+deb12u11"
# shellcheck disable=SC2086
libraries=$(apt-cache depends $packages | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' |
    grep -vE '^(libc6|libgcc-s1|libstdc\+\+6)$' | sort -u)
# shellcheck disable=SC2086
apt-get download -qq $packages $libraries libopentracing1 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 axios@1.21.1 >npm.log 2>&1 || { cat npm.log; exit 1; }
python3 -m venv venv
venv/bin/pip install -q requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 >pip.log 2>&1 || { cat pip.log; exit 1; }

read -r haproxy nginx < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')
cat >haproxy.cfg <<E2
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend gateway
    bind 127.0.0.1:$haproxy
    http-request deny deny_status 429 hdr Retry-After 7
E2
cat >nginx.conf <<E2
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events {}
http {
    access_log off;
    client_max_body_size 0;
    client_body_temp_path $tmp/body;
    proxy_temp_path $tmp/proxy;
    fastcgi_temp_path $tmp/fastcgi;
    uwsgi_temp_path $tmp/uwsgi;
    scgi_temp_path $tmp/scgi;
    server {
        listen 127.0.0.1:$nginx;
        location / { add_header Retry-After 7 always; return 429; }
    }
}
E2
LD_LIBRARY_PATH=unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/sbin/haproxy -db -f haproxy.cfg >haproxy.log 2>&1 &
LD_LIBRARY_PATH=unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/sbin/nginx -c "$tmp/nginx.conf" >nginx.out 2>&1 &
for port in "$haproxy" "$nginx"; do
    for _ in $(seq 150); do
        if [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 429 ]; then break; fi
        sleep 0.1
    done
done

cat >upload.py <<'E2'
import asyncio, sys
import aiohttp, httpx, requests

url, body, seen = sys.argv[1], bytes(32 << 20), {}

async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        async with session.put(url, data=body) as answer:
            return answer.status

for name, upload in (
    ("requests", lambda: requests.put(url, data=body).status_code),
    ("httpx", lambda: httpx.put(url, content=body).status_code),
    ("aiohttp", lambda: asyncio.run(with_aiohttp())),
):
    seen[name] = 0
    for _ in range(5):
        try:
            seen[name] += upload() == 429
        except (requests.RequestException, httpx.HTTPError, aiohttp.ClientError):
            pass
print(*(f"{name} {count}," for name, count in seen.items()), end=" ")
E2
cat >upload.mjs <<'E2'
import axios from "axios";
import { request } from "undici";

const url = process.argv[2];
const body = Buffer.alloc(32 << 20);
const uploads = {
    undici: async () => {
        const answer = await request(url, { method: "PUT", body });
        await answer.body.dump();
        return answer.statusCode;
    },
    axios: async () => (await axios.put(url, body, { validateStatus: null, maxBodyLength: Infinity })).status,
};
const seen = [];
for (const [name, upload] of Object.entries(uploads)) {
    let count = 0;
    for (let i = 0; i < 5; i++) {
        try {
            if ((await upload()) === 429) count++;
        } catch (error) {
            console.error(name, error.code);
        }
    }
    seen.push(`${name} ${count}`);
}
console.log(seen.join(", "));
process.exit();
E2
for name in nginx haproxy; do
    echo "$name: $(venv/bin/python -W ignore upload.py "http://127.0.0.1:${!name}/")$(node upload.mjs "http://127.0.0.1:${!name}/" 2>>node.log)"
done | tee seen
sort node.log | uniq -c

all='requests 5, httpx 5, aiohttp 5, undici'
grep -qx "nginx: $all 5, axios 5" seen
grep -qxE "haproxy: $all [0-2], axios [0-3]" seen
echo "An upload by undici or axios hardly ever sees the 429 of HAProxy 2.6; one by requests, httpx or aiohttp always does."
