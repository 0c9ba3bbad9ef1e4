"""Where the modules find their place, as connectors do."""

from integrations.registry import Registry

registry = Registry("integrations.modules", base="integrations.modules.base.Module")
