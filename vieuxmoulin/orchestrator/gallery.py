"""The pictures of a content, opened to be measured and copied: files of ours, and addresses that we may fetch.

No call leaves while a transaction is open (it would hold the database's only writer as long as a stranger's server
likes): `look` is called before, and what it learnt is remembered a while for the next request.
"""

import hashlib
import threading
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.db import connection

from campaigns.models import Media
from integrations.errors import CommunicationError
from integrations.guard import fetch_public
from integrations.media import own_file
from social.adaptation import pictures
from social.adaptation.pictures import MOST_SOURCE_BYTES, Facts, PictureRules, UnreadablePicture

# All pictures of a request together: whoever publishes is waiting, and a picture not seen in time is only a warning.
# A rehearsal, or a copy that was asked for, is worth more of a wait than a post that should leave within two seconds.
LOOK_SECONDS, ACCEPT_SECONDS = 3.0, 1.0
MOST_PICTURES = 20
KNOWN_SECONDS, FAILED_SECONDS = 600, 60
FOLDER = "contents/fitted"


class Gallery:
    """Opens pictures for one request. `keeps` says whether copies are written, which a rehearsal must not do."""

    def __init__(self, *, keeps: bool = True) -> None:
        self._keeps = keeps
        self._bytes: dict[str, bytes] = {}
        self._facts: dict[str, Facts] = {}
        self._reasons: dict[str, str] = {}

    def look(self, urls: Iterable[str], *, for_copies: bool = False) -> None:
        """Fetch the pictures that are not ours and not known yet; `for_copies` wants their bytes too."""
        if connection.in_atomic_block:
            return
        strangers = [url for url in dict.fromkeys(urls) if url and own_file(url) is None][:MOST_PICTURES]
        missing = [url for url in strangers if url not in self._bytes and (for_copies or not self._remember(url))]
        lookers = [threading.Thread(target=self._fetch, args=(url,), daemon=True) for url in missing]
        for looker in lookers:
            looker.start()
        deadline = time.monotonic() + (LOOK_SECONDS if for_copies or not self._keeps else ACCEPT_SECONDS)
        for url, looker in zip(missing, lookers, strict=True):
            looker.join(max(deadline - time.monotonic(), 0))
            if looker.is_alive():
                self._fail(url, "Son serveur est trop lent.")

    def facts(self, url: str) -> Facts | None:
        """What is known of a picture; None when it could not be looked at."""
        if url not in self._facts and url not in self._reasons:
            if own_file(url) is not None:
                self._read(url)
            else:
                self._remember(url)
        return self._facts.get(url)

    def reason(self, url: str) -> str:
        """Why a picture could not be looked at, in French; "" when nobody tried."""
        return self._reasons.get(url, "")

    def fitted(
        self, url: str, rules: PictureRules, *, mode: str, focus: tuple[float, float], background: str
    ) -> tuple[str, list[str]] | None:
        """The public address of a copy that keeps the rules, and its notes; None when the picture cannot be opened.

        The same picture for the same rules is the same file: publishing a content again adds none.
        """
        self.facts(url)
        content = self._bytes.get(url)
        if content is None:
            return None
        try:
            copy, notes = pictures.fit(content, rules, mode=mode, focus=focus, background=background)
        except UnreadablePicture as error:
            self._reasons[url] = str(error)
            return None
        storage = Media._meta.get_field("file").storage
        name = f"{FOLDER}/{hashlib.sha256(copy).hexdigest()[:32]}.jpg"
        if self._keeps and not storage.exists(name):
            name = storage.save(name, ContentFile(copy))
        address = f"{settings.PUBLIC_URL}{storage.url(name)}"
        self._bytes[address], self._facts[address] = copy, pictures.inspect(copy)
        return address, notes

    def _fetch(self, url: str) -> None:
        try:
            content, _ = fetch_public(url, max_bytes=MOST_SOURCE_BYTES, accept=("image/*", "application/octet-stream"))
        except CommunicationError as error:
            self._fail(url, str(error))
        else:
            self._measure(url, content)

    def _read(self, url: str) -> None:
        """Open a file of ours."""
        storage = Media._meta.get_field("file").storage
        try:
            with storage.open(own_file(url) or "") as file:
                content = file.read(MOST_SOURCE_BYTES + 1)
        except (OSError, SuspiciousFileOperation):
            self._reasons[url] = "Le fichier n'existe plus ou ne peut pas être lu."
            return
        self._measure(url, content)

    def _measure(self, url: str, content: bytes) -> None:
        try:
            self._facts[url] = pictures.inspect(content)
        except UnreadablePicture as error:
            self._fail(url, str(error))
            return
        self._bytes[url] = content
        self._reasons.pop(url, None)
        if own_file(url) is None:
            cache.set(_key(url), self._facts[url], KNOWN_SECONDS)

    def _fail(self, url: str, reason: str) -> None:
        self._reasons[url] = reason
        if own_file(url) is None:
            cache.set(_key(url), reason, FAILED_SECONDS)

    def _remember(self, url: str) -> bool:
        """Take up what another request learnt of an address."""
        known = cache.get(_key(url))
        if isinstance(known, Facts):
            self._facts[url] = known
        elif known:
            self._reasons[url] = known
        return bool(known)


def _key(url: str) -> str:
    return f"picture:{hashlib.sha256(url.encode()).hexdigest()}"


def addresses(content: Any) -> list[str]:
    """The addresses of the pictures of a content, kept or not yet."""
    if isinstance(content, dict):
        named = [*content.get("media_urls", ()), content.get("media_url", "")]
        return [url for url in named if url and not url.lower().endswith((".mp4", ".mov"))]
    return [media.address for media in content.media.all() if media.kind == Media.Kind.IMAGE]
