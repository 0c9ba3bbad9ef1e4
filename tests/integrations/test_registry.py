import sys
import textwrap
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from integrations.registry import Registry, base_url, setting


@pytest.fixture
def package(tmp_path, monkeypatch, request):
    """Write modules into a new package; returns its name."""
    monkeypatch.syspath_prepend(tmp_path)
    name = "connectors_" + "".join(sign if sign.isalnum() else "_" for sign in request.node.name)[:60]

    def write(**modules):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("")
        header = "from integrations.registry import Registry\n"
        (folder / "base.py").write_text(
            f'{header}class Base: pass\nregistry = Registry("{name}", base="{name}.base.Base")\n'
        )
        for module, body in modules.items():
            (folder / f"{module}.py").write_text(f"from {name}.base import Base, registry\n{textwrap.dedent(body)}")
        __import__(f"{name}.base")
        return sys.modules[f"{name}.base"].registry

    yield write
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def connector(slug, label):
    return f"@registry.register\nclass It(Base):\n    slug, label = {slug!r}, {label!r}\n"


def test_every_module_of_the_folder_registers_itself(package):
    registry = package(facebook=connector("facebook", "Facebook"), x=connector("x", "X"), _draft="raise RuntimeError")

    assert list(registry) == ["facebook", "x"]
    assert len(registry) == 2
    assert registry["x"].label == "X"
    assert "tiktok" not in registry


def test_nothing_is_imported_before_the_first_use(package):
    registry = package(facebook="raise RuntimeError('imported')")

    assert "Registry" in repr(registry)
    with pytest.raises(RuntimeError, match="imported"):
        list(registry)


def test_a_folder_that_failed_is_read_again(package, tmp_path):
    registry = package(facebook="import absent_module_of_tests")
    with pytest.raises(ModuleNotFoundError):
        list(registry)

    module = next(tmp_path.glob("connectors_*/facebook.py"))
    module.write_text(
        f"from {module.parent.name}.base import Base, registry\n{connector('facebook', 'Facebook # longer')}"
    )

    assert list(registry) == ["facebook"]


def test_choices_are_in_french_alphabetical_order(package):
    registry = package(
        a=connector("z", "Épicerie"), b=connector("y", "fnac"), c=connector("x", "Facebook"), d=connector("w", "Uber")
    )
    registry["w"].label = gettext_lazy("Deliveroo")

    assert registry.choices() == [("w", "Deliveroo"), ("z", "Épicerie"), ("x", "Facebook"), ("y", "fnac")]


def test_two_classes_cannot_share_a_slug(package):
    registry = package(a=connector("x", "X"), b=connector("x", "Twitter"))

    with pytest.raises(ImproperlyConfigured, match="'x' is already taken"):
        list(registry)


def test_a_class_of_another_family_is_refused(package):
    registry = package(a="@registry.register\nclass It:\n    slug = 'x'\n")

    with pytest.raises(ImproperlyConfigured, match="must inherit from"):
        list(registry)


@pytest.mark.parametrize("slug", ["", "Face book", "FACEBOOK", "1a", None])
def test_a_slug_must_be_plain(slug):
    with pytest.raises(ImproperlyConfigured, match="slug"):
        Registry("unused").register(type("It", (), {"slug": slug}))


def test_a_connector_may_look_at_the_registry_while_it_loads(package):
    registry = package(a="len(registry)\n" + connector("a", "A"), b=connector("b", "B"))

    assert list(registry) == ["a", "b"]


def test_threads_that_arrive_together_all_see_the_whole(package):
    registry = package(**{f"c{number}": connector(f"c{number}", "C") for number in range(20)})
    seen, gate = [], threading.Barrier(8)

    def look():
        gate.wait()
        seen.append(len(registry))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [20] * 8


# --- Settings of a connector ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("env", "sandbox", "expected"),
    [
        ({}, False, "https://api.vendor.com"),
        ({}, True, "http://127.0.0.1:8000/sandbox/google-business"),
        ({"GOOGLE_BUSINESS_BASE_URL": "http://proxy/x/"}, True, "http://proxy/x"),
        ({"GOOGLE_BUSINESS_BASE_URL": " "}, False, "https://api.vendor.com"),
    ],
)
def test_the_environment_then_the_sandbox_then_the_vendor(settings, env, sandbox, expected):
    settings.CONNECTOR_ENV, settings.SANDBOX, settings.SANDBOX_URL = env, sandbox, "http://127.0.0.1:8000/sandbox/"

    assert base_url("google-business", "https://api.vendor.com/") == expected


def test_a_setting_comes_from_the_environment_or_a_file(settings, tmp_path):
    (tmp_path / "secret").write_text("from-file\n")
    settings.CONNECTOR_ENV = {"X_API_KEY": "direct", "X_SECRET_FILE": str(tmp_path / "secret")}

    assert setting("x", "API_KEY") == "direct"
    assert setting("x", "secret") == "from-file"
    assert setting("x", "OTHER") == ""
    assert setting("x", "OTHER", "default") == "default"


def test_an_unreadable_secret_file_is_named(settings):
    settings.CONNECTOR_ENV = {"X_SECRET_FILE": "/nowhere/secret"}

    with pytest.raises(ImproperlyConfigured, match="X_SECRET_FILE désigne « /nowhere/secret »"):
        setting("x", "SECRET")
