"""The default table from statuses and broken lines to our errors, with the words staff will read."""

import requests
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from requests import exceptions as broken

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from integrations.transport import TlsRefused, never_sent, root_cause

_REJECTED = frozenset({400, 413, 415, 422})
_TRANSIENT = frozenset({408, 425})
# A gateway that gave up waiting says nothing of what the vendor behind it did, even when it says so in JSON.
_GATEWAY_TIMEOUT = 504


def from_status(slug: str, response: requests.Response, *, creates: bool) -> CommunicationError:
    """Return the error of a response with status >= 400."""
    status = response.status_code
    words = {"slug": slug, "status": status}
    if status == 401:
        return AccountDisconnected(
            _("« %(slug)s » ne reconnaît plus nos identifiants (%(status)s).") % words,
            action=_("Reconnecter ce compte, puis relancer."),
        )
    if status == 429:
        return RateLimited(_("« %(slug)s » demande de ralentir (%(status)s) ; l'envoi reprendra seul.") % words)
    if status in _REJECTED:
        return ContentRejected(
            _("« %(slug)s » refuse ce contenu (%(status)s).") % words,
            action=_("Lire la réponse du fournisseur, corriger le contenu, puis relancer."),
        )
    if status >= 500 and creates and (status == _GATEWAY_TIMEOUT or not _has_json_object(response)):
        return unknown(slug, code=str(status))
    if status >= 500 or status in _TRANSIENT:
        return TransientError(
            _("« %(slug)s » est momentanément indisponible (%(status)s) ; l'envoi reprendra seul.") % words
        )
    return PermanentError(
        _("« %(slug)s » refuse cette demande (%(status)s).") % words,
        action=_("Vérifier les droits du compte et la configuration de ce fournisseur."),
    )


def from_transport(slug: str, error: BaseException, *, creates: bool) -> CommunicationError:
    """Return the error of a call that brought no whole response back."""
    words = {"slug": slug}
    if isinstance(root_cause(error), TlsRefused):
        return PermanentError(
            _("La connexion chiffrée avec « %(slug)s » est refusée : certificat non valable ou TLS trop ancien.")
            % words,
            code="tls_refused",
            action=_(
                "Vérifier l'adresse et le certificat ; si ce serveur ne connaît que TLS 1.2, poser HTTP_MIN_TLS=1.2."
            ),
        )
    if never_sent(error):
        return TransientError(
            _("« %(slug)s » est injoignable ; rien n'est parti, un nouvel essai aura lieu.") % words,
            code="connect_timeout" if isinstance(error, broken.ConnectTimeout) else "unreachable",
        )
    if _is_our_fault(error):
        return PermanentError(
            _("L'appel à « %(slug)s » n'a pas pu être formé : adresse, identifiant ou certificats mal configurés.")
            % words,
            code="bad_request_setup",
            action=_("Vérifier l'adresse et les identifiants de ce fournisseur dans la configuration."),
        )
    code = "read_timeout" if isinstance(error, broken.ReadTimeout) else "connection_lost"
    if creates:
        return unknown(slug, code=code)
    return TransientError(
        _("La réponse de « %(slug)s » n'est pas arrivée ; un nouvel essai aura lieu.") % words, code=code
    )


def unknown(slug: str, *, code: str) -> OutcomeUnknown:
    """Return the error of a creation that left and was not answered for."""
    return OutcomeUnknown(
        _("« %(slug)s » n'a pas confirmé : l'envoi est peut-être fait. Il ne sera pas répété sans vérification.")
        % {"slug": slug},
        code=code,
        action=_("Attendre la vérification automatique, ou regarder chez le fournisseur."),
    )


def redirected(slug: str, status: int) -> PermanentError:
    """Return the error of a redirect that we do not follow."""
    return PermanentError(
        _("« %(slug)s » renvoie vers une autre adresse (%(status)s), que nous ne suivons pas.")
        % {"slug": slug, "status": status},
        code=str(status),
        action=_("Corriger l'adresse de ce fournisseur dans la configuration."),
    )


def _is_our_fault(error: BaseException) -> bool:
    """Bad address, bad header, a token with foreign letters, a missing CA file: found before anything was sent."""
    if isinstance(error, ImproperlyConfigured | ValueError) and not isinstance(error, broken.JSONDecodeError):
        return True
    return isinstance(error, OSError) and not isinstance(error, requests.RequestException)


def _has_json_object(response: requests.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False
