"""A warehouse that is damaged, no warehouse at all, or has no room: one sentence, and a way out."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.damage import error_in_words
from augcon_lib.warehouse.partitions import replace_partitions
from augcon_lib.warehouse.stage_rows import read_documents_text
from tests.support.rows import document, everything, fill, output

WAY_OUT = "move .*augcon.duckdb.* away and run: augcon run.* without asking the model again"


def look_everywhere(warehouse: Warehouse) -> dict[str, list[str]]:
    """Read every row, then write."""
    found = everything(warehouse)
    replace_partitions(warehouse, "raw_corpus", [output("new.md", [document("new.md")])], "run")
    return found


def cut_to(share: float) -> Callable[[Path], None]:
    return lambda path: os.truncate(path, int(path.stat().st_size * share))


def flip(seed: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content, chance = bytearray(path.read_bytes()), random.Random(seed)
        for _ in range(20):
            content[chance.randrange(len(content))] ^= 0xFF
        path.write_bytes(content)

    return damage


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(path.stat().st_size))


def noisy_log(path: Path) -> None:
    path.with_name(path.name + ".wal").write_bytes(random.Random(2).randbytes(5000))


@pytest.mark.parametrize(
    "damage",
    [cut_to(0), cut_to(0.001), cut_to(0.01), cut_to(0.5), cut_to(0.99), noise, noisy_log]
    + [flip(seed) for seed in range(12)],
    ids=["empty", "first bytes", "head", "half", "most", "noise", "log"]
    + [f"flipped {seed}" for seed in range(12)],
)
def test_damage_is_named_with_the_way_out_or_does_no_harm(
    filled: Warehouse, damage: Callable[[Path], None]
) -> None:
    whole = everything(filled)
    damage(filled.path)
    found: object
    try:
        found = look_everywhere(Warehouse(filled.path))
    except WarehouseError as error:
        found = str(error)
    assert found == whole or re.search(WAY_OUT, str(found)), found


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "augcon.duckdb").mkdir()
    with pytest.raises(
        WarehouseError, match=r"augcon\.duckdb cannot be opened; check the permissions"
    ):
        look_everywhere(Warehouse(tmp_path / "augcon.duckdb"))


def test_a_file_of_another_duckdb_says_which_one_this_is(tmp_path: Path) -> None:
    said = (
        "IO Error: Trying to read a database file with version number 99, but we can only read "
        "versions between 64 and 67."
    )
    found = str(error_in_words(tmp_path / "augcon.duckdb", duckdb.IOException(said)))
    assert f"another version of DuckDB than {duckdb.__version__}" in found
    assert re.search(WAY_OUT, found)


def test_what_the_body_of_a_write_raises_comes_out_of_it(filled: Warehouse) -> None:
    with pytest.raises(ZeroDivisionError), filled.write():
        raise ZeroDivisionError
    with pytest.raises(duckdb.CatalogException), filled.write() as connection:
        connection.execute("FROM no_such_table")


def test_too_little_memory_names_its_setting(filled: Warehouse) -> None:
    small = Warehouse(filled.path, memory_megabytes=20, threads=1)
    with pytest.raises(WarehouseError, match=r"\[storage\] memory_megabytes"), small.read() as c:
        c.execute("SELECT list(md5(range::VARCHAR) ORDER BY random()) FROM range(5000000)")


def test_settings_bound_memory_and_threads(filled: Warehouse) -> None:
    def bounds(warehouse: Warehouse) -> tuple[str, int]:
        with warehouse.read() as connection:
            settings = "current_setting('memory_limit'), current_setting('threads')"
            return connection.execute(f"SELECT {settings}").fetchall()[0]

    assert bounds(Warehouse(filled.path, 300, 3)) == ("286.1 MiB", 3)
    by_machine = Warehouse(filled.path)
    assert by_machine.memory_megabytes >= 512
    assert 1 <= by_machine.threads <= 8


FULL = """
import logging, resource, sys
from pathlib import Path
from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import replace_partitions
from tests.support.rows import document, output

warehouse = Warehouse(Path(sys.argv[1]))
logging.basicConfig(stream=sys.stdout, format="warning %(message)s")
size = warehouse.path.stat().st_size  # the file cannot grow, the log beside it can
resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
for number in range(100):
    texts = [f"{number} {word} " + "".join(map(chr, range(200, 30_000))) for word in range(20)]
    made = [document(f"{number}/{place}.md", text) for place, text in enumerate(texts)]
    try:
        outputs = [output(each.document_id, [each]) for each in made]
        replace_partitions(warehouse, "raw_corpus", outputs, "run")
    except WarehouseError as error:
        print(f"error {error}")
        break
    print(f"written {number}")
"""


def test_without_room_what_was_said_to_be_written_is_there_and_the_rest_is_not(
    filled: Warehouse,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(filled.path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    written = [line for line in lines if line.startswith("written")]
    # The first checkpoint fails, and the write that was committed before it is done all the same.
    assert lines[0].startswith("warning"), lines
    assert "has no space left on its disk" in lines[0]
    assert lines[1] == "written 0"
    assert re.match(r"error .*augcon\.duckdb has no space left on its disk; free some", last), last
    documents = [f"{number}/{place}.md" for number in range(100) for place in range(20)]
    found = {d.document_id for d in read_documents_text(filled, documents)}
    assert found == {f"{line.split()[1]}/{place}.md" for line in written for place in range(20)}
    fill(filled, ["later.md"])  # and with room again the next write goes on
    assert read_documents_text(filled, ["later.md"])


def test_the_way_out_is_a_file_that_can_be_moved_away(filled: Warehouse, tmp_path: Path) -> None:
    noise(filled.path)
    noisy_log(filled.path)
    for path in filled.path.parent.glob("augcon.duckdb*"):
        shutil.move(path, tmp_path / path.name)
    fill(filled, ["again.md"])
    assert read_documents_text(filled, ["again.md"])


def test_a_file_that_is_open_already_is_not_called_damaged(warehouse: Warehouse) -> None:
    replace_partitions(warehouse, "raw_corpus", [output("a.md", [document("a.md")])], "run")
    other = {"threads": 1, "memory_limit": "64MB"}
    with (
        duckdb.connect(str(warehouse.path), config=other),
        pytest.raises(WarehouseError, match="is in use by another program"),
        warehouse.write(),
    ):
        pass
