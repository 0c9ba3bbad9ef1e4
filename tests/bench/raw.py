"""The limit of this machine: raw loops of `requests` against the sink, nothing of ours in between."""

import concurrent.futures
import multiprocessing
import threading
import time

import requests

SECONDS = 3.0
_local = threading.local()


def _post(url: str) -> None:
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False
    _local.session.post(url, data={"To": "+33612345678", "Body": "x" * 100, "From": "VieuxMoulin"}, timeout=10)


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
    start = time.monotonic()
    if processes == 1:
        done = _process(url, threads, SECONDS)
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pool.starmap(_process, [(url, 1, 0.1)] * processes)
            start = time.monotonic()
            done = sum(pool.starmap(_process, [(url, threads, SECONDS)] * processes))
    return done / (time.monotonic() - start)
