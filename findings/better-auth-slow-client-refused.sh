#!/usr/bin/env bash
# Versions: npm better-auth 1.7.25, on any Node.js from 20.
#
# Setting: its rate limit is `{ window: 4, max: 4 }`, which its documentation reads as 4 requests in 4
# seconds. One client sends one request every 2 s: half of what is allowed.
#
# Guess: the client is never refused.
# What happens: the 5th request is refused, though only one other was sent in the 4 s before it. The
# window counts from the last request, not from the first: each request that comes within 4 s of the one
# before adds to a count that only a pause of 4 s ends. So `max` is the length of an unbroken run, and a
# cron job or a poller that never pauses for a whole window is refused at any rate. A client that sends
# 4 requests at once and then pauses for 4.5 s is never refused: over time it is almost twice as fast.
# The wait is stated in X-Retry-After; there is no Retry-After.
#
# Output seen on 2026-11-29:
#   one request every 2 s: 200 200 200 200 429
#   headers of the refusal: X-Retry-After 1 to 4 and Retry-After null
#   four at once, then a pause of 4.5 s: 200 200 200 200 200 200 200 200
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund better-auth@1.7.25 >npm.log 2>&1 || { cat npm.log; exit 1; }

cat >clients.mjs <<'E2'
import { betterAuth } from "better-auth";
import { toNodeHandler } from "better-auth/node";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const auth = betterAuth({
    secret: "9f8a7c6b5e4d3c2b1a0987654321fedcba",
    baseURL: "http://127.0.0.1",
    logger: { disabled: true },
    rateLimit: { enabled: true, window: 4, max: 4 },
});
const server = http.createServer(toNodeHandler(auth));
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const url = `http://127.0.0.1:${server.address().port}/api/auth/ok`;
const send = (client) => fetch(url, { headers: { "x-forwarded-for": client } });

let answer;
const steady = [];
for (let i = 0; i < 5; i++) {
    if (i > 0) await sleep(2000);
    answer = await send("192.0.2.1");
    steady.push(answer.status);
}
console.log("one request every 2 s:", ...steady);
const stated = answer.headers.get("x-retry-after");
console.log("headers of the refusal: X-Retry-After", stated > 0 && stated <= 4 ? "1 to 4" : stated,
    "and Retry-After", answer.headers.get("retry-after"));

const bursts = [];
for (let i = 0; i < 8; i++) {
    if (i === 4) await sleep(4500);
    bursts.push((await send("192.0.2.2")).status);
}
console.log("four at once, then a pause of 4.5 s:", ...bursts);
process.exit();
E2
node clients.mjs 2>node.log | tee seen || { cat node.log; exit 1; }

diff - seen <<'E2'
one request every 2 s: 200 200 200 200 429
headers of the refusal: X-Retry-After 1 to 4 and Retry-After null
four at once, then a pause of 4.5 s: 200 200 200 200 200 200 200 200
E2
echo "better-auth 1.7.25 refuses a client at half the allowed rate: its window starts anew with every request."
