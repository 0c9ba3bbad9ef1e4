"""A process made ready to work: everything loaded, and set aside from the collector of cyclic garbage.

The code and the registries of this project are some 200 000 objects that live as long as the process. Each full
collection would walk them all again, for more than a tenth of a second in which no thread answers (measured on CPython
3.11); frozen, they are not looked at any more, and a forked child shares their memory with its parent.
"""

import gc
from typing import Any

from django.urls import get_resolver


def warm(**_: Any) -> None:
    """Load what the first request or task would, then freeze it. Safe to repeat; takes the arguments of any signal."""
    # A lazy property: reading it imports every view, screen and serializer.
    get_resolver().url_patterns  # noqa: B018
    gc.collect()
    gc.freeze()
