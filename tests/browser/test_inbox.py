"""The inbox as staff meet it: a guest comments at the network, is answered from here, and reads the answer there."""

import pytest
from playwright.sync_api import expect

from social.models import Interaction, Publication, Reply, SavedAnswer
from social.services import interactions
from social.tasks import publish
from tests import factories
from tests.browser.test_backoffice import overflow
from tests.vieuxmoulin.backoffice.rows import interaction

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def published_on_facebook():
    account = factories.AccountFactory(external_id="1001")
    publication = factories.PublicationFactory(account=account, post={"text": "Les cèpes sont là."})
    publish(str(publication.pk))
    return Publication.objects.get(pk=publication.pk)


def test_a_comment_left_at_the_network_is_answered_from_here(office):
    publication = published_on_facebook()
    office.goto("/bac-a-sable/facebook/")
    office.get_by_label("Votre prénom").fill("Lucie")
    office.get_by_label("Commentaire", exact=True).fill("Ouverts dimanche ?")
    office.get_by_role("button", name="Envoyer").click()
    interactions.poll(publication.account.pk)
    SavedAnswer.objects.create(title="Dimanche", text="Oui, à midi seulement.")

    office.goto("/admin/interactions/")
    office.get_by_role("link", name="Ouverts dimanche ?").click()
    office.get_by_text("Insérer une réponse enregistrée").click()
    office.get_by_role("button", name="Dimanche").click()
    assert overflow(office) == 0
    office.get_by_role("button", name="Répondre").click()
    expect(office.get_by_text("Réponse en route")).to_be_visible()
    # What a worker does when the queue hands it the row.
    interactions.send_reply(Reply.objects.get().pk)

    assert Reply.objects.get().status == "sent"
    assert Interaction.objects.get().is_read is True
    office.goto("/bac-a-sable/facebook/")
    expect(office.get_by_text("Oui, à midi seulement.").first).to_be_visible()


def test_the_keyboard_goes_through_the_messages(office):
    if office.is_phone:
        pytest.skip("un téléphone n'a pas de clavier")
    interaction(text="Le premier")
    office.goto("/admin/interactions/")

    office.keyboard.press("j")
    office.keyboard.press("Enter")
    expect(office.get_by_role("region", name="Conversation")).to_contain_text("Le premier")
    office.keyboard.press("r")
    office.keyboard.type("Bonjour")
    expect(office.locator("#reply")).to_have_value("Bonjour")
    office.locator("#reply").blur()
    office.keyboard.press("l")

    expect(office.get_by_text("Remettre à lire")).to_be_visible()
    assert Interaction.objects.get().is_read is True
