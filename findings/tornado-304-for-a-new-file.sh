#!/usr/bin/env bash
# Versions: PyPI tornado 6.6.1; Python from 3.10.
#
# Setting: Tornado's StaticFileHandler serves an export, `rows.csv`. The night's job replaces it by another
# file with another length (written beside it and renamed). A client asks with the ETag of the day before in
# If-None-Match, and another one goes on with half a download, with that ETag in If-Range.
#
# Guess: the ETag is made of the content, so that it is the most reliable of all: the first client gets the
# new file with 200. The second gets a 206 of the new file, as Tornado knows no If-Range.
# What happens: the hash is made once per path, and kept as long as the process lives. The new file has the
# strong ETag of the old one: If-None-Match is answered 304 for ever, and the second client, which compares
# the ETag of the 206 with its own, as RFC 9110 asks, joins halves of two files. Last-Modified is right: asked
# with If-Modified-Since alone the server sends the new file, but whoever sends both gets a 304, as
# If-None-Match comes first. A restart mends it.
#
# Output seen on 2026-11-29:
#   the old file: 200, 500 bytes
#   the new file: 200, 800 bytes, ETag the same, Last-Modified another
#   If-None-Match: 304; If-Modified-Since: 200; both: 304
#   the rest from byte 250 on: 206, bytes 250-799/800, ETag the same
#   after a restart: If-None-Match: 200, 800 bytes
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q tornado==6.6.1 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >server.py <<'E2'
import asyncio
import tornado.httpserver, tornado.netutil, tornado.web

async def serve():
    application = tornado.web.Application([("/(.*)", tornado.web.StaticFileHandler, {"path": "files"})])
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    tornado.httpserver.HTTPServer(application).add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()

asyncio.run(serve())
E2
cat >ask.py <<'E2'
import http.client, os, pathlib, subprocess, time

rows = pathlib.Path("files/rows.csv")
rows.parent.mkdir()

def replace(content, modified):
    new = rows.with_suffix(".new")
    new.write_bytes(content)
    os.utime(new, (modified, modified))
    new.rename(rows)

def start():
    server = subprocess.Popen(["venv/bin/python", "server.py"], stdout=subprocess.PIPE, text=True)
    return server, int(server.stdout.readline())

def ask(port, **fields):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/rows.csv", headers={name.replace("_", "-"): value for name, value in fields.items()})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body

now = time.time()
replace(b"a" * 500, now - 86400)
server, port = start()
old, body = ask(port)
etag, modified = old.headers["ETag"], old.headers["Last-Modified"]
print(f"the old file: {old.status}, {len(body)} bytes")

replace(b"b" * 800, now)
new, body = ask(port)
same = lambda answer: "the same" if answer.headers["ETag"] == etag else "another"
print(f"the new file: {new.status}, {len(body)} bytes, ETag {same(new)}, Last-Modified "
      + ("the same" if new.headers["Last-Modified"] == modified else "another"))
print(f"If-None-Match: {ask(port, If_None_Match=etag)[0].status};",
      f"If-Modified-Since: {ask(port, If_Modified_Since=modified)[0].status};",
      f"both: {ask(port, If_None_Match=etag, If_Modified_Since=modified)[0].status}")
rest, _ = ask(port, Range="bytes=250-", If_Range=etag)
print(f"the rest from byte 250 on: {rest.status}, {rest.headers['Content-Range']}, ETag {same(rest)}")
server.terminate()
server.wait()

server, port = start()
again, body = ask(port, If_None_Match=etag)
print(f"after a restart: If-None-Match: {again.status}, {len(body)} bytes")
server.terminate()
server.wait()
E2
venv/bin/python ask.py 2>ask.log | tee seen || { cat ask.log; exit 1; }

diff - seen <<'E2'
the old file: 200, 500 bytes
the new file: 200, 800 bytes, ETag the same, Last-Modified another
If-None-Match: 304; If-Modified-Since: 200; both: 304
the rest from byte 250 on: 206, bytes 250-799/800, ETag the same
after a restart: If-None-Match: 200, 800 bytes
E2
echo "Tornado's StaticFileHandler keeps the first ETag of a path: a file that was replaced is answered 304 until the server starts anew."
