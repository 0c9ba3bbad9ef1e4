"""The filter's form, and the words that its script needs to say what the server would say. Pure."""

from typing import Any

from menus.document import ALLERGENS, DIETS
from menus.mentions import DIET_WORDS, allergen_names
from menus.page.filtering import Wanted
from menus.page.words import WORDS

# The sentences that change as boxes are ticked.
LIVE = ("shown_none", "shown", "allergens", "diets", "ask")


def filter_form(wanted: Wanted, language: str) -> dict[str, Any]:
    """The boxes: {"avoid": [(code, label, is_ticked)], "diets": […]}."""
    names = {code: allergen_names([code], language)[0] for code in ALLERGENS}
    return {
        "avoid": [(code, names[code], code in wanted.avoided) for code in ALLERGENS],
        "diets": [(code, DIET_WORDS[language][code], code in wanted.diets) for code in DIETS],
    }


def filter_words(language: str) -> dict[str, str]:
    """The live sentences, by name."""
    words = WORDS[language]
    return {name: text for name, text in words.items() if name.removesuffix("_one").removesuffix("_many") in LIVE}
