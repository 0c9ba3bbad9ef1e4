"""The inbox: every mail that left, as its reader opens it."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from integrations.sandbox.pages import common
from integrations.sandbox.pictures import own_path
from integrations.sandbox.shown import ShownMail
from integrations.sandbox.vendors import registry

PAGE_SIZE = 30
MAX_LINKS = 20
LINK = re.compile(r"https?://[^\s<>\"']{3,500}")
HEAD = re.compile(r"<head(\s[^>]*)?>", re.IGNORECASE)
# The mail's frame may not navigate: its links open beside it.
NEW_TAB = '<base target="_blank">'


@require_safe
def inbox(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The list, and beside it the mail that is open."""
    searched = request.GET.get("a", "").strip()
    rows = common.shown_records("inbox")
    if searched:
        rows = rows.filter(account_id__icontains=searched.replace("\0", ""))

    def build() -> dict[str, Any]:
        page = common.page_of(request, rows, PAGE_SIZE)
        return {"page": page, "mails": [_shown(row) for row in page], "searched": searched, "open_pk": pk}

    if request.GET.get("fragment") == "1" or pk is None:
        return common.live(request, "inbox", rows, build)
    mail = _shown(get_object_or_404(common.shown_records("inbox"), pk=pk))
    return common.show(request, "inbox.html", {**build(), "mail": mail, **_opened(mail, request)})


def _shown(record) -> ShownMail:
    return registry[record.vendor]().show(record)


def _opened(mail: ShownMail, request: HttpRequest) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in mail.headers.items()}
    links = re.findall(r"<(https?://[^>\s]+)>", headers.get("list-unsubscribe", ""))
    return {
        "document": _document(mail.html),
        "unsubscribe": links[0] if links else "",
        # RFC 8058: the reader's mail service posts by itself; our page may only post to our own address.
        "acts": registry[mail.record.vendor].acts,
        "vendor": registry[mail.record.vendor],
        "mail_links": list(dict.fromkeys(LINK.findall(mail.html or mail.text)))[:MAX_LINKS],
        "one_click": own_path(links[0], request) if links and "list-unsubscribe-post" in headers else "",
    }


def _document(html: str) -> str:
    if head := HEAD.search(html):
        return html[: head.end()] + NEW_TAB + html[head.end() :]
    return NEW_TAB + html
