"""`load_config`: the mission's files, read strictly; all of it is written, or nothing."""

import json

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Credential, WebhookEndpoint
from integrations.services import doors
from notifications.models import MessageTemplate, Provider
from social.models import Account

pytestmark = pytest.mark.django_db
FILES = {
    "platforms": {
        "facebook": {"app_id": "1", "app_secret": "s", "page_id": "1001", "access_token": "t", "api_version": "v25.0"},
        "instagram": {"business_account_id": "178", "access_token": "t"},
        "twitter": {"api_key": "k", "api_secret": "s", "access_token": "42-abc", "access_token_secret": "s"},
    },
    "notifications": {
        "email": {
            "provider": "sendgrid",
            "api_key": "SG.k",
            "from_email": "r@example.fr",
            "from_name": "Le Vieux Moulin",
        },
        "sms": {"provider": "twilio", "account_sid": "AC1", "auth_token": "t", "from_number": "VieuxMoulin"},
    },
    "webhooks": {
        "incoming": {"secret": "un-secret-partage", "allowed_sources": ["recipes"]},
        "outgoing": {
            "endpoints": [
                {"url": "https://central.example/hook", "events": ["campaign_started"], "secret": "autre-secret"}
            ]
        },
    },
    "templates": {"promotional_email": {"subject": "{{promo_title}}", "body_html": "<h1>{{promo_title}}</h1>"}},
}


@pytest.fixture
def folder(tmp_path):
    def write(**changes):
        for name, data in {**FILES, **changes}.items():
            (tmp_path / f"{name}.json").write_text(data if isinstance(data, str) else json.dumps(data))
        return str(tmp_path)

    return write


def test_the_missions_files_become_sealed_rows(folder):
    call_command("load_config", folder())

    assert dict(Account.objects.values_list("platform", "external_id")) == {
        "facebook": "1001",
        "instagram": "178",
        "x": "42",
    }
    assert Account.objects.get(platform="facebook").settings == {"api_version": "v25.0"}
    assert Account.objects.get(platform="facebook").credential.secrets == {
        "app_id": "1",
        "app_secret": "s",
        "access_token": "t",
    }
    assert set(Provider.objects.values_list("channel", "platform")) == {("email", "sendgrid"), ("sms", "twilio")}
    assert WebhookEndpoint.objects.get().events == ["campaign_started"]
    assert doors.current_rules().sources == ("recipes",)
    assert MessageTemplate.objects.get().subject == "{{promo_title}}"


def test_loading_twice_changes_nothing(folder):
    for _ in range(2):
        call_command("load_config", folder())

    assert (Account.objects.count(), Credential.objects.count(), MessageTemplate.objects.count()) == (3, 6, 1)


def test_a_dry_run_writes_nothing(folder, capsys):
    call_command("load_config", folder(), "--dry-run")

    assert Account.objects.count() == 0
    assert "Configuration valable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"platforms": {"facebok": {}}}, "plateforme inconnue « facebok ». Vouliez-vous dire « facebook » ?"),
        (
            {"platforms": {"instagram": {"business_account_id": "1", "acces_token": "t"}}},
            "clé inconnue « acces_token ». Vouliez-vous dire « access_token » ?",
        ),
        ({"platforms": {"instagram": {"business_account_id": "1"}}}, "il manque « access_token »"),
        (
            {"platforms": {"instagram": {"business_account_id": "1", "access_token": "YOUR_IG_ACCESS_TOKEN"}}},
            "valeur d'exemple",
        ),
        (
            {"notifications": {"email": {"provider": "sendgird"}}},
            "« sendgird » inconnu. Connus : mailjet, sendgrid, smtp.",
        ),
        ({"webhooks": {"incomming": {}}}, "Vouliez-vous dire « incoming » ?"),
        (
            {
                "webhooks": {
                    "outgoing": {"endpoints": [{"url": "https://a.example", "events": ["boum"], "secret": "s"}]}
                }
            },
            "événement inconnu « boum »",
        ),
        ({"templates": {"promo": {"subject": "{{#if}", "body_html": "x"}}}, "templates.json, promo"),
        ({"templates": "{pas du json"}, "templates.json : illisible"),
        ({"platforms": []}, "un objet {…} est attendu"),
    ],
)
def test_a_fault_is_named_with_its_place_and_its_cure(folder, changes, words):
    with pytest.raises(CommandError) as refused:
        call_command("load_config", folder(**changes))

    assert words in str(refused.value)
    assert (Account.objects.count(), MessageTemplate.objects.count()) == (0, 0)


def test_an_empty_folder_says_what_is_expected(tmp_path):
    with pytest.raises(CommandError, match=r"platforms\.json"):
        call_command("load_config", str(tmp_path))


def test_the_neighbouring_modules_are_configured_by_their_file(folder):
    words = {"contact": {"first_name": "prenom"}}
    modules = {
        "crm": {"base_url": "https://crm.example/api", "token": "un-jeton", "timeout": 5, "words": words},
        "iot": {"base_url": "https://iot.example", "token": "autre-jeton"},
    }

    call_command("load_config", folder(modules=modules))

    assert Credential.objects.get(platform="module_crm").secrets == modules["crm"]
    assert Credential.objects.get(platform="module_iot").secrets["token"] == "autre-jeton"


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ({"crmm": {}}, "Vouliez-vous dire « crm »"),
        ({"crm": {"token": "t"}}, "il manque « base_url »"),
        ({"crm": {"base_url": "crm.example", "token": "t"}}, "modules.json, crm.base_url"),
        ({"crm": {"base_url": "https://crm.example", "token": "YOUR_TOKEN"}}, "valeur d'exemple"),
        ({"crm": {"base_url": "https://crm.example", "token": "t", "timeout": "vite"}}, "crm.timeout"),
        ({"crm": {"base_url": "https://crm.example", "token": "t", "words": {"contact": []}}}, "crm.words"),
    ],
)
def test_a_fault_in_the_modules_is_named_and_nothing_is_written(folder, modules, words):
    with pytest.raises(CommandError, match=words):
        call_command("load_config", folder(modules=modules))

    assert Credential.objects.count() == 0
