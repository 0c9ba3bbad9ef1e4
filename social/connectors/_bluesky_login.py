"""Bluesky by an app password: typed once, tried at once, and its session ended when the account is left."""

from typing import Any

from social.connectors import _servers, _sessions
from social.connectors._atproto import AtProto, owner_of
from social.connectors._login import App, Candidate, Question
from social.connectors.base import Credentials

BLUESKY = "https://bsky.social"


class BlueskyLogin(AtProto):
    can_connect = signs_in = True
    address = BLUESKY
    questions = (
        Question("identifier", "Nom de votre compte", placeholder="levieuxmoulin.bsky.social"),
        Question(
            "app_password",
            "Mot de passe d'application",
            placeholder="xxxx-xxxx-xxxx-xxxx",
            help_text="Créez-le dans Bluesky : Paramètres, Confidentialité et sécurité, Mots de passe d'application. "
            "Ce n'est pas votre mot de passe.",
            is_secret=True,
        ),
        Question(
            "address",
            "Serveur",
            initial=BLUESKY,
            help_text="À changer seulement si votre compte est hébergé ailleurs que chez Bluesky.",
        ),
    )

    def sign_in(self, answers: dict[str, str]) -> list[Candidate]:
        secrets = {
            "identifier": answers["identifier"].strip().removeprefix("@"),
            "app_password": answers["app_password"].strip(),
        }
        server = _servers.typed(answers["address"], BLUESKY)
        chosen = {"instance_url": server}
        session = self.session(Credentials(secrets["identifier"], secrets=secrets, settings=chosen))
        handle = session["handle"] or secrets["identifier"]
        return [Candidate("bluesky", secrets["identifier"], handle, handle, secrets, chosen)]

    def revoke(self, app: App, secrets: dict[str, str]) -> None:
        """End the session that we hold. The password itself can only be taken back by the person, at Bluesky."""
        account = Credentials(secrets["identifier"], secrets=secrets, settings={"instance_url": app.address})
        owner = owner_of(account)
        known: dict[str, Any] = _sessions.recall(self.slug, owner)
        if known:
            self.ask(account, "POST", "com.atproto.server.deleteSession", known["refreshJwt"], creates=False)
            _sessions.forget(self.slug, owner)
