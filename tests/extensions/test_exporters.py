from pathlib import Path

import pytest

from augcon_lib.dataset.exports import export_dataset, verify_export
from augcon_lib.errors import SettingsError
from tests.exports.test_formats import ROWS
from tests.extensions.conftest import Install

EXPORTERS = """
def write(folder, name, rows):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("\\n".join(rows["query"]))
    return {name: rows.height}
def good(rows, split, folder): return write(folder, f"data/{split}.q", rows)
def raises(rows, split, folder):
    good(rows, split, folder)
    raise KeyError(split)
def silent(rows, split, folder): good(rows, split, folder); return {}
def boasts(rows, split, folder): return {"more.q": 1}
def one_file(rows, split, folder): return write(folder, "all.q", rows)
def takes_lineage(rows, split, folder): return write(folder, "lineage.jsonl", rows)
def gives_none(rows, split, folder): good(rows, split, folder)
"""
FAULTY = ("raises", "silent", "boasts", "one_file", "takes_lineage", "gives_none")
PARTS = {"augcon.exporters": {name: f"pkg_export:{name}" for name in ("good", "chat", *FAULTY)}}


def test_the_files_of_a_packages_exporter_are_an_export(installed: Install, tmp_path: Path) -> None:
    installed("pkg-export", PARTS, EXPORTERS)
    out = tmp_path / "out"
    export_dataset(ROWS, tmp_path / "text", "text")
    written = export_dataset(ROWS, out, "good")
    names = ["data/test.q", "data/train.q", "lineage.jsonl", "manifest.json"]
    assert [path.relative_to(out).as_posix() for path in written] == names
    manifest = verify_export(out)
    assert manifest.format == "good"
    assert {file.name: file.rows for file in manifest.files} == {
        "data/train.q": 2,
        "data/test.q": 1,
        "lineage.jsonl": 3,
    }
    lineage = (out / "lineage.jsonl").read_bytes()
    assert lineage == (tmp_path / "text" / "lineage.jsonl").read_bytes()
    export_dataset(ROWS, out, "text")
    assert not (out / "data").exists()


@pytest.mark.parametrize("name", FAULTY)
def test_an_exporter_that_fails_or_misleads_is_named_and_the_earlier_export_stays(
    installed: Install, tmp_path: Path, name: str
) -> None:
    installed("pkg-export", PARTS, EXPORTERS)
    export_dataset(ROWS, tmp_path / "out", "text")
    with pytest.raises(SettingsError, match=f"'{name}' of the package pkg-export 1.0"):
        export_dataset(ROWS, tmp_path / "out", name)
    assert verify_export(tmp_path / "out").format == "text"
    assert [path.name for path in tmp_path.iterdir() if "augcon" in path.name] == []


def test_a_format_of_augcon_cannot_be_replaced_and_an_unknown_one_lists_all(
    installed: Install, tmp_path: Path
) -> None:
    installed("pkg-export", PARTS, EXPORTERS)
    with pytest.raises(SettingsError, match="pkg-export registers the exporter 'chat'"):
        export_dataset(ROWS, tmp_path / "out", "chat")
    with pytest.raises(SettingsError, match=r"unknown; use one of chat, .*, text, .*, good"):
        export_dataset(ROWS, tmp_path / "out", "nothing")
