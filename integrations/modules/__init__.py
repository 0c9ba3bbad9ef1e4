"""The four neighbouring modules (CRM, recipes, IoT, accounting): one file each, found by listing this folder."""

from integrations.modules._integrator import Integrator, Listing, get_integrator
from integrations.modules._registry import registry

__all__ = ["Integrator", "Listing", "get_integrator", "registry"]
