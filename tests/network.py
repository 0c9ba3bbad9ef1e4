"""Shut the network during the tests: only this machine may be reached, by any library."""

import contextlib
import ipaddress
import socket


class NetworkShut(AssertionError):
    """A test tried to leave this machine; not an OSError, so that no retry or fallback swallows it."""


def is_local(host) -> bool:
    """Whether a host name or address designates this machine."""
    if host in (None, "", b"", "localhost", b"localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _is_address(host) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host)
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def loopback_only():
    """Refuse connections to other machines and look-ups of their names, with an error no code under test catches."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(family, address):
        if family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
            raise NetworkShut(f"connexion vers {address[0]} pendant un test")

    def guarded_connect(self, address):
        check(self.family, address)
        return connect(self, address)

    def guarded_connect_ex(self, address):
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host, *args, **kwargs):
        if not is_local(host) and not _is_address(host):
            raise NetworkShut(f"recherche du nom {host} pendant un test")
        return getaddrinfo(host, *args, **kwargs)

    socket.socket.connect, socket.socket.connect_ex = guarded_connect, guarded_connect_ex
    socket.getaddrinfo = guarded_getaddrinfo
    try:
        yield
    finally:
        socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo = connect, connect_ex, getaddrinfo
