from pathlib import Path

import fsspec
import pytest

from augcon_lib.documents import list_store, read_documents
from augcon_lib.documents.stores import open_store
from augcon_lib.errors import StoreError
from augcon_lib.records import Document
from augcon_lib.settings import SourceSettings
from tests.extensions.conftest import Install

STORES = """
import io
from contextlib import contextmanager
from augcon_lib.documents.stored_file import StoredFile
closed = []
class Files:
    single, parallel = False, False
    files = [StoredFile("a.md", "1", 5, None), StoredFile("b/c.md", "1", 5, None)]
    def open(self, path): return io.BytesIO(b"Words of " + path.encode())
@contextmanager
def wiki(source):
    yield Files()
    closed.append(source.uri)
@contextmanager
def down(source):
    raise KeyError("no route")
    yield
"""
PARTS = {"augcon.stores": {"wiki": "pkg_store:wiki", "down": "pkg_store:down"}}


def test_a_store_of_a_package_is_listed_and_read(installed: Install, tmp_path: Path) -> None:
    installed("pkg-store", PARTS, STORES)
    source = SourceSettings(uri="wiki://space", exclude=("b/*",))
    listing = list_store(source, tmp_path)
    (document,) = read_documents(source, tmp_path, listing.entries)
    assert isinstance(document, Document)
    assert (document.uri, document.text) == ("wiki://space/a.md", "Words of a.md")
    import pkg_store  # type: ignore[import-not-found]

    assert pkg_store.closed == ["wiki://space"] * 2


def test_a_store_that_cannot_be_opened_is_no_empty_store(
    installed: Install, tmp_path: Path
) -> None:
    installed("pkg-store", PARTS, STORES)
    with pytest.raises(StoreError, match=r"'down://x' cannot be read \(KeyError: 'no route'\)"):
        list_store(SourceSettings(uri="down://x"), tmp_path)


def test_the_stores_of_fsspec_stay_what_they_are(installed: Install, tmp_path: Path) -> None:
    installed("pkg-store", PARTS, STORES)
    fsspec.filesystem("memory").pipe("/space/d.md", b"Words")
    with open_store(SourceSettings(uri="memory://space"), tmp_path) as store:
        assert [file.path for file in store.files] == ["d.md"]
    with pytest.raises(StoreError, match="nothing://x"):
        list_store(SourceSettings(uri="nothing://x"), tmp_path)
