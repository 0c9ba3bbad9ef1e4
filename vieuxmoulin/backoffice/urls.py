"""Addresses of the pages that belong to no model; those of the models are made by the back-office itself."""

from django.urls import path

from vieuxmoulin.backoffice import calendar, composer, inbox, segmenting, sends

app_name = "backoffice"
urlpatterns = [
    path("calendrier/", calendar.calendar, name="calendar"),
    path("calendrier/<uuid:publication_id>/reporter/", calendar.move, name="calendar_move"),
    path("composer/", composer.composer, name="composer"),
    path("composer/apercu/", composer.preview, name="composer_preview"),
    path("composer/image/", composer.picture, name="composer_picture"),
    path("envois/nouveau/", sends.compose, name="send_compose"),
    path("envois/apercu/", sends.preview, name="send_preview"),
    path("envois/<uuid:task_id>/", sends.send, name="send"),
    path("envois/<uuid:task_id>/etat/", sends.live, name="send_live"),
    path("envois/<uuid:task_id>/agir/", sends.act, name="send_act"),
    path("segments/", segmenting.edit, name="segment"),
    path("segments/regles/", segmenting.lines, name="segment_lines"),
    path("segments/compte/", segmenting.count, name="segment_count"),
    path("interactions/", inbox.inbox, name="inbox"),
    path("interactions/marquer/", inbox.mark, name="inbox_mark"),
    path("interactions/<uuid:interaction_id>/", inbox.thread, name="inbox_thread"),
    path("interactions/<uuid:interaction_id>/agir/", inbox.act, name="inbox_act"),
]
