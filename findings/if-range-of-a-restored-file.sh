#!/usr/bin/env bash
# Versions: npm express 5.3.0, @fastify/static 10.1.11 on fastify 5.12.8, @hapi/inert 7.1.2 on @hapi/hapi 21.4.10
# (Node.js 20); PyPI starlette 1.10.0 on uvicorn 0.54.0, Flask 3.1.3 on Werkzeug 3.1.9, aiohttp 3.14.5,
# WsgiDAV 4.4.0 on cheroot 11.1.2.
#
# Setting: a client has 400 of the 1,000 bytes of an export when the line breaks. Before it goes on, the file
# is replaced by another of the same length: once by a newer one, once by an older one, as it is when a
# backup is restored. The client asks for the rest with If-Range, by the ETag and by the Last-Modified that
# it got with the first half.
#
# Guess: seven servers that know If-Range send the whole new file with 200 in all cases: RFC 9110, 13.1.5 asks
# for an exact match of the date.
# What happens: three do. aiohttp does not look at an ETag there, only at a date. By date Express, fastify,
# Flask and aiohttp ask whether the file is newer, not whether it is another: after a restore they send a
# 206, and the client joins 400 bytes of one file with 600 of another.
#
# Output seen on 2026-11-29 (206: the rest of the other file; 200: the whole of it):
#   express: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
#   fastify: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
#   hapi: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
#   starlette: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
#   flask: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
#   aiohttp: newer file by ETag 206, by date 200; older file by ETag 206, by date 206
#   wsgidav: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q starlette==1.10.0 uvicorn==0.54.0 Flask==3.1.3 Werkzeug==3.1.9 aiohttp==3.14.5 WsgiDAV==4.4.0 \
    cheroot==11.1.2 >pip.log 2>&1 || { cat pip.log; exit 1; }
npm init -y >npm.log
npm install --no-audit --no-fund express@5.3.0 fastify@5.12.8 @fastify/static@10.1.11 @hapi/hapi@21.4.10 \
    @hapi/inert@7.1.2 >npm.log 2>&1 || { cat npm.log; exit 1; }
mkdir files

cat >serve.mjs <<'E2'
const [root, name, port] = process.argv.slice(2);
const host = "127.0.0.1";
if (name === "express") {
    const { default: express } = await import("express");
    express().use(express.static(root)).listen(+port, host);
} else if (name === "fastify") {
    const app = (await import("fastify")).default();
    app.register((await import("@fastify/static")).default, { root });
    await app.listen({ port: +port, host });
} else {
    const { default: hapi } = await import("@hapi/hapi");
    const server = hapi.server({ port: +port, host, routes: { files: { relativeTo: root } } });
    await server.register((await import("@hapi/inert")).default);
    server.route({ method: "GET", path: "/{path*}", handler: { directory: { path: "." } } });
    await server.start();
}
E2
cat >serve.py <<'E2'
import sys

root, name, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
if name == "starlette":
    import uvicorn
    from starlette.staticfiles import StaticFiles
    uvicorn.run(StaticFiles(directory=root), port=port, log_level="error")
elif name == "flask":
    from flask import Flask, send_from_directory
    app = Flask(__name__)
    app.route("/<file>")(lambda file: send_from_directory(root, file))
    app.run(port=port)
elif name == "aiohttp":
    from aiohttp import web
    app = web.Application()
    app.router.add_static("/", root)
    web.run_app(app, host="127.0.0.1", port=port, print=None)
else:
    from cheroot import wsgi
    from wsgidav.wsgidav_app import WsgiDAVApp
    app = WsgiDAVApp({"provider_mapping": {"/": root}, "simple_dc": {"user_mapping": {"*": True}}, "verbose": 0})
    wsgi.Server(("127.0.0.1", port), app).start()
E2
cat >ask.py <<'E2'
import http.client, os, pathlib, socket, subprocess, sys, time

rows = pathlib.Path("files/rows.csv")
yesterday = int(time.time()) - 86400

def replace(content, modified):
    new = rows.with_suffix(".new")
    new.write_bytes(content * 1000)
    os.utime(new, (modified, modified))
    new.rename(rows)

def ask(port, fields={}):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/rows.csv", headers=fields)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body

def go_on(port, validator):
    answer, body = ask(port, {"Range": "bytes=400-", "If-Range": validator})
    assert (answer.status, body) in ((200, b"b" * 1000), (206, b"b" * 600)), (answer.status, body)
    return answer.status

for name in "express fastify hapi starlette flask aiohttp wsgidav".split():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", "serve.mjs"] if name in ("express", "fastify", "hapi") else ["venv/bin/python", "serve.py"]
    server = subprocess.Popen([*command, str(rows.parent.resolve()), name, str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    said = []
    try:
        replace(b"a", yesterday)
        for _ in range(300):
            try:
                ask(port)
                break
            except OSError:
                time.sleep(0.1)
        for title, change in (("newer", 3600), ("older", -3600)):
            replace(b"a", yesterday)
            headers = ask(port)[0].headers
            replace(b"b", yesterday + change)
            said.append(f"{title} file by ETag {go_on(port, headers['ETag'])}, by date {go_on(port, headers['Last-Modified'])}")
    finally:
        server.terminate()
        server.wait()
    print(f"{name}: {'; '.join(said)}", flush=True)
E2
python3 ask.py | tee seen

diff - seen <<'E2'
express: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
fastify: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
hapi: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
starlette: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
flask: newer file by ETag 200, by date 200; older file by ETag 200, by date 206
aiohttp: newer file by ETag 206, by date 200; older file by ETag 206, by date 206
wsgidav: newer file by ETag 200, by date 200; older file by ETag 200, by date 200
E2
echo "Asked by date for the rest of a file that a restore has replaced, Express, fastify, Flask and aiohttp send the rest of another one."
