"""A store as a list of readable files: a folder, a file, an archive, or a remote URL.

Everything outside this machine goes through a package's store, or through fsspec. The two kinds of
failure are kept apart: a store that cannot be listed is a ``StoreError``; a file that cannot be
read affects only itself.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Protocol

import fsspec  # type: ignore[import-untyped]

from augcon_lib.documents.archives import is_archive_name, open_archive
from augcon_lib.documents.globs import Wanted
from augcon_lib.documents.links import LinkRule, is_of_system, open_regular
from augcon_lib.documents.local import LocalFiles, stamp_of
from augcon_lib.documents.remote import open_remote, store_error
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.errors import AugconError, StoreError
from augcon_lib.extensions import Extension, find, scheme_of
from augcon_lib.settings import SourceSettings

LOCAL_SCHEMES = ("file", "local")


class Store(Protocol):
    """Files below one uri.

    ``single``: the uri itself is the one file. ``parallel``: fetching several at once is faster
    and safe.
    """

    @property
    def files(self) -> list[StoredFile]:
        """The files in the store."""
        ...

    single: bool
    parallel: bool

    def open(self, path: str) -> IO[bytes]:
        """Open the file at *path*.

        Raises ``OSError``, ``ValueError`` or ``DocumentError`` if it cannot be read.
        """
        ...


class OpenStore(Protocol):
    """What ``augcon.stores`` registers; the entry point's name is a scheme of ``[source] uri``."""

    def __call__(self, source: SourceSettings, /) -> AbstractContextManager[Store]:
        """Open the store at the *source*'s uri for as long as the context lasts.

        Raises ``OSError`` or ``StoreError`` if it cannot be listed; it must not be empty then.
        """
        ...


@contextmanager
def open_store(source: SourceSettings, base_dir: Path) -> Iterator[Store]:
    """Open the store at the *source*'s uri, a path relative to *base_dir* or an fsspec URL.

    Raises ``StoreError`` if it cannot be listed, ``SettingsError`` if the package that registers
    its scheme cannot be used.
    """
    uri = source.uri
    store: Store
    with ExitStack() as stack:
        path = local_path(uri)
        extension = find("store", scheme_of(uri), (*LOCAL_SCHEMES, *fsspec.available_protocols()))
        if extension is not None:
            store = _open_packaged(extension, source, stack)
        elif path is None:
            store = open_remote(source, stack)
        else:
            try:
                store = _open_local(path, source, base_dir, stack)
            except (OSError, ValueError) as error:
                raise store_error(uri, error) from error
        yield store


def local_path(uri: str) -> str | None:
    """Return the path of a store on this machine, however it is written; None for any other."""
    if "::" in uri:
        return None
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return uri
    return rest if scheme.lower() in LOCAL_SCHEMES else None


def _open_packaged(extension: Extension, source: SourceSettings, stack: ExitStack) -> Store:
    open_it: OpenStore = extension.load()
    try:
        return stack.enter_context(open_it(source))
    except AugconError:
        raise
    # As of fsspec's file systems: none of their exceptions means an empty store.
    except Exception as error:
        raise store_error(source.uri, error) from error


def _open_local(path: str, source: SourceSettings, base_dir: Path, stack: ExitStack) -> Store:
    root = Path(os.path.normpath(base_dir / Path(path).expanduser()))
    real = os.path.realpath(root)
    if is_of_system(real):
        raise StoreError(
            f"the store {source.uri!r} is in {real}, a system folder with no documents; set "
            "[source] uri in augcon.toml to a folder of documents"
        )
    wanted = Wanted(source.include, source.exclude)
    if root.is_dir():
        return LocalFiles(root, LinkRule(source.links, real), wanted)
    stamp = stamp_of(root.stat())
    if is_archive_name(root.name):
        file = stack.enter_context(os.fdopen(open_regular(root.name, root, None), "rb"))
        return stack.enter_context(open_archive(file, root.name, stamp, source))
    return LocalFiles(root, None, wanted, single=True)
