"""The HTTP client against real sockets: what was sent when the line broke, and which TLS is spoken."""

import socket
import ssl
import threading

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured

from integrations.errors import OutcomeUnknown, PermanentError, TransientError
from integrations.http import HttpClient, new_session
from tests.integrations import local_server


@pytest.fixture
def client(settings):
    settings.HTTP_CONNECT_TIMEOUT, settings.HTTP_READ_TIMEOUT = 2, 0.3
    return HttpClient("vendor")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return local_server.make_certificate(tmp_path_factory.mktemp("tls"), "127.0.0.1", "secure.example")


def read_request(connection, seen):
    """Read one request whole, head and body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    seen.requests.append(body)


def accept_and_wait(connection, seen):
    read_request(connection, seen)
    connection.recv(1)  # the client's farewell


def accept_and_reset(connection, seen):
    read_request(connection, seen)
    local_server.reset(connection)


def accept_and_close(connection, seen):
    read_request(connection, seen)


def accept_and_cut_the_body(connection, seen):
    read_request(connection, seen)
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{")


def accept_and_stall_in_the_body(connection, seen):
    accept_and_cut_the_body(connection, seen)
    connection.recv(1)


def answer_with_noise(connection, seen):
    read_request(connection, seen)
    connection.sendall(b"\x00\x01nonsense\r\n\r\n")


LOST = [
    accept_and_wait,
    accept_and_reset,
    accept_and_close,
    accept_and_cut_the_body,
    accept_and_stall_in_the_body,
    answer_with_noise,
]


@pytest.mark.parametrize("behave", LOST)
def test_a_creation_whose_answer_is_lost_is_unknown_and_sent_once(client, behave):
    with local_server.raw_server(behave) as server:
        with pytest.raises(OutcomeUnknown):
            client.post(f"{server.url}/posts", json={"text": "Bonjour"}, token="s3cret-token")

        assert server.requests == [b'{"text": "Bonjour"}']


@pytest.mark.parametrize("behave", LOST)
def test_a_read_whose_answer_is_lost_may_be_repeated(client, behave):
    with local_server.raw_server(behave) as server, pytest.raises(TransientError):
        client.get(f"{server.url}/posts")


def test_a_refused_connection_sent_nothing(client):
    with pytest.raises(TransientError) as caught:
        client.post(f"http://127.0.0.1:{local_server.free_port()}/posts")

    assert caught.value.code == "unreachable"


def test_an_unknown_name_sent_nothing(client, monkeypatch):
    def fail(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(TransientError) as caught:
        client.post("https://api.vendor.test/posts")

    assert caught.value.code == "unreachable"
    assert "NameResolutionError" in caught.value.vendor_answer


def test_a_handshake_that_never_ends_sent_nothing(client, settings):
    settings.HTTP_CONNECT_TIMEOUT = 0.3
    with (
        local_server.raw_server(lambda connection, seen: connection.recv(65_536) and connection.recv(65_536)) as server,
        pytest.raises(TransientError) as caught,
    ):
        client.post(f"https://127.0.0.1:{server.port}/posts")

    assert caught.value.code == "unreachable"


def test_a_handshake_cut_short_sent_nothing(client):
    def hang_up(connection, seen):
        connection.recv(65_536)
        local_server.reset(connection)

    with local_server.raw_server(hang_up) as server, pytest.raises(TransientError) as caught:
        client.post(f"https://127.0.0.1:{server.port}/posts")

    assert caught.value.code == "unreachable"


def test_a_proxy_that_is_down_sent_nothing(client, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{local_server.free_port()}")
    monkeypatch.setenv("no_proxy", "")

    with pytest.raises(TransientError):
        client.post("http://api.vendor.test/posts")


# --- TLS --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("floor", "ceiling", "passes"),
    [
        ("1.3", ssl.TLSVersion.TLSv1_3, True),
        ("1.3", ssl.TLSVersion.TLSv1_2, False),
        ("1.2", ssl.TLSVersion.TLSv1_2, True),
    ],
)
def test_a_server_with_older_tls_is_refused(client, settings, monkeypatch, certificate, floor, ceiling, passes):
    settings.HTTP_MIN_TLS = floor
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    tls = local_server.server_tls(certificate, ceiling)
    with local_server.http_server(lambda handler: handler.reply(200), tls) as server:
        address = f"https://127.0.0.1:{server.port}/"
        if passes:
            assert client.post(address).status_code == 200
        else:
            with pytest.raises(PermanentError) as caught:
                client.post(address)
            assert caught.value.code == "tls_refused"
            assert "HTTP_MIN_TLS=1.2" in caught.value.action
            assert server.requests == []


def test_a_certificate_nobody_vouches_for_is_refused(client, monkeypatch, certificate):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with local_server.http_server(lambda handler: handler.reply(200), local_server.server_tls(certificate)) as server:
        with pytest.raises(PermanentError) as caught:
            client.post(f"https://127.0.0.1:{server.port}/", token="s3cret-token")

        assert caught.value.code == "tls_refused"
        assert server.requests == []


def test_an_odd_tls_floor_is_explained(settings):
    settings.HTTP_MIN_TLS = "1.1"

    with pytest.raises(ImproperlyConfigured, match="HTTP_MIN_TLS vaut « 1.1 »"):
        new_session()


# --- Session ----------------------------------------------------------------------------------------------------------
def test_the_line_is_kept_open_and_cookies_are_not(client):
    ports = []

    def answer(handler):
        ports.append(handler.client_address[1])
        handler.reply(200, headers={"Set-Cookie": "track=1; Path=/"})

    with local_server.http_server(answer) as server:
        for _ in range(3):
            client.get(server.url)

        assert len(set(ports)) == 1
        assert [headers.get("Cookie") for _, _, headers, _ in server.requests] == [None, None, None]


@pytest.mark.parametrize(
    ("size", "pieces"), [(0, 1), (1000, 1), (200_000, 2)], ids=["no body", "a message", "a photograph"]
)
def test_a_short_request_leaves_in_one_piece(client, monkeypatch, size, pieces):
    sent = []
    send = socket.socket.sendall
    monkeypatch.setattr(socket.socket, "sendall", lambda line, data, *flags: (sent.append(data), send(line, data)))
    with local_server.http_server(lambda handler: handler.reply(200)) as server:
        answer = client.post(server.url, content=b"x" * size)
        own = [data for data in sent if data and not data.startswith(b"HTTP/")]

        assert server.requests[0][3] == b"x" * size
    assert answer.status_code == 200
    assert len(own) == pieces
    assert own[0].startswith(b"POST / HTTP/1.1\r\n")


def test_lines_to_many_hosts_are_not_all_kept():
    session = new_session()
    adapter = session.get_adapter("http://vendor.test")

    def line_to(host):
        return adapter.get_connection_with_tls_context(requests.Request("GET", f"http://{host}").prepare(), True)

    first = line_to("first.test")
    assert line_to("first.test") is first
    for number in range(100):
        line_to(f"host{number}.test")
    assert len(adapter._lines) <= 32
    assert line_to("first.test") is not first
    session.close()
    assert not adapter._lines


def test_two_threads_do_not_share_a_line(client):
    ports = []

    def answer(handler):
        ports.append(handler.client_address[1])
        handler.reply(200)

    with local_server.http_server(answer) as server:
        client.get(server.url)
        other = threading.Thread(target=client.get, args=(server.url,))
        other.start()
        other.join()

    assert len(set(ports)) == 2


def test_credentials_of_netrc_are_never_added(client, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with local_server.http_server(lambda handler: handler.reply(200)) as server:
        client.get(server.url)
        client.get(server.url, token="ours")
        client.get(server.url, headers={"Authorization": "Key ours"})

        sent = [headers.get("Authorization") for _, _, headers, _ in server.requests]

    assert sent == [None, "Bearer ours", "Key ours"]
