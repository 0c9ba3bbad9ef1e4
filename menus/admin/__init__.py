"""Screens of the card's neighbours, one file per noun family.

The card itself and its dishes are published through the orchestrator: their screens are in `vieuxmoulin/backoffice/`.
"""

from menus.admin import card, places
from menus.admin.differences import DIFFERENCE_WORDS, difference_line
from menus.admin.stock import IngredientAdmin, RecipeLineAdmin
from menus.admin.syncs import SYNC_COLOURS

__all__ = [
    "DIFFERENCE_WORDS",
    "SYNC_COLOURS",
    "IngredientAdmin",
    "RecipeLineAdmin",
    "card",
    "difference_line",
    "places",
]
