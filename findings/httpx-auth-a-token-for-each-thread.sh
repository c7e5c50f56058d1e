#!/usr/bin/env bash
# Versions: PyPI httpx-auth 0.23.1 on httpx 0.28.1; Python from 3.10.
#
# Setting: OAuth2ClientCredentials with an empty cache. Twenty threads share one client and make a call each;
# then twenty tasks of one event loop do the same with an AsyncClient. The authorization server takes 1 s
# for a token. Beside the tasks another task of the loop wakes up every 10 ms.
#
# Guess: the cache has a lock for the case that several want a token at once, so the threads share one token.
# A lock of threads is of no use to tasks, so they fetch one each. The loop goes on all the while, and the
# other task wakes up about a hundred times.
# What happens: the other way round. The threads fetch 20 tokens. The tasks fetch one, but only because a
# blocking client fetches it: for this second the whole loop stands still, with every request, timeout
# and heartbeat of the program.
#
# Output seen on 2026-11-29:
#   20 threads: 20 token requests, 20 calls
#   20 tasks: 1 token requests, 20 calls, the other task woke up fewer than 10 times
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q httpx-auth==0.23.1 httpx==0.28.1 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >calls.py <<'E2'
import asyncio, collections, http.server, json, threading, time
import httpx, httpx_auth

seen = collections.Counter()

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen[self.path] += 1
        if self.path == "/token":
            time.sleep(1)
        body = json.dumps({"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass

class Listener(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 100

server = Listener(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"

def auth(client_id):
    return httpx_auth.OAuth2ClientCredentials(base + "/token", client_id=client_id, client_secret="secret", timeout=60)

def with_threads():
    with httpx.Client(auth=auth("threads"), timeout=60) as client:
        threads = [threading.Thread(target=client.get, args=(base + "/api",)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

async def with_tasks():
    woken = 0

    async def heartbeat():
        nonlocal woken
        while True:
            woken += 1
            await asyncio.sleep(0.01)

    beating = asyncio.create_task(heartbeat())
    async with httpx.AsyncClient(auth=auth("tasks"), timeout=60) as client:
        calls = [asyncio.create_task(client.get(base + "/api")) for _ in range(20)]
        while not seen["/api"]:
            await asyncio.sleep(0)
        woken_before_the_first_call = woken
        await asyncio.gather(*calls)
    beating.cancel()
    return woken_before_the_first_call

with_threads()
print(f"20 threads: {seen['/token']} token requests, {seen['/api']} calls")
seen.clear()
woken = asyncio.run(with_tasks())
print(f"20 tasks: {seen['/token']} token requests, {seen['/api']} calls,",
      f"the other task woke up {'fewer than 10' if woken < 10 else woken} times")
E2
venv/bin/python -W ignore calls.py 2>calls.log | tee seen || { cat calls.log; exit 1; }

diff - seen <<'E2'
20 threads: 20 token requests, 20 calls
20 tasks: 1 token requests, 20 calls, the other task woke up fewer than 10 times
E2
echo "Twenty threads with one httpx-auth object fetch 20 tokens; twenty tasks fetch one, while the whole event loop stands still."
