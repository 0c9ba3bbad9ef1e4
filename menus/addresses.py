"""Where the public card is, by language."""

from django.urls import reverse

from menus.languages import FRENCH


def path_of(language: str) -> str:
    """The page's path in one language."""
    return reverse("card") if language == FRENCH else reverse("card-en")
