"""What every connector shares, whatever it carries: its name, its address, its HTTP client, its table of errors."""

from abc import ABC, abstractmethod
from typing import ClassVar

import requests

from integrations.errors import CommunicationError
from integrations.http import HttpClient
from integrations.registry import base_url


class Connector(ABC):
    """All we know of one vendor, in one file."""

    slug: ClassVar[str]
    label: ClassVar[str]
    address: ClassVar[str]
    # The keys of its section in `config/*.json`.
    required_keys: ClassVar[tuple[str, ...]] = ()
    optional_keys: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.http = HttpClient(self.slug, classify=self.classify)

    @property
    def api(self) -> str:
        """The root of the vendor's API, which the environment and the sandbox may replace."""
        return base_url(self.slug, self.address)

    @abstractmethod
    def classify(self, response: requests.Response) -> CommunicationError | None:
        """Turn the vendor's words into one of our errors; None leaves it to the HTTP status."""
