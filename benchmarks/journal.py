"""Measure how fast a journal of ten million calls opens and answers.

    python benchmarks/journal.py [--calls 10000000] [--folder DIR] [--processes 2]

Builds a journal of this many answers and calls (4 GB at ten million) with the tables of the
product. Prints the time to open it and get one answer in a new process, to look up keys that exist
and keys that do not, to do the same from several processes at once, and to sum over all calls.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import connect

LOOKUPS = 20_000
CONTENT = '{"question": "What is said about the mill by the tide?", "context_1": "%s"}' % (
    "a" * 120
)
OPEN_AND_ASK = """
import sys, time
from pathlib import Path
from augcon_lib.model.journal import Journal
start = time.perf_counter()
journal = Journal(Path(sys.argv[1]))
opened = time.perf_counter()
assert journal.get(bytes.fromhex(sys.argv[2]))
print(opened - start, time.perf_counter() - opened)
"""


def key(number: int, calls: int) -> bytes:
    """Return keys over the whole range, like hashes, but in order, so that building is quick."""
    low = number * (1 << 256) // calls
    return (low + random.Random(number).getrandbits(200)).to_bytes(32, "big")


def build(path: Path, calls: int) -> None:
    def answers() -> Iterator[tuple[object, ...]]:
        for number in range(calls):
            yield key(number, calls), CONTENT, "json_schema", "openai/m", 1.7e9, 400, 60

    connection = connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", answers())
    connection.execute("COMMIT")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO calls VALUES (NULL, ?, 0.2, 'ok', 400, 60, 0.001, 'openai/m', 'r', ?, ?, ?)",
        (
            (
                1.7e9 + n,
                f"session {n // 100_000}",
                "cst_nodes" if n % 3 else "responses",
                f"{n % 5000}.md",
            )
            for n in range(calls)
        ),
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def look_up(path: Path, calls: int, seed: int, *, present: bool) -> list[float]:
    """Return the seconds of each of many random look-ups."""
    rng = random.Random(seed)
    keys = [
        key(rng.randrange(calls), calls) if present else rng.randbytes(32) for _ in range(LOOKUPS)
    ]
    seconds = []
    with closing(Journal(path)) as journal:
        for each in keys:
            start = time.perf_counter()
            found = journal.get(each)
            seconds.append(time.perf_counter() - start)
            if (found is not None) != present:
                sys.exit("a look-up found the wrong thing")
    return seconds


def look_up_present(task: tuple[Path, int, int]) -> list[float]:
    return look_up(*task, present=True)


def times_line(name: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[int(0.95 * len(ordered))]
    mean, median = statistics.fmean(seconds), ordered[len(ordered) // 2]
    return f"{name}: mean {mean * 1e3:.4f} ms, p50 {median * 1e3:.4f} ms, p95 {p95 * 1e3:.4f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where to build it (default: temporary)")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        path = Path(name) / "journal.sqlite"
        start = time.perf_counter()
        build(path, options.calls)
        size = path.stat().st_size / 1e9
        print(f"{options.calls} calls, {size:.2f} GB, built in {time.perf_counter() - start:.0f} s")
        first = key(options.calls // 3, options.calls).hex()
        command = [sys.executable, "-c", OPEN_AND_ASK, str(path), first]
        opened, asked = map(float, subprocess.check_output(command, text=True).split())
        print(f"new process: open {opened * 1e3:.3f} ms, first look-up {asked * 1e3:.3f} ms")
        for found in (True, False):
            seconds = look_up(path, options.calls, 1, present=found)
            print(
                times_line(f"{LOOKUPS} look-ups, {'present' if found else 'absent'}", seconds),
                flush=True,
            )
        with multiprocessing.Pool(options.processes) as pool:
            tasks = [(path, options.calls, 100 + n) for n in range(options.processes)]
            for seconds in pool.map(look_up_present, tasks):
                print(times_line(f"one of {options.processes} processes at once", seconds))
        with closing(Journal(path)) as journal:
            start = time.perf_counter()
            spent = journal.spend()
            print(f"sum over all calls: {time.perf_counter() - start:.2f} s, {json.dumps(spent)}")


if __name__ == "__main__":
    main()
