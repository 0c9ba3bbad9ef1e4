"""The pages of the card for search engines, each with its other language."""

from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.utils.translation import get_language

from menus import queries
from menus.addresses import path_of
from menus.languages import FRENCH, LANGUAGES
from menus.models import MenuRevision


class CardSitemap(Sitemap):
    """One page per language, while there is a card; at the address that guests know, whatever host was asked."""

    i18n = alternates = x_default = True
    languages = LANGUAGES
    changefreq = "daily"

    def items(self) -> list[MenuRevision]:
        return [self._revision] if self._revision else []

    def location(self, item: MenuRevision) -> str:
        return path_of(get_language() or FRENCH)

    def lastmod(self, item: MenuRevision) -> datetime:
        return item.effective_at

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.PUBLIC_URL).netloc

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.PUBLIC_URL).scheme

    @cached_property
    def _revision(self) -> MenuRevision | None:
        return queries.revision_in_force()
