"""What a rule of the house can do, one file each, found by listing this folder."""

from integrations.registry import Registry

registry = Registry("vieuxmoulin.orchestrator.actions", "vieuxmoulin.orchestrator.actions.base.ActionKind")
