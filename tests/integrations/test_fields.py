import json

import pytest
from django import forms
from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import display_for_field
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.db import connection
from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Length

from integrations.crypto import encrypt
from integrations.fields import EncryptedJSONField, EncryptedTextField, SecretInput, SecretTextarea
from integrations.models import Credential, WebhookEndpoint

pytestmark = pytest.mark.django_db
SECRET = "whsec_s3cret"


@pytest.fixture
def endpoint():
    return WebhookEndpoint.objects.create(url="https://a.example/hook", secret=SECRET)


def stored(model, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table}")
        return [row[0] for row in cursor.fetchall()]


class EndpointForm(forms.ModelForm):
    class Meta:
        model = WebhookEndpoint
        fields = ["url", "secret"]


class CredentialForm(forms.ModelForm):
    class Meta:
        model = Credential
        fields = ["platform", "name", "secrets"]


# --- Storage ----------------------------------------------------------------------------------------------------------
def test_text_is_sealed_in_the_database_and_plain_in_memory(endpoint):
    (raw,) = stored(WebhookEndpoint, "secret")

    assert raw.startswith("v1:k1:")
    assert SECRET not in raw
    assert WebhookEndpoint.objects.get().secret == SECRET


def test_an_empty_text_stays_empty():
    WebhookEndpoint.objects.create(url="https://a.example/hook", secret="")

    assert stored(WebhookEndpoint, "secret") == [""]
    assert WebhookEndpoint.objects.get().secret == ""


@pytest.mark.parametrize("document", [{"token": "é", "n": [1, None]}, {}, [1, 2]])
def test_a_document_is_sealed_as_a_whole(document):
    Credential.objects.create(platform="x", name="a", secrets=document)

    assert stored(Credential, "secrets")[0].startswith("v1:k1:")
    assert Credential.objects.get().secrets == document


def test_every_way_to_write_seals(endpoint):
    WebhookEndpoint.objects.update(secret="second")
    assert stored(WebhookEndpoint, "secret")[0].startswith("v1:k1:")
    assert WebhookEndpoint.objects.get().secret == "second"

    endpoint.secret = "third"
    WebhookEndpoint.objects.bulk_update([endpoint], ["secret"])
    assert stored(WebhookEndpoint, "secret")[0].startswith("v1:k1:")
    assert WebhookEndpoint.objects.values_list("secret", flat=True).get() == "third"

    WebhookEndpoint.objects.bulk_create([WebhookEndpoint(url="https://b.example", secret="fourth")])
    assert set(WebhookEndpoint.objects.values_list("secret", flat=True)) == {"third", "fourth"}


# --- Searches ---------------------------------------------------------------------------------------------------------
def test_whether_it_is_filled_can_be_asked(endpoint):
    WebhookEndpoint.objects.create(url="https://b.example/hook", secret="")

    assert WebhookEndpoint.objects.exclude(secret="").get() == endpoint
    assert WebhookEndpoint.objects.filter(secret="").count() == 1
    assert WebhookEndpoint.objects.filter(secret__isnull=True).count() == 0


@pytest.mark.parametrize(
    "condition",
    [
        Q(secret=SECRET),
        Q(secret=F("url")),
        Q(secret__contains="w"),
        Q(secret__in=[SECRET]),
        Q(secret__gt="a"),
        Q(secret__length=3),
        Q(secret__regex="."),
    ],
)
def test_what_cannot_work_on_sealed_values_is_refused_without_showing_them(condition):
    with pytest.raises(FieldError) as caught:
        list(WebhookEndpoint.objects.filter(condition))

    assert "'secret' cannot be searched" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_document_has_no_keys_for_the_database():
    with pytest.raises(FieldError, match="'secrets' cannot be searched"):
        list(Credential.objects.filter(secrets__token="a"))


def test_the_database_only_sees_sealed_text(endpoint):
    seen = WebhookEndpoint.objects.annotate(length=Length("secret")).get().length

    assert seen == len(stored(WebhookEndpoint, "secret")[0])


# --- Forms and admin --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("widget", [None, forms.Textarea, forms.TextInput(attrs={"class": "themed", "value": SECRET})])
def test_no_widget_shows_the_value(widget):
    field = WebhookEndpoint._meta.get_field("secret").formfield(**({"widget": widget} if widget else {}))

    html = field.widget.render("secret", SECRET)

    assert isinstance(field.widget, SecretInput)
    assert SECRET not in html
    assert ("themed" in html) is (not isinstance(widget, type) and widget is not None)


def test_a_form_hides_the_stored_value_and_says_that_there_is_one(endpoint):
    html = EndpointForm(instance=endpoint).as_p()

    assert SECRET not in html
    assert "Laisser vide pour le garder" in html
    assert 'type="password"' in html


