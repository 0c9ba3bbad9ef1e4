"""The card and its way to wherever it is shown, one file per noun family."""

from menus.models.card import (
    HIGHEST_PRICE_CENTS,
    LONGEST_NAME,
    LONGEST_TEXT,
    REF,
    Availability,
    Category,
    Formula,
    Item,
    Menu,
    Option,
    OptionGroup,
    StockSource,
)
from menus.models.publishing import Destination, Drift, ManualTask, MenuRevision, MenuSync, StockPush
from menus.models.stock import Ingredient, RecipeLine

__all__ = [
    "HIGHEST_PRICE_CENTS",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "REF",
    "Availability",
    "Category",
    "Destination",
    "Drift",
    "Formula",
    "Ingredient",
    "Item",
    "ManualTask",
    "Menu",
    "MenuRevision",
    "MenuSync",
    "Option",
    "OptionGroup",
    "RecipeLine",
    "StockPush",
    "StockSource",
]
