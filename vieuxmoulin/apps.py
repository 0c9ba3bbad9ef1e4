from django.apps import AppConfig


class VieuxMoulinConfig(AppConfig):
    name = "vieuxmoulin"
    verbose_name = "Pilotage"

    def ready(self) -> None:
        from vieuxmoulin import receivers  # noqa: F401  (connects the facts of the apps to their listeners)
