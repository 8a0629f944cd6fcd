"""The program of docs/library.md runs unchanged, and loads nothing of Dagster."""

import re
import subprocess
import sys
from pathlib import Path

import augcon_lib

PAGE = Path(__file__).parent.parent / "docs" / "library.md"
CHECK = """
import sys
assert rows.height > 0
assert not run_stale_stages(StageRun(Workspace(root, settings)))
assert not [name for name in sys.modules if name.split(".")[0] in ("dagster", "augcon_assets")]
"""


def test_the_program_of_the_page_makes_a_dataset_without_dagster(tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    command = [sys.executable, "-c", program + CHECK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mill.md" in done.stdout
    assert (tmp_path / "corpus" / "export" / "train.jsonl").stat().st_size > 0


def test_the_page_names_every_public_name() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}" in page for name in augcon_lib.__all__)
    assert all(hasattr(augcon_lib, name) for name in augcon_lib.__all__)
