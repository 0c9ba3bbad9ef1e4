"""The composer: previews as each network shows, cures in one click, pictures kept at once, two pairs of eyes."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from campaigns.models import Content, Media
from campaigns.services import approval
from social.models import Publication
from tests import factories
from vieuxmoulin.backoffice import uploads

COMPOSER, PREVIEW, PICTURE = "/admin/composer/", "/admin/composer/apercu/", "/admin/composer/image/"
LONG = "Une très bonne soirée vous attend au moulin. " * 10


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def typed(**changes):
    return {"title": "Cèpes", "body": "Ils sont là.", "hashtags": "automne", "link": "", "when": "now", **changes}


def at_content(content):
    return f"{COMPOSER}?content={content.pk}"


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def on(*platforms):
    return [factories.AccountFactory(platform=name, credential__platform=name) for name in platforms]


def jpeg(width=1200, height=800, name="plat.jpg", kind="JPEG"):
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "darkred").save(drawn, kind)
    return SimpleUploadedFile(name, drawn.getvalue())


def kept_aside(office, file=None):
    """Send a picture as the page does; returns the reference that its line carries."""
    line = office.post(PICTURE, {"file": file or jpeg()}).json()["line"]
    return line.split('name="media_ref" value="')[1].split('"')[0]


# --- Previews ---------------------------------------------------------------------------------------------------------


def test_each_network_chosen_shows_its_own_post(office):
    on("facebook", "x")

    response = office.post(PREVIEW, typed(platforms=["facebook", "x"]))

    previews = response.context["previews"]
    assert [preview.label for preview in previews] == ["Facebook", "X"]
    assert '<span class="post-mark">#automne</span>' in response.content.decode()
    assert [piece.limit for preview in previews for piece in preview.card.pieces] == [63_206, 280]


def test_nothing_is_written_by_a_preview(office):
    on("facebook")

    office.post(PREVIEW, typed(platforms=["facebook"]))

    assert not Content.objects.exists()


def test_a_refusal_is_told_while_typing_with_its_cures(office):
    on("x")

    page = office.post(PREVIEW, typed(body=LONG, platforms=["x"])).content.decode()

    assert "Texte trop long pour X" in page
    assert 'data-accept="x:shorten"' in page
    assert 'data-accept="x:thread"' in page


def test_a_cure_taken_is_shown_applied_and_can_be_undone(office):
    on("x")

    response = office.post(PREVIEW, typed(body=LONG, platforms=["x"], accept=["x:shorten"]))

    preview = response.context["previews"][0]
    assert preview.problems == []
    assert preview.card.pieces[0].length <= 280
    assert 'data-undo="x:shorten"' in response.content.decode()


def test_a_thread_is_shown_post_by_post(office):
    on("x")

    response = office.post(PREVIEW, typed(body=LONG, platforms=["x"], accept=["x:thread"]))

    pieces = response.context["previews"][0].card.pieces
    assert len(pieces) == 2
    assert all(piece.length <= 280 for piece in pieces)


def test_a_picture_is_asked_for_where_there_must_be_one(office):
    on("instagram")

    page = office.post(PREVIEW, typed(platforms=["instagram"])).content.decode()

    assert "Instagram ne publie pas de texte seul" in page


def test_a_text_for_one_network_shows_there_only(office):
    on("facebook", "x")
    own = {"own_x": "on", "own_body_x": "Cèpes ce soir !"}

    response = office.post(PREVIEW, typed(platforms=["facebook", "x"], **own))

    texts = {preview.platform: preview.card.pieces[0].text for preview in response.context["previews"]}
    assert "Cèpes ce soir !" in texts["x"]
    assert "Ils sont là." not in texts["x"]
    assert "Cèpes ce soir !" not in texts["facebook"]


def test_a_text_that_is_not_ticked_is_not_used(office):
    on("x")

    response = office.post(PREVIEW, typed(platforms=["x"], own_body_x="Cèpes ce soir !"))

    assert "Ils sont là." in response.context["previews"][0].card.pieces[0].text


def test_markup_typed_is_shown_as_text(office):
    on("facebook")

    page = office.post(PREVIEW, typed(body="<script>alert(1)</script>", platforms=["facebook"])).content.decode()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"platforms": []}, "Choisissez un réseau"),
        ({"title": "", "body": "", "platforms": ["facebook"]}, "Écrivez"),
        ({"title": "", "body": "", "platforms": ["minitel"]}, "Choisissez un réseau"),
        ({"platforms": ["facebook"], "accept": ["facebook:magic"]}, "Proposition inconnue"),
    ],
)
def test_when_there_is_nothing_to_show_the_page_says_why(office, answers, said):
    on("facebook")

    assert said in office.post(PREVIEW, typed(**answers)).content.decode()


def test_a_link_half_typed_does_not_break_the_preview(office):
    on("facebook")

    response = office.post(PREVIEW, typed(link="https://", platforms=["facebook"]))

    assert len(response.context["previews"]) == 1


def test_a_slot_taken_is_told_while_it_can_be_changed(office):
    (account,) = on("facebook")
    at = (timezone.localtime() + timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    factories.PublicationFactory(account=account, scheduled_at=at, content__title="Menu")

    response = office.post(PREVIEW, typed(platforms=["facebook"], when="later", at=f"{at:%Y-%m-%dT%H:%M}"))

    assert any("« Menu » part à 12:00" in warning for warning in response.context["previews"][0].warnings)


def test_a_preview_asks_the_database_little(office):
    on("facebook", "instagram", "x")
    data = typed(platforms=["facebook", "instagram", "x"])
    office.post(PREVIEW, data)

    with CaptureQueriesContext(connection) as asked:
        office.post(PREVIEW, data)

    assert len(asked) <= 20


# --- Pictures ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_kept_aside_shown_and_moved_when_saved(office):
    ref = kept_aside(office)
    aside = ref.removeprefix("file:")

    office.post(COMPOSER, typed(media_ref=[ref], media_alt=["Un panier de cèpes"]))

    media = Media.objects.get()
    assert (media.alt_text, media.kind, media.position) == ("Un panier de cèpes", "image", 0)
    assert media.file.size > 0
    assert not media.file.name.startswith(uploads.FOLDER)
    assert not uploads.storage().exists(aside)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (SimpleUploadedFile("page.jpg", b"<html>"), "ni une image"),
        (SimpleUploadedFile("dessin.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "ni une image"),
        (SimpleUploadedFile("film.mp4", b"pas un film du tout"), "ni une image"),
        (jpeg(40, 40, "scan.tiff", "TIFF"), "enregistrez-la en JPEG"),
    ],
    ids=["html", "svg", "mp4", "tiff"],
)
def test_what_is_no_picture_is_refused_by_its_name(office, file, said):
    fault = office.post(PICTURE, {"file": file}).json()["fault"]

    assert fault.startswith(file.name)
    assert said in fault
    assert not uploads.storage().exists(uploads.FOLDER)


def test_a_file_too_heavy_is_refused(office, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_BYTES", 100)

    answer = office.post(PICTURE, {"file": jpeg()}).json()

    assert answer == {"fault": "plat.jpg pèse plus de 12 Mo : réduisez-le, ou donnez son adresse."}


@pytest.mark.parametrize("url", ["", "photo.jpg", "javascript:alert(1)", "ftp://exemple.fr/a.jpg"])
def test_what_is_no_address_is_refused(office, url):
    answer = office.post(PICTURE, {"url": url}).json()

    assert answer == {"fault": "Écrivez l'adresse complète de l'image, comme https://exemple.fr/photo.jpg."}


def test_an_address_becomes_a_picture(office):
    line = office.post(PICTURE, {"url": "https://exemple.fr/photo.jpg"}).json()["line"]

    assert 'value="url:https://exemple.fr/photo.jpg"' in line
    assert "<img" not in line


@pytest.mark.parametrize(
    "ref", ["file:../../etc/passwd", "file:contents/2026/01/secret.jpg", "id:42", "url:javascript:alert(1)", "", "x"]
)
def test_a_forged_reference_means_nothing(office, ref):
    office.post(COMPOSER, typed(media_ref=[ref], media_alt=[""]))

    assert Content.objects.get().media.count() == 0


def test_pictures_are_put_in_order_described_and_taken_away(office):
    content = factories.ContentFactory()
    first, second, third = (
        factories.MediaFactory(content=content, position=rank, url=f"https://exemple.fr/{rank}.jpg")
        for rank in range(3)
    )

    office.post(
        at_content(content),
        typed(media_ref=[f"id:{third.pk}", f"id:{first.pk}"], media_alt=["Troisième", "Première"]),
    )

    assert list(content.media.values_list("url", "alt_text")) == [
        ("https://exemple.fr/2.jpg", "Troisième"),
        ("https://exemple.fr/0.jpg", "Première"),
    ]
    assert not Media.objects.filter(pk=second.pk).exists()


def test_the_picture_of_another_content_cannot_be_taken(office):
    other = factories.MediaFactory()
    content = factories.ContentFactory()

    office.post(at_content(content), typed(media_ref=[f"id:{other.pk}"], media_alt=[""]))

    assert content.media.count() == 0
    assert Media.objects.get() == other


def test_files_that_nobody_saved_go_after_three_days(office):
    left = kept_aside(office).removeprefix("file:")

    with time_machine.travel(timezone.now() + timedelta(days=4)):
        uploads.forget_old()

    assert not uploads.storage().exists(left)


# --- Keeping and publishing -------------------------------------------------------------------------------------------


def test_a_draft_keeps_all_that_was_chosen(office, manager):
    on("facebook", "x")
    campaign = factories.CampaignFactory()
    data = typed(
        body=LONG, link="levieuxmoulin.fr/carte", platforms=["x"], accept=["x:shorten"], own_x="on",
        own_body_x="Cèpes !", campaign=str(campaign.pk), action="save",
    )  # fmt: skip

    response = office.post(COMPOSER, data)

    content = Content.objects.get()
    again = office.get(response.url)
    assert response.url == at_content(content)
    assert (content.link, content.hashtags, content.created_by) == (
        "https://levieuxmoulin.fr/carte", ["automne"], manager,
    )  # fmt: skip
    assert [(v.platform, v.body) for v in content.variations.all()] == [("x", "Cèpes !")]
    assert again.context["accepted"] == ["x:shorten"]
    assert [n["slug"] for n in again.context["networks"] if n["is_chosen"]] == ["x"]
    assert again.context["form"]["campaign"].value() == str(campaign.pk)


def test_the_title_and_the_free_data_of_a_content_survive_the_composer(office):
    content = factories.ContentFactory(metadata={"thread": True, "note": "libre"})
    content.variations.create(platform="x", title="Titre propre", body="Ancien")

    office.post(at_content(content), typed(own_x="on", own_body_x="Nouveau"))

    content.refresh_from_db()
    assert (content.metadata["thread"], content.metadata["note"]) == (True, "libre")
    assert [(v.title, v.body) for v in content.variations.all()] == [("Titre propre", "Nouveau")]


def test_publishing_now(office, manager):
    on("facebook")

    response = office.post(COMPOSER, typed(platforms=["facebook"], action="publish"))

    publication = Publication.objects.get()
    assert publication.post["text"] == "Cèpes\n\nIls sont là.\n\n#automne"
    assert response.url == at_content(publication.content)
    assert told(response)[-1].startswith(("C'est parti.", "C&#x27;est parti."))
    assert approval.is_approved(publication.content)
    assert publication.content.approved_by == manager


def test_publishing_with_a_cure(office):
    on("x")

    office.post(COMPOSER, typed(body=LONG, platforms=["x"], accept=["x:thread"], action="publish"))

    post = Publication.objects.get().post
    assert len(post["thread"]) == 1


def test_a_refusal_loses_nothing_and_publishes_nothing(office):
    on("x")
    ref = kept_aside(office)
    data = typed(body=LONG, platforms=["x"], action="publish", media_ref=[ref], media_alt=["Cèpes"])

    response = office.post(COMPOSER, data)

    page, content = response.content.decode(), Content.objects.get()
    assert response.status_code == 200
    assert "un réseau refuse ce post" in page
    assert 'data-accept="x:shorten"' in page
    assert LONG.strip() in page
    assert f'action="{at_content(content)}"' in page
    assert not Publication.objects.exists()


def test_the_picture_of_a_refused_post_is_not_added_twice(office):
    on("x")
    data = typed(body=LONG, platforms=["x"], action="publish", media_ref=[kept_aside(office)], media_alt=["Cèpes"])
    page = office.post(COMPOSER, data)
    refs = [shown["row"].ref for shown in page.context["rows"]]

    again = typed(
        platforms=["x"], action="publish", media_ref=refs, media_alt=["Cèpes"], version=page.context["version"]
    )
    office.post(page.context["address"], again)

    assert Media.objects.count() == 1
    assert Publication.objects.get().status == "scheduled"


def test_publishing_later_is_in_paris_time_and_in_the_campaign(office):
    on("facebook")
    campaign = factories.CampaignFactory()
    at = (timezone.localtime() + timedelta(days=3)).replace(hour=18, minute=30, second=0, microsecond=0)
    data = typed(platforms=["facebook"], when="later", at=f"{at:%Y-%m-%dT%H:%M}", campaign=str(campaign.pk))

    office.post(COMPOSER, {**data, "action": "publish"})

    publication = Publication.objects.get()
    assert (publication.scheduled_at, publication.campaign) == (at, campaign)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"when": "later", "at": ""}, "Choisissez une date et une heure"),
        ({"when": "later", "at": "2020-01-01T12:00"}, "Cette date est passée"),
        ({"platforms": []}, "Choisissez au moins un réseau."),
        ({"link": "pas une adresse"}, "Corrigez les champs signalés"),
        ({"platforms": ["minitel"]}, "Corrigez les champs signalés"),
    ],
)
def test_what_is_wrong_is_told_and_the_words_stay(office, changes, said):
    on("facebook")

    response = office.post(COMPOSER, {**typed(platforms=["facebook"], action="publish"), **changes})

    page = response.content.decode()
    assert response.status_code == 200
    assert said in page
    assert "Ils sont là." in page
    assert not Publication.objects.exists()


def test_the_same_content_twice_is_told_not_sent_twice(office):
    on("facebook")
    first = office.post(COMPOSER, typed(platforms=["facebook"], action="publish"))

    again = office.post(first.url, typed(platforms=["facebook"], action="publish"))

    assert Publication.objects.count() == 1
    assert any("Rien n'est envoyé deux fois." in text for text in told(again))
    assert "Déjà demandé ici" in office.get(first.url).content.decode()


def test_two_people_do_not_write_over_each_other(office):
    content = factories.ContentFactory(body="Au départ")
    version = office.get(at_content(content)).context["version"]
    Content.objects.get(pk=content.pk).save()

    response = office.post(at_content(content), typed(body="Mes mots", version=version))

    content.refresh_from_db()
    assert "par quelqu&#x27;un d&#x27;autre" in response.content.decode()
    assert "Mes mots" in response.content.decode()
    assert response.context["version"] == version
    assert content.body == "Au départ"


@pytest.mark.parametrize(("day", "when", "at"), [("2026-12-24", "later", "2026-12-24T12:00"), ("<odd>", "now", "")])
def test_a_day_of_the_calendar_comes_along(office, day, when, at):
    form = office.get(COMPOSER, {"jour": day}).context["form"]

    assert (form["when"].value(), form["at"].value()) == (when, at)


def test_an_unknown_content_is_not_found(office):
    assert office.get(f"{COMPOSER}?content=odd").status_code == 404
    assert office.get(f"{COMPOSER}?content=00000000-0000-4000-8000-000000000000").status_code == 404


# --- Two pairs of eyes ------------------------------------------------------------------------------------------------


def test_a_writer_submits_and_cannot_publish(sign_in):
    on("facebook")
    browser = sign_in("Rédaction")

    page = browser.get(COMPOSER).content.decode()
    response = browser.post(COMPOSER, typed(platforms=["facebook"], action="submit"))
    refused = browser.post(response.url, typed(platforms=["facebook"], action="publish"))

    content = Content.objects.get()
    assert 'value="publish"' not in page
    assert 'value="approve"' not in page
    assert content.approval == "submitted"
    assert "Ce contenu n&#x27;est pas validé" in refused.content.decode()
    assert not Publication.objects.exists()


def test_a_writer_publishes_what_was_approved(sign_in, manager):
    on("facebook")
    browser = sign_in("Rédaction")
    first = browser.post(COMPOSER, typed(platforms=["facebook"], action="submit"))
    approval.approve(Content.objects.get(), user=manager)

    browser.post(first.url, typed(platforms=["facebook"], action="publish"))

    assert Publication.objects.count() == 1


def test_other_words_than_those_approved_are_not_published(sign_in, manager):
    on("facebook")
    browser = sign_in("Rédaction")
    first = browser.post(COMPOSER, typed(platforms=["facebook"], action="submit"))
    approval.approve(Content.objects.get(), user=manager)

    browser.post(first.url, typed(body="D'autres mots", platforms=["facebook"], action="publish"))

    content = Content.objects.get()
    assert content.approval == "draft"
    assert not Publication.objects.exists()


def test_the_direction_sends_back_with_a_reason_that_the_author_reads(office, manager):
    content = factories.ContentFactory()
    approval.submit(content, user=manager)

    silent = office.post(at_content(content), typed(action="send_back"))
    office.post(at_content(content), typed(action="send_back", reason="Citez le prix."))

    content.refresh_from_db()
    assert "Dites pourquoi vous le renvoyez" in silent.content.decode()
    assert content.approval == "draft"
    assert "Citez le prix." in office.get(at_content(content)).content.decode()


def test_the_direction_approves(office, manager):
    content = factories.ContentFactory()

    office.post(at_content(content), typed(action="approve"))

    content.refresh_from_db()
    assert (content.approval, content.approved_by) == ("approved", manager)


def badges(response):
    groups = response.context["sidebar_navigation"]
    return {item["title"]: item.get("badge") for group in groups for item in group["items"]}


def test_the_menu_calls_whoever_approves_and_nobody_else(office, manager, sign_in):
    approval.submit(factories.ContentFactory(), user=manager)

    for_the_direction = badges(office.get(COMPOSER))["Contenus"]
    for_a_writer = badges(sign_in("Rédaction").get(COMPOSER))["Contenus"]

    assert (for_the_direction, for_a_writer) == ("1", None)


def test_a_forged_approval_is_refused(sign_in):
    browser = sign_in("Rédaction")

    response = browser.post(COMPOSER, typed(action="approve"))

    assert "Vous ne pouvez pas valider un contenu" in response.content.decode()
    assert Content.objects.get().approval == "draft"


@pytest.mark.parametrize("address", [COMPOSER, PREVIEW, PICTURE])
def test_the_kitchen_does_not_write(sign_in, address):
    assert sign_in("Cuisine").post(address, typed()).status_code == 403
