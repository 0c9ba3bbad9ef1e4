"""Lists by cursor: a page stays right while rows are added, and the thousandth costs no more than the first."""

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import QuerySet
from rest_framework import pagination
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request


class CursorPagination(pagination.CursorPagination):
    """`?limit=` rows a page (100 at most), then `next` and `previous` as whole addresses."""

    page_size = 25
    max_page_size = 100
    page_size_query_param = "limit"
    ordering = ("-created_at", "-pk")

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Any] | None:
        self.ordering = getattr(view, "ordering", self.ordering)
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValueError, ModelValidationError):
            # A cursor is ours and opaque; one that was written by hand may hold anything, a bad date for instance.
            message = "Curseur illisible : suivez les adresses « next » et « previous » des réponses."
            raise ValidationError({"cursor": message}) from None

    def get_page_size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= self.max_page_size:
            raise ValidationError({"limit": f"Nombre entier de 1 à {self.max_page_size} attendu."})
        return int(text)
