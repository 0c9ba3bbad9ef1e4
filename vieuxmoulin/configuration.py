"""The mission's `config/*.json`, read strictly, then written as sealed rows: all of it, or nothing."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from integrations.errors import CommunicationError
from integrations.models import Credential, WebhookEndpoint
from integrations.modules import registry as module_registry
from integrations.modules.base import credential_platform, module_option_faults
from integrations.services import doors, outbound
from notifications.connectors import registry as message_registry
from notifications.models import MessageTemplate, Provider, Purpose
from notifications.services import templates
from social import queries as social_queries
from social.connectors import registry as social_registry
from social.models import Account

NAME = "config"
TEMPLATE_KEYS = ("subject", "body_html", "body_text", "sms_body", "push_body", "purpose", "name")
SECTIONS = ("email", "sms", "push")


@dataclass
class Plan:
    """What the files ask for, and what is wrong with them; `done` says in French what each part became."""

    problems: list[str] = field(default_factory=list)
    accounts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    providers: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    incoming: dict[str, Any] = field(default_factory=dict)
    endpoints: list[dict[str, Any]] = field(default_factory=list)
    templates: list[MessageTemplate] = field(default_factory=list)
    modules: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def check_keys(self, where: str, data: Any, required: Iterable[str], optional: Iterable[str] = ()) -> bool:
        """Name every missing, unknown, empty or example value of a section; True when it may be used."""
        before = len(self.problems)
        if not isinstance(data, dict):
            self.problems.append(f"{where} : un objet {{…}} est attendu.")
            return False
        known = [*required, *optional]
        for name in sorted(set(data) - set(known)):
            close = difflib.get_close_matches(name, known, 1)
            hint = f" Vouliez-vous dire « {close[0]} » ?" if close else f" Attendues : {', '.join(known)}."
            self.problems.append(f"{where} : clé inconnue « {name} ».{hint}")
        for name in required:
            if name not in data:
                self.problems.append(f"{where} : il manque « {name} ».")
        for name, value in data.items():
            if isinstance(value, str) and (not value.strip() or value.startswith("YOUR_") or "XXXX" in value):
                self.problems.append(f"{where}.{name} : valeur d'exemple ou vide, mettez la vôtre.")
        return len(self.problems) == before


def read(folder: Path) -> Plan:
    """Read the files there are; every fault is in `problems`, with its file and its place."""
    plan = Plan()
    readers = {
        "platforms.json": _read_platforms,
        "notifications.json": _read_notifications,
        "webhooks.json": _read_webhooks,
        "templates.json": _read_templates,
        "modules.json": _read_modules,
    }
    found = [name for name in readers if (folder / name).exists()]
    if not found:
        plan.problems.append(f"Aucun fichier dans {folder}/. Attendus : {', '.join(readers)}.")
    for name in sorted(path.name for path in folder.glob("*.json") if path.name not in readers):
        close = difflib.get_close_matches(name, readers, 1)
        plan.problems.append(f"{name} : fichier inconnu." + (f" Vouliez-vous dire « {close[0]} » ?" if close else ""))
    for name in found:
        try:
            data = json.loads((folder / name).read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            plan.problems.append(f"{name} : illisible ({error}).")
            continue
        if isinstance(data, dict):
            readers[name](plan, name, data)
        else:
            plan.problems.append(f"{name} : un objet {{…}} est attendu.")
    return plan


def apply(plan: Plan) -> list[str]:
    """Write the rows; running it again changes only what the files changed. Returns what was done, in French."""
    with transaction.atomic():
        for slug, keys in plan.accounts:
            _write_account(plan, slug, keys)
        for channel, slug, keys in plan.providers:
            credential = _write_credential(slug, keys)
            Provider.objects.filter(channel=channel).exclude(platform=slug).update(position=1)
            Provider.objects.update_or_create(
                channel=channel, platform=slug, defaults={"credential": credential, "position": 0, "is_active": True}
            )
            plan.done.append(f"Envoi par {message_registry[slug].label}")
        if plan.incoming:
            _write_incoming(plan.incoming)
            plan.done.append("Webhooks entrants : secret et sources")
        for endpoint in plan.endpoints:
            WebhookEndpoint.objects.update_or_create(
                url=endpoint["url"],
                defaults={
                    "events": endpoint["events"],
                    "secret": doors.as_signing_secret(endpoint["secret"]),
                    "is_active": True,
                },
            )
            plan.done.append(f"Webhook sortant vers {endpoint['url']}")
        for template in plan.templates:
            saved = templates.save_version(template)
            plan.done.append(f"Modèle « {saved.slug} », version {saved.version}")
        for slug, keys in plan.modules:
            _write_credential(credential_platform(slug), keys)
            plan.done.append(f"Module {module_registry[slug].label}")
    return plan.done


def _read_platforms(plan: Plan, name: str, data: dict[str, Any]) -> None:
    for platform, keys in data.items():
        slug = social_queries.slug_of(platform)
        if slug is None:
            known = sorted(social_registry)
            close = difflib.get_close_matches(platform, known, 1)
            hint = f"Vouliez-vous dire « {close[0]} » ?" if close else f"Connues : {', '.join(known)}."
            plan.problems.append(f"{name} : plateforme inconnue « {platform} ». {hint}")
            continue
        connector = social_registry[slug]
        if plan.check_keys(f"{name}, {platform}", keys, connector.required_keys, connector.optional_keys):
            plan.accounts.append((slug, keys))


def _read_notifications(plan: Plan, name: str, data: dict[str, Any]) -> None:
    plan.check_keys(name, data, (), SECTIONS)
    for channel in SECTIONS:
        keys = data.get(channel)
        if keys is None:
            continue
        provider = keys.get("provider") if isinstance(keys, dict) else None
        possible = sorted(slug for slug, connector in message_registry.items() if connector.channel == channel)
        if provider not in possible:
            plan.problems.append(
                f"{name}, {channel}.provider : « {provider} » inconnu. Connus : {', '.join(possible)}."
            )
            continue
        connector = message_registry[provider]
        required = ("provider", *connector.required_keys)
        if plan.check_keys(f"{name}, {channel}", keys, required, connector.optional_keys):
            plan.providers.append((channel, provider, {key: keys[key] for key in keys if key != "provider"}))


def _read_webhooks(plan: Plan, name: str, data: dict[str, Any]) -> None:
    plan.check_keys(name, data, (), ("incoming", "outgoing"))
    if "incoming" in data and plan.check_keys(f"{name}, incoming", data["incoming"], ("secret", "allowed_sources")):
        plan.incoming = data["incoming"]
    outgoing = data.get("outgoing", {"endpoints": []})
    if not plan.check_keys(f"{name}, outgoing", outgoing, ("endpoints",)):
        return
    for rank, endpoint in enumerate(outgoing["endpoints"]):
        where = f"{name}, outgoing.endpoints[{rank}]"
        if not plan.check_keys(where, endpoint, ("url", "events", "secret")):
            continue
        unknown = [event for event in endpoint["events"] if event not in outbound.SUBSCRIBED and event != "*"]
        for event in unknown:
            close = difflib.get_close_matches(event, outbound.SUBSCRIBED, 1)
            hint = f"Vouliez-vous dire « {close[0]} » ?" if close else f"Connus : {', '.join(outbound.SUBSCRIBED)}."
            plan.problems.append(f"{where}.events : événement inconnu « {event} ». {hint}")
        if not unknown:
            plan.endpoints.append(endpoint)


def _read_templates(plan: Plan, name: str, data: dict[str, Any]) -> None:
    for slug, texts in data.items():
        if not plan.check_keys(f"{name}, {slug}", texts, (), TEMPLATE_KEYS):
            continue
        if texts.get("purpose", Purpose.MARKETING) not in Purpose.values:
            plan.problems.append(f"{name}, {slug}.purpose : attendu {' ou '.join(Purpose.values)}.")
            continue
        template = MessageTemplate(slug=slug, **{"name": slug.replace("_", " ").capitalize(), **texts})
        try:
            templates.verify(template)
        except CommunicationError as error:
            plan.problems.append(f"{name}, {slug} : {error}")
        else:
            plan.templates.append(template)


def _read_modules(plan: Plan, name: str, data: dict[str, Any]) -> None:
    plan.check_keys(name, data, (), sorted(module_registry))
    for slug in sorted(set(data) & set(module_registry)):
        module, where = module_registry[slug], f"{name}, {slug}"
        if not plan.check_keys(where, data[slug], module.required_keys, module.optional_keys):
            continue
        faults = module_option_faults(data[slug])
        plan.problems += [f"{where}.{fault}" for fault in faults]
        if not faults:
            plan.modules.append((slug, data[slug]))


def _write_account(plan: Plan, slug: str, keys: dict[str, str]) -> None:
    connector = social_registry[slug]()
    settings = {key: keys[key] for key in connector.setting_keys if key in keys}
    secrets = {key: value for key, value in keys.items() if key not in settings and key != connector.account_key}
    credential = _write_credential(slug, secrets)
    Account.objects.update_or_create(
        platform=slug,
        external_id=connector.account_id(keys),
        defaults={
            "name": connector.label,
            "credential": credential,
            "settings": settings,
            "status": Account.Status.CONNECTED,
            "status_reason": "",
        },
    )
    plan.done.append(f"Compte {connector.label}")


def _write_incoming(incoming: dict[str, Any]) -> None:
    """A new secret does not shut the door on modules that still use the old one, until the next change."""
    known = Credential.objects.filter(platform=doors.CREDENTIAL, name=NAME).first()
    before = known.secrets if known else {}
    is_new = before.get("secret") and before["secret"] != incoming["secret"]
    kept = before["secret"] if is_new else before.get("previous_secret")
    _write_credential(doors.CREDENTIAL, {**incoming, **({"previous_secret": kept} if kept else {})})


def _write_credential(platform: str, secrets: dict[str, Any]) -> Credential:
    credential, _ = Credential.objects.update_or_create(
        platform=platform,
        name=NAME,
        defaults={"secrets": secrets},
        create_defaults={"secrets": secrets, "created_by": "load_config"},
    )
    return credential
