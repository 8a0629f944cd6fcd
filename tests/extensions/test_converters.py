"""A package's converter costs the document that it fails on, and no other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from augcon_lib.documents.conversion import MARKDOWN, convert
from augcon_lib.errors import DocumentError
from tests.extensions.conftest import Install
from tests.support.packages import install

CONVERTERS = """
import os
from augcon_lib.errors import DocumentError
def good(name, data): return "Title", "# Heading\\n\\n" + data.decode()
def untitled(name, data): return "", "---\\nkey: kept\\n---\\n\\n# Heading\\n"
def refuses(name, data): raise DocumentError(name, "locked", "open it")
def fails(name, data): raise KeyError("chapter")
def gives_none(name, data): return None
def empty(name, data): return "Title", " "
def slow(name, data):
    while True: pass
def crashes(name, data): os._exit(3)
def eats(name, data):
    kept = []
    while True: kept.append(bytearray(50_000_000))
"""
NAMES = ("good", "untitled", "refuses", "fails", "gives_none", "empty", "slow", "crashes", "eats")
PARTS = {"augcon.converters": {name: f"pkg_conv:{name}" for name in NAMES}}


def test_a_converter_gives_title_and_markdown(installed: Install) -> None:
    installed("pkg-conv", PARTS, CONVERTERS)
    found = convert("a/b.GOOD", b"caf\xc3\xa9")
    assert (found.media_type, found.title) == (MARKDOWN, "Title")
    assert found.text == "# Heading\n\ncafé"
    untitled = convert("b.untitled", b"x")
    assert (untitled.title, untitled.text[:3]) == ("Heading", "---")


def test_a_suffix_that_augcon_refuses_may_be_taken(installed: Install) -> None:
    with pytest.raises(DocumentError) as caught:
        convert("a.epub", b"PK\x03\x04\x00")
    assert caught.value.reason == "unsupported_type"
    installed("pkg-conv", {"augcon.converters": {"epub": "pkg_conv:untitled"}}, CONVERTERS)
    assert convert("a.epub", b"PK\x03\x04\x00").title == "Heading"


@pytest.mark.parametrize(
    ("name", "reason", "said"),
    [
        ("refuses", "locked", "open it"),
        ("fails", "unreadable_fails", "pkg-conv 1.0 failed (KeyError: 'chapter')"),
        ("gives_none", "unreadable_gives_none", "pkg-conv 1.0 failed (TypeError"),
        ("empty", "empty", "no text"),
    ],
)
def test_a_converter_that_fails_rejects_its_document(
    installed: Install, name: str, reason: str, said: str
) -> None:
    installed("pkg-conv", PARTS, CONVERTERS)
    with pytest.raises(DocumentError) as caught:
        convert(f"a.{name}", b"x")
    assert caught.value.reason == reason
    assert said in caught.value.message


READ = """
import json, sys
from pathlib import Path
from augcon_lib.documents import list_store, read_documents
from augcon_lib.settings import SourceSettings
source = SourceSettings(uri="store", max_document_seconds=12, max_document_megabytes=1)
entries = list_store(source, Path()).entries
found = read_documents(source, Path(), entries)
print(json.dumps({each.document_id: getattr(each, "reason", "") for each in found}))
"""


def read(folder: Path, names: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Read a store with a document for each of the converters *names*, in a new process."""
    install(folder, "pkg-conv", "1.0", {"augcon.converters": {n: f"pkg_conv:{n}" for n in names}})
    (folder / "pkg_conv.py").write_text(CONVERTERS)
    (folder / "store").mkdir()
    for name in ("a.md", *(f"a.{name}" for name in names)):
        (folder / "store" / name).write_text("Words of a document.")
    return subprocess.run(
        [sys.executable, "-c", READ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_converter_is_held_to_the_limits_of_a_document(tmp_path: Path) -> None:
    done = read(tmp_path, ("good", "fails", "slow", "crashes", "eats"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "a.md": "",
        "a.good": "",
        "a.fails": "unreadable_fails",
        "a.slow": "too_slow",
        "a.crashes": "converter_crashed",
        "a.eats": "too_much_memory",
    }


def test_a_converter_that_cannot_be_imported_ends_the_run_and_blames_no_document(
    tmp_path: Path,
) -> None:
    done = read(tmp_path, ("missing",))
    assert done.returncode != 0
    assert "SettingsError: the converter 'missing' of the package pkg-conv 1.0" in done.stderr
    assert "cannot be imported" in done.stderr
