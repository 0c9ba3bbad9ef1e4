"""The REST API: one file per resource, its serializers and its view together."""
