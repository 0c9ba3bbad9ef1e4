"""Which addresses are public: reading an URL one way only, resolving its name, judging where it leads."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna
from django.conf import settings
from django.utils.translation import gettext as _

from integrations.errors import PermanentError, TransientError

_MAX_URL = 2_048
_MAX_ADDRESSES = 4
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# A last label of this kind makes C libraries and browsers read the whole host as a number: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")
_LOCAL_SUFFIXES = (".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Target:
    """An address taken apart and written again from its parts, so that nobody can read it differently from us."""

    url: str
    scheme: str
    host: str
    port: int
    trusted: bool

    @property
    def authority(self) -> str:
        """Host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def parse(url: str) -> Target:
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise _refused(_("L'adresse doit commencer par https:// (ou http://)."), "scheme")
    if "@" in parts.netloc:
        raise _refused(_("L'adresse ne doit contenir ni identifiant ni mot de passe (pas de « @ »)."), "userinfo")
    try:
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        raise _refused(_("Le nom de serveur ou le port de l'adresse n'est pas valable."), "host") from None
    port = (443 if parts.scheme == "https" else 80) if port is None else port
    shown = f"[{host}]" if ":" in host else host
    allowed = {entry.strip().lower() for entry in settings.PRIVATE_HOSTS_ALLOWED}
    trusted = bool(allowed & {shown, host, f"{shown}:{port}"})
    target = Target("", parts.scheme, host, port, trusted)
    rebuilt = urlunsplit((parts.scheme, target.authority, parts.path or "/", parts.query, ""))
    return Target(rebuilt, parts.scheme, host, port, trusted)


def _split(url: str) -> SplitResult:
    """Split, after refusing what programs read in different ways (blanks, controls, backslashes)."""
    if not isinstance(url, str) or not url or len(url) > _MAX_URL:
        raise _refused(_("L'adresse est vide ou trop longue (%(max)s signes au plus).") % {"max": _MAX_URL}, "length")
    if "\\" in url or any(sign.isspace() or not sign.isprintable() for sign in url):
        raise _refused(_("L'adresse contient une espace, une barre inversée ou un signe invisible."), "characters")
    try:
        return urlsplit(url)
    except ValueError:
        raise _refused(_("L'adresse n'est pas une URL valable."), "syntax") from None


def _host(host: str) -> str:
    """Return the one spelling of a host: ASCII, lower case, no final dot; raises ValueError."""
    if ":" in host:
        if "%" in host:
            raise ValueError("zone")
        return str(ipaddress.IPv6Address(host))
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode()
        except idna.IDNAError:
            raise ValueError("idna") from None
    host = host.lower().removesuffix(".")
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise ValueError("name")
    if _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]):
        return str(ipaddress.IPv4Address(host))
    return host


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of `host`; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public Internet, also when it wraps another one."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.is_global and not ip.is_multicast and not ip.is_reserved
    inner = _embedded(ip)
    if inner is not None:
        return is_public(str(inner))
    # Only 2000::/3 is given out as unicast Internet; the rest is local, reserved or translation.
    return ip in ipaddress.ip_network("2000::/3") and ip.is_global and ip.scope_id is None


def _embedded(ip: ipaddress.IPv6Address) -> Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo, NAT64."""
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if ip in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return None


def public_addresses(target: Target) -> list[str]:
    """Resolve and check every address: one private address among public ones is the mark of an attack."""
    if target.host == "localhost" or target.host.endswith(_LOCAL_SUFFIXES):
        raise _private(target.host)
    try:
        ipaddress.ip_address(target.host)
        addresses = [target.host]
    except ValueError:
        addresses = _resolved(target)
    if not all(is_public(address.partition("%")[0]) and "%" not in address for address in addresses):
        raise _private(target.host)
    return addresses[:_MAX_ADDRESSES]


def _resolved(target: Target) -> list[str]:
    try:
        addresses = resolve(target.host, target.port)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise TransientError(
            _("Le serveur « %(host)s » est introuvable (nom inconnu du DNS).") % {"host": target.host},
            code="dns",
            action=_("Vérifier l'orthographe du nom, ou réessayer plus tard."),
        )
    return addresses


def _refused(message: str, code: str) -> PermanentError:
    return PermanentError(message, code=f"url_{code}", action=_("Corriger l'adresse."))


def _private(host: str) -> PermanentError:
    return PermanentError(
        _("L'adresse « %(host)s » mène à un réseau privé ou réservé, ce qui est refusé.") % {"host": host},
        code="url_private",
        action=_("Donner une adresse publique, ou ajouter cet hôte à PRIVATE_HOSTS_ALLOWED s'il est de confiance."),
    )
