#!/usr/bin/env bash
# Versions: Debian 12 curl 7.88.1-10+deb12u15.
#
# Setting: an upload of 3,000,000 bytes with --retry. The server reads the whole body and answers 503 the
# first time and 200 the second time.
#
# Guess: from a pipe curl cannot send the bytes again, and reports an error. From `< file` it can seek back.
# What happens: with `-T -` the second attempt uploads a file of 0 bytes, the server says 200, and curl
# exits with 0 and no message: the object on the server is now empty. It is the same with `-T -` from a
# file that could be read again, and with `-T <(command)`. `--data-binary @-` and `-T file` send all bytes
# again.
#
# Output seen on 2026-11-29:
#   cat file | curl -T -: 3000000, then 0 bytes; exit 0
#   curl -T - < file: 3000000, then 0 bytes; exit 0
#   curl -T <(cat file): 3000000, then 0 bytes; exit 0
#   cat file | curl --data-binary @-: 3000000, then 3000000 bytes; exit 0
#   curl -T file: 3000000, then 3000000 bytes; exit 0
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

apt-get download -qq curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
head -c 3000000 /dev/zero >file

cat >uploads.py <<'E2'
import http.server, os, subprocess, threading

sizes = []

class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body_size(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        total = 0
        while size := int(self.rfile.readline(), 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return total

    def do_PUT(self):
        sizes.append(self.body_size())
        self.send_response(503 if len(sizes) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_PUT

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}/object"
environment = {**os.environ, "LD_LIBRARY_PATH": os.path.abspath("unpacked/usr/lib/x86_64-linux-gnu")}
for shown in (
    "cat file | curl -T -",
    "curl -T - < file",
    "curl -T <(cat file)",
    "cat file | curl --data-binary @-",
    "curl -T file",
):
    sizes.clear()
    command = shown.replace("curl", f"unpacked/usr/bin/curl -sS --retry 2 {url}")
    run = subprocess.run(["bash", "-c", command], env=environment)
    print(f"{shown}: {sizes[0]}, then {sizes[1]} bytes; exit {run.returncode}", flush=True)
E2
python3 uploads.py | tee seen

diff - seen <<'E2'
cat file | curl -T -: 3000000, then 0 bytes; exit 0
curl -T - < file: 3000000, then 0 bytes; exit 0
curl -T <(cat file): 3000000, then 0 bytes; exit 0
cat file | curl --data-binary @-: 3000000, then 3000000 bytes; exit 0
curl -T file: 3000000, then 3000000 bytes; exit 0
E2
echo "curl 7.88.1 with --retry and -T - replaces the object by an empty one on its second attempt, and exits with 0."
