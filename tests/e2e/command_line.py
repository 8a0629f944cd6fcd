"""The installed command line in a process of its own, on workspaces made by itself."""

import asyncio
import json
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = Path(sysconfig.get_path("scripts"))
AUGCON = str(SCRIPTS / "augcon")

ODD = 'it\'s "odd".md'
EGGS = "recipes/鸡蛋羹.md"
BROKEN = "broken.pdf"
# The sample store's own documents, under a name that quotes, and one torn off in the middle.
SAMPLES = {
    ODD: ("handbook/play-5.md", None),
    EGGS: ("recipes/鸡蛋羹.md", None),
    BROKEN: ("books/history-of-the-word-processor.pdf", 2000),
}
# Fewer calls than a user would want; a test takes seconds.
SMALL = {
    "min_context_chars = 0": "min_context_chars = 200",
    "max_rounds = 6": "max_rounds = 1",
    "pairs_per_negative_kind = 500": "pairs_per_negative_kind = 4",
    "few_shot_count = 3": "few_shot_count = 1",
    "search_trials = 16": "search_trials = 1",
}
TIMEOUT_SECONDS = 120


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what would steer augcon or Dagster."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AUGCON_", "DAGSTER_", "OPENAI_"))
    }
    return {**kept, "NO_COLOR": "1", **(extra or {})}


def augcon(
    workspace: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``augcon`` inside *workspace* to its end."""
    return subprocess.run(
        [AUGCON, *arguments],
        cwd=workspace,
        env=environment(env),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def augcon_json(
    workspace: Path, *arguments: str, env: Mapping[str, str] | None = None, code: int = 0
) -> dict[str, Any]:
    """The one JSON object that a command prints; its exit code must be *code*."""
    done = augcon(workspace, *arguments, "--json", env=env)
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def start_augcon(
    workspace: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """Start ``augcon`` inside *workspace*; standard output and error are piped."""
    return await asyncio.create_subprocess_exec(
        AUGCON,
        *arguments,
        cwd=workspace,
        env=environment(env),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def finish(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of *process*, at its end."""
    out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def new_workspace(root: Path) -> Path:
    """A workspace made by ``augcon init`` with a few documents of the sample store."""
    done = augcon(root.parent, "init", str(root))
    assert done.returncode == 0, done.stderr
    for name, (sample, size_bytes) in SAMPLES.items():
        target = root / "documents" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        data = (REPOSITORY / "documents" / sample).read_bytes()
        target.write_bytes(data[:size_bytes])
    settings = (root / "augcon.toml").read_text("utf-8")
    for given, small in SMALL.items():
        assert given in settings
        settings = settings.replace(given, small)
    (root / "augcon.toml").write_text(settings, "utf-8")
    return root


def copy_workspace(source: Path, target: Path) -> Path:
    """A copy of *source* with all its state."""
    shutil.copytree(source, target)
    return target


def exported(workspace: Path, folder: Path, format_name: str) -> dict[str, bytes]:
    """What ``augcon export`` writes: bytes by file name."""
    done = augcon(workspace, "export", str(folder), "--format", format_name)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
