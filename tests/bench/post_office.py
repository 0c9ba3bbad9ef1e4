"""django-post_office at its best on this machine, to compare with: two processes of eight threads, one large batch.

It hands its transport one message at a time: ours posts it to the sink over a connection that stays open, which costs
less than SMTP. A program of its own, for it has settings of its own: `python -m tests.bench.post_office DATABASE_URL
VENDOR_URL`. Prints e-mails per second, their way into its queue not counted.
"""

import json
import logging
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from django.core.mail.backends.base import BaseEmailBackend

from tests.bench import raw

MAILS, PROCESSES = 4_000, 2


class OneCall(BaseEmailBackend):
    """A transport by HTTP; post_office keeps one for each thread."""

    def send_messages(self, messages: list[Any]) -> int:
        """Post each message to the address that the settings name."""
        from django.conf import settings

        for message in messages:
            texts = [message.body, *(part.content for part in message.alternatives)]
            body = {"to": message.to, "subject": message.subject, "texts": texts, "custom_args": {"vm_mid": "1"}}
            raw.session().post(settings.VENDOR_URL, json=body, timeout=10).raise_for_status()
        return len(messages)


def configure(url: str, vendor: str) -> None:
    """The settings that its documentation advises for many messages."""
    import django
    from django.conf import settings

    parts = urlsplit(url)
    settings.configure(
        SECRET_KEY="bench",  # noqa: S106 (protects nothing)
        VENDOR_URL=vendor,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path[1:],
                "USER": parts.username,
                "HOST": parts.hostname,
                "PORT": parts.port,
            }
        },
        POST_OFFICE={
            "BACKENDS": {"default": "tests.bench.post_office.OneCall"},
            "BATCH_SIZE": MAILS,
            "THREADS_PER_PROCESS": 8,
            "LOG_LEVEL": 0,
            "CELERY_ENABLED": False,
        },
    )
    django.setup()


def measure() -> float:
    """E-mails per second, from the queue to the transport; writing them to the queue is not counted."""
    from post_office import mail
    from post_office.models import EmailTemplate

    from tests.bench.texts import BODY, SUBJECT

    plain = {"{{customer.first_name}}": "{{ first_name }}", "{{title}}": "x"}
    subject, body = SUBJECT, BODY
    for ours, theirs in plain.items():
        subject, body = subject.replace(ours, theirs), body.replace(ours, theirs)
    template = EmailTemplate.objects.create(name="bench", subject=subject, html_content=body, content=subject)
    mail.send_many(
        [
            {
                "sender": "r@example.com",
                "recipients": [f"g{rank}@example.com"],
                "template": template,
                "context": {"first_name": f"G{rank}"},
                "render_on_delivery": True,
            }
            for rank in range(MAILS)
        ]
    )
    start = time.monotonic()
    sent, failed, _ = mail.send_queued(processes=PROCESSES)
    if failed or sent != MAILS:
        raise SystemExit(f"django-post_office : {sent} messages partis sur {MAILS}.")
    return MAILS / (time.monotonic() - start)


def main(url: str, vendor: str) -> None:
    """Make its tables, then measure."""
    configure(url, vendor)
    from django.core.management import call_command

    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    print(json.dumps(measure()))  # noqa: T201 (read by the bench)


if __name__ == "__main__":
    main(*sys.argv[1:3])
