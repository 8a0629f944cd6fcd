"""Measure ten thousand documents: the time to follow them, to change one, and to check them.

    python benchmarks/scale.py PASSAGES [--documents 10000] [--keep DIR] [--json OUT]

PASSAGES is a folder with ``*/full.jsonl.gz``, whose rows have a ``context`` (passages of question
answering benchmarks). Each passage, cut to --chars characters at a sentence's end, becomes a file.
If there are too few passages, they are repeated under another heading, as other documents. The
store is followed with the embedded offline provider. Settings keep trees, scorer and search small,
but no stage is left out. The table shows seconds (and peak megabytes) next to the promised limits.
"""

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

AUGCON = [sys.executable, "-c", "from augcon_assets.cli import main; main()"]
MEGABYTE_KILOBYTES = 1024
FOLDERS = 40
SMALL = {
    "AUGCON_TREE__MAX_ROUNDS": "1",
    "AUGCON_TREE__MIN_CONTEXT_CHARS": "200",
    "AUGCON_SCORER__PAIRS_PER_NEGATIVE_KIND": "20",
    "AUGCON_RESPONSES__FEW_SHOT_COUNT": "1",
    "AUGCON_RESPONSES__SEARCH_TRIALS": "1",
}


@dataclass(frozen=True)
class Figure:
    """One measurement: wall seconds, peak memory of the process, and the limit on the seconds."""

    what: str
    seconds: float
    limit_seconds: float | None = None
    peak_megabytes: int | None = None
    note: str = ""


