"""Make the secrets of an instance once and keep them in `.env`.

Run by path, before Django is configured and even before anything is installed: the standard library only.
"""

import base64
import os
import pathlib
import secrets
import sys


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


MAKERS = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "ENCRYPTION_KEYS": lambda: f"k1:{_key()}",
    "BLIND_INDEX_KEY": _key,
    "WEBHOOK_SECRET": lambda: secrets.token_urlsafe(32),
}
HEADER = """\
# Secrets de cette instance, créés par ./run : à garder, à sauvegarder, à ne jamais publier.
# Sans ENCRYPTION_KEYS et BLIND_INDEX_KEY, les données chiffrées de la base ne peuvent plus être lues.
# Tous les réglages possibles sont décrits dans .env.example.
"""


def complete(path: pathlib.Path) -> list[str]:
    """Add the secrets that neither the file nor the environment gives; return their names. Never changes a value."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEADER
    present = {line.split("=", 1)[0].removeprefix("export ").strip() for line in text.splitlines() if "=" in line}
    missing = [
        name
        for name in MAKERS
        if not ({name, f"{name}_FILE"} & present) and not (os.environ.get(name) or os.environ.get(f"{name}_FILE"))
    ]
    if not missing:
        return []
    if not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}={MAKERS[name]()}\n" for name in missing)
    # Written aside then moved: a full disk or a Ctrl-C never leaves half a file, nor one that others may read.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
    return missing


if __name__ == "__main__":
    if made := complete(pathlib.Path(sys.argv[1])):
        sys.stdout.write(f"Secrets créés dans .env : {', '.join(made)}\n")
