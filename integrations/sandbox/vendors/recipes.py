"""The recipes module: what the chef cooks, what he puts forward, what a portion takes."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._module import Act, ModuleVendor, conditional, house, problem, tell
from integrations.sandbox.vendors.base import Call, Refused, route

FEATURED_FIRST = "oeuf-parfait"


def cooked() -> list[tuple[str, dict[str, Any]]]:
    """The recipes of the card; those that the chef keeps for later are not told yet."""
    at = (timezone.now() - timedelta(days=60)).isoformat()
    return [
        (recipe["recipe_id"], {**recipe, "created_at": at, "is_new": False, "is_featured": recipe["item_ref"] == FEATURED_FIRST})
        for recipe in house("recipes")
        if not recipe.get("is_draft")
    ]  # fmt: skip


@registry.register
class Recipes(ModuleVendor):
    slug, label = "recipes", "Module recettes"
    shown_kind = "recipe"
    nouns = ("recette", "recettes")
    makers = {"recipe": cooked}

    @route("GET", r"recipes/featured")
    def featured(self, call: Call) -> HttpResponse:
        found = self.records("recipe", data__is_featured=True).first()
        return conditional(call, {"recipe": self.as_json(found) if found else None})

    @route("GET", r"recipes")
    def recipes(self, call: Call) -> HttpResponse:
        since = call.query.get("since", "")
        if not since:
            return self.feed(call, "recipe")
        at = _moment(since)
        names = [row.external_id for row in self.records("recipe") if _moment(row.data["created_at"]) >= at]
        return self.feed(call, "recipe", external_id__in=names)

    @route("GET", r"recipes/(?P<name>[^/]{1,120})/ingredients")
    def ingredients(self, call: Call, name: str) -> HttpResponse:
        found = self.find("recipe", name)
        return conditional(call, {"items": found.data["ingredients"]}) if found else problem(404, "Recette inconnue.")

    def as_json(self, record: VendorRecord) -> dict[str, Any]:
        # A picture has the address of this very server.
        picture = f"{settings.PUBLIC_URL}/static/demo/automne.jpg"
        return {**super().as_json(record), "image_url": picture}

    # --- What a person does there ------------------------------------------------------------------------------------

    def facts(self) -> tuple[str, ...]:
        forward = self.records("recipe", data__is_featured=True).first()
        name = forward.data["name"] if forward else "aucune"
        return (f"{self.records('recipe').count()} recettes", f"À l'honneur : {name}")

    def acts(self) -> tuple[Act, ...]:
        rows = self.records("recipe").order_by("external_id")
        acts = [Act("feature", "Mettre à l'honneur", tuple((row.external_id, row.data["name"]) for row in rows))]
        if drafts := self._drafts():
            acts.append(Act("new", "Ajouter la recette", tuple((one["recipe_id"], one["name"]) for one in drafts)))
        return tuple(acts)

    def act(self, name: str, chosen: str) -> tuple[str, list[Callback]]:
        return self._feature(chosen) if name == "feature" else self._add(chosen)

    def _feature(self, chosen: str) -> tuple[str, list[Callback]]:
        wanted = self.known("recipe", chosen)
        for record in self.records("recipe", data__is_featured=True).exclude(pk=wanted.pk).select_for_update():
            record.data = {**record.data, "is_featured": False}
            record.save(update_fields=["data", "updated_at"])
        wanted.data = {**wanted.data, "is_featured": True}
        wanted.save(update_fields=["data", "updated_at"])
        return f"« {wanted.data['name']} » est à l'honneur.", tell(self.slug, "featured_recipe", self._told(wanted))

    def _add(self, chosen: str) -> tuple[str, list[Callback]]:
        draft = next((one for one in self._drafts() if one["recipe_id"] == chosen), None)
        if draft is None:
            raise Refused(problem(404, "Cette recette est déjà là."))
        now = timezone.now().isoformat()
        data = {key: value for key, value in draft.items() if key != "is_draft"}
        record = self.add("recipe", chosen, "", {**data, "created_at": now, "is_new": True, "is_featured": False})
        return f"« {draft['name']} » est une nouvelle recette.", tell(self.slug, "new_recipe", self._told(record))

    def _told(self, record: VendorRecord) -> dict[str, Any]:
        said = self.as_json(record)
        names = ("recipe_id", "name", "description", "image_url", "item_ref", "is_new", "is_featured")
        return {name: said[name] for name in names}

    def _drafts(self) -> list[dict[str, Any]]:
        here = set(self.records("recipe").values_list("external_id", flat=True))
        return [one for one in house("recipes") if one.get("is_draft") and one["recipe_id"] not in here]


def _moment(said: str) -> Any:
    # A plus sign in an address is a space to whoever forgot to write it %2B.
    try:
        at = parse_datetime(said.replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused(problem(422, "since : une date ISO 8601 avec fuseau."))
    return at
