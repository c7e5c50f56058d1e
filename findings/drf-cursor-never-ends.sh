#!/usr/bin/env bash
# Versions: PyPI djangorestframework 3.18.3 on Django 5.2.19; Python from 3.11.
#
# Setting: 3,000 rows come from one import, so that all have the same `created`. CursorPagination sorts
# by `created`, as it does by default; a page has 100 rows. A client follows `next` until there is none.
#
# Guess: 30 pages, and each row once.
# What happens: the first 1,100 rows come, then rows 1,001 to 1,100 again and again, each time with a
# `next`: the walk never ends, and 1,900 rows never come. A cursor is a position and, for rows that are
# equal there, how many to skip; the server does not skip more than 1,000, whatever the cursor says that
# it wrote itself. From page 13 on the link is the one that was followed before.
#
# Output seen on 2026-11-29:
#   100 pages: 10000 rows, 1100 different ones, next is there
#   page 11: rows 1001..1100; page 12: rows 1001..1100; page 100: rows 1001..1100
#   the same with 1000 rows: 10 pages: 1000 rows, 1000 different ones, next is None
set -euo pipefail

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

python3 -m venv venv
venv/bin/pip install -q djangorestframework==3.18.3 Django==5.2.19 >pip.log 2>&1 || { cat pip.log; exit 1; }

cat >walk.py <<'E2'
import django
from django.conf import settings

settings.configure(
    SECRET_KEY="of-this-test", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_AUTHENTICATION_CLASSES": []},
)
django.setup()
from django.db import connection, models
from django.urls import path
from django.utils import timezone
from rest_framework import generics, pagination, serializers
from rest_framework.test import APIClient

class Row(models.Model):
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "rows"

class RowSerializer(serializers.ModelSerializer):
    class Meta:
        model = Row
        fields = ["id"]

class Pages(pagination.CursorPagination):
    page_size = 100

class Rows(generics.ListAPIView):
    queryset, serializer_class, pagination_class = Row.objects.all(), RowSerializer, Pages

urlpatterns = [path("rows/", Rows.as_view())]

def walk():
    client, url, pages = APIClient(), "/rows/", []
    while url and len(pages) < 100:
        answer = client.get(url).json()
        pages.append([row["id"] for row in answer["results"]])
        url = answer["next"]
    rows = [row for page in pages for row in page]
    end = "there" if url else "None"
    return pages, f"{len(pages)} pages: {len(rows)} rows, {len(set(rows))} different ones, next is {end}"

with connection.schema_editor() as editor:
    editor.create_model(Row)
instant = timezone.now()
Row.objects.bulk_create(Row() for _ in range(3000))
Row.objects.update(created=instant)
pages, said = walk()
print(said)
print("; ".join(f"page {n}: rows {pages[n - 1][0]}..{pages[n - 1][-1]}" for n in (11, 12, 100)))
Row.objects.filter(id__gt=1000).delete()
print(f"the same with 1000 rows: {walk()[1]}")
E2
venv/bin/python -W ignore walk.py 2>walk.log | tee seen || { cat walk.log; exit 1; }

diff - seen <<'E2'
100 pages: 10000 rows, 1100 different ones, next is there
page 11: rows 1001..1100; page 12: rows 1001..1100; page 100: rows 1001..1100
the same with 1000 rows: 10 pages: 1000 rows, 1000 different ones, next is None
E2
echo "A walk over Django REST framework's cursors never ends where more than 1,100 rows share one instant: 1,900 of 3,000 never come."
