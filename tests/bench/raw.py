"""The limit of this machine: raw loops of `requests` against the sink, nothing of ours in between."""

import concurrent.futures
import json
import multiprocessing
import threading
import time

import requests

SECONDS = 3.0
_local = threading.local()


def session() -> requests.Session:
    """This thread's connection."""
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False
    return _local.session


def _post(url: str) -> None:
    session().post(url, data={"To": "+33612345678", "Body": "x" * 100, "From": "VieuxMoulin"}, timeout=10)


def _loop(url: str, seconds: float) -> int:
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        _post(url)
        done += 1
    return done


def _process(url: str, threads: int, seconds: float) -> int:
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda _: _loop(url, seconds), range(threads)))


def rate(url: str, *, processes: int, threads: int) -> float:
    """Requests per second of so many processes of so many threads."""
    if processes == 1:
        _process(url, threads, 0.2)
        start = time.monotonic()
        done = _process(url, threads, SECONDS)
        return done / (time.monotonic() - start)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.starmap(_process, [(url, 1, 0.1)] * processes)
        start = time.monotonic()
        done = sum(pool.starmap(_process, [(url, threads, SECONDS)] * processes))
        return done / (time.monotonic() - start)


# --- The same e-mails, rendered by the same engine and posted by the thousand; run in the house's environment --------
BATCH = 1000


def mails(url: str, processes: int = 2) -> None:
    """Print how many e-mails per second so many processes render and post, with no database and no law to keep."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.starmap(_mails, [(url, 0.1)] * processes)
        start = time.monotonic()
        done = sum(pool.starmap(_mails, [(url, SECONDS)] * processes))
        print(json.dumps(done / (time.monotonic() - start)))  # noqa: T201 (read by the bench)


def _mails(url: str, seconds: float) -> int:
    import django

    django.setup()
    done, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        session().post(url, json={"personalizations": [_mail(rank) for rank in range(BATCH)]}, timeout=30)
        done += BATCH
    return done


def _mail(rank: int) -> dict:
    from notifications import templating
    from notifications.services import letters
    from tests.bench.texts import BODY, SUBJECT

    letter, partials = letters.letter(BODY), letters.partials()
    context = {
        "customer": {"first_name": f"G{rank}", "last_name": "", "language": "fr"},
        "restaurant": {"name": "Le Vieux Moulin", "url": "https://example.com", "address": "Vensac"},
        "menu_url": "https://example.com/carte/",
        "unsubscribe_url": "https://example.com/desinscription/x/",
        "title": "x",
    }
    texts = {
        "-objet-": templating.render_line(SUBJECT, context),
        "-html-": templating.render(letter.html, context, partials=partials),
        "-texte-": templating.render(letter.text or "", context, html=False),
    }
    return {
        "to": [{"email": f"g{rank}@example.com"}],
        "custom_args": {"vm_mid": str(rank)},
        "substitutions": texts,
    }
