"""The mission's second advanced example: a campaign for the dishes that sell little, after a month of sales.

From the root of the project, with the house installed: PYTHONPATH=. .venv/bin/python docs/examples/create_targeted_campaign.py
The house also does it by itself, with the margins looked after: « Modules voisins », « Proposer une campagne ».
"""

import asyncio
import os
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")
django.setup()

from django.utils import timezone  # noqa: E402 (the house is set up first)

from integrations.modules import get_integrator  # noqa: E402
from vieuxmoulin.exchange.slow_dishes import analyze_sales  # noqa: E402
from vieuxmoulin.orchestrator import get_orchestrator  # noqa: E402


async def create_targeted_campaign() -> str | None:
    """Create the campaign and start it; returns its id, None when every dish sells. Raises CommunicationError."""
    orchestrator = get_orchestrator("exemple : plats peu vendus")
    integrator = get_integrator()

    sales_data = await integrator.get_sales_data(last_days=30)
    slow_moving_items = analyze_sales(sales_data)

    if not slow_moving_items:
        return None
    starts_at = timezone.now() + timedelta(days=1)
    campaign_data = {
        "name": "Promotion Spéciale - Découvertes",
        "description": "Campagne pour promouvoir les plats moins connus",
        "start_date": starts_at.isoformat(),
        "end_date": (starts_at + timedelta(days=14)).isoformat(),
        "target_audience": ["regular_customers", "local_customers"],
        "items": [{"ref": dish.ref, "name": dish.name} for dish in slow_moving_items],
        "discount": 15,
    }
    campaign_id = await orchestrator.manage_campaign(action="create", campaign_id=None, campaign_data=campaign_data)
    await orchestrator.manage_campaign(action="start", campaign_id=campaign_id)
    return campaign_id


if __name__ == "__main__":
    print(asyncio.run(create_targeted_campaign()))  # noqa: T201 (a program for a terminal)
