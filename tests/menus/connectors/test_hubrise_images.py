"""Photos of dishes at HubRise: sent once, made to fit, and never in the way of the card."""

import copy
import io
import json

import pytest
import responses
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from integrations.errors import PermanentError
from integrations.sandbox.models import VendorRecord
from menus.connectors import _hubrise_images, registry
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import FULL

API = "https://api.hubrise.com/v1"
TARGET = TARGETS["hubrise"]


def picture(kind="JPEG", size=(40, 30), *, noisy=False):
    made = io.BytesIO()
    drawn = Image.effect_noise(size, 90).convert("RGB") if noisy else Image.new("RGB", size, "brown")
    drawn.save(made, kind, **({"quality": 100} if kind == "JPEG" else {}))
    return made.getvalue()


@pytest.fixture
def photo(settings, tmp_path):
    """The address of a photo of ours."""
    settings.MEDIA_ROOT = str(tmp_path)
    name = default_storage.save("plats/magret.jpg", ContentFile(picture()))
    return f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{name}"


@pytest.fixture
def hub(settings):
    settings.CONNECTOR_ENV = {"HUBRISE_BASE_URL": API}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.put(f"{API}/catalogs/carte", json={})
        mock.put(f"{API}/catalogs/carte/location/inventory", json=[])
        yield mock


def card(*addresses):
    document = copy.deepcopy(FULL)
    dishes = [item for category in document["categories"] for item in category["items"]]
    for dish in dishes:
        dish.pop("images", None)
    for dish, address in zip(dishes, addresses, strict=False):
        dish["images"] = [{"url": address, "alt": "Le plat"}]
    return document


def push(document):
    registry["hubrise"]().push(document, TARGET)


def products(hub):
    call = next(call for call in reversed(hub.calls) if call.request.url == f"{API}/catalogs/carte")
    return {product["ref"]: product.get("image_ids") for product in json.loads(call.request.body)["data"]["products"]}


def test_a_photo_is_sent_as_it_is_and_named_in_the_catalog(hub, photo):
    sent = hub.post(f"{API}/catalogs/carte/images", json={"id": "im1", "md5": "x"})

    push(card(photo))

    request = sent.calls[0].request
    assert (request.headers["Content-Type"], request.body) == ("image/jpeg", picture())
    assert request.headers["X-Access-Token"] == TARGET.secrets["access_token"]
    assert {ref: ids for ref, ids in products(hub).items() if ids} == {"magret": ["im1"]}


def test_it_is_not_sent_again_with_the_next_card_nor_for_a_second_dish(hub, photo):
    sent = hub.post(f"{API}/catalogs/carte/images", json={"id": "im1", "md5": "x"})

    push(card(photo, photo))
    push(card(photo, photo))

    assert sent.call_count == 1
    assert len([ids for ids in products(hub).values() if ids == ["im1"]]) == 2


@pytest.mark.parametrize("status", [400, 413, 500])
def test_a_photo_that_hubrise_refuses_leaves_the_card_without_it(hub, photo, status):
    hub.post(f"{API}/catalogs/carte/images", status=status, json={"error_type": "x", "message": "non"})

    push(card(photo))

    assert set(products(hub).values()) == {None}


def test_a_photo_that_is_gone_leaves_the_card_without_it(hub, photo):
    sent = hub.post(f"{API}/catalogs/carte/images", json={"id": "im1"})

    push(card(photo.replace("magret", "perdue")))

    assert (sent.call_count, set(products(hub).values())) == (0, {None})


@pytest.mark.parametrize(("kind", "type_"), [("TIFF", "image/tiff"), ("JPEG", "image/jpeg")])
def test_what_is_too_heavy_or_of_another_kind_is_made_to_fit(kind, type_):
    heavy = picture(kind, (2400, 1600), noisy=True)
    assert len(heavy) > _hubrise_images.MOST_BYTES

    content, made = _hubrise_images.fit(heavy, type_)

    with Image.open(io.BytesIO(content)) as small:
        assert (made, small.format, small.size) == ("image/jpeg", "JPEG", (1200, 800))
    assert len(content) <= _hubrise_images.MOST_BYTES


def test_what_is_no_picture_is_refused():
    with pytest.raises(PermanentError, match="ne peut pas être lue"):
        _hubrise_images.fit(b"<svg/>", "image/svg+xml")


def test_the_played_hubrise_wants_photos_that_it_has(platforms):
    from django.test import Client

    root, headers = "/bac-a-sable/api/hubrise/catalogs/carte", {"X-Access-Token": "x"}
    dish = {"ref": "a", "name": "A", "category_ref": "c", "image_ids": ["inconnue"]}
    dish["skus"] = [{"ref": "a", "name": None, "price": "1.00 EUR"}]
    put = {"name": "Carte", "data": {"categories": [{"ref": "c", "name": "C"}], "products": [dish]}}
    refused = Client().put(root, put, content_type="application/json", headers=headers)
    made = Client().post(f"{root}/images", picture(), content_type="image/jpeg", headers=headers)
    wrong = Client().post(f"{root}/images", b"x", content_type="text/plain", headers=headers)

    assert "inconnue not found" in refused.content.decode()
    assert (made.status_code, wrong.status_code) == (200, 415)
    assert VendorRecord.objects.get(vendor="hubrise", kind="image").external_id == made.json()["id"]
