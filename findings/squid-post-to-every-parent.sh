#!/usr/bin/env bash
# Versions: Debian 12 squid 5.7-2+deb12u6, and any curl.
#
# Setting: squid is the gateway in front of four copies of an API (four cache_peer lines with
# `originserver`). Every copy reads the whole request and answers 502 or 504, or closes without an answer.
#
# Guess: a POST reaches one copy. Only a GET that was never answered is sent a second time.
# What happens: a POST without a body that is answered 502 or 504 is sent to all four, as are PUT and
# DELETE. The same POST that gets no answer at all is sent once. A POST with a body is sent once.
# So a POST of 0 bytes ("publish", "run now") may run four times, and more surely so when each copy
# gave a proper HTTP answer than when the connection broke. 503 and 500 are passed on at once.
#
# Output seen on 2026-11-29:
#   502: GET 4, POST without body 4, POST with body 1, DELETE 4
#   504: GET 4, POST without body 4, POST with body 1, DELETE 4
#   503: GET 1, POST without body 1, POST with body 1, DELETE 1
#   closed: GET 4, POST without body 1, POST with body 1, DELETE 4
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
chmod 777 "$tmp"
cd "$tmp"

libraries=$(apt-cache depends squid=5.7-2+deb12u6 | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' |
    grep -vE '^(libc6|libgcc-s1|libstdc\+\+6)$')
# shellcheck disable=SC2086
apt-get download -qq squid=5.7-2+deb12u6 squid-common=5.7-2+deb12u6 squid-langpack=20220130-1 libnfnetlink0 $libraries 2>apt.log ||
    { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done

cat >copies.py <<'E2'
"""Four copies of an API, one port per kind of failure; each counts what it was sent."""
import collections, http.server, sys, threading

counts = collections.Counter()

class Copy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.server.kind
        if self.path == "/count":
            body = str(counts.pop(kind, 0)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        counts[kind] += 1
        if kind == "closed":
            self.close_connection = True
            return
        self.send_response(int(kind))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass

for kind in sys.argv[1:]:
    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Copy)
    server.kind = kind
    threading.Thread(target=server.serve_forever).start()
    print(kind, server.server_address[1], flush=True)
E2
kinds=(502 504 503 closed)
python3 copies.py "${kinds[@]}" >ports &
until [ "$(wc -l <ports)" = 4 ]; do sleep 0.1; done

proxy=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
{
    echo "http_port 127.0.0.1:$proxy
http_access allow all
never_direct allow all
cache deny all
access_log none
pinger_enable off
unlinkd_program $tmp/unpacked/usr/lib/squid/unlinkd
shutdown_lifetime 0 seconds
cache_effective_user nobody
pid_filename $tmp/pid
cache_log $tmp/cache.log
coredump_dir $tmp
error_directory $tmp/unpacked/usr/share/squid/errors/templates
icon_directory $tmp/unpacked/usr/share/squid/icons
mime_table $tmp/unpacked/usr/share/squid/mime.conf"
    while read -r kind port; do
        for n in 1 2 3 4; do
            echo "cache_peer 127.0.0.$n parent $port 0 no-query no-digest originserver connect-fail-limit=1000 name=$kind.$n
acl $kind.$n port $port
cache_peer_access $kind.$n allow $kind.$n"
        done
    done <ports
} >squid.conf
LD_LIBRARY_PATH=unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/sbin/squid -N -n "finding$$" -f squid.conf >squid.log 2>&1 &
for _ in $(seq 150); do
    if curl -s -o /dev/null "http://127.0.0.1:$proxy/"; then break; fi
    sleep 0.2
done

count() {
    curl -s -o /dev/null --max-time 20 -x "http://127.0.0.1:$proxy" "$@" "http://api.test:$port/" || true
    curl -s "http://127.0.0.1:$port/count"
}
while read -r kind port; do
    echo "$kind: GET $(count), POST without body $(count -X POST), POST with body $(count -d x=1), DELETE $(count -X DELETE)"
done <ports >seen
cat seen

diff - seen <<'E2'
502: GET 4, POST without body 4, POST with body 1, DELETE 4
504: GET 4, POST without body 4, POST with body 1, DELETE 4
503: GET 1, POST without body 1, POST with body 1, DELETE 1
closed: GET 4, POST without body 1, POST with body 1, DELETE 4
E2
echo "squid 5.7 sends a POST without a body to all four parents when they answer 502 or 504, and to one when none answers."
