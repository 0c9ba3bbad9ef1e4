"""Fetching and posting to addresses of others: redirects, names that change their mind, sizes, types, TLS."""

import threading

import pytest

from integrations import addresses, guard
from integrations.errors import PermanentError, TransientError
from integrations.guard import fetch_public, post_public
from tests.integrations import local_server

PNG = ("image/png", "image/*")


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


def test_a_file_that_drips_is_left(outside, monkeypatch):
    monkeypatch.setattr(guard, "_TOTAL_SECONDS", -1)
    with local_server.http_server(png) as server, pytest.raises(TransientError) as caught:
        fetch_public(f"http://site.example:{server.port}/", max_bytes=10, accept=PNG)

    assert caught.value.code == "too_slow"


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
