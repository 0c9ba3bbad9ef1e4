from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Messages aux clients"

    def ready(self) -> None:
        from django.db.models.signals import post_delete, post_save

        from notifications import queries
        from notifications.models import MessageTemplate

        for signal in (post_save, post_delete):
            signal.connect(queries.forget_template, sender=MessageTemplate)
