"""One running instance: its folder, its lock, its port, and what `var/run.json` says of it.

Standard library only: used before Django is configured, and by the main process of gunicorn.
"""

import fcntl
import json
import os
import pathlib
import socket
import time

FIRST_PORT, PORTS_TRIED = 8000, 50
STOPPING_SECONDS = 30


class Refusal(Exception):
    """A reason to stop, in French, with its cure."""


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)  # noqa: T201 - a command line program


def read_facts(folder: pathlib.Path) -> dict:
    """What var/run.json knows: url and pid of the running server, logins of the demonstration."""
    try:
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def write_facts(folder: pathlib.Path, **changes) -> None:
    """Change some facts, None removing one; readable by the owner only since it holds logins."""
    facts = {name: value for name, value in (read_facts(folder) | changes).items() if value is not None}
    draft = folder / f"run.json.{os.getpid()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(facts, file, indent=2, ensure_ascii=False)
    draft.replace(folder / "run.json")


def alive(pid: int | None) -> bool:
    """Whether a process of that number exists."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def take_lock(folder: pathlib.Path) -> int | None:
    """Lock the instance for the life of this process and of the server it becomes; None when another holds it.

    A server that was just killed leaves its children a few seconds: those are waited for.
    """
    try:
        descriptor = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Refusal(
            f"Le dossier {folder} ne peut pas être utilisé ({error.strerror}). Rendez-le inscriptible par votre "
            "utilisateur, ou indiquez-en un autre : VAR_DIR=/autre/dossier ./run"
        ) from error
    os.set_inheritable(descriptor, True)
    limit = time.monotonic() + STOPPING_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if alive(read_facts(folder).get("pid")) or time.monotonic() > limit:
                os.close(descriptor)
                return None
            time.sleep(0.1)


def running(folder: pathlib.Path) -> dict:
    """Facts of the server that holds this folder's lock and answers; empty when there is none."""
    try:
        descriptor = os.open(folder / "run.lock", os.O_RDWR)
    except FileNotFoundError:
        return {}
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        facts = read_facts(folder)
        return facts if facts.get("url") else {}
    finally:
        os.close(descriptor)
    return {}


def choose_port() -> int:
    """PORT when it is given and free, else the first free one from 8000."""
    given = os.environ.get("PORT", "")
    if given:
        if not given.isdigit() or not 0 < int(given) < 65536:
            raise Refusal(f"PORT={given} n'est pas un numéro de port. Donnez un nombre de 1 à 65535.")
        if not port_is_free(int(given)):
            raise Refusal(
                f"Le port {given} est déjà pris ou interdit. Donnez-en un autre, par exemple PORT={int(given) % 60000 + 1} ./run, "
                "ou ne donnez rien : le premier libre à partir de 8000 sera choisi."
            )
        return int(given)
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        if port_is_free(port):
            return port
    raise Refusal(f"Aucun port libre de {FIRST_PORT} à {FIRST_PORT + PORTS_TRIED - 1}. Donnez-en un : PORT=9000 ./run")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As gunicorn binds: a connection of a former server in TIME_WAIT is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
