from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Intégrations"

    def ready(self) -> None:
        """Register the checks of keys, hosts and TLS, and say in the logs who calls."""
        from django_structlog.signals import bind_extra_request_metadata

        from integrations import callers, checks  # noqa: F401 - imports models' fields, which need the apps to be loaded

        bind_extra_request_metadata.connect(callers.name_in_logs)
