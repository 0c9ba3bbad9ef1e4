"""Where the tests write: one target per platform that is reached by the network."""

from menus.connectors.base import Target

KEYS = {"client_id": "vieux-moulin", "client_secret": "s3cret-client", "webhook_secret": "webhook-secret"}
TARGETS = {
    "google": Target({**KEYS, "refresh_token": "s3cret-refresh"}, {"account_id": "accounts/101", "location_id": "201"}),
    "hubrise": Target({"access_token": "s3cret-hubrise", "client_secret": "s3cret-client"}, {"catalog_id": "carte"}),
    "uber_eats": Target(KEYS, {"store_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6"}),
    "deliveroo": Target(KEYS, {"brand_id": "le-vieux-moulin", "site_id": "100121", "menu_id": "carte"}),
}
