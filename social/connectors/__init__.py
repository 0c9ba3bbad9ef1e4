"""The connectors of this app, one file each, found by listing this folder."""

from integrations.registry import Registry

registry = Registry("social.connectors")


def platforms() -> list[tuple[str, str]]:
    """The choices of a platform field: a function, so that a new connector needs no migration."""
    return registry.choices()
