"""What production installs is enough: the packages of the tests hide a missing one."""

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = """
import pkgutil, django
django.setup()
from django.conf import settings
from django.core.cache.backends.redis import RedisCache
from kombu import Connection
from kombu.transport import get_transport_cls
import gunicorn.app.wsgiapp, psycopg
for name in ("vieuxmoulin", "campaigns", "social", "notifications", "menus", "integrations"):
    package = __import__(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith("gunicorn_conf"):
            __import__(module.name)
for url in ("redis://localhost:6379/0", "amqp://localhost:5672//", "memory://localhost/"):
    Connection(url).create_transport()
RedisCache("redis://localhost:6379/0", {})._cache.get_client()
import vieuxmoulin.gunicorn_conf, vieuxmoulin.wsgi
print("complet")
"""


@pytest.fixture(scope="module")
def production_python(tmp_path_factory):
    """Python of an environment made from requirements/run.txt alone."""
    folder = tmp_path_factory.mktemp("production") / "venv"
    lock = ROOT / "requirements" / "run.txt"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
    python = str(folder / "bin" / "python")
    with_uv = [sys.executable, "-m", "uv", "pip", "sync", "--python", python, "--require-hashes", lock]
    with_pip = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", lock]
    if subprocess.run(with_uv, env=os.environ | {"UV_SYSTEM_CERTS": "1"}, capture_output=True).returncode:
        subprocess.run(with_pip, check=True, capture_output=True)
    return python


@pytest.mark.flow
def test_every_module_and_transport_imports_with_production_packages_alone(production_python):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "vieuxmoulin.settings", "PYTHONPATH": str(ROOT)}

    done = subprocess.run([production_python, "-c", PROGRAM], cwd="/", env=environment, capture_output=True, text=True)

    assert (done.stdout, done.returncode) == ("complet\n", 0), done.stderr[-3000:]
