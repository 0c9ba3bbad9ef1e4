"""What `./run` does once Python and the packages are there: prepare the instance, then become the server.

`python -m vieuxmoulin.launch setup | serve | demo | reset`. Each step prints one line; each refusal says its cure.
"""

import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable

from vieuxmoulin import env_file, instance
from vieuxmoulin.instance import Refusal, say

BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
READY_SECONDS = 60


# --- Steps -----------------------------------------------------------------------------------------------------------
def make_secrets() -> None:
    """Complete .env, unless the environment is declared complete (READ_DOT_ENV=off)."""
    if os.environ.get("READ_DOT_ENV", "on").lower() in ("off", "0", "false"):
        return
    try:
        made = env_file.complete(BASE_DIR / ".env")
    except (OSError, UnicodeDecodeError) as error:
        raise Refusal(
            f"Le fichier .env ne peut pas être lu ou écrit ({error}). Vérifiez ses droits, ou supprimez-le "
            "s'il ne contient rien d'utile : il sera recréé."
        ) from error
    if made:
        say(f"Secrets : créés dans .env ({', '.join(made)}), à sauvegarder avec la base")


def configure() -> None:
    """Load the settings and the applications; a refused value is named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")
    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
    except (ImproperlyConfigured, ValueError, KeyError, OSError) as error:
        raise Refusal(
            f"Réglage refusé{_setting_at_fault(error)} : {error}. Corrigez-le dans .env ou dans l'environnement ; "
            ".env.example décrit chaque nom."
        ) from error


def _setting_at_fault(error: BaseException) -> str:
    """Name of the environment variable read by the line of settings.py that failed, when there is one."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith("settings.py") and (found := re.search(r'env[.\w]*\("(\w+)"', frame.line or "")):
            return f" dans {found[1]}"
    return ""


def prepare_database() -> None:
    """Bring the schema up to date and refuse to go on with another instance's keys."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError

    check_settings()
    try:
        # Before the migrations too: they may encrypt, with keys that must be the right ones.
        check_keys()
        call_command("migrate", interactive=False, verbosity=0)
        check_keys()
        call_command("schedule", verbosity=0, stdout=io.StringIO())
    except DatabaseError as error:
        raise Refusal(
            f"Base de données inutilisable : {error}. Vérifiez DATABASE_URL, ou que le dossier var/ est inscriptible."
        ) from error
    pathlib.Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    say("Base : à jour, tâches périodiques planifiées")


def check_settings() -> None:
    """Stop on the errors that Django and the applications find, in their own words."""
    from django.core import checks

    errors = [message for message in checks.run_checks() if message.level >= checks.ERROR]
    if errors:
        lines = [f"- {error.msg} {error.hint or ''}".rstrip() for error in errors]
        raise Refusal("Configuration refusée :\n" + "\n".join(lines))


def check_keys() -> None:
    """Stop when the keys of .env are not those that encrypted this database."""
    from integrations.checks import KeyringMismatch, check_keyring_matches

    try:
        check_keyring_matches()
    except KeyringMismatch as error:
        raise Refusal(f"{error}\nPour repartir d'une base vide : ./run reset") from error


def load_demo(facts: pathlib.Path) -> None:
    """Fill an empty database with the restaurant of the demonstration; keep the logins in var/run.json."""
    from django.conf import settings
    from django.core.management import call_command

    if settings.SANDBOX:
        call_command("load_demo", facts=str(facts), verbosity=0, stdout=io.StringIO())
        say("Démonstration : données du Vieux Moulin en place, plateformes jouées par le bac à sable")


def var_dir() -> pathlib.Path:
    """Folder of the instance's files, the same as in the settings."""
    from django.conf import settings

    return pathlib.Path(settings.VAR_DIR)


# --- Commands --------------------------------------------------------------------------------------------------------
def setup() -> None:
    """Secrets, schema, periodic tasks."""
    make_secrets()
    configure()
    prepare_database()


def serve() -> None:
    """Prepare everything, then become gunicorn (same process number, so signals reach it)."""
    make_secrets()
    _export_port()
    configure()
    folder = var_dir()
    if instance.take_lock(folder) is None:
        facts = instance.read_facts(folder)
        raise Refusal(
            f"Déjà démarré : {facts.get('url', 'prêt dans un instant')} (processus {facts.get('pid', 'inconnu')}). "
            "Ouvrez cette adresse, ou arrêtez-le d'abord (Ctrl-C dans sa fenêtre)."
        )
    # The number stays the same when this process becomes gunicorn, which adds the address once it listens.
    instance.write_facts(folder, url=None, port=None, pid=os.getpid())
    prepare_database()
    load_demo(folder / "run.json")
    _hurry_the_sandbox()
    os.environ["RUN_BANNER"] = banner(instance.read_facts(folder))
    _close_connections()
    command = [sys.executable, "-m", "gunicorn", "-c", str(BASE_DIR / "vieuxmoulin" / "gunicorn_conf.py")]
    os.chdir(BASE_DIR)
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def _export_port() -> None:
    """Fix PORT before the settings derive addresses from it; one written in .env counts as given."""
    if port := _written("PORT"):
        os.environ.setdefault("PORT", port)
    os.environ["PORT"] = str(instance.choose_port())


