from collections.abc import Callable
from pathlib import Path

import pytest

from augcon_lib.dataset.exports import FORMATS, export_dataset, verify_export
from augcon_lib.errors import SettingsError
from tests.exports.test_formats import ROWS


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_export_is_what_its_manifest_says(tmp_path: Path, format_name: str) -> None:
    written = export_dataset(ROWS, tmp_path, format_name)
    manifest = verify_export(tmp_path)
    assert (manifest.format, manifest.dataset_version) == (format_name, "v1")
    listed = {file.name: file for file in manifest.files}
    assert {*listed, "manifest.json"} == {p.relative_to(tmp_path).as_posix() for p in written}
    rows = {name: file.rows for name, file in listed.items() if file.rows is not None}
    assert rows.pop("lineage.jsonl") == 3
    assert sorted(rows.values()) == [1, 2]
    for name, file in listed.items():
        assert file.bytes == (tmp_path / name).stat().st_size


def last_row_gone(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda out: last_row_gone(out / "train.jsonl"), r"train\.jsonl has 1 of 2 rows"),
        (lambda out: (out / "lineage.jsonl").unlink(), r"lineage\.jsonl is missing"),
        (lambda out: (out / "mine").mkdir(), "mine is extra"),
        (lambda out: (out / "test.jsonl").write_bytes(b"{}\n"), r"test\.jsonl was changed: 3 of"),
        (
            lambda out: (out / "test.jsonl").write_bytes(
                (out / "test.jsonl").read_bytes().swapcase()
            ),
            r"test\.jsonl was changed;",
        ),
        (lambda out: (out / "manifest.json").unlink(), r"has no manifest\.json"),
        (lambda out: (out / "manifest.json").write_text('{"manif'), r"manifest\.json cannot be"),
        (lambda out: (out / "manifest.json").write_text("[]"), r"manifest\.json cannot be read"),
    ],
)
def test_what_differs_from_the_manifest_is_named(
    tmp_path: Path, change: Callable[[Path], object], told: str
) -> None:
    export_dataset(ROWS, tmp_path / "out", "chat")
    change(tmp_path / "out")
    with pytest.raises(SettingsError, match=told):
        verify_export(tmp_path / "out")


def test_all_that_differs_is_named_at_once(tmp_path: Path) -> None:
    export_dataset(ROWS, tmp_path, "chat")
    (tmp_path / "train.jsonl").unlink()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SettingsError, match=r"train\.jsonl is missing; notes\.txt is extra"):
        verify_export(tmp_path)


def test_a_parquet_file_that_was_cut_is_named(tmp_path: Path) -> None:
    export_dataset(ROWS, tmp_path, "parquet")
    path = tmp_path / "train.parquet"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SettingsError, match=r"train\.parquet was changed"):
        verify_export(tmp_path)


def test_a_parquet_file_with_fewer_rows_is_named_with_their_number(tmp_path: Path) -> None:
    export_dataset(ROWS, tmp_path / "out", "parquet")
    export_dataset(ROWS.head(1), tmp_path / "fewer", "parquet")
    (tmp_path / "fewer" / "train.parquet").replace(tmp_path / "out" / "train.parquet")
    with pytest.raises(SettingsError, match=r"train\.parquet has 1 of 2 rows"):
        verify_export(tmp_path / "out")


def test_a_manifest_names_no_file_outside_of_its_export(tmp_path: Path) -> None:
    export_dataset(ROWS, tmp_path / "out", "chat")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("train.jsonl", "../secret"))
    (tmp_path / "secret").write_text("x")
    with pytest.raises(SettingsError, match="cannot be read"):
        verify_export(tmp_path / "out")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nowhere is not a folder"):
        verify_export(tmp_path / "nowhere")
