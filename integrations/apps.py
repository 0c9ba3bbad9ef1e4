from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Intégrations"

    def ready(self) -> None:
        """Register the checks of keys, hosts and TLS."""
        from integrations import checks  # noqa: F401 - imports models' fields, which need the apps to be loaded
