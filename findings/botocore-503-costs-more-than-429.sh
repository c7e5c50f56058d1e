#!/usr/bin/env bash
# Versions: PyPI botocore 1.44.8; Python from 3.10.
#
# Setting: one client in `standard` retry mode (3 attempts at most) makes 120 calls, 20 at a time, against
# a server that answers everything with 503, and then another client against one that answers 429.
#
# Guess: both have a quota of 500 of which each retry takes 5, so there are 100 retries in either case.
# What happens: with 429 there are 100 retries. With 503 there are 35, as each takes 14 of the 500: the
# 18th failing call is the last that is tried again, and from then on each call is one request, although
# 3 attempts are set. The server that says "slow down" gets almost three times as many retries as the one
# that is down.
#
# Output seen on 2026-11-29:
#   503: 120 calls, 155 requests, 35 retries
#   429: 120 calls, 220 requests, 100 retries
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q botocore==1.44.8 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >calls.py <<'E2'
import http.server, os, threading
from concurrent.futures import ThreadPoolExecutor

import botocore.config, botocore.exceptions, botocore.session

os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_DEFAULT_REGION="eu-west-1")
requests, lock = 0, threading.Lock()

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global requests
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            requests += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

def failing_call(client):
    try:
        client.list_queues()
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["RetryAttempts"]

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for server.status in (503, 429):
    requests = 0
    client = botocore.session.Session().create_client(
        "sqs",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        config=botocore.config.Config(retries={"mode": "standard"}, max_pool_connections=20),
    )
    with ThreadPoolExecutor(20) as pool:
        retries = sum(pool.map(lambda _: failing_call(client), range(120)))
    print(f"{server.status}: 120 calls, {requests} requests, {retries} retries", flush=True)
E2
venv/bin/python -W ignore calls.py 2>calls.log | tee seen || { cat calls.log; exit 1; }

diff - seen <<'E2'
503: 120 calls, 155 requests, 35 retries
429: 120 calls, 220 requests, 100 retries
E2
echo "botocore 1.44.8 retries a 503 35 times per client and a 429 100 times, then never again while calls fail."
