"""Fixtures of the ground floor's tests."""

import socket

import pytest

from integrations import addresses


@pytest.fixture
def dns(monkeypatch, settings):
    """A table of names; each look-up takes the next answer of its list, the last one staying."""
    settings.PRIVATE_HOSTS_ALLOWED = []
    settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT = 1, 0.4
    table, asked = {}, []

    def resolve(host, port):
        asked.append(host)
        answers = table.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    monkeypatch.setattr(addresses, "resolve", resolve)
    table["public.example"] = [["93.184.216.34", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]]
    resolve.table, resolve.asked = table, asked
    return resolve


@pytest.fixture
def outside(dns, monkeypatch):
    """Take 127.0.0.1, where the test servers are, for the public Internet; the rest of loopback stays private."""
    real = addresses.is_public
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1" or real(address))
    dns.table["site.example"] = [["127.0.0.1"]]
    return dns
