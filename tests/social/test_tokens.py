"""The tokens we hold: renewed in time by one worker, never lent to another platform, given back when an account is left."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from structlog.testing import capture_logs

from integrations.errors import AccountDisconnected, PermanentError, TransientError
from integrations.models import Credential
from social.connectors import registry
from social.models import Account, PublicationAttempt
from social.services import accounts, metrics, publishing, tokens
from social.signals import account_disconnected
from tests.factories import AccountFactory, CredentialFactory, PublicationFactory

pytestmark = pytest.mark.django_db
GRAPH = "https://graph.facebook.com/v25.0"
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
SECRETS = {"oauth2_token": "a1", "refresh_token": "r1"}


@pytest.fixture(autouse=True)
def settled(settings):
    settings.SANDBOX = False
    for slug in ("facebook", "x", "google_business"):
        Credential.objects.create(platform=slug, name="application", secrets={"client_id": "app", "client_secret": "s"})
    with time_machine.travel(NOW, tick=False):
        yield


def account_ending(in_time, platform="x", **fields):
    """An account of OAuth 2 whose token ends in a while."""
    credential = CredentialFactory(platform=platform, secrets=SECRETS)
    Credential.objects.filter(pk=credential.pk).update(expires_at=NOW + in_time)
    made = AccountFactory(platform=platform, credential=credential, **fields)
    return Account.objects.select_related("credential").get(pk=made.pk)


@pytest.fixture
def renewals(monkeypatch):
    """What X is asked to renew; it gives the next token."""
    asked = []

    def renew(self, app, secrets):
        asked.append(secrets["refresh_token"])
        return {"oauth2_token": "a2", "refresh_token": "r2"}, LATER

    monkeypatch.setattr(registry["x"], "renew", renew)
    return asked


def refuse(monkeypatch, error):
    calls = []

    def renew(self, app, secrets):
        calls.append(1)
        raise error

    monkeypatch.setattr(registry["x"], "renew", renew)
    return calls


# --- renewed in time --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("draw", "minutes", "renewed"), [(0.9, 28, 0), (0.9, 26, 1), (1.1, 32, 1), (1.1, 34, 0)])
def test_a_token_is_renewed_about_half_an_hour_before_its_end_not_all_at_once(
    renewals, monkeypatch, draw, minutes, renewed
):
    account = account_ending(timedelta(minutes=minutes))
    bounds = []
    monkeypatch.setattr("social.services.tokens.random.uniform", lambda low, high: bounds.append((low, high)) or draw)

    assert tokens.renew_due() == renewed

    account.credential.refresh_from_db()
    assert bounds == [(0.9, 1.1)]
    assert account.credential.secrets["oauth2_token"] == ("a2" if renewed else "a1")


def test_two_workers_do_not_spend_one_refresh_token_twice(renewals):
    account_ending(timedelta(minutes=1))

    assert (tokens.renew_due(), tokens.renew_due()) == (1, 0)

    assert renewals == ["r1"]


def test_a_worker_that_read_the_row_before_another_renewed_it_does_nothing(renewals, monkeypatch):
    stale = account_ending(timedelta(minutes=1))
    with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
        assert tokens.renew_due() == 1
    monkeypatch.setattr("social.services.tokens.cache.add", lambda *given: True)

    assert tokens._renew(stale) is False

    assert renewals == ["r1"]


def test_a_refused_renewal_disconnects_the_account(monkeypatch):
    account = account_ending(timedelta(minutes=1))
    refuse(monkeypatch, AccountDisconnected("Révoqué."))

    assert tokens.renew_due() == 0

    account.refresh_from_db()
    assert (account.status, account.status_reason) == ("disconnected", "Révoqué.")


def test_a_refusal_because_another_worker_was_faster_disconnects_nothing(monkeypatch):
    """Without the shared cache two workers may renew at once; the vendor takes a refresh token once."""
    account = account_ending(timedelta(minutes=1))

    def renew(self, app, secrets):
        later = NOW + timedelta(seconds=1)
        Credential.objects.filter(pk=account.credential_id).update(secrets={"oauth2_token": "a2"}, updated_at=later)
        raise AccountDisconnected("Déjà utilisé.")

    monkeypatch.setattr(registry["x"], "renew", renew)

    assert tokens.renew_due() == 0

    account.refresh_from_db()
    assert (account.status, account.credential.secrets) == ("connected", {"oauth2_token": "a2"})


def test_a_platform_in_trouble_is_asked_again_later_and_nothing_is_lost(monkeypatch):
    account = account_ending(timedelta(minutes=1))
    refuse(monkeypatch, TransientError("Panne."))

    assert tokens.renew_due() == 0

    account.refresh_from_db()
    assert (account.status, account.credential.secrets) == ("connected", SECRETS)


def test_an_account_whose_token_ended_while_we_were_closed_speaks_again(renewals):
    account = account_ending(-timedelta(hours=9), status="disconnected", status_reason="Jeton expiré.")
    held = PublicationFactory(account=account, status="held", last_error_code="account_lost")

    assert tokens.renew_due() == 1

    held.refresh_from_db()
    assert (held.status, held.account.status, held.account.status_reason) == ("scheduled", "connected", "")
    assert publishing.credentials(held.account).token == "a2"


def test_a_dead_agreement_is_not_asked_about_at_every_round(monkeypatch):
    account_ending(-timedelta(hours=9), status="disconnected", status_reason="Jeton expiré.")
    calls = refuse(monkeypatch, AccountDisconnected("Révoqué."))

    tokens.renew_due()
    tokens.renew_due()

    assert len(calls) == 1


def test_a_visit_renews_a_token_that_ended_before_it_asks_anything(renewals, monkeypatch):
    account = account_ending(-timedelta(hours=9))
    seen = []
    monkeypatch.setattr(registry["x"], "check", lambda self, who: seen.append(who.token) or "lvm")

    accounts.visit(account)

    account.refresh_from_db()
    assert (renewals, seen, account.status) == (["r1"], ["a2"], "connected")


def test_a_visit_that_is_refused_disconnects_the_account_and_calls_for_help(
    monkeypatch, django_capture_on_commit_callbacks
):
    account = AccountFactory(platform="x")

    def refused(self, who):
        raise AccountDisconnected("Jeton révoqué.")

    monkeypatch.setattr(registry["x"], "check", refused)
    told = []
    account_disconnected.connect(lambda **facts: told.append(facts["account_id"]), weak=False, dispatch_uid="told")

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(AccountDisconnected):
        accounts.visit(account)
    account_disconnected.disconnect(dispatch_uid="told")

    account.refresh_from_db()
    assert (account.status, account.status_reason, told) == ("disconnected", "Jeton révoqué.", [account.pk])


def test_an_account_that_the_restaurant_left_stays_left(renewals):
    account = account_ending(-timedelta(hours=9), status="disconnected", status_reason=tokens.LEFT)

    tokens.renew_due()

    account.refresh_from_db()
    assert account.status == "disconnected"


def test_a_token_renewed_while_its_account_is_left_is_not_kept(monkeypatch):
    account = account_ending(timedelta(minutes=1))
    monkeypatch.setattr(registry["x"], "revoke", lambda self, app, secrets: None)

    def renew(self, app, secrets):
        with time_machine.travel(NOW + timedelta(seconds=1), tick=False):
            tokens.leave(Account.objects.get(pk=account.pk))
        return {"oauth2_token": "a2"}, LATER

    monkeypatch.setattr(registry["x"], "renew", renew)

    assert tokens.renew_due() == 0

    account.credential.refresh_from_db()
    assert (account.credential.secrets, account.credential.expires_at) == ({}, None)


# --- never lent to another platform -----------------------------------------------------------------------------------


@pytest.fixture
def misused():
    credential = CredentialFactory(platform="facebook", secrets={"access_token": "s3cret-fb", "user_token": "u"})
    Credential.objects.filter(pk=credential.pk).update(expires_at=NOW + timedelta(minutes=1))
    return AccountFactory(platform="x", external_id="42", credential=credential)


USES = {
    "publish": lambda account: publishing.publish(PublicationFactory(account=account, status="scheduled").pk),
    "metrics": lambda account: metrics.take(account, [PublicationFactory(account=account, status="published")]),
    "visit": accounts.visit,
    "renew": lambda account: tokens.renew_due(),
    "leave": tokens.leave,
}


@pytest.mark.parametrize("use", USES)
def test_a_token_is_refused_outside_its_platform_and_the_log_says_so(misused, api, use):
    # Whoever asked by hand is told by the error itself.
    with capture_logs() as logs, suppress(PermanentError):
        USES[use](misused)

    assert len(api.calls) == 0
    told = [line for line in logs if line["event"] == "credential_misused"]
    assert [(line["account"], line["platform"], line["of"]) for line in told] == [(str(misused.pk), "x", "facebook")]
    assert "s3cret" not in str(logs)
    misused.credential.refresh_from_db()
    assert misused.credential.secrets["access_token"] == "s3cret-fb"


def test_the_history_of_the_publication_says_so_too(misused, api):
    publication = PublicationFactory(account=misused, status="scheduled")

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    line = PublicationAttempt.objects.get(publication=publication)
    assert (publication.status, publication.last_error_code) == ("failed", "credential_misused")
    assert "appartient à une autre plateforme" in line.message


# --- given back -------------------------------------------------------------------------------------------------------


def test_leaving_gives_the_access_back_and_forgets_it(api):
    gone = api.delete(f"{GRAPH}/me/permissions", json={"success": True})
    account = AccountFactory(credential__secrets={"access_token": "t", "user_token": "u"})

    assert tokens.leave(account) == ""

    account.refresh_from_db()
    assert [call.request.headers["Authorization"] for call in gone.calls] == ["Bearer u"]
    assert (account.status, account.status_reason) == ("disconnected", tokens.LEFT)
    assert account.credential.secrets == {}


def test_a_platform_that_does_not_answer_is_told_and_the_access_forgotten_all_the_same(api):
    api.delete(f"{GRAPH}/me/permissions", status=503)
    account = AccountFactory(credential__secrets={"access_token": "t", "user_token": "u"})

    assert "n'a pas confirmé" in tokens.leave(account)

    account.refresh_from_db()
    assert (account.status, account.credential.secrets) == ("disconnected", {})


def test_an_agreement_that_another_account_needs_is_given_back_with_the_last(api):
    gone = api.delete(f"{GRAPH}/me/permissions", json={"success": True})
    secrets = {"access_token": "t", "user_token": "u"}
    page, gram = (
        AccountFactory(
            platform=slug,
            settings={"agreement": "ab12"},
            credential=CredentialFactory(platform=slug, secrets=dict(secrets)),
        )
        for slug in ("facebook", "instagram")
    )
    AccountFactory(settings={"agreement": "cd34"})

    warning = tokens.leave(page)

    assert "sert encore à Le Vieux Moulin (Instagram)" in warning
    gram.refresh_from_db()
    page.credential.refresh_from_db()
    assert (len(gone.calls), gram.status, gram.credential.secrets) == (0, "connected", secrets)
    assert page.credential.secrets == {}
    assert tokens.leave(gram) == ""
    assert len(gone.calls) == 1


def test_x_takes_both_tokens_back(api):
    gone = api.post("https://api.x.com/2/oauth2/revoke", json={"revoked": True})
    account = account_ending(timedelta(hours=1))

    assert tokens.leave(account) == ""

    assert [call.request.body for call in gone.calls] == ["token=r1&client_id=app", "token=a1&client_id=app"]
