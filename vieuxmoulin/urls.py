"""Every address of the house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from menus.views import card
from notifications.views import unsubscribe
from social.views import meta_webhook
from vieuxmoulin.api.token import Token
from vieuxmoulin.health import live, ready

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/", permanent=False)),
    path("admin/", include("vieuxmoulin.backoffice.urls")),
    path("admin/", admin.site.urls),
    path("api/communication/", include("vieuxmoulin.api.urls")),
    path("o/token/", Token.as_view(), name="token"),
    path("health/live", live, name="live"),
    path("health/ready", ready, name="ready"),
    path("carte/", card, name="card"),
    path("webhooks/meta/", meta_webhook, name="meta-webhook"),
    path("desinscription/<str:token>/", unsubscribe, name="unsubscribe"),
]
if settings.SANDBOX:
    urlpatterns.append(path("bac-a-sable/", include("integrations.sandbox.urls")))
