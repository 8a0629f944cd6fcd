"""``docs/method.md`` says where each part of the paper is in the code: it must be there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from augcon_lib.prompts.library import EXAMPLE_PROMPTS, PROMPT_NAMES
from augcon_lib.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "method.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\[([^][]+|`[^`]+`)\]\(([^)]+)\)", PAGE)
NAMES = sorted({(text, target) for text, target in LINKS if target.endswith(".py")})
FILES = sorted({target for _, target in LINKS if "://" not in target})
SETTINGS = sorted(set(re.findall(r"`\[(\w+)\] (\w+)(?: = ([^`]+))?`", PAGE)))


@cache
def names_in(path: Path) -> frozenset[str]:
    """Functions, classes, methods and module constants of a file, dotted."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], before: str) -> None:
        for statement in body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(before + statement.name)
            if isinstance(statement, ast.ClassDef):
                visit(statement.body, f"{before}{statement.name}.")
            if isinstance(statement, ast.Assign):
                for name in (n for target in statement.targets for n in ast.walk(target)):
                    if isinstance(name, ast.Name):
                        found.add(before + name.id)
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                found.add(before + statement.target.id)

    visit(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


@pytest.mark.parametrize(("text", "target"), NAMES)
def test_a_name_on_the_page_is_in_the_file_it_links_to(text: str, target: str) -> None:
    assert text.strip("`") in names_in(DOCS / target)


@pytest.mark.parametrize("target", FILES)
def test_a_file_that_the_page_links_to_is_there(target: str) -> None:
    assert (DOCS / target).exists()


@pytest.mark.parametrize(("section", "key", "value"), SETTINGS)
def test_a_setting_on_the_page_can_be_set(section: str, key: str, value: str) -> None:
    """Its default is shown as it is, and a value as one that it takes."""
    settings = getattr(Settings(), section)
    given = {key: ast.literal_eval(value)} if value else {}
    assert key in type(settings).model_fields
    type(settings).model_validate(given)


def test_every_prompt_is_on_the_page() -> None:
    shown = {Path(target).name for target in FILES if "/prompts/en/" in target}
    examples = {f"{name}_examples.jsonl" for name in EXAMPLE_PROMPTS}
    assert shown == {f"{name}.md" for name in PROMPT_NAMES} | examples


def test_what_is_looked_up_was_found_on_the_page() -> None:
    assert len(NAMES) > 40
    assert len(FILES) > 40
    assert len(SETTINGS) > 15
