#!/usr/bin/env bash
# Versions: PyPI gunicorn 27.0.1, hypercorn 0.18.0, daphne 4.2.3, Twisted 26.10.0, tornado 6.6.1, aiohttp 3.14.5,
# Werkzeug 3.1.9; Node.js 20.
#
# Setting: an access token grows, as a JWT does that lists the groups of its subject. Each server gets ten GETs
# with a bearer token of 8,000 bytes, then of 9,000, 16,000, 17,000, 65,000 and 66,000, until it refuses.
#
# Guess: from some length on each server answers with 400 or 431 (RFC 6585: request header fields too
# large); Node.js and Werkzeug with 431, the six others with 400.
# What happens: five of the eight answer. Twisted and Daphne at 17,000 bytes and Tornado at 66,000 close the
# connection without a word, so that a token that has grown looks like a broken network. A client that tries a
# GET again after such an error does so with the same token, in vain.
#
# Output seen on 2026-11-29:
#   gunicorn: at 8000 bytes 200, at 9000 431
#   aiohttp: at 8000 bytes 200, at 9000 400
#   node: at 16000 bytes 200, at 17000 431
#   twisted: at 16000 bytes 200, at 17000 no answer
#   daphne: at 16000 bytes 200, at 17000 no answer
#   werkzeug: at 65000 bytes 200, at 66000 431
#   hypercorn: at 65000 bytes 200, at 66000 431
#   tornado: at 65000 bytes 200, at 66000 no answer
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q gunicorn==27.0.1 hypercorn==0.18.0 daphne==4.2.3 Twisted==26.10.0 tornado==6.6.1 aiohttp==3.14.5 \
    Werkzeug==3.1.9 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >apps.py <<'E2'
import sys

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

def with_aiohttp(port):
    from aiohttp import web

    async def answer(request):
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None)

def with_tornado(port):
    import asyncio, tornado.web

    class Answer(tornado.web.RequestHandler):
        def get(self):
            self.write("ok")

    async def serve():
        tornado.web.Application([("/", Answer)]).listen(port, "127.0.0.1")
        await asyncio.Event().wait()

    asyncio.run(serve())

def with_twisted(port):
    from twisted.internet import reactor
    from twisted.web import resource, server

    class Answer(resource.Resource):
        isLeaf = True

        def render_GET(self, request):
            return b"ok"

    reactor.listenTCP(port, server.Site(Answer()), interface="127.0.0.1")
    reactor.run()

def with_werkzeug(port):
    from werkzeug.serving import run_simple
    run_simple("127.0.0.1", port, wsgi)

if __name__ == "__main__":
    globals()[f"with_{sys.argv[1]}"](int(sys.argv[2]))
E2
cat >ask.py <<'E2'
import http.client, socket, subprocess, time

NODE = "require('node:http').createServer((request, answer) => answer.end('ok')).listen(process.argv[1], '127.0.0.1')"
own = lambda name: lambda port: ["venv/bin/python", "apps.py", name, port]
commands = {
    "gunicorn": lambda port: ["venv/bin/gunicorn", "-b", f"127.0.0.1:{port}", "apps:wsgi"],
    "aiohttp": own("aiohttp"),
    "node": lambda port: ["node", "-e", NODE, port],
    "twisted": own("twisted"),
    "daphne": lambda port: ["venv/bin/daphne", "-b", "127.0.0.1", "-p", port, "apps:asgi"],
    "werkzeug": own("werkzeug"),
    "hypercorn": lambda port: ["venv/bin/hypercorn", "-b", f"127.0.0.1:{port}", "apps:asgi"],
    "tornado": own("tornado"),
}

def ask(port, length):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers={"Authorization": "Bearer " + "x" * length})
    try:
        answer = connection.getresponse()
        answer.read()
        return str(answer.status)
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return "no answer"
    finally:
        connection.close()

def wait_for(port):
    for _ in range(300):
        try:
            return ask(port, 10)
        except ConnectionRefusedError:
            time.sleep(0.1)

for name, command in commands.items():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(command(str(port)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        taken, refused = 0, None
        for length in (8000, 9000, 16000, 17000, 65000, 66000):
            answers = {ask(port, length) for _ in range(10)}
            if answers != {"200"}:
                refused = length
                break
            taken = length
    finally:
        server.terminate()
        server.wait()
    if len(answers) > 1:  # the answer may be lost when the server closes before it has read all
        answers.discard("no answer")
    print(f"{name}: at {taken} bytes 200, at {refused} {' or '.join(sorted(answers))}", flush=True)
E2
venv/bin/python ask.py | tee seen

diff - seen <<'E2'
gunicorn: at 8000 bytes 200, at 9000 431
aiohttp: at 8000 bytes 200, at 9000 400
node: at 16000 bytes 200, at 17000 431
twisted: at 16000 bytes 200, at 17000 no answer
daphne: at 16000 bytes 200, at 17000 no answer
werkzeug: at 65000 bytes 200, at 66000 431
hypercorn: at 65000 bytes 200, at 66000 431
tornado: at 65000 bytes 200, at 66000 no answer
E2
echo "A token that has grown too long gets no answer from Twisted and Daphne (17,000 bytes) and Tornado (66,000), only a closed connection."
