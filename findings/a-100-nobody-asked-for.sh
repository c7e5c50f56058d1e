#!/usr/bin/env bash
# Versions: Node.js 20 as server, and its fetch; npm undici 7.30.2, axios 1.21.1, got 14.6.6; PyPI requests 2.34.2,
# httpx 0.28.1, aiohttp 3.14.5; urllib of Python 3.11; Debian 12 curl 7.88.1-10+deb12u15, wget 1.21.3-1+deb12u1.
#
# Setting: before the final 201 a server sends an interim response: 100 (writeContinue), 102 (writeProcessing,
# "still at work") or 103 (writeEarlyHints), all functions of Node's own server. The client has not sent
# Expect. RFC 9110, 15.2: a client must be able to parse them, even if it does not expect one. Each client
# sends one POST.
#
# Guess: a 100, the oldest of them, is no trouble to anybody; only the newer ones break old clients: requests
# and urllib take a 102 or 103 for the answer, and wget fails.
# What happens: undici and Node's fetch, the newest of all, fail at the 100: they close the connection with
# "bad response". So Node's own client fails at what Node's own server sends. The POST was done, and the
# client reports a network error, which a retry takes as a reason to send it again. requests and urllib do
# as guessed (Python 3.11); wget takes all three.
#
# Output seen on 2026-11-29 (the POSTs at the server are one in each case):
#   100: requests 201, httpx 201, aiohttp 201, urllib 201, undici bad response, fetch bad response, axios 201, got 201, curl 201, wget 201
#   102: requests 102, httpx 201, aiohttp 201, urllib 102, undici 201, fetch 201, axios 201, got 201, curl 201, wget 201
#   103: requests 103, httpx 201, aiohttp 201, urllib 103, undici 201, fetch 201, axios 201, got 201, curl 201, wget 201
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

apt-get download -qq wget=1.21.3-1+deb12u1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>apt.log ||
    { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
python3 -m venv venv
venv/bin/pip install -q requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 >pip.log 2>&1 || { cat pip.log; exit 1; }
npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 axios@1.21.1 got@14.6.6 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >server.mjs <<'E2'
import http from "node:http";
import { setTimeout } from "node:timers/promises";

const interim = {
    100: (answer) => answer.writeContinue(),
    102: (answer) => answer.writeProcessing(),
    103: (answer) => answer.writeEarlyHints({ link: "</rows>; rel=preload" }),
};
let posts = 0;
const server = http.createServer(async (request, answer) => {
    if (request.url === "/count") {
        answer.end(String(posts));
        posts = 0;
        return;
    }
    for await (const _ of request);
    posts++;
    interim[request.url.slice(1)](answer);
    await setTimeout(100);
    answer.writeHead(201, { "content-type": "text/plain" });
    answer.end("done");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
E2
cat >ask.py <<'E2'
import asyncio, sys, urllib.error, urllib.request
import aiohttp, httpx, requests

name, url = sys.argv[1:]

async def with_aiohttp():
    async with aiohttp.ClientSession() as session, session.post(url, data=b"x=1") as answer:
        await answer.read()
        return answer.status

def with_urllib():
    try:
        return urllib.request.urlopen(url, b"x=1").status
    except urllib.error.HTTPError as error:
        return error.code

print({
    "requests": lambda: requests.post(url, data=b"x=1").status_code,
    "httpx": lambda: httpx.post(url, content=b"x=1").status_code,
    "aiohttp": lambda: asyncio.run(with_aiohttp()),
    "urllib": with_urllib,
}[name]())
E2
cat >ask.mjs <<'E2'
import axios from "axios";
import got from "got";
import { request } from "undici";

const [name, url] = process.argv.slice(2);
const asking = {
    undici: async () => (await request(url, { method: "POST", body: "x=1" })).statusCode,
    fetch: async () => (await fetch(url, { method: "POST", body: "x=1" })).status,
    axios: async () => (await axios.post(url, "x=1")).status,
    got: async () => (await got.post(url, { body: "x=1" })).statusCode,
};
console.log(await asking[name]().catch((error) => error.cause?.message ?? error.message));
process.exit();
E2
node server.mjs >port &
until [ -s port ]; do sleep 0.1; done
base=http://127.0.0.1:$(cat port)
export LD_LIBRARY_PATH=$tmp/unpacked/usr/lib/x86_64-linux-gnu no_proxy='*'

for status in 100 102 103; do
    said=()
    for name in requests httpx aiohttp urllib undici fetch axios got curl wget; do
        case $name in
        requests | httpx | aiohttp | urllib) answer=$(venv/bin/python -W ignore ask.py "$name" "$base/$status") ;;
        curl) answer=$(unpacked/usr/bin/curl -s -o curl.out -w '%{http_code}' -d x=1 "$base/$status") || true ;;
        wget) answer=$(unpacked/usr/bin/wget -S -O wget.out --tries=1 --post-data=x=1 "$base/$status" 2>&1 |
            sed -n 's/^ *HTTP[^ ]* \([0-9]*\).*/\1/p' | tail -1) || true ;;
        *) answer=$(node ask.mjs "$name" "$base/$status") ;;
        esac
        said+=("$name $answer")
        posts=$(unpacked/usr/bin/curl -s "$base/count")
        [ "$posts" = 1 ] || said+=("POSTs at the server: $posts")
    done
    printf -v line ', %s' "${said[@]}"
    echo "$status: ${line:2}"
done | tee seen

diff - seen <<'E2'
100: requests 201, httpx 201, aiohttp 201, urllib 201, undici bad response, fetch bad response, axios 201, got 201, curl 201, wget 201
102: requests 102, httpx 201, aiohttp 201, urllib 102, undici 201, fetch 201, axios 201, got 201, curl 201, wget 201
103: requests 103, httpx 201, aiohttp 201, urllib 103, undici 201, fetch 201, axios 201, got 201, curl 201, wget 201
E2
echo "undici and Node's fetch fail at a 100 that they did not ask for, though the POST was done; they take the newer 102 and 103."
