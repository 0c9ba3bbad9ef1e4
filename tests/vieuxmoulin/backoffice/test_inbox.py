"""The inbox: what is to be read, who answers it, what each network allows, and few questions for many messages."""

import re
from datetime import timedelta

import pytest
import responses
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from social.models import Interaction, Reply, SavedAnswer
from tests import factories
from tests.vieuxmoulin.backoffice.rows import interaction

INBOX = "/admin/interactions/"


def thread(row):
    return reverse("backoffice:inbox_thread", args=[row.pk])


def order(browser, row, name, query="", **answers):
    return browser.post(reverse("backoffice:inbox_act", args=[row.pk]) + query, {"order": name, **answers})


def texts(response):
    return [item.text for item in response.context["page"]]


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def on(platform, **fields):
    account = factories.AccountFactory(platform=platform, credential__platform=platform)
    return interaction(publication=factories.PublicationFactory(account=account, external_id="post-9"), **fields)


def test_the_inbox_opens_on_what_is_to_be_read_the_latest_first(office):
    now = timezone.now()
    interaction(text="Ancien", occurred_at=now - timedelta(hours=2))
    interaction(text="Nouveau", occurred_at=now)
    interaction(text="Lu", is_read=True)

    response = office.get(INBOX)

    assert texts(response) == ["Nouveau", "Ancien"]
    assert "À lire (2)" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"etat": "toutes"}, {"Sur X", "Lu", "À moi", "Réponse"}),
        ({"etat": "a-moi"}, {"À moi"}),
        ({"reseau": "x"}, {"Sur X"}),
        ({"nature": "reply"}, {"Réponse"}),
        ({"q": "mOi"}, {"À moi"}),
        ({"q": "ZOÉ", "etat": "toutes"}, {"Lu"}),
        ({"reseau": "minitel", "nature": "cri", "etat": "odd", "page": "x"}, {"Sur X", "À moi", "Réponse"}),
    ],
)
def test_filters(office, manager, query, found):
    on("x", text="Sur X")
    interaction(text="Lu", is_read=True, author_name="ZOÉ")
    interaction(text="À moi", assigned_to=manager)
    interaction(text="Réponse", kind="reply")

    assert set(texts(office.get(INBOX, query))) == found


def test_all_that_was_said_under_one_publication(office):
    said = interaction(text="Ici", is_read=True)
    interaction(text="Ailleurs")

    assert texts(office.get(INBOX, {"publication": str(said.publication.pk)})) == ["Ici"]


def test_opening_a_conversation_does_not_mark_it_read(office):
    said = interaction()

    response = office.get(thread(said))

    said.refresh_from_db()
    assert response.status_code == 200
    assert said.is_read is False


def test_a_conversation_holds_what_was_answered_and_nothing_else(office):
    first = interaction(external_id="c1", text="Ouverts dimanche ?", occurred_at=timezone.now() - timedelta(hours=3))
    post = first.publication
    Reply.objects.create(interaction=first, text="Oui, à midi.", external_id="r1", status="sent",
                         sent_at=timezone.now() - timedelta(hours=2))  # fmt: skip
    back = interaction(publication=post, kind="reply", external_id="c2", parent_external_id="r1", text="Parfait !",
                       occurred_at=timezone.now() - timedelta(hours=1))  # fmt: skip
    interaction(publication=post, external_id="c3", text="Autre sujet")
    interaction(publication=post, external_id="l1", kind="like", text="")

    lines = office.get(thread(back)).context["conversation"].lines

    assert [line.interaction.text if line.interaction else line.reply.text for line in lines] == [
        "Ouverts dimanche ?",
        "Oui, à midi.",
        "Parfait !",
    ]


def test_a_conversation_that_answers_itself_ends(office):
    one = interaction(external_id="c1", parent_external_id="c2", text="Un")
    interaction(publication=one.publication, external_id="c2", parent_external_id="c1", text="Deux")

    assert office.get(thread(one)).status_code == 200


@pytest.mark.parametrize(("name", "before", "after"), [("read", False, True), ("unread", True, False)])
def test_read_and_to_be_read_again(office, name, before, after):
    said = interaction(is_read=before)

    response = order(office, said, name, "?etat=toutes")

    said.refresh_from_db()
    assert said.is_read is after
    assert response.url == f"{thread(said)}?etat=toutes"


def test_the_ticked_ones_are_read_at_once(office):
    ticked, left = interaction(), interaction()

    response = office.post(reverse("backoffice:inbox_mark"), {"ids": [str(ticked.pk), "odd"], "order": "read"})

    assert dict(Interaction.objects.values_list("pk", "is_read")) == {ticked.pk: True, left.pk: False}
    assert told(response) == ["1 message lu."]


def test_a_message_is_given_to_a_colleague_and_taken_back(office, manager):
    said = interaction()

    order(office, said, "assign", user=str(manager.pk))
    said.refresh_from_db()
    given_to = said.assigned_to
    order(office, said, "assign", user="")

    said.refresh_from_db()
    assert (given_to, said.assigned_to) == (manager, None)


def test_a_message_is_not_given_to_somebody_who_cannot_come_in(office, django_user_model):
    said, guest = interaction(), django_user_model.objects.create_user("client")

    response = order(office, said, "assign", user=str(guest.pk))

    said.refresh_from_db()
    assert told(response) == ["Cette personne n'a plus accès au back-office."]
    assert said.assigned_to is None


