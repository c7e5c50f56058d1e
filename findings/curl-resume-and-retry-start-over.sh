#!/usr/bin/env bash
# Versions: Debian 12 curl 7.88.1-10+deb12u15.
#
# Setting: a download of 1,000,000 bytes from a server that supports ranges, over a line that breaks after
# every 400,000 bytes. The command says both "continue" and "try again":
# `curl -C - --retry 5 --retry-all-errors -o file`.
#
# Guess: three requests, the second from byte 400,000 on, the third from 800,000.
# What happens: curl looks at the size of the file once, before the first request. Each retry throws the
# 400,000 bytes away and asks from byte 0, so that after 6 requests and 2,400,000 bytes it gives up
# with exit 18 where it began. The same curl with -C - and no --retry, started three times by the shell,
# has the file. With 300,000 bytes there from before, each retry goes back to exactly those.
#
# Output seen on 2026-11-29:
#   --retry 5: from 0 0 0 0 0 0; 400000 bytes, exit 18
#   started again by the shell: from 0 400000 800000; 1000000 bytes, exit 0
#   --retry 5, with 300000 bytes there: from 300000 300000 300000 300000 300000 300000; 700000 bytes, exit 18
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done

cat >downloads.py <<'E2'
import http.server, os, subprocess, threading

size, most, starts = 1_000_000, 400_000, []

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
        starts.append(start)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", '"one version"')
        self.send_header("Content-Length", str(size - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        self.end_headers()
        self.wfile.write(bytes(min(most, size - start)))
        self.close_connection = True

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/export"
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("unpacked/usr/lib/x86_64-linux-gnu")}

def download(title, present, runs, *options):
    starts.clear()
    with open("file", "wb") as file:
        file.write(bytes(present))
    for _ in range(runs):
        command = ["unpacked/usr/bin/curl", "-s", "-C", "-", "-o", "file", *options, url]
        exit_code = subprocess.run(command, env=environment).returncode
    print(f"{title}: from {' '.join(map(str, starts))}; {os.path.getsize('file')} bytes, exit {exit_code}", flush=True)

retry = ("--retry", "5", "--retry-all-errors", "--retry-delay", "1")
download("--retry 5", 0, 1, *retry)
download("started again by the shell", 0, 3)
download("--retry 5, with 300000 bytes there", 300_000, 1, *retry)
E2
python3 downloads.py | tee seen

diff - seen <<'E2'
--retry 5: from 0 0 0 0 0 0; 400000 bytes, exit 18
started again by the shell: from 0 400000 800000; 1000000 bytes, exit 0
--retry 5, with 300000 bytes there: from 300000 300000 300000 300000 300000 300000; 700000 bytes, exit 18
E2
echo "curl 7.88.1 with -C - and --retry goes back to where the first request began, and never gets past where the line breaks."
