#!/usr/bin/env bash
# Versions: npm json-server 1.0.0-beta.3; Node.js from 20, Python from 3.10.
#
# Setting: json-server holds 25 rows, and is asked for pages of 10.
#
# Guess: page 4 and page 1000 are empty, or an error; page 0 is page 1, or an error.
# What happens: page 4, page 5 and page 1000 hold the rows of page 3, with `last: 3` and `next: null`
# beside them. No page is ever empty: whoever waits for an empty page reads the last rows again and again.
# `_page=0` is not a page at all: it answers all 25 rows as a bare list.
#
# Output seen on 2026-11-29:
#   page 3: rows 21..25, next null; page 4: rows 21..25, next null; page 1000: rows 21..25, next null
#   page 0: a list of 25 rows
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund json-server@1.0.0-beta.3 >npm.log 2>&1 || { cat npm.log; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -c 'import json; print(json.dumps({"rows": [{"id": str(i)} for i in range(1, 26)]}))' >db.json
node node_modules/.bin/json-server --host 127.0.0.1 --port "$port" db.json >server.log 2>&1 &

cat >walk.py <<'E2'
import json, sys, time, urllib.request

base = f"http://127.0.0.1:{sys.argv[1]}"

def page(n):
    return json.load(urllib.request.urlopen(f"{base}/rows?_page={n}&_per_page=10"))

for _ in range(150):
    try:
        page(1)
        break
    except OSError:
        time.sleep(0.2)

def describe(n):
    answer = page(n)
    rows = answer["data"]
    return f"page {n}: rows {rows[0]['id']}..{rows[-1]['id']}, next {json.dumps(answer['next'])}"

print("; ".join(map(describe, (3, 4, 1000))))
print(f"page 0: a {type(page(0)).__name__} of {len(page(0))} rows")
E2
python3 walk.py "$port" | tee seen

diff - seen <<'E2'
page 3: rows 21..25, next null; page 4: rows 21..25, next null; page 1000: rows 21..25, next null
page 0: a list of 25 rows
E2
echo "json-server 1.0.0-beta.3 repeats its last page for every later number, and says next: null beside it."
