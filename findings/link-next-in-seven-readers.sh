#!/usr/bin/env bash
# Versions: PyPI requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5; npm got 14.6.6, @octokit/core 7.0.8 with
# @octokit/plugin-paginate-rest 16.0.0, parse-link-header 2.0.0, http-link-header 1.1.4; Node.js 20.
#
# Setting: an API has three pages, and names the next one in the Link header. It writes the link in five
# ways that RFC 8288 and RFC 3986 allow. Each reader follows `next` until there is none.
#
# Guess: a comma or a semicolon in the URL breaks got alone, and so does a comma in a title. `Rel` instead of
# `rel` is too much for requests and httpx alone.
# What happens: only the first way is read by all seven. requests and httpx cut the URL off at a semicolon:
# what is left is the address of page 1, which they read for ever. At a comma in a title octokit ends after
# page 1, and at `Rel` so do six of seven: a third of the rows, and no error. Only http-link-header reads
# all five; got is the only one that says that it cannot.
#
# Output seen on 2026-11-29 (pages read, at most nine; 3 is right):
#   <...>; rel="next"              requests 3, httpx 3, aiohttp 3, got 3, octokit 3, parse-link-header 3, http-link-header 3
#   <...a,b...>; rel="next"        requests 3, httpx 3, aiohttp 3, got error, octokit 3, parse-link-header 3, http-link-header 3
#   <...a;b...>; rel="next"        requests 9, httpx 9, aiohttp 3, got error, octokit 3, parse-link-header 3, http-link-header 3
#   <...>; title="a, b"; rel=...   requests 3, httpx 3, aiohttp 3, got error, octokit 1, parse-link-header 3, http-link-header 3
#   <...>; Rel="next"              requests 1, httpx 1, aiohttp 1, got 1, octokit 1, parse-link-header 1, http-link-header 3
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 >pip.log 2>&1 || { cat pip.log; exit 1; }
npm init -y >npm.log
npm install --no-audit --no-fund got@14.6.6 @octokit/core@7.0.8 @octokit/plugin-paginate-rest@16.0.0 \
    parse-link-header@2.0.0 http-link-header@1.1.4 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >api.py <<'E2'
import http.server, urllib.parse

ways = [
    '<URL?page=N>; rel="next"',
    '<URL?of=a,b&page=N>; rel="next"',
    '<URL?of=a;b&page=N>; rel="next"',
    '<URL?page=N>; title="a, b"; rel="next"',
    '<URL?page=N>; Rel="next"',
]

class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        page = int(urllib.parse.parse_qs(url.query).get("page", ["1"])[0])
        self.send_response(200)
        if page < 3:
            base = f"http://127.0.0.1:{self.server.server_address[1]}{url.path}"
            self.send_header("Link", ways[int(url.path[1:])].replace("URL", base).replace("N", str(page + 1)))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"[1]")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_address[1], flush=True)
server.serve_forever()
E2
cat >walk.py <<'E2'
import asyncio, sys
import aiohttp, httpx, requests

base, most = sys.argv[1], 9

def walk(get):
    url, pages = base, 0
    while url and pages < most:
        url = get(url).links.get("next", {}).get("url")
        pages += 1
    return pages

async def with_aiohttp():
    url, pages = base, 0
    async with aiohttp.ClientSession() as session:
        while url and pages < most:
            async with session.get(url) as answer:
                url = answer.links.get("next", {}).get("url")
            pages += 1
    return pages

print(f"requests {walk(requests.get)}, httpx {walk(httpx.get)}, aiohttp {asyncio.run(with_aiohttp())}", end=",")
E2
cat >walk.mjs <<'E2'
import { Octokit } from "@octokit/core";
import { paginateRest } from "@octokit/plugin-paginate-rest";
import got from "got";
import LinkHeader from "http-link-header";
import parse from "parse-link-header";

const [base, most] = [process.argv[2], 9];

const walk = (next) => async () => {
    let [url, pages] = [base, 0];
    for (; url && pages < most; pages++) url = next((await fetch(url)).headers.get("link") ?? "");
    return pages;
};
const readers = {
    got: async () => {
        let pages = 0;
        for await (const _ of got.paginate(base, { pagination: { requestLimit: most } })) pages++;
        return pages;
    },
    octokit: async () => {
        const { origin, pathname } = new URL(base);
        const octokit = new (Octokit.plugin(paginateRest))({ baseUrl: origin });
        let pages = 0;
        for await (const _ of octokit.paginate.iterator(`GET ${pathname}`)) if (++pages === most) break;
        return pages;
    },
    "parse-link-header": walk((link) => parse(link)?.next?.url),
    "http-link-header": walk((link) => LinkHeader.parse(link).rel("next")[0]?.uri),
};
const said = [];
for (const [name, read] of Object.entries(readers)) said.push(`${name} ${await read().catch(() => "error")}`);
console.log(said.join(", "));
process.exit();
E2
python3 api.py >port 2>api.log &
until [ -s port ]; do sleep 0.1; done

way=0
for title in '<...>; rel="next"' '<...a,b...>; rel="next"' '<...a;b...>; rel="next"' '<...>; title="a, b"; rel=...' \
    '<...>; Rel="next"'; do
    url=http://127.0.0.1:$(cat port)/$way
    printf '%-30s %s %s\n' "$title" "$(venv/bin/python walk.py "$url")" "$(node walk.mjs "$url" 2>node.log)"
    way=$((way + 1))
done | tee seen

diff - seen <<'E2'
<...>; rel="next"              requests 3, httpx 3, aiohttp 3, got 3, octokit 3, parse-link-header 3, http-link-header 3
<...a,b...>; rel="next"        requests 3, httpx 3, aiohttp 3, got error, octokit 3, parse-link-header 3, http-link-header 3
<...a;b...>; rel="next"        requests 9, httpx 9, aiohttp 3, got error, octokit 3, parse-link-header 3, http-link-header 3
<...>; title="a, b"; rel=...   requests 3, httpx 3, aiohttp 3, got error, octokit 1, parse-link-header 3, http-link-header 3
<...>; Rel="next"              requests 1, httpx 1, aiohttp 1, got 1, octokit 1, parse-link-header 1, http-link-header 3
E2
echo "requests and httpx cut a next link at a semicolon and read page 1 for ever; of five valid links, one is read by all of seven readers."
