#!/usr/bin/env bash
# Versions: PyPI Flask-Limiter 4.1.1, limits 5.8.0, Flask 3.1.3; Python from 3.10.
#
# Setting: a limit of "3 per 2 seconds" with the strategy `fixed-window`, in memory. A client sends
# requests one after the other, with 0.2 s of work after each answer, and after each 429 it sleeps exactly
# as long as Retry-After says.
#
# Guess: Retry-After is rounded up, so that after each wait the next request is served.
# What happens: Retry-After is rounded down. In the last second of a window it is 0, and the client that
# obeys sends as fast as it can: dozens of requests are refused in a row until the window opens. How
# many depends on the fraction of the second at which the window began, so that four clients that start a
# quarter of a second apart see different figures. A client that sends its three requests at once mostly
# gets away with it.
#
# Output seen on 2026-11-29 (the numbers vary with the machine, the 0 does not):
#   start at 0.00 of a second: 9 served, 47 refused; most refusals in a row with Retry-After 0: 44
#   start at 0.25 of a second: 9 served, 60 refused; most refusals in a row with Retry-After 0: 57
#   start at 0.50 of a second: 9 served, 109 refused; most refusals in a row with Retry-After 0: 60
#   start at 0.75 of a second: 9 served, 15 refused; most refusals in a row with Retry-After 0: 11
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q Flask-Limiter==4.1.1 limits==5.8.0 Flask==3.1.3 requests==2.34.2 >pip.log 2>&1 ||
    { cat pip.log; exit 1; }

cat >obey.py <<'E2'
import logging, sys, threading, time
import flask, flask_limiter, requests
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

def serve():
    app = flask.Flask("api")
    flask_limiter.Limiter(
        lambda: "one client", app=app, default_limits=["3 per 2 second"], strategy="fixed-window",
        headers_enabled=True, storage_uri="memory://",
    )
    app.route("/")(lambda: "served")
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"

def obey(url, seconds):
    """Requests served, requests refused, and the longest run of refusals with Retry-After 0."""
    session = requests.Session()
    served = refused = run = longest = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = session.get(url)
        if answer.status_code == 200:
            served, run = served + 1, 0
            time.sleep(0.2)
            continue
        refused += 1
        wait = int(answer.headers["Retry-After"])
        run = run + 1 if wait == 0 else 0
        longest = max(longest, run)
        time.sleep(wait)
    return served, refused, longest

worst = 0
for start in (0.0, 0.25, 0.5, 0.75):
    url = serve()
    time.sleep((start - time.time()) % 1)
    served, refused, longest = obey(url, 6)
    worst = max(worst, longest)
    print(f"start at {start:.2f} of a second: {served} served, {refused} refused; "
          f"most refusals in a row with Retry-After 0: {longest}", flush=True)
sys.exit(worst < 5)
E2
if ! venv/bin/python -W ignore obey.py; then
    echo "changed: fewer than 5 refusals in a row came with Retry-After 0"
    exit 1
fi
echo "Flask-Limiter 4.1.1 rounds Retry-After down to 0 while its window is still closed, and refuses the client that obeys."
