"""Measure how the time of every converter grows with document size, on hostile shapes.

For each shape of ``tests/support/document_shapes.py``, documents of 1 to 1,000 kB are converted and
cut into root contexts, in a separate process, and the exponent of the time's growth is measured: 1
is linear. Model replies (``reply_shapes.py``) are parsed in the same way. Prints a line for each
shape. Exits with 1 if an exponent is 1.3 or more, memory reaches 1 GB, or a process had to be
ended.

    python benchmarks/fuzz.py [--shapes GLOB] [--max-kilobytes 1000]
"""

import argparse
import fnmatch
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from augcon_lib.chat import reply_formats as replies
from augcon_lib.chat.reply_formats import ReplyFormat
from tests.support.document_shapes import SHAPES
from tests.support.growth import MAX_EXPONENT, convert_and_cut, exponent
from tests.support.reply_shapes import SHAPES as REPLY_SHAPES

KILOBYTES = (1, 3, 10, 30, 100, 300, 1000)
MAX_PEAK_BYTES = 1_000_000_000
MAX_SECONDS = 60
Work = Callable[[int], str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", default="*", help="measure only shapes whose names match")
    parser.add_argument("--max-kilobytes", type=int, default=KILOBYTES[-1])
    options = parser.parse_args()
    works = {**document_works(), **reply_works()}
    failed = 0
    for name, work in works.items():
        if not fnmatch.fnmatch(name, options.shapes):
            continue
        points, outcome, peak_bytes = measured(work, options.max_kilobytes)
        growth = exponent(points)
        seconds = points[-1][1] if points else 0.0
        bad = growth >= MAX_EXPONENT or peak_bytes >= MAX_PEAK_BYTES or outcome.startswith("ended")
        failed += bad
        print(
            f"{name:38} exponent {growth:5.2f}  {seconds:7.2f} s at {points[-1][0] // 1000:5} kB"
            f"  {peak_bytes // 1_000_000:5} MB  {outcome}{'   <--' if bad else ''}",
            flush=True,
        )
    print(f"{failed} of {len(works)} shapes are over the limits")
    return 1 if failed else 0


def document_works() -> dict[str, Work]:
    """Return the work of converting and cutting a document, by shape."""

    def work(file: str, make: Callable[[int], bytes]) -> Work:
        return lambda size: convert_and_cut(file, make(size))

    return {name: work(file, make) for name, (file, make) in SHAPES.items()}


def reply_works() -> dict[str, Work]:
    """Return the work of parsing a model's reply in each format, by shape."""
    formats = [each for each in vars(replies).values() if isinstance(each, ReplyFormat)]

    def parse(text: str) -> str:
        parsed = 0
        for reply_format in formats:
            with suppress(ValueError):
                reply_format.parse(text)
                parsed += 1
        return f"parsed by {parsed} of {len(formats)} formats"

    def work(make: Callable[[int], str]) -> Work:
        return lambda size: parse(make(size))

    return {f"reply: {name}": work(make) for name, make in REPLY_SHAPES.items()}


def measured(work: Work, max_kilobytes: int) -> tuple[list[tuple[int, float]], str, int]:
    """Return bytes and CPU seconds of growing documents, the last outcome, and peak memory."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        work(1000)  # so that imports are not measured
        with os.fdopen(write_end, "w") as results:
            for kilobytes in (size for size in KILOBYTES if size <= max_kilobytes):
                signal.alarm(MAX_SECONDS)
                start = time.process_time()
                try:
                    outcome = work(1000 * kilobytes)
                except MemoryError:
                    outcome = "ended: out of memory"
                spent = time.process_time() - start
                print(json.dumps([1000 * kilobytes, spent, outcome]), file=results, flush=True)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as results:
        lines = [json.loads(line) for line in results]
    _, status, usage = os.wait4(pid, 0)
    outcome = lines[-1][2] if lines else "nothing"
    if status:
        outcome = f"ended by signal {os.WTERMSIG(status)} at more than that"
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return [(size, spent) for size, spent, _ in lines] or [(0, 0.0)], outcome, peak_bytes


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.exit(main())
