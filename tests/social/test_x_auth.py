"""The mission's four keys of X: OAuth 1.0a signatures, held against a published example and another library."""

import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from oauthlib.oauth1 import Client

from social.connectors import registry
from social.connectors.base import Credentials, Picture, Post, Progress
from social.connectors.x import oauth1_header

API = "https://api.x.com/2"
ACCOUNT = Credentials(
    "1001",
    secrets={"api_key": "k", "api_secret": "s3cret-app", "access_token": "t", "access_token_secret": "s3cret-user"},
)
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
POST = Post("Bonjour Vensac", (Picture("https://example.com/promo.jpg", "Une pizza"),))


def test_x_signs_as_the_published_example_does():
    header = oauth1_header(
        "POST",
        "https://api.x.com/1.1/statuses/update.json",
        {"include_entities": "true", "status": "Hello Ladies + Gentlemen, a signed OAuth request!"},
        {
            "api_key": "xvz1evFS4wEEPTGEFPHBog",
            "api_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "access_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "access_token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        },
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
    )

    assert 'oauth_signature="Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"' in header


def test_the_four_keys_sign_every_kind_of_call_as_an_independent_library_does(api, monkeypatch):
    monkeypatch.setattr("social.connectors.x.fetch_media", lambda url, **limits: (b"jpeg", "image/jpeg"))
    api.post(f"{API}/media/upload", json={"data": {"id": "55"}})
    api.post(f"{API}/media/metadata", json={"data": {}})
    api.post(f"{API}/tweets", status=201, json={"data": {"id": "1900", "text": "x"}})
    api.get(re.compile(".*/users/1001/tweets"), json={"data": []})

    registry["x"]().publish(POST, ACCOUNT, Progress())
    registry["x"]().read_back(POST, ACCOUNT, SINCE, Progress())

    sent = [call.request for call in api.calls]
    assert [request.method for request in sent] == ["POST", "POST", "POST", "GET"]
    for request in sent:
        header = request.headers["Authorization"]
        given = {name: unquote(value) for name, value in re.findall(r'(oauth_\w+)="([^"]*)"', header)}
        library = Client(
            "k",
            client_secret="s3cret-app",
            resource_owner_key="t",
            resource_owner_secret="s3cret-user",
            nonce=given["oauth_nonce"],
            timestamp=given["oauth_timestamp"],
        )
        _url, headers, _body = library.sign(request.url, http_method=request.method)
        assert f'oauth_signature="{quote(given["oauth_signature"], safe="")}"' in headers["Authorization"]
        assert "s3cret" not in header
