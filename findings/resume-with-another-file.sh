#!/usr/bin/env bash
# Versions: npm undici 7.30.2 on Node.js 20; Debian 12 wget 1.21.3-1+deb12u1.
#
# Setting: a download of 1,000,000 bytes breaks after 400,000. Before the client tries again by itself
# (undici's RetryAgent, wget without options), the file is replaced by another one of the same length. The
# server states what HTTP asks of it: Accept-Ranges, and a Last-Modified that is a week newer for the new
# file, or an ETag that differs.
#
# Guess: without a strong validator they do not resume; or they see that Last-Modified has changed. Either
# way the download fails or starts anew.
# What happens: both ask for the rest with a bare Range, without If-Range, and do not compare
# Last-Modified. undici gives a 200 and wget an exit code of 0 for 400,000 bytes of the old file with
# 600,000 of the new one behind them. Only undici, and only with a strong ETag, makes it an error; wget
# does not heed that either.
#
# Output seen on 2026-11-29:
#   Last-Modified: undici status 200, 400000 old and 600000 new bytes; wget exit 0, 400000 old and 600000 new bytes
#   weak ETag: undici status 200, 400000 old and 600000 new bytes; wget exit 0, 400000 old and 600000 new bytes
#   strong ETag: undici UND_ERR_REQ_RETRY; wget exit 0, 400000 old and 600000 new bytes
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund undici@7.30.2 >npm.log 2>&1 || { cat npm.log; exit 1; }

apt-get download -qq wget=1.21.3-1+deb12u1 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done

cat >download.mjs <<'E2'
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
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

function serve(validator) {
    let requests = 0;
    const server = http.createServer(async (request, response) => {
        const file = versions[requests++] ?? versions[1];
        const headers = { ...validator(file), "accept-ranges": "bytes" };
        const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        const condition = request.headers["if-range"];
        if (request.headers["if-match"] && request.headers["if-match"] !== headers.etag) {
            response.writeHead(412).end();
        } else if (requests === 1) {
            response.writeHead(200, { ...headers, "content-length": size });
            response.write(file.body.subarray(0, 400_000));
            await sleep(300);
            response.destroy();
        } else if (request.headers.range && (condition === undefined || condition === headers.etag)) {
            const range = `bytes ${start}-${size - 1}/${size}`;
            response.writeHead(206, { ...headers, "content-length": size - start, "content-range": range });
            response.end(file.body.subarray(start));
        } else {
            response.writeHead(200, { ...headers, "content-length": size });
            response.end(file.body);
        }
    });
    return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready(server)));
}

const parts = (text) => `${text.split("o").length - 1} old and ${text.split("n").length - 1} new bytes`;
const downloads = {
    undici: async (url) => {
        const answer = await request(url, { dispatcher: new RetryAgent(new Agent()) });
        return `status ${answer.statusCode}, ${parts(await answer.body.text())}`;
    },
    wget: async (url) => {
        await promisify(execFile)("unpacked/usr/bin/wget", ["-q", "-O", "export", url]);
        return `exit 0, ${parts(readFileSync("export", "utf8"))}`;
    },
};
for (const [name, validator] of Object.entries(validators)) {
    const seen = [];
    for (const [client, download] of Object.entries(downloads)) {
        const server = await serve(validator);
        const result = await download(`http://127.0.0.1:${server.address().port}/export`).catch((error) => error.code);
        seen.push(`${client} ${result}`);
        server.closeAllConnections();
    }
    console.log(`${name}: ${seen.join("; ")}`);
}
process.exit();
E2
node download.mjs | tee seen

diff - seen <<'E2'
Last-Modified: undici status 200, 400000 old and 600000 new bytes; wget exit 0, 400000 old and 600000 new bytes
weak ETag: undici status 200, 400000 old and 600000 new bytes; wget exit 0, 400000 old and 600000 new bytes
strong ETag: undici UND_ERR_REQ_RETRY; wget exit 0, 400000 old and 600000 new bytes
E2
echo "undici 7.30.2 and wget 1.21.3 resume a download although Last-Modified has changed, and call halves of two files a success."