def _hurry_the_sandbox() -> None:
    """Whoever looks at the demonstration does not wait as long as the real platform makes its clients wait."""
    name = "SANDBOX_DELIVEROO_UPLOAD_SECONDS"
    os.environ.setdefault(name, _written(name) or "3")


def _written(name: str) -> str:
    """Value that .env gives to a name, "" when it gives none."""
    try:
        lines = (BASE_DIR / ".env").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    values = [line.split("=", 1)[1].strip(" '\"") for line in lines if line.startswith(f"{name}=")]
    return values[-1] if values else ""


def _close_connections() -> None:
    from django.db import connections

    connections.close_all()


def banner(facts: dict) -> str:
    """What the person at the keyboard needs: address, login, one call to the API, how to stop."""
    from django.conf import settings

    url, staff, api = settings.PUBLIC_URL, facts.get("staff", {}), facts.get("api", {})
    lines = ["", f"  Prêt : {url}/admin/"]
    if staff:
        lines.append(f"  Identifiant : {staff['user']}   mot de passe : {staff['password']}")
    lines.append(f"  Carte publique : {url}/carte/   API : {url}/api/communication/docs")
    if api:
        lines += [
            "  Appeler l'API :",
            f"    TOKEN=$(curl -s -u '{api['client_id']}:{api['client_secret']}' "
            f'-d grant_type=client_credentials {url}/o/token/ | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')',
            f'    curl -H "Authorization: Bearer $TOKEN" {url}/api/communication/status',
        ]
    return "\n".join([*lines, "  Ctrl-C arrête tout ; les données restent. ./run help : les autres commandes.", ""])


def demo() -> None:
    """Play the main job against the running server, or against one started for the occasion."""
    make_secrets()
    folder = pathlib.Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")
    facts, server = instance.running(folder), None
    if not facts:
        server, facts = _start_server(folder)
    try:
        environment = os.environ | {"PORT": str(facts["port"])}
        status = subprocess.run(  # noqa: S603 - our own program, the words typed after ./run demo
            [sys.executable, "manage.py", "demo", *sys.argv[2:]], cwd=BASE_DIR, env=environment, check=False
        ).returncode
    finally:
        if server:
            server.send_signal(signal.SIGTERM)
            server.wait()
    sys.exit(status)


def _start_server(folder: pathlib.Path) -> tuple[subprocess.Popen, dict]:
    """A server of our own on a free port, once it answers."""
    # Its reasons to refuse go to stderr; its steps and its address would only hide the demonstration.
    command = [sys.executable, "-m", "vieuxmoulin.launch", "serve"]
    server = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    for _ in range(READY_SECONDS * 10):
        facts = instance.read_facts(folder)
        if facts.get("pid") == server.pid and facts.get("url"):
            say(f"Serveur : démarré pour la démonstration sur {facts['url']}, arrêté à la fin")
            return server, facts
        if server.poll() is not None:
            break
        time.sleep(0.1)
    server.terminate()
    server.wait()
    raise Refusal("Le serveur de démonstration ne démarre pas ; la raison est écrite ci-dessus.")


def reset() -> None:
    """Empty the database and the media of this folder, after a clear yes; secrets are kept."""
    make_secrets()
    configure()
    from django.conf import settings

    folder = var_dir()
    if not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        raise Refusal("./run reset n'efface qu'une base SQLite locale ; celle-ci est un serveur, laissé intact.")
    if instance.take_lock(folder) is None:
        raise Refusal(
            f"Un serveur tourne ({instance.read_facts(folder).get('url', '')}) : arrêtez-le d'abord (Ctrl-C)."
        )
    say(
        f"Ceci efface la base, les médias et les identifiants de démonstration dans {folder}. Tapez oui pour confirmer :"
    )
    if sys.stdin.readline().strip().lower() != "oui":
        raise Refusal("Rien n'a été effacé.")
    for path in pathlib.Path(settings.DATABASES["default"]["NAME"]).parent.glob("db.sqlite3*"):
        path.unlink()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    (folder / "run.json").unlink(missing_ok=True)
    say("Effacé. ./run repart de zéro.")


COMMANDS: dict[str, Callable[[], None]] = {"setup": setup, "serve": serve, "demo": demo, "reset": reset}


def main() -> None:
    """Run one command; a refusal is one readable message, never a traceback."""
    # The database and the media are about guests: for this user only.
    os.umask(0o077)
    if not _written("LOG_LEVEL"):
        # A person reads this console; the environment and .env may ask for more.
        os.environ.setdefault("LOG_LEVEL", "warning")
    try:
        COMMANDS[sys.argv[1]]()
    except Refusal as refusal:
        sys.exit(f"./run : {refusal}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
