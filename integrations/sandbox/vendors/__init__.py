"""The vendors that the sandbox plays, one file each, found by listing this folder."""

from integrations.registry import Registry

registry = Registry("integrations.sandbox.vendors", base="integrations.sandbox.vendors.base.Vendor")
