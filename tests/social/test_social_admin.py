"""Accounts and publications in the back-office: what each button does, and what it refuses."""

import html
import re

import pytest
import responses
from django.contrib.auth import get_user_model
from django.urls import reverse

from social.models import Account, Publication
from tests import factories

# Whatever version of the platform's API the connector speaks.
PROFILE = re.compile(r"http://127\.0\.0\.1:8000/bac-a-sable/api/facebook/v[\d.]+/1001")


@pytest.fixture
def office(client, db):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    return client


def ask(office, operation, row, **answers):
    return office.post(reverse(f"admin:{operation}", args=[row.pk]), {"_form_submitted": "True", **answers})


def messages_of(office):
    return [str(message) for message in office.get("/admin/social/publication/").context["messages"]]


def test_opening_the_window_changes_nothing(office):
    publication = factories.PublicationFactory(status="failed")

    response = office.get(reverse("admin:social_publication_retry", args=[publication.pk]))

    publication.refresh_from_db()
    assert response.status_code == 200
    assert publication.status == "failed"


def test_a_failed_publication_is_tried_again(office):
    publication = factories.PublicationFactory(status="failed", attempts=8)

    response = ask(office, "social_publication_retry", publication)

    publication.refresh_from_db()
    assert response.headers["HX-Refresh"] == "true"
    assert (publication.status, publication.attempts) == ("scheduled", 0)
    assert messages_of(office) == ["1 publication repart."]


def test_a_published_one_is_not_tried_again(office):
    publication = factories.PublicationFactory(status="published")

    ask(office, "social_publication_retry", publication)

    publication.refresh_from_db()
    assert publication.status == "published"
    assert messages_of(office) == ["Rien à réessayer : seules repartent les publications en échec ou retenues."]


def test_buttons_are_those_that_the_state_allows(office):
    scheduled = factories.PublicationFactory(status="scheduled")
    failed = factories.PublicationFactory(status="failed")
    unknown = factories.PublicationFactory(status="unknown")
    published = factories.PublicationFactory(status="published")

    pages = {
        row: [
            str(action["title"])
            for action in office.get(reverse("admin:social_publication_change", args=[row.pk])).context[
                "actions_detail"
            ]
        ]
        for row in (scheduled, failed, unknown, published)
    }

    assert pages[scheduled] == ["Si l'heure passe…", "Annuler la publication"]
    assert pages[failed] == ["Réessayer"]
    assert pages[unknown] == ["Je l'ai vue en ligne…", "Elle n'y est pas : renvoyer…", "Abandonner…"]
    assert pages[published] == []


def test_a_post_seen_online_is_adopted_from_its_page(office):
    account = factories.AccountFactory(external_id="1001")
    unknown = factories.PublicationFactory(account=account, status="unknown")

    refused = ask(office, "social_publication_saw_it", unknown, link="https://example.com/1")
    ask(office, "social_publication_saw_it", unknown, link="https://www.facebook.com/1001_5")

    unknown.refresh_from_db()
    assert "n'est pas celle d'un post" in html.unescape(refused.content.decode())
    assert (unknown.status, unknown.external_id) == ("published", "1001_5")


@pytest.mark.parametrize(("operation", "state"), [("not_there", "scheduled"), ("give_up", "canceled")])
def test_a_post_not_seen_leaves_again_or_is_given_up(office, operation, state):
    unknown = factories.PublicationFactory(status="unknown")

    ask(office, f"social_publication_{operation}", unknown)

    unknown.refresh_from_db()
    assert unknown.status == state


def test_what_to_do_when_the_hour_passes_is_chosen_on_the_page(office):
    scheduled = factories.PublicationFactory(status="scheduled")

    ask(office, "social_publication_choose_late_rule", scheduled, rule="drop")

    scheduled.refresh_from_db()
    assert scheduled.late_rule == "drop"


def test_a_scheduled_publication_is_canceled(office):
    publication = factories.PublicationFactory(status="scheduled")

    ask(office, "social_publication_cancel", publication)

    publication.refresh_from_db()
    assert (publication.status, publication.next_attempt_at) == ("canceled", None)


def test_canceling_many_asks_first(office):
    waiting = factories.PublicationFactory(status="scheduled")
    gone = factories.PublicationFactory(status="published")
    data = {"action": "cancel_many", "_selected_action": [waiting.pk, gone.pk]}

    question = office.post("/admin/social/publication/", data)

    waiting.refresh_from_db()
    assert "2 lignes choisies" in question.content.decode()
    assert waiting.status == "scheduled"

    office.post("/admin/social/publication/", {**data, "confirmed": "1"})

    assert dict(Publication.objects.values_list("pk", "status")) == {waiting.pk: "canceled", gone.pk: "published"}
    assert messages_of(office) == ["1 publication annulée."]


@pytest.mark.parametrize(("page", "status"), [("add", 403), ("delete", 403)])
def test_history_is_not_written_by_hand(office, page, status):
    publication = factories.PublicationFactory()
    args = [] if page == "add" else [publication.pk]

    response = office.get(reverse(f"admin:social_publication_{page}", args=args))

    assert response.status_code == status


def test_history_is_not_rewritten_by_a_forged_post(office):
    publication = factories.PublicationFactory(status="failed")

    response = office.post(
        reverse("admin:social_publication_change", args=[publication.pk]), {"status": "published", "_save": "1"}
    )

    publication.refresh_from_db()
    assert response.status_code == 403
    assert publication.status == "failed"


def test_an_account_speaks_again_once_the_platform_knows_us(office):
    account = factories.AccountFactory(status="disconnected", status_reason="Jeton expiré.", external_id="1001")

    with responses.RequestsMock() as platform:
        platform.get(PROFILE, json={"id": "1001", "name": "Le Vieux Moulin"})
        response = ask(office, "social_account_reconnect", account, token="jeton-neuf")
        sent = platform.calls[0].request.headers["Authorization"]

    account = Account.objects.get(pk=account.pk)
    assert response.headers.get("HX-Refresh") == "true"
    assert sent == "Bearer jeton-neuf"
    assert (account.status, account.status_reason) == ("connected", "")
    assert account.credential.secrets["access_token"] == "jeton-neuf"


def test_a_token_that_the_platform_refuses_is_not_kept(office):
    account = factories.AccountFactory(status="disconnected", external_id="1001")
    refusal = {"error": {"message": "Session has expired", "code": 190, "type": "OAuthException"}}

    with responses.RequestsMock() as platform:
        platform.get(PROFILE, status=401, json=refusal)
        response = ask(office, "social_account_reconnect", account, token="jeton-faux")

    account = Account.objects.get(pk=account.pk)
    assert "HX-Refresh" not in response.headers
    assert "Session has expired" in response.content.decode()
    assert "jeton-faux" not in response.content.decode()
    assert account.status == "disconnected"
    assert account.credential.secrets["access_token"] == "jeton-facebook"


def test_accounts_are_connected_from_their_list(admin_client):
    page = admin_client.get("/admin/social/account/").content.decode()

    assert 'action="/comptes/facebook/relier/"' in page
    assert "Facebook et Instagram" in page
    assert 'action="/comptes/x/relier/"' in page
