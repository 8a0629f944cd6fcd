"""Glob patterns over paths in the store."""

import re
from collections.abc import Callable, Iterable, Iterator

from fsspec.utils import glob_translate  # type: ignore[import-untyped]


def path_filter(include: Iterable[str], exclude: Iterable[str]) -> Callable[[str], bool]:
    """Whether a path matches one of *include* and none of *exclude*.

    ``*`` and ``?`` stay within a folder, ``**`` spans any number of them (none, too). An excluded
    folder excludes all that is in it.
    """
    included = [re.compile(glob_translate(pattern)) for pattern in include]
    excluded = [re.compile(glob_translate(pattern.rstrip("/"))) for pattern in exclude]
    everything = "**/*" in include or "**" in include

    def wanted(path: str) -> bool:
        if not everything and not any(pattern.match(path) for pattern in included):
            return False
        return not any(pattern.match(part) for part in _with_parents(path) for pattern in excluded)

    return wanted


def _with_parents(path: str) -> Iterator[str]:
    yield path
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
