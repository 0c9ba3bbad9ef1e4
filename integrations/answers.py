"""What a vendor answered, read with the least trust: a name that is not there is the vendor's fault, not a crash of ours."""

from collections.abc import Callable
from typing import Any

import requests
from django.utils.translation import gettext as _

from integrations.errors import OutcomeUnknown, TransientError

BAD_ANSWER = "bad_answer"
# Of an answer: what is searched for our secrets, and what of that is kept. Cut first, half a secret would pass.
BODY_SEARCHED, ANSWER_KEPT = 65_536, 2_000


class OutcomeNotTold(OutcomeUnknown, KeyError):
    """It was done, and the answer does not say what became of it: read the vendor back."""

    __str__ = OutcomeUnknown.__str__


class NotTold(TransientError, KeyError):
    """A reading that says something else than agreed; the same one may be well later."""

    __str__ = TransientError.__str__


class Told(dict[str, Any]):
    """A JSON object of a vendor: asking for a name that it lacks raises one of the errors above, which are KeyErrors too."""

    __slots__ = ("_blame",)

    def __init__(self, entries: dict[str, Any], blame: Callable[[str], Exception]) -> None:
        super().__init__(entries)
        self._blame = blame

    def __missing__(self, name: str) -> Any:
        raise self._blame(name)

    def __reduce__(self) -> Any:
        # Copied or stored, it is plain data.
        return dict, (dict(self),)


def distrust(response: requests.Response, slug: str, *, creates: bool, mask: Callable[[str], str]) -> requests.Response:
    """Have `response.json()` give objects that blame the vendor for what they lack.

    creates: the call made something there. mask: keeps our secrets out of what is kept of the answer.
    """
    kind = OutcomeNotTold if creates else NotTold

    def blame(name: str) -> Exception:
        words = {"slug": slug, "name": name}
        return kind(
            _("« %(slug)s » répond sous une forme inattendue : il y manque « %(name)s ».") % words,
            code=BAD_ANSWER,
            vendor_answer=mask(response.text[:BODY_SEARCHED])[:ANSWER_KEPT],
            action=_("Rien, si cela passe ; sinon, demander la mise à jour de ce connecteur."),
        )

    def told(entries: dict[str, Any]) -> Told:
        return Told(entries, blame)

    read = response.json
    response.json = lambda **options: read(**{"object_hook": told, **options})  # type: ignore[method-assign]
    return response
