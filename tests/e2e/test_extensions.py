"""The example's package, from outside of this one: all five of its extensions in one workspace."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.warehouse import Warehouse
from tests.e2e.command_line import augcon, augcon_json
from tests.support.packages import EXAMPLE, install_example
from tests.support.rows import table

SUBTITLES = """1
00:00:01,000 --> 00:00:04,000
Green tea is brewed at eighty degrees.

2
00:00:05,000 --> 00:00:09,000
It stands for two minutes and is poured off at once.
"""
MILL = "The mill at the harbour ran at night. Two men kept the sluice. A sack weighed 280 pounds."
# One sentence that an answer is bound to copy.
LONG = (
    "The keeper of the lighthouse wrote down in a black book every ship that passed the northern "
    "rocks between the first day of October and the last day of the following March."
)
NOTES = {"tea.srt": SUBTITLES, "mill.md": MILL, "light.md": LONG, "bad.srt": "No times at all."}
SETTINGS = """
[source]
uri = "notes://{database}"
[tree]
strategy = "gist"
min_context_chars = 60
[scorer]
kind = "none"
[responses]
plain = true
gates = ["no_quotes"]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package's metadata; its module stays where it is."""
    return install_example(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def env(site: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": f"{site}:{EXAMPLE}"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("extended") / "workspace"
    assert augcon(root.parent, "init", str(root)).returncode == 0
    database = root / "notes.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE notes (name, body, changed)")
        connection.executemany("INSERT INTO notes VALUES (?, ?, 1)", NOTES.items())
    connection.close()
    (root / "augcon.toml").write_text(SETTINGS.format(database=database), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def ran(workspace: Path, env: Mapping[str, str]) -> dict[str, Any]:
    return augcon_json(workspace, "run", "--yes", env=env, code=1)


def test_a_run_uses_store_converter_strategy_and_gate(
    workspace: Path, env: Mapping[str, str], ran: dict[str, Any]
) -> None:
    out = workspace.parent / "rows"
    assert augcon(workspace, "export", str(out), env=env).returncode == 0
    lineage = [json.loads(line) for line in (out / "lineage.jsonl").read_text().splitlines()]
    assert {row["document_id"] for row in lineage} == {"tea.srt", "mill.md"}  # the gate has light
    assert all(row["uri"].startswith("notes:///") for row in lineage)
    assert lineage[0]["question"]["strategy_gist"] == "augcon-example 1.0"
    assert lineage[0]["answer"]["gate_no_quotes"] == "augcon-example 1.0"
    rows = [json.loads(line)["messages"] for line in (out / "train.jsonl").read_text().splitlines()]
    asked = {question["content"] for question, _ in rows}
    words = ("Green tea is brewed at eighty", "The mill at the harbour ran")
    assert asked == {f"What is said in the passage that begins with “{each}”?" for each in words}
    warehouse = Warehouse(workspace / "state" / "augcon.duckdb")
    assert table(warehouse, "rejections", "document_id, stage, reason") == [
        ("bad.srt", "raw_corpus", "no_subtitles"),
        ("light.md", "responses", "quotes_at_length"),
    ]


def test_an_export_of_its_format_can_be_verified(
    workspace: Path, env: Mapping[str, str], ran: dict[str, Any]
) -> None:
    out = workspace.parent / "csv"
    assert augcon(workspace, "export", str(out), "--format", "csv", env=env).returncode == 0
    assert sorted(p.name for p in out.iterdir()) == ["lineage.jsonl", "manifest.json", "train.csv"]
    assert (out / "train.csv").read_text().startswith("query,response\n")
    assert augcon(workspace, "export", str(out), "--verify").returncode == 0
    unknown = augcon(workspace, "export", str(out), "--format", "nothing", env=env)
    assert unknown.returncode == 2
    assert "hf, text, csv" in unknown.stderr


def test_what_was_made_is_fresh_until_the_packages_version_is_raised(
    workspace: Path, site: Path, env: Mapping[str, str], ran: dict[str, Any]
) -> None:
    assert augcon_json(workspace, "plan", env=env)["stale"] == {}
    install_example(site, "1.1")
    try:
        stale = augcon_json(workspace, "plan", env=env)["stale"]
    finally:
        install_example(site)
    store = "store notes changed augcon-example 1.0 -> augcon-example 1.1"
    converter = "converter srt changed augcon-example 1.0 -> augcon-example 1.1"
    assert stale["mill.md"] == [store]
    assert sorted(stale["tea.srt"]) == [converter, store]


def test_without_the_package_the_settings_say_what_is_missing(
    workspace: Path, ran: dict[str, Any]
) -> None:
    done = augcon(workspace, "plan")
    assert done.returncode == 2
    assert "tree.strategy: unknown strategy 'gist'; known: cst, direct" in done.stderr
