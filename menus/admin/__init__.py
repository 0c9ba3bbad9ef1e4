"""Screens of the card's neighbours, one file per noun family.

The card itself and its dishes are published through the orchestrator: their screens are in `vieuxmoulin/backoffice/`.
"""

from menus.admin import card
from menus.admin.places import DIFFERENCE_WORDS, SYNC_COLOURS, difference_line
from menus.admin.stock import IngredientAdmin, RecipeLineAdmin

__all__ = ["DIFFERENCE_WORDS", "SYNC_COLOURS", "IngredientAdmin", "RecipeLineAdmin", "card", "difference_line"]
