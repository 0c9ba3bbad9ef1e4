"""Addresses of the sandbox: the vendors' APIs under api/, the pages that show what they received."""

from django.urls import path

from integrations.sandbox import api
from integrations.sandbox.pages import acts, delivery, feed, inbox, incidents, modules, overview, phone

app_name = "sandbox"
urlpatterns = [
    path("api/<slug:slug>/<path:path>", api.call, name="api"),
    path("", overview.overview, name="overview"),
    path("vider/", overview.empty, name="empty"),
    path("boite/", inbox.inbox, name="inbox"),
    path("boite/<int:pk>/", inbox.inbox, name="mail"),
    path("message/<int:pk>/agir/", acts.act, name="act"),
    path("telephone/", phone.phone, name="phone"),
    path("telephone/repondre/", phone.answer, name="answer"),
    path("livraison/", delivery.delivery, name="delivery"),
    path("livraison/<int:pk>/agir/", delivery.act, name="delivery_act"),
    path("modules/", modules.modules, name="modules"),
    path("modules/<slug:slug>/agir/", modules.act, name="modules_act"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/<int:pk>/annuler/", incidents.cancel, name="cancel"),
    path("fichier/<slug:slug>/<slug:kind>/<slug:number>", feed.file, name="file"),
    # Last: any other word is the name of a network.
    path("<slug:slug>/", feed.feed, name="feed"),
    path("<slug:slug>/<int:pk>/aimer/", feed.like, name="like"),
    path("<slug:slug>/<int:pk>/commenter/", feed.comment, name="comment"),
]