def passages(folder: Path) -> list[str]:
    """Return the distinct passages of all benchmarks in *folder*, in order."""
    found: dict[str, None] = {}
    for path in sorted(folder.glob("*/full.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                found[json.loads(line)["context"]] = None
    if not found:
        sys.exit(f"{folder} contains no */full.jsonl.gz")
    return list(found)


def cut(text: str, chars: int) -> str:
    """Cut *text* at the last end of a sentence within *chars* characters."""
    if len(text) <= chars:
        return text
    end = max(text.rfind(stop, 0, chars) for stop in (". ", "。", "؟ ", "! ", "? "))
    return text[: end + 1] if end > chars // 3 else text[:chars]


def write_store(store: Path, texts: list[str], documents: int, chars: int) -> None:
    """Write *documents* files in several folders, no two with the same text."""
    for number in range(documents):
        round_, place = divmod(number, len(texts))
        path = store / f"part-{number % FOLDERS:02}" / f"passage-{number:05}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# Passage {place}.{round_}\n\n{cut(texts[place], chars)}\n", "utf-8")


def timed(what: str, command: list[str], limit: float | None = None) -> tuple[Figure, str]:
    """Run *command* and return its wall time, peak memory and output."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        output.seek(0)
        errors.seek(0)
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit(f"{what}: {errors.read()[-3000:]}")
        figure = Figure(what, seconds, limit, usage.ru_maxrss // MEGABYTE_KILOBYTES)
        show(figure)
        return figure, output.read()


def show(figure: Figure) -> None:
    limit = f"(at most {figure.limit_seconds:g})" if figure.limit_seconds else ""
    peak = f"{figure.peak_megabytes} MB" if figure.peak_megabytes else ""
    print(f"{figure.what:46} {figure.seconds:9.2f} s {limit:14} {peak:8} {figure.note}", flush=True)


class Workspace:
    """The workspace under measurement, and a number for each thing measured in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.figures: list[Figure] = []

    def augcon(self, what: str, *arguments: str, limit: float | None = None) -> dict[str, object]:
        command = [*AUGCON, *arguments, "--workspace", str(self.root), "--json"]
        figure, output = timed(what, command, limit)
        self.figures.append(figure)
        return json.loads(output)  # type: ignore[no-any-return]

    def tick(self) -> None:
        """Evaluate the sensor in a warm process, as a code server does."""
        probe = [sys.executable, __file__, "--tick", str(self.root)]
        ran = subprocess.run(probe, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(ran.stderr)
        for name, seconds, limit in json.loads(ran.stdout.splitlines()[-1]):
            figure = Figure(name, seconds, limit)
            self.figures.append(figure)
            show(figure)

    def documents(self) -> list[Path]:
        return sorted((self.root / "documents").rglob("*.md"))


def measure(workspace: Workspace, documents: int, scattered: int, deleted: int) -> None:
    """Yield every measurement, in order."""
    made = workspace.augcon("first run: documents", "run", "--until", "raw_corpus", limit=60)
    counted = made["documents"]
    if counted["added"] != documents:  # type: ignore[index]
        sys.exit(f"{documents} documents were written, {counted} found")
    workspace.augcon("first run: trees", "run", "--until", "cst_nodes")
    workspace.augcon("first run: the rest", "run")
    workspace.augcon("plan, no change", "plan", limit=3)
    workspace.augcon("run, no change", "run", limit=5)
    workspace.tick()
    files = workspace.documents()
    edit(files[len(files) // 2])
    workspace.augcon("run, one document edited", "run", limit=10)
    for path in random.Random(0).sample(files, min(scattered, len(files))):
        edit(path)
    workspace.augcon(f"run, {scattered} scattered documents edited", "run")
    for path in files[: min(deleted, len(files) // 2)]:
        path.unlink()
    workspace.augcon(f"run, {deleted} documents deleted", "run")


def edit(path: Path) -> None:
    text = path.read_text("utf-8")
    path.write_text(f"{text}\nA clerk in Bristol read this page twice in 1843.\n", "utf-8")


def tick_figures(root: Path) -> Iterator[tuple[str, float, float | None]]:
    """Yield the times of the parts of a tick, for the second tick of this process."""
    os.environ["AUGCON_WORKSPACE"] = str(root)
    import dagster as dg

    from augcon_assets.definitions import defs
    from augcon_assets.defs import sensors
    from augcon_assets.instance.sync import documents_in_order, sync_partitions
    from augcon_assets.instance.workspace_instance import workspace_instance
    from augcon_assets.resources import WorkspaceResource
    from augcon_lib.stages.sources import list_sources, stale_in
    from augcon_lib.stages.stage_run import StageRun
    from augcon_lib.staleness.run_plan import next_runs
    from augcon_lib.warehouse.partitions import load_states
    from augcon_lib.workspace import open_workspace

    def seconds(work: Callable[[], object]) -> float:
        started = time.monotonic()
        work()
        return time.monotonic() - started

    workspace = open_workspace(root)
    run = StageRun(workspace)
    with workspace_instance(workspace) as instance:
        sensor = defs.resolve_sensor_def("follow_store")

        def tick() -> None:
            with dg.build_sensor_context(
                instance=instance, resources={"workspace": WorkspaceResource()}
            ) as context:
                data = sensor.evaluate_tick(context)
            if data.run_requests:
                sys.exit("a tick requested runs though nothing has changed")

        tick()
        yield "tick of the sensor, no change", min(seconds(tick) for _ in range(3)), 1.0
        sources = list_sources(run).source_hashes
        stale = stale_in(run, sources)
        order = documents_in_order(instance)
        parts: dict[str, Callable[[], object]] = {
            "listing": lambda: list_sources(run),
            "loading states": lambda: load_states(run.warehouse),
            "staleness, states included": lambda: stale_in(run, sources),
            "sync, listing included": lambda: sync_partitions(run, instance),
            "active runs": lambda: sensors._active_runs(instance),
            "partitions in order": lambda: documents_in_order(instance),
            "planning runs": lambda: next_runs(stale, order),
        }
        for name, work in parts.items():
            yield f"  of it {name}", min(seconds(work) for _ in range(3)), None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("passages", type=Path, nargs="?")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--chars", type=int, default=400, help="longest passage, in characters")
    parser.add_argument("--scattered", type=int, default=200, help="documents edited at once")
    parser.add_argument("--deleted", type=int, default=5_000, help="documents deleted at once")
    parser.add_argument("--keep", type=Path, help="create the workspace in this folder and keep it")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--tick", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.update(SMALL)
    if options.tick:
        print(json.dumps(list(tick_figures(options.tick))))
        return
    if not options.passages:
        parser.error("PASSAGES is missing")
    texts = passages(options.passages)
    folder = Path(tempfile.mkdtemp()) if options.keep is None else options.keep
    try:
        root = folder / "workspace"
        subprocess.run([*AUGCON, "init", str(root)], check=True, capture_output=True)
        write_store(root / "documents", texts, options.documents, options.chars)
        workspace = Workspace(root)
        measure(workspace, options.documents, options.scattered, options.deleted)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        rows = [asdict(figure) for figure in workspace.figures]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
