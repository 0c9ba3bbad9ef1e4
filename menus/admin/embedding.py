"""What staff copy to show the card on another site, beside the destination that is our own page."""

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from menus.addresses import path_of


def lines_to_copy() -> SafeString:
    """The line for a page in French, the one for a page in English, and where the rest is."""
    script = f"{settings.PUBLIC_URL}{reverse('card-widget')}"
    return render_to_string(
        "backoffice/card_embedding.html",
        {
            "lines": [
                ("fr", f'<script src="{script}" data-langue="fr" async></script>'),
                ("en", f'<script src="{script}" data-langue="en" async></script>'),
            ],
            "pages": [f"{settings.PUBLIC_URL}{path_of(code)}" for code in ("fr", "en")],
            "feed": f"{settings.PUBLIC_URL}{reverse('card-feed')}",
        },
    )
