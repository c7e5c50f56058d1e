#!/usr/bin/env bash
# Versions: Debian 12 varnish 7.1.1-2+deb12u1, haproxy 2.6.12-1+deb12u4, apache2-bin 2.4.71-1~deb12u1,
# and any curl. varnishd needs a C compiler.
#
# Setting: one API behind each gateway. A first request leaves a kept-alive connection between the two. On
# the next request the API reads all of it and closes the connection without an answer, as a process does
# that is killed while it works. On a new connection it answers 201.
#
# Guess: a GET is sent again on a new connection by all three, a POST by none.
# What happens: HAProxy and Apache never send anything again: even a GET is a 502. Varnish sends again
# everything that has no body, also a POST: the API did the work twice, and the client is told 201 once.
# A POST with a body is a 503. That it happens only on a reused connection makes it rare in a test and
# daily in production.
#
# Output seen on 2026-11-29 (requests at the API, and the status that the client sees):
#   haproxy: GET 1 (502), POST without body 1 (502), POST with body 1 (502), DELETE 1 (502)
#   apache: GET 1 (502), POST without body 1 (502), POST with body 1 (502), DELETE 1 (502)
#   varnish: GET 2 (201), POST without body 2 (201), POST with body 1 (503), DELETE 2 (201)
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp"

packages="varnish=7.1.1-2+deb12u1 haproxy=2.6.12-1+deb12u4 apache2-bin=2.4.71-1~deb12u1"
# shellcheck disable=SC2086
libraries=$(apt-cache depends $packages | awk '$1 == "Depends:" && $2 ~ /^lib/ { print $2 }' |
    grep -vE '^(libc6|libc6-dev|libgcc-s1|libstdc\+\+6|libc-dev)$' | sort -u)
# shellcheck disable=SC2086
apt-get download -qq $packages $libraries libopentracing1 2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
LD_LIBRARY_PATH=$tmp/unpacked/usr/lib/x86_64-linux-gnu:$tmp/unpacked/usr/lib/varnish

cat >api.py <<'E2'
"""Answers the first request of a connection, and closes in silence after it has read the second."""
import http.server

counted = 0

class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answered = False

    def answer(self):
        global counted
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        if self.path.startswith("/count"):
            body, counted = str(counted).encode(), 0
        elif self.path.startswith("/work"):
            counted += 1
            if self.answered:
                self.close_connection = True
                return
        self.answered = True
        self.send_response(201 if self.path.startswith("/work") else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
print(server.server_address[1], flush=True)
server.serve_forever()
E2
python3 api.py >port &
until [ -s port ]; do sleep 0.1; done
api=$(cat port)
read -r haproxy apache varnish < <(python3 -c '
import socket
sockets = [socket.socket() for _ in range(3)]
for s in sockets: s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in sockets))')

cat >haproxy.cfg <<E2
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend gateway
    bind 127.0.0.1:$haproxy
    default_backend api
backend api
    http-reuse always
    server only 127.0.0.1:$api
E2
{
    echo "ServerName gateway
Listen 127.0.0.1:$apache
PidFile $tmp/apache.pid
ErrorLog $tmp/apache.log
DefaultRuntimeDir $tmp
Mutex file:$tmp default"
    for module in mpm_event authz_core proxy proxy_http; do
        echo "LoadModule ${module}_module $tmp/unpacked/usr/lib/apache2/modules/mod_$module.so"
    done
    echo "ProxyPass / http://127.0.0.1:$api/"
} >apache.conf
echo "vcl 4.1; backend default { .host = \"127.0.0.1\"; .port = \"$api\"; }" >api.vcl

export LD_LIBRARY_PATH
unpacked/usr/sbin/haproxy -db -f haproxy.cfg >haproxy.log 2>&1 &
unpacked/usr/sbin/apache2 -X -f "$tmp/apache.conf" >apache.out 2>&1 &
unpacked/usr/sbin/varnishd -F -n "$tmp/varnish" -j none -a "127.0.0.1:$varnish" -f "$tmp/api.vcl" >varnish.log 2>&1 &
unset LD_LIBRARY_PATH
for port in "$haproxy" "$apache" "$varnish"; do
    for _ in $(seq 300); do
        if [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/")" = 200 ]; then break; fi
        sleep 0.1
    done
done

send() {
    # A query of its own for each request keeps Varnish's cache out of it.
    unique=$((${unique:-0} + 1))
    curl -s -o /dev/null "http://127.0.0.1:$port/first?$name$unique$RANDOM"
    sleep 0.3
    status=$(curl -s -o /dev/null --max-time 20 -w '%{http_code}' "$@" "http://127.0.0.1:$port/work?$name$unique$RANDOM")
    echo "$(curl -s "http://127.0.0.1:$api/count") ($status)"
}
for name in haproxy apache varnish; do
    port=${!name}
    echo "$name: GET $(send), POST without body $(send -X POST), POST with body $(send -d x=1), DELETE $(send -X DELETE)"
done | tee seen

diff - seen <<'E2'
haproxy: GET 1 (502), POST without body 1 (502), POST with body 1 (502), DELETE 1 (502)
apache: GET 1 (502), POST without body 1 (502), POST with body 1 (502), DELETE 1 (502)
varnish: GET 2 (201), POST without body 2 (201), POST with body 1 (503), DELETE 2 (201)
E2
echo "When a kept-alive connection breaks, Varnish 7.1 sends a POST without a body twice, and HAProxy 2.6 and Apache 2.4 not even a GET."
