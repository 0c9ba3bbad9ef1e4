"""The roles of the house, written as groups; running it again brings them back to what is written here."""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand
from django.db.models import Q

# app -> models, None for all of them; and what may be done there.
VIEW, CHANGE, ADD, DELETE, APPROVE, EXPORT = "view", "change", "add", "delete", "approve", "export"
ALL = (VIEW, ADD, CHANGE, DELETE)
Rights = list[tuple[str, tuple[str, ...] | None, tuple[str, ...]]]

WRITERS: Rights = [
    ("campaigns", None, ALL),
    ("social", ("publication", "publicationattempt"), (VIEW, ADD, CHANGE)),
    ("social", ("interaction", "reply", "savedanswer"), (VIEW, ADD, CHANGE)),
    ("social", ("account", "metricsnapshot"), (VIEW,)),
    ("notifications", ("messagetemplate", "tag"), (VIEW, ADD, CHANGE)),
    ("notifications", ("notification", "chunk"), (VIEW,)),
    ("menus", ("menu", "category", "item", "menurevision"), (VIEW,)),
    ("vieuxmoulin", ("task", "alert"), (VIEW,)),
]
KITCHEN: Rights = [
    ("menus", ("menu", "category", "item", "optiongroup", "option", "formula", "ingredient", "recipeline"), ALL),
    ("menus", ("menurevision",), (VIEW, ADD)),
    ("menus", ("menusync", "drift"), (VIEW, CHANGE)),
    ("menus", ("destination",), (VIEW,)),
    ("vieuxmoulin", ("alert",), (VIEW,)),
]
# All but settings and users: neither secrets, nor webhooks, nor API clients, nor who may come in.
DIRECTION: Rights = [
    ("campaigns", None, (*ALL, APPROVE)),
    ("social", None, ALL),
    ("notifications", None, (*ALL, EXPORT)),
    ("menus", None, ALL),
    ("vieuxmoulin", ("task",), (VIEW,)),
    ("vieuxmoulin", ("alert",), (VIEW, CHANGE)),
    ("vieuxmoulin", ("difference",), (VIEW, CHANGE)),
    ("integrations", ("servicehealth", "heartbeat", "auditentry"), (VIEW,)),
    ("integrations", ("modulecursor",), (VIEW, CHANGE)),
]
ROLES: dict[str, Rights] = {"Direction": DIRECTION, "Rédaction": WRITERS, "Cuisine": KITCHEN}


class Command(BaseCommand):
    help = "Crée ou remet en état les rôles Direction, Rédaction et Cuisine."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, rights in ROLES.items():
            group, is_new = Group.objects.get_or_create(name=name)
            group.permissions.set(Permission.objects.filter(_condition(rights)))
            self.stdout.write(f"Rôle « {name} » {'créé' if is_new else 'remis en état'}.")


def _condition(rights: Rights) -> Q:
    found = Q(pk__in=[])
    for app_label, models, verbs in rights:
        same_app = Q(content_type__app_label=app_label)
        if models is not None:
            same_app &= Q(content_type__model__in=models)
        for verb in verbs:
            found |= same_app & Q(codename__startswith=f"{verb}_")
    return found
