"""Addresses that people give must not lead inside, however they are spelled and whatever their name says."""

import pytest

from integrations import addresses
from integrations.errors import PermanentError, TransientError
from integrations.guard import check_public_url, fetch_public


@pytest.mark.parametrize(
    "url",
    [
        "https://public.example",
        "http://public.example:8080/a?b=c#d",
        "https://PUBLIC.example./",
        "https://93.184.216.34/",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    ],
)
def test_a_public_address_passes(dns, url):
    assert check_public_url(url) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "127.0.0.1",
        "127.0.0.1.",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
        "[2001:db8::1]",
        "１２７.0.0.1",
        "127。0。0。1",
        "ⓛocalhost",
    ],
)
def test_a_private_address_is_refused_in_every_spelling(dns, host):
    with pytest.raises(PermanentError) as caught:
        check_public_url(f"http://{host}/")

    assert caught.value.code == "url_private"
    assert dns.asked == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.1", "017700000001", "1.2.3.4.5", "%31%32%37.0.0.1", "[fe80::1%25eth0]", "a..b", "public.example..", "-a.example", "x" * 64 + ".example", "é" * 300 + ".example", "[::1", ""]
)  # fmt: skip
def test_a_host_that_programs_read_differently_is_refused(dns, host):
    with pytest.raises(PermanentError) as caught:
        check_public_url(f"http://{host}/")

    assert caught.value.code in {"url_host", "url_syntax"}
    assert dns.asked == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://public.example/", "url_scheme"),
        ("file:///etc/passwd", "url_scheme"),
        ("javascript:alert(1)", "url_scheme"),
        ("//public.example/", "url_scheme"),
        ("https://user:pass@public.example/", "url_userinfo"),
        ("https://public.example@10.0.0.1/", "url_userinfo"),
        ("https://public.example\\@10.0.0.1/", "url_characters"),
        ("https://public.example/a b", "url_characters"),
        ("https://public.example/\r\nX-Evil: 1", "url_characters"),
        ("https://public.example\u200b.evil/", "url_characters"),
        (" https://public.example/", "url_characters"),
        ("https://public.example:99999/", "url_host"),
        ("https://public.example:80a/", "url_host"),
        ("", "url_length"),
        ("https://public.example/" + "a" * 2048, "url_length"),
    ],
)
def test_an_odd_address_is_refused_in_french(dns, url, code):
    with pytest.raises(PermanentError) as caught:
        check_public_url(url)

    assert caught.value.code == code
    assert "adresse" in str(caught.value)


@pytest.mark.parametrize(
    "answers", [["10.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["fe80::1%eth0"], ["::ffff:10.0.0.1"]]
)
def test_a_name_with_one_private_address_is_refused(dns, answers):
    dns.table["rebound.example"] = [answers]

    with pytest.raises(PermanentError, match="« rebound.example » mène à un réseau privé"):
        check_public_url("https://rebound.example/")


def test_an_unknown_name_is_refused_at_entry_and_only_late_when_fetching(dns):
    with pytest.raises(PermanentError, match="introuvable"):
        check_public_url("https://nowhere.example/")
    with pytest.raises(TransientError, match="introuvable"):
        fetch_public("https://nowhere.example/", max_bytes=10, accept=())


@pytest.mark.parametrize("entry", ["10.0.0.5:9000", "10.0.0.5"])
def test_a_trusted_host_passes(dns, settings, entry):
    settings.PRIVATE_HOSTS_ALLOWED = [entry]

    assert check_public_url("http://10.0.0.5:9000/hook") is None


def test_a_trusted_port_does_not_open_the_others(dns, settings):
    settings.PRIVATE_HOSTS_ALLOWED = ["10.0.0.5:9000"]

    with pytest.raises(PermanentError):
        check_public_url("http://10.0.0.5:9001/hook")


def test_names_resolve_to_each_of_their_addresses_once():
    assert addresses.resolve("127.0.0.1", 80) == ["127.0.0.1"]
