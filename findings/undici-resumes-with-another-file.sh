#!/usr/bin/env bash
# Versions: npm undici 7.30.2; Node.js 20.
#
# Setting: a download of 1,000,000 bytes through undici's RetryAgent breaks after 400,000. Before the
# agent tries again, the file is replaced by another one of the same length. The server states what HTTP
# asks of it: Accept-Ranges, and a Last-Modified that is a week newer for the new file.
#
# Guess: without a strong validator the agent does not resume; or it sees that Last-Modified has changed.
# Either way the download fails or starts anew.
# What happens: it asks for the rest with a bare Range, without If-Range or If-Match, and does not compare
# Last-Modified. The program gets a 200 of the right length which is 400,000 bytes of the old file and
# 600,000 of the new one. It is the same with a weak ETag that differs. Only a strong ETag turns it into an
# error.
#
# Output seen on 2026-11-29:
#   Last-Modified: status 200, 400000 bytes of the old file and 600000 of the new, If-Range null
#   weak ETag: status 200, 400000 bytes of the old file and 600000 of the new, If-Range null
#   strong ETag: UND_ERR_REQ_RETRY
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >download.mjs <<'E2'
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request, RetryAgent } from "undici";

const size = 1_000_000;
const versions = [
    { body: Buffer.alloc(size, "o"), day: "Sun, 22 Nov 2026 10:00:00 GMT", tag: "old" },
    { body: Buffer.alloc(size, "n"), day: "Sun, 29 Nov 2026 10:00:00 GMT", tag: "new" },
];
const validators = {
    "Last-Modified": (file) => ({ "last-modified": file.day }),
    "weak ETag": (file) => ({ etag: `W/"${file.tag}"` }),
    "strong ETag": (file) => ({ etag: `"${file.tag}"` }),
};

for (const [name, validator] of Object.entries(validators)) {
    let requests = 0;
    let ifRange;
    const server = http.createServer(async (request, response) => {
        const file = versions[requests++] ?? versions[1];
        const headers = { ...validator(file), "accept-ranges": "bytes" };
        const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        ifRange = request.headers["if-range"] ?? null;
        if (request.headers["if-match"] && request.headers["if-match"] !== headers.etag) {
            response.writeHead(412).end();
        } else if (requests === 1) {
            response.writeHead(200, { ...headers, "content-length": size });
            response.write(file.body.subarray(0, 400_000));
            await sleep(300);
            response.destroy();
        } else if (request.headers.range && (ifRange === null || ifRange === headers.etag)) {
            const range = `bytes ${start}-${size - 1}/${size}`;
            response.writeHead(206, { ...headers, "content-length": size - start, "content-range": range });
            response.end(file.body.subarray(start));
        } else {
            response.writeHead(200, { ...headers, "content-length": size });
            response.end(file.body);
        }
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    try {
        const url = `http://127.0.0.1:${server.address().port}/export`;
        const answer = await request(url, { dispatcher: new RetryAgent(new Agent()) });
        const text = await answer.body.text();
        const old = text.split("o").length - 1;
        console.log(`${name}: status ${answer.statusCode}, ${old} bytes of the old file and`,
            `${text.length - old} of the new, If-Range ${ifRange}`);
    } catch (error) {
        console.log(`${name}: ${error.code}`);
    }
    server.closeAllConnections();
    server.close();
}
process.exit();
E2
node download.mjs | tee seen

diff - seen <<'E2'
Last-Modified: status 200, 400000 bytes of the old file and 600000 of the new, If-Range null
weak ETag: status 200, 400000 bytes of the old file and 600000 of the new, If-Range null
strong ETag: UND_ERR_REQ_RETRY
E2
echo "undici 7.30.2 resumes a download although Last-Modified has changed, and hands over halves of two files as one 200."
