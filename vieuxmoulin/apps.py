from django.apps import AppConfig


class VieuxMoulinConfig(AppConfig):
    name = "vieuxmoulin"
    verbose_name = "Pilotage"

    def ready(self) -> None:
        from celery.signals import beat_init

        from vieuxmoulin import doorkeeper, receivers, schedule  # noqa: F401  (connects the facts of the apps to their listeners)

        beat_init.connect(schedule.first_round)
