"""Every address of the house."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from menus import sharing_views as card_sharing
from menus import views as card_views
from menus import webhook_views as menu_webhooks
from notifications import push_views, tracking_views
from notifications import views as guest_views
from social import views as social_views
from vieuxmoulin import crawlers, doorkeeper
from vieuxmoulin.api.token import Token
from vieuxmoulin.health import live, ready
from vieuxmoulin.media import media

handler403 = doorkeeper.refuse
urlpatterns = [
    path("", RedirectView.as_view(url="/admin/", permanent=False)),
    path("admin/", include("vieuxmoulin.backoffice.urls")),
    path("admin/", admin.site.urls),
    path("api/communication/", include("vieuxmoulin.api.urls")),
    path("o/token/", Token.as_view(), name="token"),
    path("health/live", live, name="live"),
    path("health/ready", ready, name="ready"),
    path("media/<path:path>", media, name="media"),
    path("carte/", card_views.card, name="card"),
    path("carte/en/", card_views.card, {"language": "en"}, name="card-en"),
    path("carte/cadre/", card_views.frame, name="card-frame"),
    path("carte/en/cadre/", card_views.frame, {"language": "en"}, name="card-frame-en"),
    path("carte/widget.js", card_sharing.widget_script, name="card-widget"),
    path("carte/feed.json", card_sharing.feed, name="card-feed"),
    path("robots.txt", crawlers.robots, name="robots"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("webhooks/envois/<slug:slug>/", tracking_views.provider_webhook, name="provider-webhook"),
    path("webhooks/envois/<slug:slug>/<str:secret>/", tracking_views.provider_webhook, name="provider-webhook-secret"),
    path("l/<str:token>/", tracking_views.followed_link, name="followed-link"),
    path("o/<str:token>.gif", tracking_views.pixel, name="pixel"),
    path("webhooks/menus/<slug:slug>/", menu_webhooks.receive, name="menu-webhook"),
    path("webhooks/meta/", social_views.meta_webhook, name="meta-webhook"),
    path("comptes/choisir/", social_views.choose, name="social-choose"),
    path("comptes/<slug:slug>/relier/", social_views.connect, name="social-connect"),
    path("comptes/<slug:slug>/retour/", social_views.callback, name="social-callback"),
    path("desinscription/<str:token>/", guest_views.unsubscribe, name="unsubscribe"),
    path("preferences/<str:token>/", guest_views.choose, name="preferences"),
    path("inscription/", guest_views.subscribe, name="subscribe"),
    path("inscription/envoyee/", guest_views.subscription_asked, name="subscription-asked"),
    path("inscription/confirmer/<str:token>/", guest_views.confirm_subscription, name="subscription-confirm"),
    path("notifications/cle/", push_views.key, name="push-key"),
    path("notifications/abonnement/", push_views.subscription, name="push-subscription"),
    path("sw.js", push_views.service_worker, name="service-worker"),
]
if settings.SANDBOX:
    urlpatterns.append(path("bac-a-sable/", include("integrations.sandbox.urls")))
