"""The mission's first advanced example: the recipe that the chef puts forward, published on the networks.

From the root of the project, with the house installed: PYTHONPATH=. .venv/bin/python docs/examples/publish_featured_recipe.py
"""

import asyncio
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")
django.setup()

from integrations.modules import get_integrator  # noqa: E402 (the house is set up first)
from vieuxmoulin.orchestrator import get_orchestrator  # noqa: E402


async def publish_featured_recipe() -> dict[str, Any] | None:
    """Publish it; returns the task and the publications, None when no recipe is put forward.

    Raises CommunicationError, whose text is fit for staff: a network refuses, an account is missing, the module is away.
    """
    orchestrator = get_orchestrator("exemple : recette à l'honneur")
    integrator = get_integrator()

    recipe_data = await integrator.get_featured_recipe()

    # What the module said some hours ago, because it does not answer now, is not today's dish.
    if not recipe_data or recipe_data["is_stale"]:
        return None
    post_content = {
        "title": f"Plat du jour : {recipe_data['name']}",
        "body": recipe_data["description"],
        "media_url": recipe_data.get("image_url", ""),
        "hashtags": ["platdujour", "vieuxmoulin", "gastronomie"],
    }
    if recipe_data["item_ref"]:
        # Held back by itself if the dish runs out before the post leaves.
        post_content["item_refs"] = [recipe_data["item_ref"]]
    return await orchestrator.publish_to_social_media(content=post_content, platforms=["facebook", "instagram"])


if __name__ == "__main__":
    print(asyncio.run(publish_featured_recipe()))  # noqa: T201 (a program for a terminal)
