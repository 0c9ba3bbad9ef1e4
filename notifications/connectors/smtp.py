"""E-mail by plain SMTP: any mail server, one connection for a batch."""

import smtplib
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formataddr, make_msgid

import requests

from integrations import credential_use
from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    TransientError,
)
from notifications.connectors import registry
from notifications.connectors.base import Access, Message, MessageConnector, Outcome


class _Policy(EmailPolicy):
    """Headers that hold addresses of pages stay on one line: the library would write a long one in encoded words, which
    no mail program reads there (RFC 2369), and the one-click way out would be lost."""

    def fold(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if _holds_links(name, value) else super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if _holds_links(name, value):
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


def _holds_links(name: str, value: str) -> bool:
    return name.lower().startswith("list-") and value.isascii()


POLICY = _Policy()
TIMEOUT_SECONDS = 20
DEFAULT_PORT = 587


@registry.register
class Smtp(MessageConnector):
    slug, label, channel = "smtp", "Serveur de courrier (SMTP)", "email"
    address = ""
    batch_size = window = 50
    required_keys = ("host", "from_email", "from_name")
    optional_keys = ("port", "username", "password", "security")

    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """Raises TransientError or AccountDisconnected when the server cannot be entered: then nothing left."""
        server = self._connect(access)
        outcomes = []
        try:
            for message in messages:
                outcomes.append(self._send_one(server, message, access))
        except smtplib.SMTPServerDisconnected:
            # Answered inside _send_one for the message in flight; those after it never left.
            lost = TransientError(
                "Le serveur de courrier a fermé la connexion ; un nouvel essai suivra.", code="closed"
            )
            done = {outcome.message_id for outcome in outcomes}
            outcomes += [Outcome(message.id, error=lost) for message in messages if message.id not in done]
        finally:
            self._close(server)
        return outcomes

    def check(self, access: Access) -> str:
        self._close(self._connect(access))
        return access["from_email"]

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return None

    def _connect(self, access: Access) -> smtplib.SMTP:
        try:
            server = smtplib.SMTP(access["host"], int(access["port"] or DEFAULT_PORT), timeout=TIMEOUT_SECONDS)
            if access["security"] != "none":
                server.starttls()
            if access["username"]:
                server.login(access["username"], access["password"])
        except smtplib.SMTPAuthenticationError as error:
            refused = AccountDisconnected(
                "Le serveur de courrier refuse l'identifiant ou le mot de passe : corrigez-les.",
                code=str(error.smtp_code),
            )
            credential_use.note(self.slug, refused)
            raise refused from None
        except (OSError, smtplib.SMTPException) as error:
            raise TransientError(
                "Le serveur de courrier ne répond pas ; un nouvel essai suivra.", code=type(error).__name__
            ) from None
        # No HTTP client sees these calls: one visit is one use.
        credential_use.note(self.slug, None)
        return server

    def _send_one(self, server: smtplib.SMTP, message: Message, access: Access) -> Outcome:
        try:
            letter = _letter(message, access)
        except ValueError as error:
            # A line end in a header, or an address that no header can hold.
            refused = ContentRejected(
                "Cet objet ou cette adresse ne peut pas figurer dans un e-mail.", code=str(error)[:80]
            )
            return Outcome(message.id, error=refused)
        try:
            server.send_message(letter)
        except smtplib.SMTPRecipientsRefused as error:
            return Outcome(message.id, error=_refusal(*next(iter(error.recipients.values())), about=InvalidRecipient))
        except smtplib.SMTPResponseException as error:
            return Outcome(message.id, error=_refusal(error.smtp_code, error.smtp_error, about=ContentRejected))
        except (OSError, smtplib.SMTPServerDisconnected):
            unknown = OutcomeUnknown("Le serveur de courrier n'a pas répondu après l'envoi.", code="no_answer")
            return Outcome(message.id, error=unknown)
        return Outcome(message.id, str(letter["Message-ID"]))

    @staticmethod
    def _close(server: smtplib.SMTP) -> None:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def _letter(message: Message, access: Access) -> EmailMessage:
    letter = EmailMessage(POLICY)
    letter["From"] = formataddr((access["from_name"], access["from_email"]))
    letter["To"] = formataddr((message.name, message.to))
    letter["Subject"] = message.subject
    letter["Message-ID"] = make_msgid(idstring=message.id, domain=access["from_email"].rpartition("@")[2])
    for name, value in message.headers.items():
        letter[name] = value
    letter.set_content(message.text)
    if message.html:
        letter.add_alternative(message.html, subtype="html")
    return letter


def _refusal(code: int, answer: bytes | str, *, about: type[CommunicationError]) -> CommunicationError:
    """4xx replies ask to come back later; 5xx ones are final (RFC 5321, section 4.2.1)."""
    said = answer.decode(errors="replace") if isinstance(answer, bytes) else str(answer)
    if 400 <= code < 500:
        return TransientError(
            "Le serveur de courrier demande de réessayer plus tard.", code=str(code), vendor_answer=said
        )
    return about("Le serveur de courrier refuse ce message.", code=str(code), vendor_answer=said)
