"""Glob patterns over paths in the store."""

import re
from collections.abc import Iterable, Iterator

from fsspec.utils import glob_translate  # type: ignore[import-untyped]

EVERYTHING = frozenset({"**/*", "**"})


class Wanted:
    """Whether a path matches one of *include* and none of *exclude*.

    ``*`` and ``?`` match within a folder, ``**`` spans any number of folders (also none). An
    excluded folder excludes everything in it.
    """

    def __init__(self, include: Iterable[str], exclude: Iterable[str]) -> None:
        include = list(include)
        self._included = [re.compile(glob_translate(pattern)) for pattern in include]
        self._excluded = [re.compile(glob_translate(pattern.rstrip("/"))) for pattern in exclude]
        self._everything = not EVERYTHING.isdisjoint(include)

    def __call__(self, path: str) -> bool:
        """Whether the file at *path* is a document."""
        included = self._everything or any(pattern.match(path) for pattern in self._included)
        return included and not self.excludes(path)

    def excludes(self, path: str) -> bool:
        """Whether *path*, or a folder above it, is excluded."""
        return any(
            pattern.match(part) for part in _with_parents(path) for pattern in self._excluded
        )


def _with_parents(path: str) -> Iterator[str]:
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
