"""The four played modules seen from their own side: their mishaps, their life meanwhile, and what they hold."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import requests

from tests.flows.line import Line

MODULES = ("crm", "recipes", "iot", "accounting")
ABSENT = "absent"
ALWAYS = 1000
ADDED = """
    INSERT INTO sandbox_vendorrecord (vendor, kind, external_id, account_id, data, is_public, created_at, updated_at)
    VALUES (%s, %s, %s, '', %s, true, clock_timestamp(), clock_timestamp())
"""


class Played:
    """url: of the house that plays them. lines: by module, the only way that the house has to each."""

    def __init__(self, url: str, database: str, lines: dict[str, Line]) -> None:
        self.url, self.database, self.lines = f"{url}/bac-a-sable", database, lines
        self.session = requests.Session()

    def rows(self, query: str, *values: Any) -> list[tuple]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, values).fetchall()

    # --- Mishaps -----------------------------------------------------------------------------------------------------

    def strike(self, module: str, mishap: str, seconds: float) -> None:
        """Let it be away, or answer badly, until it is mended."""
        if mishap == ABSENT:
            self.lines[module].cut()
            return
        form = {"vendor": module, "kind": mishap, "times": ALWAYS, "seconds": seconds, "path_contains": ""}
        self._post("incidents/", form)

    def mend(self, module: str, mishap: str) -> None:
        if mishap == ABSENT:
            self.lines[module].join()
            return
        for (number,) in self.rows("SELECT id FROM sandbox_fault WHERE vendor = %s AND remaining > 0", module):
            self._post(f"incidents/{number}/annuler/", {})

    # --- Its life ----------------------------------------------------------------------------------------------------

    def act(self, module: str, act: str, of: str) -> None:
        """What a person does there, of which it tells us by webhook; its feed has it too."""
        self._post(f"modules/{module}/agir/", {"act": act, "of": of})

    def add(self, module: str, kind: str, name: str, **data: Any) -> None:
        """Something new of which it tells nobody: it must be read."""
        with psycopg.connect(self.database) as connection:
            connection.execute(ADDED, (module, kind, name, json.dumps({"id": name, **data})))

    def book_silently(self, name: str, email: str) -> None:
        now = datetime.now(UTC)
        customer = {"email": email, "first_name": "Ève", "last_name": "Silence"}
        starts_at, made_at = (now + timedelta(days=3)).isoformat(), now.isoformat()
        self.add("crm", "booking", name, status="confirmed", starts_at=starts_at, guests=2, customer=customer, created_at=made_at)  # fmt: skip

    # --- What it holds -----------------------------------------------------------------------------------------------

    def held(self, module: str, kind: str) -> dict[str, dict[str, Any]]:
        """Its records of one kind, by their id."""
        query = "SELECT external_id, data FROM sandbox_vendorrecord WHERE vendor = %s AND kind = %s"
        return dict(self.rows(query, module, kind))

    def orders(self) -> list[str]:
        """Every bill that the accounting module tells of, read as anybody may who has a token; not by its line."""
        found, cursor = [], ""
        while True:
            asked = {"limit": "500", **({"cursor": cursor} if cursor else {})}
            page = requests.get(
                f"{self.url}/api/accounting/orders", asked, headers={"Authorization": "Bearer flow"}, timeout=20
            ).json()
            found += [order["id"] for order in page["items"]]
            if not page["has_more"]:
                return found
            cursor = page["next_cursor"]

    def _post(self, path: str, form: dict[str, Any]) -> None:
        """Fill a form of the sandbox's own pages."""
        if "csrftoken" not in self.session.cookies:
            self.session.get(f"{self.url}/incidents/", timeout=20)
        answer = self.session.post(
            f"{self.url}/{path}",
            {**form, "csrfmiddlewaretoken": self.session.cookies["csrftoken"]},
            allow_redirects=False,
            timeout=20,
        )
        assert answer.status_code == 302, answer.text[-2000:]
