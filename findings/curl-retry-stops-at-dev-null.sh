#!/usr/bin/env bash
# Versions: Debian 12 curl 7.88.1-10+deb12u15.
#
# Setting: a cron job that only wants the status: `curl --retry 3 -o /dev/null -w '%{http_code}'`. The
# server answers 503 with Retry-After: 1 twice, and then 200.
#
# Guess: three requests a second apart, the status 200, exit 0, wherever the body goes.
# What happens: if the 503 has a body, of even one byte, the job makes one request and exits with 23,
# "Failed to truncate file": before it tries again curl empties the output file, and /dev/null cannot be
# emptied. If the 503 has no body, or with -o file, > /dev/null or -f, it retries as asked. So a health
# check in this form retries or not by whether the gateway sends an error page. With -o /dev/stdout, in a
# script whose output goes to a log, the retry empties the log: what was written there before is gone.
#
# Output seen on 2026-11-29:
#   503 with a body, -o /dev/null: 1 request, exit 23
#   503 without a body, -o /dev/null: 3 requests, exit 0
#   503 with a body, -o file: 3 requests, exit 0
#   503 with a body, > /dev/null: 3 requests, exit 0
#   503 with a body, -f -o /dev/null: 3 requests, exit 0
#   a log with a line in it, then 503 with a body, -o /dev/stdout: 3 requests, exit 0, line lost
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done

cat >jobs.py <<'E2'
import http.server, os, subprocess, threading

requests = 0

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        global requests
        requests += 1
        body = b"" if self.path == "/without" else b"busy"
        self.send_response(503 if requests < 3 else 200)
        if requests < 3:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("unpacked/usr/lib/x86_64-linux-gnu")}
for kind, options in (
    ("with", "-o /dev/null"),
    ("without", "-o /dev/null"),
    ("with", "-o file"),
    ("with", "> /dev/null"),
    ("with", "-f -o /dev/null"),
):
    requests = 0
    url = f"http://127.0.0.1:{server.server_address[1]}/{kind}"
    run = subprocess.run(["bash", "-c", f"unpacked/usr/bin/curl -s --retry 3 {url} {options}"], env=environment)
    plural = "" if requests == 1 else "s"
    body = "with a body" if kind == "with" else "without a body"
    print(f"503 {body}, {options}: {requests} request{plural}, exit {run.returncode}", flush=True)

requests = 0
url = f"http://127.0.0.1:{server.server_address[1]}/with"
script = f"{{ echo 'line of another command'; unpacked/usr/bin/curl -s --retry 3 -o /dev/stdout {url}; }} > log"
run = subprocess.run(["bash", "-c", script], env=environment)
with open("log", "rb") as log:
    line = "line kept" if b"line of another command" in log.read() else "line lost"
print(f"a log with a line in it, then 503 with a body, -o /dev/stdout: {requests} requests, exit {run.returncode}, {line}")
E2
python3 jobs.py | tee seen

diff - seen <<'E2'
503 with a body, -o /dev/null: 1 request, exit 23
503 without a body, -o /dev/null: 3 requests, exit 0
503 with a body, -o file: 3 requests, exit 0
503 with a body, > /dev/null: 3 requests, exit 0
503 with a body, -f -o /dev/null: 3 requests, exit 0
a log with a line in it, then 503 with a body, -o /dev/stdout: 3 requests, exit 0, line lost
E2
echo "curl 7.88.1 with --retry -o /dev/null never retries an answer that has a body: it exits with 23 after the first request."
