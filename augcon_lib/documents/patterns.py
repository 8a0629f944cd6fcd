"""Patterns that match nothing: an error if no file is left, otherwise named in the listing."""

from collections.abc import Collection, Sequence

from augcon_lib.documents.globs import EVERYTHING, Wanted
from augcon_lib.errors import SettingsError
from augcon_lib.settings import SourceSettings


def unmatched_patterns(source: SourceSettings, paths: Collection[str]) -> Sequence[str]:
    """Return the include patterns that match none of *paths*, the files of the store.

    Raises ``SettingsError`` if the store has files and the patterns leave none of them. A store
    without files says nothing about its patterns.
    """
    if not paths:
        return ()
    unmatched = [
        pattern
        for pattern in source.include
        if pattern not in EVERYTHING and not _matches(pattern, paths)
    ]
    if len(unmatched) == len(source.include):
        raise SettingsError(
            f"[source] include = {_listed(source.include)} matches none of the {len(paths):,} "
            f"files in {source.uri}; fix the patterns, or [source] uri, which they are relative to"
        )
    if source.exclude and not any(map(Wanted(source.include, source.exclude), paths)):
        raise SettingsError(
            f"[source] exclude = {_listed(source.exclude)} leaves none of the {len(paths):,} files "
            f"in {source.uri}; remove the pattern that is too broad"
        )
    return tuple(unmatched)


def _matches(pattern: str, paths: Collection[str]) -> bool:
    return any(map(Wanted((pattern,), ()), paths))


def _listed(patterns: Sequence[str]) -> str:
    return f"[{', '.join(repr(pattern) for pattern in patterns)}]"
