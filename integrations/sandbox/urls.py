"""Addresses of the sandbox: the vendors' APIs under api/, the pages that show what they received."""

from django.urls import path

from integrations.sandbox import api

app_name = "sandbox"
urlpatterns = [
    path("api/<slug:slug>/<path:path>", api.call, name="api"),
]
