"""Addresses of the sandbox: the vendors' APIs under api/, the pages that show what they received."""

from django.urls import URLPattern

app_name = "sandbox"
urlpatterns: list[URLPattern] = []
