import pytest

from augcon_assets.cli.run import _matching
from augcon_lib.errors import SettingsError

DOCUMENTS = ("a[1].md", "a1.md", "b/c.md", "tab.jsonl#7")


@pytest.mark.parametrize(
    ("globs", "chosen"),
    [
        (["a[1].md"], {"a[1].md", "a1.md"}),
        (["b/*"], {"b/c.md"}),
        (["*#7", "a1.md"], {"tab.jsonl#7", "a1.md"}),
        ([], None),
    ],
)
def test_documents_are_chosen_by_glob_or_by_their_very_name(globs, chosen) -> None:
    assert _matching(DOCUMENTS, globs) == chosen


def test_a_glob_that_matches_nothing_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no document in the store matches"):
        _matching(DOCUMENTS, ["z*"])
