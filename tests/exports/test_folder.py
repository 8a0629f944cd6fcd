"""An export is all of the old one or all of the new one, whenever its process dies."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from augcon_lib.dataset.exports import FORMATS, export_dataset, verify_export
from augcon_lib.dataset.exports.folder import replaced_folder
from augcon_lib.errors import SettingsError
from tests.exports.test_formats import ROWS

ONE_ROW = ROWS.head(1).with_columns(pl.lit("v0").alias("dataset_version"))

# Exports again and again, each time killed one file operation later. Forks, as importing polars
# takes a second; no thread of its pool runs before. Arguments: the folder with the first export, a
# folder for the cases, the format.
DRIVER = """
import os, shutil, signal, sys
from pathlib import Path
from augcon_lib.dataset.exports import export_dataset

first, cases, format_name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
EVENTS = ("open", "os.mkdir", "os.rename", "os.rmdir", "os.remove")

def export_and_die(case, last):
    seen = 0

    def kill(event, arguments):
        nonlocal seen
        if event in EVENTS and any(str(case) in str(each) for each in arguments):
            seen += 1
            if seen > last:
                os.kill(os.getpid(), signal.SIGKILL)

    # Not before the fork: the threads that polars then has would be missing in the child.
    from tests.exports.test_formats import ROWS

    sys.addaudithook(kill)
    export_dataset(ROWS, case / "out", format_name)
    os._exit(0)

for last in range(200):
    case = cases / f"{last:03}"
    shutil.copytree(first, case)
    child = os.fork()
    if child == 0:
        export_and_die(case, last)
    if os.waitpid(child, 0)[1] == 0:
        break
else:
    sys.exit("never came to its end")
"""


def content(folder: Path) -> dict[str, bytes]:
    """All files in *folder* by their path in it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("before", "after"), [("chat", "chat"), ("chat", "hf"), ("hf", "text")])
def test_a_kill_at_any_point_leaves_the_old_export_or_the_new_one(
    tmp_path: Path, before: str, after: str
) -> None:
    first, fresh, cases = tmp_path / "first", tmp_path / "fresh", tmp_path / "cases"
    export_dataset(ONE_ROW, first / "out", before)
    export_dataset(ROWS, fresh, after)
    old, new = content(first / "out"), content(fresh)
    command = [sys.executable, "-c", DRIVER, str(first), str(cases), after]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    seen = []
    for case in sorted(cases.iterdir()):
        out = case / "out"
        visible = content(out) if out.exists() else None
        assert visible in (old, new, None), case.name
        verify_export(out)
        assert content(out) in (old, new), case.name
        assert visible is None or content(out) == visible, case.name
        assert names(case) == ["out"]
        seen.append("none" if visible is None else "old" if visible == old else "new")
        export_dataset(ROWS, out, after)
        assert content(out) == new
        assert names(case) == ["out"]
    assert seen == sorted(seen, key=["old", "none", "new"].index)
    assert seen.count("old") > 5
    assert seen.count("none") >= 1
    assert seen.count("new") > 3


@pytest.mark.parametrize("before", FORMATS)
@pytest.mark.parametrize("after", ["chat", "hf"])
def test_an_export_of_another_format_leaves_no_mixture(
    tmp_path: Path, before: str, after: str
) -> None:
    export_dataset(ROWS, tmp_path / "again", before)
    export_dataset(ROWS, tmp_path / "again", after)
    export_dataset(ROWS, tmp_path / "fresh", after)
    assert content(tmp_path / "again") == content(tmp_path / "fresh")


def test_an_export_from_before_there_were_manifests_is_replaced(tmp_path: Path) -> None:
    for format_name in ("hf", "parquet"):  # 0.1 left such a mixture
        export_dataset(ROWS, tmp_path / format_name, format_name)
    out = tmp_path / "hf"
    (tmp_path / "parquet" / "train.parquet").rename(out / "train.parquet")
    (out / "manifest.json").unlink()
    export_dataset(ROWS, out, "chat")
    assert names(out) == ["lineage.jsonl", "manifest.json", "test.jsonl", "train.jsonl"]


