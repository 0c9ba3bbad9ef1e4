"""What staff read is French, the libraries' own words included."""

import pathlib
import shutil
import subprocess

import pytest
from django.utils.translation import trans_real

from tests.vieuxmoulin.backoffice import msgids

ROOT = pathlib.Path(__file__).resolve().parents[3]
CATALOGUE = ROOT / "locale" / "fr" / "LC_MESSAGES"


def test_no_sentence_of_unfold_lacks_french():
    french = trans_real.translation("fr")._catalog
    sentences = msgids.of_package("unfold")

    missing = sorted(text for text in sentences if text not in french and (text, 0) not in french)

    assert len(sentences) > 150
    assert missing == []


def test_the_compiled_catalogue_is_that_of_the_source(tmp_path):
    if shutil.which("msgfmt") is None:
        pytest.skip("msgfmt absent de cette machine")
    compiled = tmp_path / "django.mo"

    subprocess.run(["msgfmt", "--check", "-o", compiled, CATALOGUE / "django.po"], check=True)

    assert compiled.read_bytes() == (CATALOGUE / "django.mo").read_bytes()
