"""Every address of the house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from menus.views import card
from notifications.views import unsubscribe
from vieuxmoulin.api.token import Token
from vieuxmoulin.health import live, ready

urlpatterns = [
    path("", RedirectView.as_view(url="/admin/", permanent=False)),
    path("admin/", admin.site.urls),
    path("api/communication/", include("vieuxmoulin.api.urls")),
    path("o/token/", Token.as_view(), name="token"),
    path("health/live", live, name="live"),
    path("health/ready", ready, name="ready"),
    path("carte/", card, name="card"),
    path("desinscription/<str:token>/", unsubscribe, name="unsubscribe"),
]
if settings.SANDBOX:
    urlpatterns.append(path("bac-a-sable/", include("integrations.sandbox.urls")))