def test_a_refused_form_does_not_send_the_typed_value_back():
    form = EndpointForm({"url": "pas une adresse", "secret": "just-typed"})

    assert not form.is_valid()
    assert "just-typed" not in form.as_p()


def test_blank_keeps_the_stored_value(endpoint):
    form = EndpointForm({"url": endpoint.url, "secret": ""}, instance=endpoint)

    assert form.is_valid(), form.errors
    assert form.changed_data == []
    form.save()
    assert WebhookEndpoint.objects.get().secret == SECRET


def test_a_new_value_replaces_the_stored_one(endpoint):
    form = EndpointForm({"url": endpoint.url, "secret": "new"}, instance=endpoint)

    assert form.is_valid()
    assert form.changed_data == ["secret"]
    form.save()
    assert WebhookEndpoint.objects.get().secret == "new"


def test_blank_is_refused_while_nothing_is_stored():
    form = EndpointForm({"url": "https://a.example/hook", "secret": ""})

    assert not form.is_valid()
    assert list(form.errors) == ["secret"]


def test_a_document_is_typed_as_json():
    form = CredentialForm({"platform": "x", "name": "a", "secrets": '{"token": "t"}'})

    assert isinstance(form.fields["secrets"].widget, SecretTextarea)
    assert form.is_valid(), form.errors
    form.save()
    assert Credential.objects.get().secrets == {"token": "t"}


def test_bad_json_is_refused_in_french_without_being_shown():
    form = CredentialForm({"platform": "x", "name": "a", "secrets": '{"token": s3cret}'})

    assert form.errors["secrets"] == [
        "Ce n'est pas du JSON valide (caractère 10) : vérifier les guillemets et les virgules."
    ]
    assert "s3cret" not in form.as_p()


def test_a_document_left_blank_is_kept():
    row = Credential.objects.create(platform="x", name="a", secrets={"token": "t"})
    form = CredentialForm({"platform": "x", "name": "b", "secrets": ""}, instance=row)

    assert form.is_valid(), form.errors
    form.save()
    assert (Credential.objects.get().name, Credential.objects.get().secrets) == ("b", {"token": "t"})


def test_a_document_must_fit_in_json():
    with pytest.raises(ValidationError):
        Credential(platform="x", name="a", secrets={"token": {1, 2}}).full_clean()


@pytest.mark.parametrize(
    ("model", "name", "value"), [(WebhookEndpoint, "secret", SECRET), (Credential, "secrets", {"t": SECRET})]
)
def test_admin_lists_and_read_only_pages_print_the_empty_sign(model, name, value):
    assert display_for_field(value, model._meta.get_field(name), "vide") == "vide"


def test_the_admin_form_hides_the_value(rf, admin_user, endpoint):
    from django.contrib.admin import ModelAdmin

    request = rf.get("/")
    request.user = admin_user
    form = ModelAdmin(WebhookEndpoint, AdminSite()).get_form(request)(instance=endpoint)

    assert SECRET not in form.as_p()


# --- Dumps and migrations ---------------------------------------------------------------------------------------------
def test_a_dump_is_sealed_and_can_be_loaded(endpoint):
    Credential.objects.create(platform="x", name="a", secrets={"token": SECRET})
    dump = serializers.serialize("json", [endpoint, Credential.objects.get()])
    WebhookEndpoint.objects.all().delete()
    Credential.objects.all().delete()

    for row in serializers.deserialize("json", dump):
        row.save()

    assert SECRET not in dump
    assert json.loads(dump)[0]["fields"]["secret"].startswith("v1:k1:")
    assert WebhookEndpoint.objects.get().secret == SECRET
    assert Credential.objects.get().secrets == {"token": SECRET}


@pytest.mark.parametrize("kind", [EncryptedTextField, EncryptedJSONField])
def test_migrations_name_the_field_and_nothing_else(kind):
    field = kind("secret", blank=True, null=True)
    field.set_attributes_from_name("secret")

    name, path, args, kwargs = field.deconstruct()

    assert (name, path, args) == ("secret", f"integrations.fields.{kind.__name__}", [])
    assert kwargs == {"verbose_name": "secret", "blank": True, "null": True}


def test_a_raw_expression_is_written_as_it_is(endpoint):
    sealed = encrypt("typed by rotation")

    WebhookEndpoint.objects.update(secret=Value(sealed, output_field=TextField()))

    assert stored(WebhookEndpoint, "secret") == [sealed]
    assert WebhookEndpoint.objects.get().secret == "typed by rotation"
