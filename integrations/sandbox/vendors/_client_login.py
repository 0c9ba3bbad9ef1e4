"""Vendors entered by client credentials: tokens they give out, know again, and take away."""

from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone

from integrations import crypto
from integrations.sandbox import store
from integrations.sandbox.vendors._login import mark_of, new_token
from integrations.sandbox.vendors.base import Call, Refused, Vendor, is_bad_token, json_answer

TOKEN = "token"  # noqa: S105 (a kind of record, not a secret)


class ClientLogin(Vendor):
    """What a vendor remembers of the tokens it gave."""

    token_seconds: int
    # The next one takes the oldest away; 0 for no limit.
    tokens_an_hour = 0

    def grant(self, client_id: str, secret: str, scope: str) -> HttpResponse:
        """A token for keys that are not bad ones."""
        if is_bad_token(secret) or not client_id:
            raise Refused(json_answer({"error": "invalid_client", "error_description": "Unknown client"}, 401))
        given = self.records(TOKEN, account_id=client_id, created_at__gt=store.ago(hours=1)).order_by(
            "created_at", "pk"
        )
        if self.tokens_an_hour and given.count() >= self.tokens_an_hour:
            given.first().delete()
        token = new_token(self.slug)
        # The secret signs what this vendor tells later; kept as ours are.
        self.add(TOKEN, mark_of(token), client_id, {"secret": crypto.encrypt(secret)}, is_public=False)
        return json_answer(
            {"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds, "scope": scope}
        )

    def authenticate(self, call: Call) -> None:
        known = self.find(TOKEN, mark_of(call.bearer)) if call.bearer else None
        if known is None or known.created_at < timezone.now() - timedelta(seconds=self.token_seconds):
            raise Refused(self.expired(call))

    def client_secret(self) -> str:
        """The secret of whoever came last; "" when nobody did."""
        last = self.records(TOKEN).first()
        return crypto.decrypt(last.data["secret"]) if last else ""
