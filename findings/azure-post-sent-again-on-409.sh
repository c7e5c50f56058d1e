#!/usr/bin/env bash
# Versions: PyPI azure-core 1.41.0; Python from 3.10.
#
# Setting: azure-core's RetryPolicy as it is made without arguments (10 retries in all, of 3 for a status).
# A server answers a POST with a status and, in the first lines, with Retry-After: 0.
#
# Guess: a POST that was answered is not sent again, except perhaps after 429 or 503. A 400, 401, 404 or 409
# is final.
# What happens: any status from 400 on that comes with a Retry-After makes it send the POST again, until
# the server has seen it 4 times. So a 409 "still at work, look again in a moment" to a POST is taken as
# an order to post again. Without Retry-After, 409 and 429 are final, and 503 is not: that POST goes out 4
# times as well, so 429 ("not done, surely") gets fewer tries than 503 ("perhaps done").
#
# Output seen on 2026-11-29 (requests at the server):
#   with Retry-After: 400 4, 401 4, 404 4, 409 4, 429 4, 503 4
#   without: 400 1, 401 1, 404 1, 409 1, 429 1, 503 4
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q azure-core==1.41.0 requests==2.34.2 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >posts.py <<'E2'
import http.server, threading
from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest

requests = 0

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global requests
        requests += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        _, status, retry_after = self.path.split("/")
        self.send_response(int(status))
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_address[1]}"
client = PipelineClient(base, policies=[RetryPolicy()])
for title, retry_after in (("with Retry-After", "0"), ("without", "")):
    seen = []
    for status in (400, 401, 404, 409, 429, 503):
        requests = 0
        try:
            client.send_request(HttpRequest("POST", f"{base}/{status}/{retry_after}", json={"order": 1}))
        except AzureError:
            pass
        seen.append(f"{status} {requests}")
    print(f"{title}: {', '.join(seen)}", flush=True)
E2
venv/bin/python -W ignore posts.py | tee seen

diff - seen <<'E2'
with Retry-After: 400 4, 401 4, 404 4, 409 4, 429 4, 503 4
without: 400 1, 401 1, 404 1, 409 1, 429 1, 503 4
E2
echo "azure-core 1.41 sends a POST four times when any 4xx carries Retry-After, and without it never for 429 but four times for 503."