def test_a_reply_is_written_once_and_the_message_read(office, manager):
    said = interaction()

    order(office, said, "reply", text="  Oui, à midi.  ")

    said.refresh_from_db()
    reply = Reply.objects.get()
    assert (reply.text, reply.author, reply.status, reply.interaction) == ("Oui, à midi.", manager, "pending", said)
    assert said.is_read is True


@pytest.mark.parametrize(
    ("platform", "text", "reason"),
    [
        ("facebook", "   ", "Écrivez une réponse avant de l&#x27;envoyer."),
        ("x", "Merci " * 60, "Réponse trop longue pour X : 359 signes, 280 au plus."),
    ],
)
def test_a_reply_refused_stays_in_its_field(office, platform, text, reason):
    said = on(platform)

    response = order(office, said, "reply", text=text)

    assert response.status_code == 200
    assert reason in response.content.decode()
    assert response.context["typed"] == text
    assert not Reply.objects.exists()


def test_saved_answers_are_offered(office):
    SavedAnswer.objects.create(title="Horaires", text="Midi et soir, du mardi au dimanche.")

    page = office.get(thread(interaction())).content.decode()

    assert 'data-insert="Midi et soir, du mardi au dimanche."' in page


def test_what_a_network_cannot_do_is_said_and_not_offered(office):
    page = office.get(thread(on("instagram"))).content.decode()

    assert 'name="order" value="hide"' in page
    assert 'name="order" value="like"' not in page
    assert "Instagram ne permet pas d'aimer un message d'ici." in page


def test_a_like_asks_for_no_answer(office):
    page = office.get(thread(interaction(kind="like", text=""))).content.decode()

    assert 'name="order" value="reply"' not in page
    assert 'name="order" value="hide"' not in page
    assert 'name="order" value="read"' in page


def test_hiding_asks_the_network_and_is_kept(office):
    said = interaction(external_id="comment-1")

    with responses.RequestsMock() as network:
        network.post(re.compile(r".*/comment-1(\?|$)"), json={"success": True})
        order(office, said, "hide")

    said.refresh_from_db()
    assert said.is_hidden is True


def test_a_refusal_of_the_network_is_told_and_nothing_is_kept(office):
    said = on("instagram")

    response = order(office, said, "like")

    said.refresh_from_db()
    assert "Instagram ne permet pas" in told(response)[0]
    assert said.is_liked is False


def test_an_order_that_does_not_exist_is_told(office):
    assert told(order(office, interaction(), "sing")) == ["Action inconnue : rechargez la page."]


def test_the_menu_counts_what_is_to_be_read(office):
    interaction()
    interaction()
    interaction(is_read=True)

    groups = office.get(INBOX).context["sidebar_navigation"]

    badges = {item["title"]: item.get("badge") for group in groups for item in group["items"]}
    assert badges["Interactions"] == "2"


def test_the_kitchen_reads_no_inbox(sign_in):
    said = interaction()
    browser = sign_in("Cuisine")

    assert browser.get(INBOX).status_code == 403
    assert order(browser, said, "read").status_code == 403


def test_the_writers_answer(sign_in):
    said = interaction()
    browser = sign_in("Rédaction")

    order(browser, said, "reply", text="Bonjour !")

    assert Reply.objects.get().text == "Bonjour !"


def test_a_reader_answers_nothing(client, django_user_model):
    from django.contrib.auth.models import Permission

    said = interaction()
    user = django_user_model.objects.create_user("lecteur", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_interaction"))
    client.force_login(user)

    page = client.get(thread(said)).content.decode()

    assert 'name="order" value="reply"' not in page
    assert order(client, said, "reply", text="Non").status_code == 403
    assert order(client, said, "read").status_code == 403
    assert not Reply.objects.exists()


def test_five_hundred_messages_cost_no_more_questions_than_two(office):
    first = interaction()
    interaction(publication=first.publication)
    with CaptureQueriesContext(connection) as few:
        office.get(thread(first))

    Interaction.objects.bulk_create(
        Interaction(account=first.account, publication=first.publication, external_id=f"c{rank}", kind="comment",
                    post_external_id=first.post_external_id, text=f"Message {rank}", occurred_at=timezone.now())
        for rank in range(498)
    )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        response = office.get(thread(first))

    assert len(many) <= len(few) + 1
    assert (len(response.context["page"]), response.context["page"].paginator.count) == (50, 500)


@pytest.mark.parametrize(("name", "state"), [("seen", "sent"), ("again", "pending"), ("drop", "failed")])
def test_an_answer_of_unknown_fate_is_decided_by_whoever_looks(office, name, state):
    row = on("facebook")
    answer = Reply.objects.create(interaction=row, text="Merci !", status="unknown")
    page = office.get(thread(row)).content.decode()

    order(office, row, name, answer=str(answer.pk))

    answer.refresh_from_db()
    assert "Elle n'y est pas : renvoyer" in page
    assert answer.status == state


def test_an_answer_of_another_account_is_not_decided_from_here(office):
    row, other = on("facebook"), Reply.objects.create(interaction=on("x"), text="Merci !", status="unknown")

    response = order(office, row, "seen", answer=str(other.pk))

    other.refresh_from_db()
    assert (response.status_code, other.status) == (404, "unknown")
