"""Django OAuth Toolkit with Django REST framework: `django_site.py PORT`.

30 rows and 3,000 rows of one instant, by number, offset and cursor; a view that throttles.
"""

import json
import sys

import django
from django.conf import settings

with open("clients.json", encoding="utf-8") as file:
    special = json.load(file)["special"]

settings.configure(
    SECRET_KEY="of-this-test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.sqlite"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "oauth2_provider",
        "rest_framework",
    ],
    OAUTH2_PROVIDER={
        "SCOPES": {"read": "Reading", "write": "Writing"},
        "DEFAULT_SCOPES": ["read"],
        "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "oauth2_provider.contrib.rest_framework.OAuth2Authentication"
        ],
        "DEFAULT_PERMISSION_CLASSES": [
            "oauth2_provider.contrib.rest_framework.TokenHasScope"
        ],
        "DEFAULT_THROTTLE_RATES": {"anon": "5/second"},
    },
)
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import run  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.urls import metadata_urlpatterns  # noqa: E402
from rest_framework import generics, pagination, serializers, throttling  # noqa: E402


class Row(models.Model):
    created = models.DateTimeField()

    class Meta:
        app_label = "rows"


class RowSerializer(serializers.ModelSerializer):
    class Meta:
        model = Row
        fields = ["id", "created"]


class Numbers(pagination.PageNumberPagination):
    page_size = 10
    page_size_query_param = "page_size"
    max_page_size = 20


class Offsets(pagination.LimitOffsetPagination):
    default_limit = 10
    max_limit = 20


class Cursors(pagination.CursorPagination):
    page_size = 10
    ordering = "id"


class CursorsByTime(pagination.CursorPagination):
    page_size = 100
    ordering = "created"


class Rows(generics.ListAPIView):
    serializer_class = RowSerializer
    required_scopes = ["read"]
    newest = 30

    def get_queryset(self):
        return Row.objects.filter(id__lte=self.newest).order_by("id")


class Writing(Rows):
    required_scopes = ["write"]


urlpatterns = [
    # RFC 8414 §3.1; the next line alone puts the document where no discovery looks for it.
    path("", include((metadata_urlpatterns, "at_the_root"))),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("numbers/", Rows.as_view(pagination_class=Numbers)),
    path("offsets/", Rows.as_view(pagination_class=Offsets)),
    path("cursors/", Rows.as_view(pagination_class=Cursors)),
    path("one-instant/", Rows.as_view(pagination_class=CursorsByTime, newest=3000)),
    path("list/", Rows.as_view(pagination_class=None)),
    path("writing/", Writing.as_view(pagination_class=Numbers)),
    path(
        "throttled/",
        Rows.as_view(pagination_class=Numbers, throttle_classes=[throttling.AnonRateThrottle], newest=120),
    ),
]

call_command("migrate", verbosity=0)
with connection.schema_editor() as editor:
    editor.create_model(Row)
instant = timezone.now()
Row.objects.bulk_create(Row(created=instant) for _ in range(3000))
for client_id, secret in [(special["id"], special["secret"]), ("robot", "hush")]:
    Application.objects.create(
        name=client_id,
        client_id=client_id,
        client_secret=secret,
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )
run("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), threading=True)
