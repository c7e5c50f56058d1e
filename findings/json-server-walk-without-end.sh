#!/usr/bin/env bash
# Versions: npm json-server 1.0.0-beta.3; PyPI dlt 1.31.0; Node.js from 20, Python from 3.10.
#
# Setting: json-server holds 25 rows. dlt's PageNumberPaginator asks for pages of 10 and stops, as its
# documentation says, at the first page without rows.
#
# Guess: page 4 is empty, and the walk ends after 4 requests with 25 rows.
# What happens: page 4, page 5 and page 1000 hold the rows of page 3, with `last: 3` and `next: null`
# beside them. No page is ever empty, so the walk does not end: the rows of the last page come again and
# again. `_page=0` is not a page at all: it answers all 25 rows as a bare list.
#
# Output seen on 2026-11-29:
#   page 3: rows 21..25, next null; page 4: rows 21..25, next null; page 1000: rows 21..25, next null
#   page 0: a list of 25 rows
#   dlt, stopped after 30 pages: 160 rows, 25 of them distinct
set -euo pipefail

tmp=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$tmp"' EXIT
cd "$tmp"

npm init -y >npm.log
npm install --no-audit --no-fund json-server@1.0.0-beta.3 >npm.log 2>&1 || { cat npm.log; exit 1; }
python3 -m venv venv
venv/bin/pip install -q dlt==1.31.0 >pip.log 2>&1 || { cat pip.log; exit 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -c 'import json; print(json.dumps({"rows": [{"id": str(i)} for i in range(1, 26)]}))' >db.json
node node_modules/.bin/json-server --host 127.0.0.1 --port "$port" db.json >server.log 2>&1 &

cat >walk.py <<'E2'
import itertools, json, sys, time, urllib.request
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

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

paginator = PageNumberPaginator(base_page=1, page_param="_page", total_path=None)
pages = RESTClient(base).paginate("/rows", params={"_per_page": 10}, paginator=paginator, data_selector="data")
ids = [row["id"] for rows in itertools.islice(pages, 30) for row in rows]
print(f"dlt, stopped after 30 pages: {len(ids)} rows, {len(set(ids))} of them distinct")
E2
venv/bin/python -W ignore walk.py "$port" 2>walk.log | tee seen || { cat walk.log; exit 1; }

diff - seen <<'E2'
page 3: rows 21..25, next null; page 4: rows 21..25, next null; page 1000: rows 21..25, next null
page 0: a list of 25 rows
dlt, stopped after 30 pages: 160 rows, 25 of them distinct
E2
echo "json-server 1.0.0-beta.3 repeats its last page for every later number, so that dlt 1.31.0 walks without end."
