"""The public card: fast, readable without a script, and readable by machines. Its frame is the same card for other sites."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import urlencode
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from menus import moments, queries, shown
from menus.addresses import path_of
from menus.jsonld import as_script, menu_page
from menus.languages import FRENCH, LANGUAGES
from menus.models import MenuRevision
from menus.page.dishes import card_of
from menus.page.filtering import AVOID, DIET, Wanted, filtered, sentences
from menus.page.presenting import filter_form, filter_words
from menus.page.words import WORDS, counted, day

# How long a browser shows the page without asking again: a dish runs out at any minute.
FRESH_SECONDS = 60
# The templates' indents are a third of the page.
INDENTS = re.compile(rb"\n\s+")
ALL_HOURS = "heures"
THEMES = {"clair": "light", "sombre": "dark", "auto": "light dark"}


@dataclass(frozen=True)
class Now:
    """The card in force at a moment. shown: as guests see it. others: how many choices are served at other hours."""

    revision: MenuRevision
    shown: dict[str, Any]
    others: int
    fresh_seconds: int


def card_now(at: datetime, *, all_hours: bool = False) -> Now | None:
    """What the page, its frame and its feed show; None when there is nothing to show."""
    revision = queries.revision_in_force(at)
    if revision is None:
        return None
    document = queries.document_now(revision)
    whole = shown.everything(document, at)
    seen = whole if all_hours else shown.served(whole, at)
    number = sum(1 for _ in shown.sold(seen))
    if not number:
        return None
    others = sum(1 for _ in shown.sold(whole)) - number
    return Now(revision, seen, others, _fresh_seconds(revision, document, at))


def _fresh_seconds(revision: MenuRevision, document: dict[str, Any], at: datetime) -> int:
    """Never past the next change: what comes at 11:30 is seen at 11:30."""
    turns = (moments.next_change(document, at), queries.next_card_at(revision, at))
    ahead = min((turn for turn in turns if turn is not None), default=None)
    return FRESH_SECONDS if ahead is None else max(0, min(FRESH_SECONDS, int((ahead - at).total_seconds())))


@require_safe
@gzip_page
def card(request: HttpRequest, language: str = FRENCH) -> HttpResponse:
    """Show the revision in force, or say kindly that there is none yet."""
    return _answer(request, language, "menus/card.html", {})


# The one page that other sites may hold in a frame: it knows no visitor, and has nothing to click but the filter.
@require_safe
@gzip_page
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"], "script-src": ["'self'"], "form-action": ["'self'"]})
def frame(request: HttpRequest, language: str = FRENCH) -> HttpResponse:
    """The card for the site of somebody else."""
    name = request.GET.get("theme", "")
    name = name if name in THEMES else "clair"
    more = {"theme": THEMES[name], "theme_name": name, "is_framed": True}
    response = _answer(request, language, "menus/frame.html", more)
    response["X-Robots-Tag"] = "noindex"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    # The frame has no origin of its own, and its script reads the whole card once when it was opened filtered.
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _answer(request: HttpRequest, language: str, template: str, more: dict[str, Any]) -> HttpResponse:
    at = timezone.now()
    found = card_now(at, all_hours=ALL_HOURS in request.GET)
    if found is None:
        words = {"words": WORDS[language], "language": language, "restaurant_name": settings.RESTAURANT_NAME}
        response = render(request, "menus/no_card.html", words | more, status=404)
        patch_cache_control(response, public=True, max_age=0)
    else:
        response = render(request, template, _context(request, language, found, at) | more)
        response.content = INDENTS.sub(b"\n", response.content)
        response = conditional(request, response, found.fresh_seconds)
    response["Content-Language"] = language
    return response


def conditional(request: HttpRequest, response: HttpResponse, fresh_seconds: int) -> HttpResponse:
    """The answer, or 304 when the reader has it already; named after what it says, down to the last comma."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    answer = get_conditional_response(request, etag=etag, response=response) or response
    answer["ETag"] = etag
    patch_cache_control(answer, public=True, max_age=fresh_seconds)
    return answer


def _context(request: HttpRequest, language: str, found: Now, at: datetime) -> dict[str, Any]:
    wanted, words = Wanted.read(request.GET), WORDS[language]
    whole = card_of(found.shown, language, at)
    left = filtered(whole, wanted)
    updated = moments.clock_of(found.shown, found.revision.effective_at)
    return {
        "words": words,
        "language": language,
        "card": left.card,
        "asked": left.asked,
        # The choices of many dishes are the same: each is drawn once.
        "drawn": {},
        "sentences": sentences(left.counts, wanted, language),
        "wanted": wanted,
        "form": filter_form(wanted, language),
        "filter_words": as_script(filter_words(language)),
        "all_hours": ALL_HOURS in request.GET,
        "others": counted("hours", found.others, language) if found.others else "",
        "updated": words["updated"].format(day(updated, language)),
        "revision": found.revision,
        "json_ld": as_script(menu_page(found.shown, settings.PUBLIC_URL, language)),
        "restaurant_name": settings.RESTAURANT_NAME,
        "photo": next((dish.photo for dish in whole.dishes if dish.photo), ""),
        **_addresses(request, language, wanted),
    }


def _addresses(request: HttpRequest, language: str, wanted: Wanted) -> dict[str, Any]:
    """Where the same card is in the other language, for everybody, and with what is served at other hours."""
    hours, theme = {ALL_HOURS: "toutes"}, request.GET.get("theme", "")
    chosen = {**(hours if ALL_HOURS in request.GET else {}), **({"theme": theme} if theme in THEMES else {})}
    without_hours = {name: value for name, value in chosen.items() if name != ALL_HOURS}
    return {
        "canonical": f"{settings.PUBLIC_URL}{path_of(language)}",
        "alternates": [(code, f"{settings.PUBLIC_URL}{path_of(code)}") for code in LANGUAGES],
        "switches": [(code, _address(path_of(code), chosen, wanted)) for code in LANGUAGES],
        "default_address": f"{settings.PUBLIC_URL}{path_of(FRENCH)}",
        "address": request.path,
        "chosen": chosen.items(),
        "all_hours_address": _address(request.path, chosen | hours, wanted),
        "now_address": _address(request.path, without_hours, wanted),
        "reset_address": _address(request.path, chosen, Wanted()),
        "names": {"avoid": AVOID, "diet": DIET},
    }


def _address(path: str, chosen: dict[str, str], wanted: Wanted) -> str:
    query = "&".join(part for part in (urlencode(chosen), wanted.query) if part)
    return f"{path}?{query}" if query else path
