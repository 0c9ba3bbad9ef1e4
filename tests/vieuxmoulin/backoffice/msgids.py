"""The sentences that a library marks for translation, read from its sources; of a plural, the singular names both."""

import ast
import importlib.util
import pathlib
import re

from django.utils.translation.template import templatize

MARKERS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "ugettext_lazy", "npgettext"}
_IN_TEMPLATE = re.compile(r"""(?<![\w.])(?:_|n?gettext)\(\s*u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


def of_package(name):
    """Every sentence of a package, its Python files and its templates alike."""
    folder = pathlib.Path(importlib.util.find_spec(name).origin).parent
    found = set()
    for path in folder.rglob("*.py"):
        found |= _of_python(path.read_text(encoding="utf-8"))
    for path in folder.rglob("*.html"):
        found |= _of_template(path.read_text(encoding="utf-8"))
    return {sentence for sentence in found if sentence.strip()}


def _of_python(source):
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MARKERS:
            found |= {
                arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
            }
    return found


def _of_template(source):
    return {ast.literal_eval(match[1]) for match in _IN_TEMPLATE.finditer(templatize(source))}
