"""docs/extending.md says what the example's package does."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from augcon_lib.extensions import GROUPS
from tests.support.packages import EXAMPLE

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "extending.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("group", GROUPS.values())
def test_each_group_is_on_the_page_and_in_the_example(group: str) -> None:
    assert f"| `{group}` |" in PAGE
    assert len(PROJECT["entry-points"][group]) == 1


def test_the_places_that_the_page_names_are_there() -> None:
    links = re.findall(r"\]\((\.\./[^)#]+)\)", PAGE)
    assert len(links) > 5
    assert [link for link in links if not (DOCS / link).exists()] == []
    for name, place in re.findall(r"\[`(\w+)`\]\(\.\./([^)#]+)\)", PAGE):
        text = (DOCS.parent / place).read_text(encoding="utf-8")
        assert re.search(rf"^(class {name}\b|{name} =)", text, re.MULTILINE), name


def test_the_gate_of_the_page_is_that_of_the_example(tmp_path: Path) -> None:
    shown, _ = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    gates = tomllib.loads(shown)["project"]["entry-points"]["augcon.gates"]
    assert gates == PROJECT["entry-points"]["augcon.gates"]
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "page.py").write_text(program, encoding="utf-8")
    modules = (tmp_path / "page.py", EXAMPLE / "augcon_example.py")
    for path in modules:
        gate = runpy.run_path(str(path))["no_quotes"]
        assert gate("", "a" * 100, "b" + "a" * 100, "en") == "quotes_at_length"
        assert gate("", "a" * 99, "a" * 99, "en") == gate("", "a" * 100, "b", "en") == ""
