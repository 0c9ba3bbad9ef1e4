"""How the sandbox's pages write times, texts and icons."""

import re
from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
TOKEN = re.compile(r"(?P<link>https?://[^\s<>]*[^\s<>.,;:!?)»])|(?P<tag>(?<![\w&/])#\w+)|(?P<name>(?<![\w@/])@\w+)")
SVG = '<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>'
SHAPES = {
    "heart": '<path d="M12 20s-7.5-4.6-9-9.2C1.9 7.4 4 4.5 7 4.5c2 0 3.700 1.100 5 3 1.300-1.900 3-3 5-3 3 0 5.100 2.900 4 6.300C19.500 15.400 12 20 12 20z"/>',
    "comment": '<path d="M20 11.500c0 4-3.600 7-8 7-1.100 0-2.100-.200-3-.500L4 20l1.400-3.700C4.500 15 4 13.300 4 11.500c0-4 3.600-7 8-7s8 3 8 7z"/>',
    "picture": '<rect x="3" y="5" width="18" height="14" rx="2"/><circle cx="8.500" cy="10" r="1.500"/><path d="M21 16l-5-5-8 8"/>',
    "link": '<path d="M10 14a4 4 0 0 0 6 .400l3-3a4 4 0 0 0-5.700-5.700l-1.500 1.500M14 10a4 4 0 0 0-6-.400l-3 3a4 4 0 0 0 5.700 5.700l1.500-1.500"/>',
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M3.500 7l8.500 6 8.500-6"/>',
    "phone": '<rect x="7" y="2.500" width="10" height="19" rx="2.500"/><path d="M11 18.500h2"/>',
    "bag": '<path d="M6 8h12l1 12H5L6 8zM9 8V6.500a3 3 0 0 1 6 0V8"/>',
    "feed": '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M8 9h8M8 12.500h8M8 16h5"/>',
    "bolt": '<path d="M13 3L5 13.500h6L10.500 21 19 10.500h-6L13 3z"/>',
    "back": '<path d="M15 5l-7 7 7 7"/>',
    "target": '<circle cx="12" cy="12" r="8"/><circle cx="12" cy="12" r="3"/>',
}
SURFACE_ICONS = {"feed": "feed", "inbox": "mail", "phone": "phone", "delivery": "bag", "modules": "link"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing by its name, or by the name of a kind of page."""
    shape = SHAPES[SURFACE_ICONS.get(name, name)]
    return format_html(SVG, mark_safe(shape))  # noqa: S308 - a constant of this file


@register.filter
def ago(moment: datetime | str | None) -> str:
    """« il y a 2 min », « hier à 14:05 », then a short date."""
    moment = parse_datetime(moment) if isinstance(moment, str) else moment
    if moment is None:
        return ""
    now = timezone.localtime()
    local = timezone.localtime(moment)
    age = now - local
    if age < timedelta(minutes=1):
        return "à l'instant"
    if age < timedelta(hours=1):
        return f"il y a {age.seconds // 60} min"
    if local.date() == now.date():
        return f"il y a {age.seconds // 3600} h"
    if local.date() == now.date() - timedelta(days=1):
        return f"hier à {local:%H:%M}"
    same_year = local.year == now.year
    return date_format(local, "j N H:i" if same_year else "j N Y")


@register.filter
def social_text(text: str) -> SafeString:
    """A post's text with its links, hashtags and names in colour; everything else is escaped."""
    parts, start = [], 0
    for found in TOKEN.finditer(text):
        parts.append(format_html("{}", text[start : found.start()]))
        if link := found["link"]:
            parts.append(
                format_html('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>', link, link)
            )
        else:
            parts.append(format_html('<span class="tag">{}</span>', found[0]))
        start = found.end()
    parts.append(format_html("{}", text[start:]))
    return format_html_join("", "{}", ((part,) for part in parts))


@register.filter
def initials(name: str) -> str:
    """Two letters for a round portrait."""
    words = [word for word in re.findall(r"\w+", name) if word.lower() not in ("le", "la", "les", "de", "du")]
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def french_number(number: str) -> str:
    """A French number in pairs, as people read it; any other as it is."""
    if re.fullmatch(r"\+33\d{9}", number):
        national = "0" + number[3:]
        return " ".join(national[position : position + 2] for position in range(0, 10, 2))
    return number
