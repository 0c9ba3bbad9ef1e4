"""The public card: fast, readable without a script, and readable by machines."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date

from menus import queries
from menus.document import allergen_sentence, document_hash
from menus.jsonld import as_script, menu_page


def card(request: HttpRequest) -> HttpResponse:
    """Show the revision in force, or say kindly that there is none yet."""
    revision = queries.revision_in_force()
    if revision is None:
        return render(request, "menus/no_card.html", status=404)
    document = queries.document_now(revision)
    etag = f'"{document_hash(document)}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = render(request, "menus/card.html", _context(revision, document))
    response["ETag"] = etag
    response["Last-Modified"] = http_date(revision.created_at.timestamp())
    patch_cache_control(response, public=True, max_age=300)
    return response


def _context(revision, document) -> dict:
    categories = [
        {
            **category,
            "items": [
                {**item, "allergen_sentence": allergen_sentence(item.get("allergens"))}
                for item in category["items"]
                if not _is_hidden(item)
            ],
        }
        for category in document["categories"]
    ]
    return {
        "revision": revision,
        "document": document,
        "formulas": [formula for formula in document.get("formulas", []) if not _is_hidden(formula)],
        "categories": [category for category in categories if category["items"]],
        "json_ld": as_script(menu_page(document, settings.PUBLIC_URL)),
        "restaurant_name": settings.RESTAURANT_NAME,
    }


def _is_hidden(entry) -> bool:
    return entry.get("availability", {}).get("status") == "hidden"