@pytest.mark.parametrize("foreign", ["notes.txt", "data/mine.csv", "train.jsonl", "README.md"])
def test_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path, foreign: str) -> None:
    path = tmp_path / "out" / foreign
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    with pytest.raises(SettingsError, match=f"out contains {foreign}, which no export wrote"):
        export_dataset(ROWS, tmp_path / "out", "chat")
    assert content(tmp_path / "out") == {foreign: b"precious"}
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("has_manifest", [True, False])
def test_a_file_that_somebody_put_into_an_export_is_not_lost(
    tmp_path: Path, has_manifest: bool
) -> None:
    export_dataset(ROWS, tmp_path / "out", "chat")
    if not has_manifest:
        (tmp_path / "out" / "manifest.json").unlink()
    (tmp_path / "out" / "README.md").write_text("what I think of these rows")
    before = content(tmp_path / "out")
    with pytest.raises(SettingsError, match=r"contains README\.md"):
        export_dataset(ROWS, tmp_path / "out", "hf")
    assert content(tmp_path / "out") == before


def test_a_link_within_a_folder_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    export_dataset(ROWS, tmp_path / "out", "chat")
    (tmp_path / "out" / "data").symlink_to(tmp_path / "mine")
    with pytest.raises(SettingsError, match="contains data"):
        export_dataset(ROWS, tmp_path / "out", "hf")
    assert content(tmp_path / "mine") == {"thesis.tex": b"precious"}


def test_an_empty_folder_and_a_link_to_one_are_exported_into(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "out")
    export_dataset(ROWS, tmp_path / "link", "chat")
    export_dataset(ROWS, tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert "train.txt" in names(tmp_path / "out")
    assert verify_export(tmp_path / "link").format == "text"


def test_a_failure_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    export_dataset(ONE_ROW, tmp_path / "out", "chat")
    before = content(tmp_path / "out")

    def fail(error: BaseException) -> None:
        with replaced_folder(tmp_path / "out") as folder:
            (folder / "train.jsonl").write_text("half")
            raise error

    for error in (KeyboardInterrupt(), ValueError("odd")):
        with pytest.raises(type(error)):
            fail(error)
        assert content(tmp_path / "out") == before
        assert names(tmp_path) == ["out"]


FULL = """
import resource, sys
from pathlib import Path
import polars as pl
from augcon_lib.errors import SettingsError
from augcon_lib.dataset.exports import export_dataset
from tests.exports.test_formats import ROWS

rows = pl.concat([ROWS.with_columns(query=pl.lit(str(hash(str(n))))) for n in range(4000)])
pl.DataFrame({"warm": [1]}).write_parquet(Path(sys.argv[1]).parent / "warm")
(Path(sys.argv[1]).parent / "warm").unlink()
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    export_dataset(rows, Path(sys.argv[1]), sys.argv[2])
except SettingsError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("format_name", ["chat", "parquet"])
def test_where_no_more_can_be_written_one_sentence_says_so(
    tmp_path: Path, format_name: str
) -> None:
    """A limit on a file's size stands for a full disk: the same failing call, other words."""
    out = tmp_path / "out"
    export_dataset(ONE_ROW, out, format_name)
    before = content(out)
    failed = subprocess.run(
        [sys.executable, "-c", FULL, str(out), format_name],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert failed.returncode == 1
    (sentence,) = failed.stderr.strip().splitlines()
    assert sentence.startswith(f"{out} cannot be written: ")
    assert "Free space" in sentence
    assert content(out) == before
    assert names(tmp_path) == ["out"]


def test_exports_into_one_folder_at_once_leave_one_of_them(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; "
        "from augcon_lib.dataset.exports import export_dataset; "
        "from tests.exports.test_formats import ROWS\n"
        "for _ in range(10): export_dataset(ROWS, Path(sys.argv[1]), sys.argv[2])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "out"), format_name],
            cwd=Path(__file__).parents[2],
        )
        for format_name in ("chat", "hf", "text")
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert verify_export(tmp_path / "out").format in ("chat", "hf", "text")
    assert names(tmp_path) == ["out"]
