"""The feed of a network: what followers see, and what they do to it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from integrations.sandbox import guests, store
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.pages import common
from integrations.sandbox.pictures import image_type, source
from integrations.sandbox.shown import ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import FeedVendor

PAGE_SIZE = 20
SHOWN_COMMENTS, SHOWN_PICTURES = 3, 4


@require_safe
def feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The posts of one network, newest first."""
    vendor = _network(slug)
    rows = store.records(slug, vendor.shown_kind, is_public=True)

    def build() -> dict[str, Any]:
        page = common.page_of(request, rows, PAGE_SIZE)
        return {"vendor": vendor, "page": page, "cards": [_card(vendor.show(row), request) for row in page]}

    return common.live(request, "feed", rows, build)


@require_POST
def like(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A guest likes a post."""
    record = _post(slug, pk)
    guests.like(record)
    return _back(request, record)


@require_POST
def comment(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A guest leaves a comment."""
    record = _post(slug, pk)
    guests.comment(record, request.POST.get("text", ""), request.POST.get("author", ""))
    return _back(request, record)


@require_safe
def file(request: HttpRequest, slug: str, kind: str, number: str) -> HttpResponse:
    """An uploaded picture."""
    record = VendorRecord.objects.filter(vendor=slug, kind=kind, external_id=number, blob__isnull=False).first()
    content = bytes(record.blob) if record else b""
    kind_of_file = image_type(content)
    if not kind_of_file:
        raise Http404("Aucune image à cette adresse.")
    response = HttpResponse(content, content_type=kind_of_file)
    response["Cache-Control"] = "private, max-age=86400"
    return response


def _network(slug: str) -> FeedVendor:
    vendor = registry.get(slug)
    if vendor is None or vendor.surface != "feed":
        raise Http404("Le bac à sable n'a pas de page à cette adresse.")
    return vendor()


def _post(slug: str, pk: int) -> VendorRecord:
    return get_object_or_404(store.records(slug, _network(slug).shown_kind), pk=pk)


def _back(request: HttpRequest, record: VendorRecord) -> HttpResponse:
    page = request.POST.get("page", "")
    query = f"?page={page}" if page.isdigit() and page != "1" else ""
    return redirect(f"{reverse('sandbox:feed', args=[record.vendor])}{query}#p{record.pk}")


def _card(post: ShownPost, request: HttpRequest) -> dict[str, Any]:
    pictures = [
        {"source": source(picture.url, post.record.vendor, request), "url": picture.url, "alt": picture.alt_text}
        for picture in post.pictures
    ]
    older, recent = post.comments[:-SHOWN_COMMENTS], post.comments[-SHOWN_COMMENTS:]
    return {
        "post": post,
        "pictures": pictures[:SHOWN_PICTURES],
        "more_pictures": max(0, len(pictures) - SHOWN_PICTURES),
        "older": older,
        "recent": recent,
    }
