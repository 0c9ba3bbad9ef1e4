"""Addresses of the pages that belong to no model; those of the models are made by the back-office itself."""

from django.urls import path

from vieuxmoulin.backoffice import calendar

app_name = "backoffice"
urlpatterns = [
    path("calendrier/", calendar.calendar, name="calendar"),
    path("calendrier/<uuid:publication_id>/reporter/", calendar.move, name="calendar_move"),
]
