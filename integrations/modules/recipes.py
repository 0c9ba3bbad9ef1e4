"""The recipes module (ML): the featured recipe, the new ones, what a portion takes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from integrations.modules._registry import registry
from integrations.modules._tables import Table, flag, many, moment, number, text
from integrations.modules.base import Age, Answer, Module, Page, Reading


@dataclass(frozen=True)
class IngredientLine:
    """How much of an ingredient one portion takes."""

    ref: str
    name: str
    quantity: Decimal
    unit: str = ""


@dataclass(frozen=True)
class Recipe:
    """A recipe. item_ref: the dish of the card that it makes, where it is on the card."""

    recipe_id: str
    name: str
    updated_at: datetime
    created_at: datetime | None = None
    description: str = ""
    image_url: str = ""
    category: str = ""
    item_ref: str = ""
    is_new: bool = False
    is_featured: bool = False
    ingredients: tuple[IngredientLine, ...] = ()


INGREDIENT = Table(IngredientLine, (text("ref"), text("name"), number("quantity"), text("unit")))
RECIPE = Table(
    Recipe,
    (
        text("recipe_id"),
        text("name"),
        moment("updated_at"),
        moment("created_at", default=None),
        text("description"),
        text("image_url"),
        text("category"),
        text("item_ref"),
        flag("is_new"),
        flag("is_featured"),
        many("ingredients", INGREDIENT),
    ),
)


@registry.register
class Recipes(Module):
    slug, label = "recipes", "recettes"
    tables = {"recipe": RECIPE, "ingredient": INGREDIENT}
    ages = {
        # A dish of the day from yesterday would be wrong: it may stand in for some hours, not longer.
        "featured": Age(fresh=timedelta(minutes=5), stale=timedelta(hours=6)),
        "ingredients": Age(fresh=timedelta(hours=1), stale=timedelta(days=7)),
    }

    def featured(self) -> Answer:
        """The recipe put forward, None when there is none."""
        answer = self.read_kept("featured")
        return Answer(self._recipe(answer.value), answer.as_of, answer.is_stale)

    def featured_if_changed(self, etag: str = "") -> Reading:
        """The same, read for its changes."""
        reading = self.read_whole("featured", etag=etag)
        return reading if reading.is_unchanged else Reading(self._recipe(reading.value), reading.etag)

    def changed(self, cursor: str = "", etag: str = "") -> Page:
        """The recipes that changed since a cursor."""
        return self.read_page("recipes", "recipe", cursor=cursor, etag=etag)

    def since(self, moment: datetime) -> list[Recipe]:
        """The recipes created since a moment, whatever the module makes of the question."""
        pages = self.pages("recipes", "recipe", query={"since": moment.isoformat()})
        found = [recipe for page in pages for recipe in page.items]
        return [recipe for recipe in found if (recipe.created_at or recipe.updated_at) >= moment]

    def ingredients(self, recipe_id: str) -> Answer:
        """What one portion takes."""
        return self.listed("ingredients", "ingredient", self.read_kept("ingredients", places={"id": recipe_id}))

    def _recipe(self, body: dict) -> Recipe | None:
        if body["recipe"] is None:
            return None
        return self.records("featured", "recipe", [body["recipe"]])[0]
