"""The servers that the other tests rely on are real, and the network is shut."""

import socket

import kombu
import psycopg
import pytest
import redis

from tests import components, network


def test_postgresql_answers_with_a_version(postgresql_url):
    with psycopg.connect(postgresql_url) as connection:
        version = connection.execute("SHOW server_version_num").fetchone()[0]

    assert int(version) >= 140000


def test_redis_keeps_a_value(redis_url):
    client = redis.Redis.from_url(redis_url)

    client.set("plat", "lamproie", ex=10)

    assert client.get("plat") == b"lamproie"


def test_rabbitmq_carries_a_message(rabbitmq_url):
    with kombu.Connection(rabbitmq_url) as connection, connection.SimpleQueue("essai-composants") as queue:
        queue.put({"plat": "lamproie"})

        message = queue.get(timeout=10)
        message.ack()

    assert message.payload == {"plat": "lamproie"}


def test_a_component_is_started_once(redis_url):
    assert components.get("redis") == redis_url


def test_an_address_from_the_environment_wins(monkeypatch):
    monkeypatch.setenv("TEST_REDIS_URL", "redis://127.0.0.1:1/0")

    assert components.get("redis") == "redis://127.0.0.1:1/0"


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("8.8.8.8", 53)])
def test_no_test_reaches_another_machine(address):
    with pytest.raises(network.NetworkShut), socket.socket() as client:
        client.connect(address)


def test_no_test_looks_a_name_up():
    with pytest.raises(network.NetworkShut):
        socket.getaddrinfo("example.org", 443)
