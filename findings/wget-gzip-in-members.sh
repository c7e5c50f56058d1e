#!/usr/bin/env bash
# Versions: Debian 12 nginx 1.22.1-9+deb12u11, wget 1.21.3-1+deb12u1, curl 7.88.1-10+deb12u15;
# PyPI requests 2.34.2.
#
# Setting: an export of 87,780 bytes is kept as one gzip file of three members, as `cat a.gz b.gz c.gz`
# makes it (valid by RFC 1952, 2.2; `gunzip` reads it whole). nginx serves it with `gzip_static`, so that
# it becomes the content coding of the response.
#
# Guess: every client decodes all three members.
# What happens: requests does. wget stores the first member, a third of the export, and exits with 0. curl
# stores the same third, and exits with 23, "failed writing received data", although the disk is well.
#
# Output seen on 2026-11-29:
#   gunzip 87780, requests 87780, wget 27780 (exit 0), curl 27780 (exit 23)
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
cd "$tmp"

apt-get download -qq nginx=1.22.1-9+deb12u11 wget=1.21.3-1+deb12u1 curl=7.88.1-10+deb12u15 libcurl4=7.88.1-10+deb12u15 \
    2>apt.log || { cat apt.log; exit 1; }
for deb in *.deb; do dpkg -x "$deb" unpacked; done
python3 -m venv venv
venv/bin/pip install -q requests==2.34.2 >pip.log 2>&1 || { cat pip.log; exit 1; }

mkdir www
for day in 0 1 2; do
    seq $((day * 1000)) $((day * 1000 + 999)) | sed 's/.*/{"id":&,"name":"row &"}/' >"$day"
done
cat 0 1 2 >www/rows.json
for day in 0 1 2; do gzip -c "$day"; done >www/rows.json.gz

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >nginx.conf <<E2
daemon off;
master_process off;
pid $tmp/nginx.pid;
error_log $tmp/nginx.log;
events {}
http {
    access_log off;
    client_body_temp_path $tmp/body;
    proxy_temp_path $tmp/proxy;
    fastcgi_temp_path $tmp/fastcgi;
    uwsgi_temp_path $tmp/uwsgi;
    scgi_temp_path $tmp/scgi;
    server { listen 127.0.0.1:$port; root $tmp/www; gzip_static on; }
}
E2
unpacked/usr/sbin/nginx -c "$tmp/nginx.conf" >nginx.out 2>&1 &
until (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done

url=http://127.0.0.1:$port/rows.json
whole=$(gunzip -c www/rows.json.gz | wc -c)
requests=$(venv/bin/python -c 'import requests, sys; print(len(requests.get(sys.argv[1]).content))' "$url")
by_wget=0
unpacked/usr/bin/wget -q --compression=auto -O wget.out "$url" || by_wget=$?
by_curl=0
LD_LIBRARY_PATH=unpacked/usr/lib/x86_64-linux-gnu unpacked/usr/bin/curl -s --compressed -o curl.out "$url" || by_curl=$?
echo "gunzip $whole, requests $requests, wget $(wc -c <wget.out) (exit $by_wget), curl $(wc -c <curl.out) (exit $by_curl)" | tee seen

diff - seen <<'E2'
gunzip 87780, requests 87780, wget 27780 (exit 0), curl 27780 (exit 23)
E2
echo "wget 1.21.3 stores only the first member of a gzip response and exits with 0; curl 7.88.1 stores as much and exits with 23."
