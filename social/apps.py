from django.apps import AppConfig


class SocialConfig(AppConfig):
    name = "social"
    verbose_name = "Réseaux sociaux"

    def ready(self) -> None:
        # Registers the system checks.
        from social import checks  # noqa: F401  (imported for what it registers)
