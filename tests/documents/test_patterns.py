"""Patterns that match nothing."""

import pytest

from augcon_lib.documents.patterns import unmatched_patterns
from augcon_lib.errors import SettingsError
from augcon_lib.settings import SourceSettings

PATHS = ["a.md", "sub/b.txt"]


def unmatched(paths: list[str] = PATHS, **source: tuple[str, ...]) -> list[str]:
    return list(unmatched_patterns(SourceSettings(**source), paths))


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ({"include": ("**/*.mdx",)}, r"include = \['\*\*/\*.mdx'\] matches none of the 2 files"),
        ({"include": ("x/*", "y/*")}, r"include = \['x/\*', 'y/\*'\] matches none"),
        ({"exclude": ("**/*",)}, r"exclude = \['\*\*/\*'\] leaves none of the 2 files"),
        ({"include": ("*.md",), "exclude": ("a.md",)}, "leaves none of the 2 files"),
    ],
)
def test_patterns_that_leave_nothing_are_an_error_that_names_them(
    source: dict[str, tuple[str, ...]], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        unmatched(**source)


def test_one_of_several_that_matches_nothing_is_named() -> None:
    assert unmatched(include=("*.md", "*.rst")) == ["*.rst"]
    assert unmatched(include=("**/*", "*.md")) == []


def test_an_empty_store_says_nothing_of_its_patterns() -> None:
    assert unmatched([], include=("*.rst",), exclude=("**/*",)) == []
