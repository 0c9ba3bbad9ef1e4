"""Who reacts to what: a file per subject. A listener writes rows or enqueues; it never calls the network."""

from vieuxmoulin.receivers import campaigns, cards, inbound, messages, publications, webhooks

__all__ = ["campaigns", "cards", "inbound", "messages", "publications", "webhooks"]
