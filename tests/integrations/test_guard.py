"""Addresses that people give must not lead inside: spellings, names, redirects, names that change their mind."""

import socket
import threading

import pytest

from integrations import addresses
from integrations.errors import PermanentError, TransientError
from integrations.guard import check_public_url, fetch_public, post_public
from tests.integrations import local_server

PNG = ("image/png", "image/*")


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


# --- Reading the address ----------------------------------------------------------------------------------------------
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
        fetch_public("https://nowhere.example/", max_bytes=10, accept=PNG)


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


# --- Fetching ---------------------------------------------------------------------------------------------------------
def png(handler):
    handler.reply(200, b"\x89PNG", {"Content-Type": "image/png; charset=x"})


def test_a_public_file_comes_back_with_its_type(outside):
    with local_server.http_server(png) as server:
        answer = fetch_public(f"http://site.example:{server.port}/a?b=%C3%A9#c", max_bytes=4, accept=("image/*",))

    assert answer == (b"\x89PNG", "image/png")
    method, path, headers, _ = server.requests[0]
    assert (method, path, headers["Host"]) == ("GET", "/a?b=%C3%A9", f"site.example:{server.port}")
    assert headers["Accept"] == "image/*"


def test_a_name_that_changes_its_mind_is_not_asked_again(outside):
    outside.table["rebind.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    with local_server.http_server(png) as server:
        fetch_public(f"http://rebind.example:{server.port}/", max_bytes=10, accept=PNG)

    assert outside.asked == ["rebind.example"]
    assert len(server.requests) == 1


def test_the_environments_proxy_is_not_used(outside, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{local_server.free_port()}")
    monkeypatch.setenv("no_proxy", "")
    with local_server.http_server(png) as server:
        assert fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)[0] == b"\x89PNG"


def test_the_next_address_is_tried_when_the_first_does_not_answer(outside, monkeypatch):
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    outside.table["two.example"] = [["127.0.0.3", "127.0.0.1"]]
    with local_server.http_server(png) as server:
        assert fetch_public(f"http://two.example:{server.port}/", max_bytes=10, accept=PNG)[1] == "image/png"


def test_every_hop_is_checked(outside):
    outside.table["inside.example"] = [["10.0.0.1"]]

    def answer(handler):
        handler.reply(302, headers={"Location": "http://inside.example/admin"})

    with local_server.http_server(answer) as server, pytest.raises(PermanentError, match="« inside.example » mène"):
        fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)


@pytest.mark.parametrize(("hops", "passes"), [(3, True), (4, False)])
def test_three_redirects_are_enough(outside, hops, passes):
    def answer(handler):
        hop = int(handler.path[1:])
        if hop < hops:
            handler.reply(301, headers={"Location": f"/{hop + 1}"})
        else:
            png(handler)

    with local_server.http_server(answer) as server:
        if passes:
            assert fetch_public(f"http://site.example:{server.port}/0", max_bytes=10, accept=PNG)[0] == b"\x89PNG"
        else:
            with pytest.raises(PermanentError) as caught:
                fetch_public(f"http://site.example:{server.port}/0", max_bytes=10, accept=PNG)
            assert caught.value.code == "too_many_redirects"


def test_an_announced_size_is_refused_before_reading(outside):
    with local_server.http_server(png) as server, pytest.raises(PermanentError) as caught:
        fetch_public(f"http://site.example:{server.port}/", max_bytes=3, accept=PNG)

    assert caught.value.code == "too_big"


def test_an_endless_file_is_cut(outside):
    stopped = threading.Event()

    def endless(connection, seen):
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 65_536)
        except OSError:
            stopped.set()

    with local_server.raw_server(endless) as server:
        with pytest.raises(PermanentError) as caught:
            fetch_public(f"http://site.example:{server.port}/", max_bytes=100_000, accept=PNG)
        assert stopped.wait(5)

    assert caught.value.code == "too_big"


@pytest.mark.parametrize(("kind", "shown"), [("text/html", "text/html"), ("", "?")])
def test_another_type_is_refused(outside, kind, shown):
    def answer(handler):
        handler.reply(200, b"<html>", {"Content-Type": kind} if kind else {})

    with (
        local_server.http_server(answer) as server,
        pytest.raises(PermanentError, match=f"type « {'[?]' if shown == '?' else shown} »"),
    ):
        fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)


@pytest.mark.parametrize(
    ("status", "error"),
    [(204, PermanentError), (403, PermanentError), (404, PermanentError), (429, TransientError), (503, TransientError)],
)
def test_a_refusal_says_whether_to_come_back(outside, status, error):
    with local_server.http_server(lambda handler: handler.reply(status)) as server, pytest.raises(error) as caught:
        fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)

    assert caught.value.code == str(status)


def test_a_silent_server_is_left(outside):
    def silent(connection, seen):
        connection.recv(65_536)
        connection.recv(1)

    with local_server.raw_server(silent) as server, pytest.raises(TransientError) as caught:
        fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)

    assert caught.value.code == "read_timeout"


def test_tls_checks_the_name_and_not_the_pinned_address(outside, monkeypatch, tmp_path):
    outside.table["other.example"] = [["127.0.0.1"]]
    certificate = local_server.make_certificate(tmp_path, "site.example")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with local_server.http_server(png, local_server.server_tls(certificate)) as server:
        fetched = fetch_public(f"https://site.example:{server.port}/", max_bytes=10, accept=PNG)
        with pytest.raises(PermanentError) as caught:
            fetch_public(f"https://other.example:{server.port}/", max_bytes=10, accept=PNG)

    assert fetched == (b"\x89PNG", "image/png")
    assert caught.value.code == "tls_refused"
    assert len(server.requests) == 1


# --- Webhooks ---------------------------------------------------------------------------------------------------------
def test_a_webhook_is_posted_as_it_is(outside):
    with local_server.http_server(lambda handler: handler.reply(202, b"ok")) as server:
        answer = post_public(
            f"http://site.example:{server.port}/hook", b'{"a":1}', {"webhook-id": "msg_1", "Host": "evil"}
        )

    assert (answer.status_code, answer.text) == (202, "ok")
    method, path, headers, body = server.requests[0]
    assert (method, path, headers["webhook-id"], body) == ("POST", "/hook", "msg_1", b'{"a":1}')
    assert headers.get_all("Host") == [f"site.example:{server.port}"]


@pytest.mark.parametrize("status", [302, 410, 500])
def test_a_webhook_answer_is_given_back_and_not_followed(outside, status):
    with local_server.http_server(
        lambda handler: handler.reply(status, headers={"Location": "http://10.0.0.1/"})
    ) as server:
        answer = post_public(f"http://site.example:{server.port}/", b"{}", {})

    assert answer.status_code == status
    assert len(server.requests) == 1


def test_a_long_webhook_answer_is_cut(outside):
    with local_server.http_server(lambda handler: handler.reply(200, b"x" * 300_000)) as server:
        answer = post_public(f"http://site.example:{server.port}/", b"{}", {})

    assert len(answer.content) == 65_536


def test_a_webhook_to_a_private_address_is_refused(outside):
    with pytest.raises(PermanentError):
        post_public("http://169.254.169.254/latest/meta-data/", b"{}", {})


def test_a_webhook_whose_answer_is_lost_is_repeated(outside):
    def accept_and_reset(connection, seen):
        connection.recv(65_536)
        local_server.reset(connection)

    with local_server.raw_server(accept_and_reset) as server, pytest.raises(TransientError):
        post_public(f"http://site.example:{server.port}/", b"{}", {})
